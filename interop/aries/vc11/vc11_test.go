// SPDX-License-Identifier: Apache-2.0

package vc11_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func now() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

func reader() vc11.Reader {
	return vc11.Reader{Keys: credential.Keys{Resolver: didkey.New(), At: now()}, Contexts: aries.Embedded().Find}
}

func newSigner(t testing.TB, alg key.Algorithm) did.Signer {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	check(t, err)
	s, err := didkey.Signer(k)
	check(t, err)
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const form = `{"@context":["https://www.w3.org/2018/credentials/v1","` + vc11.Suite2020Context + `"],"type":["VerifiableCredential"],` +
	`"issuer":"%s","issuanceDate":"2026-01-01T00:00:00Z","credentialSubject":{"id":"did:example:1"}}`

// jws signs any header and payload.
func jws(t testing.TB, by did.Signer, header, payload string) []byte {
	t.Helper()
	b := base64.RawURLEncoding.EncodeToString
	text := b([]byte(header)) + "." + b([]byte(payload))
	signature, err := by.Sign(context.Background(), []byte(text))
	check(t, err)
	return []byte(text + "." + b(signature))
}

// TestJWTRules tries each rule of the JWT form with a message that breaks it alone, rightly signed.
func TestJWTRules(t *testing.T) {
	by := newSigner(t, key.EdDSA)
	iss := by.Method.DID().String()
	head := `{"alg":"EdDSA","typ":"JWT","kid":"` + by.Method.String() + `"`
	doc := fmt.Sprintf(form, iss)
	claims := func(more string) string { return `{"iss":"` + iss + `"` + more + `,"vc":` + doc + `}` }
	for name, c := range map[string]struct {
		header, payload string
		want            reason.Code
	}{
		"good":                 {head + `}`, claims(``), ""},
		"good without typ":     {`{"alg":"EdDSA","kid":"` + by.Method.String() + `"}`, claims(``), ""},
		"good, claims agree":   {head + `}`, claims(`,"nbf":1767225600,"sub":"did:example:1"`), ""},
		"good, half a second":  {head + `}`, claims(`,"nbf":1767225600.5`), ""},
		"another typ":          {`{"alg":"EdDSA","typ":"vp+jwt","kid":"` + by.Method.String() + `"}`, claims(``), reason.JOSETypMismatch},
		"a key in the header":  {head + `,"jwk":{}}`, claims(``), reason.JOSEHeaderKeyForbidden},
		"crit":                 {head + `,"crit":["x"]}`, claims(``), reason.JOSECritUnsupported},
		"another algorithm":    {strings.Replace(head, "EdDSA", "ES256", 1) + `}`, claims(``), reason.JOSEAlgKeyMismatch},
		"HMAC":                 {strings.Replace(head, "EdDSA", "HS256", 1) + `}`, claims(``), reason.JOSEAlgForbidden},
		"no kid":               {`{"alg":"EdDSA"}`, claims(``), reason.DIDSyntax},
		"two alg":              {head + `,"alg":"EdDSA"}`, claims(``), reason.JSONDuplicateName},
		"another's kid":        {`{"alg":"EdDSA","kid":"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}`, claims(``), reason.KeyControllerMismatch},
		"no iss":               {head + `}`, `{"vc":` + doc + `}`, reason.KeyControllerMismatch},
		"issuer differs":       {head + `}`, strings.Replace(claims(``), `"issuer":"`, `"issuer":"x`, 1), reason.VCAmbiguous},
		"jti differs":          {head + `}`, strings.Replace(claims(`,"jti":"urn:1"`), `"type":[`, `"id":"urn:2","type":[`, 1), reason.VCAmbiguous},
		"sub differs":          {head + `}`, claims(`,"sub":"did:example:2"`), reason.VCAmbiguous},
		"nbf differs":          {head + `}`, claims(`,"nbf":1767225601`), reason.VCAmbiguous},
		"exp is text":          {head + `}`, claims(`,"exp":"1"`), reason.JSONType},
		"exp without end":      {head + `}`, claims(`,"exp":9007199254740991`), reason.VCStructure},
		"no vc":                {head + `}`, `{"iss":"` + iss + `"}`, reason.VCStructure},
		"a proof inside":       {head + `}`, strings.Replace(claims(``), `"type":[`, `"proof":{},"type":[`, 1), reason.VCAmbiguous},
		"version 2":            {head + `}`, strings.Replace(claims(``), `2018/credentials/v1`, `ns/credentials/v2`, 1), reason.VCContextInvalid},
		"no context":           {head + `}`, strings.Replace(claims(``), `"@context"`, `"@contexT"`, 1), reason.VCContextInvalid},
		"no type":              {head + `}`, strings.Replace(claims(``), `"VerifiableCredential"`, `"X"`, 1), reason.VCStructure},
		"no subject":           {head + `}`, strings.Replace(claims(``), `{"id":"did:example:1"}`, `[]`, 1), reason.VCStructure},
		"a subject of nothing": {head + `}`, strings.Replace(claims(``), `{"id":"did:example:1"}`, `{}`, 1), reason.VCStructure},
		"no time zone":         {head + `}`, strings.Replace(claims(``), `00:00:00Z`, `00:00:00`, 1), reason.VCStructure},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reader().Open(t.Context(), jws(t, by, c.header, c.payload))
			if reason.Of(err) != c.want {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestProofRules tries each rule of the proof with a message that breaks it.
func TestProofRules(t *testing.T) {
	by := newSigner(t, key.EdDSA)
	doc := []byte(fmt.Sprintf(form, by.Method.DID()))
	for _, suite := range []string{vc11.Suite2018, vc11.Suite2020} {
		good, err := vc11.SealLDP(t.Context(), doc, suite, now(), aries.Embedded().Find, by)
		check(t, err)
		if _, err := reader().Open(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			old, new string
			want     reason.Code
		}{
			"a member that is not signed": {`"proof":{`, `"proof":{"nonce":"x",`, reason.DIProofOptions},
			"an id":                       {`"proof":{`, `"proof":{"id":"urn:x",`, reason.DIProofOptions},
			"both values":                 {`"proof":{`, `"proof":{"proofValue":"z1","jws":"x",`, ""},
			"a set":                       {`"proof":{`, `"proof":[],"x":{`, reason.DIProofSet},
			"no proof":                    {`"proof":{`, `"x":{`, reason.DIProofMissing},
			"purpose":                     {`"proofPurpose":"assertionMethod"`, `"proofPurpose":"authentication"`, reason.DIPurpose},
			"created":                     {`"created":"2026-11-22T10:00:00Z"`, `"created":"2026-11-22"`, reason.DITime},
			"another instant":             {`"created":"2026-11-22T10:00:00Z"`, `"created":"2026-11-22T10:00:01Z"`, reason.CredentialSignatureInvalid},
			"another subject":             {`did:example:1`, `did:example:2`, reason.CredentialSignatureInvalid},
			"an undefined member":         {`"issuanceDate"`, `"undefined":1,"issuanceDate"`, reason.JSONLDUndefinedTerm},
			"an unknown context":          {vc11.Suite2020Context, "https://example.org/unknown", reason.JSONLDContextUnknown},
			"another's issuer":            {`"issuer":"did:key:z6Mk`, `"issuer":"did:key:z7Mk`, reason.KeyControllerMismatch},
		} {
			changed := strings.Replace(string(good), c.old, c.new, 1)
			if changed == string(good) {
				t.Fatalf("%s: nothing was changed", name)
			}
			_, err := reader().Open(t.Context(), []byte(changed))
			if code := reason.Of(err); code == "" || c.want != "" && code != c.want {
				t.Errorf("%s, %s: %v", suite, name, err)
			}
		}
	}
}

// TestOtherWords says the end of a credential by the IRI of its term: RDF has the same statement, and the
// proof holds, but no reader of the member would see it.
func TestOtherWords(t *testing.T) {
	by := newSigner(t, key.EdDSA)
	doc := strings.Replace(fmt.Sprintf(form, by.Method.DID()), `"issuanceDate"`, `"expirationDate":"2027-01-01T00:00:00Z","issuanceDate"`, 1)
	for _, suite := range []string{vc11.Suite2018, vc11.Suite2020} {
		good, err := vc11.SealLDP(t.Context(), []byte(doc), suite, now(), aries.Embedded().Find, by)
		check(t, err)
		other := strings.Replace(string(good), `"expirationDate":"2027-01-01T00:00:00Z"`,
			`"https://www.w3.org/2018/credentials#expirationDate":{"@value":"2027-01-01T00:00:00Z","@type":"http://www.w3.org/2001/XMLSchema#dateTime"}`, 1)
		if got, err := reader().Open(t.Context(), []byte(other)); reason.Of(err) != reason.VCStructure {
			t.Errorf("%s: %+v, %v", suite, got, err)
		}
	}
}

func TestNotSealed(t *testing.T) {
	by, p256 := newSigner(t, key.EdDSA), newSigner(t, key.ES256)
	own := []byte(fmt.Sprintf(form, by.Method.DID()))
	if _, err := vc11.SealJWT(t.Context(), own, p256); reason.Of(err) != reason.KeyControllerMismatch {
		t.Errorf("another's JWT: %v", err)
	}
	if _, err := vc11.SealLDP(t.Context(), []byte(fmt.Sprintf(form, p256.Method.DID())), vc11.Suite2020, now(), aries.Embedded().Find, p256); reason.Of(err) != reason.KeyControllerMismatch {
		t.Errorf("a key that is not Ed25519: %v", err)
	}
	if _, err := vc11.SealJWT(t.Context(), []byte(`{"@context":[]}`), by); reason.Of(err) != reason.VCContextInvalid {
		t.Errorf("no credential: %v", err)
	}
}

// TestZeroReader shows that a reader without parts refuses, and that so does one beyond the bound.
func TestZeroReader(t *testing.T) {
	if _, err := (vc11.Reader{}).Open(t.Context(), []byte("{}")); reason.Of(err) != reason.InternalIndeterminate {
		t.Errorf("got %v", err)
	}
	if _, err := reader().Open(t.Context(), make([]byte, vc11.MaxCredential+1)); reason.Of(err) != reason.LimitBody {
		t.Errorf("got %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	by := newSigner(f, key.EdDSA)
	doc := []byte(fmt.Sprintf(form, by.Method.DID()))
	jwt, err := vc11.SealJWT(context.Background(), doc, by)
	check(f, err)
	f.Add(jwt)
	for _, suite := range []string{vc11.Suite2018, vc11.Suite2020} {
		ldp, err := vc11.SealLDP(context.Background(), doc, suite, now(), aries.Embedded().Find, by)
		check(f, err)
		f.Add(ldp)
	}
	f.Add(doc)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := reader().Open(t.Context(), raw)
		switch {
		case err != nil && reason.Of(err) == "":
			t.Errorf("a refusal without a reason: %v", err)
		case err == nil && (!strings.HasPrefix(c.Issuer, "did:key:") || c.Issued.IsZero() || len(c.Types) == 0 || c.Format == ""):
			t.Errorf("accepted, and not read whole: %+v", c)
		}
	})
}

func ExampleReader_Open() {
	r := vc11.Reader{Keys: credential.Keys{Resolver: didkey.New(), At: now()}, Contexts: aries.Embedded().Find}
	_, err := r.Open(context.Background(), []byte(`{"@context":["https://www.w3.org/2018/credentials/v1"]}`))
	fmt.Println(reason.Of(err))
	// Output: di.proof_missing
}
