// SPDX-License-Identifier: Apache-2.0

package key_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

var algorithms = []key.Algorithm{key.ES256, key.ES384, key.EdDSA}

func generate(t testing.TB, alg key.Algorithm) *key.Private {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignAndVerify(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			k, other := generate(t, alg), generate(t, alg)
			rapid.Check(t, func(t *rapid.T) {
				message := rapid.SliceOf(rapid.Byte()).Draw(t, "message")
				sig, err := k.Sign(context.Background(), message)
				if err != nil {
					t.Fatal(err)
				}
				if want := map[key.Algorithm]int{key.ES256: 64, key.ES384: 96, key.EdDSA: 64}[alg]; len(sig) != want {
					t.Fatalf("%d bytes, want %d", len(sig), want)
				}
				if err := k.Public().Verify(message, sig); err != nil {
					t.Fatal(err)
				}
				flipped := bytes.Clone(sig)
				flipped[rapid.IntRange(0, len(sig)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
				for name, refused := range map[string]error{
					"other key":     other.Public().Verify(message, sig),
					"other message": k.Public().Verify(append(message, 0), sig),
					"flipped bit":   k.Public().Verify(message, flipped),
					"short":         k.Public().Verify(message, sig[:len(sig)-1]),
					"long":          k.Public().Verify(message, append(bytes.Clone(sig), 0)),
					"none":          k.Public().Verify(message, nil),
				} {
					if reason.Of(refused) != reason.CredentialSignatureInvalid {
						t.Fatalf("%s: got %v", name, refused)
					}
				}
			})
		})
	}
}

func TestEdgeSignatures(t *testing.T) {
	k := generate(t, key.ES256)
	message := []byte("edge")
	sig, err := k.Sign(t.Context(), message)
	if err != nil {
		t.Fatal(err)
	}
	n := elliptic.P256().Params().N
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	raw := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	zero := new(big.Int)
	for name, bad := range map[string][]byte{
		"r=0,s=0": raw(zero, zero), "r=0": raw(zero, s), "s=0": raw(r, zero),
		"r=n": raw(n, s), "s=n": raw(r, n), "der": der, "r,r": raw(r, r), "s,r": raw(s, r),
		"der padded to 64 bytes": append(bytes.Clone(der[:62]), 0, 0),
		"all ones":               bytes.Repeat([]byte{0xff}, 64),
	} {
		if got := reason.Of(k.Public().Verify(message, bad)); got != reason.CredentialSignatureInvalid {
			t.Errorf("%s: got %q", name, got)
		}
	}
	// The other signature of the same message, which is why replay is keyed by the nonce.
	if err := k.Public().Verify(message, raw(r, new(big.Int).Sub(n, s))); err != nil {
		t.Errorf("r,n-s: %v", err)
	}
}

