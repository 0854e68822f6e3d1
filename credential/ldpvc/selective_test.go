// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func newSelective(t testing.TB) *forge {
	t.Helper()
	g := &forge{Format: selectiveFormat(t), w: fixture.New(t, key.ES256)}
	g.cred = g.seal(t, delegation(t, g.w))
	return g
}

func selectiveFormat(t testing.TB) *Format {
	t.Helper()
	f, err := New(Config{Suite: ecdsasd.Name, Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) }, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// choose draws some of what c may show.
func choose(t *rapid.T, c *credential.Credential) (s credential.Selection) {
	for i := range c.Permissions {
		if rapid.Bool().Draw(t, "permission") {
			s.Permissions = append(s.Permissions, c.Permissions[i].ID)
		}
	}
	for _, claim := range []credential.Claim{credential.ClaimIdentifier, credential.ClaimAssurance, credential.ClaimEvidence} {
		if proof.Selects(credential.Selection{Claims: []credential.Claim{claim}}, c) == nil && rapid.Bool().Draw(t, "claim") {
			s.Claims = append(s.Claims, claim)
		}
	}
	return s
}

// shownOf is what c says where s alone is shown.
func shownOf(c *credential.Credential, s credential.Selection) *credential.Credential {
	out := *c
	out.Permissions = slices.DeleteFunc(slices.Clone(c.Permissions), func(p credential.Permission) bool { return !slices.Contains(s.Permissions, p.ID) })
	if !slices.Contains(s.Claims, credential.ClaimIdentifier) {
		out.OnBehalfOf.Identifier = nil
	}
	if !slices.Contains(s.Claims, credential.ClaimAssurance) {
		out.Assurance = nil
	}
	if !slices.Contains(s.Claims, credential.ClaimEvidence) {
		out.Evidence = nil
	}
	out.Refresh = ""
	return &out
}

// TestSelections shows that any choice verifies and says exactly what was chosen.
func TestSelections(t *testing.T) {
	g := newSelective(t)
	c := delegation(t, g.w)
	rapid.Check(t, func(r *rapid.T) {
		s := choose(r, c)
		if s.Raw = g.cred; len(s.Permissions) == 0 {
			_, err := g.Disclose(s)
			refused(r, "nothing to show", err, reason.QueryUnsatisfied)
			return
		}
		raw, err := g.Present(context.Background(), s, g.w.Binding, g.w.Holder)
		if err != nil {
			r.Fatal(err)
		}
		if !g.Recognises(raw) {
			r.Fatal("not recognised")
		}
		o, holder, err := g.OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys)
		if err != nil {
			r.Fatal(err)
		}
		if d := diff(shownOf(c, s), o.Credential); d != "" || holder != g.w.Holder.Method.DID() {
			r.Fatal(d)
		}
		for i := range c.Permissions {
			if id := c.Permissions[i].ID; !slices.Contains(s.Permissions, id) && bytes.Contains(raw, []byte(id)) {
				r.Fatalf("%s is not hidden", id)
			}
		}
	})
}

// TestEmptyListsAreNotSealed: RDF has no empty lists, and a limit must not vanish.
func TestEmptyListsAreNotSealed(t *testing.T) {
	g := newSelective(t)
	for name, empty := range map[string]func(c *credential.Credential){
		"jurisdiction": func(c *credential.Credential) { c.Jurisdiction = nil },
		"purpose":      func(c *credential.Credential) { c.Purposes = nil },
		"controllers":  func(c *credential.Credential) { c.Controllers = nil },
		"permissions":  func(c *credential.Credential) { c.Permissions = nil },
	} {
		c := delegation(t, g.w)
		empty(c)
		_, err := g.Seal(context.Background(), c, g.w.Issuer)
		refused(t, name, err, reason.JSONLDUndefinedTerm)
	}
}

// TestWhole: what was sealed can be checked, by those who have it.
func TestWhole(t *testing.T) {
	for _, g := range []*forge{newSelective(t), newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)} {
		raw, err := g.Whole(g.cred)
		if err != nil {
			t.Fatal(err)
		}
		o, err := g.Open(context.Background(), raw, g.w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(delegation(t, g.w), o.Credential); d != "" {
			t.Error(d)
		}
	}
}

// TestLeafAlone: the digest is no parent digest, whichever hash that is of.
func TestLeafAlone(t *testing.T) {
	g := newSelective(t)
	raw, err := g.Whole(g.cred)
	if err != nil {
		t.Fatal(err)
	}
	o, err := g.Open(context.Background(), raw, g.w.Keys)
	if err != nil || strings.HasPrefix(o.Digest, "sha-256:") || o.Digest == "" {
		t.Errorf("%q, %v", o.Digest, err)
	}
}

// baseProofShown is DI-20.
func baseProofShown(t *testing.T, _ *forge) {
	g := newSelective(t)
	g.both(t, "base proof", g.cred, reason.DIBaseProof)
	g.both(t, "base proof of another", replace(t, g.cred, "2026-06-01T00:00:00Z", "2026-06-01T00:00:01Z"), reason.DIBaseProof)
	other := newForge(t, dataintegrity.ECDSARDFC, key.ES256)
	other.both(t, "to another suite", g.cred, reason.DISuite)
	bbs := replace(t, g.cred, `"cryptosuite":"ecdsa-sd-2023"`, `"cryptosuite":"bbs-2023"`)
	g.both(t, "bbs-2023, which secures no delegation", bbs, reason.DISuite)
}

