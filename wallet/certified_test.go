// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/issuerkeys"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// certified makes the town's issuer one that signs with certificates of an authority, and has the
// framework pin the authority. It returns the key identifier of the authority.
func (w *town) certified() string {
	t := w.t
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	name, err := url.Parse(w.issuer.id.String())
	check(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: w.at.Add(-time.Hour), NotAfter: w.at.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, ca.Public(), ca)
	check(t, err)
	rootCert, err := x509.ParseCertificate(rootDER)
	check(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "surgery"}, NotBefore: w.at.Add(-time.Hour), NotAfter: w.at.AddDate(0, 0, 1),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, URIs: []*url.URL{name},
	}, rootCert, leaf.Public(), ca)
	check(t, err)
	public, err := key.New(leaf.Public())
	check(t, err)
	scalar, err := leaf.Bytes()
	check(t, err)
	j := public.JWK()
	j.D = base64.RawURLEncoding.EncodeToString(scalar)
	w.issuer.signer.Signer, err = j.Private(rand.Reader)
	check(t, err)
	w.formats[0], err = sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.now, Holders: w.keys, Certificates: [][]byte{der}})
	check(t, err)
	p := w.framework.Parties[w.issuer.id.String()]
	p.IssuerKeys = trustframework.IssuerKeys{Method: trustframework.ByX5C, Anchors: []string{base64.StdEncoding.EncodeToString(rootDER)}}
	w.framework.Parties[w.issuer.id.String()] = p
	return base64.RawURLEncoding.EncodeToString(rootCert.SubjectKeyId)
}

// pinning returns a wallet that finds the keys of pinned issuers.
func (w *town) pinning(v *Vault) *Wallet {
	held := w.over(v)
	keys, err := issuerkeys.New(func() *trustframework.Framework { w.mu.Lock(); defer w.mu.Unlock(); return w.framework }, w.fetch)
	check(w.t, err)
	held.cfg.Issuers = keys
	return held
}

// TestCertifiedIssuer takes a credential of an issuer whose certificates the framework pins, keeps which
// authority stands behind it, and opens it when the certificate has run out and nobody can be asked.
func TestCertifiedIssuer(t *testing.T) {
	w := newTown(t)
	authority := w.certified()
	v := newVault(t)
	held := w.pinning(v)
	e := w.receive(held)
	if !slices.Equal(e.held.Authorities, []string{authority}) {
		t.Errorf("authorities %v, not %s", e.held.Authorities, authority)
	}
	if len(e.held.Signers) != 1 || e.held.Signers[0].Key == nil || e.held.Signers[0].Document != nil {
		t.Errorf("pinned: %+v", e.held.Signers)
	}
	w.wait(48 * time.Hour)
	w.issuer.server.Close()
	w.framework.Parties[w.issuer.id.String()] = trustframework.Party{}
	next, err := reopened(t, v, passphrase)
	check(t, err)
	offline := w.over(next)
	again, err := offline.Find(t.Context(), e.ID)
	check(t, err)
	if _, err := offline.open(t.Context(), []byte(again.held.Raw), offline.pinned(again.held)); err != nil {
		t.Errorf("opened from the wallet: %v", err)
	}
	again.held.Signers[0].Key = func() *key.JWK { j := w.gateway.signer.Signer.Public().JWK(); return &j }()
	_, err = offline.open(t.Context(), []byte(again.held.Raw), offline.pinned(again.held))
	want(t, err, reason.CredentialSignatureInvalid)
}

// TestCertifiedRefused: nothing but the pinned way counts.
func TestCertifiedRefused(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(w *town)
		want reason.Code
	}{
		"another authority": {func(w *town) {
			before := w.framework.Parties[w.issuer.id.String()]
			w.certified()
			w.framework.Parties[w.issuer.id.String()] = before
		}, reason.X509UntrustedRoot},
		"the key of the DID": {func(w *town) {
			var err error
			w.formats[0], err = sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: w.now, Holders: w.keys})
			check(w.t, err)
		}, reason.X509ChainInvalid},
		"the certificate has run out": {func(w *town) { w.wait(48 * time.Hour) }, reason.X509ChainInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.certified()
			c.set(w)
			held := w.pinning(newVault(t))
			_, err := held.Receive(t.Context(), w.offer(), w.taker())
			want(t, err, c.want)
		})
	}
	w := newTown(t)
	w.certified()
	_, err := w.wallet().Receive(t.Context(), w.offer(), w.taker()) // a wallet that knows of no pinned issuers
	if err == nil {
		t.Error("taken, by a key that nobody pinned")
	}
}

// TestOfferAtAnAddress: an issuer that is called by its address is found there.
func TestOfferAtAnAddress(t *testing.T) {
	w := newTown(t)
	a := w.framework.Accreditations[0]
	a.Issuer = w.issuer.origin
	w.framework.Accreditations = []trustframework.Accreditation{a}
	w.framework.Parties[w.issuer.origin] = trustframework.Party{Name: "By its address", DIDHosts: []string{w.issuer.host}}
	var seen OfferView
	_, err := w.wallet().Receive(t.Context(), w.offer(), Collector{Accept: func(o OfferView) (string, error) { seen = o; return "", nil }})
	want(t, err, reason.CredentialUnexpected) // its credentials name its DID
	if seen.Issuer != "By its address" {
		t.Errorf("%+v", seen)
	}
}
