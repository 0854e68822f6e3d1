// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", Aliases: []string{"backup"}, Usage: "write a backup of the whole wallet, keys included", ArgsUsage: "FILE",
		Description: "The backup is sealed under the wallet's passphrase, or under $BEHALF_WALLET_BACKUP_PASSPHRASE. " +
			"Whoever has both can act in your name.",
		Action: func(c *cli.Context) error {
			path, err := command.OneArgument(c, "FILE")
			if err != nil {
				return err
			}
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return command.Usage("%s is there already; choose another FILE", path)
			}
			if err := p.mustAgree(c, "The backup holds your keys: whoever opens it can act in your name. Write it?",
				&reason.Error{Code: reason.KeyExport, Detail: "your keys would leave the wallet: say yes, or give --yes"}); err != nil {
				return err
			}
			return p.export(c, path)
		},
	}
}

func (p *program) export(c *cli.Context, path string) error {
	v, secret, err := p.opened(c)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	if own := os.Getenv(envBackup); own != "" {
		secret = []byte(own)
	}
	file, err := v.Export(secret)
	if err != nil {
		return err
	}
	if err := create(path, file); err != nil {
		return err
	}
	return p.Say(c, map[string]any{"out": path, "bytes": len(file)}, "Written to "+path+". Keep it in another place than your passphrase.")
}

func (p *program) importCommand() *cli.Command {
	return &cli.Command{
		Name: "import", Aliases: []string{"restore"}, Usage: "make a wallet out of a backup, in a folder without one; or keep what another wallet held", ArgsUsage: "FILE",
		Description: "The new wallet has the passphrase of the backup, unless that is in $BEHALF_WALLET_BACKUP_PASSPHRASE. " +
			"With --aries, FILE is of another wallet, and this wallet has to be there; behalf-aries-import, a program that is built from interop/aries, " +
			"must stand beside this one or in PATH.\n\n" +
			"Example:\n   behalf-wallet import --aries --dir tom contents.json",
		Flags: ariesFlags(),
		Action: func(c *cli.Context) error {
			path, err := command.OneArgument(c, "FILE")
			if err != nil {
				return err
			}
			switch {
			case c.Bool("aries"):
				return p.importAries(c, path)
			case c.IsSet("context"):
				return command.Usage("--context goes with --aries")
			}
			file, err := readFile(path, wallet.MaxBackup)
			if err != nil {
				return err
			}
			d, err := dir(c)
			if err != nil {
				return err
			}
			id, err := p.restore(c, d, file)
			if err != nil {
				return explainedDir(explained(err), d)
			}
			return p.Say(c, map[string]string{"did": id, "dir": d}, "The wallet is in "+d, "Your DID: "+id)
		},
	}
}

func (p *program) restore(c *cli.Context, d string, file []byte) (id string, err error) {
	secret, ok, err := p.given(c)
	if !ok && err == nil {
		secret, err = p.prompted(c.Context, "Passphrase of the backup:")
	}
	if err != nil {
		return "", err
	}
	from := secret
	if own := os.Getenv(envBackup); own != "" {
		from = []byte(own)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(d)), 0o700); err != nil {
		return "", err
	}
	v, err := wallet.Import(c.Context, d, file, from, secret, p.Random)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	own, err := v.DID()
	return own.String(), err
}
