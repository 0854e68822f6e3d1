// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"encoding/json"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
)

func theirs(t *testing.T, j key.JWK) jwk.Key {
	t.Helper()
	raw, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	k, err := jwk.ParseKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func theirAlgorithm(t *testing.T, alg key.Algorithm) jwa.SignatureAlgorithm {
	t.Helper()
	a, ok := jwa.LookupSignatureAlgorithm(string(alg))
	if !ok {
		t.Fatalf("jwx does not know %s", alg)
	}
	return a
}

// TestAgainstJWX holds both directions against an independent implementation.
func TestAgainstJWX(t *testing.T) {
	payload := []byte(`{"iss":"did:web:practice.example"}`)
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			k := generate(t, alg)
			ours, err := jose.Sign(t.Context(), jose.Header{Type: "vc+jwt", KeyID: "did:web:practice.example#k1"}, payload, k)
			if err != nil {
				t.Fatal(err)
			}
			got, err := jws.Verify(ours, jws.WithKey(theirAlgorithm(t, alg), theirs(t, k.Public().JWK())))
			if err != nil || string(got) != string(payload) {
				t.Errorf("theirs reads ours as %q, %v", got, err)
			}

			h := jws.NewHeaders()
			for name, value := range map[string]string{"typ": "vc+jwt", "kid": "did:web:practice.example#k1"} {
				if err := h.Set(name, value); err != nil {
					t.Fatal(err)
				}
			}
			made, err := jws.Sign(payload, jws.WithKey(theirAlgorithm(t, alg), theirs(t, k.JWK()), jws.WithProtectedHeaders(h)))
			if err != nil {
				t.Fatal(err)
			}
			got, err = open(made, credential, k.Public())
			if err != nil || string(got) != string(payload) {
				t.Errorf("ours reads theirs as %q, %v", got, err)
			}
			public, err := json.Marshal(theirs(t, k.Public().JWK()))
			if err != nil {
				t.Fatal(err)
			}
			if read, err := jose.ReadJWK(public); err != nil || !read.Equal(k.Public()) {
				t.Errorf("ours reads their key: %v", err)
			}
		})
	}
}
