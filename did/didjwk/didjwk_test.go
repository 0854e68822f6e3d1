// SPDX-License-Identifier: Apache-2.0

package didjwk_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func generate(t testing.TB, alg key.Algorithm) *key.Private {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func resolve(s string) (*did.Document, error) {
	id, err := did.Parse(s)
	if err != nil {
		return nil, err
	}
	return didjwk.New().Resolve(context.Background(), id)
}

// encoded is the did:jwk of a JWK text.
func encoded(jwk string) string {
	return "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(jwk))
}

// The example of the method's specification, a P-256 key without use.
const published = "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"

func TestPublishedExample(t *testing.T) {
	d, err := resolve(published)
	if err != nil {
		t.Fatal(err)
	}
	j := d.Methods[0].Key.JWK()
	if j.X != "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0" || j.Y != "_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE" {
		t.Errorf("key %+v", j)
	}
	if got := d.Methods[0].ID.String(); got != published+"#0" {
		t.Errorf("method %s", got)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := generate(t, rapid.SampledFrom([]key.Algorithm{key.EdDSA, key.ES256, key.ES384}).Draw(r, "alg")).Public()
		id, u := didjwk.FromKey(k)
		d, err := didjwk.New().Resolve(t.Context(), id)
		if err != nil {
			r.Fatal(err)
		}
		if u.DID() != id || u.Fragment() != "0" || d.ID != id || !d.Fetched.IsZero() {
			r.Fatalf("%s has the method %s", id, u)
		}
		for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod} {
			if got, err := d.Key(u, rel, time.Time{}); err != nil || !got.Equal(k) {
				r.Fatalf("%s: %v", rel, err)
			}
		}
	})
}

func TestUse(t *testing.T) {
	ed, ec := generate(t, key.EdDSA).Public().JWK(), generate(t, key.ES256).Public().JWK()
	okp := `"kty":"OKP","crv":"Ed25519","x":"` + ed.X + `"`
	p256 := `"kty":"EC","crv":"P-256","x":"` + ec.X + `","y":"` + ec.Y + `"`
	listed := []string{"0"}
	signs := map[did.Relationship][]string{
		did.Authentication: listed, did.AssertionMethod: listed, did.CapabilityDelegation: listed, did.CapabilityInvocation: listed,
	}
	agrees := map[did.Relationship][]string{did.KeyAgreement: listed}
	both := maps.Clone(signs)
	both[did.KeyAgreement] = listed
	for jwk, want := range map[string]map[did.Relationship][]string{
		`{` + p256 + `}`:                             both,
		`{` + okp + `}`:                              signs, // Ed25519 agrees on nothing
		`{` + p256 + `,"use":"sig"}`:                 signs,
		`{` + p256 + `,"use":"enc"}`:                 agrees,
		`{` + p256 + `,"use":"enc","alg":"ECDH-ES"}`: agrees,
		`{` + p256 + `,"key_ops":["deriveKey"]}`:     agrees,
	} {
		d, err := resolve(encoded(jwk))
		if err != nil {
			t.Errorf("%s: %v", jwk, err)
			continue
		}
		if diff := cmp.Diff(want, d.Purposes); diff != "" {
			t.Errorf("%s: %s", jwk, diff)
		}
		_, err = d.Key(d.Methods[0].ID, did.AssertionMethod, time.Time{})
		if (err == nil) != (want[did.AssertionMethod] != nil) {
			t.Errorf("%s: %v", jwk, err)
		}
		if want[did.AssertionMethod] == nil && !d.Methods[0].Key.IsZero() {
			t.Errorf("%s: a key for encryption verifies", jwk)
		}
		raw, err := describe(encoded(jwk), did.Options{})
		if err != nil {
			t.Errorf("%s: %v", jwk, err)
			continue
		}
		shown, err := did.ReadDocument(raw, d.ID, time.Unix(0, 0))
		if err != nil || cmp.Diff(want, shown.Purposes) != "" || !bytes.Contains(raw, []byte(jwk)) {
			t.Errorf("%s: %s, %v", jwk, raw, err)
		}
	}
}

func describe(s string, o did.Options) ([]byte, error) {
	id, err := did.Parse(s)
	if err != nil {
		return nil, err
	}
	d, err := didjwk.New().(did.Describer).Describe(context.Background(), id, o)
	return d.Document, err
}

