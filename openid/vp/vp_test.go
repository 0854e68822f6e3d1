// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signer(t testing.TB) did.Signer {
	t.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	must(t, err)
	s, err := didkey.Signer(k)
	must(t, err)
	return s
}

func keys() credential.Keys { return credential.Keys{Resolver: didkey.New(), At: now} }

// request returns a good request of the verifier by.
func request(by did.Signer) *vp.Request {
	return &vp.Request{
		ClientID: vp.ClientID(by.Method.DID()), ResponseType: vp.ResponseTypeVP, ResponseMode: vp.ModeDirectPost,
		ResponseURI: "https://gateway.example/vp/response/1", Audience: vp.AudienceStatic, Nonce: "AAAAAAAAAAAAAAAAAAAAAA", State: "BBBBBBBBBBBBBBBBBBBBBB",
		IssuedAt: now.Unix(), Expires: now.Add(vp.RequestLife).Unix(),
		Query: dcql.Query{Credentials: []dcql.Credential{{ID: "a", Format: vp.FormatSDJWT, Meta: dcql.Meta{VCTValues: []string{"v"}}}}},
		Metadata: vp.Metadata{Name: "Surgery", Formats: map[string]vp.Formats{
			vp.FormatSDJWT: {SDJWTAlgorithms: []string{"ES256"}, KBAlgorithms: []string{"ES256"}}}},
		Access: &vp.Access{Principal: "p", Resource: "r", Action: "a", Purpose: "u", Controller: "c"},
	}
}

func TestRequest(t *testing.T) {
	by := signer(t)
	want := request(by)
	raw, err := want.Sign(t.Context(), by)
	must(t, err)
	got, err := vp.OpenRequest(t.Context(), raw, want.ClientID, keys())
	must(t, err)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(dcql.Step{})); diff != "" {
		t.Error(diff)
	}
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(string(raw), ".")[0])
	if err != nil || !strings.Contains(string(header), `"typ":"oauth-authz-req+jwt"`) {
		t.Errorf("%s %v", header, err)
	}
}

// jws signs any claims under any header.
func jws(t *testing.T, header string, claims any, by key.Signer) []byte {
	t.Helper()
	raw, err := json.Marshal(claims)
	must(t, err)
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(raw)
	sig, err := by.Sign(context.Background(), []byte(text))
	must(t, err)
	return []byte(text + "." + base64.RawURLEncoding.EncodeToString(sig))
}

