// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/trustframework"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a folder with a signing key, its passphrase, an admin token and a configuration",
		ArgsUsage: " ",
		Description: "The key is sealed under a passphrase that is made here and lies beside it; move the passphrase to where your host " +
			"keeps secrets and correct keys.passphrase-file in the configuration. Have the registry accredit the issuer's DID, which init prints.\n\n" +
			"Example:\n" +
			"   behalf-issuer init --dir issuer --origin https://issuer.example.org --name \"Larkhill Road Surgery\" \\\n" +
			"      --registry https://registry.example.org --registry-key did:key:zDn…",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` to make; it must not hold an issuer yet"},
			&cli.StringFlag{Name: "origin", Usage: "https `ADDRESS` by which wallets reach the issuer; it cannot be changed later"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` that people are shown"},
			&cli.StringFlag{Name: "registry", Usage: "https `ADDRESS` of the registry"},
			&cli.StringSliceFlag{Name: "registry-key", Usage: "`DID` (did:key) of a key that signs the framework; may be repeated"},
			&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` for the configuration", Value: wire.DefaultIssuer().Listen},
			command.JSONFlag(),
		},
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	ID     string `json:"id"` // did:web of the issuer
	Config string `json:"config"`
}

func (p *program) init(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	id, err := asked(c)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(c.String("dir"))
	if err != nil {
		return err
	}
	if err := p.fill(c.Context, dir); err != nil {
		return err
	}
	path := filepath.Join(dir, "issuer.yaml")
	if err := sealed.WriteFile(path, configText(c, dir)); err != nil {
		return err
	}
	return p.Say(c, made{id.String(), path},
		"The issuer is "+id.String(),
		"Next: 1. have the registry accredit it and list it as a party, with "+c.String("origin")+" as its status host",
		"      2. look through "+path+": certificate, profiles",
		"      3. behalf-issuer serve --config "+path)
}

// asked checks the options of init and returns the DID of the issuer that they describe.
func asked(c *cli.Context) (did.DID, error) {
	for _, name := range []string{"dir", "origin", "name", "registry"} {
		if c.String(name) == "" {
			return did.DID{}, command.Usage("init needs --%s", name)
		}
	}
	if _, err := trustframework.TrustedKeys(c.StringSlice("registry-key")); err != nil {
		return did.DID{}, command.Usage("init needs --registry-key, a did:key, as behalf-registry init prints it")
	}
	id, err := wire.WebDID(c.String("origin"))
	if err != nil {
		return did.DID{}, command.Usage("%s", command.Explain(err))
	}
	return id, nil
}

// fill makes the folder with secrets and a first key.
func (p *program) fill(ctx context.Context, dir string) error {
	if err := fresh(dir); err != nil {
		return err
	}
	for _, name := range []string{"passphrase", "admin-token"} {
		secret, err := secret(p.Random)
		if err != nil {
			return err
		}
		if err := sealed.WriteFile(filepath.Join(dir, name), []byte(secret+"\n")); err != nil {
			return err
		}
	}
	keys, err := wire.OpenKeys(ctx, wire.KeysConfig{Dir: filepath.Join(dir, "keys"), Passphrase: filepath.Join(dir, "passphrase")}, p.Now, p.Random)
	if err != nil {
		return err
	}
	return keys.Ensure(ctx)
}

// fresh makes the folder, and refuses one that holds an issuer.
func fresh(dir string) error {
	if err := sealed.MakeDir(dir); err != nil {
		return err
	}
	for _, name := range []string{"keys", "issuer.yaml", "issuer.db", "passphrase"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s holds an issuer already; nothing was changed", dir)
		}
	}
	return nil
}

// secret returns 256 random bits as text.
func secret(random io.Reader) (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// configText writes the configuration, with what an operator may want to change as comments.
func configText(c *cli.Context, dir string) []byte {
	in := func(name string) string { return strconv.Quote(filepath.Join(dir, name)) }
	given := func(name string) string { return strconv.Quote(c.String(name)) }
	lines := []string{
		"# behalf-issuer. An unknown key stops the program; every key can be set by BEHALF_ISSUER_<KEY>.",
		"",
		"# The https address that wallets reach. It is what credentials say for ever: do not change it.",
		"origin: " + given("origin"),
		"# How people know this organisation.",
		"name: " + given("name"),
		"# Where to listen. Without tls a proxy in front must speak https.",
		"listen: " + given("listen"),
		"# tls: {cert: FILE, key: FILE}",
		"# metrics: \"127.0.0.1:9442\"   # /metrics; left out, for this machine alone",
		"",
		"# Everything that must survive: delegations, status, the audit log. Back it up; after a restore raise status.epoch.",
		"store: " + in("issuer.db"),
		"# status: {epoch: 1, ttl: 5m}   # ttl bounds how long a revocation may stay unseen",
		"",
		"# The signing keys, sealed. Keep the passphrase elsewhere.",
		"keys:", "  dir: " + in("keys"), "  passphrase-file: " + in("passphrase"),
		"# key-lead: 10m   # how long a new key is published before it signs",
		"# The bearer token of /admin/v1.",
		"admin-token-file: " + in("admin-token"),
		"",
		"# Whose trust framework decides what may be granted. The keys are never asked from the registry itself.",
		"registry:", "  url: " + given("registry"), "  keys:",
	}
	for _, k := range c.StringSlice("registry-key") {
		lines = append(lines, "    - "+strconv.Quote(k))
	}
	lines = append(lines,
		"# outbound: {ca: FILE, private-hosts: [\"host:port\"]}   # for a private deployment",
		"",
		"# What may be granted. What no profile lets through is refused, whoever asks.",
		"profiles:", "  default:", "    relationships: [adult-to-adult, parent-of-child]", "    max-days: 366",
	)
	return []byte(strings.Join(lines, "\n") + "\n")
}
