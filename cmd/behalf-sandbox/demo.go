// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// demoStatusTTL is how long the sandbox's status lists may be used: short, so that a revocation
// bites while somebody watches. The product's default is 5 minutes.
const demoStatusTTL = 10 * time.Second

func (s *sandbox) demoCommand() *cli.Command {
	return &cli.Command{
		Name:      "demo",
		Usage:     "tell the whole story, on real servers, in less than a minute",
		ArgsUsage: " ",
		Description: "Runs registry, issuer and gateway on loopback, each its own HTTPS server with its own store and keys, and two " +
			"wallets against them. Everything lies in a temporary folder, which is removed at the end unless --dir keeps it.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "keep everything in `FOLDER`, to look at afterwards"},
			command.JSONFlag(),
		},
		Action: s.demo,
	}
}

func (s *sandbox) demo(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	dir := c.String("dir")
	if dir == "" {
		made, err := os.MkdirTemp("", "behalf-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(made) }()
		dir = made
	}
	logs, err := demoLog(dir, c.String("dir") != "")
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }()
	w, err := world.Open(c.Context, world.Config{
		Dir: dir, Now: s.Now, StatusTTL: demoStatusTTL, Logger: slog.New(slog.NewJSONHandler(logs, nil)),
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	err = w.Ready(ctx)
	if err == nil {
		err = (&story{s: s, w: w, json: c.Bool("json"), last: s.Now()}).tell(ctx)
	}
	stop()
	return errors.Join(err, <-ended)
}

// demoLog returns where the servers log: a file beside their stores if the folder is kept.
func demoLog(dir string, keep bool) (io.WriteCloser, error) {
	if !keep {
		return os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(dir+"/servers.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// told is one step of the story, as --json writes it.
type told struct {
	Step     string      `json:"step"`
	Outcome  string      `json:"outcome"`
	Reason   reason.Code `json:"reason"`
	NarrowTo []string    `json:"narrowTo,omitempty"`
	Ms       int64       `json:"ms"`
}

// story is a demo being told.
type story struct {
	s    *sandbox
	w    *world.World
	json bool
	last time.Time

	office   *world.Office
	service  *world.Service
	tom      *world.Person
	june     *world.Person
	granted  world.Offer
	received *wallet.Entry
}

// tell runs every step; the first that does not go as it must ends the demo with an error.
func (t *story) tell(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		t.begin, t.grant, t.receive, t.permit, t.tooBroad, t.passOn, t.onward, t.revoke, t.denied,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	t.say("", "That was the whole story: every step over HTTPS between separate servers, with real keys and stores.")
	return errors.Join(t.tom.Close(), t.june.Close())
}

// say prints a line for people; a title begins a step.
func (t *story) say(title string, lines ...string) {
	if t.json {
		return
	}
	if title != "" {
		_, _ = fmt.Fprintf(t.s.Out, "\n%s\n", title)
	}
	for _, line := range lines {
		_, _ = fmt.Fprintln(t.s.Out, "  "+command.Printable(line))
	}
}

// step ends a step: it is an object with --json, and a line with its outcome otherwise.
func (t *story) step(name, outcome string, code reason.Code, narrow []string) error {
	now := t.s.Now()
	took := now.Sub(t.last)
	t.last = now
	if t.json {
		return t.s.JSON(told{name, outcome, code, narrow, took.Milliseconds()})
	}
	line := "→ " + outcome
	if code != "" && code != reason.OK {
		line += " (" + string(code) + ")"
	}
	if len(narrow) > 0 {
		line += "; allowed would be: " + strings.Join(narrow, ", ")
	}
	t.say("", fmt.Sprintf("%s   [%d ms]", line, took.Milliseconds()))
	return nil
}
