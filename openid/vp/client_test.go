// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"strings"
	"testing"

	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

func TestParseClient(t *testing.T) {
	id := vp.ClientID(signer(t).Method.DID())
	hash := vp.ClientX509Hash([]byte("certificate"))
	for text, signed := range map[string]bool{
		id: true, hash: true, "x509_san_dns:gateway.example": true, "redirect_uri:https://gateway.example/answer?a=b": false,
	} {
		c, err := vp.ParseClient(text)
		if err != nil || c.Prefix+c.Value != text || c.Signed() != signed || c.DID().IsZero() != (text != id) {
			t.Errorf("%q: %+v %v", text, c, err)
		}
	}
	for _, text := range []string{
		"", "gateway", ":", "x509_san_dns:", "x509_san_dns:*.example", "x509_san_dns:a.example/b", "x509_san_dns:a.example:443", "x509_san_dns:u@a.example",
		"x509_hash:AAAA", "x509_hash:" + strings.Repeat("A", 44), "x509_hash:" + strings.Repeat("!", 43),
		"redirect_uri:http://a.example", "redirect_uri:https://a.example/#f", "redirect_uri:https://u@a.example", "redirect_uri:javascript:alert(1)",
		"did:web:gateway.example", "decentralized_identifier:web:gateway.example", "https://gateway.example", "origin:https://gateway.example",
		"verifier_attestation:gateway", "openid_federation:https://gateway.example", "X509_HASH:" + strings.Repeat("A", 43), "redirect_uri:https://a.example/" + strings.Repeat("a", vp.MaxURI),
	} {
		if c, err := vp.ParseClient(text); reason.Of(err) != reason.RequestClientID || c != (vp.Client{}) {
			t.Errorf("%q: %+v %v", text, c, err)
		}
	}
	var zero vp.Client
	if zero.Signed() {
		t.Error("nobody signs")
	}
	for name, said := range map[string]string{"verifier_attestation:a": "verifier_attestation", "openid_federation:a": "openid_federation"} {
		if _, err := vp.ParseClient(name); !strings.Contains(err.Error(), said) {
			t.Errorf("%s is not refused by its name: %v", name, err)
		}
	}
}

// TestZeroTrust shows that nothing opens without knowing anybody.
func TestZeroTrust(t *testing.T) {
	by := signer(t)
	raw, err := request(by).Sign(t.Context(), by)
	must(t, err)
	if r, err := (vp.Trust{}).Open(t.Context(), raw, vp.ClientID(by.Method.DID())); reason.Of(err) != reason.InternalIndeterminate || r != nil {
		t.Errorf("%v %v", r, err)
	}
}
