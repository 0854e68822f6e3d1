// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/delegation/scenario"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/reason"
)

func (p *program) simulateCommand() *cli.Command {
	return &cli.Command{
		Name:      "simulate",
		Usage:     "decide scenario files without any cryptography",
		ArgsUsage: "FILE…",
		Description: "Prints one JSON line for each scenario, and exits with 1 if any differs from what its file expects. " +
			"With --explain, what each decision rests on follows on standard error.\n\n" +
			"Examples:\n" +
			"   behalf-gateway simulate scenarios.json\n" +
			"   behalf-gateway simulate --explain before.json after.json",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "explain", Usage: "say on standard error what each decision rests on"},
			command.JSONFlag(),
		},
		Action: p.simulate,
	}
}

func (p *program) simulate(c *cli.Context) error {
	if !c.Args().Present() {
		return command.Usage("simulate needs a FILE")
	}
	decided, differ := 0, 0
	for _, path := range c.Args().Slice() {
		cases, err := loadCases(path)
		if err != nil {
			return errors.New(path + ": " + command.Explain(err)) // as text: the path is what an operator looks for
		}
		for _, one := range cases {
			same, err := p.decide(one, c.Bool("explain"))
			if err != nil {
				return err
			}
			decided++
			if !same {
				differ++
			}
		}
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d scenarios were decided otherwise than expected", differ, decided)
	}
	return nil
}

// loadCases reads the scenarios of a file, of at most scenario.MaxFile bytes.
func loadCases(path string) ([]scenario.Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, scenario.MaxFile+1))
	if err != nil {
		return nil, err
	}
	file, err := scenario.Load(raw)
	if err != nil {
		return nil, err
	}
	return file.Cases(), nil
}

// decide prints the answer to one scenario and reports whether it is the expected one.
func (p *program) decide(one scenario.Case, explained bool) (bool, error) {
	d := one.Decide()
	if err := p.JSON(one.Result(d)); err != nil {
		return false, err
	}
	if explained {
		p.Complain(basis(one.ID, d))
	}
	if err := one.Check(d); err != nil {
		p.Complain(command.Explain(err))
		return false, nil
	}
	return true, nil
}

// basis says in one line what a decision rests on.
func basis(id string, d delegation.Decision) string {
	parts := []string{id + ": " + d.Outcome.String()}
	if entry, ok := reason.Lookup(d.Reason); ok {
		parts = append(parts, entry.Meaning)
	}
	if d.Link != "" {
		parts = append(parts, "link "+d.Link)
	}
	if d.Permission != "" {
		parts = append(parts, "permission "+d.Permission)
	}
	all := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		all[i] = string(r)
	}
	return strings.Join(append(parts, "all reasons: "+strings.Join(all, ", ")), "; ")
}
