// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// homeFile makes a folder a wallet. The names of the files say nothing about what is in them.
const homeFile = "wallet.age"

const (
	homeVersion = 2
	homeFirst   = 1 // of release 0: its files have no numbers
)

// Errors of a folder.
var (
	// ErrNoWallet says that there is no wallet in the folder.
	ErrNoWallet = errors.New("there is no wallet here; make one with: behalf-wallet init")
	// ErrWallet says that the folder holds a wallet already.
	ErrWallet = errors.New("there is a wallet here already; nothing was changed")
	// ErrRemains says that the folder holds credentials, but not the wallet file without which they are of no use.
	ErrRemains = errors.New("the folder holds credentials without their wallet file (wallet.age); put that back, or use an empty folder")
)

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
	Keys     []key.JWK `json:"keys"` // the first is the holder's key in use

	Names map[string]string `json:"names,omitempty"` // what the holder calls those they act for, by id
}

// Vault is a wallet's folder, locked and open. Everything in it is sealed under one passphrase;
// each file is replaced as a whole, so that a crash leaves the old or the new one. It is for one
// caller at a time, and Close gives the folder free.
type Vault struct {
	dir    string
	key    *sealed.Key
	home   home
	random io.Reader
	unlock func() error
	disk   disk

	changes changes
}

// disk is what a vault changes in its folder, so that a test can make each step fail.
type disk struct {
	write  func(path string, data []byte) error
	remove func(path string) error
}

func realDisk() disk { return disk{sealed.WriteFile, sealed.RemoveFile} }

// Create makes a vault in the folder dir with a fresh holder key, and leaves one that is there as it
// is: ErrWallet. It makes the folder itself, and none above it.
func Create(ctx context.Context, dir string, passphrase []byte, s Settings, random io.Reader) (*Vault, error) {
	v, err := begin(ctx, dir, passphrase, random)
	if err != nil {
		return nil, err
	}
	return v.or(v.create(s))
}

// begin locks the folder dir, which must not hold a wallet, and derives a key for one.
func begin(ctx context.Context, dir string, passphrase []byte, random io.Reader) (*Vault, error) {
	if err := sealed.MakeDir(dir); err != nil {
		return nil, full(err)
	}
	unlock, err := sealed.Lock(ctx, dir)
	if err != nil {
		return nil, full(err)
	}
	v := &Vault{dir: dir, random: random, unlock: unlock, disk: realDisk()}
	return v.or(v.derive(passphrase))
}

func (v *Vault) derive(passphrase []byte) error {
	if _, err := os.Lstat(v.path(homeFile)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(ErrWallet, err)
	}
	salt, err := sealed.NewSalt(v.random)
	if err != nil {
		return err
	}
	v.key, err = sealed.DeriveKey(passphrase, salt, sealed.DefaultParams())
	return err
}

// or returns v, or gives its folder free if there is an error.
func (v *Vault) or(err error) (*Vault, error) {
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *Vault) create(s Settings) error {
	names, err := v.names("")
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return ErrRemains
	}
	holder, err := key.Generate(key.ES256, v.random)
	if err != nil {
		return err
	}
	v.home = home{Version: homeVersion, Settings: s, Keys: []key.JWK{holder.JWK()}}
	return v.write(homeFile, v.home)
}

// setKeys replaces the holder keys. When it returns nil they are durable.
func (v *Vault) setKeys(keys []key.JWK) error {
	next := v.home
	next.Version, next.Keys = homeVersion, keys
	if err := v.write(homeFile, next); err != nil {
		return err
	}
	v.home = next
	return nil
}

// Open opens the vault in the folder dir. A folder without one is ErrNoWallet, a wrong passphrase
// sealed.ErrPassphrase, one in use by another process sealed.ErrLocked, a wallet file that is damaged
// or cut short store.tampered, a folder or file that others can read store.permissions.
func Open(ctx context.Context, dir string, passphrase []byte, random io.Reader) (*Vault, error) {
	if random == nil {
		return nil, errors.New("wallet: no randomness was given")
	}
	if _, err := os.Lstat(filepath.Join(dir, homeFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoWallet
	}
	unlock, err := sealed.Lock(ctx, dir)
	if err != nil {
		return nil, full(err)
	}
	v := &Vault{dir: dir, random: random, unlock: unlock, disk: realDisk()}
	return v.or(v.open(passphrase))
}

func (v *Vault) open(passphrase []byte) error {
	raw, err := sealed.ReadFile(v.path(homeFile))
	if err != nil {
		return err
	}
	k, plain, err := sealed.Unlock(passphrase, homeFile, raw)
	if reason.Of(err) == reason.StoreTampered {
		return reason.Wrap(reason.StoreTampered, "the wallet file is damaged or cut short; restore it, or import a backup into another folder", err)
	}
	if err != nil {
		return err
	}
	v.key = k
	number, content, err := unform(plain)
	if err != nil {
		return err
	}
	v.changes.read(homeFile, number)
	return v.home.read(content)
}

// read reads a wallet file, as create wrote it or release 0 did.
func (h *home) read(plain []byte) error {
	if err := strictjson.UnmarshalClosed(plain, h); err != nil || !h.whole() {
		return reason.Wrap(reason.StoreTampered, "the wallet file is of another version", err)
	}
	return nil
}

func (h *home) whole() bool {
	return h.Version >= homeFirst && h.Version <= homeVersion && len(h.Keys) > 0 && len(h.Keys) <= MaxKeys
}

// Settings returns what the wallet trusts.
func (v *Vault) Settings() Settings { return v.home.Settings }

// Dir returns the folder.
func (v *Vault) Dir() string { return v.dir }

// DID returns the identifier to which new credentials of this wallet are bound.
func (v *Vault) DID() (did.DID, error) {
	s, err := v.signerFor(v.home.Keys[0])
	return s.Method.DID(), err
}

// Close brings the mark up to date and gives the folder free. The vault is not used after it.
func (v *Vault) Close() error {
	v.saveMark()
	return v.unlock()
}

func (v *Vault) path(name string) string { return filepath.Join(v.dir, name) }

// write seals content as the file called name. When it returns nil the file is durable.
func (v *Vault) write(name string, content any) error {
	plain, err := strictjson.Marshal(content)
	if err != nil {
		return err
	}
	return v.writePlain(name, plain)
}

func (v *Vault) writePlain(name string, content []byte) error {
	if v.home.Version == homeFirst && name != homeFile { // so that release 0 leaves alone what it cannot read
		if err := v.setKeys(v.home.Keys); err != nil {
			return err
		}
	}
	number := v.changes.next()
	raw, err := v.key.Seal(name, form(number, content), v.random)
	if err != nil {
		return err
	}
	if err := full(v.disk.write(v.path(name), raw)); err != nil {
		return err
	}
	v.changes.wrote(name, number)
	return nil
}

// remove removes the file called name. When it returns nil the removal is durable.
func (v *Vault) remove(name string) error {
	v.leaves(name)
	return full(v.disk.remove(v.path(name)))
}

// readPlain opens the file called name.
func (v *Vault) readPlain(name string) ([]byte, error) {
	raw, err := sealed.ReadFile(v.path(name))
	if err != nil {
		return nil, err
	}
	plain, err := v.key.Open(name, raw)
	if err != nil {
		return nil, err
	}
	number, content, err := unform(plain)
	if err != nil {
		return nil, err
	}
	v.changes.read(name, number)
	return content, nil
}

// full names an error of a disk without space, and says what to do.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return reason.Wrap(reason.StorageFull, "the disk is full; make some space and try again", err)
	}
	return err
}
