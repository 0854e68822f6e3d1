// SPDX-License-Identifier: Apache-2.0

package key_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwe/jwebb"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/behalf-id/behalf/key"
)

// The files here are of what stands under an encrypted answer (ECDH-ES, A128GCM, A256GCM): the
// standard library, and for the forms that it lacks the library of JOSE that go.mod has. No package
// encrypts yet; the cases hold the ground that one would build on.

func agreementFiles() []published {
	// RFC 7748 §6.1: an all-zero secret is refused; twisted and non-canonical points are not.
	secret := func(c test) bool { return !c.flagged("ZeroSharedSecret") }
	return []published{
		{file: "x25519_test.json", part: "X25519; acceptable is refused exactly where the secret is zero", acceptable: secret, check: agreesX25519},
		{file: "x25519_jwk_test.json", part: "X25519 in JWK; acceptable is refused exactly where the secret is zero", acceptable: secret, check: agreesJWK},
		{file: "ecdh_secp256r1_test.json", part: "ECDH on P-256, SPKI; acceptable is refused, but for 16 of 222 with more in a sequence than is due", acceptable: longSequence, check: agreesSPKI},
		{file: "ecdh_secp256r1_ecpoint_test.json", part: "ECDH on P-256, points; acceptable, a compressed point, is refused", check: agreesPoint},
		{file: "ecdh_secp256r1_webcrypto_test.json", part: "ECDH on P-256, JWK", check: agreesWebCrypto},
	}
}

// longSequence lists the keys in ASN.1 to which crypto/x509 says yes although something stands behind
// what their sequences need. Keys come in this form in certificates alone, which are signed as a whole.
func longSequence(c test) bool {
	return slices.Contains([]int{417, 418, 423, 424, 458, 473, 474, 475, 476, 477, 478, 479, 480, 485, 486, 489}, c.TcID)
}

