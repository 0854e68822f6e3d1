// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// TestSeveralLeaves answers both leaf queries, each with a complete chain: each is decided alone, and
// the better answer is taken. That two are never put together is attack DEL-19.
func TestSeveralLeaves(t *testing.T) {
	none := func(*credential.Credential) {}
	expired := func(c *credential.Credential) { c.ValidUntil = began }
	warned := func(c *credential.Credential) {
		c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"requires":["warn:a"]}`))
	}
	for name, one := range map[string]struct {
		first, second edit
		want          reason.Code
		outcome       string
	}{
		"both":                       {none, none, reason.OK, "permit"},
		"the second alone":           {expired, none, reason.OK, "permit"},
		"the first alone":            {none, expired, reason.OK, "permit"},
		"neither":                    {expired, grants("appointments", "view"), reason.CredentialExpired, "deny"},
		"neither, the other way":     {grants("appointments", "view"), expired, reason.AuthorityActionNotGranted, "deny"},
		"fewer obligations":          {warned, none, reason.OK, "permit"},
		"fewer obligations, reverse": {none, warned, reason.OK, "permit"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.ask(booking())
			first, second := w.root(sd), w.root(vc)
			second.ID = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-2f4f8d3f4f02"
			one.first(first)
			one.second(second)
			got := w.post(s, map[string][]string{
				"delegation": {w.showAny(s, sd, w.seal(sd, first, w.issuer), w.bob)}, "delegation_jwt": {w.showAny(s, vc, w.seal(vc, second, w.issuer), w.bob)},
			})
			if got.code != one.want || got.outcome != one.outcome {
				t.Fatalf("%+v", got)
			}
		})
	}
}

// TestRefusedLeaf has one of two leaves refused while it is opened.
func TestRefusedLeaf(t *testing.T) {
	w := newWorld(t)
	forged := did.Signer{Signer: newKey(t, key.ES256), Method: w.issuer.Method}
	present := func(sdBy, vcBy, sdHolder, vcHolder did.Signer) result {
		s := w.ask(booking())
		carols := w.root(vc)
		carols.Delegate.ID = vcHolder.Method.DID().String()
		return w.post(s, map[string][]string{
			"delegation": {w.showAny(s, sd, w.seal(sd, w.root(sd), sdBy), sdHolder)}, "delegation_jwt": {w.showAny(s, vc, w.seal(vc, carols, vcBy), vcHolder)},
		})
	}
	w.expect(present(forged, w.issuer, w.bob, w.bob), reason.OK)
	w.expect(present(w.issuer, forged, w.bob, w.bob), reason.OK)
	w.expect(present(forged, forged, w.bob, w.bob), reason.CredentialSignatureInvalid)
	w.expect(present(forged, w.issuer, w.bob, w.carol), reason.OK) // each with its own presenter
	if got, want := w.leaf(w.leaves()).Actor, w.cfg.Tags.Actor(w.clock.now(), w.carol.Method.DID().String()); got != want {
		t.Errorf("the actor in the log is %s, not the one whose leaf decided", got)
	}
}

// TestLeafUses counts the uses of the leaf that decided, and goes over to the other when they are used up.
func TestLeafUses(t *testing.T) {
	w := newWorld(t)
	limited := func(format string) *credential.Credential {
		c := w.root(format)
		c.Permissions = []credential.Permission{permission("p1", "appointments", "book")}
		c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"maxUses":1}`))
		return c
	}
	first, second := limited(sd), limited(vc)
	second.Permissions[0].ID = "urn:uuid:00000000-0000-4000-8000-000000000099"
	rawFirst, rawSecond := w.seal(sd, first, w.issuer), w.seal(vc, second, w.issuer)
	for _, want := range []reason.Code{reason.OK, reason.OK, reason.AuthorityUsesExhausted} {
		s := w.ask(booking())
		w.expect(w.post(s, map[string][]string{"delegation": {w.showOnly(s, sd, rawFirst, first)}, "delegation_jwt": {w.showOnly(s, vc, rawSecond, second)}}), want)
	}
}

// showOnly presents raw of c by the first of its permissions and the assurance.
func (w *world) showOnly(s session, format string, raw []byte, c *credential.Credential) string {
	w.Helper()
	out, err := w.formats.Named(format).(credential.Presenter).Present(w.Context(), credential.Selection{
		Raw: raw, Permissions: []string{c.Permissions[0].ID}, Claims: []credential.Claim{credential.ClaimAssurance},
	}, w.binding(s), w.bob)
	must(w, err)
	return string(out)
}

