// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// family is a root that tom holds, in a world.
type family struct {
	*world
	root           string // credential id
	delegation     string
	tom, june, ivy did.Signer
}

func newFamily(t testing.TB) *family {
	t.Helper()
	f := &family{world: newWorld(t), tom: newHolder(t), june: newHolder(t), ivy: newHolder(t)}
	o := f.grant(edit())
	f.root, f.delegation = f.collect(o, f.tom).ID, o.ID
	return f
}

func (f *family) host(by did.Signer, parent, child string, more ...string) (HostedStatus, error) {
	claims := map[string]any{"parent": parent, "credential": child}
	if len(more) > 0 {
		claims["delegate"] = more[0]
	}
	return f.Host(context.Background(), f.signed(by, TypeHostedStatus, claims))
}

func (f *family) takeBack(by did.Signer, child string) error {
	return f.RevokeHosted(context.Background(), f.signed(by, TypeHostedRevoke, map[string]any{"credential": child}))
}

func (f *family) stateOf(child string) status.State {
	f.t.Helper()
	l := must[*link](f.t)(f.linkOf(f.t.Context(), child))
	return must[status.State](f.t)(f.cfg.Book.State(f.t.Context(), l.Ref))
}

func TestHost(t *testing.T) {
	f := newFamily(t)
	first := must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:child", f.june.Method.DID().String()))
	if first.Token.List == "" || len(first.Bitstring) != 2 || first.Bitstring[0].Purpose != "revocation" || first.Bitstring[1].Purpose != "suspension" {
		t.Fatalf("%+v", first)
	}
	again := must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:child"))
	if again.Token != first.Token {
		t.Error("asking again gave another index")
	}
	other := must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:sister"))
	if other.Token == first.Token {
		t.Error("two links share an index")
	}
	deeper := must[HostedStatus](t)(f.host(f.june, "urn:uuid:child", "urn:uuid:grandchild", f.ivy.Method.DID().String()))
	if deeper.Token == first.Token {
		t.Error("two links share an index")
	}
	_, err := f.host(f.ivy, "urn:uuid:grandchild", "urn:uuid:too-deep")
	wants(t, err, reason.ChainRedelegationForbidden)
	if n := f.leaves(audit.Host); n != 3 {
		t.Errorf("%d leaves", n)
	}
}