func TestZeroValuesRefuse(t *testing.T) {
	var zero key.Public
	if !zero.IsZero() || zero.Algorithm() != "" || zero.Equal(zero) {
		t.Error("the zero Public is a key")
	}
	for _, sig := range [][]byte{nil, make([]byte, 64), make([]byte, 96)} {
		if got := reason.Of(zero.Verify(nil, sig)); got != reason.CredentialSignatureInvalid {
			t.Errorf("zero Public: got %q", got)
		}
	}
	if zero.JWK() != (key.JWK{}) {
		t.Error("the zero Public has a JWK")
	}
	for _, none := range []*key.Private{nil, {}} {
		if _, err := none.Sign(t.Context(), nil); reason.Of(err) != reason.KeyWeak {
			t.Errorf("zero Private: got %v", err)
		}
		if !none.Public().IsZero() || none.JWK() != (key.JWK{}) {
			t.Error("the zero Private has a key")
		}
	}
	if _, err := (key.JWK{}).Public(); reason.Of(err) != reason.KeyWeak {
		t.Errorf("zero JWK: got %v", err)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, alg := range []key.Algorithm{"", "none", "RS256", "es256", "ES512"} {
		if _, err := key.Generate(alg, rand.Reader); reason.Of(err) != reason.JOSEAlgForbidden {
			t.Errorf("%q: got %v", alg, err)
		}
		if _, err := key.ParseAlgorithm(string(alg)); reason.Of(err) != reason.JOSEAlgForbidden {
			t.Errorf("ParseAlgorithm %q: got %v", alg, err)
		}
	}
	broken := errors.New("no entropy")
	for _, alg := range algorithms {
		if _, err := key.Generate(alg, iotest.ErrReader(broken)); !errors.Is(err, broken) {
			t.Errorf("%s: got %v", alg, err)
		}
		if _, err := key.Generate(alg, nil); err == nil {
			t.Errorf("%s: a key without randomness", alg)
		}
		if parsed, err := key.ParseAlgorithm(string(alg)); parsed != alg || err != nil {
			t.Errorf("%s: got %q, %v", alg, parsed, err)
		}
	}
	zeros := bytes.NewReader(make([]byte, 1<<20)) // zero is no private key of a curve
	if _, err := key.Generate(key.ES256, zeros); err == nil {
		t.Error("a key of zeros")
	}
	if used := 1<<20 - zeros.Len(); used > 1<<10 {
		t.Errorf("%d bytes were drawn", used)
	}
}

// TestGenerateDrawsFromItsReader: keys come from the reader that was given, so that a fault or
// a seed can be put there.
func TestGenerateDrawsFromItsReader(t *testing.T) {
	for _, alg := range algorithms {
		seed := bytes.Repeat([]byte{7}, 4096)
		a, err := key.Generate(alg, bytes.NewReader(seed))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := key.Generate(alg, bytes.NewReader(seed))
		if !a.Public().Equal(b.Public()) {
			t.Errorf("%s: one seed, two keys", alg)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]any{
		"nil":              nil,
		"nil EC key":       (*ecdsa.PublicKey)(nil),
		"empty EC key":     &ecdsa.PublicKey{},
		"EC without point": &ecdsa.PublicKey{Curve: elliptic.P256()},
		//lint:ignore SA1019 the keys that nobody should be able to make any more
		"EC off the curve": &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)},
		//lint:ignore SA1019 see above
		"EC at infinity": &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int), Y: new(big.Int)},
		//lint:ignore SA1019 see above
		"EC with negative x": &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(-1), Y: big.NewInt(1)},
		"P-521":              &p521.PublicKey,
		"short Ed25519":      ed25519.PublicKey(make([]byte, 31)),
		"private Ed25519":    ed25519.NewKeyFromSeed(make([]byte, 32)),
		"bytes":              make([]byte, 32),
	} {
		if p, err := key.New(k); reason.Of(err) != reason.KeyWeak || !p.IsZero() {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNewCopies(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := key.New(&ec.PublicKey)
	q, _ := key.New(ed)
	before := []key.JWK{p.JWK(), q.JWK()}
	ec.X.SetInt64(1)
	ed[0] ^= 1
	if after := []key.JWK{p.JWK(), q.JWK()}; after[0] != before[0] || after[1] != before[1] {
		t.Error("a key changed with the memory it was made from")
	}
}

func TestJWKRoundTrip(t *testing.T) {
	for _, alg := range algorithms {
		rapid.Check(t, func(t *rapid.T) {
			seed := rapid.SliceOfN(rapid.Byte(), 48, 48).Draw(t, "seed")
			k, err := key.Generate(alg, io.MultiReader(bytes.NewReader(seed), rand.Reader))
			if err != nil {
				t.Fatal(err)
			}
			pub, err := k.Public().JWK().Public()
			if err != nil || !pub.Equal(k.Public()) || pub.Algorithm() != alg {
				t.Fatalf("public: %v", err)
			}
			if k.Public().JWK().D != "" {
				t.Fatal("the public JWK has d")
			}
			back, err := k.JWK().Private(rand.Reader)
			if err != nil || !back.Public().Equal(k.Public()) || back.JWK() != k.JWK() {
				t.Fatalf("private: %v", err)
			}
			sig, err := back.Sign(context.Background(), seed)
			if err != nil || k.Public().Verify(seed, sig) != nil {
				t.Fatalf("sign: %v", err)
			}
			if raw, err := base64.RawURLEncoding.DecodeString(pub.Thumbprint()); err != nil || len(raw) != 32 {
				t.Fatalf("thumbprint %q", pub.Thumbprint())
			}
		})
	}
}

// The keys of RFC 8037 appendix A and RFC 7515 appendix A.3.
var (
	rfc8037 = key.JWK{
		Kty: "OKP", Crv: "Ed25519", X: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
		D: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
	}
	rfc7515 = key.JWK{
		Kty: "EC", Crv: "P-256", X: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
		Y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", D: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
	}
)

func TestPublishedVectors(t *testing.T) {
	k, err := rfc8037.Private(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Public().Thumbprint(); got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("RFC 8037 A.3: got %s", got)
	}
	sig, err := k.Sign(t.Context(), []byte("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"))
	if err != nil {
		t.Fatal(err)
	}
	want := "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	if got := base64.RawURLEncoding.EncodeToString(sig); got != want {
		t.Errorf("RFC 8037 A.4: got %s", got)
	}

	ec, err := rfc7515.Private(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	message := "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	sig, _ = base64.RawURLEncoding.DecodeString("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
	if err := ec.Public().Verify([]byte(message), sig); err != nil {
		t.Errorf("RFC 7515 A.3: %v", err)
	}
}

func TestJWKRefusals(t *testing.T) {
	ec, ed := rfc7515, rfc8037
	ec.D, ed.D = "", ""
	with := func(j key.JWK, change func(*key.JWK)) key.JWK {
		change(&j)
		return j
	}
	for name, c := range map[string]struct {
		in   key.JWK
		want reason.Code
	}{
		"fine":              {ec, ""},
		"fine with use":     {with(ec, func(j *key.JWK) { j.Use, j.Alg = "sig", "ES256" }), ""},
		"fine with EdDSA":   {with(ed, func(j *key.JWK) { j.Alg = "EdDSA" }), ""},
		"fine with Ed25519": {with(ed, func(j *key.JWK) { j.Alg = "Ed25519" }), ""},
		"private":           {rfc7515, reason.KeyPrivateMaterial},
		"use enc":           {with(ec, func(j *key.JWK) { j.Use = "enc" }), reason.KeyAmbiguous},
		"alg ES384":         {with(ec, func(j *key.JWK) { j.Alg = "ES384" }), reason.KeyWeak},
		"alg Ed25519 on EC": {with(ec, func(j *key.JWK) { j.Alg = "Ed25519" }), reason.KeyWeak},
		"kty RSA":           {with(ec, func(j *key.JWK) { j.Kty = "RSA" }), reason.KeyWeak},
		"kty lower case":    {with(ec, func(j *key.JWK) { j.Kty = "ec" }), reason.KeyWeak},
		"P-521":             {with(ec, func(j *key.JWK) { j.Crv = "P-521" }), reason.KeyWeak},
		"secp256k1":         {with(ec, func(j *key.JWK) { j.Crv = "secp256k1" }), reason.KeyWeak},
		"P-384 with P-256":  {with(ec, func(j *key.JWK) { j.Crv = "P-384" }), reason.KeyWeak},
		"X25519":            {with(ed, func(j *key.JWK) { j.Crv = "X25519" }), reason.KeyWeak},
		"OKP with y":        {with(ed, func(j *key.JWK) { j.Y = j.X }), reason.KeyWeak},
		"no y":              {with(ec, func(j *key.JWK) { j.Y = "" }), reason.KeyWeak},
		"off the curve":     {with(ec, func(j *key.JWK) { j.Y = j.X }), reason.KeyWeak},
		"padded":            {with(ec, func(j *key.JWK) { j.X += "=" }), reason.KeyWeak},
		"short":             {with(ec, func(j *key.JWK) { j.X = j.X[1:] }), reason.KeyWeak},
		"leading zero":      {with(ec, func(j *key.JWK) { j.X = "AA" + j.X }), reason.KeyWeak},
		"line break":        {with(ed, func(j *key.JWK) { j.X = j.X[:42] + "\n" }), reason.KeyWeak},
		"two line breaks":   {with(ed, func(j *key.JWK) { j.X = j.X[:41] + "\r\n" }), reason.KeyWeak},
		"trailing bits":     {with(ed, func(j *key.JWK) { j.X = j.X[:42] + "p" }), reason.KeyWeak},
		"plain base64":      {with(ed, func(j *key.JWK) { j.X = strings.ReplaceAll(j.X, "_", "/") }), reason.KeyWeak},
		"small order":       {with(ed, func(j *key.JWK) { j.X = strings.Repeat("A", 43) }), reason.KeyWeak},
	} {
		if _, err := c.in.Public(); reason.Of(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestPrivateJWKRefusals(t *testing.T) {
	other := generate(t, key.ES256).JWK()
	for name, in := range map[string]key.JWK{
		"public only":       {Kty: "OKP", Crv: "Ed25519", X: rfc8037.X},
		"other half":        {Kty: "EC", Crv: "P-256", X: rfc7515.X, Y: rfc7515.Y, D: other.D},
		"zero":              {Kty: "EC", Crv: "P-256", X: rfc7515.X, Y: rfc7515.Y, D: strings.Repeat("A", 43)},
		"beyond the order":  {Kty: "EC", Crv: "P-256", X: rfc7515.X, Y: rfc7515.Y, D: strings.Repeat("_", 42) + "8"},
		"short":             {Kty: "EC", Crv: "P-256", X: rfc7515.X, Y: rfc7515.Y, D: "AAAA"},
		"other Ed25519 key": {Kty: "OKP", Crv: "Ed25519", X: rfc8037.X, D: rfc7515.D},
	} {
		if k, err := in.Private(rand.Reader); reason.Of(err) != reason.KeyWeak || k != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := rfc8037.Private(nil); err == nil {
		t.Error("a signer without randomness")
	}
}

func TestPrivateNeverShows(t *testing.T) {
	for _, alg := range algorithms {
		k := generate(t, alg)
		type holder struct {
			Shown  *key.Private
			Value  key.Private
			hidden *key.Private
			inner  key.Private
			J      key.JWK
		}
		d, err := base64.RawURLEncoding.DecodeString(k.JWK().D)
		if err != nil {
			t.Fatal(err)
		}
		leaks := []string{k.JWK().D, fmt.Sprintf("%x", d), fmt.Sprintf("%X", d), fmt.Sprint(d)[1:20], new(big.Int).SetBytes(d).String(), string(d)}
		h := holder{k, *k, k, *k, k.JWK()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%t"} {
			for _, value := range []any{k, *k, h, &h, []any{k, *k}, k.JWK(), []key.JWK{k.JWK()}} {
				noLeak(t, verb, fmt.Sprintf(verb, value), leaks)
			}
		}
		var log bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
			slog.New(handler).Info("key", "p", k, "v", *k, "j", k.JWK(), slog.Group("g", "k", k))
		}
		noLeak(t, "slog", log.String(), leaks)
		raw, err := json.Marshal([]any{k, *k})
		if err != nil {
			t.Fatal(err)
		}
		noLeak(t, "json", string(raw), leaks)
	}
}

func noLeak(t *testing.T, how, text string, leaks []string) {
	t.Helper()
	for _, l := range leaks {
		if strings.Contains(text, l) {
			t.Errorf("%s shows the private key", how)
		}
	}
}

func TestEqual(t *testing.T) {
	var keys []key.Public
	for _, alg := range append(algorithms, algorithms...) {
		keys = append(keys, generate(t, alg).Public())
	}
	for i, a := range keys {
		for j, b := range keys {
			if a.Equal(b) != (i == j) {
				t.Errorf("%d and %d", i, j)
			}
		}
	}
	if d := cmp.Diff(keys[0], keys[0]); d != "" {
		t.Error(d)
	}
}
