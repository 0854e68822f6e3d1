// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

var algorithms = []key.Algorithm{key.ES256, key.ES384, key.EdDSA}

func generate(t testing.TB, alg key.Algorithm) *key.Private {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// seal signs a header and a payload exactly as they are given.
func seal(t testing.TB, header, payload string, by key.Signer) []byte {
	t.Helper()
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	sig, err := by.Sign(context.Background(), []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(signed + "." + b64(sig))
}

// open is Parse and Verify.
func open(token []byte, p jose.Policy, k key.Public) ([]byte, error) {
	t, err := jose.Parse(token, p)
	if err != nil {
		return nil, err
	}
	return t.Verify(k)
}

var credential = jose.Policy{Type: "vc+jwt"}

func TestRoundTrip(t *testing.T) {
	for _, alg := range algorithms {
		k := generate(t, alg)
		rapid.Check(t, func(t *rapid.T) {
			payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
			jwk := k.Public().JWK()
			h := jose.Header{Type: "vc+jwt", ContentType: rapid.SampledFrom([]string{"", "vc", "x\"\\é"}).Draw(t, "cty")}
			p := jose.Policy{Type: "vc+jwt", Key: rapid.SampledFrom([]jose.KeySource{jose.FromKeyID, jose.FromContext, jose.FromHeader}).Draw(t, "source")}
			if p.Key == jose.FromHeader {
				h.Key = &jwk
			} else {
				h.KeyID = rapid.StringMatching(`did:[a-z]{1,9}:[A-Za-z0-9%:_-]{1,80}#[A-Za-z0-9_-]{1,20}`).Draw(t, "kid")
			}
			token, err := jose.Sign(context.Background(), h, payload, k)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := jose.Parse(token, p)
			if err != nil {
				t.Fatalf("%s: %v", token, err)
			}
			h.Algorithm = alg
			if d := cmp.Diff(fmt.Sprintf("%+v", h), fmt.Sprintf("%+v", parsed.Header)); d != "" {
				t.Fatal(d)
			}
			got, err := parsed.Verify(k.Public())
			if err != nil || !bytes.Equal(got, payload) || !bytes.Equal(parsed.Unverified(), payload) {
				t.Fatalf("%q, %v", got, err)
			}
			if p.Key == jose.FromHeader {
				own, err := parsed.Header.Public()
				if err != nil || !own.Equal(k.Public()) {
					t.Fatalf("the key of the header: %v", err)
				}
			}
		})
	}
}

const kid = `"kid":"did:web:practice.example#k1"`

// headers are headers of a token with the code that each gives. @jwk stands for the key that
// signed, @private for the same with its private half.
var headers = []struct {
	name, header string
	source       jose.KeySource
	want         reason.Code
}{
	{"base case", `{"alg":"ES256","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, ""},
	{"unknown members", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"x":null,"iss":{"alg":1}}`, jose.FromKeyID, ""},
	{"escaped names and values", `{"\u0061lg":"E\u0053256","typ":"vc\u002bjwt",` + kid + `}`, jose.FromKeyID, ""},
	{"no kid, known key", `{"alg":"ES256","typ":"vc+jwt"}`, jose.FromContext, ""},
	{"kid, known key", `{"alg":"ES256","typ":"vc+jwt",` + kid + `}`, jose.FromContext, ""},

	{"JOS-01 none", `{"alg":"none","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-02 None", `{"alg":"None","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-02 NONE", `{"alg":"NONE","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-02 nOnE", `{"alg":"nOnE","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-02 space", `{"alg":"none ","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-02 NUL", `{"alg":"none\u0000","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-02 empty", `{"alg":"","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"lower case es256", `{"alg":"es256","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-05e ES256K", `{"alg":"ES256K","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEAlgForbidden},
	{"JOS-04 absent", `{"typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEHeaderInvalid},
	{"JOS-04 list", `{"alg":["ES256"],"typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEHeaderInvalid},
	{"JOS-04 number", `{"alg":256,"typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEHeaderInvalid},
	{"JOS-04 null", `{"alg":null,"typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSEHeaderInvalid},

	{"JOS-07 jku", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"jku":"https://attacker.test/jwks"}`, jose.FromKeyID, reason.JOSEHeaderKeyForbidden},
	{"JOS-07 jku, known key", `{"alg":"ES256","typ":"vc+jwt","jku":"http://169.254.169.254/"}`, jose.FromContext, reason.JOSEHeaderKeyForbidden},
	{"JOS-07 jku in a proof", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"jku":"https://attacker.test/jwks"}`, jose.FromHeader, reason.JOSEHeaderKeyForbidden},
	{"JOS-08 x5u", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"x5u":"file:///etc/passwd"}`, jose.FromKeyID, reason.JOSEHeaderKeyForbidden},
	{"JOS-08 x5u null", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"x5u":null}`, jose.FromKeyID, reason.JOSEHeaderKeyForbidden},
	{"x5c", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"x5c":["MII"]}`, jose.FromKeyID, reason.JOSEHeaderKeyForbidden},
	{"x5c alone in a proof", `{"alg":"ES256","typ":"vc+jwt","x5c":["MII"]}`, jose.FromHeader, reason.JOSEHeaderKeyForbidden},
	{"jwk", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"jwk":@jwk}`, jose.FromKeyID, reason.JOSEHeaderKeyForbidden},
	{"jwk, known key", `{"alg":"ES256","typ":"vc+jwt","jwk":@jwk}`, jose.FromContext, reason.JOSEHeaderKeyForbidden},

	{"proof with jwk", `{"alg":"ES256","typ":"vc+jwt","jwk":@jwk}`, jose.FromHeader, ""},
	{"proof with kid", `{"alg":"ES256","typ":"vc+jwt",` + kid + `}`, jose.FromHeader, ""},
	{"VCI-07 jwk and kid", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"jwk":@jwk}`, jose.FromHeader, reason.ProofKeyAmbiguous},
	{"VCI-07 kid and x5c", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"x5c":["MII"]}`, jose.FromHeader, reason.ProofKeyAmbiguous},
	{"VCI-07 all three", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"x5c":["MII"],"jwk":@jwk}`, jose.FromHeader, reason.ProofKeyAmbiguous},
	{"VCI-07 none", `{"alg":"ES256","typ":"vc+jwt"}`, jose.FromHeader, reason.ProofKeyAmbiguous},
	{"proof with private jwk", `{"alg":"ES256","typ":"vc+jwt","jwk":@private}`, jose.FromHeader, reason.KeyPrivateMaterial},
	{"proof with RSA jwk", `{"alg":"ES256","typ":"vc+jwt","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, jose.FromHeader, reason.KeyWeak},
	{"proof with jwk null", `{"alg":"ES256","typ":"vc+jwt","jwk":null}`, jose.FromHeader, reason.JSONType},
	{"proof with jwk list", `{"alg":"ES256","typ":"vc+jwt","jwk":[]}`, jose.FromHeader, reason.JSONType},

	{"JOS-11 path", `{"alg":"ES256","typ":"vc+jwt","kid":"../../../../dev/null"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 query", `{"alg":"ES256","typ":"vc+jwt","kid":"x' OR '1'='1"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 64 KiB", `{"alg":"ES256","typ":"vc+jwt","kid":"` + strings.Repeat("a", 64<<10) + `"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 NUL", `{"alg":"ES256","typ":"vc+jwt","kid":"a\u0000b"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 CRLF", `{"alg":"ES256","typ":"vc+jwt","kid":"a\r\nb"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 empty", `{"alg":"ES256","typ":"vc+jwt","kid":""}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 known key", `{"alg":"ES256","typ":"vc+jwt","kid":"a/b"}`, jose.FromContext, reason.JOSEKidInvalid},
	{"JOS-11 dots", `{"alg":"ES256","typ":"vc+jwt","kid":"a..b"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JOS-11 not ASCII", `{"alg":"ES256","typ":"vc+jwt","kid":"k\u202eb"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"kid at its bound", `{"alg":"ES256","typ":"vc+jwt","kid":"` + strings.Repeat("a", jose.MaxKeyID) + `"}`, jose.FromKeyID, ""},
	{"kid beyond its bound", `{"alg":"ES256","typ":"vc+jwt","kid":"` + strings.Repeat("a", jose.MaxKeyID+1) + `"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"kid absent", `{"alg":"ES256","typ":"vc+jwt"}`, jose.FromKeyID, reason.JOSEKidInvalid},
	{"JSN-13 kid null", `{"alg":"ES256","typ":"vc+jwt","kid":null}`, jose.FromKeyID, reason.JSONType},
	{"JSN-13 kid number", `{"alg":"ES256","typ":"vc+jwt","kid":7}`, jose.FromKeyID, reason.JSONType},

	{"JOS-14 b64", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"crit":["b64"],"b64":false}`, jose.FromKeyID, reason.JOSECritUnsupported},
	{"JOS-14 unknown", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"crit":["x"],"x":1}`, jose.FromKeyID, reason.JOSECritUnsupported},
	{"JOS-14 empty", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"crit":[]}`, jose.FromKeyID, reason.JOSECritUnsupported},
	{"JOS-14 registered", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"crit":["kid"]}`, jose.FromKeyID, reason.JOSECritUnsupported},
	{"JOS-14 null", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"crit":null}`, jose.FromKeyID, reason.JOSECritUnsupported},
	{"JOS-14 b64 alone", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"b64":true}`, jose.FromKeyID, reason.JOSECritUnsupported},
	{"zip", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"zip":"DEF"}`, jose.FromKeyID, reason.JOSECritUnsupported},

	{"JOS-20a absent", `{"alg":"ES256",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"JOS-20b JWT", `{"alg":"ES256","typ":"JWT",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"JOS-20c VC+JWT", `{"alg":"ES256","typ":"VC+JWT",` + kid + `}`, jose.FromKeyID, ""},
	{"JOS-20d application", `{"alg":"ES256","typ":"application/vc+jwt",` + kid + `}`, jose.FromKeyID, ""},
	{"JOS-20d Application", `{"alg":"ES256","typ":"Application/VC+jwt",` + kid + `}`, jose.FromKeyID, ""},
	{"JOS-20e vc+sd-jwt", `{"alg":"ES256","typ":"vc+sd-jwt",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"application twice", `{"alg":"ES256","typ":"application/application/vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"typ empty", `{"alg":"ES256","typ":"",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"typ with space", `{"alg":"ES256","typ":"vc+jwt ",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"typ number", `{"alg":"ES256","typ":7,` + kid + `}`, jose.FromKeyID, reason.JSONType},
	{"JOS-19 key binding", `{"alg":"ES256","typ":"kb+jwt"}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"JOS-19 presentation", `{"alg":"ES256","typ":"vp+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"JOS-19 status list", `{"alg":"ES256","typ":"statuslist+jwt",` + kid + `}`, jose.FromKeyID, reason.JOSETypMismatch},
	{"JOS-19 proof", `{"alg":"ES256","typ":"openid4vci-proof+jwt","jwk":@jwk}`, jose.FromKeyID, reason.JOSETypMismatch},

	{"JOS-21a cty JWT", `{"alg":"ES256","typ":"vc+jwt","cty":"JWT",` + kid + `}`, jose.FromKeyID, reason.LimitNesting},
	{"JOS-21a cty application/jwt", `{"alg":"ES256","typ":"vc+jwt","cty":"application/jwt",` + kid + `}`, jose.FromKeyID, reason.LimitNesting},
	{"cty number", `{"alg":"ES256","typ":"vc+jwt","cty":1,` + kid + `}`, jose.FromKeyID, reason.JSONType},

	{"JSN-02 ES256, none", `{"alg":"ES256","alg":"none","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JSONDuplicateName},
	{"JSN-02 none, ES256", `{"alg":"none","alg":"ES256","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JSONDuplicateName},
	{"JSN-02 by escape", `{"alg":"none","\u0061lg":"ES256","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JSONDuplicateName},
	{"JSN-04 twin", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"\u212Aid":"x"}`, jose.FromKeyID, reason.JSONCaseVariant},
	{"JSN-04 alone", `{"alg":"ES256","typ":"vc+jwt","\u212Aid":"x"}`, jose.FromContext, reason.JSONCaseVariant},
	{"ALG alone", `{"ALG":"ES256","typ":"vc+jwt",` + kid + `}`, jose.FromKeyID, reason.JSONCaseVariant},
	{"Crit", `{"alg":"ES256","typ":"vc+jwt",` + kid + `,"Crit":[]}`, jose.FromKeyID, reason.JSONCaseVariant},
	{"0xFF", "{\"alg\":\"ES256\",\"typ\":\"vc+jwt\"," + kid + ",\"x\":\"\xff\"}", jose.FromKeyID, reason.JSONInvalidUTF8},
	{"trailing data", `{"alg":"ES256","typ":"vc+jwt",` + kid + `}{}`, jose.FromKeyID, reason.JSONSyntax},
	{"empty header", ``, jose.FromKeyID, reason.JSONSyntax},
	{"list", `["ES256"]`, jose.FromKeyID, reason.JOSEHeaderInvalid},
	{"null", `null`, jose.FromKeyID, reason.JOSEHeaderInvalid},
}

// TestHeaders signs each header validly: what is refused is refused for the header alone.
func TestHeaders(t *testing.T) {
	k := generate(t, key.ES256)
	public := fmt.Sprintf(`"kty":"EC","crv":"P-256","x":%q,"y":%q`, k.JWK().X, k.JWK().Y)
	fill := strings.NewReplacer("@jwk", "{"+public+"}", "@private", fmt.Sprintf(`{%s,"d":%q}`, public, k.JWK().D))
	for _, c := range headers {
		t.Run(c.name, func(t *testing.T) {
			token := seal(t, fill.Replace(c.header), `{"iss":"x"}`, k)
			got, err := open(token, jose.Policy{Type: "vc+jwt", Key: c.source}, k.Public())
			if reason.Of(err) != c.want {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if err != nil && got != nil {
				t.Error("a refused token has a payload")
			}
		})
	}
}

func TestForms(t *testing.T) {
	k := generate(t, key.ES256)
	token := string(seal(t, `{"alg":"ES256","typ":"vc+jwt",`+kid+`}`, `{"iss":"x"}`, k))
	head, rest, _ := strings.Cut(token, ".")
	body, sig, _ := strings.Cut(rest, ".")
	none := b64([]byte(`{"alg":"none","typ":"vc+jwt"}`))
	flattened := fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, head, body, sig)
	for name, c := range map[string]struct {
		token string
		want  reason.Code
	}{
		"fine":                         {token, ""},
		"JOS-01 with dot":              {none + "." + body + ".", reason.JOSEAlgForbidden},
		"JOS-01 with signature":        {none + "." + body + "." + sig, reason.JOSEAlgForbidden},
		"JOS-01 without dot":           {none + "." + body, reason.JOSEHeaderInvalid},
		"no signature":                 {head + "." + body + ".", reason.CredentialSignatureInvalid},
		"JOS-14 unprotected":           {`{"protected":"` + head + `","header":{"crit":["x"]}}`, reason.JOSESerializationForbidden},
		"flattened":                    {flattened, reason.JOSESerializationForbidden},
		"flattened after white space":  {" \n" + flattened, reason.JOSESerializationForbidden},
		"general":                      {`{"payload":"","signatures":[]}`, reason.JOSESerializationForbidden},
		"list":                         {`["` + token + `"]`, reason.JOSESerializationForbidden},
		"empty":                        {"", reason.JOSEHeaderInvalid},
		"one part":                     {head, reason.JOSEHeaderInvalid},
		"dots":                         {"..", reason.JSONSyntax},
		"encrypted":                    {token + ".a.b", reason.LimitTokenParts},
		"JOS-23 flood":                 {"a" + strings.Repeat(".", 1_000_000), reason.LimitTokenParts},
		"too long":                     {strings.Repeat("a", jose.MaxToken+1), reason.LimitBody},
		"too many dots and too long":   {strings.Repeat(".", jose.MaxToken+1), reason.LimitBody},
		"padded header":                {head + "=." + body + "." + sig, reason.JOSEBase64Invalid},
		"padded payload":               {head + "." + body + "==." + sig, reason.JOSEBase64Invalid},
		"padded signature":             {token + "==", reason.JOSEBase64Invalid},
		"line feed in payload":         {head + "." + body[:4] + "\n" + body[4:] + "." + sig, reason.JOSEBase64Invalid},
		"line feed behind":             {token + "\n", reason.JOSEBase64Invalid},
		"four line feeds in signature": {head + "." + body + "." + "\n\n\n\n" + sig, reason.JOSEBase64Invalid},
		"space in front":               {" " + token, reason.JOSEBase64Invalid},
		"plain base64":                 {head + "." + body + "." + "+/" + sig[2:], reason.JOSEBase64Invalid},
		"trailing bits":                {head + "." + body + "." + sig[:len(sig)-1] + next(sig[len(sig)-1]), reason.JOSEBase64Invalid},
		"4n+1 characters":              {head + "." + body + "." + sig + "AAA", reason.JOSEBase64Invalid},
		"JOS-16 63 bytes":              {head + "." + body + "." + b64(make([]byte, 63)), reason.CredentialSignatureInvalid},
		"JOS-16 65 bytes":              {head + "." + body + "." + b64(make([]byte, 65)), reason.CredentialSignatureInvalid},
		"JOS-16 zero":                  {head + "." + body + "." + b64(make([]byte, 64)), reason.CredentialSignatureInvalid},
		"other payload":                {head + "." + b64([]byte(`{"iss":"y"}`)) + "." + sig, reason.CredentialSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open([]byte(c.token), credential, k.Public()); reason.Of(err) != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// next returns the character behind c in the alphabet of base64url.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[(strings.IndexByte(alphabet, c)+1)%64])
}

// TestPeriodFlood is JOS-23: below ten times the input; ours is below a hundredth.
func TestPeriodFlood(t *testing.T) {
	flood := []byte("a" + strings.Repeat(".", 1_000_000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := jose.Parse(flood, credential)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; reason.Of(err) != reason.LimitTokenParts || used > uint64(len(flood)/100) {
		t.Errorf("%d bytes, %v", used, err)
	}
}

// TestConfusedMAC is JOS-03: no key of an issuer is ever a secret of a MAC.
func TestConfusedMAC(t *testing.T) {
	k := generate(t, key.ES256)
	jwk, _ := json.Marshal(k.Public().JWK())
	x, _ := base64.RawURLEncoding.DecodeString(k.JWK().X)
	for _, secret := range [][]byte{jwk, x, []byte("-----BEGIN PUBLIC KEY-----")} {
		signed := b64([]byte(`{"alg":"HS256","typ":"vc+jwt",`+kid+`}`)) + "." + b64([]byte(`{}`))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		if _, err := open([]byte(signed+"."+b64(mac.Sum(nil))), credential, k.Public()); reason.Of(err) != reason.JOSEAlgForbidden {
			t.Errorf("got %v", err)
		}
	}
}

// TestAlgorithmFitsKey is JOS-05: each algorithm with each other's key, signed with what the key can do.
func TestAlgorithmFitsKey(t *testing.T) {
	for _, says := range algorithms {
		for _, is := range algorithms {
			k := generate(t, is)
			token := seal(t, fmt.Sprintf(`{"alg":%q,"typ":"vc+jwt",%s}`, says, kid), `{}`, k)
			want := reason.Code("")
			if says != is {
				want = reason.JOSEAlgKeyMismatch
			}
			if _, err := open(token, credential, k.Public()); reason.Of(err) != want {
				t.Errorf("%s by a key for %s: got %v", says, is, err)
			}
			if _, err := open(token, credential, key.Public{}); reason.Of(err) != reason.JOSEAlgKeyMismatch {
				t.Errorf("zero key: got %v", err)
			}
		}
	}
	if _, err := (jose.Token{}).Verify(key.Public{}); reason.Of(err) != reason.JOSEAlgKeyMismatch {
		t.Errorf("zero token, zero key: got %v", err)
	}
}

func TestZeroPolicyAcceptsNothing(t *testing.T) {
	k := generate(t, key.EdDSA)
	for _, typ := range []string{`"typ":"",`, ``, `"typ":"application/",`, `"typ":"vc+jwt",`} {
		token := seal(t, `{"alg":"EdDSA",`+typ+kid+`}`, `{}`, k)
		if _, err := jose.Parse(token, jose.Policy{}); reason.Of(err) != reason.JOSETypMismatch {
			t.Errorf("%s: got %v", typ, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	k := generate(t, key.ES256)
	public, private := k.Public().JWK(), k.JWK()
	for name, c := range map[string]struct {
		h    jose.Header
		by   key.Signer
		want reason.Code
	}{
		"no signer":    {jose.Header{Type: "vc+jwt"}, nil, reason.JOSEAlgForbidden},
		"zero signer":  {jose.Header{Type: "vc+jwt"}, &key.Private{}, reason.JOSEAlgForbidden},
		"no typ":       {jose.Header{}, k, reason.JOSETypMismatch},
		"bad kid":      {jose.Header{Type: "vc+jwt", KeyID: "a/b"}, k, reason.JOSEKidInvalid},
		"jwk and kid":  {jose.Header{Type: "vc+jwt", KeyID: "a", Key: &public}, k, reason.ProofKeyAmbiguous},
		"private jwk":  {jose.Header{Type: "vc+jwt", Key: &private}, k, reason.KeyPrivateMaterial},
		"nested":       {jose.Header{Type: "vc+jwt", ContentType: "JWT"}, k, reason.LimitNesting},
		"bad UTF-8":    {jose.Header{Type: "vc+jwt", ContentType: "\xff"}, k, reason.JSONInvalidUTF8},
		"fine without": {jose.Header{Type: "vc+jwt"}, k, ""},
	} {
		if _, err := jose.Sign(t.Context(), c.h, nil, c.by); reason.Of(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if _, err := (jose.Header{}).Public(); reason.Of(err) != reason.JOSEKidInvalid {
		t.Errorf("no jwk: got %v", err)
	}
}

func TestBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		text := jose.AppendEncode(nil, raw)
		got, err := jose.AppendDecode([]byte("x"), text)
		if err != nil || string(got) != "x"+string(raw) {
			t.Fatalf("%q, %v", got, err)
		}
		// One spelling: any other text of the same length gives other bytes or none.
		if len(text) > 0 {
			other := bytes.Clone(text)
			other[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "char")
			if got, err := jose.AppendDecode(nil, other); err == nil && bytes.Equal(got, raw) != bytes.Equal(other, text) {
				t.Fatalf("%q and %q are both %q", text, other, raw)
			}
		}
		at := rapid.IntRange(0, len(text)).Draw(t, "break")
		for _, extra := range []string{"\n", "\r", "\r\n", "\n\n\n", "\n\n\n\n", " ", "=", "=="} {
			broken := string(text[:at]) + extra + string(text[at:])
			if _, err := jose.AppendDecode(nil, []byte(broken)); reason.Of(err) != reason.JOSEBase64Invalid {
				t.Fatalf("%q: got %v", broken, err)
			}
		}
	})
}

// TestBase64AgainstTheLibrary holds the decoder to the strict one of the standard library, which
// takes line breaks and is otherwise as strict.
func TestBase64AgainstTheLibrary(t *testing.T) {
	char := rapid.OneOf(rapid.SampledFrom([]byte("ABCXYZabcxyz0189-_")), rapid.SampledFrom([]byte("=+/ \r\n\x00\x7f\xff")), rapid.Byte())
	good := rapid.SampledFrom([]byte("AEIQUYcgkosw048-_BZaz19"))
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(good, 0, 40).Draw(t, "text")
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			if len(text) > 0 {
				text[rapid.IntRange(0, len(text)-1).Draw(t, "at")] = char.Draw(t, "char")
			}
		}
		want, fail := base64.RawURLEncoding.Strict().DecodeString(string(text))
		got, err := jose.AppendDecode([]byte("x"), text)
		if refuse := fail != nil || bytes.ContainsAny(text, "\r\n"); refuse != (err != nil) {
			t.Fatalf("%q: got %v, the library %v", text, err, fail)
		}
		if err == nil && string(got) != "x"+string(want) {
			t.Fatalf("%q: got %q, the library %q", text, got, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	k := generate(f, key.EdDSA)
	jwk := k.Public().JWK()
	for _, h := range []jose.Header{{Type: "vc+jwt", KeyID: "did:web:x#k"}, {Type: "vc+jwt", Key: &jwk}, {Type: "vc+jwt", ContentType: "vc"}} {
		token, err := jose.Sign(f.Context(), h, []byte(`{"iss":"x"}`), k)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token, uint8(0))
		f.Add(token, uint8(2))
	}
	f.Add([]byte("a....."), uint8(1))
	f.Add([]byte(`{"protected":""}`), uint8(1))
	f.Add(seal(f, `{"alg":"EdDSA","typ":"VC+JWT","crit":[],"kid":"\u212A"}`, ``, k), uint8(1))
	f.Fuzz(func(t *testing.T, token []byte, source uint8) {
		p := jose.Policy{Type: "vc+jwt", Key: jose.KeySource(source % 3)}
		parsed, err := jose.Parse(token, p)
		if err != nil {
			if _, ok := reason.Lookup(reason.Of(err)); !ok {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		h := parsed.Header
		if h.Type != "vc+jwt" || h.Algorithm == "" || len(h.KeyID) > jose.MaxKeyID || h.Key != nil && (h.KeyID != "" || p.Key != jose.FromHeader) {
			t.Fatalf("%+v under %+v", h, p)
		}
		parts := bytes.Split(token, []byte("."))
		if got := jose.AppendEncode(nil, parsed.Unverified()); !bytes.Equal(got, parts[1]) {
			t.Fatalf("the payload has two spellings: %s and %s", parts[1], got)
		}
	})
}
