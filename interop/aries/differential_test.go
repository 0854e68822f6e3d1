// SPDX-License-Identifier: Apache-2.0

package aries_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"regexp"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/test/interop/page"
)

// each is how many credentials are drawn for each way of securing them: 35 in each direction are 385.
const each = 35

// TestAries runs every format in both directions, and holds docs/interop.md to what it tried.
func TestAries(t *testing.T) {
	s := &session{theirs: aries.NewVerifier(contexts()), ours: reader()}
	ran := 0
	for name, test := range map[string]func(t *testing.T){"jwt": s.jwt, "ldp": s.ldp, "did:key": s.didKey} {
		t.Run(name, func(t *testing.T) { test(t); ran++ })
	}
	fmt.Println(s.tally.Table())
	if ran == 3 {
		page.Hold(t, "Aries", s.tally.Table()+"\nThe counterpart:\n\n"+page.Versions(versions(t)))
	}
}

// versions returns the pins of this module that matter.
func versions(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("go.mod")
	check(t, err)
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`\t(github.com/hyperledger/aries-framework-go|github.com/go-jose/go-jose/v3|golang.org/x/crypto|github.com/btcsuite/btcd) (v\S+)`).FindAllStringSubmatch(string(raw), -1) {
		out[m[1]] = m[2]
	}
	if len(out) != 4 {
		t.Fatalf("go.mod pins %v", out)
	}
	return out
}

type session struct {
	theirs *aries.Verifier
	ours   vc11.Reader
	tally  page.Tally
}

// way is one way of securing a credential: ours makes it with us, theirs with Aries.
type way struct {
	format       string
	ours, theirs func(t *testing.T, document []byte, by party, r *mathrand.Rand) []byte
	forgeries    func(t *testing.T, secured []byte) map[string][]byte
}

func (s *session) jwt(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		s.run(t, alg, way{
			format: "VC 1.1 JWT, " + string(alg),
			ours: func(t *testing.T, document []byte, by party, _ *mathrand.Rand) []byte {
				raw, err := vc11.SealJWT(t.Context(), document, by.Signer)
				check(t, err)
				return raw
			},
			theirs: func(t *testing.T, document []byte, by party, r *mathrand.Rand) []byte {
				return theirJWT(t, document, by, r)
			},
			forgeries: jwtForgeries,
		})
	}
}

func (s *session) ldp(t *testing.T) {
	sealed := func(suite string) func(t *testing.T, document []byte, by party, _ *mathrand.Rand) []byte {
		return func(t *testing.T, document []byte, by party, _ *mathrand.Rand) []byte {
			raw, err := vc11.SealLDP(t.Context(), document, suite, now(), contexts().Find, by.Signer)
			check(t, err)
			return raw
		}
	}
	proved := func(suite string, as verifiable.SignatureRepresentation) func(t *testing.T, document []byte, by party, _ *mathrand.Rand) []byte {
		return func(t *testing.T, document []byte, by party, _ *mathrand.Rand) []byte {
			return theirLDP(t, document, by, suite, as)
		}
	}
	for _, w := range []way{
		{"VC 1.1 LDP, Ed25519Signature2018 (jws)", sealed(vc11.Suite2018), proved(vc11.Suite2018, verifiable.SignatureJWS), ldpForgeries},
		{"VC 1.1 LDP, Ed25519Signature2018 (proofValue)", nil, proved(vc11.Suite2018, verifiable.SignatureProofValue), ldpForgeries},
		{"VC 1.1 LDP, Ed25519Signature2020", sealed(vc11.Suite2020), proved(vc11.Suite2020, verifiable.SignatureProofValue), ldpForgeries},
	} {
		s.run(t, key.EdDSA, w)
	}
}

// run draws credentials, and has each side read what the other made of them.
func (s *session) run(t *testing.T, alg key.Algorithm, w way) {
	issuer := newParty(t, alg)
	for i := range each {
		r := mathrand.New(mathrand.NewPCG(uint64(i), 11))
		document := marshal(t, drawn(r, issuer.id()))
		t.Run(fmt.Sprintf("%s/%d", w.format, i), func(t *testing.T) {
			if w.ours != nil {
				s.outward(t, w, document, w.ours(t, document, issuer, r))
			}
			s.inward(t, w, document, w.theirs(t, document, issuer, r))
		})
	}
}

func (s *session) outward(t *testing.T, w way, document, secured []byte) {
	got, err := s.theirs.Verify(secured)
	check(t, err)
	same(t, tree(t, document), says(t, got))
	s.tally.Accepted(w.format, page.Outward)
	for name, forged := range w.forgeries(t, secured) {
		if _, err := s.theirs.Verify(forged); err == nil {
			t.Errorf("%s: Aries accepts it", name)
			continue
		}
		s.tally.Refused(w.format, page.Outward)
	}
}

func (s *session) inward(t *testing.T, w way, document, secured []byte) {
	got, err := s.ours.Open(t.Context(), secured)
	check(t, err)
	same(t, tree(t, document), tree(t, got.Document))
	s.tally.Accepted(w.format, page.Inward)
	for name, forged := range w.forgeries(t, secured) {
		_, err := s.ours.Open(t.Context(), forged)
		if reason.Of(err) == "" {
			t.Errorf("%s: we accept it, or have no reason: %v", name, err)
			continue
		}
		s.tally.Refused(w.format, page.Inward)
	}
}

