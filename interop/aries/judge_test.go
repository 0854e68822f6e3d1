// SPDX-License-Identifier: Apache-2.0

package aries_test

import (
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/jsonld"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/jsonwebsignature2020"
	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// theirJWS2020 has Aries put a JsonWebSignature2020 proof on a document: a suite that we do not read.
func theirJWS2020(t *testing.T, document []byte, by party, method string) []byte {
	t.Helper()
	created := now()
	c := unsigned(t, document)
	check(t, c.AddLinkedDataProof(&verifiable.LinkedDataProofContext{
		SignatureType: "JsonWebSignature2020", SignatureRepresentation: verifiable.SignatureJWS, Created: &created,
		VerificationMethod: method, Purpose: "assertionMethod",
		Suite: jsonwebsignature2020.New(suite.WithSigner(by)),
	}, jsonld.WithDocumentLoader(contexts())))
	return marshal(t, c)
}

func TestJudge(t *testing.T) {
	issuer, other := newParty(t, key.EdDSA), newParty(t, key.EdDSA)
	p256, another := newParty(t, key.ES256), newParty(t, key.ES256)
	r := mathrand.New(mathrand.NewPCG(3, 4))
	doc := drawn(r, issuer.id())
	doc["issuer"] = issuer.id()
	document := marshal(t, doc)
	doc["issuer"] = p256.id()
	doc["@context"] = []any{vc11.Context, "https://w3id.org/security/suites/jws-2020/v1", vocabulary}
	byP256 := marshal(t, doc)
	claims, err := unsigned(t, document).JWTClaims(false)
	check(t, err)
	stranger, err := claims.MarshalJWS(other.algorithm(), other, other.Method.String())
	check(t, err)
	good := theirLDP(t, document, issuer, vc11.Suite2020, verifiable.SignatureProofValue)
	forged := tree(t, good)
	forged["id"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
	undefined := drawn(r, issuer.id())
	undefined["nobodyDefinesThis"] = "x"
	both, alone := []string{"behalf", "aries"}, []string{"aries"}
	for name, c := range map[string]struct {
		raw    []byte
		by     []string
		reason reason.Code
		format string
	}{
		"a JWT":                         {theirJWT(t, document, issuer, r), both, "", vc11.JWT},
		"a proof":                       {good, both, "", vc11.LDP},
		"a suite we do not read":        {theirJWS2020(t, byP256, p256, p256.Method.String()), alone, "", vc11.LDP},
		"that suite by another's key":   {theirJWS2020(t, byP256, another, another.Method.String()), nil, reason.KeyControllerMismatch, vc11.LDP},
		"that suite, wrong signature":   {theirJWS2020(t, byP256, another, p256.Method.String()), nil, reason.DISuite, vc11.LDP},
		"a JWT by another's key":        {[]byte(stranger), nil, reason.KeyControllerMismatch, vc11.JWT},
		"a forged proof":                {marshal(t, forged), nil, reason.CredentialSignatureInvalid, vc11.LDP},
		"no proof":                      {document, nil, reason.DIProofMissing, vc11.LDP},
		"no credential":                 {[]byte("{}"), nil, reason.DIProofMissing, vc11.LDP},
		"nothing":                       {nil, nil, reason.DIProofMissing, vc11.JWT},
		"a credential beyond the bound": {[]byte("{" + strings.Repeat(" ", vc11.MaxCredential) + "}"), nil, reason.LimitBody, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := aries.Judge(t.Context(), c.raw, reader(), aries.NewVerifier(contexts()))
			if got.Verified != (c.by != nil) || !slices.Equal(got.By, c.by) || got.Reason != c.reason || c.format != "" && got.Format != c.format {
				t.Fatalf("got %+v", got)
			}
			if got.Verified && (got.Issuer != issuer.id() && got.Issuer != p256.id() || got.ID != doc["id"] || !slices.Equal(got.Types, []string{"VerifiableCredential", "MembershipCredential"}) || got.Issued == nil) {
				t.Errorf("got %+v", got)
			}
			if got.Credential != string(c.raw) && c.reason != reason.LimitBody {
				t.Error("the credential was changed")
			}
		})
	}
	if _, err := vc11.SealLDP(t.Context(), marshal(t, undefined), vc11.Suite2020, now(), contexts().Find, issuer.Signer); reason.Of(err) != reason.JSONLDUndefinedTerm {
		t.Errorf("a member that no context defines: %v", err)
	}
}
