// SPDX-License-Identifier: Apache-2.0

package didkey_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/multiformats/go-multicodec"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/shared"
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

func start() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func resolve(s string) (*did.Document, error) {
	id, err := did.Parse(s)
	if err != nil {
		return nil, err
	}
	return didkey.New().Resolve(context.Background(), id)
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := generate(t, rapid.SampledFrom([]key.Algorithm{key.EdDSA, key.ES256, key.ES384}).Draw(r, "alg")).Public()
		id, u := didkey.FromKey(k)
		if u.DID() != id || u.Fragment() != id.ID() || id.Method() != didkey.Method {
			r.Fatalf("%s has the method %s", id, u)
		}
		d, err := didkey.New().Resolve(t.Context(), id)
		if err != nil {
			r.Fatal(err)
		}
		want := map[did.Relationship][]string{}
		for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityDelegation, did.CapabilityInvocation} {
			want[rel] = []string{id.ID()}
		}
		if diff := cmp.Diff(want, d.Purposes); diff != "" || d.ID != id || !d.Fetched.IsZero() || len(d.Methods) != 1 {
			r.Fatal(diff)
		}
		for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod} {
			if got, err := d.Key(u, rel, time.Time{}); err != nil || !got.Equal(k) {
				r.Fatalf("%s: %v", rel, err)
			}
		}
		if _, err := d.Key(u, did.KeyAgreement, time.Time{}); reason.Of(err) != reason.KeyPurposeMismatch {
			r.Fatalf("key agreement: %v", err)
		}
	})
}

