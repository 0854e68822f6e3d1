// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

const (
	coordinates = `"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	ecKey       = `"kty":"EC","crv":"P-256",` + coordinates
	edKey       = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
)

func rsa(bits uint, e string) string {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q}`, b64(n.SetBit(n, 0, 1).Bytes()), e)
}

var jwks = []struct {
	name, text string
	want       reason.Code
}{
	{"EC", `{` + ecKey + `}`, ""},
	{"Ed25519", `{` + edKey + `}`, ""},
	{"everything", `{` + ecKey + `,"kid":"k1","alg":"ES256","use":"sig","key_ops":["verify"],"x5t":"a","ext":true}`, ""},
	{"JOS-29 RSA 512", rsa(512, "AQAB"), reason.KeyWeak},
	{"JOS-29 RSA 1024", rsa(1024, "AQAB"), reason.KeyWeak},
	{"JOS-29 RSA 2048", rsa(2048, "AQAB"), reason.KeyWeak},
	{"JOS-29 RSA 16384", rsa(16384, "AQAB"), reason.KeyWeak},
	{"JOS-29 e=1", rsa(2048, "AQ"), reason.KeyWeak},
	{"JOS-29 e even", rsa(2048, "Ag"), reason.KeyWeak},
	{"JOS-29 e=2^32+1", rsa(2048, "AQAAAAE"), reason.KeyWeak},
	{"oct", `{"kty":"oct","k":"AAAA"}`, reason.KeyWeak},
	{"X25519", `{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, reason.KeyWeak},
	{"secp256k1", `{"kty":"EC","crv":"secp256k1",` + coordinates + `}`, reason.KeyWeak},
	{"no kty", `{"crv":"P-256",` + coordinates + `}`, reason.KeyWeak},
	{"off the curve", `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`, reason.KeyWeak},
	{"small order", `{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, reason.KeyWeak},
	{"EC with d", `{` + ecKey + `,"d":"AAAA"}`, reason.KeyPrivateMaterial},
	{"EC with empty d", `{` + ecKey + `,"d":""}`, reason.KeyPrivateMaterial},
	{"EC with d of another type", `{` + ecKey + `,"d":null}`, reason.KeyPrivateMaterial},
	{"RSA with p", `{"kty":"RSA","n":"AQAB","e":"AQAB","p":"AQ"}`, reason.KeyPrivateMaterial},
	{"JOS-30 use enc", `{` + ecKey + `,"use":"enc"}`, reason.KeyAmbiguous},
	{"JOS-30 key_ops sign", `{` + ecKey + `,"key_ops":["sign"]}`, reason.KeyAmbiguous},
	{"key_ops empty", `{` + ecKey + `,"key_ops":[]}`, reason.KeyAmbiguous},
	{"key_ops of another type", `{` + ecKey + `,"key_ops":"verify"}`, reason.JSONType},
	{"key_ops of numbers", `{` + ecKey + `,"key_ops":[1]}`, reason.JSONType},
	{"x null", `{"kty":"EC","crv":"P-256","x":null,"y":"a"}`, reason.JSONType},
	{"kty number", `{"kty":1}`, reason.JSONType},
	{"list", `[]`, reason.JSONType},
	{"null", `null`, reason.JSONType},
	{"kid with a path", `{` + ecKey + `,"kid":"../k"}`, reason.JOSEKidInvalid},
	{"two x", `{` + edKey + `,"x":"AAAA"}`, reason.JSONDuplicateName},
	{"KTY", `{"KTY":"EC"}`, reason.JSONCaseVariant},
	{"D", `{` + ecKey + `,"D":"AAAA"}`, reason.JSONCaseVariant},
	{"Kelvin kty", `{` + ecKey + `,"\u212Aid":"AAAA"}`, reason.JSONCaseVariant},
	{"cut", `{` + ecKey, reason.JSONSyntax},
}

func TestReadJWK(t *testing.T) {
	for _, c := range jwks {
		t.Run(c.name, func(t *testing.T) {
			k, err := jose.ReadJWK([]byte(c.text))
			if reason.Of(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if k.IsZero() != (err != nil) {
				t.Error("a key and an error, or neither")
			}
		})
	}
}

func TestReadJWKS(t *testing.T) {
	many := make([]string, jose.MaxKeys+1)
	for i := range many {
		many[i] = fmt.Sprintf(`{%s,"kid":"k%d"}`, edKey, i)
	}
	for name, c := range map[string]struct {
		text string
		want reason.Code
	}{
		"one":                    {`{"keys":[{` + ecKey + `}]}`, ""},
		"two":                    {`{"keys":[{` + ecKey + `,"kid":"a"},{` + edKey + `,"kid":"b"}],"x":1}`, ""},
		"most":                   {`{"keys":[` + strings.Join(many[1:], ",") + `]}`, ""},
		"too many":               {`{"keys":[` + strings.Join(many, ",") + `]}`, reason.LimitMembers},
		"JOS-30 one kid":         {`{"keys":[{` + ecKey + `,"kid":"a"},{` + edKey + `,"kid":"a"}]}`, reason.KeyAmbiguous},
		"JOS-30 use enc":         {`{"keys":[{` + ecKey + `,"kid":"a"},{` + edKey + `,"kid":"b","use":"enc"}]}`, reason.KeyAmbiguous},
		"JOS-30 key_ops sign":    {`{"keys":[{` + ecKey + `,"key_ops":["sign"]}]}`, reason.KeyAmbiguous},
		"one of two without kid": {`{"keys":[{` + ecKey + `},{` + edKey + `,"kid":"b"}]}`, reason.KeyAmbiguous},
		"empty":                  {`{"keys":[]}`, reason.KeyAmbiguous},
		"private":                {`{"keys":[{` + ecKey + `,"d":"AAAA"}]}`, reason.KeyPrivateMaterial},
		"RSA":                    {`{"keys":[` + rsa(2048, "AQAB") + `]}`, reason.KeyWeak},
		"no keys":                {`{}`, reason.JSONMemberMissing},
		"KEYS":                   {`{"KEYS":[]}`, reason.JSONCaseVariant},
		"keys object":            {`{"keys":{}}`, reason.JSONType},
		"key null":               {`{"keys":[null]}`, reason.JSONType},
		"list":                   {`[]`, reason.JSONType},
		"cut":                    {`{"keys":[`, reason.JSONSyntax},
	} {
		keys, err := jose.ReadJWKS([]byte(c.text))
		if reason.Of(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if name == "two" && (len(keys) != 2 || keys[0].ID != "a" || keys[1].ID != "b" || keys[1].Public.Algorithm() != key.EdDSA) {
			t.Errorf("got %+v", keys)
		}
	}
}

func FuzzReadJWK(f *testing.F) {
	for _, c := range jwks {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := jose.ReadJWK(data)
		if err != nil {
			if _, ok := reason.Lookup(reason.Of(err)); !ok || !k.IsZero() {
				t.Fatalf("%v with the code %q", err, reason.Of(err))
			}
			return
		}
		written, err := json.Marshal(k.JWK())
		if err != nil {
			t.Fatal(err)
		}
		again, err := jose.ReadJWK(written)
		if err != nil || !again.Equal(k) {
			t.Fatalf("%s: %v", written, err)
		}
	})
}
