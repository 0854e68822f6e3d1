// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// TestSelfSignedUnderAnotherName refuses a certificate that is signed by its own key, whatever it says of who issued it
// (HAIP 1.0 §5).
func TestSelfSignedUnderAnotherName(t *testing.T) {
	self := issue(t, nil, nil)
	issuer := *self.cert
	issuer.RawSubject, issuer.Subject = nil, pkix.Name{CommonName: "an authority"}
	template := *self.cert
	template.RawSubject, template.Subject = nil, pkix.Name{CommonName: "someone else"}
	der, err := x509.CreateCertificate(rand.Reader, &template, &issuer, self.key.Public(), self.key)
	must(t, err)
	self.cert, err = x509.ParseCertificate(der)
	must(t, err)
	if self.cert.Subject.CommonName == self.cert.Issuer.CommonName {
		t.Fatal("the names are the same")
	}
	id := vp.ClientX509Hash(self.cert.Raw)
	raw, err := asX509(t, id).SignX509(t.Context(), ders(self), self)
	must(t, err)
	if _, err := (vp.Trust{Keys: keys()}).Open(t.Context(), raw, id); reason.Of(err) != reason.X509ChainInvalid {
		t.Error(err)
	}
}
