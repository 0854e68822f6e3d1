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

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/trustframework"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a folder with a signing key, its passphrase, a client token, no restrictions and a configuration",
		ArgsUsage: " ",
		Description: "The key is sealed under a passphrase that is made here and lies beside it; move the passphrase to where your host " +
			"keeps secrets and correct keys.passphrase-file in the configuration. Have the registry list the gateway's DID, which init prints, as a verifier.\n\n" +
			"Example:\n" +
			"   behalf-gateway init --dir gateway --origin https://gateway.example.org --name \"Larkhill Road Surgery\" \\\n" +
			"      --registry https://registry.example.org --registry-key did:key:zDn…",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` to make; it must not hold a gateway yet"},
			&cli.StringFlag{Name: "origin", Usage: "https `ADDRESS` by which wallets and services reach the gateway"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` that people are shown"},
			&cli.StringFlag{Name: "registry", Usage: "https `ADDRESS` of the registry"},
			&cli.StringSliceFlag{Name: "registry-key", Usage: "`DID` (did:key) of a key that signs the framework; may be repeated"},
			&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` for the configuration", Value: wire.DefaultGateway().Listen},
			jsonFlag(),
		},
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	ID     string `json:"id"` // did:web of the gateway
	Config string `json:"config"`
}

func (p *program) init(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	for _, name := range []string{"dir", "origin", "name", "registry"} {
		if c.String(name) == "" {
			return usage("init needs --%s", name)
		}
	}
	if _, err := trustframework.TrustedKeys(c.StringSlice("registry-key")); err != nil {
		return usage("init needs --registry-key, a did:key, as behalf-registry init prints it")
	}
	id, err := wire.WebDID(c.String("origin"))
	if err != nil {
		return usageError{err}
	}
	dir, err := filepath.Abs(c.String("dir"))
	if err != nil {
		return err
	}
	if err := p.fill(c.Context, dir); err != nil {
		return err
	}
	path := filepath.Join(dir, "gateway.yaml")
	if err := sealed.WriteFile(path, configText(c, dir)); err != nil {
		return err
	}
	return p.say(c, made{id.String(), path},
		"The gateway is "+id.String()+"; the registry must list it as a verifier.", "Next: behalf-gateway serve --config "+path)
}

// fill makes the folder with secrets, key and an empty list of restrictions.
func (p *program) fill(ctx context.Context, dir string) error {
	if err := fresh(dir); err != nil {
		return err
	}
	files := map[string]string{"restrictions.json": "[]\n"}
	for _, name := range []string{"passphrase", "client-token"} {
		secret, err := secret(p.random)
		if err != nil {
			return err
		}
		files[name] = secret + "\n"
	}
	for name, text := range files {
		if err := sealed.WriteFile(filepath.Join(dir, name), []byte(text)); err != nil {
			return err
		}
	}
	keys, err := wire.OpenKeys(ctx, keysIn(dir), p.now, p.random)
	if err != nil {
		return err
	}
	return keys.Ensure(ctx)
}

func keysIn(dir string) wire.KeysConfig {
	return wire.KeysConfig{Dir: filepath.Join(dir, "keys"), Passphrase: filepath.Join(dir, "passphrase")}
}

// fresh makes the folder, and refuses one that holds a gateway.
func fresh(dir string) error {
	if err := sealed.MakeDir(dir); err != nil {
		return err
	}
	for _, name := range []string{"keys", "gateway.yaml", "gateway.db", "passphrase"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s holds a gateway already; nothing was changed", dir)
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

func configText(c *cli.Context, dir string) []byte {
	in := func(name string) string { return strconv.Quote(filepath.Join(dir, name)) }
	lines := []string{
		"# behalf-gateway; see behalf-gateway serve --help",
		"listen: " + strconv.Quote(c.String("listen")),
		"origin: " + strconv.Quote(c.String("origin")),
		"name: " + strconv.Quote(c.String("name")),
		"store: " + in("gateway.db"),
		"keys:", "  dir: " + in("keys"), "  passphrase-file: " + in("passphrase"),
		"client-token-file: " + in("client-token"),
		"registry:", "  url: " + strconv.Quote(c.String("registry")), "  keys:",
	}
	for _, k := range c.StringSlice("registry-key") {
		lines = append(lines, "    - "+strconv.Quote(k))
	}
	lines = append(lines, "restrictions: "+in("restrictions.json"), "# tls: {cert: FILE, key: FILE}", "# outbound: {ca: FILE, private-hosts: [\"host:port\"]}")
	return []byte(strings.Join(lines, "\n") + "\n")
}
