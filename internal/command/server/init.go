// SPDX-License-Identifier: Apache-2.0

package server

import (
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/trustframework"
)

// InitFlags are the options of every init.
func (r Role) InitFlags(listen string, more ...cli.Flag) []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "dir", Usage: "`FOLDER` to make; it must not hold " + wire.WithArticle(r.Role) + " yet"},
		&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` for the settings", Value: listen},
		&cli.StringFlag{Name: "alg", Usage: "`ALGORITHM` of the key: ES256, ES384 or EdDSA", Value: string(key.ES256)},
		command.JSONFlag(),
	}, more...)
}

// Folder returns the folder that init is to make, with a bearer token in the file called token.
func (r Role) Folder(c *cli.Context, token string) (wire.Folder, error) {
	if err := command.NoArguments(c); err != nil {
		return wire.Folder{}, err
	}
	if c.String("dir") == "" {
		return wire.Folder{}, command.Usage("init needs --dir")
	}
	if _, err := key.ParseAlgorithm(c.String("alg")); err != nil {
		return wire.Folder{}, command.Usage("--alg is ES256, ES384 or EdDSA")
	}
	path, err := filepath.Abs(c.String("dir"))
	return wire.Folder{Path: path, Role: r.Role, Token: token, Algorithm: c.String("alg")}, err
}

// PartyInit is what differs between the inits of servers that have a place in the trust framework.
type PartyInit struct {
	Listen string // the usual address
	Token  string // name of the file of the bearer token
	About  string // what to do with the DID that init prints
	// Settings makes the settings of p, and what else the folder needs.
	Settings func(f wire.Folder, p wire.Party) (string, error)
	// Next tells what is to be done, beginning with the DID.
	Next func(f wire.Folder, p wire.Party, id string) []string
}

// Made is what the init of a party says.
type Made struct {
	ID     string `json:"id"` // its did:web
	Config string `json:"config"`
}

// PartyInitCommand is init.
func (r Role) PartyInitCommand(i PartyInit) *cli.Command {
	return &cli.Command{
		Name: "init", Usage: "make a folder with a signing key, its passphrase, a bearer token and settings", ArgsUsage: " ",
		Description: "The key is sealed under a passphrase that is made here and lies beside it; move the passphrase to where your host " +
			"keeps secrets and correct keys.passphrase-file in the settings. " + i.About + "\n\n" +
			"Example:\n" +
			"   " + r.Name + " init --dir " + r.Role + " --origin https://" + r.Role + ".example.org --name \"Larkhill Road Surgery\" \\\n" +
			"      --registry https://registry.example.org --registry-key did:key:zDn…",
		Flags:  r.InitFlags(i.Listen, partyFlags()...),
		Action: func(c *cli.Context) error { return r.initParty(c, i) },
	}
}

func (r Role) initParty(c *cli.Context, i PartyInit) error {
	folder, err := r.Folder(c, i.Token)
	if err != nil {
		return err
	}
	p, id, err := party(c)
	if err != nil {
		return err
	}
	if _, err := folder.Make(c.Context, r.Now, r.Random); err != nil {
		return err
	}
	text, err := i.Settings(folder, p)
	if err != nil {
		return err
	}
	if err := folder.Configure(text); err != nil {
		return err
	}
	return r.Say(c, Made{id.String(), folder.Config()}, i.Next(folder, p, id.String())...)
}

func partyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "origin", Usage: "https `ADDRESS` by which the server is reached; its did:web is made of it, so it cannot be changed later"},
		&cli.StringFlag{Name: "name", Usage: "`NAME` that people are shown"},
		&cli.StringFlag{Name: "registry", Usage: "https `ADDRESS` of the registry"},
		&cli.StringSliceFlag{Name: "registry-key", Usage: "`DID` (did:key) of a key that signs the framework; may be repeated"},
	}
}

// party returns what the options say, and the DID that it has.
func party(c *cli.Context) (wire.Party, did.DID, error) {
	for _, name := range []string{"origin", "name", "registry"} {
		if c.String(name) == "" {
			return wire.Party{}, did.DID{}, command.Usage("init needs --%s", name)
		}
	}
	if _, err := trustframework.TrustedKeys(c.StringSlice("registry-key")); err != nil {
		return wire.Party{}, did.DID{}, command.Usage("init needs --registry-key, a did:key, as behalf-registry init prints it")
	}
	id, err := wire.WebDID(c.String("origin"))
	if err != nil {
		return wire.Party{}, did.DID{}, command.Usage("%s", command.Explain(err))
	}
	return wire.Party{
		Origin: c.String("origin"), Name: c.String("name"), Listen: c.String("listen"),
		Registry: wire.RegistrySettings{URL: c.String("registry"), Keys: c.StringSlice("registry-key")},
	}, id, nil
}
