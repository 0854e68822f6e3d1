// SPDX-License-Identifier: Apache-2.0

package jwe_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/reason"
)

type object = map[string]any

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	must(t, err)
	return raw
}

func generate(t testing.TB) *jwe.Private {
	t.Helper()
	p, err := jwe.Generate(rand.Reader, "k1")
	must(t, err)
	return p
}

func keyLength(enc string) int {
	if enc == "A256GCM" {
		return 32
	}
	return 16
}

// derive is the Concat KDF of RFC 7518 §4.6.2 for direct agreement, written here a second time.
func derive(shared []byte, enc string, apu, apv []byte) []byte {
	size := keyLength(enc)
	field := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	in := append([]byte{0, 0, 0, 1}, shared...)
	in = append(in, field([]byte(enc))...)
	in = append(append(in, field(apu)...), field(apv)...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(in, uint32(8*size)))
	return sum[:size]
}

// seal builds a token with any header, for a key that was agreed on: the reference to compare with.
func seal(t testing.TB, header object, secret, plain []byte) []byte {
	t.Helper()
	enc, _ := header["enc"].(string)
	party := func(name string) []byte {
		s, _ := header[name].(string)
		raw, _ := base64.RawURLEncoding.DecodeString(s)
		return raw
	}
	block, err := aes.NewCipher(derive(secret, enc, party("apu"), party("apv")))
	must(t, err)
	gcm, err := cipher.NewGCM(block)
	must(t, err)
	raw, err := json.Marshal(header)
	must(t, err)
	head, iv := b64(raw), make([]byte, 12)
	_, err = rand.Read(iv)
	must(t, err)
	sealed := gcm.Seal(nil, iv, plain, []byte(head))
	text, tag := sealed[:len(plain)], sealed[len(plain):]
	return []byte(strings.Join([]string{head, "", b64(iv), b64(text), b64(tag)}, "."))
}

// unseal reads a token without looking for what is wrong with it.
func unseal(t testing.TB, token []byte, with *jwe.Private) []byte {
	t.Helper()
	var k struct{ D string }
	must(t, json.Unmarshal(with.Bytes(), &k))
	private, err := ecdh.P256().NewPrivateKey(unb64(t, k.D))
	must(t, err)
	parts := strings.SplitN(string(token), ".", 6)
	var h struct {
		Enc, APU, APV string
		EPK           struct{ X, Y string }
	}
	must(t, json.Unmarshal(unb64(t, parts[0]), &h))
	epk, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, unb64(t, h.EPK.X)...), unb64(t, h.EPK.Y)...))
	must(t, err)
	secret, err := private.ECDH(epk)
	must(t, err)
	block, err := aes.NewCipher(derive(secret, h.Enc, unb64(t, h.APU), unb64(t, h.APV)))
	must(t, err)
	gcm, err := cipher.NewGCM(block)
	must(t, err)
	plain, err := gcm.Open(nil, unb64(t, parts[2]), append(unb64(t, parts[3]), unb64(t, parts[4])...), []byte(parts[0]))
	must(t, err)
	return plain
}

func point(raw []byte) object {
	return object{"kty": "EC", "crv": "P-256", "x": b64(raw[1:33]), "y": b64(raw[33:])}
}

func recipientKey(t testing.TB, r jwe.Recipient) *ecdh.PublicKey {
	t.Helper()
	var j struct{ X, Y string }
	must(t, json.Unmarshal(r.JWK(), &j))
	k, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, unb64(t, j.X)...), unb64(t, j.Y)...))
	must(t, err)
	return k
}

// agreed makes an ephemeral key, and the header and secret that go with it.
func agreed(t testing.TB, to jwe.Recipient) (header object, secret []byte) {
	t.Helper()
	e, err := ecdh.P256().GenerateKey(rand.Reader)
	must(t, err)
	secret, err = e.ECDH(recipientKey(t, to))
	must(t, err)
	return object{"alg": "ECDH-ES", "enc": "A256GCM", "kid": to.KeyID(), "epk": point(e.PublicKey().Bytes())}, secret
}

// TestDerivation holds the second derivation to the example of RFC 7518 appendix C.
func TestDerivation(t *testing.T) {
	alice, err := ecdh.P256().NewPrivateKey(unb64(t, "0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"))
	must(t, err)
	bob, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, unb64(t, "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ")...),
		unb64(t, "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck")...))
	must(t, err)
	secret, err := alice.ECDH(bob)
	must(t, err)
	if got := b64(derive(secret, "A128GCM", []byte("Alice"), []byte("Bob"))); got != "VqqN6vgjbSBcIijNcacQGg" {
		t.Error(got)
	}
}

