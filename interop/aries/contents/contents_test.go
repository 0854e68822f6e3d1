// SPDX-License-Identifier: Apache-2.0

package contents_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/interop/aries/contents"
	"github.com/behalf-id/behalf/reason"
)

const (
	one = `{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],"id":"urn:1"}`
	two = `{"type":"VerifiableCredential","id":"urn:2"}`
	jwt = "eyJhbGciOiJFZERTQSJ9.eyJ2YyI6e319.AAAA"
)

func vp(claims string) string {
	return "eyJhbGciOiJFZERTQSJ9." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".AAAA"
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		want   []string
		others int
	}{
		"a credential":              {one, []string{one}, 0},
		"a JWT":                     {" " + jwt + "\n", []string{jwt}, 0},
		"a JWT as JSON":             {`"` + jwt + `"`, []string{jwt}, 0},
		"an array":                  {`[` + one + `,"` + jwt + `",` + two + `]`, []string{one, jwt, two}, 0},
		"a presentation":            {`{"type":["VerifiablePresentation"],"verifiableCredential":[` + one + `,"` + jwt + `"]}`, []string{one, jwt}, 0},
		"a presentation of one":     {`{"type":"VerifiablePresentation","verifiableCredential":` + one + `}`, []string{one}, 0},
		"an empty presentation":     {`{"type":"VerifiablePresentation"}`, nil, 0},
		"a presentation as JWT":     {vp(`{"vp":{"verifiableCredential":["` + jwt + `"]}}`), []string{jwt}, 0},
		"contents by id":            {`{"contents":{"urn:1":` + one + `,"urn:2":"` + jwt + `"}}`, []string{one, jwt}, 0},
		"a map alone":               {`{"urn:1":` + one + `,"urn:2":` + two + `}`, []string{one, two}, 0},
		"a universal wallet":        {`{"@context":["https://w3id.org/wallet/v1"],"type":"UniversalWallet2020","contents":[` + one + `,{"type":"Ed25519VerificationKey2018","privateKeyBase58":"x"},{"type":["Connection"]}]}`, []string{one}, 2},
		"nothing":                   {`{}`, nil, 0},
		"a number":                  {`5`, nil, 1},
		"a JWT of something broken": {"e.e!.x", []string{"e.e!.x"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := contents.Read([]byte(c.file))
			if err != nil {
				t.Fatal(err)
			}
			if have := fmt.Sprintf("%s", got.Credentials); have != fmt.Sprintf("%s", c.want) || got.Others != c.others {
				t.Errorf("got %s and %d others", have, got.Others)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	deep := strings.Repeat(`{"contents":[`, 9) + one + strings.Repeat(`]}`, 9)
	nested := jwt
	for range 9 {
		nested = vp(`{"vp":{"verifiableCredential":["` + nested + `"]}}`)
	}
	for name, c := range map[string]struct {
		file string
		want reason.Code
	}{
		"no JSON":              {"hello", reason.JSONSyntax},
		"empty":                {"", reason.JSONSyntax},
		"locked":               {`{"type":"EncryptedWallet","credentialSubject":{}}`, reason.CredentialUnexpected},
		"a JWE":                {`{"protected":"x","ciphertext":"y"}`, reason.CredentialUnexpected},
		"two members alike":    {`{"type":"a","type":"b"}`, reason.JSONDuplicateName},
		"contents in contents": {deep, reason.LimitNesting},
		"JWT in JWT":           {nested, reason.LimitNesting},
		"too many":             {`[[` + strings.Repeat(two+",", 2500) + two + `],[` + strings.Repeat(two+",", 2500) + two + `]]`, reason.LimitMembers},
		"too large":            {strings.Repeat(" ", contents.MaxFile+1), reason.LimitBody},
	} {
		if _, err := contents.Read([]byte(c.file)); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{one, jwt, `{"contents":{"a":` + one + `}}`, `["` + jwt + `"]`, vp(`{"vp":{"verifiableCredential":[` + one + `]}}`)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := contents.Read(file)
		if err != nil && reason.Of(err) == "" {
			t.Errorf("an error without a reason: %v", err)
		}
		if len(got.Credentials) > contents.MaxCredentials {
			t.Error("too many")
		}
	})
}

func ExampleRead() {
	found, err := contents.Read([]byte(`{"contents":{"urn:2":` + two + `,"key":{"type":"Ed25519VerificationKey2018"}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(found.Credentials), found.Others)
	// Output: 1 1
}
