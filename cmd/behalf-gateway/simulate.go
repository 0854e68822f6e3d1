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
)

func (p *program) simulateCommand() *cli.Command {
	return &cli.Command{
		Name:      "simulate",
		Usage:     "decide scenario files without any cryptography",
		ArgsUsage: "FILE…",
		Description: "Prints one JSON line for each scenario, and exits with 1 if any differs from what its file expects. A FILE " +
			"of - is standard input. So a change of the framework or of a policy can be tried before it is published: nothing is " +
			"signed, fetched or recorded.\n\n" +
			"With --explain, every check of each decision follows on standard error as a tree, with the number of its rule " +
			"(docs/reference/decision.md): ✓ it holds, ✗ it does not, · what was found out. It ends with what the answer rests on, " +
			"how old that is, and until when the answer holds. With --json the tree is the member \"explanation\" of the line " +
			"instead. It names restrictions: keep it from delegates.\n\n" +
			"Examples:\n" +
			"   behalf-gateway simulate scenarios.json\n" +
			"   behalf-gateway simulate --explain before.json after.json\n" +
			"   behalf-gateway simulate --explain --json - < scenarios.json",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "explain", Usage: "show every check of each decision, and what it rests on"},
			command.JSONFlag(),
		},
		Action: p.simulate,
	}
}

func (p *program) simulate(c *cli.Context) error {
	if !c.Args().Present() {
		return command.Usage("simulate needs a FILE")
	}
	s := simulation{program: p, show: (*program).plain}
	switch {
	case c.Bool("explain") && c.Bool("json"):
		s.show = (*program).explainJSON
	case c.Bool("explain"):
		s.show = (*program).explain
	}
	for _, path := range c.Args().Slice() {
		if err := s.file(path); err != nil {
			return err
		}
	}
	return s.summary(c.NArg())
}

// simulation counts the scenarios that it decides.
type simulation struct {
	*program
	show            func(*program, scenario.Case) (delegation.Decision, error)
	decided, differ int
}

// file decides the scenarios of one file.
func (s *simulation) file(path string) error {
	cases, err := s.cases(path)
	if err != nil {
		return errors.New(path + ": " + command.Explain(err)) // as text: the path is what an operator looks for
	}
	for _, one := range cases {
		d, err := s.show(s.program, one)
		if err != nil {
			return err
		}
		s.decided++
		if err := one.Check(d); err != nil {
			s.differ++
			s.Complain(command.Explain(err))
		}
	}
	return nil
}

// summary says how it went where one line would not have said it.
func (s *simulation) summary(files int) error {
	if s.differ > 0 {
		return fmt.Errorf("%d of %d scenarios were decided otherwise than expected", s.differ, s.decided)
	}
	if s.decided != 1 || files != 1 {
		s.Complain(fmt.Sprintf("%d scenarios (files: %d), all decided as expected", s.decided, files))
	}
	return nil
}

// cases reads the scenarios of a file, of at most scenario.MaxFile bytes; - is standard input.
func (p *program) cases(path string) ([]scenario.Case, error) {
	if path == "-" {
		return readCases(p.In)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readCases(f)
}

func readCases(from io.Reader) ([]scenario.Case, error) {
	raw, err := io.ReadAll(io.LimitReader(from, scenario.MaxFile+1))
	if err != nil {
		return nil, err
	}
	file, err := scenario.Load(raw)
	if err != nil {
		return nil, err
	}
	return file.Cases(), nil
}

// plain prints the answer to one scenario.
func (p *program) plain(one scenario.Case) (delegation.Decision, error) {
	d := one.Decide()
	return d, p.JSON(one.Result(d))
}

// explain prints the answer, and the reasoning behind it as a tree on standard error.
func (p *program) explain(one scenario.Case) (delegation.Decision, error) {
	d, x := delegation.Explain(one.World, one.Presentation, one.Request)
	if err := p.JSON(one.Result(d)); err != nil {
		return d, err
	}
	lines := []string{one.ID + ": " + one.Title}
	for line := range strings.Lines(x.String()) {
		lines = append(lines, "  "+strings.TrimSuffix(line, "\n"))
	}
	return d, p.Show(lines...)
}

// explained is the line of one scenario with the reasoning.
type explained struct {
	scenario.Result
	Explanation delegation.Explanation `json:"explanation"`
}

// explainJSON prints the answer with the reasoning in it.
func (p *program) explainJSON(one scenario.Case) (delegation.Decision, error) {
	d, x := delegation.Explain(one.World, one.Presentation, one.Request)
	return d, p.JSON(explained{one.Result(d), x})
}
