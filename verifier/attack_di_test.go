// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

const (
	rdf = dataintegrity.ECDSARDFC
	jcs = dataintegrity.ECDSAJCS
)

// diRows are the attacks on Data Integrity, on a running gateway. credential/ldpvc has every variant of
// each; here stands what shows that the gateway has no way around the format.
func diRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"DI-01": attackUndefinedTerm, "DI-02": attackContextSwap, "DI-03": attackRemoteContext, "DI-04": attackInlineContext,
		"DI-05": attackContextOrder, "DI-06": attackPoisonGraph, "DI-07": attackProofAbsent, "DI-10": attackSuites,
		"DI-11": attackProofValue, "DI-12": attackProofTime, "DI-13": attackChallenge, "DI-14": attackProofSet,
		"DI-15": attackProofChain, "DI-16": attackWrapping, "DI-17": attackSplit, "DI-20": attackBaseProof, "DI-22": attackProofExtras,
	}
}

// newEmbeddedWorld is newWorld whose gateway takes embedded proofs too.
func newEmbeddedWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	for _, suite := range []string{rdf, jcs, ecdsasd.Name} {
		f, err := ldpvc.New(ldpvc.Config{Suite: suite, Now: w.clock.now, Random: rand.Reader})
		must(t, err)
		w.formats = append(w.formats, f)
	}
	w.start(w.config("audit/embedded/"))
	return w
}

// embedded is the base case with embedded proofs taken apart: made again after each change.
type embedded struct {
	*world
	session
	suite   string
	claims  object // the credential before its proof
	issue   dataintegrity.Options
	cred    func(object) // changes the credential after its proof
	present dataintegrity.Options
	shown   func(object)     // changes the presentation after its proof, and what is in it
	shape   func(object) any // how the presentation holds the credential
}

func (w *world) embedded(suite string) *embedded {
	w.Helper()
	g := &embedded{world: w, session: w.ask(booking()), suite: suite, cred: func(object) {}, shown: func(object) {}}
	g.shape = func(cred object) any { return []any{cred} }
	must(w, json.Unmarshal(w.seal(suite, w.root(suite), w.issuer), &g.claims))
	delete(g.claims, "proof")
	g.issue = dataintegrity.Options{Purpose: did.AssertionMethod, Created: began.Add(-time.Hour)}
	g.present = dataintegrity.Options{
		Purpose: did.Authentication, Created: w.clock.now(), Challenge: g.request.Nonce, Domain: []string{g.request.ClientID},
	}
	return g
}

// prove returns doc with one more proof.
func (g *embedded) prove(doc object, o dataintegrity.Options, by did.Signer) object {
	g.Helper()
	suite, err := dataintegrity.Suite(g.suite, jsonld.Closed)
	must(g, err)
	raw, err := json.Marshal(doc)
	must(g, err)
	raw, err = dataintegrity.Sign(context.Background(), raw, suite, o, by)
	must(g, err)
	var out object
	must(g, json.Unmarshal(raw, &out))
	return out
}

func (g *embedded) presentation() object {
	g.Helper()
	cred := g.prove(g.claims, g.issue, g.issuer)
	g.cred(cred)
	vp := g.prove(object{
		"@context": []any{credential.ContextVC}, "type": []any{"VerifiablePresentation"},
		"holder": g.bob.Method.DID().String(), "verifiableCredential": g.shape(cred),
	}, g.present, g.bob)
	g.shown(vp)
	return vp
}

func (g *embedded) send() result {
	g.Helper()
	token, err := json.Marshal(map[string]any{queryOf(g.suite): []any{g.presentation()}})
	must(g, err)
	return g.postForm(g.session, g.form(string(token)).Encode())
}

func (g *embedded) form(token string) interface{ Encode() string } {
	return (&forge{session: g.session}).form(token)
}

// inside returns the credential of a presentation.
func inside(vp object) object { return vp["verifiableCredential"].([]any)[0].(object) }

