// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

func fullDisk() disk {
	full := func(string, []byte) error { return &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} }
	return disk{full, sealed.RemoveFile}
}

// closed gives the folder of v free; the cleanup of newVault is then harmless.
func closed(t testing.TB, v *Vault) {
	t.Helper()
	check(t, v.Close())
	v.unlock = func() error { return nil }
}

func reopened(t testing.TB, v *Vault, secret string) (*Vault, error) {
	t.Helper()
	closed(t, v)
	next, err := Open(t.Context(), v.dir, []byte(secret), rand.Reader)
	if err == nil {
		t.Cleanup(func() { _ = next.Close() })
	}
	return next, err
}

func TestVaultErrors(t *testing.T) {
	v := newVault(t)
	own, err := v.DID()
	check(t, err)
	if _, err := reopened(t, v, "wrong"); !errors.Is(err, sealed.ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if _, err := Create(t.Context(), v.dir, []byte("x"), Settings{}, rand.Reader); !errors.Is(err, ErrWallet) {
		t.Errorf("a second wallet: %v", err)
	}
	again, err := Open(t.Context(), v.dir, []byte(passphrase), rand.Reader)
	check(t, err)
	if id, _ := again.DID(); id != own || !reflect.DeepEqual(again.Settings(), v.Settings()) {
		t.Error("another wallet came back")
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(done, v.dir, []byte(passphrase), rand.Reader); !errors.Is(err, sealed.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	check(t, again.Close())
	if _, err := Open(t.Context(), t.TempDir(), []byte(passphrase), rand.Reader); !errors.Is(err, ErrNoWallet) {
		t.Errorf("no wallet: %v", err)
	}
	check(t, os.Chmod(v.path(homeFile), 0o644))
	_, err = Open(t.Context(), v.dir, []byte(passphrase), rand.Reader)
	want(t, err, reason.StorePermissions)
}

// TestHomeDamage covers WAL-09 for the file without which nothing is readable.
func TestHomeDamage(t *testing.T) {
	v := newVault(t)
	whole, err := os.ReadFile(v.path(homeFile))
	check(t, err)
	closed(t, v)
	for name, raw := range map[string][]byte{
		"empty": {}, "cut": whole[:len(whole)-1], "half": whole[:len(whole)/2], "appended": append(bytes.Clone(whole), 'x'), "flipped": flip(whole, len(whole)-9),
	} {
		t.Run(name, func(t *testing.T) {
			check(t, os.WriteFile(v.path(homeFile), raw, 0o600))
			_, err := Open(t.Context(), v.dir, []byte(passphrase), rand.Reader)
			want(t, err, reason.StoreTampered)
		})
	}
}

func flip(raw []byte, at int) []byte {
	out := bytes.Clone(raw)
	out[at] ^= 1
	return out
}

// TestOneDamagedHidesNone damages one credential in every way and reads the other.
func TestOneDamagedHidesNone(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	held := w.over(v)
	a, b := w.receive(held), w.receive(held)
	path := v.path(heldMark + a.ID + itemEnd)
	whole, err := os.ReadFile(path)
	check(t, err)
	other, err := os.ReadFile(v.path(heldMark + b.ID + itemEnd))
	check(t, err)
	for name, raw := range map[string][]byte{"empty": {}, "cut": whole[:200], "flipped": flip(whole, 500), "another's": other} {
		check(t, os.WriteFile(path, raw, 0o600))
		all, bad, err := held.List(t.Context())
		check(t, err)
		if len(all) != 1 || all[0].ID != b.ID || len(bad) != 1 || bad[0].File != path || reason.Of(bad[0].Err) != reason.StoreTampered {
			t.Errorf("%s: %v, %v", name, all, bad)
		}
		if _, err := held.Find(t.Context(), b.ID); err != nil {
			t.Errorf("%s: the other one: %v", name, err)
		}
		_, err = held.Find(t.Context(), a.ID)
		want(t, err, reason.StoreTampered)
		_, err = v.Export([]byte(passphrase))
		want(t, err, reason.StoreTampered)
	}
	check(t, held.Remove(t.Context(), a.ID))
	if _, bad, _ := held.List(t.Context()); len(bad) != 0 {
		t.Error("the damaged file is still there")
	}
}

func TestFind(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e := w.receive(held)
	for range 40 { // 33 ids or more share a first letter
		w.cloned(held, e)
	}
	if got, err := held.Find(t.Context(), strings.ToUpper(e.ID[:12])); err != nil || got.ID != e.ID {
		t.Errorf("by a prefix: %v", err)
	}
	for _, prefix := range []string{"", "0", e.ID + "x", "../" + e.ID} {
		_, err := held.Find(t.Context(), prefix)
		want(t, err, reason.ObjectUnknown)
	}
	firsts := map[string]int{}
	all, _, _ := held.List(t.Context())
	for _, e := range all {
		firsts[e.ID[:1]]++
	}
	for first, n := range firsts {
		if _, err := held.Find(t.Context(), first); (err == nil) != (n == 1) {
			t.Errorf("%d ids begin with %s: %v", n, first, err)
		}
	}
}

// cloned stores e once more, as if it was received again.
func (w *town) cloned(held *Wallet, e *Entry) {
	w.t.Helper()
	copied := *e.held
	check(w.t, held.cfg.Vault.add(&copied))
}

// TestNothingReadable covers what a thief of the disk learns: nothing but sizes and numbers.
func TestNothingReadable(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	held := w.over(v)
	e := w.receive(held)
	other := w.wallet().DID()
	_, record, err := held.Delegate(t.Context(), e, Proposal{To: other, Permissions: []Permitted{{"appointments", []string{"view"}}}})
	check(t, err)
	cache, err := v.Cache(w.now)
	check(t, err)
	check(t, cache.Commit(t.Context(), store.Change{Entry: store.Entry{Key: "status/seen/" + w.issuer.origin, Value: []byte(w.issuer.id.String())}}))
	secrets := []string{
		principal, nhsNumber, numbers, controller, held.DID().String(), other.String(), w.issuer.id.String(), w.issuer.origin,
		"Larkhill", "did:", "urn:", record.Credential, "appointments", "registry.example.org", passphrase,
	}
	files := 0
	check(t, filepath.WalkDir(v.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		for _, s := range secrets {
			for _, form := range []string{s, base64.RawStdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))} {
				if len(form) > 3 && (bytes.Contains(raw, []byte(form)) || strings.Contains(d.Name(), form)) {
					t.Errorf("%s shows %q", d.Name(), form)
				}
			}
		}
		if info, _ := d.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		return err
	}))
	if files != 5 { // lock, keys, credential, record, cache
		t.Errorf("%d files", files)
	}
}

