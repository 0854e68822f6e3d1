// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Files of a vault. Names say nothing about what is in them.
const (
	homeFile = "wallet.age"
	itemMark = "c-"
	itemEnd  = ".age"
)

// ErrNoWallet says that there is no wallet in the folder.
var ErrNoWallet = errors.New("wallet: there is no wallet here; make one with: behalf-wallet init")

// Settings are what a wallet trusts beside its keys: who says which issuers and services there are.
type Settings struct {
	Registry string   `json:"registry"`     // origin of the trust registry
	Trusted  []string `json:"trusted"`      // did:key of the keys that sign the framework
	CA       string   `json:"ca,omitempty"` // PEM of a private certificate authority; "" for the system's
}

// home is the content of the wallet file.
type home struct {
	Version  int       `json:"version"`
	Settings Settings  `json:"settings"`
	Keys     []key.JWK `json:"keys"`
}

// held is one credential as it lies in its file.
type held struct {
	ID       string    `json:"id"`
	Format   string    `json:"format"`
	Raw      string    `json:"raw"`
	Parents  []string  `json:"parents,omitempty"` // links above, root first
	Received time.Time `json:"received"`

	// Statement is what Raw said when it was verified on its way in, for lists and matching:
	// a thousand signatures need not be checked to show a thousand lines.
	Statement credential.Credential `json:"statement"`
}

// Vault is a wallet's folder, locked and open. Everything in it is sealed under one passphrase;
// each file is replaced as a whole, so that a crash leaves the old or the new one.
type Vault struct {
	dir    string
	key    *sealed.Key
	home   home
	random io.Reader
	unlock func() error
}

// Create makes a vault in the folder dir, which must not hold one, with a fresh holder key.
func Create(ctx context.Context, dir string, passphrase []byte, s Settings, random io.Reader) (*Vault, error) {
	if err := sealed.MakeDir(dir); err != nil {
		return nil, err
	}
	unlock, err := sealed.Lock(ctx, dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{dir: dir, random: random, unlock: unlock}
	if err := v.create(passphrase, s); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return v, nil
}

func (v *Vault) create(passphrase []byte, s Settings) error {
	if _, err := os.Lstat(v.path(homeFile)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("wallet: there is a wallet in %s already", v.dir)
	}
	salt, err := sealed.NewSalt(v.random)
	if err != nil {
		return err
	}
	if v.key, err = sealed.DeriveKey(passphrase, salt, sealed.DefaultParams()); err != nil {
		return err
	}
	holder, err := key.Generate(key.ES256, v.random)
	if err != nil {
		return err
	}
	v.home = home{Version: 1, Settings: s, Keys: []key.JWK{holder.JWK()}}
	return v.write(homeFile, v.home)
}

// Open opens the vault in the folder dir. A wrong passphrase is sealed.ErrPassphrase, a file that
// is damaged or cut short store.tampered, a folder that others can read store.permissions.
func Open(ctx context.Context, dir string, passphrase []byte, random io.Reader) (*Vault, error) {
	if _, err := os.Lstat(filepath.Join(dir, homeFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoWallet
	}
	unlock, err := sealed.Lock(ctx, dir)
	if err != nil {
		return nil, err
	}
	v := &Vault{dir: dir, random: random, unlock: unlock}
	if err := v.open(passphrase); err != nil {
		return nil, errors.Join(err, unlock())
	}
	return v, nil
}

func (v *Vault) open(passphrase []byte) error {
	raw, err := sealed.ReadFile(v.path(homeFile))
	if err != nil {
		return err
	}
	k, plain, err := sealed.Unlock(passphrase, homeFile, raw)
	if err != nil {
		return err
	}
	v.key = k
	if err := strictjson.UnmarshalClosed(plain, &v.home); err != nil || v.home.Version != 1 {
		return reason.Wrap(reason.StoreTampered, "the wallet file is of another version", err)
	}
	return nil
}

// Settings returns what the wallet trusts.
func (v *Vault) Settings() Settings { return v.home.Settings }

// Close gives the folder free.
func (v *Vault) Close() error { return v.unlock() }

// Dir returns the folder.
func (v *Vault) Dir() string { return v.dir }

func (v *Vault) path(name string) string { return filepath.Join(v.dir, name) }

func (v *Vault) write(name string, content any) error {
	plain, err := strictjson.Marshal(content)
	if err != nil {
		return err
	}
	raw, err := v.key.Seal(name, plain, v.random)
	if err != nil {
		return err
	}
	return sealed.WriteFile(v.path(name), raw)
}

// add stores h under a new id. When it returns nil the credential is durable.
func (v *Vault) add(h *held) error {
	var raw [10]byte
	if _, err := io.ReadFull(v.random, raw[:]); err != nil {
		return err
	}
	h.ID = strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
	return v.write(itemMark+h.ID+itemEnd, h)
}

// all returns every credential, oldest first.
func (v *Vault) all() ([]*held, error) {
	files, err := os.ReadDir(v.dir)
	if err != nil {
		return nil, err
	}
	var out []*held
	for _, f := range files {
		if !strings.HasPrefix(f.Name(), itemMark) || !strings.HasSuffix(f.Name(), itemEnd) {
			continue
		}
		h, err := v.read(f.Name())
		if err != nil {
			return nil, err
		}
		if out = append(out, h); len(out) > MaxCredentials {
			return nil, fmt.Errorf("wallet: more than %d credentials", MaxCredentials)
		}
	}
	slices.SortFunc(out, func(a, b *held) int {
		if c := a.Received.Compare(b.Received); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

func (v *Vault) read(name string) (*held, error) {
	raw, err := sealed.ReadFile(v.path(name))
	if err != nil {
		return nil, err
	}
	plain, err := v.key.Open(name, raw)
	if err != nil {
		return nil, err
	}
	h := new(held)
	if err := strictjson.UnmarshalClosed(plain, h); err != nil {
		return nil, reason.Wrap(reason.StoreTampered, "a credential's file cannot be read", err)
	}
	if name != itemMark+h.ID+itemEnd {
		return nil, reason.New(reason.StoreTampered, "a credential's file has another's name")
	}
	return h, nil
}

// find returns the credential whose id begins with prefix, if there is exactly one.
func (v *Vault) find(prefix string) (*held, error) {
	all, err := v.all()
	if err != nil {
		return nil, err
	}
	var found *held
	for _, h := range all {
		if prefix != "" && strings.HasPrefix(h.ID, strings.ToLower(prefix)) {
			if found != nil {
				return nil, reason.New(reason.ObjectUnknown, "more than one credential's id begins so; give more of it")
			}
			found = h
		}
	}
	if found == nil {
		return nil, reason.New(reason.ObjectUnknown, "no credential with this id; see: behalf-wallet list")
	}
	return found, nil
}

func (v *Vault) remove(h *held) error { return sealed.RemoveFile(v.path(itemMark + h.ID + itemEnd)) }
