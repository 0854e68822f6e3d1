// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key/file"
)

func (p *program) keysCommand() *cli.Command {
	flags := []cli.Flag{command.ConfigFlag("issuer"), command.JSONFlag()}
	return &cli.Command{
		Name:  "keys",
		Usage: "list and replace the keys that sign credentials",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the keys, the oldest first", ArgsUsage: " ", Flags: flags, Action: p.keysList,
				Description: "A key is coming (published, does not sign yet), active, leaving (published, signs no more) or retired.\n\n" +
					"Example:\n   behalf-issuer keys list --config issuer/issuer.yaml",
			},
			{
				Name: "rotate", Usage: "make a new key, which takes over after key-lead", ArgsUsage: " ", Flags: flags, Action: p.keysRotate,
				Description: "The new key is published at once and signs when every verifier has seen it. The old one stays published until " +
					"the last credential that it may have signed has ended. A running server notices by itself.\n\n" +
					"Example:\n   behalf-issuer keys rotate --config issuer/issuer.yaml",
			},
		},
		Action: func(c *cli.Context) error { return command.Usage("keys needs a command: list or rotate") },
	}
}

// keyLine is what is said of one key.
type keyLine struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	State     string `json:"state"` // coming, active, leaving, retired
	Created   string `json:"created"`
	Activates string `json:"activates"`
	Retires   string `json:"retires,omitempty"`
}

// ring opens the ring that the settings name.
func (p *program) ring(c *cli.Context) (*file.Ring, wire.IssuerConfig, error) {
	if err := command.NoArguments(c); err != nil {
		return nil, wire.IssuerConfig{}, err
	}
	s, err := load(c)
	if err != nil {
		return nil, s, err
	}
	if s.Keys.Dir == "" {
		return nil, s, command.Usage("keys.dir is not set: give --config")
	}
	keys, err := wire.OpenKeys(c.Context, s.Keys, p.Now, p.Random)
	if err != nil {
		return nil, s, err
	}
	ring, err := keys.Ring()
	return ring, s, err
}

func (p *program) keysList(c *cli.Context) error {
	ring, _, err := p.ring(c)
	if err != nil {
		return err
	}
	for _, k := range ring.Keys() {
		line := p.keyLine(ring, k)
		text := fmt.Sprintf("%-24s %-6s %-8s signs from %s", line.ID, line.Algorithm, line.State, line.Activates)
		if line.Retires != "" {
			text += ", published until " + line.Retires
		}
		if err := p.Say(c, line, text); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) keyLine(ring *file.Ring, k file.Key) keyLine {
	now := p.Now()
	line := keyLine{
		ID: k.ID, Algorithm: string(k.Public.Algorithm()), State: "leaving",
		Created: k.Created.Format(time.RFC3339), Activates: k.Activates.Format(time.RFC3339),
	}
	if !k.Retires.IsZero() {
		line.Retires = k.Retires.Format(time.RFC3339)
	}
	_, active, err := ring.Active(k.Public.Algorithm(), now)
	switch {
	case !k.Published(now):
		line.State = "retired"
	case !k.MaySign(now):
		line.State = "coming"
	case err == nil && active == k.ID:
		line.State = "active"
	}
	return line
}

func (p *program) keysRotate(c *cli.Context) error {
	ring, s, err := p.ring(c)
	if err != nil {
		return err
	}
	id, at, err := s.Rotate(c.Context, ring, p.Now())
	if err != nil {
		return err
	}
	for _, k := range ring.Keys() {
		if k.ID == id {
			return p.Say(c, p.keyLine(ring, k), "The key "+id+" is published now and signs from "+at.Format(time.RFC3339)+".")
		}
	}
	return nil
}
