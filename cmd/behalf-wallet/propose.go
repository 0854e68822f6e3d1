// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/wallet"
)

// complete asks for what is missing of a proposal. Without anybody to ask it says what there is to choose.
func (p *program) complete(c *cli.Context, e *wallet.Entry, w *wallet.Proposal) error {
	if len(w.Permissions) == 0 {
		if err := p.choosePermissions(c, e, w); err != nil {
			return err
		}
	}
	if w.Kind != wallet.KindAgent || w.Narrow.MaxUses > 0 || c.Bool("yes") || !p.person.there() {
		return nil
	}
	answer, err := p.person.ask(c.Context, "How often may the agent use it?")
	if err != nil {
		return err
	}
	if w.Narrow.MaxUses, err = strconv.Atoi(answer); err != nil || w.Narrow.MaxUses < 1 {
		return command.Usage("%q is no number of uses; nothing was passed on", answer)
	}
	return nil
}

// choosePermissions shows what is held, and asks which of it to pass on.
func (p *program) choosePermissions(c *cli.Context, e *wallet.Entry, w *wallet.Proposal) error {
	held := e.Passable()
	if len(held) == 0 {
		return command.Usage("what you hold here may not be passed on")
	}
	if !p.person.there() || c.Bool("yes") {
		lines := []string{"You hold, and could pass on all or part of:"}
		for _, one := range held {
			lines = append(lines, "  --permission  "+one.String())
		}
		return errors.Join(p.Show(lines...), command.Usage("delegate needs --permission RESOURCE:ACTION[,ACTION]"))
	}
	options := make([]string, 0, len(held))
	for _, one := range held {
		options = append(options, one.String())
	}
	chosen, err := p.person.choosesSeveral(c.Context, "You hold, and could pass on all or part of:", "Which? One number or more:", options)
	for _, at := range chosen {
		w.Permissions = append(w.Permissions, held[at])
	}
	return err
}

// termLines shows what is held beside what is passed on.
func termLines(t wallet.Terms) []string {
	who := "a person"
	if t.Kind == wallet.KindAgent {
		who = "an agent, for which " + t.OperatedBy + " answers"
	}
	lines := []string{
		"Of the credential " + t.Credential.ID + " of " + t.Credential.Issuer,
		"to " + t.To + " (" + who + "),",
		"what you hold → what you would pass on; a single value is the same for both:",
	}
	width := 0
	for _, l := range t.Limits {
		width = max(width, len(l.Name))
	}
	of := "-"
	for _, l := range t.Limits {
		if l.Of != of {
			of = l.Of
			lines = append(lines, "  "+map[bool]string{true: "altogether", false: of}[of == ""])
		}
		lines = append(lines, fmt.Sprintf("    %-*s  %s", width, l.Name, sides(l)))
	}
	lines = append(lines, below("Left out:", t.LeftOut)...)
	if t.Whole {
		lines = append(lines, "Your credential can hold nothing back: they can read all of it, and use only what you pass on.")
	}
	return append(lines, below("Can be taken back by:", t.TakenBackBy)...)
}

func sides(l wallet.Limit) string {
	if !l.Narrowed() {
		return l.Held
	}
	or := func(s string) string {
		if s == "" {
			return "–"
		}
		return s
	}
	return or(l.Held) + "  →  " + or(l.Passed)
}

// below writes a list with its title, one line each.
func below(title string, list []string) []string {
	var out []string
	for i, text := range list {
		if i > 0 {
			title = strings.Repeat(" ", len(title))
		}
		out = append(out, title+" "+text)
	}
	return out
}
