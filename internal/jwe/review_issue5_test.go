// SPDX-License-Identifier: Apache-2.0

package jwe_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	library "github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/reason"
)

// TestOracleJOS27 sends what really was encrypted by algorithms that are not spoken here: with encrypted keys,
// initialization vectors and tags of their own lengths. Header, padding and tag may be as they like; the word is
// the one for the algorithm.
func TestOracleJOS27(t *testing.T) {
	to := generate(t)
	wrapping, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	agreeing, err := jwk.ParseKey(to.Public().JWK())
	must(t, err)
	for name, by := range map[string]struct {
		alg jwa.KeyEncryptionAlgorithm
		key any
		enc jwa.ContentEncryptionAlgorithm
	}{
		"RSA1_5, CBC":     {jwa.RSA1_5(), &wrapping.PublicKey, jwa.A128CBC_HS256()},
		"RSA1_5, GCM":     {jwa.RSA1_5(), &wrapping.PublicKey, jwa.A256GCM()},
		"RSA-OAEP":        {jwa.RSA_OAEP_256(), &wrapping.PublicKey, jwa.A256GCM()},
		"ECDH-ES, CBC":    {jwa.ECDH_ES(), agreeing, jwa.A128CBC_HS256()},
		"ECDH-ES, CBC512": {jwa.ECDH_ES(), agreeing, jwa.A256CBC_HS512()},
		"ECDH-ES+A128KW":  {jwa.ECDH_ES_A128KW(), agreeing, jwa.A128GCM()},
		"PBES2":           {jwa.PBES2_HS256_A128KW(), []byte("password"), jwa.A256GCM()},
		"dir":             {jwa.DIRECT(), make([]byte, 32), jwa.A128CBC_HS256()},
	} {
		sent, err := library.Encrypt([]byte("text"), library.WithKey(by.alg, by.key), library.WithContentEncryption(by.enc))
		must(t, err)
		for what, i := range map[string]int{"as it is": 0, "key": 1, "iv": 2, "padding": 3, "tag": 4} {
			parts := strings.SplitN(string(sent), ".", 5)
			if i > 0 {
				parts[i] += "AAAA"
			}
			plain, err := jwe.Decrypt([]byte(strings.Join(parts, ".")), to, jwe.A128GCM, jwe.A256GCM)
			if reason.Of(err) != reason.JWEAlgForbidden || plain != nil {
				t.Errorf("%s, another %s: %q %v", name, what, plain, err)
			}
		}
	}
}

// TestSpoiledPartsKeepTheirKey reads the name of the key from a token of which all but the header is spoiled: whoever
// encrypted to a key of another session is told so.
func TestSpoiledPartsKeepTheirKey(t *testing.T) {
	raw, err := json.Marshal(object{"alg": "RSA1_5", "enc": "A128CBC-HS256", "kid": "k7"})
	must(t, err)
	if id, err := jwe.KeyID([]byte(b64(raw) + ".AAAA.AAAA.AAAA.AAAA")); id != "k7" || err != nil {
		t.Error(id, err)
	}
}
