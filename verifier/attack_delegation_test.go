// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// delegationRows are the attacks of the category delegation, all of them, each in both formats where
// the formats have a part in it.
func delegationRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"DEL-01": attackScope, "DEL-02": attackWildcard, "DEL-03": attackPath, "DEL-04": attackWiderValidity, "DEL-05": attackChainDepth,
		"DEL-06": attackRevokedAbove, "DEL-08": attackChainSplice, "DEL-09": attackSubject, "DEL-10": attackRoot, "DEL-11": attackCycle,
		"DEL-12": attackLinks, "DEL-14": attackNotHeld, "DEL-15": attackConstraint, "DEL-17": attackPurpose, "DEL-18": attackDeputy,
		"DEL-19": attackUnion, "DEL-21": attackRegrant, "DEL-22": attackAge, "DEL-23": attackWithdrawal, "DEL-24": attackCoercion,
		"DEL-26": attackBreakGlass, "DEL-27": attackNonTransferable, "DEL-29": attackLessIsMore,
	}
}

// edit changes one link before it is sealed.
type edit func(*credential.Credential)

// viewing is the access of the base case with another resource and the action view.
func viewing(resource string) verifier.Access { return to(resource, "view") }

func to(resource, action string) verifier.Access {
	a := booking()
	a.Resource, a.Action = resource, action
	return a
}

// grants makes resource and actions the first permission of a link, and its only one.
func grants(resource string, actions ...string) edit {
	return func(c *credential.Credential) {
		c.Permissions = []credential.Permission{permission("p1", resource, actions...)}
	}
}

// links grows a chain whose links are changed by edits, the root's first; nil leaves one as it is.
func (w *world) links(format string, edits ...edit) chain {
	w.Helper()
	return w.grow(format, len(edits), func(i int, c *credential.Credential, by did.Signer) did.Signer {
		run(edits[i], c)
		return by
	})
}

// tryChain answers a with c.
func (w *world) tryChain(a verifier.Access, format string, c chain, want reason.Code) {
	w.Helper()
	w.expect(w.sendChain(w.ask(a), format, c), want)
}

// inBoth runs test for each format, on a world of its own that permits the base case.
func inBoth(t *testing.T, test func(w *world, format string)) {
	t.Helper()
	for _, format := range []string{sd, vc} {
		t.Run(format, func(t *testing.T) {
			w := newWorld(t)
			w.mustPermit(format)
			test(w, format)
		})
	}
}

// sub runs one case of a row on w.
func (w *world) sub(name string, test func()) {
	w.Helper()
	t := w.TB.(*testing.T)
	t.Run(name, func(inner *testing.T) { w.TB = inner; test() })
	w.TB = t
}

// deeper lets chains have n links.
func (w *world) deeper(n int) {
	w.framework.Limits.MaxChainLinks = n
	w.framework.Relationships["adult-to-adult"] = withDepth(w.framework.Relationships["adult-to-adult"], n)
}

func attackScope(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		narrow := grants("appointments", "view")
		w.tryChain(to("appointments", "book"), format, w.links(format, narrow, grants("appointments", "view", "book")), reason.ChainScopeWidened)
		w.tryChain(viewing("appointments"), format, w.links(format, narrow, narrow), reason.OK) // control
	})
}

// forgeLeaf takes the last link of c apart, as its holder would answer s with it.
func (w *world) forgeLeaf(format string, c chain, s session) *forge {
	w.Helper()
	last := len(c.raw) - 1
	by := w.issuer
	if last > 0 {
		by = c.holders[last-1]
	}
	token, proof := string(c.raw[last]), w.showAny(s, format, c.raw[last], c.holders[last])
	g := &forge{
		world: w, session: s, format: format, credBy: by, proofBy: c.holders[last],
		cred: func(s string) string { return s }, sign: func(s string) string { return s },
		join: func(shown, proof string) string { return shown + proof },
	}
	if format == sd {
		parts := strings.Split(proof, "~")
		token, g.disclosures, proof = parts[0], parts[1:len(parts)-1], parts[len(parts)-1]
	}
	g.header, g.claims = g.decode(token)
	g.proofHeader, g.proof = g.decode(proof)
	return g
}

