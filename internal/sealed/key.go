// SPDX-License-Identifier: Apache-2.0

package sealed

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"

	"golang.org/x/crypto/argon2"

	"github.com/behalf-id/behalf/reason"
)

// Bounds of Params, for what we write and what we read (OWASP's floor, and a ceiling that a phone
// or a small server survives).
const (
	MinTime      = 2
	MaxTime      = 10
	MinMemoryKiB = 19 << 10 // 19 MiB
	MaxMemoryKiB = 1 << 20  // 1 GiB
	MinThreads   = 1
	MaxThreads   = 16
)

// Params is the cost of deriving a key with argon2id (RFC 9106 §3.1). The zero Params is refused.
type Params struct {
	Time      uint32 // passes over the memory
	MemoryKiB uint32 // memory in KiB
	Threads   uint8  // lanes
}

// DefaultParams is 3 passes over 64 MiB in 4 lanes, RFC 9106's choice for where memory is short.
func DefaultParams() Params { return Params{Time: 3, MemoryKiB: 64 << 10, Threads: 4} }

// check refuses a cost outside the bounds as store.kdf_limits.
func (p Params) check() error {
	if p.Time < MinTime || p.Time > MaxTime || p.MemoryKiB < MinMemoryKiB || p.MemoryKiB > MaxMemoryKiB ||
		p.Threads < MinThreads || p.Threads > MaxThreads {
		return reason.New(reason.StoreKDFLimits, "the cost of the passphrase is outside its bounds")
	}
	return nil
}

// Key seals and opens many files after one derivation. It is safe for concurrent use. The zero
// Key refuses both.
type Key struct {
	salt   [SaltSize]byte
	params Params
	secret []byte // 32 bytes out of argon2id; nil in the zero Key
}

// NewSalt returns SaltSize bytes of random, for DeriveKey.
func NewSalt(random io.Reader) ([]byte, error) {
	if random == nil {
		return nil, errors.New("sealed: no randomness was given")
	}
	salt := make([]byte, SaltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	return salt, nil
}

// DeriveKey stretches passphrase with salt at the cost p, once. It takes about 0.1 s and
// p.MemoryKiB of memory at the default cost. A cost outside the bounds is store.kdf_limits.
func DeriveKey(passphrase, salt []byte, p Params) (*Key, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if len(passphrase) == 0 || len(passphrase) > MaxPassphrase {
		return nil, errors.New("sealed: a passphrase has 1 to 1024 bytes")
	}
	if len(salt) != SaltSize {
		return nil, errors.New("sealed: a salt has 16 bytes")
	}
	k := &Key{params: p, secret: argon2.IDKey(passphrase, salt, p.Time, p.MemoryKiB, p.Threads, 32)}
	copy(k.salt[:], salt)
	return k, nil
}

// String keeps the key out of logs.
func (k *Key) String() string { return "[secret]" }

// GoString keeps the key out of logs.
func (k *Key) GoString() string { return "[secret]" }

func (k *Key) usable() error {
	if k == nil || len(k.secret) == 0 {
		return errors.New("sealed: the key was not derived")
	}
	return nil
}

// wrapKey is the key that wraps one file's key: fresh for each nonce, and bound to the name.
func (k *Key) wrapKey(nonce []byte, name string) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, nonce, stanzaType+"/wrap/"+name, 32)
}

// mark is what a file says of its passphrase. It shows nothing that the wrapped key beside it does not:
// either tests a guess, and a guess costs a derivation.
func (k *Key) mark(nonce []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, k.secret, nonce, stanzaType+"/mark", markSize)
}

func (k *Key) marked(nonce, mark []byte) error {
	own, err := k.mark(nonce)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(own, mark) != 1 {
		return ErrPassphrase
	}
	return nil
}
