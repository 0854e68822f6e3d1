// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/charmbracelet/huh"
	"golang.org/x/term"

	"github.com/behalf-id/behalf/internal/command"
	_ "github.com/behalf-id/behalf/internal/command/background" // before huh, which asks the terminal otherwise
)

// Rows and columns of a terminal that a form needs beside a list, and the fewest that a list is given.
const (
	rowsBeside    = 10
	rowsLeast     = 5
	columnsBeside = 6
	columnsLeast  = 24
)

// form runs one form of fields. An interrupt is no answer. Forms are drawn on the error output, in the
// terminal's own colours; what the program says goes to standard output as ever.
func (p *person) form(ctx context.Context, fields ...huh.Field) error {
	f := huh.NewForm(huh.NewGroup(fields...)).WithInput(p.terminal).WithOutput(p.shell.Err).WithTheme(huh.ThemeBase16())
	if err := f.RunWithContext(ctx); err != nil {
		if errors.Is(err, huh.ErrUserAborted) || ctx.Err() != nil {
			return errNoAnswer()
		}
		return err
	}
	return nil
}

func (p *person) askForm(ctx context.Context, question string) (string, error) {
	var answer string
	err := p.form(ctx, huh.NewInput().Title(command.Printable(question)).CharLimit(maxAnswer).Value(&answer))
	return answer, err
}

func (p *person) secretForm(ctx context.Context, question string) ([]byte, error) {
	var answer string
	err := p.form(ctx, huh.NewInput().Title(question).EchoMode(huh.EchoModePassword).CharLimit(maxAnswer).Value(&answer))
	return []byte(answer), err
}

// confirm is a question whose answer is no until somebody says yes.
func confirm(question string, agreed *bool) *huh.Confirm {
	return huh.NewConfirm().Title(command.Printable(question)).Affirmative("Yes").Negative("No").Value(agreed)
}

func (p *person) agreesForm(ctx context.Context, question string) (bool, error) {
	var agreed bool
	err := p.form(ctx, confirm(question, &agreed))
	return agreed && err == nil, err
}

// readsForm has the lines in a list that scrolls, above the question. Long lines are wrapped, never cut: a fact
// that could not be seen would leave unseen.
func (p *person) readsForm(ctx context.Context, lines []string, question string) (bool, error) {
	var at int
	var agreed bool
	folded := p.folded(lines[1:])
	list := huh.NewSelect[int]().Title(command.Printable(lines[0])).Value(&at).Height(p.rows(len(folded))).Options(options(folded)...)
	list.Description(fmt.Sprintf("%d lines: ↑ and ↓ to read them, then Enter", len(folded)))
	err := p.form(ctx, list, confirm(question, &agreed))
	return agreed && err == nil, err
}

func (p *person) choosesForm(ctx context.Context, title string, all []string) (int, error) {
	var at int
	err := p.form(ctx, huh.NewSelect[int]().Title(command.Printable(title)).Value(&at).Height(p.rows(len(all))).Options(options(all)...))
	return at, err
}

func (p *person) choosesSeveralForm(ctx context.Context, title string, all []string) ([]int, error) {
	var chosen []int
	list := huh.NewMultiSelect[int]().Title(command.Printable(title)).Description("Space marks one, Enter ends").Value(&chosen)
	list.Height(p.rows(len(all))).Options(options(all)...)
	if err := p.form(ctx, list); err != nil {
		return nil, err
	}
	if len(chosen) == 0 {
		return nil, command.Usage("nothing was chosen; nothing was done")
	}
	return chosen, nil
}

func options(lines []string) []huh.Option[int] {
	out := make([]huh.Option[int], 0, len(lines))
	for i, line := range lines {
		out = append(out, huh.NewOption(command.Printable(line), i))
	}
	return out
}

// rows is how high a list of n lines is drawn, with its title and description.
func (p *person) rows(n int) int {
	_, height := p.size()
	return max(rowsLeast, min(n+3, height-rowsBeside))
}

func (p *person) size() (width, height int) {
	width, height, err := term.GetSize(int(p.terminal.Fd()))
	if err != nil || width < columnsBeside+columnsLeast {
		return 80, 24
	}
	return width, height
}

// folded breaks lines that are wider than the terminal, at spaces where there are some, and sets what goes on
// further in. Characters of the east are counted as two columns wide.
func (p *person) folded(lines []string) []string {
	width, _ := p.size()
	var out []string
	for _, line := range lines {
		out = append(out, fold(command.Printable(line), width-columnsBeside)...)
	}
	return out
}

func fold(line string, width int) []string {
	var out []string
	indent := strings.Repeat(" ", min(len(line)-len(strings.TrimLeft(line, " "))+4, columnsLeast/2))
	for {
		at := fitting(line, width)
		if at == len(line) {
			return append(out, line)
		}
		if space := strings.LastIndexByte(line[:at], ' '); space > at/2 {
			at = space + 1
		}
		out, line = append(out, line[:at]), indent+strings.TrimLeft(line[at:], " ")
	}
}

// fitting returns how many bytes of line fit into columns, one character at least.
func fitting(line string, columns int) int {
	for at, r := range line {
		if columns -= 1; r >= 0x1100 {
			columns--
		}
		if columns < 0 && at > 0 {
			return at
		}
	}
	return len(line)
}