// swap puts a text in place of another one in what the signer of g signs, hidden claims included.
func (g *forge) swap(old, new string) {
	g.Helper()
	claims := g.marshal(g.claims)
	for i, d := range g.disclosures {
		if text := string(unb64(g, d)); strings.Contains(text, old) {
			g.disclosures[i] = b64(strings.Replace(text, old, new, 1))
			g.text = strings.Replace(claims, digest(d), digest(g.disclosures[i]), 1)
			return
		}
	}
	if !strings.Contains(claims, old) {
		g.Fatal("nothing to swap: ", old)
	}
	g.text = strings.Replace(claims, old, new, 1)
}

// below posts g as the leaf below the other links of c.
func (g *forge) below(c chain) result {
	g.Helper()
	answer := map[string][]string{queryOf(g.format): {g.token()}}
	for _, raw := range c.raw[:len(c.raw)-1] {
		answer[parentsOf(g.format)] = append(answer[parentsOf(g.format)], g.discloseAny(g.format, raw))
	}
	return g.post(g.session, answer)
}

// swapped asks for a with a child whose permission for old is one for new.
func (w *world) swapped(a verifier.Access, format string, parent edit, old, new string, want reason.Code) {
	w.Helper()
	c := w.links(format, parent, parent)
	g := w.forgeLeaf(format, c, w.ask(a))
	g.swap(old, new)
	w.expect(g.below(c), want)
}

func attackWildcard(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		for name, c := range map[string]struct {
			old, new string
			want     reason.Code
		}{
			"a": {`"appointments"`, `"*"`, reason.CredentialSchemaInvalid},
			"b": {`"appointments"`, `"appointments/*"`, reason.CredentialSchemaInvalid},
			"c": {`"appointments"`, `"Appointments"`, reason.AuthorityResourceNotGranted},
			"d": {`"appointments"`, `"appointments "`, reason.CredentialSchemaInvalid},
			"e": {`"appointments"`, `""`, reason.CredentialSchemaInvalid},
			"f": {`"appointments"`, `"/"`, reason.CredentialSchemaInvalid},
			"g": {`"view"`, `"*"`, reason.AuthorityResourceNotGranted},
			"h": {`"view"`, `"View"`, reason.AuthorityResourceNotGranted},
		} {
			w.sub(name, func() {
				w.swapped(viewing("appointments"), format, grants("appointments", "view"), c.old, c.new, c.want)
			})
		}
	})
}

func attackPath(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		const results = "gp-record/test-results"
		for name, c := range map[string]struct {
			asked, child string
			want         reason.Code
		}{
			"a": {results, "gp-record", reason.ChainScopeWidened},
			"b": {results + "-all", results + "-all", reason.ChainScopeWidened},
			"c": {results, results + "/../documents", reason.CredentialSchemaInvalid},
			"d": {results, results + "%2f..%2fdocuments", reason.CredentialSchemaInvalid},
			"e": {results, results + ";x", reason.CredentialSchemaInvalid},
			"f": {results, "//" + results, reason.CredentialSchemaInvalid},
			"g": {results, results + "/", reason.CredentialSchemaInvalid},
		} {
			w.sub(name, func() {
				w.swapped(viewing(c.asked), format, grants(results, "view"), `"`+results+`"`, `"`+c.child+`"`, c.want)
			})
		}
	})
}

func attackWiderValidity(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		w.tryChain(booking(), format, w.links(format, nil, func(c *credential.Credential) { c.ValidUntil = c.ValidUntil.Add(time.Second) }), reason.ChainValidityWidened)
		w.tryChain(booking(), format, w.links(format, nil, func(c *credential.Credential) { c.ValidFrom = c.ValidFrom.Add(-time.Second) }), reason.ChainValidityWidened)
	})
}

func attackChainDepth(t *testing.T) {
	depth := func(n int) edit { return func(c *credential.Credential) { c.Redelegation.MaxDepth = n } }
	inBoth(t, func(w *world, format string) {
		w.deeper(8)
		w.framework.Limits.MaxChainLinks = 3
		for _, one := range []struct {
			name  string
			chain chain
			want  reason.Code
		}{
			{"a", w.links(format, nil, nil, nil, nil), reason.ChainTooLong},
			{"b", w.links(format, depth(0), nil), reason.ChainRedelegationForbidden},
			{"c", w.links(format, depth(1), depth(1)), reason.ChainDepthWidened},
			{"d", w.links(format, nil, nil, nil), reason.OK},
		} {
			w.sub(one.name, func() { w.tryChain(booking(), format, one.chain, one.want) })
		}
	})
}

