// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

const host = "gateway.example"

// certified is a key with a certificate.
type certified struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Public and Sign make a certified a key.Signer.
func (c certified) Public() key.Public {
	k, err := key.New(c.key.Public())
	if err != nil {
		panic(err)
	}
	return k
}

func (c certified) Sign(_ context.Context, message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, c.key, sum[:])
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, err
}

// issue makes a certificate by an authority, or by itself for nil.
func issue(t testing.TB, by *certified, change func(c *x509.Certificate)) certified {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() % 1000), Subject: pkix.Name{CommonName: "someone"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: []string{host}, BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, k
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, k.Public(), signer)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return certified{cert, k}
}

func authority(name string) func(c *x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.DNSNames, c.KeyUsage = name, true, nil, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	}
}

func ders(chain ...certified) (out [][]byte) {
	for _, c := range chain {
		out = append(out, c.cert.Raw)
	}
	return out
}

// asX509 is a good request under another client identifier.
func asX509(t testing.TB, clientID string) *vp.Request {
	r := request(signer(t))
	r.ClientID, r.ResponseURI = clientID, "https://"+host+"/vp/response/1"
	return r
}

func TestX509(t *testing.T) {
	root := issue(t, nil, authority("root"))
	between := issue(t, &root, authority("between"))
	leaf := issue(t, &between, nil)
	trust := vp.Trust{Keys: keys(), Anchors: []*x509.Certificate{root.cert}}
	for _, id := range []string{vp.PrefixX509DNS + host, vp.ClientX509Hash(leaf.cert.Raw)} {
		raw, err := asX509(t, id).SignX509(t.Context(), ders(leaf, between), leaf)
		must(t, err)
		r, err := trust.Open(t.Context(), raw, id)
		if err != nil || r.ClientID != id {
			t.Errorf("%s: %v", id, err)
		}
		if claimed, err := vp.Claimed(raw); err != nil || claimed != id {
			t.Errorf("%q %v", claimed, err)
		}
		if _, err := (vp.Trust{Keys: keys()}).Open(t.Context(), raw, id); (reason.Of(err) == reason.X509UntrustedRoot) != (id == vp.PrefixX509DNS+host) {
			t.Errorf("%s without an anchor: %v", id, err)
		}
		if _, err := vp.OpenRequest(t.Context(), raw, vp.ClientID(signer(t).Method.DID()), keys()); reason.Of(err) != reason.JOSEHeaderKeyForbidden {
			t.Errorf("certificates for a DID: %v", err)
		}
	}
}

