// SPDX-License-Identifier: Apache-2.0

// Package server is the commands that every server has: init, serve, keys, and those that work
// through a running one.
package server

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/web/metrics"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/trustframework"
)

// Role is one server's commands in one run of them.
type Role struct {
	*command.Program
	Role string // registry, issuer or gateway
}

// Load reads the settings that --config and the environment give into the struct that into points to.
func (r Role) Load(c *cli.Context, into any) error {
	return config.Load(c.String("config"), r.Role, into)
}

// Deps is what this process gives to a server, metrics excepted.
func (r Role) Deps() wire.Deps {
	return wire.Deps{Now: r.Now, Random: r.Random, Logger: r.Logger(slog.LevelInfo)}
}

// ServeCommand is serve. It names the settings, and runs what open opens until it is interrupted;
// says is what it prints once it listens, after its address.
func (r Role) ServeCommand(usage, settings string, open func(c *cli.Context, d wire.Deps) (s *wire.Server, serving any, says string, err error)) *cli.Command {
	return &cli.Command{
		Name: "serve", Usage: usage, ArgsUsage: " ",
		Description: "Settings: " + settings + ". Each can be set by BEHALF_" + strings.ToUpper(r.Role) + "_<KEY>, such as BEHALF_" +
			strings.ToUpper(r.Role) + "_TLS_CERT.\n\n" + r.example("serve"),
		Flags: []cli.Flag{command.ConfigFlag(r.Role), command.JSONFlag()},
		Action: func(c *cli.Context) (err error) {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			d := r.Deps()
			if d.Metrics, err = metrics.New(r.Role); err != nil {
				return err
			}
			s, serving, says, err := open(c, d)
			if err != nil {
				return err
			}
			if err := r.Say(c, serving, r.Name+" answers at "+s.Address()+says); err != nil {
				return errors.Join(err, s.Close())
			}
			return s.Serve(c.Context)
		},
	}
}

// example is how a command is called.
func (r Role) example(name string) string {
	return "Example:\n   " + r.Name + " " + name + " --config " + r.Role + "/" + r.Role + ".yaml"
}

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

// PartyFlags are the options of an init whose server has a place in the trust framework.
func PartyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "origin", Usage: "https `ADDRESS` by which the server is reached; its did:web is made of it, so it cannot be changed later"},
		&cli.StringFlag{Name: "name", Usage: "`NAME` that people are shown"},
		&cli.StringFlag{Name: "registry", Usage: "https `ADDRESS` of the registry"},
		&cli.StringSliceFlag{Name: "registry-key", Usage: "`DID` (did:key) of a key that signs the framework; may be repeated"},
	}
}

// Party returns what PartyFlags say, and the DID that it has.
func Party(c *cli.Context) (wire.Party, did.DID, error) {
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
