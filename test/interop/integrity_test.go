// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
)

// wholeSuites are the suites that secure a whole document, with the keys that they take.
func wholeSuites() map[string][]key.Algorithm {
	return map[string][]key.Algorithm{
		dataintegrity.EdDSARDFC: {key.EdDSA}, dataintegrity.EdDSAJCS: {key.EdDSA},
		dataintegrity.ECDSARDFC: {key.ES256, key.ES384}, dataintegrity.ECDSAJCS: {key.ES256, key.ES384},
	}
}

// ourContexts are the context documents that no package of the other side has.
func ourContexts(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	doc := jsonld.Context(credential.ContextDelegation)
	if doc == nil {
		t.Fatal("our context is not embedded")
	}
	return map[string]json.RawMessage{credential.ContextDelegation: doc}
}

// integrity has jsonld-signatures and @digitalbazaar/vc read and write our credentials with embedded
// proofs, and the presentations of them.
func (s *session) integrity(t *testing.T) {
	for name, algs := range wholeSuites() {
		f, err := ldpvc.New(ldpvc.Config{Suite: name, Now: now})
		check(t, err)
		for _, alg := range algs {
			c := newCast(t, alg)
			p := &proofs{s, f, c, name, name + ", " + string(alg), ourContexts(t)}
			shapes := graphs
			if strings.Contains(name, "jcs") {
				shapes = statements
			}
			for shape, statement := range shapes(c, pair()...) {
				t.Run(name+"/"+string(alg)+"/"+shape, func(t *testing.T) {
					ours, err := f.Seal(t.Context(), statement, c.issuer.Signer)
					check(t, err)
					p.outward(t, ours)
					theirs := p.inward(t, statement, ours)
					p.shownOutward(t, credential.Selection{Raw: ours})
					p.shownInward(t, statement, theirs)
				})
			}
		}
	}
}

// proofs is one suite with one kind of key.
type proofs struct {
	*session
	f        *ldpvc.Format
	c        cast
	suite    string
	format   string
	contexts map[string]json.RawMessage
}

// ask is a request to verify, or to make, something with the suite.
func (p *proofs) ask(members request) request {
	members["suite"], members["contexts"], members["now"] = p.suite, p.contexts, nowText()
	return members
}

func (p *proofs) verify(document []byte) request {
	return p.ask(request{"document": json.RawMessage(document)})
}

func (p *proofs) outward(t *testing.T, ours []byte) {
	p.must(t, "integrity.verify", p.verify(ours), nil)
	p.tally.Accepted(p.format, page.Outward)
	for _, forged := range p.forgeries(t, ours) {
		p.refused(t, p.format, "integrity.verify", p.verify(forged))
	}
}

// inward has the other side put a proof on what ours says, and returns it.
func (p *proofs) inward(t *testing.T, want *credential.Credential, ours []byte) []byte {
	unsecured, _, err := dataintegrity.Split(ours)
	check(t, err)
	var theirs json.RawMessage
	sign := p.ask(request{"document": json.RawMessage(unsecured), "key": p.c.issuer.secret()})
	p.must(t, "integrity.sign", sign, &theirs)
	got, err := p.f.Open(t.Context(), theirs, keys())
	check(t, err)
	same(t, want, got.Credential)
	p.tally.Accepted(p.format, page.Inward)
	forgeries := p.forgeries(t, theirs)
	var stranger json.RawMessage
	sign["key"] = p.c.other.secret()
	p.must(t, "integrity.sign", sign, &stranger)
	forgeries["another's proof"] = stranger
	for name, forged := range forgeries {
		_, err := p.f.Open(t.Context(), forged, keys())
		p.refusedHere(t, p.format, name, err)
	}
	return theirs
}

// edited returns a document with a proof after one change.
func edited(t *testing.T, raw []byte, change func(doc, proof map[string]any)) []byte {
	t.Helper()
	var doc map[string]any
	check(t, json.Unmarshal(raw, &doc))
	change(doc, doc["proof"].(map[string]any))
	out, err := json.Marshal(doc)
	check(t, err)
	return out
}

// proofForgeries returns what becomes of any document with one proof when one thing of the proof is changed.
func proofForgeries(t *testing.T, raw []byte, other party) map[string][]byte {
	t.Helper()
	member := func(name string, value any) []byte {
		return edited(t, raw, func(_, proof map[string]any) { proof[name] = value })
	}
	value := func(change func(string) string) []byte {
		return edited(t, raw, func(_, proof map[string]any) { proof["proofValue"] = change(proof["proofValue"].(string)) })
	}
	return map[string][]byte{
		"proof gone":      edited(t, raw, func(doc, _ map[string]any) { delete(doc, "proof") }),
		"value gone":      edited(t, raw, func(_, proof map[string]any) { delete(proof, "proofValue") }),
		"value changed":   value(func(v string) string { return flipped(v, len(v)/2) }),
		"value cut":       value(func(v string) string { return v[:len(v)-2] }),
		"value's base":    value(func(v string) string { return "m" + v[1:] }),
		"created":         member("created", now().Add(-17*time.Second).Format(time.RFC3339)),
		"created no date": member("created", "yesterday"),
		"purpose":         member("proofPurpose", "keyAgreement"),
		"method":          member("verificationMethod", other.Method.String()),
		"no method":       edited(t, raw, func(_, proof map[string]any) { delete(proof, "verificationMethod") }),
		"nonce added":     member("nonce", "x"),
		"unknown suite":   member("cryptosuite", "eddsa-2022"),
		"another type":    member("type", "Ed25519Signature2020"),
	}
}

