// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"errors"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestRotate shows that what is held works on under the key it was issued to, and what comes is bound to
// the new one.
func TestRotate(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	held := w.over(v)
	old := w.receive(held)
	_, record := passOn(t, held, old, w.wallet(), Permitted{"appointments", []string{"view"}})
	before := held.DID()
	after, err := held.RotateKey(t.Context())
	check(t, err)
	if after == before || held.DID() != after {
		t.Fatalf("%v, then %v", before, held.DID())
	}
	fresh := w.receive(held)
	if old.credential.Delegate.ID != before.String() || fresh.credential.Delegate.ID != after.String() {
		t.Error("bound to the wrong key")
	}
	for _, keys := range [][]HolderKey{held.Keys(), w.again(held).Keys()} {
		if len(keys) != 2 || !keys[0].InUse || keys[1].InUse || keys[0].DID != after || keys[0].Credentials != 1 || keys[1].Credentials != 2 {
			t.Errorf("keys: %+v", keys)
		}
	}
	if _, second := passOn(t, held, old, w.wallet(), Permitted{"appointments", []string{"view"}}); second.By != before.String() {
		t.Errorf("passed on by %s", second.By)
	}
	if _, err := held.TakeBack(t.Context(), record.ID); err != nil {
		t.Errorf("taken back under the old key: %v", err)
	}
	for _, e := range []*Entry{old, fresh} {
		s, err := held.signerOf(e.credential.Delegate.ID)
		check(t, err)
		if s.Method.DID().String() != e.credential.Delegate.ID {
			t.Error("another key")
		}
	}
	_, err = held.signerOf(w.wallet().DID().String())
	want(t, err, reason.ObjectUnknown)
}

// TestDropKey shows that no key is dropped on which something depends.
func TestDropKey(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e := w.receive(held)
	first := held.DID()
	want(t, held.DropKey(t.Context(), first), reason.CLIArgs)
	_, err := held.RotateKey(t.Context())
	check(t, err)
	want(t, held.DropKey(t.Context(), first), reason.CLIArgs)
	want(t, held.DropKey(t.Context(), w.wallet().DID()), reason.ObjectUnknown)
	want(t, held.DropKey(t.Context(), did.DID{}), reason.ObjectUnknown)
	check(t, held.Remove(t.Context(), e.ID))
	check(t, held.DropKey(t.Context(), first))
	if keys := w.again(held).Keys(); len(keys) != 1 || keys[0].DID != held.DID() {
		t.Errorf("keys: %+v", keys)
	}
	for len(held.Keys()) < MaxKeys {
		_, err := held.RotateKey(t.Context())
		check(t, err)
	}
	_, err = held.RotateKey(t.Context())
	want(t, err, reason.StorageFull)
}

// TestRotateIsCutShort: a key that is not durable is never used.
func TestRotateIsCutShort(t *testing.T) {
	w := newTown(t)
	for _, after := range []bool{false, true} {
		v := newVault(t)
		held := w.over(v)
		before := held.DID()
		v.disk = (&brokenDisk{n: 1, after: after}).disk()
		if _, err := held.RotateKey(t.Context()); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
		if held.DID() != before || len(held.Keys()) != 1 {
			t.Error("a key is used that may be gone after a crash")
		}
		next, err := reopened(t, v, passphrase)
		check(t, err)
		opened := w.over(next)
		if _, err := opened.signerOf(before.String()); err != nil {
			t.Errorf("the key before is gone: %v", err)
		}
	}
}

// TestKeyOfADamagedFile: what cannot be read may depend on any key.
func TestKeyOfADamagedFile(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	held := w.over(v)
	first := held.DID()
	_, err := held.RotateKey(t.Context())
	check(t, err)
	check(t, v.disk.write(v.path(heldMark+"aaaaaaaaaaaaaaaa"+itemEnd), []byte("damaged")))
	want(t, held.DropKey(t.Context(), first), reason.CLIArgs)
	check(t, v.disk.remove(v.path(heldMark+"aaaaaaaaaaaaaaaa"+itemEnd)))
	check(t, held.DropKey(t.Context(), first))
}

// TestCopyKey: the key of a copy lies with it, and is found once it was looked at.
func TestCopyKey(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	held := w.over(v)
	e := w.receive(held)
	k, err := key.Generate(key.ES256, rand.Reader)
	check(t, err)
	jwk := k.JWK()
	s, err := v.signerFor(jwk)
	check(t, err)
	copied := *e.held
	copied.Key, copied.Statement.Delegate[0] = &jwk, s.Method.DID().String()
	check(t, v.add(&copied))
	again := w.again(held)
	_, _, err = again.List(t.Context())
	check(t, err)
	got, err := again.signerOf(copied.Statement.Delegate[0])
	check(t, err)
	if got.Method != s.Method || len(again.Keys()) != 1 {
		t.Error("another key, or one too many")
	}
}