// proofOf returns the one proof of a document.
func proofOf(doc object) object { return doc["proof"].(object) }

// tampered changes the credential after everything was signed, altered before the holder signs.
func tampered(change func(cred object)) func(*embedded) {
	return func(g *embedded) { g.shown = func(vp object) { change(inside(vp)) } }
}

func altered(change func(cred object)) func(*embedded) {
	return func(g *embedded) { g.cred = change }
}

type diAttack struct {
	name   string
	suite  string
	change func(*embedded)
	want   reason.Code
}

// tryEmbedded is try for embedded proofs.
func tryEmbedded(t *testing.T, attacks ...diAttack) {
	t.Helper()
	w := newEmbeddedWorld(t)
	for _, suite := range []string{rdf, jcs} {
		if got := w.embedded(suite).send(); got.outcome != "permit" || got.code != reason.OK {
			t.Fatalf("the base case in %s: %+v", suite, got)
		}
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			w.TB = t
			g := w.embedded(a.suite)
			a.change(g)
			before := w.connections()
			got := g.send()
			w.expect(got, a.want)
			if n := w.connections() - before; a.want != reason.OK && n != 0 {
				t.Errorf("%d connections were made", n)
			}
		})
	}
}

func subject(cred object) object { return cred["credentialSubject"].(object) }

func attackUndefinedTerm(t *testing.T) {
	add := func(cred object) { subject(cred)["accessLevel"] = "all" }
	tryEmbedded(t, diAttack{"RDF", rdf, tampered(add), reason.JSONLDUndefinedTerm},
		diAttack{"JCS", jcs, func(g *embedded) { g.cred = add }, reason.CredentialSignatureInvalid})
}

func contexts(list ...any) func(object) { return func(cred object) { cred["@context"] = list } }

func attackContextSwap(t *testing.T) {
	swap := contexts(credential.ContextVC, "https://attacker.test/delegation/v1")
	tryEmbedded(t, diAttack{"RDF", rdf, tampered(swap), reason.JSONLDContextUnknown},
		diAttack{"signed", jcs, func(g *embedded) { swap(g.claims) }, reason.JSONLDContextUnknown})
}

// attackRemoteContext rests on tryEmbedded, which counts connections.
func attackRemoteContext(t *testing.T) {
	remote := contexts(credential.ContextVC, "https://attacker.test/c?pid=123")
	tryEmbedded(t, diAttack{"credential", rdf, tampered(remote), reason.JSONLDContextUnknown},
		diAttack{"presentation", rdf, func(g *embedded) { g.shown = remote }, reason.JSONLDContextUnknown})
}

func attackInlineContext(t *testing.T) {
	var all []diAttack
	for name, inline := range map[string]object{
		"term": {"delegateKind": "https://example.org/ns/delegation#operatedBy"}, "vocab": {"@vocab": "https://x.example/"},
		"base": {"@base": "https://x.example/"}, "import": {"@import": credential.ContextVC}, "propagate": {"@propagate": false},
		"protected": {"VerifiableCredential": object{"@id": "https://x.example/", "@protected": true}},
	} {
		change := contexts(credential.ContextVC, credential.ContextDelegation, inline)
		all = append(all, diAttack{name, rdf, tampered(change), reason.JSONLDContextInlineForbidden},
			diAttack{name + " signed", jcs, func(g *embedded) { change(g.claims) }, reason.JSONLDContextInlineForbidden})
	}
	tryEmbedded(t, all...)
}

func attackContextOrder(t *testing.T) {
	change := func(value any) func(*embedded) {
		return func(g *embedded) { g.claims["@context"] = value }
	}
	tryEmbedded(t,
		diAttack{"a", jcs, change([]any{credential.ContextDelegation, credential.ContextVC}), reason.VCContextInvalid},
		diAttack{"b", jcs, change([]any{"https://www.w3.org/2018/credentials/v1", credential.ContextVC}), reason.VCContextInvalid},
		diAttack{"c", jcs, change(credential.ContextVC), reason.VCContextInvalid})
}

