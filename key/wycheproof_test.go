// SPDX-License-Identifier: Apache-2.0

package key_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

type wycheproof struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKeyJwk key.JWK
		PublicKey    struct{ Uncompressed string }
		Tests        []struct {
			TcID             int
			Comment          string
			Msg, Sig, Result string
		}
	}
}

// TestWycheproof runs every test of the files; JOS-16 and JOS-17 rest on it.
func TestWycheproof(t *testing.T) {
	for name, alg := range map[string]key.Algorithm{
		"ed25519_test.json":                      key.EdDSA,
		"ecdsa_secp256r1_sha256_p1363_test.json": key.ES256,
		"ecdsa_secp384r1_sha384_p1363_test.json": key.ES384,
	} {
		t.Run(name, func(t *testing.T) {
			var file wycheproof
			if err := json.Unmarshal(shared.Open(t, "vectors/wycheproof/"+name), &file); err != nil {
				t.Fatal(err)
			}
			valid, invalid := 0, 0
			for _, g := range file.TestGroups {
				k := groupKey(t, g.PublicKeyJwk, g.PublicKey.Uncompressed, alg)
				for _, c := range g.Tests {
					err := k.Verify(unhex(t, c.Msg), unhex(t, c.Sig))
					switch c.Result {
					case "valid":
						valid++
						if err != nil {
							t.Errorf("%d %s: %v", c.TcID, c.Comment, err)
						}
					case "invalid":
						invalid++
						if reason.Of(err) != reason.CredentialSignatureInvalid {
							t.Errorf("%d %s: got %v", c.TcID, c.Comment, err)
						}
					default:
						t.Errorf("%d: unknown result %q", c.TcID, c.Result)
					}
				}
			}
			t.Logf("%d valid, %d invalid, 0 skipped", valid, invalid)
			if valid+invalid != file.NumberOfTests || valid == 0 || invalid == 0 {
				t.Errorf("%d tests of %d ran", valid+invalid, file.NumberOfTests)
			}
		})
	}
}

// groupKey reads the JWK of a group, or its uncompressed point where it has none.
func groupKey(t *testing.T, j key.JWK, uncompressed string, alg key.Algorithm) key.Public {
	t.Helper()
	k, err := j.Public()
	if j.Kty == "" {
		curve := elliptic.P256()
		if alg == key.ES384 {
			curve = elliptic.P384()
		}
		var ec *ecdsa.PublicKey
		if ec, err = ecdsa.ParseUncompressedPublicKey(curve, unhex(t, uncompressed)); err == nil {
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

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