func text(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// agree compares the secret of two keys with the one stated.
func agree(t *testing.T, c test, private *ecdh.PrivateKey, public *ecdh.PublicKey) bool {
	t.Helper()
	got, err := private.ECDH(public)
	if err != nil {
		return false
	}
	same(t, c, got, c.Shared)
	return true
}

func agreesX25519(t *testing.T, _ group, c test) bool {
	private, err := ecdh.X25519().NewPrivateKey(unhex(t, text(t, c.Private)))
	if err != nil {
		t.Fatal(err)
	}
	public, err := ecdh.X25519().NewPublicKey(unhex(t, text(t, c.Public)))
	return err == nil && agree(t, c, private, public)
}

func agreesJWK(t *testing.T, _ group, c test) bool {
	var private ecdh.PrivateKey
	parsed, err := jwk.ParseKey(c.Private)
	if err != nil || jwk.Export(parsed, &private) != nil {
		t.Fatal("the private key is not read: ", err)
	}
	var public ecdh.PublicKey
	if parsed, err = jwk.ParseKey(c.Public); err != nil || jwk.Export(parsed, &public) != nil {
		return false
	}
	return agree(t, c, &private, &public)
}

// scalar reads a private key of P-256 that was written as a number.
func scalar(t *testing.T, c test) *ecdh.PrivateKey {
	t.Helper()
	n := new(big.Int).SetBytes(unhex(t, text(t, c.Private)))
	private, err := ecdh.P256().NewPrivateKey(n.FillBytes(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func agreesSPKI(t *testing.T, _ group, c test) bool {
	parsed, err := x509.ParsePKIXPublicKey(unhex(t, text(t, c.Public)))
	if err != nil {
		return false
	}
	ec, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	public, err := ec.ECDH()
	return err == nil && public.Curve() == ecdh.P256() && agree(t, c, scalar(t, c), public)
}

func agreesPoint(t *testing.T, _ group, c test) bool {
	public, err := ecdh.P256().NewPublicKey(unhex(t, text(t, c.Public)))
	return err == nil && agree(t, c, scalar(t, c), public)
}

// agreesWebCrypto reads the public key as every JWK is read here.
func agreesWebCrypto(t *testing.T, _ group, c test) bool {
	var private, public key.JWK
	if err := json.Unmarshal(c.Private, &private); err != nil {
		t.Fatal(err)
	}
	d, err := base64.RawURLEncoding.DecodeString(private.D)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := ecdh.P256().NewPrivateKey(d)
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(c.Public, &public) != nil {
		return false
	}
	k, err := public.Public()
	if err != nil {
		return false
	}
	x, errX := base64.RawURLEncoding.DecodeString(k.JWK().X)
	y, errY := base64.RawURLEncoding.DecodeString(k.JWK().Y)
	if errX != nil || errY != nil {
		t.Fatal("a key that was accepted cannot be written")
	}
	theirs, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, x...), y...))
	return err == nil && agree(t, c, mine, theirs)
}

func cipherFiles() []published {
	return []published{
		{file: "aes_gcm_test.json", part: "AES-GCM, all lengths of nonces", check: opensGCM},
		{file: "a128cbc_hs256_test.json", part: "A128CBC-HS256", check: opensCBC},
		{file: "aes_wrap_test.json", part: "AES key wrap; acceptable, a key of 64 bits, is refused", check: unwraps},
		{file: "hkdf_sha256_test.json", part: "HKDF", check: derives},
		{file: "primality_test.json", part: "primality; acceptable, the negative of a prime, is refused", check: isPrime},
	}
}

func opensGCM(t *testing.T, _ group, c test) bool {
	iv, msg := unhex(t, c.IV), unhex(t, c.Msg)
	if len(iv) == 0 {
		return false // the library panics on a cipher without nonces; ours are always 96 bits
	}
	block, err := aes.NewCipher(unhex(t, c.Key))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, len(iv))
	if err != nil {
		return false
	}
	sealed := append(unhex(t, c.Ct), unhex(t, c.Tag)...)
	got, err := gcm.Open(nil, iv, sealed, unhex(t, c.Aad))
	if err != nil {
		return false
	}
	same(t, c, got, c.Msg)
	if !bytes.Equal(gcm.Seal(nil, iv, msg, unhex(t, c.Aad)), sealed) {
		t.Errorf("%d: sealed otherwise", c.TcID)
	}
	return true
}

func opensCBC(t *testing.T, _ group, c test) bool {
	box, err := jwebb.CreateContentCipher("A128CBC-HS256")
	if err != nil {
		t.Fatal(err)
	}
	got, err := box.Decrypt(unhex(t, c.Key), unhex(t, c.IV), unhex(t, c.Ct), unhex(t, c.Tag), unhex(t, c.Aad))
	if err != nil {
		return false
	}
	same(t, c, got, c.Msg)
	return true
}

func unwraps(t *testing.T, _ group, c test) bool {
	block, err := aes.NewCipher(unhex(t, c.Key))
	if err != nil {
		t.Fatal(err)
	}
	ct := unhex(t, c.Ct)
	if len(ct) < 24 {
		return false // RFC 3394 §2 wraps two blocks at least; the library lets one pass
	}
	got, err := jwebb.Unwrap(block, ct)
	if err != nil {
		return false
	}
	same(t, c, got, c.Msg)
	return true
}

func derives(t *testing.T, _ group, c test) bool {
	got, err := hkdf.Key(sha256.New, unhex(t, c.IKM), unhex(t, c.Salt), string(unhex(t, c.Info)), c.Size)
	if err != nil {
		return false
	}
	same(t, c, got, c.OKM)
	return true
}

// isPrime reads a number in two's complement.
func isPrime(t *testing.T, _ group, c test) bool {
	raw := unhex(t, c.Value)
	n := new(big.Int).SetBytes(raw)
	if len(raw) > 0 && raw[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
	}
	return n.ProbablyPrime(20)
}
