// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/internal/world/login"
)

// forAccount makes the grant one that only who signs in as u can collect.
func forAccount(w *world.World, u login.User) []byte {
	collector := fmt.Sprintf(`{"collector":{"issuer":%q,"subject":%q},`, w.SignIn, u.Subject)
	return bytes.Replace(world.Grant(time.Now()), []byte("{"), []byte(collector), 1)
}

// TestSignIn collects with a sign-in: from an offer and without one, by the person whom the grant names
// and by nobody else, and not without a yes.
func TestSignIn(t *testing.T) {
	cfg := config(filepath.Join(t.TempDir(), "world"))
	cfg.SignIn = true
	w, _ := serve(t, cfg)
	office, err := w.Office()
	check(t, err)
	tom, june := login.Users()[0], login.Users()[1]
	browser := func(of func(login.User) (*world.Browser, error), u login.User) *world.Browser {
		b, err := of(u)
		check(t, err)
		t.Cleanup(b.Close)
		return b
	}
	person, err := w.Person(t.Context(), "Tom", "tom")
	check(t, err)
	t.Cleanup(func() { check(t, person.Close()) })

	offer, err := office.Grant(t.Context(), forAccount(w, tom))
	check(t, err)
	if offer.Offer.TxCode != "" || !strings.Contains(offer.Offer.URI, "issuer_state") {
		t.Fatalf("the offer is not one for who signs in: %s", offer.Offer.URI)
	}
	if got, err := person.Collect(t.Context(), offer.Offer.URI, browser(w.Browser, june)); err == nil {
		t.Fatalf("another account collected %d credentials", len(got.Entries))
	}
	if got, err := person.Collect(t.Context(), offer.Offer.URI, browser(w.Decliner, tom)); err == nil {
		t.Fatalf("%d credentials were collected against a no", len(got.Entries))
	}
	got, err := person.Collect(t.Context(), offer.Offer.URI, browser(w.Browser, tom))
	check(t, err)
	if len(got.Entries) != 1 || got.Entries[0].OnBehalfOf != world.PrincipalURN {
		t.Fatalf("%+v", got)
	}

	_, err = office.Grant(t.Context(), forAccount(w, tom))
	check(t, err)
	if got, err := person.Collect(t.Context(), w.Issuer, browser(w.Browser, june)); err == nil {
		t.Fatalf("another account collected %d credentials without an offer", len(got.Entries))
	}
	got, err = person.Collect(t.Context(), w.Issuer, browser(w.Browser, tom))
	check(t, err)
	if len(got.Entries) == 0 {
		t.Fatal("nothing was collected without an offer")
	}
}

// TestSignInAgain opens a world that had no sign-in as one that has, at the addresses that it had.
func TestSignInAgain(t *testing.T) {
	cfg := config(filepath.Join(t.TempDir(), "world"))
	before, end := serve(t, cfg)
	end()
	cfg.SignIn = true
	after, end := serve(t, cfg)
	if after.Issuer != before.Issuer || after.SignIn == "" {
		t.Errorf("%s, then %s with sign-in at %q", before.Issuer, after.Issuer, after.SignIn)
	}
	end()
	again, _ := serve(t, cfg)
	if again.SignIn != after.SignIn {
		t.Errorf("sign-in at %s, then at %s", after.SignIn, again.SignIn)
	}
}
