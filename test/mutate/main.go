// SPDX-License-Identifier: Apache-2.0

// Command mutate measures the tests of one package: it removes or flips every condition of the
// package in turn and says which of these mutants no test notices.
//
//	go run ./test/mutate [flags] ./package
//
// The package is rewritten once, in an overlay, so that every place to change asks which mutant
// is on; a test binary is built once and run once per mutant. Nothing in the tree changes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	target  string
	files   string
	stages  stages
	known   string
	timeout time.Duration
	workers int
	atLeast float64
	json    bool
	list    bool
}

// stages are the test runs that a mutant has to live through, cheapest first.
type stages []string

func (s *stages) String() string { return strings.Join(*s, "; ") }

func (s *stages) Set(v string) error {
	*s = append(*s, v)
	return nil
}

var errSurvived = errors.New("too few mutants are killed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		stop()
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.StringVar(&o.files, "files", "", "comma-separated `names` of files to mutate; all of the package if empty")
	flags.Var(&o.stages, "stage", "test `package and flags`, run in the order given while a mutant lives; default: all tests of the package")
	flags.StringVar(&o.known, "equivalent", "test/mutate/equivalent.txt", "`file` of mutants known to change nothing")
	flags.DurationVar(&o.timeout, "timeout", 20*time.Second, "`time` for one stage of one mutant; one that needs longer is killed")
	flags.IntVar(&o.workers, "workers", 2, "mutants at a time")
	flags.Float64Var(&o.atLeast, "at-least", 95, "`percent` that must be killed")
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	flags.BoolVar(&o.list, "list", false, "list the mutants and run nothing")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() != 1 || o.workers < 1 {
		return o, errors.New("want one package and at least one worker")
	}
	o.target = filepath.ToSlash(filepath.Clean(flags.Arg(0)))
	if len(o.stages) == 0 {
		o.stages = stages{"./" + o.target}
	}
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	p, err := load(ctx, o.target, o.files)
	if err != nil {
		return err
	}
	known, err := readKnown(o.known, p)
	if err != nil {
		return err
	}
	if o.list {
		for _, m := range p.mutants {
			fmt.Fprintln(out, m)
		}
		return nil
	}
	if err := try(ctx, o, p); err != nil {
		return err
	}
	r := newReport(o.target, p.mutants, known)
	if err := r.print(out, o.json); err != nil {
		return err
	}
	return r.verdict(o.atLeast)
}
