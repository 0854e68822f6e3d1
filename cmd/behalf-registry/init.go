// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "make a folder with a signing key, its passphrase, an admin token and settings", ArgsUsage: " ",
		Description: "The signing key is sealed under a passphrase that is made here and lies beside it; move the passphrase " +
			"to where your host keeps secrets and correct passphrase-file in the settings.\n\n" +
			"Examples:\n" +
			"   behalf-registry init --dir registry\n" +
			"   behalf-registry init --dir registry --did did:web:registry.example.org --listen 0.0.0.0:8441",
		Flags: p.InitFlags(wire.DefaultRegistry().Listen,
			&cli.StringFlag{Name: "did", Usage: "`DID` to sign under, a did:web; left out, the key's own did:key"}),
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	Key         string `json:"key"`         // did:key that readers pin
	Fingerprint string `json:"fingerprint"` // of the key, as wallets show it
	Config      string `json:"config"`
}

func (p *program) init(c *cli.Context) error {
	folder, err := p.Folder(c, "admin-token")
	if err != nil {
		return err
	}
	if d, err := did.Parse(c.String("did")); c.IsSet("did") && (err != nil || d.Method() != "web") {
		return command.Usage("--did is not a did:web")
	}
	signs, err := folder.Make(c.Context, p.Now, p.Random)
	if err != nil {
		return err
	}
	id, _ := didkey.FromKey(signs)
	if err := folder.Configure(folder.RegistryText(c.String("listen"), c.String("did"))); err != nil {
		return err
	}
	return p.Say(c, made{id.String(), command.Fingerprint(id.String()), folder.Config()},
		"The registry's key, for readers to pin: "+id.String(),
		"Its fingerprint, to publish by another way: "+command.Fingerprint(id.String()), "Next: behalf-registry serve --config "+folder.Config())
}