func attackRevokedAbove(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		w.deeper(4)
		for n := 2; n <= 4; n++ {
			for at := range n {
				var ref publisher.Ref
				c := w.grow(format, n, func(i int, c *credential.Credential, by did.Signer) did.Signer {
					if i == at {
						ref = w.refOf(c)
					}
					return by
				})
				w.tryChain(booking(), format, c, reason.OK)
				must(w, w.book.Set(t.Context(), []publisher.Ref{ref}, status.Revoked))
				w.refreshed()
				w.tryChain(booking(), format, c, reason.StatusRevoked)
			}
		}
	})
}

func attackChainSplice(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		stranger := w.holder(key.ES256)
		name := stranger.Method.DID().String()
		signedBy := func(change edit) chain {
			return w.grow(format, 2, func(i int, c *credential.Credential, by did.Signer) did.Signer {
				if i == 0 {
					return by
				}
				change(c)
				return stranger
			})
		}
		w.sub("a", func() {
			w.tryChain(booking(), format, signedBy(func(c *credential.Credential) { c.Issuer, c.GrantedBy = name, name }), reason.ChainGrantorNotDelegate)
		})
		w.sub("b", func() {
			w.tryChain(booking(), format, signedBy(func(c *credential.Credential) { c.Issuer = name }), reason.ChainIssuerNotDelegate)
		})
		w.sub("c", func() {
			c := w.links(format, nil, nil)
			g := w.forgeLeaf(format, c, w.ask(booking()))
			g.header["kid"], g.credBy = stranger.Method.String(), stranger
			w.expect(g.below(c), reason.KeyControllerMismatch)
		})
		w.sub("d", func() {
			other := w.digestOf(format, w.links(format, nil).raw[0])
			w.tryChain(booking(), format, w.links(format, nil, func(c *credential.Credential) { c.Parent.Digest = other }), reason.ChainDigestMismatch)
		})
	})
}

func attackSubject(t *testing.T) {
	const another = "urn:uuid:00000000-0000-4000-8000-00000000000b"
	inBoth(t, func(w *world, format string) {
		c := w.links(format, nil, func(c *credential.Credential) { c.OnBehalfOf.ID = another })
		w.tryChain(booking(), format, c, reason.ChainPrincipalChanged)
		a := booking()
		a.Principal = another
		w.tryChain(a, format, c, reason.ChainPrincipalChanged)
	})
}

func attackRoot(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		alice := w.holder(key.ES256)
		name := alice.Method.DID().String()
		by := func(issuer did.Signer, change edit) chain {
			return w.grow(format, 1, func(_ int, c *credential.Credential, _ did.Signer) did.Signer { change(c); return issuer })
		}
		self := func(c *credential.Credential) { c.Issuer, c.GrantedBy, c.OnBehalfOf.ID = name, name, name }
		forAlice := booking()
		forAlice.Principal = name
		w.sub("a", func() {
			w.tryChain(booking(), format, by(w.attacker, func(c *credential.Credential) { c.Issuer = attackerID }), reason.TrustIssuerUnknown)
		})
		w.sub("b", func() { w.tryChain(forAlice, format, by(alice, self), reason.TrustSelfIssuedForbidden) })
		w.sub("c", func() {
			rel := w.framework.Relationships["adult-to-adult"]
			rel.SelfIssue = true
			w.framework.Relationships["adult-to-adult"] = rel
			w.tryChain(forAlice, format, by(alice, self), reason.TrustPrincipalUnbound)
		})
		w.sub("d", func() {
			w.framework.Accreditations[0].LegalBases = []string{"court-order"}
			w.tryChain(booking(), format, w.links(format, nil), reason.TrustLegalBasisNotAccredited)
		})
		w.sub("e", func() {
			w.tryChain(booking(), format, w.links(format, func(c *credential.Credential) { c.LegalBasis = "whim" }), reason.TrustLegalBasisMismatch)
		})
	})
}

