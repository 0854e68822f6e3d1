// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const (
	ringFile   = "ring.sealed"
	suffix     = ".sealed"
	keyPrefix  = "key-"
	ringFormat = 1
)

// wireRing is the content of ring.sealed.
type wireRing struct {
	Format int       `json:"format"`
	Keys   []wireKey `json:"keys"`
}

type wireKey struct {
	ID        string    `json:"id"`
	Public    key.JWK   `json:"jwk"`
	Created   time.Time `json:"created"`
	Activates time.Time `json:"activates"`
	Retires   time.Time `json:"retires,omitzero"`
}

func keyFile(id string) string { return keyPrefix + id + suffix }

// open unlocks the ring, or makes it. Making it is done under the lock, after a second look.
func (r *Ring) open(ctx context.Context, passphrase []byte) error {
	if err := sealed.MakeDir(r.dir); err != nil {
		return err
	}
	err := r.unlock(passphrase)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	release, err := sealed.Lock(ctx, r.dir)
	if err != nil {
		return err
	}
	err = r.unlock(passphrase)
	if errors.Is(err, fs.ErrNotExist) {
		err = r.create(passphrase)
	}
	return errors.Join(err, release())
}

func (r *Ring) unlock(passphrase []byte) error {
	raw, err := sealed.ReadFile(filepath.Join(r.dir, ringFile))
	if err != nil {
		return err
	}
	seal, plain, err := sealed.Unlock(passphrase, ringFile, raw)
	if err != nil {
		return err
	}
	r.seal = seal
	if err := r.read(plain); err != nil {
		return hideAbsence(err)
	}
	return nil
}

// hideAbsence keeps a missing key file from looking like a missing ring, which would be made anew.
func hideAbsence(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return reason.New(reason.StoreTampered, "a key file is missing")
	}
	return err
}

// create makes an empty ring in a folder that holds no keys.
func (r *Ring) create(passphrase []byte) error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), keyPrefix) {
			return reason.New(reason.StoreTampered, "there are keys and no ring")
		}
	}
	salt, err := sealed.NewSalt(r.random)
	if err != nil {
		return err
	}
	if r.seal, err = sealed.DeriveKey(passphrase, salt, sealed.DefaultParams()); err != nil {
		return err
	}
	s := &state{private: map[string]*key.Private{}}
	if err := r.writeRing(s); err != nil {
		return err
	}
	r.state.Store(s)
	return nil
}

// update makes one change: it locks the folder, reads it, changes what it read, writes new keys
// first and the ring last, and removes the files of keys that are gone. An error may have come
// after the change was durable, so the folder is read again.
func (r *Ring) update(ctx context.Context, what string, change func(*state) (*state, error)) error {
	if r.seal == nil {
		return errors.New("key file: the ring was not opened")
	}
	r.change.Lock()
	defer r.change.Unlock()
	release, err := sealed.Lock(ctx, r.dir)
	if err != nil {
		return wrap(what, err)
	}
	return wrap(what, errors.Join(r.apply(change), release()))
}

func (r *Ring) apply(change func(*state) (*state, error)) error {
	if err := r.load(); err != nil {
		return err
	}
	old := r.now()
	next, err := change(old)
	if err != nil {
		return err
	}
	if err := r.write(old, next); err != nil {
		return errors.Join(err, r.load())
	}
	r.state.Store(next)
	return r.forget(old, next)
}

func (r *Ring) write(old, next *state) error {
	for _, k := range next.keys {
		if old.private[k.ID] == nil {
			if err := r.writeKey(k.ID, next.private[k.ID]); err != nil {
				return err
			}
		}
	}
	for id := range next.private {
		if !next.has(id) {
			delete(next.private, id)
		}
	}
	return r.writeRing(next)
}

func (r *Ring) forget(old, next *state) error {
	for id := range old.private {
		if next.private[id] == nil {
			if err := sealed.RemoveFile(filepath.Join(r.dir, keyFile(id))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *state) has(id string) bool {
	for _, k := range s.keys {
		if k.ID == id {
			return true
		}
	}
	return false
}

func (r *Ring) writeKey(id string, k *key.Private) error {
	plain, err := strictjson.Marshal(k.JWK())
	if err != nil {
		return err
	}
	defer clear(plain)
	return r.writeSealed(keyFile(id), plain)
}

func (r *Ring) writeRing(s *state) error {
	w := wireRing{Format: ringFormat, Keys: []wireKey{}}
	for _, k := range s.keys {
		w.Keys = append(w.Keys, wireKey{k.ID, k.Public.JWK(), k.Created, k.Activates, k.Retires})
	}
	plain, err := strictjson.Marshal(w)
	if err != nil {
		return err
	}
	return r.writeSealed(ringFile, plain)
}

func (r *Ring) writeSealed(name string, plain []byte) error {
	raw, err := r.seal.Seal(name, plain, r.random)
	if err != nil {
		return err
	}
	return sealed.WriteFile(filepath.Join(r.dir, name), raw)
}

// load reads the folder with the sealing key at hand.
func (r *Ring) load() error {
	if r.seal == nil {
		return errors.New("the ring was not opened")
	}
	plain, err := r.readSealed(ringFile)
	if err != nil {
		return hideAbsence(err)
	}
	return hideAbsence(r.read(plain))
}

// read takes the content of ring.sealed and reads the keys that it names.
func (r *Ring) read(plain []byte) error {
	var w wireRing
	if err := strictjson.UnmarshalClosed(plain, &w); err != nil {
		return reason.Wrap(reason.StoreTampered, "the ring is no ring", err)
	}
	if w.Format != ringFormat || len(w.Keys) > MaxKeys {
		return reason.New(reason.StoreTampered, "the ring is of another format")
	}
	s := &state{private: make(map[string]*key.Private, len(w.Keys))}
	for _, k := range w.Keys {
		if !fit(k.ID) || s.private[k.ID] != nil {
			return reason.New(reason.StoreTampered, "the ring names a key badly")
		}
		private, err := r.readKey(k.ID)
		if err != nil {
			return err
		}
		if private.Public().JWK() != k.Public {
			return reason.New(reason.StoreTampered, "a key is not the one that the ring names")
		}
		s.keys = append(s.keys, Key{k.ID, private.Public(), k.Created, k.Activates, k.Retires})
		s.private[k.ID] = private
	}
	r.state.Store(s)
	return nil
}

func (r *Ring) readKey(id string) (*key.Private, error) {
	plain, err := r.readSealed(keyFile(id))
	if errors.Is(err, sealed.ErrPassphrase) { // the passphrase has opened the ring
		return nil, reason.Wrap(reason.StoreTampered, "a key file is of another ring", err)
	}
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	var j key.JWK
	if err := strictjson.UnmarshalClosed(plain, &j); err != nil {
		return nil, reason.Wrap(reason.StoreTampered, "a key file holds no key", err)
	}
	private, err := j.Private(r.random)
	if err != nil {
		return nil, reason.Wrap(reason.StoreTampered, "a key file holds no key", err)
	}
	return private, nil
}

func (r *Ring) readSealed(name string) ([]byte, error) {
	raw, err := sealed.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		return nil, err
	}
	return r.seal.Open(name, raw)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("key file: %s: %w", what, err)
}