func TestHostRefusals(t *testing.T) {
	f := newFamily(t)
	must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:taken"))
	stranger := newFamily(t)
	for name, c := range map[string]struct {
		by            did.Signer
		parent, child string
		want          reason.Code
	}{
		"not the delegate":    {f.june, f.root, "urn:uuid:c", reason.ObjectUnknown},
		"no such parent":      {f.tom, "urn:uuid:none", "urn:uuid:c", reason.ObjectUnknown},
		"another issuer's":    {stranger.tom, stranger.root, "urn:uuid:c", reason.ObjectUnknown},
		"child is the parent": {f.tom, f.root, f.root, reason.JSONMemberMissing},
		"no child":            {f.tom, f.root, "", reason.JSONMemberMissing},
		"child is no URI":     {f.tom, f.root, "not a uri", reason.JSONMemberMissing},
	} {
		if _, err := f.host(c.by, c.parent, c.child); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := f.grant(edit())
	second := f.collect(other, f.tom)
	_, err := f.host(f.tom, second.ID, "urn:uuid:taken")
	wants(t, err, reason.IdempotencyMismatch)
	_, err = f.host(f.tom, f.root, "urn:uuid:c", "no did")
	wants(t, err, reason.DIDSyntax)

	must[*Delegation](t)(f.Suspend(t.Context(), f.delegation, Change{Reason: "x"}))
	_, err = f.host(f.tom, f.root, "urn:uuid:c")
	wants(t, err, reason.StatusSuspended)
	must[*Delegation](t)(f.Revoke(t.Context(), f.delegation, Change{Reason: "x"}))
	_, err = f.host(f.tom, f.root, "urn:uuid:c")
	wants(t, err, reason.StatusRevoked)
	f.clock.Advance(366 * 24 * time.Hour)
	_, err = f.host(f.tom, second.ID, "urn:uuid:c")
	wants(t, err, reason.CredentialExpired)
}

// TestHostedProof: the signed request is for us, now, with a nonce of ours, by the key of a DID.
func TestHostedProof(t *testing.T) {
	f := newFamily(t)
	now := f.clock.Now().Unix()
	claim := func(name string, v any) map[string]any {
		return map[string]any{"parent": f.root, "credential": "urn:uuid:c", name: v}
	}
	nonce := must[string](t)(f.Nonce())
	for name, c := range map[string]struct {
		request []byte
		want    reason.Code
	}{
		"audience": {f.signed(f.tom, TypeHostedStatus, claim("aud", "https://other.example.org")), reason.ProofAud},
		"list":     {f.signed(f.tom, TypeHostedStatus, claim("aud", []string{testOrigin})), reason.JSONType},
		"old":      {f.signed(f.tom, TypeHostedStatus, claim("iat", now-301)), reason.ProofIat},
		"ahead":    {f.signed(f.tom, TypeHostedStatus, claim("iat", now+61)), reason.ProofIat},
		"nonce":    {f.signed(f.tom, TypeHostedStatus, claim("nonce", "x")), reason.ProofNonce},
		"type":     {f.signed(f.tom, TypeHostedRevoke, claim("nonce", nonce)), reason.JOSETypMismatch},
		"proof":    {[]byte(f.proof(f.tom)), reason.JOSETypMismatch},
		"no token": {[]byte("x"), reason.JOSEHeaderInvalid},
	} {
		if _, err := f.Host(t.Context(), c.request); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := f.signed(f.tom, TypeHostedStatus, claim("nonce", nonce))
	must[HostedStatus](t)(f.Host(t.Context(), good))
	_, err := f.Host(t.Context(), good)
	wants(t, err, reason.ProofNonce)

	forged := did.Signer{Signer: must[*key.Private](t)(key.Generate(key.ES256, rand.Reader)), Method: f.tom.Method}
	_, err = f.host(forged, f.root, "urn:uuid:c")
	wants(t, err, reason.CredentialSignatureInvalid)
	web := did.Signer{Signer: f.signer, Method: f.signer.Method}
	_, err = f.host(web, f.root, "urn:uuid:c")
	wants(t, err, reason.DIDMethodUnsupported)
	_, err = f.Host(t.Context(), must[[]byte](t)(jose.Sign(t.Context(), jose.Header{Type: TypeHostedStatus, KeyID: "k1"}, []byte("{}"), f.tom)))
	if err == nil {
		t.Error("a kid that is no DID URL was accepted")
	}
}

// TestTakeBack: who signed a link, or stands above it, may take it back; nobody else, and no link of ours.
func TestTakeBack(t *testing.T) {
	f := newFamily(t)
	must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:child", f.june.Method.DID().String()))
	must[HostedStatus](t)(f.host(f.june, "urn:uuid:child", "urn:uuid:grandchild"))
	for _, c := range []struct {
		by    did.Signer
		child string
	}{{f.june, "urn:uuid:child"}, {f.ivy, "urn:uuid:grandchild"}, {f.tom, f.root}, {f.tom, "urn:uuid:none"}} {
		wants(t, f.takeBack(c.by, c.child), reason.RevokeNotAuthorised)
	}
	if err := f.takeBack(f.tom, "urn:uuid:grandchild"); err != nil {
		t.Fatal("who stands above may not:", err)
	}
	if f.stateOf("urn:uuid:grandchild") != status.Revoked || f.stateOf("urn:uuid:child") != status.Valid || f.stateOf(f.root) != status.Valid {
		t.Error("another link was taken back")
	}
	for range 2 {
		if err := f.takeBack(f.tom, "urn:uuid:child"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.host(f.june, "urn:uuid:child", "urn:uuid:late")
	wants(t, err, reason.StatusRevoked)
	leaves := f.leaves(audit.Revoke)
	again := f.signed(f.tom, TypeHostedRevoke, map[string]any{"credential": "urn:uuid:child"})
	if err := f.RevokeHosted(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	wants(t, f.RevokeHosted(t.Context(), again), reason.ProofNonce)
	if n := f.leaves(audit.Revoke); n != leaves {
		t.Errorf("taking back again made %d leaves: a delegate could fill the log", n-leaves)
	}
}

// TestHostBelowARevokedLink: a link cannot be passed on when one above it was taken back.
func TestHostBelowARevokedLink(t *testing.T) {
	f := newFamily(t)
	must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:child", f.june.Method.DID().String()))
	must[*Delegation](t)(f.Revoke(t.Context(), f.delegation, Change{Reason: "x"}))
	_, err := f.host(f.june, "urn:uuid:child", "urn:uuid:c")
	wants(t, err, reason.StatusRevoked)
}

func TestHostedBound(t *testing.T) {
	f := newFamily(t)
	for range MaxHosted {
		must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:"+must[string](t)(f.secret())))
	}
	_, err := f.host(f.tom, f.root, "urn:uuid:one-more")
	wants(t, err, reason.LimitRate)
}

// TestHostAtOnce: ten links of one parent at once each get an index of their own.
func TestHostAtOnce(t *testing.T) {
	f := newFamily(t)
	got := make([]HostedStatus, 10)
	parallel(len(got), func(k int) {
		var err error
		if got[k], err = f.host(f.tom, f.root, "urn:uuid:c"+string(rune('a'+k))); err != nil {
			t.Error(err)
		}
	})
	seen := map[any]bool{}
	for _, h := range got {
		seen[h.Token] = true
	}
	if l := must[*link](t)(f.linkOf(t.Context(), f.root)); len(seen) != 10 || l.Hosted != 10 {
		t.Errorf("%d indices, %d counted", len(seen), l.Hosted)
	}
}