// TestUnrelatedParents shows links beside the chain that the query has no use for (P16).
func TestUnrelatedParents(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		stranger := w.stranger(format)
		stranger.Permissions = []credential.Permission{permission("p1", "messages", "view")}
		expired := w.stranger(format)
		expired.ValidUntil = began
		forged := did.Signer{Signer: newKey(t, key.ES256), Method: w.issuer.Method}
		c := w.grow(format, 2, honest)
		root := w.discloseAny(format, c.raw[0])
		for name, beside := range map[string]string{
			"matches nothing":   w.discloseAny(format, w.seal(format, stranger, w.issuer)),
			"expired":           w.discloseAny(format, w.seal(format, expired, w.issuer)),
			"signature":         w.discloseAny(format, w.seal(format, w.stranger(format), forged)),
			"of another system": w.foreignVCT(w.seal(sd, w.stranger(sd), w.issuer), "urn:behalf:unknown-type:X"),
			"of another type":   w.foreignVCT(w.seal(sd, w.stranger(sd), w.issuer), credential.VCTIdentityBinding+"/more"),
			"the same again":    root,
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w.TB = t
				s := w.ask(booking())
				answer := map[string][]string{queryOf(format): {w.showAny(s, format, c.raw[1], c.holders[1])}, parentsOf(format): {root}}
				if strings.HasPrefix(name, "of another") {
					answer["parents"] = append([]string{beside}, answer["parents"]...)
				} else {
					answer[parentsOf(format)] = []string{beside, root}
				}
				w.expect(w.post(s, answer), reason.OK)
			})
		}
		w.TB = t
	}
}

// foreignVCT is an SD-JWT of the issuer under another vct, with all its disclosures.
func (w *world) foreignVCT(raw []byte, vct string) string {
	w.Helper()
	token, disclosures, _ := strings.Cut(string(raw), "~")
	parts := strings.Split(token, ".")
	claims := object{}
	must(w, json.Unmarshal(unb64(w, parts[1]), &claims))
	claims["vct"] = vct
	text, err := json.Marshal(claims)
	must(w, err)
	return jws(w, string(unb64(w, parts[0])), string(text), w.issuer) + "~" + disclosures
}

// TestParentOfAnotherType has the root of a chain be of a type that was not asked for.
func TestParentOfAnotherType(t *testing.T) {
	w := newWorld(t)
	for vct, want := range map[string]reason.Code{
		credential.VCTDelegation:                         reason.OK,
		credential.VCTDelegation + "/more":               reason.QueryTypeMismatch,
		strings.ToUpper(credential.VCTDelegation):        reason.QueryTypeMismatch,
		credential.VCTIdentityBinding:                    reason.CredentialSchemaInvalid, // which has no delegation in it
		"urn:behalf:unknown-type:RelationshipCredential": reason.CredentialTypeUnknown,
	} {
		t.Run(vct, func(t *testing.T) {
			w.TB = t
			root := w.root(sd)
			raw := w.foreignVCT(w.seal(sd, root, w.issuer), vct)
			token, _, _ := strings.Cut(raw, "~")
			w.expect(w.withRoot(root, raw, "sha-256:"+digest(token)), want)
		})
	}
	w.TB = t
	binding := w.root(sd) // a good credential of another of our types
	paper := &credential.Credential{ID: binding.ID, Type: credential.TypeIdentityBinding, Issuer: issuerID, ValidFrom: binding.ValidFrom, ValidUntil: binding.ValidUntil,
		Delegate: credential.Delegate{ID: binding.Delegate.ID}, Status: binding.Status}
	raw := w.seal(sd, paper, w.issuer)
	w.expect(w.withRoot(binding, string(raw), w.digestOf(sd, raw)), reason.QueryTypeMismatch)
}

// TestLeafOfAnotherType proves to hold a good credential that is no delegation.
func TestLeafOfAnotherType(t *testing.T) {
	for format, want := range map[string]reason.Code{sd: reason.QueryTypeMismatch, vc: reason.CredentialTypeUnknown} {
		w := newWard(t)
		s := w.ask(booking())
		raw := w.seal(format, w.paper(format, credential.TypeIdentityBinding, w.bob), w.issuer)
		w.expect(w.post(s, map[string][]string{queryOf(format): {w.proved(format, raw, w.binding(s), w.bob)}}), want)
	}
}

