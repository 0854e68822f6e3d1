// SPDX-License-Identifier: Apache-2.0

// Package sealed keeps bytes at rest under a passphrase, as age v1 files whose one recipient is
// a passphrase stretched by argon2id.
//
// Damage and a wrong passphrase are told apart: a file that is not whole is store.tampered, whoever
// asks, and only a whole file answers ErrPassphrase. A file opens under the name it was sealed for
// and no other, so that two files of one folder cannot change places.
package sealed

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"

	"github.com/behalf-id/behalf/reason"
)

// Bounds of what is sealed.
const (
	MaxPlain      = 16 << 20 // bytes that Seal takes
	MaxSealed     = MaxPlain + MaxPlain/1024 + 4096
	MaxPassphrase = 1024 // bytes in a passphrase; at least one is needed
	MaxName       = 255  // bytes in the name that a file is sealed for
	SaltSize      = 16   // bytes in a salt
)

// ErrPassphrase says that a file is whole and the passphrase is not the one it was sealed under.
var ErrPassphrase = errors.New("sealed: the passphrase is wrong")

// Seal seals plain under passphrase, with DefaultParams and a fresh salt out of random, which is
// crypto/rand.Reader outside tests. What it returns is for one file that stands alone, such as an
// export; for a folder of files derive a Key once.
func Seal(passphrase, plain []byte, random io.Reader) ([]byte, error) {
	salt, err := NewSalt(random)
	if err != nil {
		return nil, err
	}
	key, err := DeriveKey(passphrase, salt, DefaultParams())
	if err != nil {
		return nil, err
	}
	return key.Seal("", plain, random)
}

// Open returns what Seal sealed. Errors: ErrPassphrase, store.tampered, store.kdf_limits.
func Open(passphrase, sealed []byte) ([]byte, error) {
	_, plain, err := Unlock(passphrase, "", sealed)
	return plain, err
}

// Unlock derives the key that sealed was sealed under, out of the salt and cost that it records,
// and opens it. The key opens every other file of the same salt without a second derivation.
// A cost outside the bounds of Params is store.kdf_limits, before any of it is spent.
func Unlock(passphrase []byte, name string, sealed []byte) (key *Key, plain []byte, err error) {
	l := &lock{name: name, passphrase: passphrase}
	plain, err = open(l, sealed)
	if err != nil {
		return nil, nil, err
	}
	return l.key, plain, nil
}

// Seal seals plain under the key for the file called name: it opens only under the same two.
// random is crypto/rand.Reader outside tests. The age library draws the file's own key and nonce
// from the system's randomness, whatever random is.
func (k *Key) Seal(name string, plain []byte, random io.Reader) ([]byte, error) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	if len(plain) > MaxPlain || len(name) > MaxName || random == nil {
		return nil, errors.New("sealed: more than MaxPlain bytes, too long a name, or no randomness")
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, &recipient{key: k, name: name, random: random})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Open returns what Seal sealed for name. A file that was sealed under another salt or cost, or
// for another name, is store.tampered; ErrPassphrase means that the key was derived from another
// passphrase with the same salt.
func (k *Key) Open(name string, sealed []byte) ([]byte, error) {
	if err := k.usable(); err != nil {
		return nil, err
	}
	return open(&lock{name: name, key: k}, sealed)
}

// open returns the whole plain text or none of it.
func open(l *lock, sealed []byte) ([]byte, error) {
	if len(sealed) > MaxSealed {
		return nil, tampered("the file is larger than any that was sealed", nil)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), l)
	if err != nil {
		if l.err != nil {
			return nil, l.err
		}
		return nil, tampered("the file's header is damaged", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, tampered("the file is damaged", err)
	}
	return plain, nil
}

func tampered(detail string, err error) error { return reason.Wrap(reason.StoreTampered, detail, err) }