// TestLimitingMembersAreMandatory has an issuer that leaves one limiting member to the holder.
func TestLimitingMembersAreMandatory(t *testing.T) {
	g := newSelective(t)
	c := delegation(t, g.w)
	c.Delegate.Kind, c.Delegate.OperatedBy, c.TransitionAt = "agent", c.Issuer, c.ReviewBy
	c.Parent = &credential.Parent{ID: "urn:example:parent", Digest: "sha-256:x"}
	all := limiting(c)
	if want := 26; len(all) != want {
		t.Errorf("%d limiting members, want %d", len(all), want)
	}
	doc := swap(t, g.seal(t, c), "proof", "")
	implied := []string{"/@context", "/id", "/type", pointerSubject + "/id", pointerSubject + "/type", pointerSubject + "/onBehalfOf/id", pointerDelegation + "/type"}
	for i, one := range all {
		if slices.Contains(implied, one) {
			continue // it goes with the object that holds it
		}
		lax := g.selective.WithMandatory(slices.Delete(slices.Clone(all), i, i+1))
		o := dataintegrity.Options{Created: g.w.Keys.At.Add(-time.Hour), Purpose: did.AssertionMethod}
		base, err := dataintegrity.Sign(context.Background(), doc, lax, o, g.w.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := ecdsasd.Derive(context.Background(), base, []string{""}, jsonld.Closed)
		if err != nil {
			t.Fatal(err)
		}
		g.both(t, one, shown, reason.CredentialSchemaInvalid)
	}
}

// TestDerivedChanges is what no derived proof may let pass.
func TestDerivedChanges(t *testing.T) {
	g := newSelective(t)
	raw, err := g.Disclose(credential.Selection{Raw: g.cred, Permissions: []string{"urn:example:p3"}, Claims: []credential.Claim{credential.ClaimIdentifier}})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		raw  []byte
		code reason.Code
	}{
		"tampered limit":         {replace(t, raw, `"consent"`, `"guardian"`), reason.CredentialSignatureInvalid},
		"tampered permission":    {replace(t, raw, `"sensitive"`, `"routine"`), reason.CredentialSignatureInvalid},
		"constraint emptied":     {replace(t, raw, `"excludeCategories":["sexual-health"],`, ``), reason.CredentialSignatureInvalid},
		"prohibition emptied":    {replace(t, raw, `"actions":["view"]}]`, `"actions":[]}]`), reason.CredentialSignatureInvalid},
		"reordered literal":      {replace(t, raw, `["person","agent"]`, `["agent","person"]`), reason.CredentialSignatureInvalid},
		"changed created":        {replace(t, raw, `"created":"2026-06-01T00:00:00Z"`, `"created":"2026-06-01T00:00:01Z"`), reason.CredentialSignatureInvalid},
		"another method":         {replace(t, raw, `"verificationMethod":"did:web:proxy`, `"verificationMethod":"did:web:attacker`), reason.KeyControllerMismatch},
		"changed context":        {replace(t, raw, contextDelegation, contextDelegation+"2"), reason.JSONLDContextUnknown},
		"undefined term":         {replace(t, raw, `"delegateKind"`, `"accessLevel":"all","delegateKind"`), reason.JSONLDUndefinedTerm},
		"removed limit":          {replace(t, raw, `"jurisdiction":["GB-ENG"]`, `"jurisdiction":[]`), reason.JSONLDUndefinedTerm},
		"limit left out":         {replace(t, raw, `"jurisdiction":["GB-ENG"],`, ``), reason.DIProofValue},
		"removed member":         {replace(t, raw, `"risk":"sensitive",`, ``), reason.DIProofValue},
		"derived of a derived":   {nil, reason.DIProofValue},
		"a base that is no JSON": {nil, reason.JSONSyntax},
	} {
		switch what {
		case "derived of a derived":
			_, err := g.Disclose(credential.Selection{Raw: raw, Permissions: []string{"urn:example:p3"}})
			refused(t, what, err, c.code)
		case "a base that is no JSON":
			_, err := g.Whole([]byte("{"))
			refused(t, what, err, c.code)
		default:
			_, err := g.Open(context.Background(), c.raw, g.w.Keys)
			refused(t, what, err, c.code)
		}
	}
	v := newSelective(t)
	v.selective = ecdsasd.New(jsonld.Closed, nil)
	if _, err := v.Seal(context.Background(), delegation(t, v.w), v.w.Issuer); err == nil {
		t.Error("a base proof without secrets")
	}
}

// TestDerivedIsKept shows that what was derived before can be shown as it is, and nothing less of it.
func TestDerivedIsKept(t *testing.T) {
	g := newSelective(t)
	c := delegation(t, g.w)
	s := credential.Selection{Raw: g.cred, Permissions: []string{c.Permissions[0].ID, c.Permissions[1].ID}}
	derived, err := g.Disclose(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Raw = derived
	if again, err := g.Disclose(s); err != nil || !bytes.Equal(again, derived) {
		t.Errorf("shown again: %v", err)
	}
	s.Permissions = s.Permissions[:1]
	_, err = g.Disclose(s)
	refused(t, "less of what was derived", err, reason.DIProofValue)
}
