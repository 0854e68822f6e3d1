// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// pinnedRows are the attacks on issuers whose keys the framework pins to another place than their DID
// document. credential/sdjwt has every variant of each.
func pinnedRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){"JOS-09": attackCertificates, "SDJ-22": attackMetadata}
}

// issuers finds keys as the framework of w pins them. Metadata are what w.pages has.
func (w *world) issuers() credential.IssuerKeys {
	w.Helper()
	keys, err := issuerkeys.New(func() *trustframework.Framework { return w.framework }, w.pages)
	must(w, err)
	return keys
}

// pages has what lies at some addresses.
type pages map[string]string

// Get implements issuerkeys.Getter.
func (p pages) Get(_ context.Context, address string, _ safehttp.Want) (safehttp.Response, error) {
	text, ok := p[address]
	if !ok {
		return safehttp.Response{}, &safehttp.StatusError{Status: 404}
	}
	return safehttp.Response{Status: 200, Body: []byte(text)}, nil
}

// certified is an authority, and a signer that it has certified.
type certified struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	signer key.Signer
}

// certify makes a certificate of issuer's name under by, which is nil for an authority of its own.
func certify(t testing.TB, issuer string, by *certified) *certified {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	name, err := url.Parse(issuer)
	must(t, err)
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Hospital"}, URIs: []*url.URL{name},
		NotBefore: began.Add(-time.Hour), NotAfter: began.Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	c := &certified{key: k}
	if by == nil {
		by, draft.IsCA, draft.KeyUsage = &certified{k, draft, nil}, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
		draft.Subject.CommonName = "Authority" // a certificate names the key of an authority of another name alone
	}
	der, err := x509.CreateCertificate(rand.Reader, draft, by.cert, &k.PublicKey, by.key)
	must(t, err)
	c.cert, err = x509.ParseCertificate(der)
	must(t, err)
	public, err := key.New(&k.PublicKey)
	must(t, err)
	d, err := k.Bytes()
	must(t, err)
	jwk := public.JWK()
	jwk.D = base64.RawURLEncoding.EncodeToString(d)
	c.signer, err = jwk.Private(rand.Reader)
	must(t, err)
	return c
}

// chain is c as x5c and as an anchor.
func (c *certified) chain() []string { return []string{base64.StdEncoding.EncodeToString(c.cert.Raw)} }

// pin pins the keys of a party.
func (w *world) pin(id string, keys trustframework.IssuerKeys) {
	party := w.framework.Parties[id]
	party.Name, party.IssuerKeys = "Hospital", keys
	w.framework.Parties[id] = party
}

// attackCertificates has JOS-09, and the honest issuer without which it would show nothing. To an
// issuer that is pinned to certificates its DID document gives no signature, in any format.
func attackCertificates(t *testing.T) {
	w := newEmbeddedWorld(t)
	root, lookalike := certify(t, issuerID, nil), certify(t, issuerID, nil)
	w.pin(issuerID, trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: root.chain()})
	for _, format := range []string{sd, vc} {
		for name, row := range map[string]struct {
			by   *certified
			want reason.Code
		}{"certified": {certify(t, issuerID, root), reason.OK}, "look-alike": {lookalike, reason.X509UntrustedRoot}, "key of the DID": {nil, reason.X509ChainInvalid}} {
			t.Run(format+" "+name, func(t *testing.T) {
				w.TB = t
				g := w.forge(format)
				if row.by != nil {
					delete(g.header, "kid")
					g.header["x5c"], g.credBy = row.by.chain(), row.by.signer
				}
				w.expect(g.send(), row.want)
			})
		}
	}
	for _, suite := range []string{rdf, jcs} {
		t.Run(suite+" key of the DID", func(t *testing.T) {
			w.TB = t
			w.expect(w.embedded(suite).send(), reason.X509ChainInvalid)
		})
	}
}

// TestTrustedAuthorities holds a credential to the authorities that a query trusts, by the key identifier that its
// issuer's certificate names. What the holder puts into the header of a proof is nobody's authority.
func TestTrustedAuthorities(t *testing.T) {
	w := newWorld(t)
	root := certify(t, issuerID, nil)
	w.pin(issuerID, trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: root.chain()})
	by := certify(t, issuerID, root)
	aki := b64(by.cert.AuthorityKeyId)
	for _, format := range []string{sd, vc} {
		for name, row := range map[string]struct {
			trusted []object
			want    reason.Code
		}{
			"its own":       {[]object{{"type": "aki", "values": []string{aki}}}, reason.OK},
			"one of two":    {[]object{{"type": "etsi_tl", "values": []string{"https://list.test"}}, {"type": "aki", "values": []string{b64("x"), aki}}}, reason.OK},
			"another":       {[]object{{"type": "aki", "values": []string{b64("another authority")}}}, reason.QueryUnsatisfied},
			"another type":  {[]object{{"type": "openid_federation", "values": []string{aki}}}, reason.QueryUnsatisfied},
			"its leaf's id": {[]object{{"type": "aki", "values": []string{b64("leaf"), issuerID}}}, reason.QueryUnsatisfied},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w.TB = t
				g := w.forge(format)
				w.rewrite(g.session, func(s map[string]any) {
					for _, one := range s["query"].(object)["credentials"].([]any) {
						if one.(object)["id"] == queryOf(format) {
							one.(object)["trusted_authorities"] = row.trusted
						}
					}
				})
				delete(g.header, "kid")
				g.header["x5c"], g.credBy = by.chain(), by.signer
				w.expect(g.send(), row.want)
			})
		}
	}
}

// attackMetadata has SDJ-22: metadata of another issuer, with two sets of keys, with keys elsewhere,
// and none. With the issuer's own the signature verifies, and then the schema refuses: a delegation is
// issued by a DID.
func attackMetadata(t *testing.T) {
	const issuer, address = "https://hospital.test/tenant", "https://hospital.test/.well-known/jwt-vc-issuer/tenant"
	w := newWorld(t)
	w.pin(issuer, trustframework.IssuerKeys{Method: trustframework.ByMetadata})
	jwk := w.issuer.Public().JWK()
	set := `"jwks":{"keys":[{"kid":"k","kty":"` + jwk.Kty + `","crv":"` + jwk.Crv + `","x":"` + jwk.X + `","y":"` + jwk.Y + `"}]}`
	for name, row := range map[string]struct {
		text string
		want reason.Code
	}{
		"own":            {`{"issuer":"` + issuer + `",` + set + `}`, reason.CredentialSchemaInvalid},
		"another issuer": {`{"issuer":"https://hospital.test/other",` + set + `}`, reason.IssuerMetadataInvalid},
		"two sets":       {`{"issuer":"` + issuer + `",` + set + `,"jwks_uri":"https://hospital.test/keys"}`, reason.IssuerMetadataInvalid},
		"elsewhere":      {`{"issuer":"` + issuer + `","jwks_uri":"https://attacker.test/keys"}`, reason.IssuerMetadataInvalid},
		"none":           {"", reason.IssuerMetadataInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			if w.pages = (pages{address: row.text}); row.text == "" {
				w.pages = pages{}
			}
			w.start(w.config("audit/" + name + "/"))
			g := w.forge(sd)
			g.header["kid"], g.claims["iss"] = "k", issuer
			w.expect(g.send(), row.want)
		})
	}
}