func TestRoundTrip(t *testing.T) {
	to := generate(t)
	for _, enc := range []jwe.Encryption{jwe.A128GCM, jwe.A256GCM} {
		for name, h := range map[string]jwe.Header{"plain": {}, "all": {Type: "JWT", ContentType: "json", APU: []byte("a"), APV: []byte("nonce")}} {
			token, err := jwe.Encrypt([]byte("text"), to.Public(), enc, h)
			must(t, err)
			got, err := jwe.Decrypt(token, to, enc)
			if err != nil || string(got) != "text" {
				t.Errorf("%s %s: %q %v", enc, name, got, err)
			}
			if id, err := jwe.KeyID(token); id != "k1" || err != nil {
				t.Error(id, err)
			}
			if _, err := jwe.Decrypt(token, generate(t), enc); reason.Of(err) != reason.JWEInvalid {
				t.Errorf("another key: %v", err)
			}
		}
	}
}

// TestReference decrypts what the second implementation made.
func TestReference(t *testing.T) {
	to := generate(t)
	for name, change := range map[string]func(object){
		"bare": func(object) {}, "A128GCM": func(h object) { h["enc"] = "A128GCM" }, "no kid": func(h object) { delete(h, "kid") },
		"parties": func(h object) { h["apu"], h["apv"] = b64([]byte("Alice")), b64([]byte("Bob")) },
		"typ":     func(h object) { h["typ"], h["cty"] = "JWT", "json" }, "unknown": func(h object) { h["iat"] = 7 },
		"epk with more": func(h object) { h["epk"].(object)["kid"] = "e" },
	} {
		header, secret := agreed(t, to.Public())
		change(header)
		got, err := jwe.Decrypt(seal(t, header, secret, []byte("text")), to, jwe.A128GCM, jwe.A256GCM)
		if err != nil || string(got) != "text" {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

// TestAttacks has the rows of category jose that are about encryption: JOS-24, JOS-26, JOS-27 and
// JOS-28. In JOS-27 nothing is decrypted, so that there is no time to measure.
func TestAttacks(t *testing.T) {
	to := generate(t)
	header := func(change func(object)) []byte {
		h, secret := agreed(t, to.Public())
		change(h)
		return seal(t, h, secret, []byte("text"))
	}
	set := func(name string, value any) func(object) { return func(h object) { h[name] = value } }
	epk := func(name string, value any) func(object) { return func(h object) { h["epk"].(object)[name] = value } }
	good := string(header(func(object) {}))
	part := func(i int, s string) []byte {
		parts := strings.SplitN(good, ".", 6)
		parts[i] = s
		return []byte(strings.Join(parts, "."))
	}
	for id, c := range map[string]struct {
		want   reason.Code
		tokens map[string][]byte
	}{
		"JOS-24": {reason.JWEZipForbidden, map[string][]byte{
			"DEF": header(set("zip", "DEF")), "another": header(set("zip", "GZ")), "null": header(set("zip", nil)), "number": header(set("zip", 1)),
			"beside alg": header(func(h object) { h["zip"], h["alg"] = "DEF", "RSA1_5" }),
		}},
		"JOS-26": {reason.JWEInvalid, map[string][]byte{
			"nothing": nil, "one part": []byte("abc"), "three parts": []byte("a.b.c"), "six parts": []byte(good + ".x"), "dots": []byte("...."),
			"no header": part(0, ""), "encrypted key": part(1, "AAAA"), "no iv": part(2, ""), "short iv": part(2, "AAAA"), "no tag": part(4, ""), "short tag": part(4, "AAAA"),
			"iv not base64": part(2, "================"), "text not base64": part(3, "a+b"), "another tag": part(4, "AAAAAAAAAAAAAAAAAAAAAA"), "no text": part(3, ""),
			"header array": part(0, b64([]byte(`[]`))), "header twice": part(0, b64([]byte(`{"alg":"ECDH-ES","alg":"ECDH-ES"}`))), "padded": part(0, "e30="),
			"no alg": header(func(h object) { delete(h, "alg") }), "no epk": header(func(h object) { delete(h, "epk") }), "epk null": header(set("epk", nil)), "epk text": header(set("epk", "x")), "epk array": header(set("epk", []any{})),
			"no enc": part(0, b64([]byte(`{"alg":"ECDH-ES","epk":{}}`))), "alg number": header(set("alg", 7)), "alg null": header(set("alg", nil)), "kid number": header(set("kid", 7)),
			"apu not base64": header(set("apu", "a b")), "apu number": header(set("apu", 7)), "apv padded": header(set("apv", "YQ==")), "long apu": header(set("apu", strings.Repeat("A", 1000))),
			"long kid": header(set("kid", strings.Repeat("A", jwe.MaxKeyID+1))), "case": header(set("ALG", "none")),
			"crit": header(set("crit", []string{"exp"})), "b64": header(set("b64", false)), "jku": header(set("jku", "https://a.example")), "jwk": header(set("jwk", object{})), "x5c": header(set("x5c", []string{})), "p2c": header(set("p2c", 1000000000)),
			"JSON serialization": []byte(`{"protected":"","recipients":[]}`),
		}},
		"JOS-27": {reason.JWEAlgForbidden, map[string][]byte{
			"RSA1_5": header(set("alg", "RSA1_5")), "RSA-OAEP": header(set("alg", "RSA-OAEP-256")), "key wrap": header(set("alg", "ECDH-ES+A256KW")), "A128KW": header(set("alg", "A128KW")), "dir": header(set("alg", "dir")),
			"PBES2": header(set("alg", "PBES2-HS256+A128KW")), "none": header(set("alg", "none")), "lower case": header(set("alg", "ecdh-es")), "CBC": header(set("enc", "A128CBC-HS256")), "CBC, another tag": cut(header(set("enc", "A256CBC-HS512"))), "A192GCM": header(set("enc", "A192GCM")),
		}},
		"JOS-28": {reason.JWEEPKInvalid, map[string][]byte{
			"off the curve": header(epk("y", b64(bytes.Repeat([]byte{7}, 32)))), "zero": header(func(h object) { h["epk"] = point(make([]byte, 65)) }), "infinity": header(func(h object) { h["epk"] = object{"kty": "EC", "crv": "P-256", "x": "", "y": ""} }),
			"P-384": header(epk("crv", "P-384")), "X25519": header(func(h object) { h["epk"] = object{"kty": "OKP", "crv": "X25519", "x": b64(make([]byte, 32))} }), "no kty": header(epk("kty", "")), "RSA": header(epk("kty", "RSA")), "empty": header(set("epk", object{})),
			"short": header(epk("x", "AAAA")), "shifted": header(func(h object) { e := h["epk"].(object); e["x"], e["y"] = e["x"].(string)+"AA", "AA" }), "over p": header(epk("x", b64(bytes.Repeat([]byte{255}, 32)))),
			"private": header(epk("d", b64(make([]byte, 32)))), "y missing": header(func(h object) { delete(h["epk"].(object), "y") }), "padded": header(epk("x", strings.Repeat("A", 43)+"=")),
		}},
	} {
		t.Run(id, func(t *testing.T) {
			for name, token := range c.tokens {
				if plain, err := jwe.Decrypt(token, to, jwe.A128GCM, jwe.A256GCM); reason.Of(err) != c.want || plain != nil {
					t.Errorf("%s: %q %v, want %s", name, plain, err, c.want)
				}
			}
		})
	}
}

// cut changes the tag of a token.
func cut(token []byte) []byte {
	if token[len(token)-2] == 'A' {
		token[len(token)-2] = 'B'
	} else {
		token[len(token)-2] = 'A'
	}
	return token
}

func TestDecryptRefuses(t *testing.T) {
	to := generate(t)
	token, err := jwe.Encrypt([]byte("text"), to.Public(), jwe.A128GCM, jwe.Header{})
	must(t, err)
	for name, c := range map[string]struct {
		token  []byte
		with   *jwe.Private
		accept []jwe.Encryption
		want   reason.Code
	}{
		"nothing accepted": {token, to, nil, reason.JWEAlgForbidden},
		"another accepted": {token, to, []jwe.Encryption{jwe.A256GCM}, reason.JWEAlgForbidden},
		"no key":           {token, nil, []jwe.Encryption{jwe.A128GCM}, reason.JWEInvalid},
		"zero key":         {token, new(jwe.Private), []jwe.Encryption{jwe.A128GCM}, reason.JWEInvalid},
		"too long":         {make([]byte, jwe.MaxToken+1), to, []jwe.Encryption{jwe.A128GCM}, reason.LimitBody},
	} {
		if _, err := jwe.Decrypt(c.token, c.with, c.accept...); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range token {
		changed := bytes.Clone(token)
		changed[i] ^= 1
		if plain, err := jwe.Decrypt(changed, to, jwe.A128GCM); err == nil {
			t.Fatalf("byte %d changed, and it is read as %q", i, plain)
		}
	}
}

func TestEncryptRefuses(t *testing.T) {
	to := generate(t).Public()
	for name, c := range map[string]struct {
		plain []byte
		to    jwe.Recipient
		enc   jwe.Encryption
		h     jwe.Header
		want  reason.Code
	}{
		"no text":  {nil, to, jwe.A128GCM, jwe.Header{}, reason.JWEInvalid},
		"no key":   {[]byte("x"), jwe.Recipient{}, jwe.A128GCM, jwe.Header{}, reason.JWEInvalid},
		"no enc":   {[]byte("x"), to, "", jwe.Header{}, reason.JWEAlgForbidden},
		"CBC":      {[]byte("x"), to, "A128CBC-HS256", jwe.Header{}, reason.JWEAlgForbidden},
		"long apu": {[]byte("x"), to, jwe.A128GCM, jwe.Header{APU: make([]byte, 513)}, reason.JWEInvalid},
		"too long": {make([]byte, jwe.MaxToken), to, jwe.A128GCM, jwe.Header{}, reason.LimitBody},
	} {
		if _, err := jwe.Encrypt(c.plain, c.to, c.enc, c.h); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	p := generate(t)
	again, err := jwe.ReadPrivate(p.Bytes())
	must(t, err)
	if !bytes.Equal(again.Bytes(), p.Bytes()) || !bytes.Equal(again.Public().JWK(), p.Public().JWK()) {
		t.Error("a key is read as another one")
	}
	r, err := jwe.ReadRecipient(p.Public().JWK())
	if err != nil || r.KeyID() != "k1" || !bytes.Equal(r.JWK(), p.Public().JWK()) {
		t.Errorf("%s %v", r.JWK(), err)
	}
	var j object
	must(t, json.Unmarshal(p.Public().JWK(), &j))
	if j["alg"] != "ECDH-ES" || j["use"] != "enc" || j["kid"] != "k1" || j["d"] != nil {
		t.Errorf("%v", j)
	}
	if jwe.Recipient.JWK(jwe.Recipient{}) != nil || new(jwe.Private).Bytes() != nil || !new(jwe.Private).Public().IsZero() {
		t.Error("zero values hold keys")
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", p)
	text, err := json.Marshal(p)
	must(t, err)
	var secret struct{ D string }
	must(t, json.Unmarshal(p.Bytes(), &secret))
	if all := fmt.Sprintf("%v %+v %#v %s %x", p, p, p, p, *p) + log.String() + string(text); secret.D == "" || strings.Contains(all, secret.D) || !strings.Contains(all, "[private key]") {
		t.Error("a key is shown")
	}
	if _, err := jwe.Generate(nil, ""); err == nil {
		t.Error("no random source")
	}
	if _, err := jwe.Generate(zeros{}, ""); err == nil {
		t.Error("a random source of zeros")
	}
	if _, err := jwe.Generate(broken{}, ""); err == nil {
		t.Error("a broken random source")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestReadRefuses(t *testing.T) {
	p := generate(t)
	var full object
	must(t, json.Unmarshal(p.Bytes(), &full))
	with := func(from object, name string, value any) []byte {
		out := object{}
		for k, v := range from {
			out[k] = v
		}
		out[name] = value
		if value == nil {
			delete(out, name)
		}
		raw, err := json.Marshal(out)
		must(t, err)
		return raw
	}
	public := object{}
	must(t, json.Unmarshal(p.Public().JWK(), &public))
	for name, c := range map[string]struct {
		raw  []byte
		want reason.Code
	}{
		"private": {p.Bytes(), reason.KeyPrivateMaterial}, "RSA": {with(public, "kty", "RSA"), reason.KeyWeak}, "P-384": {with(public, "crv", "P-384"), reason.KeyWeak},
		"RSA private": {[]byte(`{"kty":"RSA","p":"AA"}`), reason.KeyPrivateMaterial}, "no x": {with(public, "x", nil), reason.KeyWeak}, "off": {with(public, "y", b64(make([]byte, 32))), reason.KeyWeak},
		"another alg": {with(public, "alg", "ECDH-ES+A128KW"), reason.KeyAmbiguous}, "to sign": {with(public, "use", "sig"), reason.KeyAmbiguous}, "long kid": {with(public, "kid", strings.Repeat("k", 513)), reason.KeyAmbiguous},
		"number": {with(public, "x", 7), reason.JSONType}, "array": {[]byte(`[]`), reason.JSONType}, "no alg": {with(public, "alg", nil), ""}, "no use": {with(public, "use", nil), ""}, "no kid": {with(public, "kid", nil), ""},
	} {
		if _, err := jwe.ReadRecipient(c.raw); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	other := generate(t)
	var halves object
	must(t, json.Unmarshal(other.Bytes(), &halves))
	for name, raw := range map[string][]byte{
		"public": p.Public().JWK(), "nothing": nil, "halves": with(full, "d", halves["d"]), "short": with(full, "d", "AAAA"), "zero": with(full, "d", b64(make([]byte, 32))), "more": with(full, "more", 1), "P-384": with(full, "crv", "P-384"),
	} {
		if _, err := jwe.ReadPrivate(raw); reason.Of(err) != reason.KeyWeak {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProperty encrypts anything and reads it again, with this package and with the reference.
func TestProperty(t *testing.T) {
	to := generate(t)
	rapid.Check(t, func(r *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(r, "plain")
		enc := rapid.SampledFrom([]jwe.Encryption{jwe.A128GCM, jwe.A256GCM}).Draw(r, "enc")
		h := jwe.Header{APU: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "apu"), APV: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(r, "apv")}
		token, err := jwe.Encrypt(plain, to.Public(), enc, h)
		if err != nil {
			r.Fatal(err)
		}
		got, err := jwe.Decrypt(token, to, enc)
		if err != nil || !bytes.Equal(got, plain) {
			r.Fatalf("%x %v", got, err)
		}
		if got := unseal(t, token, to); !bytes.Equal(got, plain) {
			r.Fatalf("%x", got)
		}
	})
}

// FuzzDecrypt shows that nothing but what was encrypted decrypts, and that nothing panics.
func FuzzDecrypt(f *testing.F) {
	to, err := jwe.Generate(rand.Reader, "k1")
	must(f, err)
	token, err := jwe.Encrypt([]byte("text"), to.Public(), jwe.A128GCM, jwe.Header{})
	must(f, err)
	f.Add(token)
	f.Add([]byte("eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImVwayI6bnVsbH0....."))
	f.Add([]byte(`e30..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _ = jwe.KeyID(raw)
		_, _ = jwe.ReadRecipient(raw)
		_, _ = jwe.ReadPrivate(raw)
		if plain, err := jwe.Decrypt(raw, to, jwe.A128GCM, jwe.A256GCM); err == nil && !bytes.Equal(raw, token) {
			t.Fatalf("%q decrypts to %q", raw, plain)
		}
	})
}

func BenchmarkEncrypt(b *testing.B) {
	to := generate(b).Public()
	plain := make([]byte, 4<<10)
	for b.Loop() {
		if _, err := jwe.Encrypt(plain, to, jwe.A256GCM, jwe.Header{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	to := generate(b)
	token, err := jwe.Encrypt(make([]byte, 4<<10), to.Public(), jwe.A256GCM, jwe.Header{})
	must(b, err)
	for b.Loop() {
		if _, err := jwe.Decrypt(token, to, jwe.A256GCM); err != nil {
			b.Fatal(err)
		}
	}
}

// Example encrypts an answer to the key that the other side sent.
func Example() {
	theirs, err := jwe.Generate(rand.Reader, "session-7")
	if err != nil {
		fmt.Println(err)
		return
	}
	to, err := jwe.ReadRecipient(theirs.Public().JWK())
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := jwe.Encrypt([]byte(`{"vp_token":{}}`), to, jwe.A256GCM, jwe.Header{})
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, err := jwe.Decrypt(token, theirs, jwe.A128GCM, jwe.A256GCM)
	fmt.Println(string(plain), err)
	_, err = jwe.Decrypt(token, theirs)
	fmt.Println(reason.Of(err))
	// Output:
	// {"vp_token":{}} <nil>
	// jwe.alg_forbidden
}