func attackCycle(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		w.deeper(4)
		alice := w.holder(key.ES256)
		name, bob := alice.Method.DID().String(), ""
		of := func(delegate *string) edit {
			return func(c *credential.Credential) {
				c.OnBehalfOf.ID = name
				if delegate != nil {
					c.Delegate.ID = *delegate
				}
				if c.Parent == nil {
					bob = c.Delegate.ID
				}
			}
		}
		a := booking()
		a.Principal = name
		back, self, again := w.links(format, of(nil), of(&name)), w.links(format, of(&name)), w.links(format, of(nil), of(nil), of(&bob))
		back.holders[1], self.holders[0], again.holders[2] = alice, alice, again.holders[0]
		for shape, c := range map[string]chain{"alice to bob, bob to alice": back, "alice to alice": self, "alice to bob to carol to bob": again} {
			w.sub(shape, func() { w.tryChain(a, format, c, reason.ChainCycle) })
		}
		w.tryChain(a, format, w.links(format, of(nil), of(nil), of(nil)), reason.OK) // control
	})
}

// attackLinks presents a chain of three with links missing, in another order, and with more beside it.
func attackLinks(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		w.deeper(3)
		c := w.links(format, nil, nil, nil)
		root, middle := w.discloseAny(format, c.raw[0]), w.discloseAny(format, c.raw[1])
		unrelated := w.discloseAny(format, w.seal(format, w.stranger(format), w.issuer))
		for name, one := range map[string]struct {
			above []string
			want  reason.Code
		}{
			"a": {[]string{root}, reason.ChainParentMissing},
			"b": {nil, reason.ChainParentMissing},
			"c": {[]string{middle, root}, reason.OK},
			"d": {[]string{root, unrelated, middle}, reason.OK},
			"e": {[]string{root, middle, middle}, reason.OK},
		} {
			w.sub(name, func() {
				s := w.ask(booking())
				answer := map[string][]string{queryOf(format): {w.showAny(s, format, c.raw[2], c.holders[2])}}
				if len(one.above) > 0 {
					answer[parentsOf(format)] = one.above
				}
				w.expect(w.post(s, answer), one.want)
			})
		}
	})
}

// attackNotHeld has carol prove to hold what names another: under the holder's name, and under her own.
func attackNotHeld(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		for n := 1; n <= 2; n++ {
			c := w.grow(format, n, honest)
			g := w.forgeLeaf(format, c, w.ask(booking()))
			g.proofBy = w.carol
			w.expect(g.below(c), reason.PresentationHolderBindingFailed)
			if format == vc {
				g = w.forgeLeaf(format, c, w.ask(booking()))
				g.proofBy, g.proofHeader["kid"], g.proof["iss"], g.proof["holder"] = w.carol, w.carol.Method.String(), w.carol.Method.DID().String(), w.carol.Method.DID().String()
				w.expect(g.below(c), reason.PresentationHolderBindingFailed)
			}
		}
	})
}

func attackConstraint(t *testing.T) {
	unknown := func(c *credential.Credential) {
		c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"newConstraint":1}`))
	}
	inBoth(t, func(w *world, format string) {
		for name, edits := range map[string][]edit{"root alone": {unknown}, "root": {unknown, nil}, "child": {nil, unknown}} {
			w.sub(name, func() {
				w.tryChain(booking(), format, w.links(format, edits...), reason.CredentialUnknownConstraint)
			})
		}
	})
}

func attackRegrant(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		c := w.grow(format, 2, func(i int, c *credential.Credential, by did.Signer) did.Signer {
			if i == 0 {
				must(w, w.book.Set(t.Context(), []publisher.Ref{w.refOf(c)}, status.Revoked))
				return by
			}
			c.ValidFrom = w.clock.now().Add(-24 * time.Hour) // before the revocation, by its own account
			return by
		})
		w.refreshed()
		w.tryChain(booking(), format, c, reason.StatusRevoked)
	})
}

func attackNonTransferable(t *testing.T) {
	inBoth(t, func(w *world, format string) {
		final := func(c *credential.Credential) { c.Redelegation = credential.Redelegation{Kinds: []string{}} }
		narrower := func(c *credential.Credential) {
			final(c)
			grants("appointments", "book")(c)
			c.ValidFrom, c.ValidUntil = began.Add(-time.Hour), began.Add(time.Hour)
		}
		w.tryChain(booking(), format, w.links(format, final, narrower), reason.ChainRedelegationForbidden)
		w.tryChain(booking(), format, w.links(format, final), reason.OK) // for the delegate it is good
	})
}
