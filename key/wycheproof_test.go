// SPDX-License-Identifier: Apache-2.0

package key_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// wycheproof is any of the files; each uses some of the members.
type wycheproof struct {
	NumberOfTests int
	TestGroups    []group
}

type group struct {
	PublicKeyJwk json.RawMessage
	PublicKey    struct{ Uncompressed string }
	PublicKeyDer string
	Tests        []test
}

type test struct {
	TcID            int
	Comment, Result string
	Flags           []string

	Msg, Sig                 string // signatures
	Public, Private          json.RawMessage
	Shared                   string
	Key, IV, Aad, Ct, Tag    string // ciphers
	IKM, Salt, Info, OKM     string // key derivation
	Size                     int
	Value                    string // primality
	Name, P, N, A, B, Gx, Gy string // curves
	H                        int
}

func (c test) flagged(flag string) bool { return slices.Contains(c.Flags, flag) }

// published is how one file is run. Check says whether a case was accepted with the result that it
// states; a wrong result is an error of the test.
type published struct {
	file       string
	part       string                     // what the row says
	acceptable func(c test) bool          // whether a case that may go either way is accepted here
	departs    func(g group, c test) bool // whether a valid case is refused on purpose
	why        string                     // in the row
	check      func(t *testing.T, g group, c test) bool
}

// TestVectorsWycheproof runs every case of every file, none skipped; JOS-16, JOS-17 and JOS-28
// rest on it.
func TestVectorsWycheproof(t *testing.T) {
	ran := 0
	for _, p := range slices.Concat(signatureFiles(), refusedFiles(), agreementFiles(), cipherFiles()) {
		t.Run(p.file, func(t *testing.T) { ran += p.run(t) })
	}
	if ran != 6141 {
		t.Errorf("%d cases ran of 6,141", ran)
	}
}

func (p published) run(t *testing.T) int {
	var file wycheproof
	if err := json.Unmarshal(shared.Open(t, "vectors/wycheproof/"+p.file), &file); err != nil {
		t.Fatal(err)
	}
	row := conformance.Row{Standard: "Wycheproof", Part: p.file + ": " + p.part, Source: "wycheproof"}
	departures := 0
	for _, g := range file.TestGroups {
		for _, c := range g.Tests {
			row.Run++
			accepted := p.check(t, g, c)
			departs := p.departs != nil && c.Result != "invalid" && p.departs(g, c)
			want := c.Result == "valid" && !departs || c.Result == "acceptable" && p.acceptable != nil && p.acceptable(c)
			switch {
			case accepted != want:
				t.Errorf("%d %s %v: accepted %t, %s", c.TcID, c.Comment, c.Flags, accepted, c.Result)
			case departs:
				departures++
			case accepted:
				row.Passed++
			default:
				row.Refused++
			}
		}
	}
	if row.Run != file.NumberOfTests {
		t.Errorf("%d of %d", row.Run, file.NumberOfTests)
	}
	if departures > 0 {
		row.Departures = []conformance.Departure{{Cases: departures, Why: p.why}}
	}
	conformance.Record(t, row)
	return row.Run
}

func signatureFiles() []published {
	raw := func(file, part string, alg key.Algorithm) published {
		return published{file: file, part: part, check: func(t *testing.T, g group, c test) bool { return verifies(t, g, c, alg) }}
	}
	der := func(file string, curve elliptic.Curve, alg x509.SignatureAlgorithm) published {
		return published{file: file, part: "DER, as in certificates alone", check: func(t *testing.T, g group, c test) bool {
			return certifies(t, g, c, curve, alg)
		}}
	}
	return []published{
		raw("ed25519_test.json", "EdDSA", key.EdDSA),
		raw("ecdsa_secp256r1_sha256_p1363_test.json", "ES256", key.ES256),
		raw("ecdsa_secp384r1_sha384_p1363_test.json", "ES384", key.ES384),
		der("ecdsa_secp256r1_sha256_test.json", elliptic.P256(), x509.ECDSAWithSHA256),
		der("ecdsa_secp384r1_sha384_test.json", elliptic.P384(), x509.ECDSAWithSHA384),
	}
}

// verifies checks a signature as every format does.
func verifies(t *testing.T, g group, c test, alg key.Algorithm) bool {
	t.Helper()
	k := groupKey(t, g, alg)
	err := k.Verify(unhex(t, c.Msg), unhex(t, c.Sig))
	if err != nil && reason.Of(err) != reason.CredentialSignatureInvalid {
		t.Errorf("%d: %v", c.TcID, err)
	}
	return err == nil
}

