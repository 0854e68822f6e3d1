// SPDX-License-Identifier: Apache-2.0

package vci_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

const redirect = "http://127.0.0.1:7000/callback"

func authorizationRequest(t testing.TB) vci.AuthorizationRequest {
	t.Helper()
	v, err := vci.NewVerifier(rand.Reader)
	must(t, err)
	return vci.AuthorizationRequest{
		ClientID: "https://wallet.example", RedirectURI: redirect, Scope: "a b", State: "s", Challenge: v.Challenge(), IssuerState: "i", Resource: issuer, DPoPKey: "k",
		Details: []vci.Detail{{Type: vci.DetailType, Configuration: "a", Locations: []string{issuer}, Claims: []vci.Claim{{Path: dcql.Path{dcql.Member("x"), dcql.Item(1), dcql.Every()}}}}},
	}
}

func TestAuthorizationRequest(t *testing.T) {
	want := authorizationRequest(t)
	got, err := vci.ParseAuthorizationRequest(want.Form())
	if err != nil || cmp.Diff(want, got, steps) != "" {
		t.Error(err, cmp.Diff(want, got, steps))
	}
	for name, c := range map[string]struct {
		change func(f url.Values)
		want   reason.Code
	}{
		"unknown field":    {func(f url.Values) { f.Set("prompt", "login") }, ""},
		"no state":         {func(f url.Values) { f.Del("state") }, ""},
		"twice":            {func(f url.Values) { f.Add("scope", "c") }, reason.HTTPDuplicateParam},
		"token":            {func(f url.Values) { f.Set("response_type", "token") }, reason.GrantInvalid},
		"no type":          {func(f url.Values) { f.Del("response_type") }, reason.GrantInvalid},
		"no challenge":     {func(f url.Values) { f.Del("code_challenge") }, reason.GrantInvalid},
		"short challenge":  {func(f url.Values) { f.Set("code_challenge", "abc") }, reason.GrantInvalid},
		"padded challenge": {func(f url.Values) { f.Set("code_challenge", strings.Repeat("a", 42)+"=") }, reason.GrantInvalid},
		"plain":            {func(f url.Values) { f.Set("code_challenge_method", "plain") }, reason.GrantInvalid},
		"no method":        {func(f url.Values) { f.Del("code_challenge_method") }, reason.GrantInvalid},
		"request_uri":      {func(f url.Values) { f.Set("request_uri", "urn:x") }, reason.GrantInvalid},
		"request":          {func(f url.Values) { f.Set("request", "a.b.c") }, reason.GrantInvalid},
		"no client":        {func(f url.Values) { f.Del("client_id") }, reason.GrantInvalid},
		"no redirect":      {func(f url.Values) { f.Del("redirect_uri") }, reason.GrantInvalid},
		"long state":       {func(f url.Values) { f.Set("state", strings.Repeat("s", 4000)) }, reason.GrantInvalid},
		"details of another": {func(f url.Values) {
			f.Set("authorization_details", `[{"type":"payment","credential_configuration_id":"a"}]`)
		}, reason.GrantInvalid},
		"details of nothing": {func(f url.Values) { f.Set("authorization_details", `[{"type":"openid_credential"}]`) }, reason.GrantInvalid},
		"details granted": {func(f url.Values) {
			f.Set("authorization_details", `[{"type":"openid_credential","credential_configuration_id":"a","credential_identifiers":["x"]}]`)
		}, reason.GrantInvalid},
		"no details":     {func(f url.Values) { f.Set("authorization_details", `[]`) }, reason.GrantInvalid},
		"too many":       {func(f url.Values) { f.Set("authorization_details", manyDetails()) }, reason.GrantInvalid},
		"long details":   {func(f url.Values) { f.Set("authorization_details", strings.Repeat(" ", vci.MaxDetailBytes+1)) }, reason.GrantInvalid},
		"details syntax": {func(f url.Values) { f.Set("authorization_details", `{`) }, reason.JSONSyntax},
	} {
		f := authorizationRequest(t).Form()
		c.change(f)
		if _, err := vci.ParseAuthorizationRequest(f); reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func manyDetails() string {
	return "[" + strings.TrimSuffix(strings.Repeat(`{"type":"openid_credential","credential_configuration_id":"a"},`, vci.MaxDetails+1), ",") + "]"
}

func TestRedirects(t *testing.T) {
	for uri, good := range map[string]bool{
		"https://wallet.example/cb": true, "http://127.0.0.1:1/cb": true, "http://[::1]:1/cb": true, "org.example.wallet:/cb": true, "org.example.wallet://cb?x=y": true,
		"http://wallet.example/cb": false, "http://localhost/cb": false, "https:///cb": false, "https://u@wallet.example": false, "https://wallet.example/#f": false, "javascript:alert(1)": false, "data:text/html,x": false,
		"wallet:/cb": false, "/cb": false, "": false, "https://wallet.example/" + strings.Repeat("a", vci.MaxRedirect): false, "%zz": false, "file:///etc/passwd": false,
	} {
		if err := vci.CheckRedirect(uri); (err == nil) != good {
			t.Errorf("%.60s: %v", uri, err)
		}
	}
}

func TestPKCE(t *testing.T) {
	// RFC 7636 appendix B.
	const verifier, challenge = vci.Verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	if verifier.Challenge() != challenge || verifier.Check(challenge) != nil {
		t.Error("the example of RFC 7636 is read otherwise")
	}
	for name, c := range map[string]struct {
		v         vci.Verifier
		challenge string
	}{
		"missing": {"", challenge}, "wrong": {verifier[:42] + "A", challenge}, "the challenge": {challenge, challenge}, "short": {"abc", vci.Verifier("abc").Challenge()}, "long": {vci.Verifier(strings.Repeat("a", 129)), vci.Verifier(strings.Repeat("a", 129)).Challenge()},
		"characters": {verifier[:42] + "+", (verifier[:42] + "+").Challenge()}, "no challenge": {verifier, ""}, "plain": {verifier, string(verifier)},
	} {
		if err := c.v.Check(c.challenge); reason.Of(err) != reason.GrantInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := vci.NewVerifier(nil); err == nil {
		t.Error("no random source")
	}
	if _, err := vci.NewVerifier(strings.NewReader("short")); err == nil {
		t.Error("a random source that ends")
	}
	rapid.Check(t, func(r *rapid.T) {
		one, other := rapid.StringMatching(`[A-Za-z0-9._~-]{43,128}`).Draw(r, "one"), rapid.StringMatching(`[A-Za-z0-9._~-]{43,128}`).Draw(r, "other")
		if err := vci.Verifier(one).Check(vci.Verifier(other).Challenge()); (err == nil) != (one == other) {
			r.Fatal(err)
		}
	})
}

func TestPushed(t *testing.T) {
	p, err := vci.ParsePushed([]byte(`{"request_uri":"urn:ietf:params:oauth:request_uri:x","expires_in":60}`))
	must(t, err)
	u, err := vci.AuthorizeURL(issuer+"/authorize?tenant=1", "https://wallet.example", p)
	must(t, err)
	parsed, err := url.Parse(u)
	must(t, err)
	client, ref, err := vci.ParseAuthorize(parsed.Query())
	if err != nil || client != "https://wallet.example" || ref != p.RequestURI || parsed.Query().Get("tenant") != "1" || len(parsed.Query()) != 3 {
		t.Error(u, err)
	}
	for _, raw := range []string{`{}`, `{"request_uri":"x"}`, `{"request_uri":"x","expires_in":0}`, `{"expires_in":60}`, `{"request_uri":"` + strings.Repeat("x", 3000) + `","expires_in":60}`} {
		if _, err := vci.ParsePushed([]byte(raw)); reason.Of(err) != reason.GrantInvalid {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
	for name, q := range map[string]url.Values{
		"nothing": {}, "no reference": {"client_id": {"c"}}, "no client": {"request_uri": {"r"}}, "long": {"client_id": {"c"}, "request_uri": {strings.Repeat("r", 3000)}},
	} {
		if _, _, err := vci.ParseAuthorize(q); reason.Of(err) != reason.GrantInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := vci.ParseAuthorize(url.Values{"client_id": {"c", "d"}, "request_uri": {"r"}}); reason.Of(err) != reason.HTTPDuplicateParam {
		t.Error(err)
	}
	plain, err := vci.PlainAuthorizeURL(issuer+"/authorize", authorizationRequest(t))
	if err != nil || !strings.Contains(plain, "code_challenge_method=S256") {
		t.Error(plain, err)
	}
	if _, err := vci.AuthorizeURL("%zz", "c", p); err == nil {
		t.Error("no address")
	}
}

func TestAuthorizationResponse(t *testing.T) {
	server := &vci.ServerMetadata{Issuer: issuer, AnswersWithIssuer: true}
	good := vci.AuthorizationResponse{Code: "c", State: "s", Issuer: issuer}
	to, err := good.Redirect(redirect + "?a=b")
	must(t, err)
	u, err := url.Parse(to)
	must(t, err)
	if got, err := vci.ParseAuthorizationResponse(u.Query(), "s", server); err != nil || got != good || u.Query().Get("a") != "b" {
		t.Error(got, err)
	}
	for name, c := range map[string]struct {
		query  string
		state  string
		server *vci.ServerMetadata
		want   reason.Code
	}{
		"mix-up":             {"code=c&state=s&iss=https://attacker.example", "s", server, reason.IssuerMetadataInvalid},
		"iss left out":       {"code=c&state=s", "s", server, reason.IssuerMetadataInvalid},
		"iss is not sent":    {"code=c&state=s", "s", &vci.ServerMetadata{Issuer: issuer}, ""},
		"mix-up without iss": {"code=c&state=s&iss=https://attacker.example", "s", &vci.ServerMetadata{Issuer: issuer}, reason.IssuerMetadataInvalid},
		"no server":          {"code=c&state=s", "s", nil, reason.IssuerMetadataInvalid},
		"another state":      {"code=c&state=t&iss=" + issuer, "s", server, reason.SessionUnknown},
		"no state":           {"code=c&iss=" + issuer, "", server, reason.SessionUnknown},
		"code twice":         {"code=c&code=d&state=s&iss=" + issuer, "s", server, reason.HTTPDuplicateParam},
		"no code":            {"state=s&iss=" + issuer, "s", server, reason.GrantInvalid},
		"refused":            {"error=access_denied&state=s&iss=" + issuer, "s", server, reason.GrantInvalid},
		"refused with code":  {"error=access_denied&code=c&state=s&iss=" + issuer, "s", server, reason.GrantInvalid},
		"long code":          {"code=" + strings.Repeat("c", 3000) + "&state=s&iss=" + issuer, "s", server, reason.GrantInvalid},
	} {
		q, err := url.ParseQuery(c.query)
		must(t, err)
		got, err := vci.ParseAuthorizationResponse(q, c.state, c.server)
		if reason.Of(err) != c.want || err != nil && got != (vci.AuthorizationResponse{}) {
			t.Errorf("%s: %+v %v, want %q", name, got, err, c.want)
		}
		if refusal, ok := errors.AsType[vci.Error](err); ok != strings.HasPrefix(name, "refused") || ok && refusal.Code != "access_denied" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s := fmt.Sprint(vci.Error{Code: "x", Description: "of another party"}); strings.Contains(s, "party") {
		t.Error(s)
	}
}

// FuzzAuthorization shows that what is read is written so that it is read again.
func FuzzAuthorization(f *testing.F) {
	f.Add(authorizationRequest(f).Form().Encode())
	f.Add("response_type=code&client_id=c&redirect_uri=https://a.example&code_challenge=" + strings.Repeat("a", 43) + "&code_challenge_method=S256")
	f.Add("grant_type=authorization_code&code=c")
	f.Fuzz(func(t *testing.T, query string) {
		form, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		if a, err := vci.ParseAuthorizationRequest(form); err == nil {
			if again, err := vci.ParseAuthorizationRequest(a.Form()); err != nil || a.Form().Encode() != again.Form().Encode() {
				t.Fatal(err, cmp.Diff(a, again, steps))
			}
		}
		if r, err := vci.ParseTokenRequest(form); err == nil {
			if again, err := vci.ParseTokenRequest(r.Form()); err != nil || r.Form().Encode() != again.Form().Encode() {
				t.Fatal(err, cmp.Diff(r, again, steps))
			}
		}
		if a, err := vci.ParseAuthorizationResponse(form, "s", &vci.ServerMetadata{Issuer: issuer}); err == nil && (a.Code == "" || a.State != "s") {
			t.Fatalf("%+v", a)
		}
		_, _, _ = vci.ParseAuthorize(form)
	})
}
