// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// sameCredential compares credentials but for the bytes of constraints.
var sameCredential = cmp.Options{cmpopts.IgnoreFields(credential.Constraint{}, "Raw"), cmpopts.EquateEmpty()}

func newFormat(t testing.TB, w *fixture.World) *Format {
	t.Helper()
	f, err := New(Config{Random: rand.Reader, Now: func() time.Time { return w.Keys.At }, Holders: w.Keys.Resolver})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func seal(t testing.TB, f *Format, w *fixture.World, c *credential.Credential) []byte {
	t.Helper()
	raw, err := f.Seal(context.Background(), c, w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func fatal[V any](t testing.TB) func(v V, err error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func refused(t testing.TB, err error, want reason.Code) {
	t.Helper()
	if got := reason.Of(err); got != want {
		t.Errorf("refused with %q (%v), want %q", got, err, want)
	}
}

func TestSealOpen(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			w := fixture.New(t, alg)
			f := newFormat(t, w)
			c := fixture.Token(w.Delegation(t))
			raw := seal(t, f, w, c)
			o := fatal[credential.Opened](t)(f.Open(context.Background(), raw, w.Keys))
			if d := cmp.Diff(c, o.Credential, sameCredential); d != "" {
				t.Error(d)
			}
			if !o.Holder.Equal(w.Holder.Public()) {
				t.Error("the holder's key is another")
			}
			t.Log("issued", len(raw), "bytes")
		})
	}
}

var five = credential.Selection{Permissions: []string{"p1", "p3", "p6"}, Claims: []credential.Claim{credential.ClaimIdentifier, credential.ClaimAssurance}}

func TestPresent(t *testing.T) {
	w := fixture.New(t, key.ES256)
	f := newFormat(t, w)
	s := five
	s.Raw = seal(t, f, w, fixture.Token(w.Delegation(t)))
	raw := fatal[[]byte](t)(f.Present(context.Background(), s, w.Binding, w.Holder))
	t.Log("presented", len(raw), "bytes")
	o, holder, err := f.OpenPresentation(context.Background(), raw, w.Binding, w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if holder != w.Holder.Method.DID() || len(o.Credential.Permissions) != 3 || o.Credential.Evidence != nil {
		t.Errorf("holder %v, shown %v", holder, o.Credential)
	}
}