func attackPoisonGraph(t *testing.T) {
	var all []diAttack
	for n := 7; n <= 12; n++ {
		all = append(all, diAttack{fmt.Sprint("clique of ", n), rdf, tampered(func(cred object) {
			nodes := make([]any, n)
			for i := range nodes {
				var others []any
				for j := range n {
					if i != j {
						others = append(others, object{"id": fmt.Sprint("_:e", j)})
					}
				}
				nodes[i] = object{"id": fmt.Sprint("_:e", i), "type": "ConsentRecord", "https://example.org/p": others}
			}
			cred["evidence"] = nodes
		}), reason.LimitCanonicalization})
	}
	tryEmbedded(t, all...)
}

func attackProofAbsent(t *testing.T) {
	all := []diAttack{
		{"none", rdf, tampered(func(cred object) { delete(cred, "proof") }), reason.DIProofMissing},
		{"none on the presentation", rdf, func(g *embedded) { g.shown = func(vp object) { delete(vp, "proof") } }, reason.DIProofMissing},
	}
	for name, value := range map[string]any{"array": []any{}, "null": nil, "object": object{}} {
		all = append(all, diAttack{name, rdf, tampered(func(cred object) { cred["proof"] = value }), reason.DIProofMissing})
	}
	tryEmbedded(t, all...)
}

func attackSuites(t *testing.T) {
	name := func(suite string) func(*embedded) {
		return tampered(func(cred object) { proofOf(cred)["cryptosuite"] = suite })
	}
	tryEmbedded(t,
		diAttack{"unknown", rdf, name("ecdsa-2099"), reason.DISuite}, diAttack{"not taken here", rdf, name(dataintegrity.EdDSARDFC), reason.DISuite},
		diAttack{"legacy", rdf, tampered(func(cred object) { proofOf(cred)["type"] = "Ed25519Signature2020" }), reason.DISuite},
		diAttack{"the holder's", rdf, func(g *embedded) { g.shown = func(vp object) { proofOf(vp)["cryptosuite"] = dataintegrity.EdDSARDFC } }, reason.DISuite})
}

func attackProofValue(t *testing.T) {
	value := func(change func(string) string) func(*embedded) {
		return altered(func(cred object) { proofOf(cred)["proofValue"] = change(proofOf(cred)["proofValue"].(string)) })
	}
	tryEmbedded(t,
		diAttack{"m", rdf, value(func(s string) string { return "m" + s[1:] }), reason.DIProofValue},
		diAttack{"u", jcs, value(func(s string) string { return "u" + s[1:] }), reason.DIProofValue},
		diAttack{"alphabet", rdf, value(func(s string) string { return s[:9] + "l" + s[10:] }), reason.DIProofValue},
		diAttack{"short", jcs, value(func(s string) string { return s[:len(s)-2] }), reason.DIProofValue},
		diAttack{"leading ones", rdf, value(func(s string) string { return "z1" + s[1:] }), reason.DIProofValue})
}

func attackProofTime(t *testing.T) {
	created := func(at time.Time) func(*embedded) { return func(g *embedded) { g.issue.Created = at } }
	text := func(s string) func(*embedded) {
		return tampered(func(cred object) { proofOf(cred)["created"] = s })
	}
	tryEmbedded(t,
		diAttack{"in 61 s", rdf, created(began.Add(61 * time.Second)), reason.DITime}, diAttack{"in 60 s", rdf, created(began.Add(60 * time.Second)), reason.OK},
		diAttack{"expired", jcs, func(g *embedded) { g.issue.Expires = began.Add(-time.Second) }, reason.DITime},
		diAttack{"no time", rdf, text("2026-11-22"), reason.DITime}, diAttack{"no zone", jcs, text("2026-11-22T09:00:00"), reason.DITime})
}

