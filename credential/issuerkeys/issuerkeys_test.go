// SPDX-License-Identifier: Apache-2.0

package issuerkeys

import (
	"context"
	"fmt"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// What is found in certificates and metadata is shown in credential/sdjwt (TestX5C, TestIssuerMetadata),
// whose tokens it is for.
var _ credential.IssuerKeys = (*Pinned)(nil)

const (
	httpsIssuer = "https://issuer.test/tenant"
	metadataAt  = "https://issuer.test/.well-known/jwt-vc-issuer/tenant"
)

// nowhere is a network without hosts.
type nowhere struct{}

// Get implements Getter.
func (nowhere) Get(context.Context, string, safehttp.Want) (safehttp.Response, error) {
	return safehttp.Response{}, safehttp.ErrUnreachable
}

// TestMetadataBound keeps the keys of at most MaxMetadataKept issuers.
func TestMetadataBound(t *testing.T) {
	i, err := New(trustframework.Unavailable, nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 * MaxMetadataKept {
		i.entry(fmt.Sprintf("https://issuer%d.test", n))
	}
	if len(i.kept) != MaxMetadataKept {
		t.Error(len(i.kept))
	}
}

func TestMetadataURL(t *testing.T) {
	for issuer, want := range map[string]string{
		httpsIssuer: metadataAt, "https://issuer.test": "https://issuer.test/.well-known/jwt-vc-issuer",
		"https://issuer.test:8443/a/b": "https://issuer.test:8443/.well-known/jwt-vc-issuer/a/b",
		"http://issuer.test":           "", "https://issuer.test/": "", "https://issuer.test?x": "", "https://u@issuer.test": "", "https://issuer.test/../x": "", "did:web:issuer.test": "", "https://": "",
	} {
		got, err := MetadataURL(issuer)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q %v", issuer, got, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(nil, nowhere{}); err == nil {
		t.Error("no framework")
	}
	if _, err := New(trustframework.Unavailable, nil); err == nil {
		t.Error("nothing to fetch with")
	}
}

// FuzzMetadata shows that what is read of metadata is keys that have a name each, or one address of
// the issuer's host, and never both.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"` + httpsIssuer + `","jwks_uri":"https://issuer.test/keys"}`))
	f.Add([]byte(`{"issuer":"` + httpsIssuer + `","jwks":{"keys":[]}}`))
	f.Add([]byte(`{"issuer":"` + httpsIssuer + `","jwks_uri":"https://issuer.test@attacker.test/keys"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := readMetadata(raw, httpsIssuer)
		if err != nil {
			return
		}
		if (m.uri == "") == (m.keys == nil) || m.uri != "" && sameOrigin(m.uri, httpsIssuer) != nil {
			t.Errorf("%+v", m)
		}
		for _, k := range m.keys {
			if k.Public.IsZero() {
				t.Error("no key")
			}
		}
	})
}

func ExampleMetadataURL() {
	address, err := MetadataURL(httpsIssuer)
	fmt.Println(address, err)
	_, err = MetadataURL("did:web:issuer.test")
	fmt.Println(reason.Of(err))
	// Output:
	// https://issuer.test/.well-known/jwt-vc-issuer/tenant <nil>
	// issuer.metadata_invalid
}
