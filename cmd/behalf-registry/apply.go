// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

func (p *program) applyCommand() *cli.Command {
	return &cli.Command{
		Name:      "apply",
		Usage:     "put a framework in force, as a new signed version, and show what changed",
		ArgsUsage: "FILE",
		Description: "FILE is the whole framework in YAML or JSON. Applying what is in force already changes nothing. If FILE states " +
			"a version, as export writes it, it is refused when another version has come into force since.\n\n" +
			"Without --url it works on the store itself, while no server runs on it.\n\n" +
			"Examples:\n" +
			"   behalf-registry apply --config registry/registry.yaml --dry-run framework.yaml\n" +
			"   behalf-registry apply --url https://registry.example.org --token-file admin-token framework.yaml",
		Flags: append(remoteFlags(),
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would change, and change nothing"}),
		Action: p.apply,
	}
}

// applied is what apply says.
type applied struct {
	Version  int      `json:"version,omitzero"`
	Changes  []string `json:"changes"`
	Warnings []string `json:"warnings,omitempty"` // what is valid and weaker than it looks
}

func (p *program) apply(c *cli.Context) error {
	path, err := command.OneArgument(c, "FILE")
	if err != nil {
		return err
	}
	f, err := readFramework(path)
	if err != nil {
		return err
	}
	if err := trustframework.Validate(f); err != nil {
		return err
	}
	done, err := p.applyTo(c, f)
	if err != nil {
		return err
	}
	if done.Changes == nil {
		done.Changes = []string{}
	}
	done.Warnings = trustframework.Advise(f)
	for _, w := range done.Warnings {
		p.Complain("warning: " + w)
	}
	return p.Say(c, done, append(done.Changes, summary(c, done))...)
}

func (p *program) applyTo(c *cli.Context, f *trustframework.Framework) (done applied, err error) {
	if c.IsSet("url") {
		return p.applyRemote(c, f)
	}
	return done, p.onStore(c, func(ctx context.Context, r *registry.Registry) (err error) {
		if c.Bool("dry-run") {
			done.Changes, err = r.Preview(ctx, f)
			return err
		}
		a, err := r.Apply(ctx, f)
		done = applied{Version: a.Version, Changes: a.Changes}
		return err
	})
}

func summary(c *cli.Context, done applied) string {
	switch n := len(done.Changes); {
	case n == 0:
		return "Nothing changes: this framework is in force."
	case c.Bool("dry-run"):
		return strconv.Itoa(n) + " changes; nothing was applied."
	default:
		return fmt.Sprintf("%d changes; version %d is in force.", n, done.Version)
	}
}

func (p *program) exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write the framework in force, to edit and apply again",
		ArgsUsage: " ",
		Description: "The output is JSON in any case, and apply reads it.\n\n" +
			"Examples:\n" +
			"   behalf-registry export --config registry/registry.yaml > framework.json\n" +
			"   behalf-registry export --url https://registry.example.org --token-file admin-token > framework.json",
		Flags:  remoteFlags(),
		Action: p.export,
	}
}

func (p *program) export(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	f, err := p.exportFrom(c)
	if err != nil {
		return err
	}
	lines, err := command.Document(f)
	if err != nil {
		return err
	}
	return p.Say(c, f, lines...)
}

func (p *program) exportFrom(c *cli.Context) (f *trustframework.Framework, err error) {
	if c.IsSet("url") {
		return p.exportRemote(c)
	}
	return f, p.onStore(c, func(ctx context.Context, r *registry.Registry) (err error) {
		f, err = r.Export(ctx)
		return err
	})
}

func (p *program) logCommand() *cli.Command {
	return &cli.Command{
		Name:  "log",
		Usage: "the versions of the framework",
		Subcommands: []*cli.Command{{
			Name:      "verify",
			Usage:     "check that every version has its digest and follows the one before, and that the last is signed",
			ArgsUsage: " ",
			Description: "Works on the store itself, while no server runs on it. Write down the digest: a later log must lead on from it.\n\n" +
				"Example:\n" +
				"   behalf-registry log verify --config registry/registry.yaml",
			Flags:  []cli.Flag{command.ConfigFlag("registry"), command.JSONFlag()},
			Action: p.verify,
		}},
	}
}

func (p *program) verify(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	return p.onStore(c, func(ctx context.Context, r *registry.Registry) error {
		v, err := r.Verify(ctx)
		if err != nil {
			return err
		}
		return p.Say(c, v, fmt.Sprintf("%d versions, unbroken. Newest: %s", v.Versions, v.Digest))
	})
}
