// SPDX-License-Identifier: Apache-2.0

package server

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
)

// KeysCommand is keys: list and rotate, of the ring and by the rotation that the settings name. what
// is signed with the keys; how tells of a rotation.
func (r Role) KeysCommand(what, how string, settings func(c *cli.Context) (wire.KeysConfig, wire.Rotation, error)) *cli.Command {
	flags := []cli.Flag{command.ConfigFlag(r.Role), command.JSONFlag()}
	action := func(do func(c *cli.Context, keys *wire.Keys, by wire.Rotation) error) cli.ActionFunc {
		return func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			cfg, by, err := settings(c)
			if err != nil {
				return err
			}
			if cfg.Dir == "" {
				return command.Usage("keys.dir is not set: give --config")
			}
			keys, err := wire.OpenKeys(c.Context, cfg, r.Now, r.Random)
			if err != nil {
				return err
			}
			return do(c, keys, by)
		}
	}
	return &cli.Command{
		Name:  "keys",
		Usage: "list and replace the keys that sign " + what,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the keys, the oldest first", ArgsUsage: " ", Flags: flags, Action: action(r.listKeys),
				Description: "A key is coming (published, does not sign yet), active, leaving (published, signs no more) or retired.\n\n" +
					r.example("keys list"),
			},
			{
				Name: "rotate", Usage: "make a new key, which takes over once all have seen it", ArgsUsage: " ", Flags: flags, Action: action(r.rotateKeys),
				Description: how + " A running server notices by itself. Keys that are retired are forgotten.\n\n" + r.example("keys rotate"),
			},
		},
	}
}

func (r Role) listKeys(c *cli.Context, keys *wire.Keys, _ wire.Rotation) error {
	all, err := keys.States()
	if err != nil {
		return err
	}
	for _, k := range all {
		text := k.ID + "  " + k.Algorithm + "  " + k.State + "  signs from " + k.Activates
		if k.Retires != "" {
			text += ", published until " + k.Retires
		}
		if err := r.Say(c, k, text); err != nil {
			return err
		}
	}
	return nil
}

func (r Role) rotateKeys(c *cli.Context, keys *wire.Keys, by wire.Rotation) error {
	made, err := keys.Rotate(c.Context, by)
	if err != nil {
		return err
	}
	return r.Say(c, made, "The key "+made.ID+" is published now and signs from "+made.Activates+".")
}