func attackChallenge(t *testing.T) {
	options := func(change func(*dataintegrity.Options)) func(*embedded) {
		return func(g *embedded) { change(&g.present) }
	}
	tryEmbedded(t,
		diAttack{"a", rdf, options(func(o *dataintegrity.Options) { o.Challenge = "" }), reason.PresentationNonceMismatch},
		diAttack{"b", jcs, func(g *embedded) { g.present.Challenge = g.ask(booking()).request.Nonce }, reason.PresentationNonceMismatch},
		diAttack{"c", rdf, options(func(o *dataintegrity.Options) { o.Domain = append(o.Domain, "evil") }), reason.PresentationAudienceMismatch},
		diAttack{"d", jcs, options(func(o *dataintegrity.Options) { _, o.Domain[0], _ = strings.Cut(o.Domain[0], ":") }), reason.PresentationAudienceMismatch},
		diAttack{"too old", rdf, options(func(o *dataintegrity.Options) { o.Created = o.Created.Add(-301 * time.Second) }), reason.PresentationStale})
}

// proofs puts what make returns in place of the proof of the credential.
func proofs(create func(g *embedded, good object) []any) func(*embedded) {
	return func(g *embedded) {
		g.cred = func(cred object) { cred["proof"] = create(g, proofOf(cred)) }
	}
}

func attackProofSet(t *testing.T) {
	attacker := func(g *embedded) object { return proofOf(g.prove(g.claims, g.issue, g.attacker)) }
	broken := func(good object) object {
		bad := maps.Clone(good)
		bad["created"] = "2026-11-22T08:59:59Z"
		return bad
	}
	tryEmbedded(t,
		diAttack{"attacker first", rdf, proofs(func(g *embedded, good object) []any { return []any{attacker(g), broken(good)} }), reason.DIProofSet},
		diAttack{"issuer first", jcs, proofs(func(g *embedded, good object) []any { return []any{broken(good), attacker(g)} }), reason.DIProofSet},
		diAttack{"a thousand", rdf, tampered(func(cred object) { cred["proof"] = slices.Repeat([]any{proofOf(cred)}, 1000) }), reason.LimitMembers})
}

func attackProofChain(t *testing.T) {
	previous := func(id string) func(*embedded) {
		return tampered(func(cred object) { proofOf(cred)["id"], proofOf(cred)["previousProof"] = "urn:x:1", id })
	}
	tryEmbedded(t, diAttack{"missing", rdf, previous("urn:x:2"), reason.DIChain}, diAttack{"cyclic", jcs, previous("urn:x:1"), reason.DIChain},
		diAttack{"removed", rdf, func(g *embedded) {
			first := g.issue
			first.ID = "urn:x:1"
			g.claims = g.prove(g.claims, first, g.issuer)
			g.issue.Previous = []string{"urn:x:1"}
			g.cred = func(cred object) { cred["proof"] = cred["proof"].([]any)[1] }
		}, reason.DIChain})
}

func attackWrapping(t *testing.T) {
	wrap := func(member string) func(*embedded) {
		return tampered(func(cred object) {
			signed := maps.Clone(cred)
			if member == "credentialSubject" {
				delete(cred, "proof")
				cred[member] = signed
				return
			}
			cred[member] = []any{signed}
			subject(cred)["delegateKind"] = "organisation"
		})
	}
	tryEmbedded(t, diAttack{"graph", rdf, wrap("@graph"), reason.VCStructure}, diAttack{"included", rdf, wrap("@included"), reason.VCStructure},
		diAttack{"subject", rdf, wrap("credentialSubject"), reason.VCStructure},
		diAttack{"a second credential", rdf, func(g *embedded) {
			g.shown = func(vp object) { vp["verifiableCredential"] = []any{inside(vp), inside(vp)} }
		}, reason.VCStructure})
}

