// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// openCredential opens the credential alone.
func (g *forge) openCredential() error {
	_, err := credential.Open(context.Background(), g.f, []byte(g.credential()), g.w.Keys)
	return err
}

// runAlone is run with the credential in place of the presentation.
func runAlone(t *testing.T, cases ...attack) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newForge(t)
			c.change(g)
			refused(t, g.openCredential(), c.want)
		})
	}
}

func nothing(*forge) {}

// TestConformance has lines 31 to 38 of conformance.md §4, as far as the JOSE part goes. SD-JWT (38)
// is in package sdjwt; COSE (39) is not offered.
func TestConformance(t *testing.T) {
	t.Run("31 media types", func(t *testing.T) {
		runAlone(t, attack{"vc+jwt", nothing, ""}, attack{"with prefix", set("header", "typ", "application/VC+JWT"), ""},
			attack{"absent", set("header", "typ", absent), reason.JOSETypMismatch}, attack{"JWT", set("header", "typ", "JWT"), reason.JOSETypMismatch},
			attack{"vp+jwt", set("header", "typ", PresentationType), reason.JOSETypMismatch}, attack{"vc+sd-jwt", set("header", "typ", "vc+sd-jwt"), reason.JOSETypMismatch},
			attack{"vc+cose", set("header", "typ", "vc+cose"), reason.JOSETypMismatch},
			attack{"no cty", set("header", "cty", absent), ""}, attack{"cty vp", set("header", "cty", "vp"), reason.JOSEHeaderInvalid}, attack{"cty of another", set("header", "cty", "json"), reason.JOSEHeaderInvalid})
		run(t, attack{"vp", nothing, ""}, attack{"vp with cty", set("vpHeader", "cty", "vp"), ""},
			attack{"vp as vc+jwt", set("vpHeader", "typ", Name), reason.JOSETypMismatch}, attack{"vp with cty vc", set("vpHeader", "cty", "vc"), reason.JOSEHeaderInvalid})
		g := newForge(t)
		_, err := credential.Open(t.Context(), g.f, g.raw(), g.w.Keys)
		refused(t, err, reason.JOSETypMismatch) // a presentation where a credential is due
		_, err = credential.OpenPresentation(t.Context(), g.f, []byte(g.credential()), g.w.Binding, g.w.Keys)
		refused(t, err, reason.JOSETypMismatch)
	})
	t.Run("32 the payload is the credential", func(t *testing.T) {
		runAlone(t, attack{"vc", set("vc", "vc", object{"type": []string{"VerifiableCredential"}}), reason.VCAmbiguous}, attack{"vp", set("vc", "vp", object{}), reason.VCAmbiguous},
			attack{"vc alone", func(g *forge) { g.payload = g.marshal(object{"iss": g.vc["issuer"], "vc": g.vc}) }, reason.VCAmbiguous})
		run(t, attack{"vp in a presentation", set("vp", "vp", object{}), reason.VCAmbiguous}, attack{"vc in a presentation", set("vp", "vc", object{}), reason.VCAmbiguous})
	})
	t.Run("33 registered claims", registeredClaims)
	t.Run("34 kid", keyIDs)
	t.Run("35 unsecured", func(t *testing.T) {
		g := newForge(t)
		signed := g.credential()
		parts := strings.Split(signed, ".")
		none := fixture.B64(`{"alg":"none","typ":"vc+jwt","kid":"` + g.w.Issuer.Method.String() + `"}`)
		for name, c := range map[string]struct {
			raw  string
			want reason.Code
		}{
			"none":                {none + "." + parts[1] + ".", reason.JOSEAlgForbidden},
			"none and signature":  {none + "." + parts[1] + "." + parts[2], reason.JOSEAlgForbidden},
			"empty signature":     {parts[0] + "." + parts[1] + ".", reason.CredentialSignatureInvalid},
			"two parts":           {parts[0] + "." + parts[1], reason.JOSEHeaderInvalid},
			"a signature too far": {signed + "." + parts[2], reason.LimitTokenParts},
		} {
			_, err := credential.Open(t.Context(), g.f, []byte(c.raw), g.w.Keys)
			if reason.Of(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := fixture.Unb64(t, parts[1]); string(got) != g.marshal(g.vc) {
			t.Error("the payload is not kept")
		}
		runAlone(t, attack{"unknown header member", set("header", "later", object{"x": 1}), ""}, attack{"crit", func(g *forge) { g.header["later"] = 1; g.header["crit"] = []string{"later"} }, reason.JOSECritUnsupported})
	})
	t.Run("36 algorithms", algorithms)
	t.Run("37 the enclosed credential", func(t *testing.T) {
		run(t,
			attack{"bad signature", func(g *forge) { g.w.Issuer.Signer = g.w.Attacker.Signer }, reason.CredentialSignatureInvalid},
			attack{"wrong typ", set("header", "typ", "JWT"), reason.JOSETypMismatch},
			attack{"SD-JWT in the URL", func(g *forge) { g.envelope["id"] = "data:application/vc+sd-jwt," + g.credential() + "~" }, reason.VCStructure},
			attack{"upper-case media type", func(g *forge) { g.envelope["id"] = "data:application/VC+JWT," + g.credential() }, reason.VCStructure},
			attack{"base64 parameter", func(g *forge) { g.envelope["id"] = "data:application/vc+jwt;base64," + g.credential() }, reason.VCStructure},
			attack{"empty", func(g *forge) { g.envelope["id"] = dataURL }, reason.VCStructure},
			attack{"no data URL", func(g *forge) { g.envelope["id"] = g.credential() }, reason.VCStructure},
			attack{"no envelope", func(g *forge) { g.vp["verifiableCredential"] = []any{g.credential()} }, reason.VCStructure},
			attack{"the credential itself", func(g *forge) { g.vp["verifiableCredential"] = []any{g.vc} }, reason.VCStructure})
	})
}

// registeredClaims is line 33: what repeats the model may not contradict it.
func registeredClaims(t *testing.T) {
	same := func(g *forge) {
		from, _ := credential.ParseTime(g.vc["validFrom"].(string))
		until, _ := credential.ParseTime(g.vc["validUntil"].(string))
		g.vc["iss"], g.vc["sub"], g.vc["jti"] = g.vc["issuer"], g.at("credentialSubject")["id"], g.vc["id"]
		g.vc["nbf"], g.vc["exp"], g.vc["iat"] = from.Unix(), until.Unix(), from.Unix()
	}
	cases := []attack{{"all agree", same, ""}}
	for name, v := range map[string]any{"iss": "did:web:attacker.example.org", "sub": "did:web:attacker.example.org", "jti": "urn:uuid:1", "nbf": 1, "exp": 1} {
		cases = append(cases, attack{name + " differs", func(g *forge) { same(g); g.vc[name] = v }, reason.VCAmbiguous},
			attack{name + " alone differs", set("vc", name, v), reason.VCAmbiguous})
	}
	runAlone(t, cases...)
}

// keyIDs is line 34.
func keyIDs(t *testing.T) {
	runAlone(t,
		attack{"DID URL", nothing, ""}, attack{"relative", set("header", "kid", "#k1"), ""},
		attack{"absent", set("header", "kid", absent), reason.JOSEKidInvalid}, attack{"the DID alone", func(g *forge) { g.header["kid"] = g.vc["issuer"] }, reason.JOSEKidInvalid},
		attack{"not listed", set("header", "kid", "#k2"), reason.DIDMethodUnsupported},
		attack{"of another DID", func(g *forge) {
			g.header["kid"] = g.w.Attacker.Method.String()
			g.w.Issuer.Signer = g.w.Attacker.Signer
		}, reason.KeyControllerMismatch},
		attack{"for presentations alone", func(g *forge) { g.purpose(t, did.AssertionMethod) }, reason.KeyPurposeMismatch})
	g := newForge(t)
	g.purpose(t, did.Authentication) // an issuer's key needs no more than to sign credentials
	refused(t, g.open(), "")
	run(t, attack{"presentation by a relative kid", set("vpHeader", "kid", "#k1"), reason.JOSEKidInvalid},
		attack{"presentation by no kid", set("vpHeader", "kid", absent), reason.JOSEKidInvalid})
}

// purpose takes the issuer's keys out of the list of r.
func (g *forge) purpose(t *testing.T, r did.Relationship) {
	t.Helper()
	doc, err := g.w.Keys.Resolver.Resolve(t.Context(), g.w.Issuer.Method.DID())
	if err != nil {
		t.Fatal(err)
	}
	delete(doc.Purposes, r)
}

// algorithms is line 36: all of the allow-list, each with its own kind of key.
func algorithms(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			g := forgeIn(t, fixture.New(t, alg))
			refused(t, g.openCredential(), "")
			for _, other := range []string{"ES256", "ES384", "EdDSA"} {
				if g.header["alg"] = other; other != string(alg) {
					refused(t, g.openCredential(), reason.JOSEAlgKeyMismatch)
				}
			}
			for _, foreign := range []string{"ES512", "ES256K", "RS256", "PS256", "HS256", "Ed25519", "Ed448", "es256"} {
				g.header["alg"] = foreign
				refused(t, g.openCredential(), reason.JOSEAlgForbidden)
			}
		})
	}
}

