// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key/file"
)

// Times of a rotation. A new key is published longer than others keep the gateway's document
// before it signs; requests live for minutes only, so an old key may go soon.
const (
	rotateAfter = did.MaxAge + time.Minute
	overlap     = time.Hour
)

func (p *program) keysCommand() *cli.Command {
	flags := []cli.Flag{configFlag(), jsonFlag()}
	return &cli.Command{
		Name:  "keys",
		Usage: "list and replace the keys that sign requests",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the keys of the ring", ArgsUsage: " ", Flags: flags, Action: p.keysList,
				Description: "Example:\n   behalf-gateway keys list --config gateway/gateway.yaml",
			},
			{
				Name: "rotate", Usage: "make a new key that takes over in " + rotateAfter.String(), ArgsUsage: " ", Flags: flags, Action: p.keysRotate,
				Description: "The new key is published at once and signs " + rotateAfter.String() + " later, when every wallet has seen it; the old one is " +
					"published for another " + overlap.String() + ". A running gateway notices by itself.\n\n" +
					"Example:\n   behalf-gateway keys rotate --config gateway/gateway.yaml",
			},
		},
		Action: needsSubcommand,
	}
}

// keyLine is what is said of one key.
type keyLine struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	State     string `json:"state"` // coming, active, leaving, retired
	Activates string `json:"activates"`
	Retires   string `json:"retires,omitempty"`
}

func (p *program) ring(c *cli.Context) (*file.Ring, wire.GatewayConfig, error) {
	if err := noArguments(c); err != nil {
		return nil, wire.GatewayConfig{}, err
	}
	s, err := load(c)
	if err != nil {
		return nil, s, err
	}
	if s.Keys.Dir == "" {
		return nil, s, usage("keys.dir is not set: give --config")
	}
	keys, err := wire.OpenKeys(c.Context, s.Keys, p.now, p.random)
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
		if err := p.say(c, line, fmt.Sprintf("%s  %s  %s  signs from %s", line.ID, line.Algorithm, line.State, line.Activates)); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) keyLine(ring *file.Ring, k file.Key) keyLine {
	now := p.now()
	line := keyLine{ID: k.ID, Algorithm: string(k.Public.Algorithm()), State: "leaving", Activates: k.Activates.Format(time.RFC3339)}
	if !k.Retires.IsZero() {
		line.Retires = k.Retires.Format(time.RFC3339)
	}
	switch _, active, err := ring.Active(k.Public.Algorithm(), now); {
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
	alg, err := s.Keys.Signs()
	if err != nil {
		return err
	}
	now := p.now()
	id, err := ring.Rotate(c.Context, alg, now, now.Add(rotateAfter), overlap)
	if err != nil {
		return err
	}
	if err := ring.Prune(c.Context, now); err != nil {
		return err
	}
	at := now.Add(rotateAfter).UTC().Format(time.RFC3339)
	return p.say(c, keyLine{ID: id, Algorithm: string(alg), State: "coming", Activates: at}, "Key "+id+" is published now and signs from "+at+".")
}
