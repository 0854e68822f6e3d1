// SPDX-License-Identifier: Apache-2.0

package vci_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

const vectors = "vectors/openid4vci-1.0"

// body returns the body of an HTTP message, or all of a file that is none, without the line breaks
// that the specification puts into long texts.
func body(raw []byte) []byte {
	raw = bytes.TrimSpace(raw)
	if bytes.HasPrefix(raw, []byte("HTTP/")) {
		raw = raw[bytes.IndexByte(raw, '{'):]
	}
	return regexp.MustCompile(`\n\s*`).ReplaceAll(raw, nil)
}

// reread reads a message of a vector and writes it again.
type reread func(t *testing.T, raw []byte) ([]byte, error)

// parsed makes a reread of a reader and Marshal.
func parsed[T any](read func([]byte) (T, error)) reread {
	return func(t *testing.T, raw []byte) ([]byte, error) {
		t.Helper()
		v, err := read(raw)
		if err != nil {
			return nil, err
		}
		return strictjson.Marshal(v)
	}
}

// rereads says by the beginning of a file's name how the vectors are read.
func rereads() map[string]reread {
	issuer := "https://credential-issuer.example.com"
	return map[string]reread{
		"credential_metadata_": parsed(func(raw []byte) (any, error) {
			var m struct {
				Configurations map[string]vci.Configuration `json:"credential_configurations_supported"`
			}
			return &m, strictjson.Unmarshal(raw, &m)
		}),
		"credential_issuer_metadata_sd_jwt_long": parsed(func(raw []byte) (*vci.IssuerMetadata, error) { return vci.ParseIssuerMetadata(raw, issuer) }),
		"authorization_details": func(_ *testing.T, raw []byte) ([]byte, error) {
			list, err := vci.ParseDetails(string(raw))
			return []byte(vci.WriteDetails(list)), err
		},
		"credential_offer_":    parsed(vci.ParseOffer),
		"credential_request_":  parsed(vci.ParseCredentialRequest),
		"credential_response_": parsed(vci.ParseCredentialResponse),
		"issuer_jwks": parsed(func(raw []byte) (any, error) {
			var m struct {
				JWKS vci.KeySet `json:"jwks"`
			}
			if err := strictjson.Unmarshal(raw, &m); err != nil {
				return nil, err
			}
			_, err := jose.ReadJWKS(marshalled(m.JWKS))
			return &m, err
		}),
		"credential_issuer_metadata_sd_jwt_jwt": func(t *testing.T, raw []byte) ([]byte, error) {
			t.Helper()
			m, err := vci.OpenMetadata(t.Context(), raw, issuer, ownCertificate, time.Unix(1516239022, 0))
			return marshalled(m), err
		},
		"wallet_attestation": func(t *testing.T, raw []byte) ([]byte, error) {
			t.Helper()
			_, err := attest.OpenClient(t.Context(), string(raw), "", attest.Expect{Audience: issuer, Providers: nobody(t), At: time.Unix(1755023600, 0), Challenge: func(string) error { return nil }})
			return nil, err
		},
	}
}

func marshalled(v any) []byte {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		panic(err) // a message that was read
	}
	return raw
}

// ownCertificate finds the key in the first certificate, whoever made it.
func ownCertificate(_ context.Context, _, _ string, x5c []byte) (key.Public, error) {
	ders, err := jose.ReadX5C(x5c)
	if err != nil {
		return key.Public{}, err
	}
	c, err := x509.ParseCertificate(ders[0])
	if err != nil {
		return key.Public{}, err
	}
	return key.New(c.PublicKey)
}

// nobody trusts somebody who made nothing.
func nobody(t *testing.T) attest.Providers {
	t.Helper()
	l, err := attest.NewList(attest.ListConfig{DIDs: []did.DID{holder(t).Method.DID()}, Resolver: didkey.New()})
	must(t, err)
	return l
}

// departures are the vectors that are refused on purpose.
func departures() map[string]struct {
	code reason.Code
	why  string
} {
	return map[string]struct {
		code reason.Code
		why  string
	}{
		"credential_request_iso_mdl.json": {reason.ResponseAmbiguous, "the request has neither credential_identifier nor credential_configuration_id, of which §8.2 wants exactly one (response.ambiguous)"},
		"wallet_attestation.jwt.txt":      {reason.ClientAttestation, "the attestation is signed with a self-signed certificate, which HAIP 1.0 §4.4.1 forbids (client.attestation)"},
	}
}

