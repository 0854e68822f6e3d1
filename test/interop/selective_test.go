// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/bbs"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/credential/ldpvc"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
)

// scheme is a suite whose proofs hide, as both sides make and read them.
type scheme struct {
	*session
	suite    string
	verifier dataintegrity.Suites
	signer   did.Signer
	secret   any // the signer's key as the other side is told it
	create   func(mandatory []string) dataintegrity.Cryptosuite
	derive   func(base []byte, selective []string) ([]byte, error)
	issuer   party // of the statements, before the signer takes its place
	other    party
	contexts map[string]json.RawMessage
}

// selective has the cryptosuites of Digital Bazaar make, derive and verify the proofs that hide.
func (s *session) selective(t *testing.T) {
	c := newCast(t, key.ES256)
	for _, k := range []*scheme{s.sd2023(t, c), s.bbs2023(t, c)} {
		for shape, statement := range graphs(c, pair()...) {
			if k.suite == bbs.Name && shape != "full" {
				continue // the pairings of the other side take half a second each
			}
			t.Run(k.suite+"/"+shape, func(t *testing.T) { k.run(t, k.unsecured(t, statement)) })
		}
	}
	s.delegated(t, c)
}

// delegated has our holder show, to the other side, a delegation with a base proof of ours and of theirs, and
// the other side show one to us.
func (s *session) delegated(t *testing.T, c cast) {
	f, err := ldpvc.New(ldpvc.Config{Suite: ecdsasd.Name, Now: now, Random: rand.Reader})
	check(t, err)
	p := &proofs{s, f, c, ecdsasd.Name, ecdsasd.Name, ourContexts(t)}
	for shape, statement := range graphs(c, pair()...) {
		t.Run("delegated/"+shape, func(t *testing.T) {
			base, err := f.Seal(t.Context(), statement, c.issuer.Signer)
			check(t, err)
			shown := []string{statement.Permissions[0].ID}
			p.shownOutward(t, credential.Selection{Raw: base, Permissions: shown})
			if statement.OnBehalfOf.Identifier == nil {
				return // the other side has no pointer into onBehalfOf then: docs/interop.md
			}
			var derived json.RawMessage
			s.must(t, "integrity.derive", p.ask(request{
				"document": json.RawMessage(base), "selectivePointers": []string{"/credentialSubject/delegation/permission/0"},
			}), &derived)
			least := *statement
			least.Permissions, least.OnBehalfOf.Identifier = statement.Permissions[:1], nil
			least.Assurance, least.Evidence = nil, nil
			p.shownInward(t, &least, derived)
		})
	}
}

func (s *session) sd2023(t *testing.T, c cast) *scheme {
	suite := ecdsasd.New(jsonld.Closed, rand.Reader)
	return &scheme{
		session: s, suite: ecdsasd.Name, signer: c.issuer.Signer, secret: c.issuer.secret(), issuer: c.issuer, other: c.other, contexts: ourContexts(t),
		verifier: dataintegrity.Suites{ecdsasd.New(jsonld.Closed, nil)},
		create:   func(mandatory []string) dataintegrity.Cryptosuite { return suite.WithMandatory(mandatory) },
		derive: func(base []byte, selective []string) ([]byte, error) {
			return ecdsasd.Derive(t.Context(), base, selective, jsonld.Closed)
		},
	}
}