// TestStatementIsExact shows that a stored statement comes back as it was, absent apart from empty.
func TestStatementIsExact(t *testing.T) {
	full := new(credential.Credential)
	fill(reflect.ValueOf(full).Elem(), "v")
	full.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"includeCategories":[],"maxUses":3}`))
	empty := &credential.Credential{
		Redelegation: credential.Redelegation{Kinds: []string{}}, Prohibitions: []credential.Prohibition{}, Jurisdiction: []string{},
		Permissions: []credential.Permission{{Actions: []string{}, Constraint: credential.ParseConstraint([]byte(`{}`))}},
	}
	for name, c := range map[string]*credential.Credential{"full": full, "empty": empty, "zero": {}} {
		raw, err := strictjson.Marshal(statementOf(c))
		check(t, err)
		var s statement
		check(t, strictjson.UnmarshalClosed(raw, &s))
		if diff := cmp.Diff(c, s.credential()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// fill sets every member to something that is not zero and can be told apart.
func fill(v reflect.Value, name string) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2031, 1, 2, 3, 4, len(name), 0, time.UTC)))
	case v.Type() == reflect.TypeFor[credential.Constraint]():
		v.Set(reflect.ValueOf(credential.ParseConstraint([]byte(`{"dateFrom":"2024-01-01"}`))))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name)
	case v.Kind() == reflect.String:
		v.SetString(name)
	case v.CanInt():
		v.SetInt(7)
	case v.CanUint():
		v.SetUint(uint64(1 + len(name)%2))
	default:
		panic(fmt.Sprint("a kind that fill does not know: ", v.Type()))
	}
}

// TestFactsLeaveNothingOut sets every member of a credential and looks for each in the facts.
func TestFactsLeaveNothingOut(t *testing.T) {
	c := new(credential.Credential)
	fill(reflect.ValueOf(c).Elem(), "Credential")
	var all strings.Builder
	for _, f := range facts(c, 0) {
		all.WriteString(f.Value + "\n")
	}
	look(t, all.String(), reflect.ValueOf(c).Elem())
}

func look(t *testing.T, all string, v reflect.Value) {
	t.Helper()
	text := ""
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		text = v.Interface().(time.Time).Format(time.RFC3339)
	case v.Type() == reflect.TypeFor[credential.Constraint]():
		text = string(v.Interface().(credential.Constraint).Raw)
	case v.Type() == reflect.TypeFor[credential.StatusKind]():
	case v.Kind() == reflect.Pointer:
		look(t, all, v.Elem())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			look(t, all, v.Field(i))
		}
	case v.Kind() == reflect.Slice:
		look(t, all, v.Index(0))
	default:
		text = fmt.Sprint(v.Interface())
	}
	if !strings.Contains(all, text) {
		t.Errorf("%q is in no fact", text)
	}
}