// jwtForgeries returns what becomes of a JWT when one thing is changed.
func jwtForgeries(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	parts := bytes.Split(raw, []byte("."))
	payload, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	check(t, err)
	changed := bytes.Replace(payload, []byte(`"Member"`), []byte(`"Memberx"`), 1)
	if bytes.Equal(changed, payload) {
		t.Fatal("nothing to change")
	}
	with := func(i int, part string) []byte {
		out := bytes.Clone(bytes.Join(parts, []byte(".")))
		return bytes.Replace(out, parts[i], []byte(part), 1)
	}
	flip := func(i, at int) []byte {
		part := bytes.Clone(parts[i])
		if part[at]++; part[at] == 'z'+1 || part[at] == 'Z'+1 || part[at] == '9'+1 || part[at] == '.' || part[at] == '`' {
			part[at] = 'A'
		}
		return with(i, string(part))
	}
	encode := base64.RawURLEncoding.EncodeToString
	return map[string][]byte{
		"claim":        with(1, encode(changed)),
		"signature":    flip(2, 5),
		"no signature": with(2, ""),
		"alg none":     with(0, encode([]byte(`{"alg":"none","typ":"JWT"}`))),
		"other alg":    with(0, encode(bytes.Replace(decode(t, parts[0]), []byte(`"alg":"`), []byte(`"alg":"X`), 1))),
	}
}

func decode(t *testing.T, part []byte) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(string(part))
	check(t, err)
	return out
}

// ldpForgeries returns what becomes of a credential with a proof when one thing is changed.
func ldpForgeries(t *testing.T, raw []byte) map[string][]byte {
	t.Helper()
	change := func(do func(doc, proof map[string]any)) []byte {
		doc := tree(t, raw)
		do(doc, doc["proof"].(map[string]any))
		return marshal(t, doc)
	}
	value := func(proof map[string]any, do func(string) string) {
		for _, name := range []string{"jws", "proofValue"} {
			if text, ok := proof[name].(string); ok {
				proof[name] = do(text)
			}
		}
	}
	subject := func(doc map[string]any) map[string]any {
		if list, ok := doc["credentialSubject"].([]any); ok {
			return list[0].(map[string]any)
		}
		return doc["credentialSubject"].(map[string]any)
	}
	return map[string][]byte{
		"claim":       change(func(doc, _ map[string]any) { subject(doc)["level"] = 1001 }),
		"claim added": change(func(doc, _ map[string]any) { subject(doc)["granted"] = true }),
		"date":        change(func(doc, _ map[string]any) { doc["issuanceDate"] = "2017-01-01T00:00:00Z" }),
		"created":     change(func(_, proof map[string]any) { proof["created"] = "2026-11-22T10:00:01Z" }),
		"purpose":     change(func(_, proof map[string]any) { proof["proofPurpose"] = "authentication" }),
		"challenge":   change(func(_, proof map[string]any) { proof["challenge"] = "x" }),
		"no proof":    change(func(doc, _ map[string]any) { delete(doc, "proof") }),
		"suite":       change(func(_, proof map[string]any) { proof["type"] = "JsonWebSignature2020" }),
		"signature": change(func(_, proof map[string]any) {
			value(proof, func(s string) string { return s[:len(s)-9] + "AAA" + s[len(s)-6:] })
		}),
		"signature gone": change(func(_, proof map[string]any) { value(proof, func(string) string { return "" }) }),
		"signature cut":  change(func(_, proof map[string]any) { value(proof, func(s string) string { return s[:len(s)-4] }) }),
	}
}

// TestWhatAriesPasses shows where Aries accepts what the standards have us refuse, which is why an import
// asks both, and refuses what has no signature before Aries sees it.
func TestWhatAriesPasses(t *testing.T) {
	issuer, other := newParty(t, key.EdDSA), newParty(t, key.EdDSA)
	r := mathrand.New(mathrand.NewPCG(1, 2))
	document := marshal(t, drawn(r, issuer.id()))
	theirs, ours := aries.NewVerifier(contexts()), reader()

	claims, err := unsigned(t, document).JWTClaims(false)
	check(t, err)
	stranger, err := claims.MarshalJWS(other.algorithm(), other, other.Method.String())
	check(t, err)
	if _, err := theirs.Verify([]byte(stranger)); err != nil {
		t.Error("Aries refuses another's key now: say so in docs/interop.md: ", err)
	}
	if _, err := ours.Open(t.Context(), []byte(stranger)); reason.Of(err) != reason.KeyControllerMismatch {
		t.Errorf("a JWT by another's key: %v", err)
	}

	proved := tree(t, theirLDP(t, document, issuer, vc11.Suite2020, verifiable.SignatureProofValue))
	proved["proof"].(map[string]any)["nonce"] = "AAAA" // in the proof, and not under its signature
	if _, err := theirs.Verify(marshal(t, proved)); err != nil {
		t.Error("Aries signs the nonce now: say so in docs/interop.md: ", err)
	}
	if _, err := ours.Open(t.Context(), marshal(t, proved)); reason.Of(err) != reason.DIProofOptions {
		t.Errorf("a nonce that is not signed: %v", err)
	}

	unsecured, err := claims.MarshalUnsecuredJWT()
	check(t, err)
	for name, raw := range map[string][]byte{
		"a document alone": document, "an empty set of proofs": append(document[:len(document)-1:len(document)-1], `,"proof":[]}`...), "alg none": []byte(unsecured),
	} {
		if _, err := theirs.Verify(raw); !errors.Is(err, aries.ErrUnsecured) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ours.Open(t.Context(), raw); err == nil {
			t.Errorf("%s: we accept it", name)
		}
	}
	bad, err := claims.MarshalJWS(other.algorithm(), other, "did:key:z6Mk")
	check(t, err)
	if _, err := theirs.Verify([]byte(bad)); !errors.Is(err, aries.ErrPanic) {
		t.Errorf("a kid without a fragment: %v", err)
	}
}
