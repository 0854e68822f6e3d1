// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// TestCall names somebody, whom all that the wallet says then names so, after a restart and in a backup too.
func TestCall(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	_, err := held.Call(t.Context(), nhsNumber, "Mum")
	want(t, err, reason.ObjectUnknown)
	e := w.receive(held)
	id, err := held.Call(t.Context(), nhsNumber, "  Mum ")
	check(t, err)
	if id != principal {
		t.Error(id)
	}
	called := func(held *Wallet, name string) {
		t.Helper()
		e, err := held.Find(t.Context(), e.ID)
		check(t, err)
		if e.Called != name || name != "" && e.Person() != name+" ("+nhsNumber+")" || name == "" && e.Person() != nhsNumber {
			t.Errorf("%q, %q; want %q", e.Called, e.Person(), name)
		}
		if name != "" && !strings.Contains(e.Says(English)[0], name) {
			t.Errorf("%q", e.Says(English))
		}
	}
	called(held, "Mum")
	backup, err := held.cfg.Vault.Export([]byte(passphrase))
	check(t, err)
	_, err = held.RotateKey(t.Context()) // which writes the same file
	check(t, err)
	held = w.again(held)
	called(held, "Mum")
	for _, person := range []string{principal, "Mum"} { // by id, and by the name
		_, err = held.Call(t.Context(), person, "Mum")
		check(t, err)
	}
	_, err = held.Call(t.Context(), principal, "")
	check(t, err)
	called(held, "")

	v, err := Import(t.Context(), filepath.Join(t.TempDir(), "new"), backup, []byte(passphrase), []byte(passphrase), held.cfg.Random)
	check(t, err)
	t.Cleanup(func() { check(t, v.Close()) })
	called(w.over(v), "Mum")
	for _, bad := range []string{strings.Repeat("x", MaxName+1), "a\x1b[2J", "a\u202eb", "a\nb", "\xff"} {
		_, err = held.Call(t.Context(), principal, bad)
		want(t, err, reason.CLIArgs)
	}
}

// TestCallOfOne names nobody where a number or a name is that of two.
func TestCallOfOne(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	const other = "urn:uuid:0d1f6a0e-1111-4a7e-9a53-0d5b6c1f7a77"
	w.grant = func(c *credential.Credential) { c.OnBehalfOf.ID, c.GrantedBy = other, other }
	w.receive(held)
	_, err := held.Call(t.Context(), nhsNumber, "Mum")
	want(t, err, reason.ObjectUnknown)
	if id, err := held.Call(t.Context(), other, "Dad"); err != nil || id != other {
		t.Errorf("%s, %v", id, err)
	}
}