// withRoot presents carol's link below a root of bob's that was made by hand.
func (w *world) withRoot(root *credential.Credential, raw, digest string) result {
	w.Helper()
	leaf := w.stranger(sd)
	leaf.Issuer, leaf.GrantedBy, leaf.Delegate.ID = root.Delegate.ID, root.Delegate.ID, w.carol.Method.DID().String()
	leaf.Redelegation.MaxDepth, leaf.Parent = 0, &credential.Parent{ID: root.ID, Digest: digest}
	s := w.ask(booking())
	return w.post(s, map[string][]string{"delegation": {w.showAny(s, sd, w.seal(sd, leaf, w.bob), w.carol)}, "parents": {raw}})
}

// TestJourneyIsOffered asks for what is not granted where a journey exists: nothing that is presented can match the query,
// and that must not hide the journey. A step-up that the query does not cover is none.
func TestJourneyIsOffered(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		p := w.framework.Controllers[controller]
		p.Proxyable, p.Requestable = append(p.Proxyable, "vaccinations"), []string{"vaccinations"}
		w.framework.Controllers[controller] = p
		a := booking()
		a.Resource, a.Action = "vaccinations", "view"
		s := w.ask(a)
		got := w.post(s, map[string][]string{queryOf(format): {w.showAny(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}})
		if got.outcome != "request_permission" || got.code != reason.AuthorityResourceNotGranted {
			t.Errorf("%+v", got)
		}
		a = booking()
		a.Assurance = "low"
		c := w.root(format)
		c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"minAssurance":"high"}`))
		for _, change := range []bool{false, true} {
			s = w.ask(a)
			want := reason.ConditionStepUpRequired
			if change {
				want = reason.QueryUnsatisfied
				w.rewrite(s, func(record map[string]any) {
					for _, q := range record["query"].(object)["credentials"].([]any) {
						delete(q.(object), "claim_sets")
						q.(object)["claims"] = []any{object{"path": []string{"nowhere"}}}
					}
				})
			}
			if got := w.post(s, map[string][]string{queryOf(format): {w.showAny(s, format, w.seal(format, c, w.issuer), w.bob)}}); got.code != want {
				t.Errorf("changed %t: %+v", change, got)
			}
		}
	}
}

// TestTooLong refuses a chain that is too long before anybody's key is looked up, and no other.
func TestTooLong(t *testing.T) {
	for _, format := range []string{sd, vc, jcs} {
		w := newEmbeddedWorld(t)
		w.framework.Relationships["adult-to-adult"] = withDepth(w.framework.Relationships["adult-to-adult"], 8)
		long, fits := w.grow(format, 4, honest), w.grow(format, 3, honest)
		resolved := 0
		w.docs.hook = func(did.DID) (*did.Document, error, bool) { resolved++; return nil, nil, false }
		send := func(c chain, more ...string) result {
			s := w.ask(booking())
			last := len(c.raw) - 1
			answer := map[string][]string{queryOf(format): {w.showAny(s, format, c.raw[last], c.holders[last])}, parentsOf(format): more}
			for _, raw := range c.raw[:last] {
				answer[parentsOf(format)] = append(answer[parentsOf(format)], w.discloseAny(format, raw))
			}
			resolved = 0
			return w.post(s, answer)
		}
		w.expect(send(long), reason.ChainTooLong)
		if resolved != 0 {
			t.Errorf("%d documents were resolved for a chain that is too long", resolved)
		}
		w.expect(send(fits), reason.OK)
		if resolved == 0 {
			t.Error("the count of resolutions is broken")
		}
		stranger := w.discloseAny(format, w.seal(format, w.stranger(format), w.issuer))
		w.expect(send(fits, stranger, w.discloseAny(format, fits.raw[0])), reason.OK)
		w.framework.Limits.MaxChainLinks = 2
		w.expect(send(fits), reason.ChainTooLong)
		s := w.ask(booking())
		w.framework = trustframework.Unavailable() // where there is no framework that is the reason
		answer := map[string][]string{queryOf(format): {w.showAny(s, format, fits.raw[2], fits.holders[2])}, parentsOf(format): {stranger}}
		w.expect(w.post(s, answer), reason.TrustRegistryUnavailable)
	}
}
