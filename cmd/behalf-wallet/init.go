// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/qr"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) initCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a wallet with a fresh key, and pin who says which issuers and services there are",
		ArgsUsage: " ",
		Description: "Without --registry-key the registry is asked for its keys once, over https, and they are pinned: compare the " +
			"fingerprint with what its operator publishes.\n\n" +
			"Examples:\n" +
			"   behalf-wallet init --registry https://registry.example.org\n" +
			"   behalf-wallet init --registry https://localhost:8441 --ca ca.pem --dir ./tom",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "registry", Usage: "https `URL` of the trust registry"},
			&cli.StringSliceFlag{Name: "registry-key", Usage: "`DID` (did:key) that signs the framework, to pin exactly; may be repeated"},
		},
		Action: p.init,
	}
}

// made is what init says.
type made struct {
	DID          string   `json:"did"`
	Dir          string   `json:"dir"`
	Registry     string   `json:"registry"`
	Trusted      []string `json:"trusted"`
	Fingerprints []string `json:"fingerprints"`
	Pinned       string   `json:"pinned"` // "given" or "first use"
}

func (p *program) init(c *cli.Context) error {
	if err := command.NoArguments(c); err != nil {
		return err
	}
	settings, err := p.settings(c)
	if err != nil {
		return err
	}
	d, err := dir(c)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(d, "wallet.age")); err == nil {
		return explainedDir(wallet.ErrWallet, d)
	}
	m := made{Dir: d, Registry: settings.Registry, Pinned: "given"}
	if len(settings.Trusted) == 0 {
		m.Pinned = "first use"
		if settings.Trusted, err = wire.DiscoverRegistry(c.Context, settings.Registry, settings.CA, p.deps()); err != nil {
			return err
		}
	}
	if m.DID, err = p.create(c, d, settings); err != nil {
		return explainedDir(explained(err), d)
	}
	lines := []string{"Your wallet is in " + d, "Your DID: " + m.DID, "Trusted registry: " + m.Registry + " (pinned: " + m.Pinned + ")"}
	m.Trusted = settings.Trusted
	for _, key := range m.Trusted {
		m.Fingerprints = append(m.Fingerprints, command.Fingerprint(key))
		lines = append(lines, "  "+key, "  fingerprint "+command.Fingerprint(key))
	}
	return p.Say(c, m, lines...)
}

// settings reads what init is told.
func (p *program) settings(c *cli.Context) (wallet.Settings, error) {
	var s wallet.Settings
	u, err := url.Parse(c.String("registry"))
	switch {
	case c.String("registry") == "":
		return s, command.Usage("init needs --registry URL: who says which issuers and services there are")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return s, command.Usage("--registry is not an https address")
	}
	s.Registry, s.Trusted = strings.TrimSuffix(u.String(), "/"), c.StringSlice("registry-key")
	if len(s.Trusted) > 0 {
		if _, err := trustframework.TrustedKeys(s.Trusted); err != nil {
			return s, command.Usage("--registry-key is not the did:key of a key that signs")
		}
	}
	s.CA, err = ca(c)
	return s, err
}

// create makes the wallet, and the folders above it.
func (p *program) create(c *cli.Context, d string, s wallet.Settings) (id string, err error) {
	secret, err := p.newPassphrase(c)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(d)), 0o700); err != nil {
		return "", err
	}
	v, err := wallet.Create(c.Context, d, secret, s, p.Random)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	own, err := v.DID()
	return own.String(), err
}

// explainedDir adds the folder to an error about what is in it.
func explainedDir(err error, d string) error {
	if e, ok := errors.AsType[*reason.Error](err); ok && e.Code == reason.StorePermissions {
		return reason.Wrap(e.Code, d+": "+e.Detail, err)
	}
	if errors.Is(err, wallet.ErrNoWallet) {
		return errors.New(d + ": there is no wallet here; give its folder with --dir, or make one with: behalf-wallet init")
	}
	if errors.Is(err, wallet.ErrWallet) || errors.Is(err, wallet.ErrRemains) {
		return errors.New(d + ": " + firstLine(err))
	}
	return err
}

func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

func (p *program) didCommand() *cli.Command {
	return &cli.Command{
		Name: "did", Usage: "show the identifier to which credentials for you are bound", ArgsUsage: " ",
		Description: "Give it to whoever wants to pass something on to you; it is no secret. With --qr they can scan it.",
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "qr", Usage: "draw it as a QR code too"}},
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			return p.vault(c, func(v *wallet.Vault) error { return p.did(c, v) })
		},
	}
}

func (p *program) did(c *cli.Context, v *wallet.Vault) error {
	id, err := v.DID()
	if err != nil {
		return err
	}
	if c.Bool("qr") && !c.Bool("json") {
		if err := qr.Terminal(p.Out, id.String()); err != nil {
			return err
		}
	}
	return p.Say(c, map[string]string{"did": id.String()}, id.String())
}
