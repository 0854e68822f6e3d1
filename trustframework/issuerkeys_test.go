// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

func ecAnchor(t *testing.T, curve elliptic.Curve, ca bool) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return selfSigned(t, &k.PublicKey, k, ca)
}

func selfSigned(t *testing.T, pub, private any, ca bool) string {
	t.Helper()
	draft := &x509.Certificate{SerialNumber: big.NewInt(1), BasicConstraintsValid: true, IsCA: ca}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, pub, private)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// TestIssuerKeys has what a framework may pin, and what it may not.
func TestIssuerKeys(t *testing.T) {
	good := ecAnchor(t, elliptic.P256(), true)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const url = "https://issuer.example.org/tenant"
	for name, c := range map[string]struct {
		id   string
		keys trustframework.IssuerKeys
		want reason.Code
	}{
		"none":                 {sample.Issuer, trustframework.IssuerKeys{}, ""},
		"did":                  {sample.Issuer, trustframework.IssuerKeys{Method: "did"}, ""},
		"x5c":                  {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{good}}, ""},
		"x5c of P-384":         {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{good, ecAnchor(t, elliptic.P384(), true)}}, ""},
		"https with metadata":  {url, trustframework.IssuerKeys{Method: "metadata"}, ""},
		"https with x5c":       {url, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{good}}, ""},
		"unknown method":       {sample.Issuer, trustframework.IssuerKeys{Method: "jwks"}, reason.JSONType},
		"x5c without anchors":  {sample.Issuer, trustframework.IssuerKeys{Method: "x5c"}, reason.JSONType},
		"did with anchors":     {sample.Issuer, trustframework.IssuerKeys{Method: "did", Anchors: []string{good}}, reason.JSONType},
		"anchors, no method":   {sample.Issuer, trustframework.IssuerKeys{Anchors: []string{good}}, reason.JSONMemberMissing},
		"metadata of a DID":    {sample.Issuer, trustframework.IssuerKeys{Method: "metadata"}, reason.JSONType},
		"https by did":         {url, trustframework.IssuerKeys{Method: "did"}, reason.JSONType},
		"https and nothing":    {url, trustframework.IssuerKeys{}, reason.JSONType},
		"https with a query":   {url + "?x", trustframework.IssuerKeys{Method: "metadata"}, reason.JSONType},
		"https with a star":    {"https://*.example.org", trustframework.IssuerKeys{Method: "metadata"}, reason.JSONType},
		"https, upper case":    {"https://Issuer.example.org", trustframework.IssuerKeys{Method: "metadata"}, reason.JSONType},
		"http":                 {"http://issuer.example.org", trustframework.IssuerKeys{Method: "metadata"}, reason.JSONType},
		"anchor is no CA":      {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{ecAnchor(t, elliptic.P256(), false)}}, reason.JSONType},
		"anchor of P-521":      {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{ecAnchor(t, elliptic.P521(), true)}}, reason.JSONType},
		"anchor of RSA":        {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{selfSigned(t, &rsaKey.PublicKey, rsaKey, true)}}, reason.JSONType},
		"anchor is no base64":  {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{"no"}}, reason.JSONType},
		"anchor with a break":  {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{good[:64] + "\n" + good[64:]}}, reason.JSONType},
		"anchor too large":     {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: []string{strings.Repeat("AAAA", 2000)}}, reason.JSONType},
		"anchors beyond bound": {sample.Issuer, trustframework.IssuerKeys{Method: "x5c", Anchors: slices.Repeat([]string{good}, 9)}, reason.JSONType},
	} {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			p := f.Parties[sample.Issuer]
			delete(f.Parties, sample.Issuer)
			p.IssuerKeys = c.keys
			f.Parties[c.id] = p
			if got := reason.Of(trustframework.Validate(f)); got != c.want {
				t.Errorf("%q: %v", got, trustframework.Validate(f))
			}
		})
	}
}

// TestHTTPSIssuerIsKnown lets an https address be accredited only if it is a party.
func TestHTTPSIssuerIsKnown(t *testing.T) {
	const url = "https://issuer.example.org"
	f := sample.Framework()
	f.Accreditations[0].Issuer = url
	if got := reason.Of(trustframework.Validate(f)); got != reason.JSONType {
		t.Error("nobody knows where its keys are: ", got)
	}
	f.Parties[url] = trustframework.Party{Name: "Proxy", IssuerKeys: trustframework.IssuerKeys{Method: "metadata"}}
	if err := trustframework.Validate(f); err != nil {
		t.Error(err)
	}
	raw, err := f.Write()
	if err != nil {
		t.Fatal(err)
	}
	g, err := trustframework.Read(raw)
	if err != nil || g.Parties[url].IssuerKeys.By() != trustframework.ByMetadata {
		t.Error("what is written is not read: ", err)
	}
	if _, err := trustframework.Read([]byte(strings.Replace(string(raw), `"method":"metadata"`, `"method":"metadata","jwks":{}`, 1))); reason.Of(err) != reason.JSONType {
		t.Error("an unknown member: ", err)
	}
	f.Accreditations[0].AccreditedBy = url
	if trustframework.Validate(f) == nil {
		t.Error("an https address accredits")
	}
}
