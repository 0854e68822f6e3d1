// SPDX-License-Identifier: Apache-2.0

package aries_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/jsonld"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/ed25519signature2018"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/ed25519signature2020"
	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/key"
)

// vocabulary is a context of the tests, with terms of every kind that the documents use.
const vocabulary = "https://example.org/ns/interop/v1"

func contexts() aries.Contexts {
	out := aries.Embedded()
	out[vocabulary] = []byte(`{"@context":{"@version":1.1,"@protected":true,
		"name":"https://example.org/ns#name","level":"https://example.org/ns#level","granted":"https://example.org/ns#granted",
		"since":{"@id":"https://example.org/ns#since","@type":"http://www.w3.org/2001/XMLSchema#dateTime"},
		"group":{"@id":"https://example.org/ns#group","@container":"@set"},
		"steps":{"@id":"https://example.org/ns#steps","@container":"@list"},
		"friend":{"@id":"https://example.org/ns#friend","@type":"@id"},
		"of":{"@id":"https://example.org/ns#of"},
		"MembershipCredential":"https://example.org/ns#MembershipCredential","Member":"https://example.org/ns#Member"}}`)
	return out
}

func now() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func reader() vc11.Reader {
	return vc11.Reader{Keys: credential.Keys{Resolver: didkey.New(), At: now()}, Contexts: contexts().Find}
}

// party signs with a did:key, for us and for Aries.
type party struct{ did.Signer }

func newParty(t testing.TB, alg key.Algorithm) party {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	check(t, err)
	s, err := didkey.Signer(k)
	check(t, err)
	return party{s}
}

func (p party) id() string { return p.Method.DID().String() }

// Sign implements the signers of Aries.
func (p party) Sign(data []byte) ([]byte, error) { return p.Signer.Sign(context.Background(), data) }

// Alg implements the signers of Aries.
func (p party) Alg() string { return string(p.Public().Algorithm()) }

func (p party) algorithm() verifiable.JWSAlgorithm {
	switch p.Public().Algorithm() {
	case key.ES256:
		return verifiable.ECDSASecp256r1
	case key.ES384:
		return verifiable.ECDSASecp384r1
	}
	return verifiable.EdDSA
}

// drawn returns some credential of version 1.1 by issuer.
func drawn(r *mathrand.Rand, issuer string) map[string]any {
	texts := []string{"plain", "ťéxt ☃ 𝒳", "a\"b\\c", "line\nbreak", "<&>", " ", "0"}
	text := func() string { return texts[r.IntN(len(texts))] }
	subject := map[string]any{"id": fmt.Sprintf("did:example:%x", r.Uint64()), "type": "Member", "name": text(), "level": r.IntN(1000)}
	if r.IntN(2) == 0 {
		subject["group"] = []any{text(), "second", fmt.Sprint(r.IntN(9))}
		subject["steps"] = []any{"b", "a", "b"}
	}
	if r.IntN(2) == 0 {
		subject["of"] = map[string]any{"name": text(), "granted": r.IntN(2) == 0, "of": map[string]any{"since": "2020-02-29T00:00:00Z", "name": "x"}}
	}
	if r.IntN(3) == 0 {
		subject["friend"] = []any{fmt.Sprintf("urn:x:%d", r.IntN(9)), "https://example.org/a?b=c#d"}
	}
	out := map[string]any{
		"@context": []any{vc11.Context, vc11.Suite2020Context, vocabulary},
		"id":       fmt.Sprintf("urn:uuid:%08x-0000-4000-8000-%012x", r.Uint32(), r.Uint64N(1<<48)),
		"type":     []any{"VerifiableCredential", "MembershipCredential"}, "issuer": any(issuer),
		"issuanceDate": time.Unix(1_500_000_000+r.Int64N(200_000_000), 0).UTC().Format(time.RFC3339), "credentialSubject": subject,
	}
	if r.IntN(2) == 0 {
		out["issuer"] = map[string]any{"id": issuer, "name": text()}
	}
	if r.IntN(2) == 0 {
		out["expirationDate"] = time.Unix(1_900_000_000+r.Int64N(200_000_000), 0).UTC().Format(time.RFC3339)
	}
	return out
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	check(t, err)
	return raw
}

// unsigned has Aries read a document that has no proof yet.
func unsigned(t testing.TB, document []byte) *verifiable.Credential {
	t.Helper()
	c, err := verifiable.ParseCredential(document, verifiable.WithDisabledProofCheck(),
		verifiable.WithJSONLDDocumentLoader(contexts()), verifiable.WithNoCustomSchemaCheck())
	check(t, err)
	return c
}

// theirJWT has Aries sign a document as a JWT, with what the claims repeat left out of vc if r says so.
func theirJWT(t testing.TB, document []byte, by party, r *mathrand.Rand) []byte {
	t.Helper()
	claims, err := unsigned(t, document).JWTClaims(r.IntN(2) == 0)
	check(t, err)
	jws, err := claims.MarshalJWS(by.algorithm(), by, by.Method.String())
	check(t, err)
	return []byte(jws)
}

// theirLDP has Aries put a proof on a document.
func theirLDP(t testing.TB, document []byte, by party, name string, as verifiable.SignatureRepresentation) []byte {
	t.Helper()
	created := now()
	proof := &verifiable.LinkedDataProofContext{
		SignatureType: name, SignatureRepresentation: as, Created: &created, VerificationMethod: by.Method.String(), Purpose: "assertionMethod",
	}
	switch name {
	case vc11.Suite2018:
		proof.Suite = ed25519signature2018.New(suite.WithSigner(by))
	case vc11.Suite2020:
		proof.Suite = ed25519signature2020.New(suite.WithSigner(by))
	}
	c := unsigned(t, document)
	check(t, c.AddLinkedDataProof(proof, jsonld.WithDocumentLoader(contexts())))
	return marshal(t, c)
}

// says returns what a credential that Aries read says, without its proof.
func says(t testing.TB, c *verifiable.Credential) map[string]any {
	t.Helper()
	plain := *c
	plain.JWT, plain.Proofs = "", nil
	return tree(t, marshal(t, &plain))
}

func tree(t testing.TB, raw []byte) (out map[string]any) {
	t.Helper()
	check(t, json.Unmarshal(raw, &out))
	return out
}

// same fails t unless got says what want says: one type or subject may stand alone or in a list.
func same(t testing.TB, want, got map[string]any) {
	t.Helper()
	for _, o := range []map[string]any{want, got} {
		for _, name := range []string{"type", "credentialSubject"} {
			if list, ok := o[name].([]any); ok && len(list) == 1 {
				o[name] = list[0]
			}
		}
	}
	if !reflect.DeepEqual(want, got) {
		t.Errorf("want %s\ngot  %s", marshal(t, want), marshal(t, got))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
