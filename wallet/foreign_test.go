// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/reason"
)

// other returns a credential of another kind, whose text is its own.
func other(text string) *Foreign {
	return &Foreign{
		Format: "ldp_vc", Raw: `{"proof":{},"id":"` + text + `"}`, Name: text, Issuer: "did:key:z6Mk", Types: []string{"VerifiableCredential", "X"},
		Issued: time.Unix(1_700_000_000, 0).UTC(), By: []string{"behalf", "aries"},
	}
}

func TestForeign(t *testing.T) {
	town := newTown(t)
	v := newVault(t)
	w := town.over(v)
	a, b := other("a"), other("b")
	kept, err := w.Keep(t.Context(), []*Foreign{a, b, other("a")})
	check(t, err)
	again := other("a")
	none, err := w.Keep(t.Context(), []*Foreign{again})
	check(t, err)
	if len(kept) != 2 || len(none) != 0 || again.ID != a.ID || a.ID == b.ID || !again.Imported.Equal(a.Imported) || a.Imported.IsZero() {
		t.Errorf("kept %d, then %d: %s %s %s", len(kept), len(none), a.ID, again.ID, b.ID)
	}
	all, bad, err := w.Foreign(t.Context())
	check(t, err)
	e, found, err := w.FindAny(t.Context(), strings.ToUpper(b.ID[:12]))
	check(t, err)
	if len(all) != 2 || len(bad) != 0 || e != nil || cmp.Diff(found, b) != "" {
		t.Errorf("%d, %v: %s", len(all), bad, cmp.Diff(found, b))
	}
	check(t, w.Remove(t.Context(), b.ID))
	_, _, err = w.FindAny(t.Context(), b.ID)
	want(t, err, reason.ObjectUnknown)
	raw, err := os.ReadFile(v.path(foreignMark + a.ID + itemEnd))
	check(t, err)
	if strings.Contains(string(raw), "did:key") || strings.Contains(string(raw), "VerifiableCredential") {
		t.Error("the file is not sealed")
	}
	check(t, os.WriteFile(v.path(foreignMark+a.ID+itemEnd), flip(raw, len(raw)-5), 0o600))
	if all, bad, err := w.Foreign(t.Context()); err != nil || len(all) != 0 || len(bad) != 1 || reason.Of(bad[0].Err) != reason.StoreTampered {
		t.Errorf("a damaged file: %v, %v, %v", all, bad, err)
	}
	_, _, err = w.FindAny(t.Context(), a.ID)
	want(t, err, reason.StoreTampered)
	check(t, w.Remove(t.Context(), a.ID))
}

// TestFindAny shows that an id names one credential among both kinds, and that what begins two is refused.
func TestFindAny(t *testing.T) {
	town := newTown(t)
	v := newVault(t)
	w := town.over(v)
	e := town.receive(w)
	f := other("a")
	f.ID, f.Imported = e.ID[:4]+strings.Repeat("a", 12), town.now()
	check(t, v.write(foreignMark+f.ID+itemEnd, f))
	found, none, err := w.FindAny(t.Context(), e.ID)
	check(t, err)
	nothing, got, err := w.FindAny(t.Context(), f.ID)
	check(t, err)
	if found.ID != e.ID || none != nil || nothing != nil || got.ID != f.ID {
		t.Error("the wrong one")
	}
	for _, prefix := range []string{e.ID[:4], "", "0"} {
		_, _, err := w.FindAny(t.Context(), prefix)
		want(t, err, reason.ObjectUnknown)
		if prefix != "0" {
			want(t, w.Remove(t.Context(), prefix), reason.ObjectUnknown)
		}
	}
}

// TestForeignIsNoDelegation shows that nothing of ours finds another kind of credential: not the list of
// delegations, not a request for the least that one could show, not what is passed on.
func TestForeignIsNoDelegation(t *testing.T) {
	town := newTown(t)
	w := town.over(newVault(t))
	f := other("a")
	held := town.receive(town.wallet())
	f.Raw, f.Format = held.held.Raw, held.held.Format // even a delegation, kept as another kind, is none
	_, err := w.Keep(t.Context(), []*Foreign{f})
	check(t, err)
	if all, _, err := w.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("the list has %d: %v", len(all), err)
	}
	_, err = w.Find(t.Context(), f.ID)
	want(t, err, reason.ObjectUnknown)
}

func TestForeignRefused(t *testing.T) {
	w := newTown(t).wallet()
	for name, change := range map[string]func(f *Foreign){
		"nothing":       func(f *Foreign) { *f = Foreign{} },
		"no raw":        func(f *Foreign) { f.Raw = "" },
		"no issuer":     func(f *Foreign) { f.Issuer = "" },
		"no type":       func(f *Foreign) { f.Types = nil },
		"an empty type": func(f *Foreign) { f.Types = []string{""} },
		"no verifier":   func(f *Foreign) { f.By = nil },
		"too large":     func(f *Foreign) { f.Raw = strings.Repeat("x", MaxCredential+1) },
		"a long name":   func(f *Foreign) { f.Name = strings.Repeat("x", maxForeignText+1) },
	} {
		good, bad := other("good"), other(name)
		change(bad)
		kept, err := w.Keep(t.Context(), []*Foreign{good, bad})
		if reason.Of(err) != reason.CredentialUnexpected || len(kept) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, _, _ := w.Foreign(t.Context()); len(all) != 0 {
		t.Errorf("%d were kept", len(all))
	}
}

// TestForeignBackup shows that a backup holds other credentials, in several parts where they are large.
func TestForeignBackup(t *testing.T) {
	town := newTown(t)
	v := newVault(t)
	w := town.over(v)
	var list []*Foreign
	for i := range 40 {
		f := other(fmt.Sprint(i))
		f.Raw = `{"x":"` + strings.Repeat(`\"`, 60_000) + fmt.Sprint(i) + `"}`
		list = append(list, f)
	}
	kept, err := w.Keep(t.Context(), list)
	check(t, err)
	file, err := v.Export([]byte("of the backup"))
	check(t, err)
	dir := filepath.Join(t.TempDir(), "new")
	restored, err := Import(t.Context(), dir, file, []byte("of the backup"), []byte("new"), rand.Reader)
	check(t, err)
	defer func() { check(t, restored.Close()) }()
	all, _, err := town.over(restored).Foreign(t.Context())
	check(t, err)
	before, _, err := w.Foreign(t.Context())
	check(t, err)
	if d := cmp.Diff(before, all); d != "" || len(all) != len(kept) {
		t.Errorf("%d came back of %d", len(all), len(kept))
	}
}
