// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
	system "github.com/zalando/go-keyring"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

const (
	keyringService = "behalf-wallet"
	rememberedFile = "remembered" // in the folder of a wallet whose passphrase the keyring has; it holds nothing
)

// keyring keeps secrets for the user who is logged in. The methods are those of go-keyring.
type keyring interface {
	Set(service, user, secret string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

// systemKeyring is what the desktop has: the Secret Service, the Keychain, the Credential Manager.
type systemKeyring struct{}

// Set implements keyring.
func (systemKeyring) Set(service, user, secret string) error {
	return system.Set(service, user, secret)
}

// Get implements keyring.
func (systemKeyring) Get(service, user string) (string, error) { return system.Get(service, user) }

// Delete implements keyring. What is not there is gone.
func (systemKeyring) Delete(service, user string) error {
	if err := system.Delete(service, user); !errors.Is(err, system.ErrNotFound) {
		return err
	}
	return nil
}

// remembered returns the passphrase of the wallet in a folder out of the keyring, which is asked only if
// remember was used there. Where it does not answer, the person is asked as ever.
func (p *program) remembered(ctx context.Context, folder string) ([]byte, bool) {
	if _, err := os.Lstat(filepath.Join(folder, rememberedFile)); err != nil {
		return nil, false
	}
	user, err := filepath.Abs(folder)
	if err != nil {
		return nil, false
	}
	text, err := waited(ctx, func() (string, error) { return p.keyring.Get(keyringService, user) })
	if err != nil || text == "" {
		p.Complain("the keyring of this computer does not give the passphrase; forget it there with: behalf-wallet forget")
		return nil, false
	}
	return []byte(text), true
}

func (p *program) rememberCommand() *cli.Command {
	return &cli.Command{
		Name: "remember", Usage: "let the keyring of this computer keep the passphrase, so that you are not asked for it", ArgsUsage: " ",
		Description: "From then on, whoever uses your account on this computer while you are logged in can use the wallet without the passphrase. " +
			"Do it on a computer that is yours alone. Backups still need the passphrase: keep it. behalf-wallet forget takes it back.",
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			return p.remember(c)
		},
	}
}

func (p *program) remember(c *cli.Context) error {
	if err := p.mustAgree(c, "Whoever uses your account on this computer will be able to use the wallet without its passphrase. Remember it?",
		&reason.Error{Code: reason.KeyExport, Detail: "what opens your keys would be kept outside the wallet: say yes, or give --yes"}); err != nil {
		return err
	}
	v, secret, err := p.opened(c) // a wrong passphrase is not remembered
	if err != nil {
		return err
	}
	folder := v.Dir()
	if err := v.Close(); err != nil {
		return err
	}
	user, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := p.keyring.Set(keyringService, user, string(secret)); err != nil {
		return fmt.Errorf("this computer has no keyring that could be used: %w", err)
	}
	if err := sealed.WriteFile(filepath.Join(folder, rememberedFile), nil); err != nil {
		return errors.Join(err, p.keyring.Delete(keyringService, user))
	}
	return p.Say(c, map[string]any{"remembered": true, "dir": folder}, "The keyring has the passphrase. Take it back with: behalf-wallet forget")
}

func (p *program) forgetCommand() *cli.Command {
	return &cli.Command{
		Name: "forget", Usage: "take the passphrase out of the keyring of this computer again", ArgsUsage: " ",
		Description: "The wallet stays as it is, and asks for the passphrase again. It does not need the passphrase for this.",
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			return p.forget(c)
		},
	}
}

func (p *program) forget(c *cli.Context) error {
	folder, err := dir(c)
	if err != nil {
		return err
	}
	marker := filepath.Join(folder, rememberedFile)
	if _, err := os.Lstat(folder); err != nil {
		return wallet.ErrNoWallet
	}
	if _, err := os.Lstat(marker); err != nil {
		return p.Say(c, map[string]any{"remembered": false, "dir": folder}, "The keyring has no passphrase of this wallet.")
	}
	user, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := p.keyring.Delete(keyringService, user); err != nil {
		return fmt.Errorf("the keyring of this computer cannot be reached; try again when you are logged in: %w", err)
	}
	if err := sealed.RemoveFile(marker); err != nil {
		return err
	}
	return p.Say(c, map[string]any{"remembered": false, "dir": folder}, "Forgotten: the wallet asks for its passphrase again.")
}