// attackSplit adds to a credential what the signature does not cover: it never reaches the decision.
func attackSplit(t *testing.T) {
	tryEmbedded(t,
		diAttack{"undefined", rdf, tampered(func(cred object) { subject(cred)["delegation"].(object)["onTop"] = "x" }), reason.JSONLDUndefinedTerm},
		diAttack{"permission", rdf, altered(func(cred object) {
			d := subject(cred)["delegation"].(object)
			more := maps.Clone(d["permission"].([]any)[0].(object))
			more["id"], more["resource"] = "urn:uuid:00000000-0000-4000-8000-000000000999", "gp-record"
			d["permission"] = append(d["permission"].([]any), more)
		}), reason.CredentialSignatureInvalid})
}

func attackBaseProof(t *testing.T) {
	w := newEmbeddedWorld(t)
	w.mustPermit(ecdsasd.Name)
	g := w.embedded(rdf)
	base := w.seal(ecdsasd.Name, w.root(ecdsasd.Name), w.issuer)
	var cred object
	must(t, json.Unmarshal(base, &cred))
	vp := g.prove(object{
		"@context": []any{credential.ContextVC}, "type": []any{"VerifiablePresentation"},
		"holder": g.bob.Method.DID().String(), "verifiableCredential": []any{cred},
	}, g.present, g.bob)
	token, err := json.Marshal(map[string]any{queryOf(rdf): []any{vp}})
	must(t, err)
	w.expect(g.postForm(g.session, g.form(string(token)).Encode()), reason.DIBaseProof)
}

func attackProofExtras(t *testing.T) {
	extra := func(name string) func(*embedded) {
		return tampered(func(cred object) { proofOf(cred)[name] = "x" })
	}
	tryEmbedded(t, diAttack{"unknown", rdf, extra("x"), reason.DIProofOptions}, diAttack{"jws", jcs, extra("jws"), reason.DIProofOptions},
		diAttack{"the holder's", rdf, func(g *embedded) { g.shown = func(vp object) { proofOf(vp)["x"] = "y" } }, reason.DIProofOptions})
}

// TestSelectiveIsNoParent shows that no link stands below one secured with ecdsa-sd-2023, whatever digest
// it names (delegation.md §3.4).
func TestSelectiveIsNoParent(t *testing.T) {
	w := newEmbeddedWorld(t)
	root := w.root(ecdsasd.Name)
	base := w.seal(ecdsasd.Name, root, w.issuer)
	s := w.ask(booking())
	shown := w.above(s, ecdsasd.Name, base)
	child := w.root(jcs)
	child.ID, child.Issuer, child.GrantedBy = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-000000000002", root.Delegate.ID, root.Delegate.ID
	child.Delegate.ID, child.Redelegation.MaxDepth = w.carol.Method.DID().String(), 0
	child.Parent = &credential.Parent{ID: root.ID, Digest: w.digestOf(ecdsasd.Name, []byte(shown))}
	leaf := w.showAny(s, jcs, w.seal(jcs, child, w.bob), w.carol)
	w.expect(w.post(s, map[string][]string{queryOf(jcs): {leaf}, parentsOf(jcs): {shown}}), reason.ChainDigestMismatch)
}

// TestEmbeddedWithoutStatus shows that a credential without a status entry has the word for that, however
// its presentation holds it.
func TestEmbeddedWithoutStatus(t *testing.T) {
	alone := func(g *embedded) { g.shape = func(cred object) any { return cred } }
	drop := func(g *embedded) { delete(g.claims, "credentialStatus") }
	tryEmbedded(t, diAttack{"one, whole", jcs, alone, reason.OK},
		diAttack{"listed", jcs, drop, reason.StatusRequiredMissing},
		diAttack{"one", jcs, func(g *embedded) { alone(g); drop(g) }, reason.StatusRequiredMissing},
		diAttack{"another member", jcs, func(g *embedded) { delete(g.claims, "credentialSchema") }, reason.CredentialSchemaInvalid})
}