func TestOpenRequestRefuses(t *testing.T) {
	by, other := signer(t), signer(t)
	honest := `{"alg":"ES256","typ":"oauth-authz-req+jwt","kid":"` + by.Method.String() + `"}`
	for name, c := range map[string]struct {
		header string
		change func(map[string]any)
		sign   key.Signer
		want   reason.Code
	}{
		"good":           {"", func(map[string]any) {}, by, ""},
		"alg none":       {`{"alg":"none","typ":"oauth-authz-req+jwt"}`, func(map[string]any) {}, by, reason.RequestUnsigned},
		"typ":            {strings.Replace(honest, "oauth-authz-req+jwt", "JWT", 1), func(map[string]any) {}, by, reason.RequestInvalid},
		"another's kid":  {strings.Replace(honest, by.Method.String(), other.Method.String(), 1), func(map[string]any) {}, other, reason.RequestClientID},
		"another's key":  {"", func(map[string]any) {}, other, reason.CredentialSignatureInvalid},
		"client inside":  {"", func(m map[string]any) { m["client_id"] = vp.ClientID(other.Method.DID()) }, by, reason.RequestClientID},
		"aud":            {"", func(m map[string]any) { m["aud"] = "x" }, by, reason.RequestInvalid},
		"expired":        {"", func(m map[string]any) { m["iat"], m["exp"] = now.Unix()-121, now.Unix()-1 }, by, reason.RequestInvalid},
		"expires now":    {"", func(m map[string]any) { m["iat"], m["exp"] = now.Unix()-100, now.Unix() }, by, reason.RequestInvalid},
		"ahead":          {"", func(m map[string]any) { m["iat"], m["exp"] = now.Unix()+61, now.Unix()+100 }, by, reason.RequestInvalid},
		"long life":      {"", func(m map[string]any) { m["exp"] = now.Unix() + 3600 }, by, ""},
		"no exp":         {"", func(m map[string]any) { delete(m, "exp") }, by, ""},
		"no iat":         {"", func(m map[string]any) { delete(m, "iat") }, by, ""},
		"exp before iat": {"", func(m map[string]any) { m["iat"], m["exp"] = now.Unix()+10, now.Unix()+5 }, by, reason.RequestInvalid},
		"redirect_uri":   {"", func(m map[string]any) { m["redirect_uri"] = m["response_uri"] }, by, reason.RequestInvalid},
		"plain http":     {"", func(m map[string]any) { m["response_uri"] = "http://gateway.example/1" }, by, reason.RequestInvalid},
		"short nonce":    {"", func(m map[string]any) { m["nonce"] = "short" }, by, reason.RequestInvalid},
		"odd nonce":      {"", func(m map[string]any) { m["nonce"] = strings.Repeat("ä", 22) }, by, reason.RequestInvalid},
		"mode":           {"", func(m map[string]any) { m["response_mode"] = "fragment" }, by, reason.RequestInvalid},
		"type":           {"", func(m map[string]any) { m["response_type"] = "id_token" }, by, reason.RequestInvalid},
		"no uri":         {"", func(m map[string]any) { delete(m, "response_uri") }, by, reason.RequestInvalid},
		"no query":       {"", func(m map[string]any) { delete(m, "dcql_query") }, by, reason.RequestInvalid},
		"bad query":      {"", func(m map[string]any) { m["dcql_query"] = map[string]any{} }, by, reason.RequestInvalid},
		"wallet nonce":   {"", func(m map[string]any) { m["wallet_nonce"] = strings.Repeat("a", vp.MaxWalletNonce+1) }, by, reason.RequestInvalid},
		"nonce a number": {"", func(m map[string]any) { m["nonce"] = 7 }, by, reason.JSONType},
	} {
		raw, err := json.Marshal(request(by))
		must(t, err)
		claims := map[string]any{}
		must(t, json.Unmarshal(raw, &claims))
		c.change(claims)
		if c.header == "" {
			c.header = honest
		}
		_, err = vp.OpenRequest(t.Context(), jws(t, c.header, claims, c.sign), vp.ClientID(by.Method.DID()), keys())
		if reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	bad := request(by)
	bad.Nonce = ""
	if _, err := bad.Sign(t.Context(), by); reason.Of(err) != reason.RequestInvalid {
		t.Error("a request without nonce is signed: ", err)
	}
}

func TestLink(t *testing.T) {
	id := vp.ClientID(signer(t).Method.DID())
	want := vp.Link{ClientID: id, RequestURI: "https://gateway.example/vp/request/1?a=b&c"}
	got, err := vp.ParseLink(want.String())
	if err != nil || got != want || !strings.HasPrefix(want.String(), "openid4vp://?") {
		t.Errorf("%v %v", got, err)
	}
	esc := url.QueryEscape(id)
	for link, code := range map[string]reason.Code{
		"https://x": reason.RequestInvalid, "openid4vp://?client_id=" + esc: reason.RequestUnsigned, "haip-vp://?client_id=" + esc: reason.RequestUnsigned,
		"openid4vp://?client_id=" + esc + "&request=ey&request_uri=https%3A%2F%2Fx":                  reason.RequestInvalid,
		"openid4vp://?client_id=" + esc + "&request_uri=https%3A%2F%2Fx&request_uri_method=put":      reason.RequestInvalid,
		"openid4vp://?client_id=" + esc + "&request=ey&request_uri_method=post":                      reason.RequestInvalid,
		"openid4vp://?client_id=" + esc + "&request_uri=http%3A%2F%2Fx":                              reason.RequestInvalid,
		"openid4vp://?client_id=" + esc + "&request_uri=https%3A%2F%2Fu%40x":                         reason.RequestInvalid,
		"openid4vp://?client_id=" + esc + "&request_uri=https%3A%2F%2Fx&request_uri=https%3A%2F%2Fy": reason.HTTPDuplicateParam,
		"openid4vp://?client_id=x&request_uri=https%3A%2F%2Fx":                                       reason.RequestClientID,
		"openid4vp://?%zz": reason.RequestInvalid,
		"openid4vp://?x=" + strings.Repeat("a", vp.MaxByValue):                                                reason.RequestInvalid,
		"openid4vp://?client_id=" + esc + "&request_uri=https%3A%2F%2Fx&y=" + strings.Repeat("a", vp.MaxLink): "",
		"openid4vp://?client_id=" + esc + "&request_uri=https%3A%2F%2Fx%2F" + strings.Repeat("a", vp.MaxURI):  reason.RequestInvalid,
	} {
		if _, err := vp.ParseLink(link); reason.Of(err) != code {
			t.Errorf("%.80s: %v, want %s", link, err, code)
		}
	}
}

func TestResponse(t *testing.T) {
	want := vp.Response{State: "s", Token: map[string][]string{"a": {"x", "y"}, "b": {"z"}}}
	form, err := want.Form()
	must(t, err)
	got, err := vp.ParseResponse(form)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	declined := vp.Response{State: "s", Error: "access_denied"}
	form, err = declined.Form()
	must(t, err)
	if got, err := vp.ParseResponse(form); err != nil || got.Error != "access_denied" || got.Token != nil {
		t.Error(got, err)
	}
	for name, c := range map[string]struct {
		form url.Values
		want reason.Code
	}{
		"neither":        {url.Values{"state": {"s"}}, reason.ResponseAmbiguous},
		"both":           {url.Values{"vp_token": {"{}"}, "error": {"x"}}, reason.ResponseAmbiguous},
		"encrypted":      {url.Values{"response": {"a.b.c.d.e"}}, reason.ResponseKeyUnknown},
		"twice":          {url.Values{"vp_token": {"{}", "{}"}}, reason.HTTPDuplicateParam},
		"other twice":    {url.Values{"vp_token": {`{"a":["x"]}`}, "x": {"1", "2"}}, reason.HTTPDuplicateParam},
		"bare":           {url.Values{"vp_token": {"ey.ey.x"}}, reason.ResponseAmbiguous},
		"empty":          {url.Values{"vp_token": {"{}"}}, reason.ResponseAmbiguous},
		"empty list":     {url.Values{"vp_token": {`{"a":[]}`}}, reason.ResponseAmbiguous},
		"not a list":     {url.Values{"vp_token": {`{"a":"x"}`}}, reason.JSONType},
		"list in list":   {url.Values{"vp_token": {`{"a":[[]]}`}}, reason.JSONType},
		"object as text": {url.Values{"vp_token": {`{"a":["{}"]}`}}, reason.JOSESerializationForbidden},
		"names twice":    {url.Values{"vp_token": {`{"a":[{"b":1,"b":2}]}`}}, reason.JSONDuplicateName},
		"too many":       {url.Values{"vp_token": {`{"a":[` + strings.TrimSuffix(strings.Repeat(`"x",`, vp.MaxPresentations+1), ",") + `]}`}}, reason.LimitChain},
		"dots":           {url.Values{"vp_token": {`{"a":["` + strings.Repeat(".", 1000) + `"]}`}}, reason.LimitTokenParts},
		"tildes":         {url.Values{"vp_token": {`{"a":["` + strings.Repeat("~", 20_000) + `"]}`}}, reason.LimitDisclosures},
		"open":           {url.Values{"vp_token": {`{"a":["x"]`}}, reason.JSONSyntax},
	} {
		if _, err := vp.ParseResponse(c.form); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestSelection shows that a selection names no more than what a query asks to be shown.
func TestSelection(t *testing.T) {
	c := &credential.Credential{
		ID: "urn:uuid:1", Type: credential.TypeDelegation, Issuer: "did:web:issuer.example", Delegate: credential.Delegate{ID: "did:key:z"},
		OnBehalfOf: credential.Principal{ID: "p", Identifier: &credential.Identifier{System: "s", Value: "v"}}, Purposes: []string{"u"},
		Permissions: []credential.Permission{{ID: "p1", Resource: "a", Actions: []string{"view"}}, {ID: "p2", Resource: "b", Actions: []string{"view", "book"}}},
		Assurance:   &credential.Assurance{Principal: "high", Delegate: "low"},
	}
	for _, format := range []string{vp.FormatSDJWT, vp.FormatVCJWT} {
		every := []dcql.Step{dcql.Every(), dcql.Member("action"), dcql.Every()}
		paths := map[string][]dcql.Path{
			"action":    {vp.DelegationPath(format, "permission", every...)},
			"assurance": {vp.DelegationPath(format, "identityAssurance")},
			"plain":     {vp.DelegationPath(format, "purpose"), vp.DelegationPath(format, "dataController")},
		}
		want := map[string]credential.Selection{
			"action": {Permissions: []string{"p2"}}, "assurance": {Claims: []credential.Claim{credential.ClaimAssurance}}, "plain": {},
		}
		for name, some := range paths {
			q := dcql.Credential{ID: "a", Format: format, Meta: dcql.Meta{VCTValues: []string{credential.VCTDelegation}}}
			if format == vp.FormatVCJWT {
				q.Meta = dcql.Meta{TypeValues: [][]string{{"VerifiableCredential", credential.TypeDelegation}}}
			}
			for _, p := range some {
				claim := dcql.Claim{Path: p}
				if name == "action" {
					claim.Values = dcql.Strings("book")
				}
				q.Claims = append(q.Claims, claim)
			}
			show, ok, err := q.Match(vp.Candidate(c, format, true))
			if err != nil || !ok {
				t.Fatalf("%s %s: %t %v", format, name, ok, err)
			}
			if diff := cmp.Diff(want[name], vp.Selection(c, format, nil, show)); diff != "" {
				t.Errorf("%s %s: %s", format, name, diff)
			}
		}
	}
	if vp.FormatID("ldp_vc") != "" || vp.FormatID("vc+jwt") != "jwt_vc_json" {
		t.Error("format ids")
	}
	other := vp.Candidate(&credential.Credential{Type: credential.TypeIdentityBinding}, vp.FormatSDJWT, true)
	if slices.Contains(other.Types, credential.VCTDelegation) {
		t.Error("another type passes for a delegation")
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add([]byte(`{"a":["x"],"b":["y","z"]}`))
	f.Add([]byte(`{"a":[`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		token, err := vp.ParseToken(raw)
		if err != nil {
			if reason.Of(err) == reason.InternalIndeterminate {
				t.Fatal(err)
			}
			return
		}
		n := 0
		for _, list := range token {
			n += len(list)
		}
		if n == 0 || n > vp.MaxPresentations {
			t.Fatalf("%d presentations", n)
		}
	})
}

func FuzzParseLink(f *testing.F) {
	f.Add("openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Agateway.example&request_uri=https%3A%2F%2Fgateway.example%2F1")
	f.Add("openid4vp://?%zz")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := vp.ParseLink(s)
		if err != nil {
			return
		}
		if again, err := vp.ParseLink(l.String()); err != nil || again != l {
			t.Fatalf("%v is not read again: %v", l, err)
		}
	})
}

func FuzzOpenRequest(f *testing.F) {
	by := signer(f)
	raw, err := request(by).Sign(f.Context(), by)
	must(f, err)
	f.Add(raw)
	f.Add([]byte("a.b.c"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := vp.OpenRequest(context.Background(), raw, vp.ClientID(by.Method.DID()), keys()); err == nil && r.Nonce == "" {
			t.Fatal("a request without nonce")
		}
	})
}

// Example reads the link that a person follows.
func Example() {
	l, err := vp.ParseLink("openid4vp://?client_id=decentralized_identifier%3Adid%3Aweb%3Agateway.example&request_uri=https%3A%2F%2Fgateway.example%2Fvp%2Frequest%2F1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.ClientID)
	fmt.Println(l.RequestURI)
	// Output:
	// decentralized_identifier:did:web:gateway.example
	// https://gateway.example/vp/request/1
}
