// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/behalf-id/behalf/internal/command"
)

// maxAnswer is the number of bytes that are read of one answer.
const maxAnswer = 4096

// person is who sits at the terminal, if somebody does. Where everything is a terminal they are asked with
// forms; else, and where they want it, with plain questions, one line each, which a screen reader follows.
type person struct {
	shell    *command.Program // questions go to its error output, answers of the program to standard output
	terminal *os.File         // nil: nobody can be asked
	forms    bool
	in       *bufio.Reader
}

func newPerson(shell *command.Program) *person {
	p := &person{shell: shell, in: bufio.NewReader(io.LimitReader(shell.In, 1<<20))}
	if isTerminal(shell.In) {
		p.terminal, _ = shell.In.(*os.File)
		p.forms = isTerminal(shell.Out) && isTerminal(shell.Err) && !wantsPlain(os.Getenv)
	}
	return p
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// wantsPlain reports whether the environment asks for lines in place of forms.
func wantsPlain(env func(string) string) bool {
	t := env("TERM")
	return t == "" || t == "dumb" || env("NO_COLOR") != "" || env(envAccessible) != ""
}

// there reports whether somebody can be asked.
func (p *person) there() bool { return p.terminal != nil }

// ask returns the answer to a question, without spaces around it.
func (p *person) ask(ctx context.Context, question string) (string, error) {
	if p.forms {
		return p.askForm(ctx, question)
	}
	if _, err := fmt.Fprint(p.shell.Err, command.Printable(question)+" "); err != nil {
		return "", err
	}
	line, err := waited(ctx, func() (string, error) { return p.in.ReadString('\n') })
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		return "", errNoAnswer()
	}
	if len(line) > maxAnswer {
		return "", errors.New("the answer is too long")
	}
	return strings.TrimSpace(line), nil
}

func errNoAnswer() error { return errors.New("no answer came; nothing was done") }

// agrees asks a question that only a clear yes answers with yes.
func (p *person) agrees(ctx context.Context, question string) (bool, error) {
	if p.forms {
		return p.agreesForm(ctx, question)
	}
	answer, err := p.ask(ctx, question+" [yes/no]")
	return strings.EqualFold(answer, "yes") || strings.EqualFold(answer, "y"), err
}

// reads shows lines, all of them, and asks a question about them as agrees does.
func (p *person) reads(ctx context.Context, lines []string, question string) (bool, error) {
	if p.forms {
		return p.readsForm(ctx, lines, question)
	}
	if err := p.shell.Show(lines...); err != nil {
		return false, err
	}
	return p.agrees(ctx, question)
}

// chooses returns the place in a list of what was chosen; the first is what an empty answer means.
func (p *person) chooses(ctx context.Context, title, question string, options []string) (int, error) {
	if p.forms {
		return p.choosesForm(ctx, title, options)
	}
	if err := p.shell.Show(numbered(title, options)...); err != nil {
		return 0, err
	}
	answer, err := p.ask(ctx, question+" [1]")
	if err != nil || answer == "" {
		return 0, err
	}
	n, err := strconv.Atoi(answer)
	if err != nil || n < 1 || n > len(options) {
		return 0, command.Usage("there is no number %q; nothing was done", answer)
	}
	return n - 1, nil
}

// choosesSeveral returns the places in a list of what was chosen, each once, at least one.
func (p *person) choosesSeveral(ctx context.Context, title, question string, options []string) ([]int, error) {
	if p.forms {
		return p.choosesSeveralForm(ctx, title, options)
	}
	if err := p.shell.Show(numbered(title, options)...); err != nil {
		return nil, err
	}
	answer, err := p.ask(ctx, question)
	if err != nil {
		return nil, err
	}
	return numbers(answer, len(options))
}

func numbered(title string, options []string) []string {
	lines := []string{title}
	for i, o := range options {
		lines = append(lines, "  "+strconv.Itoa(i+1)+"  "+o)
	}
	return lines
}

// numbers reads numbers up to most out of a list, each once.
func numbers(answer string, most int) ([]int, error) {
	var out []int
	seen := map[int]bool{}
	for field := range strings.FieldsFuncSeq(answer, func(r rune) bool { return r == ' ' || r == ',' }) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > most || seen[n] {
			return nil, command.Usage("%q is no number of the list; nothing was done", field)
		}
		seen[n] = true
		out = append(out, n-1)
	}
	if len(out) == 0 {
		return nil, command.Usage("nothing was chosen; nothing was done")
	}
	return out, nil
}

// secret asks for something that is not to be seen.
func (p *person) secret(ctx context.Context, question string) ([]byte, error) {
	if p.forms {
		return p.secretForm(ctx, question)
	}
	if _, err := fmt.Fprint(p.shell.Err, question+" "); err != nil {
		return nil, err
	}
	fd := int(p.terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	answer, err := waited(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	if err != nil {
		_ = term.Restore(fd, before) // an interrupt leaves the terminal as it was
		return nil, errors.New("no passphrase came; nothing was done")
	}
	_, _ = fmt.Fprintln(p.shell.Err)
	return answer, nil
}

// waited returns what read does, or ends with ctx: a prompt can be interrupted.
func waited[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
