// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a folder with a signing key, its passphrase, an admin token and a configuration",
		ArgsUsage: " ",
		Description: "The signing key is sealed under a passphrase that is made here and lies beside it; move the passphrase " +
			"to where your host keeps secrets and correct passphrase-file in the configuration.\n\n" +
			"Examples:\n" +
			"   behalf-registry init --dir registry\n" +
			"   behalf-registry init --dir registry --did did:web:registry.example.org --listen 0.0.0.0:8441",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` to make; it must not hold a registry yet"},
			&cli.StringFlag{Name: "did", Usage: "`DID` to sign under, a did:web; left out, the key's own did:key"},
			&cli.StringFlag{Name: "listen", Usage: "`ADDRESS` for the configuration", Value: "127.0.0.1:8441"},
			&cli.StringFlag{Name: "alg", Usage: "`ALGORITHM` of the key: ES256, ES384 or EdDSA", Value: string(key.ES256)},
			jsonFlag(),
		},
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	Key    string `json:"key"` // did:key that readers pin
	Config string `json:"config"`
}

func (p *program) init(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.String("dir") == "" {
		return usage("init needs --dir")
	}
	alg, err := key.ParseAlgorithm(c.String("alg"))
	if err != nil {
		return usageError{err}
	}
	if d, err := did.Parse(c.String("did")); c.IsSet("did") && (err != nil || d.Method() != "web") {
		return usage("--did is not a did:web")
	}
	dir, err := filepath.Abs(c.String("dir"))
	if err != nil {
		return err
	}
	if err := fresh(dir); err != nil {
		return err
	}
	id, err := p.makeSecrets(c.Context, dir, alg)
	if err != nil {
		return err
	}
	path := in(dir, "registry.yaml")
	if err := sealed.WriteFile(path, configText(dir, c.String("listen"), c.String("did"))); err != nil {
		return err
	}
	return p.say(c, made{id.String(), path},
		"The registry's key, for readers to pin: "+id.String(), "Next: behalf-registry serve --config "+path)
}

// fresh makes the folder, and refuses one that holds a registry.
func fresh(dir string) error {
	if err := sealed.MakeDir(dir); err != nil {
		return err
	}
	for _, name := range []string{"keys", "registry.yaml", "registry.db"} {
		if _, err := os.Lstat(in(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s holds a registry already; nothing was changed", dir)
		}
	}
	return nil
}

// makeSecrets writes the admin token and the passphrase, and makes the first key under it.
func (p *program) makeSecrets(ctx context.Context, dir string, alg key.Algorithm) (did.DID, error) {
	passphrase, err := secret()
	if err != nil {
		return did.DID{}, err
	}
	token, err := secret()
	if err != nil {
		return did.DID{}, err
	}
	for name, text := range map[string]string{"admin-token": token, "passphrase": passphrase} {
		if err := sealed.WriteFile(in(dir, name), []byte(text+"\n")); err != nil {
			return did.DID{}, err
		}
	}
	ring, err := file.Open(ctx, in(dir, "keys"), []byte(passphrase), rand.Reader)
	if err != nil {
		return did.DID{}, err
	}
	now := p.now()
	if err := ring.Generate(ctx, alg, "k1", now, now); err != nil {
		return did.DID{}, err
	}
	id, _ := didkey.FromKey(ring.Keys()[0].Public)
	return id, nil
}

// secret returns 256 random bits as text.
func secret() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func configText(dir, listen, id string) []byte {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + ": " + strconv.Quote(value) + "\n") }
	b.WriteString("# behalf-registry; see behalf-registry serve --help\n")
	line("listen", listen)
	line("store", in(dir, "registry.db"))
	line("keys", in(dir, "keys"))
	line("passphrase-file", in(dir, "passphrase"))
	line("admin-token-file", in(dir, "admin-token"))
	if id != "" {
		line("did", id)
	}
	b.WriteString("# tls: {cert: FILE, key: FILE}\n")
	return []byte(b.String())
}