// The published pairs name the key that their did:key resolves to.
func TestPublishedKeys(t *testing.T) {
	for name, alg := range map[string]key.Algorithm{
		"vectors/w3c-vc-di-ecdsa/p256KeyPair.json": key.ES256,
		"vectors/w3c-vc-di-ecdsa/p384KeyPair.json": key.ES384,
		"vectors/w3c-vc-di-eddsa/keyPair.json":     key.EdDSA,
	} {
		var pair struct{ PublicKeyMultibase string }
		if err := json.Unmarshal(shared.Open(t, name), &pair); err != nil {
			t.Fatal(err)
		}
		d, err := resolve("did:key:" + pair.PublicKeyMultibase)
		if err != nil || d.Methods[0].Key.Algorithm() != alg {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if id, _ := didkey.FromKey(d.Methods[0].Key); id != d.ID {
			t.Errorf("%s: written as %s", name, id)
		}
	}
}

func TestSigner(t *testing.T) {
	k := generate(t, key.ES256)
	s, err := didkey.Signer(k)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := s.Sign(t.Context(), []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := didkey.New().Resolve(t.Context(), s.Method.DID())
	if err != nil {
		t.Fatal(err)
	}
	pub, err := d.Key(s.Method, did.Authentication, time.Time{})
	if err != nil || pub.Verify([]byte("message"), sig) != nil {
		t.Errorf("the signature does not verify: %v", err)
	}
	for name, s := range map[string]key.Signer{"nil": nil, "no key": &key.Private{}} {
		if got, err := didkey.Signer(s); reason.Of(err) != reason.KeyWeak || got.Signer != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if id, u := didkey.FromKey(key.Public{}); !id.IsZero() || !u.IsZero() {
		t.Error("the zero key has a DID")
	}
}

func TestOtherMethod(t *testing.T) {
	for _, s := range []string{"did:web:h.test", "did:jwk:z6Mk", "did:keys:z6Mk"} {
		if _, err := resolve(s); reason.Of(err) != reason.DIDMethodUnsupported {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := didkey.New().Resolve(t.Context(), did.DID{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("zero DID: %v", err)
	}
}

func TestAttacks(t *testing.T) {
	t.Run("DID-10", attackBadKeys)
}

func attackBadKeys(t *testing.T) {
	ed := make([]byte, 32)
	copy(ed, "a key of no use but of good size")
	off := append([]byte{2}, make([]byte, 32)...)
	off[32] = 1 // x = 1 is on the twist
	text := func(raw []byte) string {
		s, err := multiformat.Encode(multiformat.Base58BTC, raw)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	with := func(codec multicodec.Code, raw []byte) string {
		return text(append(binary.AppendUvarint(nil, uint64(codec)), raw...))
	}
	if _, err := resolve("did:key:" + with(multicodec.Ed25519Pub, ed)); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{
		"wrong multicodec":    with(multicodec.Identity, ed),
		"X25519":              with(multicodec.X25519Pub, ed),
		"private":             with(multicodec.Ed25519Priv, ed),
		"secp256k1":           with(multicodec.Secp256k1Pub, append([]byte{2}, ed...)),
		"short":               with(multicodec.Ed25519Pub, ed[:31]),
		"long":                with(multicodec.Ed25519Pub, append(ed, 0)),
		"non-minimal varint":  text(append([]byte{0xed, 0x81, 0x00}, ed...)),
		"off the curve":       with(multicodec.P256Pub, off),
		"infinity":            with(multicodec.P256Pub, []byte{0}),
		"infinity, long":      with(multicodec.P256Pub, make([]byte, 33)),
		"small order":         with(multicodec.Ed25519Pub, append([]byte{1}, make([]byte, 31)...)),
		"uncompressed":        with(multicodec.P256Pub, append([]byte{4}, bytes.Repeat([]byte{1}, 64)...)),
		"hybrid":              with(multicodec.P256Pub, append([]byte{6}, bytes.Repeat([]byte{1}, 64)...)),
		"base64url multibase": "uAAAA",
		"no multibase":        with(multicodec.Ed25519Pub, ed)[1:],
		"version 1.1":         "1.1:" + with(multicodec.Ed25519Pub, ed),
		"version 0":           "0:" + with(multicodec.Ed25519Pub, ed),
		"version 01":          "01:" + with(multicodec.Ed25519Pub, ed),
		"version -1":          "-1:" + with(multicodec.Ed25519Pub, ed),
		"version beyond all":  "99999999999999999999:" + with(multicodec.Ed25519Pub, ed),
		"a word as version":   "one:" + with(multicodec.Ed25519Pub, ed),
		"two versions":        "1:1:" + with(multicodec.Ed25519Pub, ed),
		"a version alone":     "1",
		"BLS12-381":           with(multicodec.Bls12_381G2Pub, make([]byte, 96)),
		"2,000 characters":    "z" + string(bytes.Repeat([]byte{'2'}, 2000)),
		"20,000 characters":   "z" + string(bytes.Repeat([]byte{'2'}, 20000)),
	} {
		if d, err := resolve("did:key:" + id); reason.Of(err) != reason.DIDKeyInvalid || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, alg := range []key.Algorithm{key.EdDSA, key.ES256, key.ES384} {
		id, _ := didkey.FromKey(generate(f, alg).Public())
		f.Add(id.String())
	}
	f.Add("did:key:z")
	f.Add("did:key:1:z6Mk")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := resolve(s)
		if err != nil {
			return
		}
		id, u := didkey.FromKey(d.Methods[0].Key)
		version, ok := strings.CutSuffix(strings.TrimPrefix(s, "did:key:"), id.ID())
		if !ok || u.Fragment() != d.Methods[0].ID.Fragment() || version != "" && strings.Trim(version[:len(version)-1], "0123456789") != "" {
			t.Fatalf("%q is also %q", s, id)
		}
	})
}

func BenchmarkResolveCached(b *testing.B) {
	c, err := did.NewCache(did.CacheConfig{Resolver: didkey.New(), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	benchmarkResolve(b, c)
}

func BenchmarkResolve(b *testing.B) { benchmarkResolve(b, didkey.New()) }

func benchmarkResolve(b *testing.B, r did.Resolver) {
	id, _ := didkey.FromKey(generate(b, key.ES256).Public())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Resolve(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleNew() {
	id, err := did.Parse("did:key:zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP")
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := didkey.New().Resolve(context.Background(), id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(doc.Methods[0].Key.Algorithm(), doc.Methods[0].ID.Fragment() == id.ID())
	// Output: ES256 true
}
