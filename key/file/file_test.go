// SPDX-License-Identifier: Apache-2.0

package file_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/reason"
)

var passphrase = []byte("correct horse")

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func open(t testing.TB, dir string) *file.Ring {
	t.Helper()
	r, err := file.Open(t.Context(), dir, passphrase, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func folder(t testing.TB) string { return filepath.Join(t.TempDir(), "keys") }

func generate(t testing.TB, r *file.Ring, alg key.Algorithm, id string) {
	t.Helper()
	if err := r.Generate(t.Context(), alg, id, noon(), noon()); err != nil {
		t.Fatal(err)
	}
}

func active(t testing.TB, r *file.Ring, alg key.Algorithm, at time.Time) string {
	t.Helper()
	_, id, err := r.Active(alg, at)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestKeysSurvive(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	if len(r.Keys()) != 0 {
		t.Error("a new ring has keys")
	}
	if _, _, err := r.Active(key.ES256, noon()); reason.Of(err) != reason.KeyOutsideValidity {
		t.Errorf("empty ring: got %v", err)
	}
	for alg, id := range map[key.Algorithm]string{key.ES256: "p256", key.ES384: "p384", key.EdDSA: "ed_25-519"} {
		generate(t, r, alg, id)
	}
	again := open(t, dir)
	if d := cmp.Diff(r.Keys(), again.Keys()); d != "" || len(again.Keys()) != 3 {
		t.Error(d)
	}
	for _, k := range again.Keys() {
		signer, id, err := again.Active(k.Public.Algorithm(), noon())
		if err != nil || id != k.ID {
			t.Fatal(id, err)
		}
		sig, err := signer.Sign(t.Context(), []byte("m"))
		if err != nil || k.Public.Verify([]byte("m"), sig) != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestRotation walks through a rotation: the old key signs until the new one is active, and is
// published until its end.
func TestRotation(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	generate(t, r, key.ES256, "old")
	generate(t, r, key.EdDSA, "other")
	now, at, overlap := noon().Add(time.Hour), noon().Add(2*time.Hour), 24*time.Hour
	fresh, err := r.Rotate(t.Context(), key.ES256, now, at, overlap)
	if err != nil {
		t.Fatal(err)
	}
	for _, ring := range []*file.Ring{r, open(t, dir)} {
		for _, c := range []struct {
			when      time.Time
			signs     string
			published []string
		}{
			{noon(), "old", []string{"old", "other"}},
			{now, "old", []string{"old", "other", fresh}},
			{at.Add(-time.Second), "old", []string{"old", "other", fresh}},
			{at, fresh, []string{"old", "other", fresh}},
			{at.Add(overlap - time.Second), fresh, []string{"old", "other", fresh}},
			{at.Add(overlap), fresh, []string{"other", fresh}},
		} {
			if got := active(t, ring, key.ES256, c.when); got != c.signs {
				t.Errorf("%v: %s signs, want %s", c.when, got, c.signs)
			}
			var published []string
			for _, k := range ring.Keys() {
				if k.Published(c.when) {
					published = append(published, k.ID)
				}
			}
			if d := cmp.Diff(c.published, published); d != "" {
				t.Errorf("%v: %s", c.when, d)
			}
		}
	}
	if _, _, err := r.Active(key.ES256, noon().Add(-time.Second)); reason.Of(err) != reason.KeyOutsideValidity {
		t.Errorf("before the first key: got %v", err)
	}
}

func TestRetireAndPrune(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	generate(t, r, key.ES256, "a")
	generate(t, r, key.ES256, "b")
	end := noon().Add(time.Minute)
	for _, at := range []time.Time{end, end.Add(time.Hour)} { // the second would put it off
		if err := r.Retire(t.Context(), "b", at); err != nil {
			t.Fatal(err)
		}
	}
	if got := active(t, r, key.ES256, end.Add(-time.Second)); got != "b" {
		t.Errorf("%s signs before the end of b", got)
	}
	if got := active(t, r, key.ES256, end); got != "a" {
		t.Errorf("%s signs after the end of b", got)
	}
	if err := r.Retire(t.Context(), "c", end); reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("unknown id: got %v", err)
	}
	gone := filepath.Join(dir, "key-b.sealed")
	if err := r.Prune(t.Context(), end.Add(-time.Second)); err != nil || len(r.Keys()) != 2 {
		t.Errorf("pruned before the end: %v", err)
	}
	if _, err := os.Stat(gone); err != nil {
		t.Error(err)
	}
	if err := r.Prune(t.Context(), end); err != nil || len(r.Keys()) != 1 {
		t.Errorf("pruned: %v", err)
	}
	if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is left: %v", err)
	}
	if d := cmp.Diff(r.Keys(), open(t, dir).Keys()); d != "" {
		t.Error(d)
	}
}

func TestRefusals(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	generate(t, r, key.ES256, "a")
	long := string(bytes.Repeat([]byte("a"), file.MaxID+1))
	for _, id := range []string{"", "a/b", "..", "a.b", "a b", "é", "a\x00", long} {
		if err := r.Generate(t.Context(), key.ES256, id, noon(), noon()); reason.Of(err) != reason.JOSEKidInvalid {
			t.Errorf("%q: got %v", id, err)
		}
	}
	if err := r.Generate(t.Context(), key.ES256, "a", noon(), noon()); reason.Of(err) != reason.KeyAmbiguous {
		t.Errorf("taken id: got %v", err)
	}
	if err := r.Generate(t.Context(), "RS256", "b", noon(), noon()); reason.Of(err) != reason.JOSEAlgForbidden {
		t.Errorf("RS256: got %v", err)
	}
	if err := r.Generate(t.Context(), key.ES256, "b", noon(), noon().Add(-time.Second)); err == nil {
		t.Error("a key signs before it is published")
	}
	if err := r.Generate(t.Context(), key.ES256, "b", time.Time{}, noon()); err == nil {
		t.Error("a key was made at no time")
	}
	if _, err := r.Rotate(t.Context(), key.ES256, noon(), noon(), -1); err == nil {
		t.Error("a negative overlap")
	}
	if len(r.Keys()) != 1 {
		t.Errorf("%d keys after refusals", len(r.Keys()))
	}
	var zero file.Ring
	if err := zero.Generate(t.Context(), key.ES256, "a", noon(), noon()); err == nil {
		t.Error("the zero ring takes a key")
	}
	if _, _, err := zero.Active(key.ES256, noon()); err == nil || len(zero.Keys()) != 0 || zero.Reload() == nil {
		t.Error("the zero ring has a key")
	}
	if _, err := file.Open(t.Context(), dir, passphrase, nil); err == nil {
		t.Error("a ring without randomness")
	}
	if _, err := file.Open(t.Context(), dir, []byte("wrong horse"), rand.Reader); !errors.Is(err, sealed.ErrPassphrase) {
		t.Errorf("wrong passphrase: got %v", err)
	}
}

func TestFull(t *testing.T) {
	r := open(t, folder(t))
	for range file.MaxKeys {
		if _, err := r.Rotate(t.Context(), key.EdDSA, noon(), noon(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Rotate(t.Context(), key.EdDSA, noon(), noon(), 0); reason.Of(err) != reason.LimitMembers {
		t.Errorf("got %v", err)
	}
	if err := r.Prune(t.Context(), noon()); err != nil || len(r.Keys()) != 1 {
		t.Errorf("%d keys, %v", len(r.Keys()), err)
	}
}

func TestDamage(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	generate(t, r, key.ES256, "a")
	generate(t, r, key.ES256, "b")
	other := folder(t)
	generate(t, open(t, other), key.ES256, "a")
	at := func(name string) string { return filepath.Join(dir, name) }
	whole := map[string][]byte{}
	for _, name := range []string{"ring.sealed", "key-a.sealed", "key-b.sealed"} {
		raw, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = raw
	}
	foreign, err := os.ReadFile(filepath.Join(other, "key-a.sealed"))
	if err != nil {
		t.Fatal(err)
	}
	flip := bytes.Clone(whole["key-a.sealed"])
	flip[len(flip)-1] ^= 1
	for name, c := range map[string]struct {
		file    string
		content []byte
	}{
		"cut":                  {"key-a.sealed", whole["key-a.sealed"][:20]},
		"flipped":              {"key-a.sealed", flip},
		"other key of ring":    {"key-a.sealed", whole["key-b.sealed"]},
		"key of another ring":  {"key-a.sealed", foreign},
		"no key file":          {"key-a.sealed", nil},
		"cut ring":             {"ring.sealed", whole["ring.sealed"][:40]},
		"a key for the ring":   {"ring.sealed", whole["key-a.sealed"]},
		"no ring":              {"ring.sealed", nil},
		"empty ring":           {"ring.sealed", []byte{}},
		"plain text in a ring": {"ring.sealed", []byte(`{"format":1,"keys":[]}`)},
	} {
		if err := errors.Join(os.Remove(at(c.file)), restore(at(c.file), c.content)); err != nil {
			t.Fatal(err)
		}
		if err := r.Reload(); reason.Of(err) != reason.StoreTampered {
			t.Errorf("%s: Reload: got %v", name, err)
		}
		if _, err := file.Open(t.Context(), dir, passphrase, rand.Reader); reason.Of(err) != reason.StoreTampered {
			t.Errorf("%s: Open: got %v", name, err)
		}
		if got := active(t, r, key.ES256, noon()); got != "b" {
			t.Errorf("%s: what was read before is lost, %s signs", name, got)
		}
		if err := restore(at(c.file), whole[c.file]); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Reload(); err != nil {
		t.Error(err)
	}
}

func restore(path string, content []byte) error {
	if content == nil {
		return nil
	}
	return os.WriteFile(path, content, 0o600)
}

// TestLeftover: a key file that no ring names, as a crash leaves it, is not a key and is in
// nobody's way.
func TestLeftover(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	generate(t, r, key.ES256, "a")
	if err := os.WriteFile(filepath.Join(dir, "key-b.sealed"), []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	generate(t, r, key.ES256, "b")
	if d := cmp.Diff(r.Keys(), open(t, dir).Keys()); d != "" || len(r.Keys()) != 2 {
		t.Error(d)
	}
}

func TestTwoProcesses(t *testing.T) {
	dir := folder(t)
	server, command := open(t, dir), open(t, dir)
	generate(t, server, key.ES256, "a")
	id, err := command.Rotate(t.Context(), key.ES256, noon(), noon(), time.Hour) // on top of what the other wrote
	if err != nil {
		t.Fatal(err)
	}
	if got := active(t, server, key.ES256, noon()); got != "a" {
		t.Errorf("%s signs before the folder was read again", got)
	}
	if err := server.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := active(t, server, key.ES256, noon()); got != id || len(server.Keys()) != 2 {
		t.Errorf("%s signs", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	r := open(t, folder(t))
	generate(t, r, key.EdDSA, "first")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := r.Rotate(context.Background(), key.EdDSA, noon(), noon(), time.Hour); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			signer, _, err := r.Active(key.EdDSA, noon())
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := signer.Sign(context.Background(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(r.Keys()) != 5 {
		t.Errorf("%d keys", len(r.Keys()))
	}
}

func TestFailingRandomnessChangesNothing(t *testing.T) {
	dir := folder(t)
	generate(t, open(t, dir), key.ES256, "a")
	broken := errors.New("no entropy")
	r, err := file.Open(t.Context(), dir, passphrase, iotest.ErrReader(broken))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Generate(t.Context(), key.ES256, "b", noon(), noon()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := r.Retire(t.Context(), "a", noon()); err == nil {
		t.Error("the ring was sealed without randomness")
	}
	if got := active(t, r, key.ES256, noon()); got != "a" || len(open(t, dir).Keys()) != 1 {
		t.Errorf("%s signs", got)
	}
}

// TestNothingIsReadableOnDisk looks for the private half and for names in every file.
func TestNothingIsReadableOnDisk(t *testing.T) {
	dir := folder(t)
	r := open(t, dir)
	generate(t, r, key.EdDSA, "namedkey")
	signer, _, err := r.Active(key.EdDSA, noon())
	if err != nil {
		t.Fatal(err)
	}
	j := signer.(*key.Private).JWK()
	d, err := base64.RawURLEncoding.DecodeString(j.D)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", e.Name(), info.Mode())
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files++
		for _, secret := range [][]byte{[]byte(j.D), d, []byte(`"kty"`), []byte("activates")} {
			if bytes.Contains(raw, secret) {
				t.Errorf("%s shows %q", e.Name(), secret)
			}
		}
	}
	if files < 2 {
		t.Errorf("%d files", files)
	}
}
