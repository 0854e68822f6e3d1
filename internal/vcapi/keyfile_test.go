// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestKeyNames shows what kid says: the id where kid may be that, else the thumbprint.
func TestKeyNames(t *testing.T) {
	private := must(key.Generate(key.ES384, rand.Reader))
	for id, want := range map[string]string{"did:example:a#k": "did:example:a#k", "https://a.example/b#k": private.Public().Thumbprint()} {
		f, err := vcapi.ReadKeyFile(keyFile(t, id, "did:example:a", private), now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		token, err := vcapi.SignWith(t.Context(), vcdm.MediaCredentialJWT, must(json.Marshal(statement(t, signer(t, key.EdDSA)))), nil, f, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(token, ".")
		if got := parse(t, string(must(base64.RawURLEncoding.DecodeString(head)))); got["kid"] != want || got["typ"] != "vc+jwt" || got["cty"] != "vc" || got["alg"] != "ES384" {
			t.Errorf("%v", got)
		}
	}
	bad := parse(t, string(keyFile(t, "a:b", "a:b", private)))
	bad["publicKeyJwk"].(doc)["kid"] = 4
	if _, err := vcapi.ReadKeyFile(must(json.Marshal(bad)), now, rand.Reader); err == nil {
		t.Error("a kid that is a number")
	}
	bad = parse(t, string(keyFile(t, "a:b", "a:b", private)))
	bad["secretKeyJwk"].(doc)["d"] = "AA"
	if _, err := vcapi.ReadKeyFile(must(json.Marshal(bad)), now, rand.Reader); reason.Of(err) != reason.KeyWeak {
		t.Error(err)
	}
}