// TestVectorsSpecification reads every example of the specification, writes it again and compares.
func TestVectorsSpecification(t *testing.T) {
	files, err := os.ReadDir(shared.Dir(t, vectors))
	must(t, err)
	row := conformance.Row{Standard: "OpenID4VCI 1.0", Part: "examples: metadata, offers, authorization details, requests, answers", Source: "openid4vci-1.0"}
	for _, f := range files {
		row.Run++
		raw := body(shared.Open(t, filepath.Join(vectors, f.Name())))
		again, err := readerOf(t, f.Name())(t, raw)
		if d, ok := departures()[f.Name()]; ok {
			if reason.Of(err) != d.code {
				t.Errorf("%s: %v, want %s", f.Name(), err, d.code)
			}
			row.Departures = append(row.Departures, conformance.Departure{Cases: 1, Why: d.why})
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", f.Name(), err)
			continue
		}
		if bytes.Count(raw, []byte(".")) == 2 && raw[0] == 'e' { // a token: what it says is compared
			raw = claimsOf(t, raw)
		}
		if diff := cmp.Diff(tree(t, raw), tree(t, again)); diff != "" {
			t.Errorf("%s: %s", f.Name(), diff)
			continue
		}
		row.Passed++
	}
	conformance.Record(t, row)
}

func readerOf(t *testing.T, file string) reread {
	t.Helper()
	best := ""
	for prefix := range rereads() {
		if strings.HasPrefix(file, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	if best == "" {
		t.Fatalf("nothing reads %s", file)
	}
	return rereads()[best]
}

// claimsOf returns the payload of a token without the claims that stand beside the metadata.
func claimsOf(t *testing.T, token []byte) []byte {
	t.Helper()
	parts := bytes.SplitN(token, []byte("."), 3)
	raw, err := jose.AppendDecode(nil, parts[1])
	must(t, err)
	claims := tree(t, raw).(map[string]any)
	delete(claims, "sub")
	delete(claims, "iat")
	return marshal(t, claims)
}

// TestVectorsSchemas holds the examples to the published schemas, as a check of both.
func TestVectorsSchemas(t *testing.T) {
	for file, schema := range map[string]string{
		"openid4vci-1.0/credential_offer_authz_code.txt": "credential_offer-1_0.json", "openid4vci-1.0/credential_offer_by_reference.json": "credential_offer-1_0.json",
		"openid4vci-1.0/credential_offer_multiple_credentials.json": "credential_offer-1_0.json", "openid4vci-1.0/credential_offer_pre-authz_code.json": "credential_offer-1_0.json",
		"openid4vci-1.0/credential_issuer_metadata_sd_jwt_long.json": "credential_issuer_metadata-1_0.json",
	} {
		valid(t, schema, body(shared.Open(t, "vectors/"+file)))
	}
	row := conformance.Row{Standard: "OpenID4VCI 1.0", Part: "§12.2.4 metadata of an issuer in the field", Source: "oidf-json-schemas", Run: 1}
	raw := shared.Open(t, "vectors/oidf-json-schemas/openid4vci-1_0/credential-issuer-metadata-dresden-komm-pass.json")
	var said struct {
		Issuer string `json:"credential_issuer"`
	}
	must(t, strictjson.Unmarshal(raw, &said))
	m, err := vci.ParseIssuerMetadata(raw, said.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	// What the issuer adds to the specification is ignored, and not written again.
	if diff := cmp.Diff(without(tree(t, raw), "value_type"), tree(t, marshalled(m))); diff != "" {
		t.Error(diff)
	}
	valid(t, "credential_issuer_metadata-1_0.json", marshalled(m))
	row.Passed++
	conformance.Record(t, row)
}

// without returns v with the members called name taken out at every depth.
func without(v any, name string) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, name)
		for _, item := range v {
			without(item, name)
		}
	case []any:
		for _, item := range v {
			without(item, name)
		}
	}
	return v
}
