// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// The environment of the command.
const (
	envPassphrase = "BEHALF_WALLET_PASSPHRASE"
	envBackup     = "BEHALF_WALLET_BACKUP_PASSPHRASE"
	envAccessible = "BEHALF_ACCESSIBLE"
)

func errPassphrase() error { return sealed.ErrPassphrase }
func errLocked() error     { return sealed.ErrLocked }

// dir returns the wallet's folder.
func dir(c *cli.Context) (string, error) {
	if d := c.String("dir"); d != "" {
		return d, nil
	}
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "behalf-wallet"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", command.Usage("there is no home directory: give --dir")
	}
	return filepath.Join(home, ".local", "share", "behalf-wallet"), nil
}

// ca returns the content of --ca, "" if it is not given.
func ca(c *cli.Context) (string, error) {
	path := c.String("ca")
	if path == "" {
		return "", nil
	}
	raw, err := readFile(path, 1<<20)
	return string(raw), err
}

// readFile reads a file that a person named.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, errors.Unwrap(err))
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s is too large", path)
	}
	return raw, err
}

// opened returns the open vault, which the caller closes, and its passphrase.
func (p *program) opened(c *cli.Context) (*wallet.Vault, []byte, error) {
	d, err := dir(c)
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Lstat(d); err != nil {
		return nil, nil, explainedDir(wallet.ErrNoWallet, d)
	}
	secret, err := p.passphrase(c, d)
	if err != nil {
		return nil, nil, err
	}
	v, err := wallet.Open(c.Context, d, secret, p.Random)
	if err != nil {
		return nil, nil, explainedDir(explained(err), d)
	}
	return v, secret, nil
}

// vault runs do with the open vault.
func (p *program) vault(c *cli.Context, do func(v *wallet.Vault) error) (err error) {
	v, _, err := p.opened(c)
	if err != nil {
		return err
	}
	keepMark(v)
	defer func() { err = errors.Join(err, p.warnOfOld(v), v.Close()) }()
	return do(v)
}

// walletOpener is how a wallet is put together: with or without a network.
type walletOpener func(ctx context.Context, v *wallet.Vault, ca string, d wire.Deps) (*wire.OpenedWallet, error)

// wallet runs do with the wallet, which open makes of its vault.
func (p *program) wallet(c *cli.Context, open walletOpener, do func(w *wallet.Wallet) error) error {
	private, err := ca(c)
	if err != nil {
		return err
	}
	return p.vault(c, func(v *wallet.Vault) error {
		w, err := open(c.Context, v, private, p.deps())
		if err != nil {
			return err
		}
		defer w.Close()
		return do(w.Wallet)
	})
}

func (p *program) deps() wire.Deps {
	return wire.Deps{Now: p.Now, Random: p.Random, Logger: slog.New(slog.DiscardHandler)}
}

// agree asks a question. Without anybody to ask, the command as it was written is the answer.
func (p *program) agree(c *cli.Context, question string) error {
	if c.Bool("yes") || !p.person.there() {
		return nil
	}
	ok, err := p.person.agrees(c.Context, question)
	if err == nil && !ok {
		err = errors.New("declined; nothing was done")
	}
	return err
}

// agreeTo shows lines and asks a question about them. Without anybody to ask, the command as it was written is
// the answer; the lines are shown all the same.
func (p *program) agreeTo(c *cli.Context, lines []string, question string) error {
	if c.Bool("yes") || !p.person.there() {
		return p.Show(lines...)
	}
	ok, err := p.person.reads(c.Context, lines, question)
	if err == nil && !ok {
		err = errors.New("declined; nothing was done")
	}
	return err
}

// mustAgree is agree where a script has to say so with --yes.
func (p *program) mustAgree(c *cli.Context, question string, otherwise *reason.Error) error {
	if c.Bool("yes") {
		return nil
	}
	if !p.person.there() {
		return otherwise
	}
	ok, err := p.person.agrees(c.Context, question)
	if err == nil && !ok {
		err = otherwise
	}
	return err
}
