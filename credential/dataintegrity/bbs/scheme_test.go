// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"crypto"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"github.com/cloudflare/circl/expander"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// TestBasePoint compares P1, which is computed, with the constant that the draft prints (§6.2.2).
func TestBasePoint(t *testing.T) {
	const want = "a8ce256102840821a3e94ea9025e4662b205762f9776b3a766c872b948f1fd225e7c59698588e70d11406d161b4e28c9"
	if got := hex.EncodeToString(newGenerators(0).p1.BytesCompressed()); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// signed is what one folder of the vectors signs.
type signed struct {
	key          *Key
	header, sig  []byte
	all          []string
	randomScalar func(int) []*scalar
}

func readSigned(t testing.TB, dir string) signed {
	t.Helper()
	const root = "vectors/w3c-vc-di-bbs/"
	var keys struct{ PublicKeyHex, PrivateKeyHex string }
	var material struct{ PseudoRandSeedHex string }
	var hashes struct{ ProofHash, MandatoryHash string }
	var transform struct{ NonMandatory struct{ Value [][2]any } }
	var raw struct{ BBSSignature string }
	for name, v := range map[string]any{
		"BBSKeyMaterial.json": &keys, "BBSDeriveMaterial.json": &material, dir + "addHashData.json": &hashes,
		dir + "addBaseTransform.json": &transform, dir + "addRawBaseSignatureInfo.json": &raw,
	} {
		if err := json.Unmarshal(shared.Open(t, root+name), v); err != nil {
			t.Fatal(name, err)
		}
	}
	key, err := ReadKey(unhex(t, keys.PrivateKeyHex))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(key.public); got != keys.PublicKeyHex {
		t.Fatalf("public key %s, want %s", got, keys.PublicKeyHex)
	}
	out := signed{key: key, header: unhex(t, hashes.ProofHash+hashes.MandatoryHash), sig: unhex(t, raw.BBSSignature)}
	for _, pair := range transform.NonMandatory.Value {
		out.all = append(out.all, pair[1].(string))
	}
	out.randomScalar = func(n int) []*scalar { return seeded(unhex(t, material.PseudoRandSeedHex), n) }
	return out
}

// seeded is the mocked randomness of the draft (§8.1).
func seeded(seed []byte, n int) []*scalar {
	wide := expander.NewExpanderMD(crypto.SHA256, []byte(apiID+"MOCK_RANDOM_SCALARS_DST_")).Expand(seed, uint(n*expandLen))
	var out []*scalar
	for chunk := range slices.Chunk(wide, expandLen) {
		out = append(out, reduce(chunk))
	}
	return out
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestScheme signs, proves and verifies what the published vectors do, to the byte.
func TestScheme(t *testing.T) {
	for _, dir := range []string{"", "prc/"} {
		s := readSigned(t, dir)
		if got := s.key.sign(s.header, s.all); !slices.Equal(got, s.sig) {
			t.Errorf("%s: signature %x, want %x", dir, got, s.sig)
		}
		sig, err := readSignature(s.sig)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.key.Verifier().verify(sig, s.header, s.all); err != nil {
			t.Error(err)
		}
		if err := s.key.Verifier().verify(sig, s.header, s.all[1:]); reason.Of(err) != reason.CredentialSignatureInvalid {
			t.Errorf("with a statement less: %v", err)
		}
	}
}