// bbs2023 takes the key from the other side: ours gives none away.
func (s *session) bbs2023(t *testing.T, c cast) *scheme {
	var pair struct{ PublicKeyMultibase, SecretKeyMultibase, DID string }
	s.must(t, "integrity.keyPair", request{}, &pair)
	raw, err := multiformat.Decode(multiformat.Base58BTC, pair.SecretKeyMultibase)
	check(t, err)
	k, err := bbs.ReadKey(raw[2:]) // behind the two bytes that name its kind
	check(t, err)
	if k.Verifier().String() != pair.PublicKeyMultibase {
		t.Error("the two sides have another public key for the same secret one")
	}
	method, err := did.ParseURL(pair.DID + "#" + pair.PublicKeyMultibase)
	check(t, err)
	suite := bbs.New(jsonld.Closed, rand.Reader)
	return &scheme{
		session: s, suite: bbs.Name, signer: did.Signer{Signer: k, Method: method}, issuer: c.issuer, other: c.other, contexts: ourContexts(t),
		secret:   map[string]string{"publicKeyMultibase": pair.PublicKeyMultibase, "secretKeyMultibase": pair.SecretKeyMultibase},
		verifier: dataintegrity.Suites{bbs.New(jsonld.Closed, nil)},
		create:   func(mandatory []string) dataintegrity.Cryptosuite { return suite.WithMandatory(mandatory) },
		derive: func(base []byte, selective []string) ([]byte, error) {
			return bbs.Derive(t.Context(), base, bbs.Presentation{Selective: selective, Profile: jsonld.Closed, Random: rand.Reader})
		},
	}
}

// unsecured returns what a statement says, with the signer as its issuer.
func (k *scheme) unsecured(t *testing.T, c *credential.Credential) []byte {
	t.Helper()
	f, err := vcjwt.New(vcjwt.Config{})
	check(t, err)
	jwt, err := f.Seal(t.Context(), c, k.issuer.Signer)
	check(t, err)
	var doc map[string]any
	check(t, json.Unmarshal(payloadOf(t, jwt), &doc))
	doc["issuer"] = k.signer.Method.DID().String()
	out, err := json.Marshal(doc)
	check(t, err)
	return out
}

// mandatory are the pointers that every derived document shows, and chosen some that it shows beside.
func mandatory() []string {
	return []string{
		"/issuer", "/validFrom", "/validUntil", "/credentialStatus", "/credentialSubject/id", "/credentialSubject/type",
		"/credentialSubject/delegation/type", "/credentialSubject/delegation/redelegation",
	}
}

func chosen() [][]string {
	return [][]string{
		{"/credentialSubject/delegation/permission/0"},
		{"/credentialSubject/delegation/relationship", "/credentialSubject/delegation/purpose", "/credentialSubject/onBehalfOf"},
		{""},
	}
}

func (k *scheme) run(t *testing.T, document []byte) {
	ours, err := dataintegrity.Sign(t.Context(), document, k.create(mandatory()), dataintegrity.Options{Created: now(), Purpose: did.AssertionMethod}, k.signer)
	check(t, err)
	var theirs json.RawMessage
	k.must(t, "integrity.sign", k.ask(request{"document": json.RawMessage(document), "key": k.secret, "mandatoryPointers": mandatory()}), &theirs)
	k.baseRefused(t, ours, theirs)
	for i, pointers := range chosen() {
		here, err := k.derive(ours, pointers)
		check(t, err)
		k.outward(t, here, i == 0)
		there := k.derived(t, ours, pointers)
		k.inward(t, there, i == 0)
		sameShown(t, here, there)
		fromTheirs, err := k.derive(theirs, pointers)
		check(t, err)
		k.outward(t, fromTheirs, i == 0)
		allTheirs := k.derived(t, theirs, pointers)
		k.inward(t, allTheirs, i == 0)
		sameShown(t, fromTheirs, allTheirs)
		if i == 0 && bytes.Contains(here, []byte("adult-to-adult")) {
			t.Error("something was shown that was not chosen")
		}
	}
	k.nothing(t, ours, theirs)
}

func (k *scheme) ask(members request) request {
	members["suite"], members["contexts"], members["now"] = k.suite, k.contexts, nowText()
	return members
}

func (k *scheme) verify(document []byte) request {
	return k.ask(request{"document": json.RawMessage(document)})
}

func (k *scheme) derived(t *testing.T, base []byte, pointers []string) (out json.RawMessage) {
	t.Helper()
	k.must(t, "integrity.derive", k.ask(request{"document": json.RawMessage(base), "selectivePointers": pointers}), &out)
	return out
}