// TestX509Refuses breaks one thing at a time of a request signed with certificates.
func TestX509Refuses(t *testing.T) {
	root, other := issue(t, nil, authority("root")), issue(t, nil, authority("other"))
	between := issue(t, &root, authority("between"))
	leaf := issue(t, &between, nil)
	with := func(change func(*x509.Certificate)) certified { return issue(t, &between, change) }
	self := issue(t, nil, nil)
	dns, hash := vp.PrefixX509DNS+host, func(c certified) string { return vp.ClientX509Hash(c.cert.Raw) }
	late := func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }
	early := func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) }
	expired, future := with(late), with(early)
	ca := with(func(c *x509.Certificate) { c.IsCA = true })
	sealing := with(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	elsewhere := with(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} })
	wild := with(func(c *x509.Certificate) { c.DNSNames = []string{"*.example"} })
	named := with(func(c *x509.Certificate) { c.DNSNames, c.Subject.CommonName = nil, host })
	stale := issue(t, &root, func(c *x509.Certificate) { authority("stale")(c); late(c) })
	below := issue(t, &stale, nil)
	stranger := issue(t, &other, nil)
	for name, c := range map[string]struct {
		id    string
		chain [][]byte
		by    certified
		want  reason.Code
	}{
		"good":                  {dns, ders(leaf, between), leaf, ""},
		"good hash":             {hash(leaf), ders(leaf), leaf, ""},
		"another's key":         {dns, ders(leaf, between), self, reason.CredentialSignatureInvalid},
		"another's hash":        {hash(self), ders(leaf), leaf, reason.RequestClientID},
		"hash of the second":    {hash(between), ders(leaf, between), leaf, reason.RequestClientID},
		"another host":          {dns, ders(elsewhere, between), elsewhere, reason.RequestClientID},
		"wildcard":              {dns, ders(wild, between), wild, reason.RequestClientID},
		"common name":           {dns, ders(named, between), named, reason.RequestClientID},
		"vouches for itself":    {dns, ders(self), self, reason.X509ChainInvalid},
		"hash of itself":        {hash(self), ders(self), self, reason.X509ChainInvalid},
		"unknown authority":     {dns, ders(stranger), stranger, reason.X509UntrustedRoot},
		"with the anchor":       {dns, ders(leaf, between, root), leaf, reason.X509ChainInvalid},
		"without the middle":    {dns, ders(leaf), leaf, reason.X509UntrustedRoot},
		"one too many":          {dns, ders(leaf, between, other), leaf, reason.X509ChainInvalid},
		"other order":           {dns, ders(leaf, other, between), leaf, reason.X509ChainInvalid},
		"expired":               {dns, ders(expired, between), expired, reason.X509ChainInvalid},
		"expired hash":          {hash(expired), ders(expired), expired, reason.X509ChainInvalid},
		"not yet":               {dns, ders(future, between), future, reason.X509ChainInvalid},
		"authority as a signer": {dns, ders(ca, between), ca, reason.X509ChainInvalid},
		"key for other uses":    {dns, ders(sealing, between), sealing, reason.X509ChainInvalid},
		"expired in the middle": {dns, ders(below, stale), below, reason.X509ChainInvalid},
		"no certificate":        {dns, [][]byte{[]byte("x")}, leaf, reason.X509ChainInvalid},
		"RSA":                   {dns, [][]byte{rsaCertificate(t)}, leaf, reason.X509ChainInvalid},
	} {
		payload, err := json.Marshal(asX509(t, c.id))
		must(t, err)
		raw, err := jose.Sign(t.Context(), jose.Header{Type: vp.TypeRequest, X5C: jose.WriteX5C(c.chain)}, payload, c.by)
		must(t, err)
		_, err = vp.Trust{Keys: keys(), Anchors: []*x509.Certificate{root.cert}}.Open(t.Context(), raw, c.id)
		if reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func rsaCertificate(t testing.TB) []byte {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	must(t, err)
	return der
}

// TestX509Header has requests of clients with certificates that bring none, or something else.
func TestX509Header(t *testing.T) {
	root := issue(t, nil, authority("root"))
	leaf := issue(t, &root, nil)
	id := vp.ClientX509Hash(leaf.cert.Raw)
	trust := vp.Trust{Keys: keys(), Anchors: []*x509.Certificate{root.cert}}
	for header, want := range map[string]reason.Code{
		`{"alg":"ES256","typ":"oauth-authz-req+jwt","kid":"k"}`:                                                          reason.RequestUnsigned,
		`{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":[]}`:                                                           reason.X509ChainInvalid,
		`{"alg":"none","typ":"oauth-authz-req+jwt"}`:                                                                     reason.RequestUnsigned,
		`{"alg":"ES256","typ":"oauth-authz-req+jwt","x5u":"https://a.example"}`:                                          reason.JOSEHeaderKeyForbidden,
		`{"alg":"ES256","typ":"JWT","x5c":["` + base64.StdEncoding.EncodeToString(leaf.cert.Raw) + `"]}`:                 reason.RequestInvalid,
		`{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":["` + base64.StdEncoding.EncodeToString(leaf.cert.Raw) + `"]}`: "",
	} {
		_, err := trust.Open(t.Context(), jws(t, header, asX509(t, id), leaf), id)
		if reason.Of(err) != want {
			t.Errorf("%.70s: %v, want %s", header, err, want)
		}
	}
	r := asX509(t, vp.PrefixX509DNS+host)
	r.ResponseURI = "https://other.example/1"
	if _, err := trust.Open(t.Context(), jws(t, `{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":["`+base64.StdEncoding.EncodeToString(leaf.cert.Raw)+`"]}`, r, leaf), r.ClientID); reason.Of(err) != reason.RequestClientID {
		t.Errorf("an answer to another host: %v", err)
	}
}

// TestSignX509Refuses shows that nothing is signed that no wallet would take.
func TestSignX509Refuses(t *testing.T) {
	root := issue(t, nil, authority("root"))
	leaf, other := issue(t, &root, nil), issue(t, &root, func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} })
	for name, c := range map[string]struct {
		id    string
		chain [][]byte
		by    key.Signer
		want  reason.Code
	}{
		"good":          {vp.PrefixX509DNS + host, ders(leaf), leaf, ""},
		"other host":    {vp.PrefixX509DNS + host, ders(other), other, reason.RequestClientID},
		"other hash":    {vp.ClientX509Hash(other.cert.Raw), ders(leaf), leaf, reason.RequestClientID},
		"other key":     {vp.PrefixX509DNS + host, ders(leaf), other, reason.RequestClientID},
		"no key":        {vp.PrefixX509DNS + host, ders(leaf), nil, reason.RequestClientID},
		"none":          {vp.PrefixX509DNS + host, nil, leaf, reason.X509ChainInvalid},
		"too many":      {vp.PrefixX509DNS + host, ders(leaf, leaf, leaf, leaf, leaf, leaf, leaf), leaf, reason.X509ChainInvalid},
		"a DID":         {vp.ClientID(signer(t).Method.DID()), ders(leaf), leaf, reason.RequestClientID},
		"no client":     {strings.Repeat("x", 3), ders(leaf), leaf, reason.RequestClientID},
		"redirect_uri:": {"redirect_uri:https://gateway.example/vp/response/1", ders(leaf), leaf, reason.RequestClientID},
	} {
		if _, err := asX509(t, c.id).SignX509(t.Context(), c.chain, c.by); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