// anchored pins every issuer to certificates below one anchor.
type anchored struct{ anchor *x509.Certificate }

func (a anchored) IssuerKey(_ context.Context, c credential.IssuerClaim, at time.Time) (key.Public, bool, error) {
	k, err := proof.ChainKey(c.X5C, []*x509.Certificate{a.anchor}, c.Issuer, at)
	return k, true, err
}

// TestCertificates is JOS-09 in this format: an issuer that is pinned to an anchor signs with a
// certificate below it, and a self-signed look-alike is refused.
func TestCertificates(t *testing.T) {
	g := newForge(t)
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	at := g.w.Keys.At
	issue := func(draft, parent *x509.Certificate, pub *ecdsa.PublicKey, by *ecdsa.PrivateKey) *x509.Certificate {
		draft.SerialNumber, draft.NotBefore, draft.NotAfter, draft.BasicConstraintsValid = big.NewInt(1), at.Add(-time.Hour), at.Add(time.Hour), true
		der, err := x509.CreateCertificate(rand.Reader, draft, parent, pub, by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	root := &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign}
	anchor := issue(root, root, &ca.PublicKey, ca)
	u, err := url.Parse(g.vc["issuer"].(string))
	if err != nil {
		t.Fatal(err)
	}
	leaf := x509.Certificate{URIs: []*url.URL{u}}
	signer, pub := newSigner(t, g)
	good := issue(&leaf, anchor, pub, ca)
	g.w.Issuer.Signer, g.w.Keys.Issuers = signer, anchored{anchor}
	g.header["x5c"] = []string{base64.StdEncoding.EncodeToString(good.Raw)}
	refused(t, g.open(), "")
	refused(t, g.openCredential(), "")
	own := leaf
	self, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	g.header["x5c"] = []string{base64.StdEncoding.EncodeToString(issue(&own, &own, &self.PublicKey, self).Raw)}
	refused(t, g.open(), reason.X509UntrustedRoot)
	delete(g.header, "x5c")
	refused(t, g.open(), reason.X509ChainInvalid)
	g.w.Keys.Issuers = nil
	g.header["x5c"] = []string{base64.StdEncoding.EncodeToString(good.Raw)}
	refused(t, g.open(), reason.JOSEHeaderKeyForbidden)
}

// newSigner returns a fresh key and its public half as certificates have it.
func newSigner(t *testing.T, g *forge) (key.Signer, *ecdsa.PublicKey) {
	t.Helper()
	k := fixture.NewKey(t, key.ES256)
	x, y := fixture.Unb64(t, k.Public().JWK().X), fixture.Unb64(t, k.Public().JWK().Y)
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		t.Fatal(err)
	}
	return k, pub
}