// certifies checks a signature as the one of a certificate is, in DER.
func certifies(t *testing.T, g group, c test, curve elliptic.Curve, alg x509.SignatureAlgorithm) bool {
	t.Helper()
	k, err := ecdsa.ParseUncompressedPublicKey(curve, unhex(t, g.PublicKey.Uncompressed))
	if err != nil {
		t.Fatal(err)
	}
	issuer := x509.Certificate{PublicKey: k}
	return issuer.CheckSignature(alg, unhex(t, c.Msg), unhex(t, c.Sig)) == nil
}

// groupKey reads the JWK of a group, or its uncompressed point where it has none.
func groupKey(t *testing.T, g group, alg key.Algorithm) key.Public {
	t.Helper()
	var j key.JWK
	if len(g.PublicKeyJwk) > 0 {
		if err := json.Unmarshal(g.PublicKeyJwk, &j); err != nil {
			t.Fatal(err)
		}
	}
	k, err := j.Public()
	if j.Kty == "" {
		curve := elliptic.P256()
		if alg == key.ES384 {
			curve = elliptic.P384()
		}
		var ec *ecdsa.PublicKey
		if ec, err = ecdsa.ParseUncompressedPublicKey(curve, unhex(t, g.PublicKey.Uncompressed)); err == nil {
			k, err = key.New(ec)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if k.Algorithm() != alg {
		t.Fatalf("the key is for %s", k.Algorithm())
	}
	return k
}

// refusedFiles has the algorithms that are not on the allow-list: their keys are refused before any
// signature is looked at.
func refusedFiles() []published {
	refused := func(file, what string) published {
		return published{
			file: file, part: what + ", refused by its key", check: keyIsAccepted,
			departs: func(group, test) bool { return true },
			why:     what + " is not on the allow-list of ES256, ES384 and EdDSA (security.md §4.3; RFC 8725 §3.1 lets an application choose)",
		}
	}
	return []published{
		refused("ecdsa_secp256k1_sha256_p1363_test.json", "ES256K"),
		refused("ecdsa_secp521r1_sha512_p1363_test.json", "ES512"),
		refused("rsa_signature_2048_sha256_test.json", "RS256"),
		refused("rsa_pss_2048_sha256_mgf1_32_test.json", "PS256"),
		refused("rsa_pss_misc_test.json", "RSASSA-PSS"),
		{
			file: "ec_prime_order_curves_test.json", part: "parameters of the curves", check: isCurve,
			departs: func(_ group, c test) bool { return c.Name != "secp256r1" && c.Name != "secp384r1" },
			why:     "curves other than P-256 and P-384 are not on the allow-list (security.md §4.3)",
		},
	}
}

// keyIsAccepted reads the key of a group in each form that it has.
func keyIsAccepted(t *testing.T, g group, c test) bool {
	t.Helper()
	if len(g.PublicKeyJwk) > 0 {
		var j key.JWK
		if err := json.Unmarshal(g.PublicKeyJwk, &j); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Public(); reason.Of(err) != reason.KeyWeak {
			t.Errorf("%d: the JWK: %v", c.TcID, err)
			return true
		}
	}
	if g.PublicKeyDer == "" {
		t.Fatal("the group has no key")
	}
	parsed, err := x509.ParsePKIXPublicKey(unhex(t, g.PublicKeyDer))
	if err != nil {
		return false // the library does not know the curve either
	}
	_, err = key.New(parsed)
	return reason.Of(err) != reason.KeyWeak
}

// isCurve compares the parameters that are stated with those of the curves that are used.
func isCurve(t *testing.T, _ group, c test) bool {
	t.Helper()
	number := func(s string) *big.Int {
		n, ok := new(big.Int).SetString(s, 16)
		if !ok {
			t.Fatalf("%s: not a number", c.Name)
		}
		return n
	}
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384()} {
		p := curve.Params()
		minus3 := new(big.Int).Sub(p.P, big.NewInt(3))
		if p.P.Cmp(number(c.P)) == 0 && p.N.Cmp(number(c.N)) == 0 && minus3.Cmp(number(c.A)) == 0 && p.B.Cmp(number(c.B)) == 0 &&
			p.Gx.Cmp(number(c.Gx)) == 0 && p.Gy.Cmp(number(c.Gy)) == 0 && c.H == 1 {
			return true
		}
	}
	return false
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same fails the test if an accepted case has another result than it states.
func same(t *testing.T, c test, got []byte, want string) {
	t.Helper()
	if fmt.Sprintf("%x", got) != want {
		t.Errorf("%d %s: another result", c.TcID, c.Comment)
	}
}