func (p *proofs) forgeries(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	out := proofForgeries(t, raw, p.c.other)
	subject := func(doc map[string]any) map[string]any { return doc["credentialSubject"].(map[string]any) }
	out["claim"] = edited(t, raw, func(doc, _ map[string]any) { subject(doc)["id"] = p.c.other.id() })
	out["date"] = edited(t, raw, func(doc, _ map[string]any) { doc["validUntil"] = "2039-01-01T00:00:00Z" })
	out["status gone"] = edited(t, raw, func(doc, _ map[string]any) { delete(doc, "credentialStatus") })
	out["issuer"] = edited(t, raw, func(doc, _ map[string]any) { doc["issuer"] = p.c.other.id() })
	out["undefined"] = edited(t, raw, func(doc, _ map[string]any) { subject(doc)["nobodyDefinesThis"] = "x" })
	out["type"] = edited(t, raw, func(doc, _ map[string]any) {
		doc["type"] = append(doc["type"].([]any), "BitstringStatusListCredential")
	})
	return out
}

func (p *proofs) shownOutward(t *testing.T, show credential.Selection) {
	format := p.format + ", presentation"
	vp, err := p.f.Present(t.Context(), show, binding(), p.c.holder.Signer)
	check(t, err)
	ask := func(vp []byte, audience, nonce string) request {
		return p.ask(request{"document": json.RawMessage(vp), "purpose": "authentication", "challenge": nonce, "domain": audience})
	}
	p.must(t, "integrity.verify", ask(vp, audience, nonce), nil)
	p.tally.Accepted(format, page.Outward)
	for _, forged := range p.shownForgeries(t, vp) {
		p.refused(t, format, "integrity.verify", ask(forged, audience, nonce))
	}
	p.refused(t, format, "integrity.verify", ask(vp, audience+"x", nonce))
	p.refused(t, format, "integrity.verify", ask(vp, audience, nonce+"x"))
}

func (p *proofs) shownForgeries(t *testing.T, vp []byte) map[string][]byte {
	t.Helper()
	out := proofForgeries(t, vp, p.c.other)
	out["challenge"] = edited(t, vp, func(_, proof map[string]any) { proof["challenge"] = strings.ToUpper(nonce) })
	out["domain gone"] = edited(t, vp, func(_, proof map[string]any) { delete(proof, "domain") })
	out["holder"] = edited(t, vp, func(doc, _ map[string]any) { doc["holder"] = p.c.other.id() })
	out["credential"] = edited(t, vp, func(doc, _ map[string]any) { inner(doc)["validUntil"] = "2039-01-01T00:00:00Z" })
	out["its proof gone"] = edited(t, vp, func(doc, _ map[string]any) { delete(inner(doc), "proof") })
	return out
}

// inner returns the one credential of a presentation.
func inner(vp map[string]any) map[string]any {
	if list, ok := vp["verifiableCredential"].([]any); ok {
		return list[0].(map[string]any)
	}
	return vp["verifiableCredential"].(map[string]any)
}

// shownInward has the other side present what it made.
func (p *proofs) shownInward(t *testing.T, want *credential.Credential, theirs []byte) {
	format := p.format + ", presentation"
	present := func(by party, audience, nonce string) (vp json.RawMessage) {
		ask := p.ask(request{
			"presentation": map[string]any{
				"@context": []string{credential.ContextVC}, "type": []string{"VerifiablePresentation"}, "holder": by.id(),
				"verifiableCredential": []json.RawMessage{theirs},
			},
			"key": by.secret(), "challenge": nonce, "domain": audience,
		})
		if p.suite == ecdsasd.Name { // which holders do not sign with
			ask["suite"] = dataintegrity.ECDSARDFC
		}
		p.must(t, "integrity.present", ask, &vp)
		return vp
	}
	vp := present(p.c.holder, audience, nonce)
	got, holder, err := p.f.OpenPresentation(t.Context(), vp, binding(), keys())
	check(t, err)
	if same(t, want, got.Credential); holder.String() != p.c.holder.id() {
		t.Error("another holder")
	}
	p.tally.Accepted(format, page.Inward)
	forgeries := p.shownForgeries(t, vp)
	forgeries["another's proof"] = present(p.c.other, audience, nonce)
	forgeries["another audience"] = present(p.c.holder, audience+"x", nonce)
	forgeries["another nonce"] = present(p.c.holder, audience, nonce+"x")
	for name, forged := range forgeries {
		_, _, err := p.f.OpenPresentation(t.Context(), forged, binding(), keys())
		p.refusedHere(t, format, name, err)
	}
}
