// SPDX-License-Identifier: Apache-2.0

package sealed

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// The one stanza of a header is
//
//	-> behalf.id/argon2id SALT TIME MEMORY THREADS NONCE MARK SUM
//	WRAPPED
//
// SALT, NONCE, MARK and SUM are base64 without padding, the numbers plain decimal. The file key is
// wrapped by ChaCha20-Poly1305 under HKDF-SHA-256(argon2id(passphrase, SALT), NONCE, name). MARK
// comes from the same secret and tells a wrong passphrase; SUM is a SHA-256 over all the rest of
// the stanza and tells damage, so that the two are never mistaken for one another. SUM guards
// against accidents alone; against forgery there are the wrap and age's own header MAC.
const (
	stanzaType = "behalf.id/argon2id"
	stanzaArgs = 7
	nonceSize  = 16
	markSize   = 8
	sumSize    = 16
	fileKey    = 16 // bytes in age's file key
)

// recipient wraps the file key of a file that is being sealed.
type recipient struct {
	key    *Key
	name   string
	random io.Reader
}

// Wrap implements age.Recipient.
func (r *recipient) Wrap(file []byte) ([]*age.Stanza, error) {
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(r.random, nonce); err != nil {
		return nil, err
	}
	mark, err := r.key.mark(nonce)
	if err != nil {
		return nil, err
	}
	wrap, err := r.key.wrapKey(nonce, r.name)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(wrap)
	if err != nil {
		return nil, err
	}
	p := r.key.params
	s := &age.Stanza{Type: stanzaType, Args: []string{
		encode(r.key.salt[:]), decimal(uint64(p.Time)), decimal(uint64(p.MemoryKiB)), decimal(uint64(p.Threads)),
		encode(nonce), encode(mark),
	}}
	// The nonce may be zero because the key is fresh: it comes out of a random one.
	s.Body = aead.Seal(nil, make([]byte, chacha20poly1305.NonceSize), file, nil)
	s.Args = append(s.Args, encode(sum(s.Args, s.Body)))
	return []*age.Stanza{s}, nil
}

// WrapWithLabels implements age.RecipientWithLabels. Its random label keeps every other recipient
// out of the file: who opens it by passphrase knows that it was sealed by the passphrase.
func (r *recipient) WrapWithLabels(file []byte) ([]*age.Stanza, []string, error) {
	s, err := r.Wrap(file)
	return s, []string{rand.Text()}, err
}

// lock unwraps the file key of a file that is being opened, with a key, or with a passphrase that
// it then derives the key from. It keeps the reason why it did not, past what age makes of it.
type lock struct {
	name       string
	passphrase []byte
	key        *Key
	err        error
}

// Unwrap implements age.Identity. Every error of it is final.
func (l *lock) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	file, err := l.unwrap(stanzas)
	l.err = err
	if err != nil {
		return nil, errors.New("sealed: not opened")
	}
	return file, nil
}

func (l *lock) unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 {
		return nil, tampered("the file does not have exactly one recipient", nil)
	}
	h, err := parseStanza(stanzas[0])
	if err != nil {
		return nil, err
	}
	if err := l.derive(h); err != nil {
		return nil, err
	}
	if err := l.key.marked(h.nonce, h.mark); err != nil {
		return nil, err
	}
	wrap, err := l.key.wrapKey(h.nonce, l.name)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(wrap)
	if err != nil {
		return nil, err
	}
	file, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), h.wrapped, nil)
	if err != nil {
		return nil, tampered("the file was sealed for another name, or altered", err)
	}
	return file, nil
}

// derive makes the key that the header asks for, or checks that the one at hand is it.
func (l *lock) derive(h header) error {
	if l.key == nil {
		key, err := DeriveKey(l.passphrase, h.salt, h.params)
		l.key = key
		return err
	}
	if string(h.salt) != string(l.key.salt[:]) || h.params != l.key.params {
		return tampered("the file was sealed under another salt", nil)
	}
	return nil
}

// header is a stanza that was read.
type header struct {
	salt, nonce, mark, wrapped []byte
	params                     Params
}

// parseStanza reads a stanza in its one form, checks its sum and then the bounds of its cost.
func parseStanza(s *age.Stanza) (header, error) {
	if s.Type != stanzaType || len(s.Args) != stanzaArgs || len(s.Body) != fileKey+chacha20poly1305.Overhead {
		return header{}, tampered("the file's recipient is not a passphrase of ours", nil)
	}
	last := len(s.Args) - 1
	given, ok := decode(s.Args[last], sumSize)
	if !ok || subtle.ConstantTimeCompare(given, sum(s.Args[:last], s.Body)) != 1 {
		return header{}, tampered("the file's header is damaged", nil)
	}
	h := header{wrapped: s.Body}
	var good [6]bool
	h.salt, good[0] = decode(s.Args[0], SaltSize)
	h.params.Time, good[1] = number[uint32](s.Args[1], 32)
	h.params.MemoryKiB, good[2] = number[uint32](s.Args[2], 32)
	h.params.Threads, good[3] = number[uint8](s.Args[3], 8)
	h.nonce, good[4] = decode(s.Args[4], nonceSize)
	h.mark, good[5] = decode(s.Args[5], markSize)
	if good != [6]bool{true, true, true, true, true, true} {
		return header{}, tampered("the file's header is malformed", nil)
	}
	return h, h.params.check()
}

// sum is a checksum over the stanza's arguments, none of which can hold a space, and its body.
func sum(args []string, body []byte) []byte {
	d := sha256.New()
	d.Write([]byte(stanzaType + " " + strings.Join(args, " ") + "\n"))
	d.Write(body)
	return d.Sum(nil)[:sumSize]
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// decode reads canonical base64 of exactly size bytes.
func decode(s string, size int) ([]byte, bool) {
	if len(s) != base64.RawStdEncoding.EncodedLen(size) {
		return nil, false
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	return b, err == nil && len(b) == size
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// number reads plain decimal without sign or leading zeros. A number too large for its type is read as
// the type's largest, which the bounds of Params refuse by their own name.
func number[T uint32 | uint8](s string, bits int) (T, bool) {
	n, err := strconv.ParseUint(s, 10, bits)
	if errors.Is(err, strconv.ErrRange) {
		return ^T(0), true
	}
	return T(n), err == nil && decimal(n) == s
}