// opens returns how we like a derived document.
func (k *scheme) opens(t *testing.T, document []byte) error {
	t.Helper()
	want := dataintegrity.Expect{Purpose: did.AssertionMethod, Controller: k.signer.Method.DID().String()}
	_, err := k.verifier.Verify(t.Context(), document, want, credential.Keys{Resolver: didkey.New(), At: now()})
	return err
}

func (k *scheme) outward(t *testing.T, document []byte, tamper bool) {
	k.must(t, "integrity.verify", k.verify(document), nil)
	check(t, k.opens(t, document))
	k.tally.Accepted(k.suite, page.Outward)
	if !tamper {
		return
	}
	for _, forged := range k.forgeries(t, document) {
		k.refused(t, k.suite, "integrity.verify", k.verify(forged))
	}
}

func (k *scheme) inward(t *testing.T, document []byte, tamper bool) {
	check(t, k.opens(t, document))
	k.must(t, "integrity.verify", k.verify(document), nil)
	k.tally.Accepted(k.suite, page.Inward)
	if !tamper {
		return
	}
	for name, forged := range k.forgeries(t, document) {
		k.refusedHere(t, k.suite, name, k.opens(t, forged))
	}
}

func (k *scheme) forgeries(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	out := proofForgeries(t, raw, k.other)
	subject := func(doc map[string]any) map[string]any { return doc["credentialSubject"].(map[string]any) }
	out["claim"] = edited(t, raw, func(doc, _ map[string]any) { subject(doc)["id"] = k.other.id() })
	out["date"] = edited(t, raw, func(doc, _ map[string]any) { doc["validUntil"] = "2039-01-01T00:00:00Z" })
	out["claim added"] = edited(t, raw, func(doc, _ map[string]any) { subject(doc)["operatedBy"] = k.other.id() })
	out["mandatory gone"] = edited(t, raw, func(doc, _ map[string]any) { delete(doc, "validUntil") })
	return out
}

// baseRefused shows that neither side takes a base proof for a derived one.
func (k *scheme) baseRefused(t *testing.T, ours, theirs []byte) {
	k.refused(t, k.suite, "integrity.verify", k.verify(ours))
	k.refused(t, k.suite, "integrity.verify", k.verify(theirs))
	k.refusedHere(t, k.suite, "a base proof of theirs", k.opens(t, theirs))
	k.refusedHere(t, k.suite, "a base proof of ours", k.opens(t, ours))
}

// nothing asks each side for a part that is not there, and to derive from what is derived.
func (k *scheme) nothing(t *testing.T, ours, theirs []byte) {
	absent := []string{"/credentialSubject/absent"}
	k.refused(t, k.suite, "integrity.derive", k.ask(request{"document": json.RawMessage(ours), "selectivePointers": absent}))
	_, err := k.derive(theirs, absent)
	k.refusedHere(t, k.suite, "an absent part", err)
	here, err := k.derive(ours, chosen()[0])
	check(t, err)
	k.refused(t, k.suite, "integrity.derive", k.ask(request{"document": json.RawMessage(here), "selectivePointers": []string{"/issuer"}}))
	_, err = k.derive(k.derived(t, theirs, chosen()[0]), []string{"/issuer"})
	k.refusedHere(t, k.suite, "derived from what is derived", err)
}

// sameShown fails t unless two derived documents show the same.
func sameShown(t *testing.T, a, b []byte) {
	t.Helper()
	var shown [2][]byte
	for i, raw := range [][]byte{a, b} {
		unsecured, _, err := dataintegrity.Split(raw)
		check(t, err)
		canonical, err := jsonld.Canonicalize(unsecured, jsonld.Closed, rdfc.SHA256)
		check(t, err)
		shown[i] = canonical.Bytes()
	}
	if !bytes.Equal(shown[0], shown[1]) {
		t.Errorf("the two sides show different things:\n%s\n%s", a, b)
	}
}
