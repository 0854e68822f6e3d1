// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/store"
)

// releaseHolder is the holder of the wallet in testdata/release-0: two credentials, a link passed on,
// a credential of another kind, and a cache with one record, as release 0 wrote them.
const releaseHolder = "did:key:zDnaesmkbMK1AgBc6fUQn9uqynZYTTY3AwXaPx6XyornUeGR2"

// copyRelease returns a folder with the files of release 0, as a wallet has them.
func copyRelease(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "wallet")
	check(t, sealed.MakeDir(dir))
	files, err := filepath.Glob("testdata/release-0/*.age")
	check(t, err)
	if len(files) != 6 {
		t.Fatalf("%d files of release 0", len(files))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, filepath.Base(f)), raw, 0o600))
	}
	return dir
}

// asRelease looks for all that release 0 left.
func (w *town) asRelease(t *testing.T, v *Vault) *Wallet {
	t.Helper()
	held := w.over(v)
	all, bad, err := held.List(t.Context())
	check(t, err)
	passed, badRecords, err := held.PassedOn(t.Context())
	check(t, err)
	foreign, badForeign, err := held.Foreign(t.Context())
	check(t, err)
	if len(all) != 2 || len(passed) != 1 || len(foreign) != 1 || len(bad)+len(badRecords)+len(badForeign) != 0 {
		t.Fatalf("%d credentials, %d records, %d others, damaged %v %v %v", len(all), len(passed), len(foreign), bad, badRecords, badForeign)
	}
	for _, e := range all {
		if e.OnBehalfOf != principal || e.credential.Delegate.ID != releaseHolder || len(e.Allows) != 3 {
			t.Errorf("entry: %+v", e)
		}
		if _, err := held.signerOf(e.credential.Delegate.ID); err != nil {
			t.Errorf("the key of a credential: %v", err)
		}
		if _, err := held.open(t.Context(), []byte(e.held.Raw), held.pinned(e.held)); err != nil {
			t.Errorf("a credential is not whole: %v", err)
		}
	}
	return held
}

// TestReleaseOpens shows that a wallet of the release before opens, is changed, and opens again.
func TestReleaseOpens(t *testing.T) {
	w := newTown(t)
	dir := copyRelease(t)
	v, err := Open(t.Context(), dir, []byte(passphrase), rand.Reader)
	check(t, err)
	held := w.asRelease(t, v)
	cache, err := v.Cache(w.now)
	check(t, err)
	if e, err := cache.Get(t.Context(), "k"); err != nil || string(e.Value) != "v" {
		t.Errorf("the cache: %v", err)
	}
	if held.DID().String() != releaseHolder {
		t.Errorf("another holder: %v", held.DID())
	}
	_, err = held.RotateKey(t.Context())
	check(t, err)
	old, err := did.Parse(releaseHolder)
	check(t, err)
	if keys := held.Keys(); len(keys) != 2 || keys[1].DID != old || keys[1].Credentials != 3 || keys[0].Credentials != 0 {
		t.Errorf("keys: %+v", keys)
	}
	check(t, cache.Commit(t.Context(), store.Change{Entry: store.Entry{Key: "l", Value: []byte("w")}}))
	check(t, v.Close())
	if v, err = Open(t.Context(), dir, []byte(passphrase), rand.Reader); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	w.asRelease(t, v)
}

// TestReleaseUpgrades shows that the first change makes the wallet file one that release 0 refuses, before
// there is a file in the folder that it would take for damaged.
func TestReleaseUpgrades(t *testing.T) {
	dir := copyRelease(t)
	v, err := Open(t.Context(), dir, []byte(passphrase), rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = v.Close() })
	if v.home.Version != homeFirst {
		t.Fatalf("version %d", v.home.Version)
	}
	d := &brokenDisk{}
	v.disk = d.disk()
	check(t, v.add(&held{Format: "dc+sd-jwt", Raw: "raw"}))
	if len(d.names) != 2 || d.names[0] != homeFile || v.home.Version != homeVersion {
		t.Errorf("changes %v, version %d", d.names, v.home.Version)
	}
	check(t, v.add(&held{Format: "dc+sd-jwt", Raw: "raw"}))
	if len(d.names) != 3 {
		t.Errorf("changes %v", d.names)
	}
}

// TestReleaseBackup restores what release 0 exported.
func TestReleaseBackup(t *testing.T) {
	w := newTown(t)
	file, err := os.ReadFile("testdata/release-0/backup.bin")
	check(t, err)
	v, err := Import(t.Context(), filepath.Join(t.TempDir(), "new"), file, []byte("of the backup"), []byte("n"), rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = v.Close() })
	if held := w.asRelease(t, v); held.DID().String() != releaseHolder {
		t.Errorf("another holder: %v", held.DID())
	}
}
