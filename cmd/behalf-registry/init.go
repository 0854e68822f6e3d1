// SPDX-License-Identifier: Apache-2.0

package main

import (
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
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
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
			"   behalf-registry init --dir registry --method did:web:registry.example.org#k1 --listen 0.0.0.0:8441",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` to make; it must not hold a registry yet"},
			&cli.StringFlag{Name: "method", Usage: "DID `URL` to sign under; left out, the key's own did:key"},
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
	if m := c.String("method"); m != "" {
		if _, err := did.ParseURL(m); err != nil {
			return usageError{err}
		}
	}
	dir, err := filepath.Abs(c.String("dir"))
	if err != nil {
		return err
	}
	if err := fresh(dir); err != nil {
		return err
	}
	id, err := makeSecrets(dir, alg)
	if err != nil {
		return err
	}
	path := in(dir, "registry.yaml")
	if err := sealed.WriteFile(path, configText(dir, c.String("listen"), c.String("method"))); err != nil {
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
	for _, name := range []string{"registry.key", "registry.yaml", "registry.db"} {
		if _, err := os.Lstat(in(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s holds a registry already; nothing was changed", dir)
		}
	}
	return nil
}

// makeSecrets writes the admin token, the passphrase and the key sealed under it.
func makeSecrets(dir string, alg key.Algorithm) (did.DID, error) {
	passphrase, err := secret()
	if err != nil {
		return did.DID{}, err
	}
	token, err := secret()
	if err != nil {
		return did.DID{}, err
	}
	file, id, err := sealedKey(alg, passphrase)
	if err != nil {
		return did.DID{}, err
	}
	for name, data := range map[string][]byte{"admin-token": []byte(token + "\n"), "passphrase": []byte(passphrase + "\n"), "registry.key": file} {
		if err := sealed.WriteFile(in(dir, name), data); err != nil {
			return did.DID{}, err
		}
	}
	return id, nil
}

func sealedKey(alg key.Algorithm, passphrase string) ([]byte, did.DID, error) {
	private, err := key.Generate(alg, rand.Reader)
	if err != nil {
		return nil, did.DID{}, err
	}
	id, _ := didkey.FromKey(private.Public())
	plain, err := strictjson.Marshal(private.JWK())
	if err != nil {
		return nil, did.DID{}, err
	}
	salt, err := sealed.NewSalt(rand.Reader)
	if err != nil {
		return nil, did.DID{}, err
	}
	k, err := sealed.DeriveKey([]byte(passphrase), salt, sealed.DefaultParams())
	if err != nil {
		return nil, did.DID{}, err
	}
	file, err := k.Seal(keyName, plain, rand.Reader)
	return file, id, err
}

// secret returns 256 random bits as text.
func secret() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func configText(dir, listen, method string) []byte {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + ": " + strconv.Quote(value) + "\n") }
	b.WriteString("# behalf-registry; see behalf-registry serve --help\n")
	line("listen", listen)
	line("store", in(dir, "registry.db"))
	line("key", in(dir, "registry.key"))
	line("passphrase-file", in(dir, "passphrase"))
	line("admin-token-file", in(dir, "admin-token"))
	if method != "" {
		line("method", method)
	}
	b.WriteString("# tls: {cert: FILE, key: FILE}\n")
	return []byte(b.String())
}
