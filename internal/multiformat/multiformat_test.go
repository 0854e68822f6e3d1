// SPDX-License-Identifier: Apache-2.0

package multiformat_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/multiformats/go-multicodec"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

var algorithms = []key.Algorithm{key.EdDSA, key.ES256, key.ES384}

func generate(t testing.TB, alg key.Algorithm) key.Public {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

// multikey writes raw behind the varint of codec.
func multikey(t testing.TB, codec multicodec.Code, raw []byte) string {
	t.Helper()
	s, err := multiformat.Encode(multiformat.Base58BTC, append(binary.AppendUvarint(nil, uint64(codec)), raw...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVectorsCodes(t *testing.T) {
	rows := csv.NewReader(bytes.NewReader(shared.Open(t, "vectors/multiformats/multicodec-table.csv")))
	rows.TrimLeadingSpace, rows.LazyQuotes, rows.FieldsPerRecord = true, true, -1
	table, err := rows.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]uint64{}
	for _, row := range table[1:] {
		code, err := strconv.ParseUint(strings.TrimSpace(row[2]), 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		codes[strings.TrimSpace(row[0])] = code
	}
	for alg, name := range map[key.Algorithm]string{
		key.EdDSA: "ed25519-pub", key.ES256: "p256-pub", key.ES384: "p384-pub",
	} {
		text, err := multiformat.EncodeKey(generate(t, alg))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := multiformat.Decode(multiformat.Base58BTC, text)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := binary.Uvarint(raw); got != codes[name] {
			t.Errorf("%s: prefix %#x, the table says %#x", name, got, codes[name])
		}
	}
	conformance.Record(t, conformance.Row{
		Standard: "Multicodec", Part: "prefixes of the keys that are written", Source: "multiformats", Run: 3, Passed: 3,
	})
}

// The published key pairs: the public half, made anew from the secret one, must be written as published.
func TestPublishedPairs(t *testing.T) {
	for name, public := range map[string]func(secret []byte) (any, error){
		"vectors/w3c-vc-di-ecdsa/p256KeyPair.json": ecPublic(elliptic.P256()),
		"vectors/w3c-vc-di-ecdsa/p384KeyPair.json": ecPublic(elliptic.P384()),
		"vectors/w3c-vc-di-eddsa/keyPair.json": func(seed []byte) (any, error) {
			return ed25519.NewKeyFromSeed(seed).Public(), nil
		},
	} {
		var pair struct{ PublicKeyMultibase, SecretKeyMultibase, PrivateKeyMultibase string }
		if err := json.Unmarshal(shared.Open(t, name), &pair); err != nil {
			t.Fatal(err)
		}
		secret, err := multiformat.Decode(multiformat.Base58BTC, pair.SecretKeyMultibase+pair.PrivateKeyMultibase)
		if err != nil {
			t.Fatal(err)
		}
		made, err := public(secret[2:]) // behind the two bytes of the prefix
		if err != nil {
			t.Fatal(err)
		}
		k, err := key.New(made)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := multiformat.EncodeKey(k); err != nil || got != pair.PublicKeyMultibase {
			t.Errorf("%s: wrote %s, %v; want %s", name, got, err, pair.PublicKeyMultibase)
		}
		if got, err := multiformat.DecodeKey(pair.PublicKeyMultibase); err != nil || !got.Equal(k) {
			t.Errorf("%s: read another key, %v", name, err)
		}
	}
}

func ecPublic(c elliptic.Curve) func([]byte) (any, error) {
	return func(secret []byte) (any, error) {
		k, err := ecdsa.ParseRawPrivateKey(c, secret)
		if err != nil {
			return nil, err
		}
		return &k.PublicKey, nil
	}
}

// Every did:key that the published vectors name is read and written again, those of BLS12-381 refused.
func TestPublishedDIDKeys(t *testing.T) {
	find := regexp.MustCompile(`did:key:(z[1-9A-HJ-NP-Za-km-z]+)`)
	found := map[string]bool{}
	err := filepath.WalkDir(shared.Dir(t, "vectors"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(filepath.Ext(path), ".json") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range find.FindAllSubmatch(raw, -1) {
			found[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 15 {
		t.Fatalf("only %d keys found", len(found))
	}
	for text := range found {
		k, err := multiformat.DecodeKey(text)
		if strings.HasPrefix(text, "zUC7") {
			if !errors.Is(err, multiformat.ErrKeyType) {
				t.Errorf("%s, a BLS12-381 key: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := multiformat.EncodeKey(k); err != nil || got != text {
			t.Errorf("%s: written as %s, %v", text, got, err)
		}
	}
}

// The compressed points of Wycheproof: one is on P-256, the others are not; uncompressed ones are never read.
func TestWycheproofPoints(t *testing.T) {
	var file struct {
		TestGroups []struct {
			Tests []struct{ Public, Result string }
		}
	}
	if err := json.Unmarshal(shared.Open(t, "vectors/wycheproof/ecdh_secp256r1_ecpoint_test.json"), &file); err != nil {
		t.Fatal(err)
	}
	read, refused := 0, 0
	for _, test := range file.TestGroups[0].Tests {
		point, err := hex.DecodeString(test.Public)
		if err != nil {
			t.Fatal(err)
		}
		_, err = multiformat.DecodeKey(multikey(t, multicodec.P256Pub, point))
		good := len(point) == 33 && test.Result != "invalid"
		if good != (err == nil) {
			t.Errorf("point %s: %v", test.Public, err)
		}
		if good {
			read++
		} else {
			refused++
		}
	}
	if read == 0 || refused < 300 {
		t.Errorf("read %d and refused %d", read, refused)
	}
}

func TestKeyRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		k := generate(t, rapid.SampledFrom(algorithms).Draw(r, "alg"))
		text, err := multiformat.EncodeKey(k)
		if err != nil {
			r.Fatal(err)
		}
		got, err := multiformat.DecodeKey(text)
		if err != nil || !got.Equal(k) {
			r.Fatalf("%s: %v", text, err)
		}
	})
}

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		base := rapid.SampledFrom([]multiformat.Base{multiformat.Base58BTC, multiformat.Base64URL}).Draw(r, "base")
		raw := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(r, "raw")
		text, err := multiformat.Encode(base, raw)
		if err != nil {
			r.Fatal(err)
		}
		got, err := multiformat.Decode(base, text)
		if err != nil || !bytes.Equal(got, raw) {
			r.Fatalf("%q gave %x, %v", text, got, err)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		base multiformat.Base
		text string
	}{
		"empty":            {multiformat.Base58BTC, ""},
		"prefix alone":     {multiformat.Base58BTC, "z"},
		"other base":       {multiformat.Base58BTC, "uAAA"},
		"other base u":     {multiformat.Base64URL, "zAAA"},
		"flickr":           {multiformat.Base58BTC, "Zabc"},
		"zero":             {multiformat.Base58BTC, "z0abc"},
		"not ASCII":        {multiformat.Base58BTC, "z\xffabc"},
		"padding":          {multiformat.Base64URL, "uAA=="},
		"line break":       {multiformat.Base64URL, "uAAAA\nAAAA"},
		"stray bits":       {multiformat.Base64URL, "uAB"},
		"plain base64":     {multiformat.Base64URL, "u+/+/"},
		"too long":         {multiformat.Base58BTC, "z" + strings.Repeat("2", multiformat.MaxText)},
		"zero Base":        {0, "\x00abc"},
		"base of no use":   {'f', "f00"},
		"space before":     {multiformat.Base58BTC, " zabc"},
		"space at the end": {multiformat.Base58BTC, "zabc "},
	} {
		if _, err := multiformat.Decode(c.base, c.text); !errors.Is(err, multiformat.ErrMultibase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := multiformat.Encode('f', []byte{1}); !errors.Is(err, multiformat.ErrMultibase) {
		t.Errorf("base16 written: %v", err)
	}
}

func TestDecodeKeyRefuses(t *testing.T) {
	ed := make([]byte, 32)
	copy(ed, "a key of no use but of good size")
	long, _ := multiformat.Encode(multiformat.Base58BTC, append([]byte{0xed, 0x81, 0x00}, ed...))
	unfinished, _ := multiformat.Encode(multiformat.Base58BTC, []byte{0xed})
	hexText := "f" + hex.EncodeToString(append([]byte{0xed, 0x01}, ed...))
	good := multikey(t, multicodec.Ed25519Pub, ed)
	if _, err := multiformat.DecodeKey(good); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":             "",
		"base16":            hexText,
		"no prefix":         good[1:],
		"zero in front":     "z1" + good[1:],
		"space":             good + " ",
		"unfinished varint": unfinished,
		"longer varint":     long,
		"short":             multikey(t, multicodec.Ed25519Pub, ed[:31]),
		"long":              multikey(t, multicodec.Ed25519Pub, append(ed, 1)),
		"no key":            multikey(t, multicodec.Ed25519Pub, nil),
		"small order":       multikey(t, multicodec.Ed25519Pub, make([]byte, 32)),
		"P-384 as P-256":    multikey(t, multicodec.P256Pub, append([]byte{2}, make([]byte, 48)...)),
		"P-256 at infinity": multikey(t, multicodec.P256Pub, []byte{0}),
		"P-384 at infinity": multikey(t, multicodec.P384Pub, []byte{0}),
		"x beyond p":        multikey(t, multicodec.P256Pub, append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...)),
		"too long":          "z" + strings.Repeat("2", multiformat.MaxKey),
	} {
		if _, err := multiformat.DecodeKey(text); reason.Of(err) != reason.KeyWeak {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, codec := range []multicodec.Code{
		multicodec.X25519Pub, multicodec.Secp256k1Pub, multicodec.P521Pub, multicodec.RsaPub,
		multicodec.Bls12_381G2Pub, multicodec.Ed25519Priv, multicodec.P256Priv,
	} {
		if _, err := multiformat.DecodeKey(multikey(t, codec, ed)); reason.Of(err) != reason.KeyWeak || !errors.Is(err, multiformat.ErrKeyType) {
			t.Errorf("%s: %v", codec, err)
		}
	}
	bls := multikey(t, multicodec.Bls12_381G2Pub, bytes.Repeat([]byte{0xff}, 96))
	if _, err := multiformat.DecodeKey(bls); len(bls) != multiformat.MaxKey || !errors.Is(err, multiformat.ErrKeyType) {
		t.Errorf("the longest key of another kind, %d characters: %v", len(bls), err)
	}
	if _, err := multiformat.DecodeKey(multikey(t, multicodec.Bls12_381G2Pub, make([]byte, 97))); errors.Is(err, multiformat.ErrKeyType) {
		t.Errorf("a key longer than any kind: %v", err)
	}
	if _, err := multiformat.EncodeKey(key.Public{}); reason.Of(err) != reason.KeyWeak {
		t.Errorf("zero key: %v", err)
	}
}

func TestReadJWK(t *testing.T) {
	ed, p256 := generate(t, key.EdDSA).JWK(), generate(t, key.ES256).JWK()
	okp := `"kty":"OKP","crv":"Ed25519","x":"` + ed.X + `"`
	ec := `"kty":"EC","crv":"P-256","x":"` + p256.X + `","y":"` + p256.Y + `"`
	for text, want := range map[string]reason.Code{
		`{` + okp + `}`: "",
		`{` + ec + `,"use":"sig","alg":"ES256","kid":"1"}`: "",
		`{` + ec + `,"key_ops":["verify"],"x5t":"unread"}`: "",
		`{` + okp + `,"d":""}`:                             reason.KeyPrivateMaterial,
		`{` + okp + `,"d":null}`:                           reason.KeyPrivateMaterial,
		`{"kty":1,"D":"x"}`:                                reason.KeyPrivateMaterial,
		`{"kty":"RSA","n":"AQAB","e":"AQAB","qi":"AQ"}`:    reason.KeyPrivateMaterial,
		`{"kty":"oct","k":"AAAA"}`:                         reason.KeyPrivateMaterial,
		`{"kty":"RSA","n":"AQAB","e":"AQAB"}`:              reason.KeyWeak,
		`{}`:                                               reason.KeyWeak,
		`{` + ec + `,"alg":"none"}`:                        reason.KeyWeak,
		`{` + ec + `,"alg":"ECDH-ES"}`:                     reason.KeyWeak,
		`{` + ec + `,"use":"enc","alg":"ECDH-ES"}`:         reason.KeyAmbiguous,
		`{` + ec + `,"use":""}`:                            reason.KeyAmbiguous,
		`{` + ec + `,"key_ops":["sign"]}`:                  reason.KeyAmbiguous,
		`{` + ec + `,"key_ops":[]}`:                        reason.KeyAmbiguous,
		`{"kty":"EC","crv":"P-256","x":"` + p256.X + `","y":"` + p256.X + `","use":"enc"}`: reason.KeyWeak,
		`{` + okp + `,"kty":"OKP"}`: reason.JSONDuplicateName,
		`{` + okp + `,"KTY":"OKP"}`: reason.JSONCaseVariant,
		`{` + okp + `} `:            "",
		`{` + okp + `}x`:            reason.JSONSyntax,
		`["kty"]`:                   reason.JSONType,
		`{` + okp + `,"use":null}`:  reason.JSONType,
		`{` + okp + `,"pad":"` + strings.Repeat("a", multiformat.MaxJWK) + `"}`: reason.KeyWeak,
	} {
		k, err := multiformat.ReadJWK([]byte(text))
		if got := reason.Of(err); got != want || (err == nil) == k.IsZero() {
			t.Errorf("%.200s: %q, want %q", text, got, want)
		}
	}
}

// What is read has one written form.
func FuzzDecodeKey(f *testing.F) {
	for _, alg := range algorithms {
		text, err := multiformat.EncodeKey(generate(f, alg))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)-1])
	}
	f.Add("z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc")
	f.Add("z")
	f.Add("z1111")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := multiformat.DecodeKey(text)
		if err != nil {
			if !k.IsZero() || reason.Of(err) != reason.KeyWeak {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if again, err := multiformat.EncodeKey(k); err != nil || again != text {
			t.Fatalf("%q is written as %q, %v", text, again, err)
		}
	})
}

func FuzzReadJWK(f *testing.F) {
	for _, alg := range algorithms {
		raw, err := json.Marshal(generate(f, alg).JWK())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(append(raw[:len(raw)-1], `,"use":"enc"}`...))
		f.Add(append(raw[:len(raw)-1], `,"d":"AA"}`...))
	}
	f.Add([]byte(`{"kty":"oct","k":"AA"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := multiformat.ReadJWK(raw)
		if (err == nil) == k.IsZero() {
			t.Fatalf("key and error: %v", err)
		}
		var m map[string]any
		if err == nil && (json.Unmarshal(raw, &m) != nil || m["d"] != nil || m["kty"] != k.JWK().Kty || m["x"] != k.JWK().X) {
			t.Fatalf("another reader sees another key in %q", raw)
		}
	})
}

func BenchmarkDecodeKeyEd25519(b *testing.B) { benchmarkDecode(b, key.EdDSA) }
func BenchmarkDecodeKeyP256(b *testing.B)    { benchmarkDecode(b, key.ES256) }

func benchmarkDecode(b *testing.B, alg key.Algorithm) {
	text, err := multiformat.EncodeKey(generate(b, alg))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := multiformat.DecodeKey(text); err != nil {
			b.Fatal(err)
		}
	}
}
