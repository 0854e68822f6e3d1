// SPDX-License-Identifier: Apache-2.0

// Package sealed keeps bytes at rest under a passphrase.
package sealed

import (
	"context"
	"errors"
	"io"
)

// Params is the cost of deriving a key with argon2id (RFC 9106).
type Params struct {
	Time      uint32 // passes
	MemoryKiB uint32 // memory in KiB
	Threads   uint8  // lanes
}

// ErrPassphrase says that a file is whole and the passphrase is not the one it was sealed under.
var ErrPassphrase = errors.New("sealed: the passphrase is wrong")

// ErrLocked says that another process holds the folder's lock.
var ErrLocked = errors.New("sealed: the folder is in use")

// DefaultParams is 3 passes over 64 MiB in 4 lanes.
func DefaultParams() Params { return Params{3, 64 << 10, 4} }

// Key seals and opens many files after one derivation. The zero Key refuses both.
type Key struct{}

// NewSalt returns a salt for DeriveKey.
func NewSalt(rand io.Reader) ([]byte, error) { return nil, nil }

// DeriveKey spends the cost p once.
func DeriveKey(passphrase, salt []byte, p Params) (*Key, error) { return nil, nil }

// Unlock derives the key that a sealed file was sealed under, out of the salt and cost that it
// records, and opens it.
func Unlock(passphrase []byte, name string, sealed []byte) (key *Key, plain []byte, err error) {
	return nil, nil, ErrPassphrase
}

// Seal seals plain under the key and for the name: it opens only under the same two.
func (k *Key) Seal(name string, plain []byte, rand io.Reader) ([]byte, error) { return nil, nil }

// Open returns what Seal sealed for name.
func (k *Key) Open(name string, sealed []byte) ([]byte, error) { return nil, ErrPassphrase }

// Seal seals plain under a passphrase, with DefaultParams and a fresh salt.
func Seal(passphrase, plain []byte, rand io.Reader) ([]byte, error) { return nil, nil }

// Open returns what Seal sealed.
func Open(passphrase, sealed []byte) ([]byte, error) { return nil, ErrPassphrase }

// MakeDir makes the folder at path for its owner alone, or checks that it is that already.
func MakeDir(path string) error { return nil }

// WriteFile replaces the file at path in one step.
func WriteFile(path string, data []byte) error { return nil }

// ReadFile returns the content of the file at path.
func ReadFile(path string) ([]byte, error) { return nil, nil }

// RemoveFile removes the file at path, durably.
func RemoveFile(path string) error { return nil }

// Lock takes the lock of the folder dir.
func Lock(ctx context.Context, dir string) (unlock func() error, err error) { return nil, ErrLocked }
