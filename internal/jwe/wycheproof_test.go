// SPDX-License-Identifier: Apache-2.0

package jwe_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	library "github.com/lestrrat-go/jwx/v3/jwe"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// TestVectorsECDH makes a token of each published key agreement: the public key is epk, the agreed
// secret encrypts. What is valid must decrypt with the private key; what is not must be jwe.epk_invalid.
func TestVectorsECDH(t *testing.T) {
	var file struct {
		TestGroups []struct {
			Tests []struct {
				TcID                    int
				Comment, Result, Shared string
				Public, Private         json.RawMessage
			}
		}
	}
	must(t, json.Unmarshal(shared.Open(t, "vectors/wycheproof/ecdh_secp256r1_webcrypto_test.json"), &file))
	row := conformance.Row{Standard: "RFC 7518", Part: "§4.6 ECDH-ES, tokens made of Wycheproof's key agreements", Source: "wycheproof"}
	for _, g := range file.TestGroups {
		for _, c := range g.Tests {
			row.Run++
			var private, public object
			must(t, json.Unmarshal(c.Private, &private))
			must(t, json.Unmarshal(c.Public, &public))
			with, err := privateOf(t, private)
			if err != nil && c.Result != "valid" { // a key on another curve than the other's
				with, err = generate(t), nil
			}
			must(t, err)
			secret, err := hex.DecodeString(c.Shared)
			must(t, err)
			plain, err := jwe.Decrypt(seal(t, object{"alg": "ECDH-ES", "enc": "A256GCM", "epk": public}, secret, []byte("text")), with, jwe.A256GCM)
			switch {
			case c.Result == "valid" && err == nil && string(plain) == "text":
				row.Passed++
			case c.Result == "invalid" && reason.Of(err) == reason.JWEEPKInvalid:
				row.Refused++
			default:
				t.Errorf("%d %s is %s: %v", c.TcID, c.Comment, c.Result, err)
			}
		}
	}
	conformance.Record(t, row)
}

// privateOf reads a published key, whose d may have leading zeros left out.
func privateOf(t *testing.T, j object) (*jwe.Private, error) {
	t.Helper()
	delete(j, "kid")
	raw, err := json.Marshal(j)
	must(t, err)
	return jwe.ReadPrivate(raw)
}

// TestAgainstJWX holds both directions against the library as others use it, with keys that it read
// itself.
func TestAgainstJWX(t *testing.T) {
	ours := generate(t)
	full, err := jwk.ParseKey(ours.Bytes())
	must(t, err)
	public, err := jwk.ParseKey(ours.Public().JWK())
	must(t, err)
	for name, enc := range map[jwe.Encryption]jwa.ContentEncryptionAlgorithm{jwe.A128GCM: jwa.A128GCM(), jwe.A256GCM: jwa.A256GCM()} {
		token, err := jwe.Encrypt([]byte("text"), ours.Public(), name, jwe.Header{Type: "JWT", APU: []byte("u"), APV: []byte("v")})
		must(t, err)
		plain, err := library.Decrypt(token, library.WithKey(jwa.ECDH_ES(), full))
		if err != nil || string(plain) != "text" {
			t.Errorf("ours, %s: %q %v", name, plain, err)
		}
		token, err = library.Encrypt([]byte("text"), library.WithKey(jwa.ECDH_ES(), public), library.WithContentEncryption(enc))
		must(t, err)
		if plain, err := jwe.Decrypt(token, ours, name); err != nil || string(plain) != "text" {
			t.Errorf("theirs, %s: %q %v", name, plain, err)
		}
		token, err = library.Encrypt([]byte("text"), library.WithKey(jwa.ECDH_ES(), public), library.WithContentEncryption(enc), library.WithCompress(jwa.Deflate()))
		must(t, err)
		if _, err := jwe.Decrypt(token, ours, name); reason.Of(err) != reason.JWEZipForbidden {
			t.Errorf("theirs, compressed: %v", err)
		}
		token, err = library.Encrypt([]byte("text"), library.WithKey(jwa.ECDH_ES_A128KW(), public), library.WithContentEncryption(enc))
		must(t, err)
		if _, err := jwe.Decrypt(token, ours, name); reason.Of(err) == "" {
			t.Error("theirs, with a wrapped key, is read")
		}
	}
}