// A key for agreement is shown, and acted on by nobody.
func TestDescribeAgreement(t *testing.T) {
	okp := `{"kty":"OKP","crv":"X25519","x":"` + generate(t, key.EdDSA).Public().JWK().X + `"`
	for jwk, want := range map[string]reason.Code{
		okp + `}`:                        "",
		okp + `,"use":"enc"}`:            "",
		okp + `,"use":"sig"}`:            reason.DIDKeyInvalid,
		okp + `,"d":"AA"}`:               reason.DIDKeyInvalid,
		`{"kty":"OKP","crv":"X25519"}`:   reason.DIDKeyInvalid,
		`{"kty":"OKP","crv":"X448"}`:     reason.DIDKeyInvalid,
		`{"kty":"oct","k":"AAAA"}`:       reason.DIDKeyInvalid,
		okp + `,"x":"AA"}`:               reason.DIDKeyInvalid,
		`{"kty":"EC","crv":"secp256k1"}`: reason.DIDKeyInvalid,
	} {
		raw, err := describe(encoded(jwk), did.Options{})
		if reason.Of(err) != want || (err == nil) != strings.Contains(string(raw), `"keyAgreement"`) || strings.Contains(string(raw), `"authentication"`) {
			t.Errorf("%s: %s, %v", jwk, raw, err)
		}
		if _, err := resolve(encoded(jwk)); reason.Of(err) != reason.DIDKeyInvalid {
			t.Errorf("%s: %v", jwk, err)
		}
	}
	for name, o := range map[string]did.Options{
		"Multikey": {Type: did.Multikey}, "a derived key": {EncryptionKey: true}, "a version": {VersionID: "1"},
	} {
		if _, err := describe(published, o); reason.Of(err) != reason.DIDMethodUnsupported || !errors.Is(err, did.ErrFeature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if raw, err := describe(published, did.Options{Type: did.JSONWebKey}); err != nil || !strings.Contains(string(raw), `"https://w3id.org/security/jwk/v1"`) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestFromZeroKey(t *testing.T) {
	if id, u := didjwk.FromKey(key.Public{}); !id.IsZero() || !u.IsZero() {
		t.Error("the zero key has a DID")
	}
}

func TestOtherMethod(t *testing.T) {
	if _, err := resolve("did:key:z6Mk"); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Error(err)
	}
	if _, err := didjwk.New().Resolve(t.Context(), did.DID{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Error(err)
	}
	d, err := resolve(published)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.ID.WithFragment("1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Key(u, did.AssertionMethod, time.Time{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("another fragment: %v", err)
	}
}

func TestAttacks(t *testing.T) {
	t.Run("DID-11", attackBadKeys)
}

func attackBadKeys(t *testing.T) {
	ed := generate(t, key.EdDSA).Public().JWK()
	okp := `{"kty":"OKP","crv":"Ed25519","x":"` + ed.X + `"`
	good := encoded(okp + `}`)
	if _, err := resolve(good); err != nil {
		t.Fatal(err)
	}
	padded := okp + `}`
	for len(padded)%3 != 1 { // so that the last character has unused bits
		padded += " "
	}
	stray := []byte(encoded(padded))
	stray[len(stray)-1]++ // from A, Q, g or w to one that decodes to the same bytes
	if raw, err := base64.RawURLEncoding.DecodeString(string(stray[len("did:jwk:"):])); err != nil || string(raw) != padded {
		t.Fatalf("not the same bytes: %v", err)
	}
	for name, s := range map[string]string{
		"kty oct":               encoded(`{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAA"}`),
		"private d":             encoded(okp + `,"d":"` + ed.X + `"}`),
		"empty d":               encoded(okp + `,"d":""}`),
		"stray bits at the end": string(stray),
		"noise":                 "did:jwk:" + strings.Repeat("-_", 20),
		"not JSON":              encoded("no JSON at all"),
		"duplicate names":       encoded(okp + `,"x":"` + ed.X + `"}`),
		"1 MiB":                 encoded(okp + `,"pad":"` + strings.Repeat("a", 1<<20) + `"}`),
		"alg none":              encoded(okp + `,"alg":"none"}`),
		"alg HS256":             encoded(okp + `,"alg":"HS256"}`),
		"secp256k1":             encoded(`{"kty":"EC","crv":"secp256k1","x":"` + ed.X + `","y":"` + ed.X + `"}`),
		"off the curve":         encoded(`{"kty":"EC","crv":"P-256","x":"` + ed.X + `","y":"` + ed.X + `"}`),
		"RSA":                   encoded(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`),
		"small order":           encoded(`{"kty":"OKP","crv":"Ed25519","x":"` + strings.Repeat("A", 43) + `"}`),
		"trailing data":         encoded(okp + `}{}`),
		"two segments":          good + ":e30",
		"empty object":          encoded(`{}`),
	} {
		if d, err := resolve(s); reason.Of(err) != reason.DIDKeyInvalid || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add(published)
	for _, jwk := range []string{`{}`, `{"kty":"oct","k":"AA"}`, `{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}`} {
		f.Add(encoded(jwk))
	}
	id, _ := didjwk.FromKey(generate(f, key.EdDSA).Public())
	f.Add(id.String())
	f.Fuzz(func(t *testing.T, s string) {
		d, err := resolve(s)
		if err != nil {
			if d != nil {
				t.Fatal("a document and an error")
			}
			return
		}
		raw, err := base64.RawURLEncoding.DecodeString(d.ID.ID())
		if err != nil || encoded(string(raw)) != s || len(d.Methods) != 1 || d.Methods[0].ID.String() != s+"#0" {
			t.Fatalf("%q is not what it holds: %v", s, err)
		}
	})
}

func BenchmarkResolve(b *testing.B) {
	id, _ := didjwk.FromKey(generate(b, key.ES256).Public())
	r := didjwk.New()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Resolve(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleNew() {
	id, err := did.Parse(published)
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := didjwk.New().Resolve(context.Background(), id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(doc.Methods[0].Key.Algorithm(), doc.Methods[0].ID.Fragment())
	// Output: ES256 0
}
