// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/reason"
)

// TestSealWithCertificates: what is sealed with certificates opens where the framework pins the issuer
// to their anchor, by the key of the leaf alone.
func TestSealWithCertificates(t *testing.T) {
	c := newCertified(t)
	leaf := certificate(t, &c.leaf.PublicKey, c.middle, nil, leafFor(c.issuer))
	cfg := Config{
		Random: rand.Reader, Now: func() time.Time { return c.w.Keys.At }, Holders: c.w.Keys.Resolver,
		Certificates: [][]byte{leaf.Raw, c.middle.cert.Raw},
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := f.Seal(t.Context(), fixture.Token(c.w.Delegation(t)), c.w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(t.Context(), raw, c.w.Keys); err != nil {
		t.Errorf("what was sealed with certificates does not open: %v", err)
	}
	other := signerOf(t, ecKey(t), c.w.Issuer.Method)
	raw, err = f.Seal(t.Context(), fixture.Token(c.w.Delegation(t)), other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(t.Context(), raw, c.w.Keys); reason.Of(err) != reason.CredentialSignatureInvalid {
		t.Errorf("another key than that of the leaf: %v", err)
	}
	cfg.Certificates = [][]byte{{}}
	if _, err := New(cfg); reason.Of(err) != reason.X509ChainInvalid {
		t.Errorf("no certificate at all: %v", err)
	}
}
