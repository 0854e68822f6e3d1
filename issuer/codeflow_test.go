// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

// TestCodeFlow walks the whole way: pushed request, sign-in, consent, code, bound token, credential,
// refresh, credential again.
func TestCodeFlow(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom"))
	d := c.bound()
	page := d.signedIn(d.push(withState(c.state(o))), "tom")
	for _, text := range []string{"view and book appointments", "until 22 November 2027", "127.0.0.1:4321 (some-wallet)", "Tom Hargreaves", "Larkhill Road Surgery"} {
		if !strings.Contains(string(page.body), text) {
			t.Errorf("the question does not say %q: %s", text, page.body)
		}
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http://127.0.0.1:4321;") {
		t.Errorf("the answer could not go to the wallet: %s", csp)
	}
	got := d.says(page, "yes")
	first := d.tokens(d.codeForm(got.Get("code")))
	want := []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationSDJWT, Identifiers: []string{o.ID + "." + ConfigurationSDJWT}}}
	if diff := cmp.Diff(want, first.Details); diff != "" || first.TokenType != "DPoP" || first.RefreshToken == "" || first.ExpiresIn != 300 {
		t.Errorf("%s %+v", diff, first)
	}
	if a := d.collect(first, want[0].Identifiers[0]); a.status != 200 {
		t.Fatalf("credential: %d %s", a.status, a.body)
	}
	if n := c.leaves(audit.Authorize); n != 1 {
		t.Errorf("%d leaves of a person who signed in", n)
	}
	c.clock.Advance(TokenLife)
	if a := d.collect(first, want[0].Identifiers[0]); a.status != 401 {
		t.Errorf("an access token after its life: %d", a.status)
	}
	second := d.tokens(d.refreshForm(first.RefreshToken))
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken {
		t.Error("the refresh token was not rotated")
	}
	if a := d.collect(second, want[0].Identifiers[0]); a.status != 200 {
		t.Errorf("re-issue: %d %s", a.status, a.body)
	}
}

// TestCodeFlowPlain: without pushing and without keys the tokens are bearers, and cannot be refreshed.
func TestCodeFlowPlain(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom", `["dc+sd-jwt"]`, `["dc+sd-jwt","vc+jwt"]`))
	c.clock.Advance(time.Millisecond) // ids sort by it
	other := c.grant(collected("tom", `"family-requested"`, `"care"`))
	c.grant(collected("june"))
	d := c.device()
	d.client, d.redirect = "known", "https://wallet.example.org/cb"
	page := d.signedIn(d.plain(func(a *vci.AuthorizationRequest) {
		a.Scope, a.Details = "", []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationSDJWT}, {Type: vci.DetailType, Configuration: ConfigurationVCJWT}}
	}), "tom")
	if !strings.Contains(string(page.body), "The Known Wallet") {
		t.Errorf("a known wallet has a name: %s", page.body)
	}
	got := d.tokens(d.codeForm(d.says(page, "yes").Get("code")))
	want := []vci.Detail{
		{Type: vci.DetailType, Configuration: ConfigurationSDJWT, Identifiers: []string{o.ID + ".delegation", other.ID + ".delegation"}},
		{Type: vci.DetailType, Configuration: ConfigurationVCJWT, Identifiers: []string{o.ID + ".delegation-vc-jwt"}},
	}
	if diff := cmp.Diff(want, got.Details); diff != "" || got.TokenType != "Bearer" || got.RefreshToken != "" {
		t.Errorf("%s %+v", diff, got)
	}
	for _, id := range []string{want[0].Identifiers[0], want[0].Identifiers[1], want[1].Identifiers[0]} {
		if a := d.collect(got, id); a.status != 200 {
			t.Errorf("%s: %d %s", id, a.status, a.body)
		}
	}
}

// TestOnlyTheCollector: who signed in gets what names them and nothing else, and the wallet is told no
// more than that access was denied.
func TestOnlyTheCollector(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom"))
	c.grant(collected("june"))
	for name, ask := range map[string]struct {
		change  func(*vci.AuthorizationRequest)
		subject string
	}{
		"another's state":       {withState(c.state(o)), "june"},
		"no such state":         {withState("none"), "tom"},
		"nothing for them":      {func(*vci.AuthorizationRequest) {}, "ann"},
		"not this credential":   {func(a *vci.AuthorizationRequest) { a.Scope = ConfigurationVCJWT }, "tom"},
		"state, other contents": {func(a *vci.AuthorizationRequest) { a.Scope, a.IssuerState = ConfigurationVCJWT, c.state(o) }, "tom"},
	} {
		d := c.bound()
		if got := d.toWallet(d.signedIn(d.push(ask.change), ask.subject)); got.Get("error") != "access_denied" || got.Has("code") {
			t.Errorf("%s: %v", name, got)
		}
	}
	d := c.bound()
	page := d.signedIn(d.push(withState(c.state(o))), "tom")
	must[*Delegation](t)(c.Revoke(t.Context(), o.ID, Change{Reason: "x"}))
	code := d.says(page, "yes").Get("code")
	if a := d.send("/token", d.codeForm(code)); a.status != 400 || a.told.Error != "invalid_grant" {
		t.Errorf("a delegation that was revoked meanwhile: %d %s", a.status, a.body)
	}
}

// TestPersonSaysNo: at the provider, or at the question.
func TestPersonSaysNo(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	d := c.bound()
	if got := d.says(d.signedIn(d.push(), "tom"), "no"); got.Get("error") != "access_denied" || got.Has("code") {
		t.Errorf("%v", got)
	}
	a := d.get(d.push())
	state := must[*url.URL](t)(url.Parse(a.header.Get("Location"))).Query().Get("state")
	if got := d.toWallet(d.get("/authorize/callback?error=access_denied&state=" + state)); got.Get("error") != "access_denied" {
		t.Errorf("%v", got)
	}
}

// TestAuthorizeRefusals: what is wrong with client or redirect is shown to the person and goes
// nowhere; what is wrong beside them goes to the wallet.
func TestAuthorizeRefusals(t *testing.T) {
	c := newCodeWorld(t)
	d := c.bound()
	plain := func(name, value string) string {
		form := d.request().Form()
		form.Set(name, value)
		return "/authorize?" + form.Encode()
	}
	for name, path := range map[string]string{
		"no client":           plain("client_id", ""),
		"no redirect":         plain("redirect_uri", ""),
		"https of a stranger": plain("redirect_uri", "https://evil.example.org/cb"),
		"http":                plain("redirect_uri", "http://evil.example.org/cb"),
		"localhost by name":   plain("redirect_uri", "http://localhost:4321/cb"),
		"script":              plain("redirect_uri", "javascript:alert(1)"),
		"data":                plain("redirect_uri", "data:text/html,x"),
		"user":                plain("redirect_uri", "http://127.0.0.1@evil.example.org/cb"),
		"other host in port":  plain("redirect_uri", "http://127.0.0.1:80@evil.example.org/"),
		"fragment":            plain("redirect_uri", "http://127.0.0.1/cb#x"),
		"app of a stranger":   plain("redirect_uri", "org.example.evil:/cb"),
		"relative":            plain("redirect_uri", "//evil.example.org"),
		"long client":         plain("client_id", strings.Repeat("c", MaxClientID+1)),
		"twice":               plain("x", "y") + "&redirect_uri=http%3A%2F%2F127.0.0.1%2Fevil",
		"no such reference":   "/authorize?client_id=some-wallet&request_uri=" + url.QueryEscape(vci.PushedPrefix+"x"),
		"reference elsewhere": "/authorize?client_id=some-wallet&request_uri=" + url.QueryEscape("https://evil.example.org/r"),
		"another's reference": strings.Replace(d.push(), "some-wallet", "other-wallet", 1),
		"signed request":      plain("request", "e30.e30."),
	} {
		a := d.get(path)
		if a.status < 400 || a.header.Get("Location") != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") ||
			!strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(string(a.body), "evil") {
			t.Errorf("%s: %d %v %s", name, a.status, a.header, a.body)
		}
	}
	for name, ask := range map[string]struct{ path, code string }{
		"response mode":   {plain("response_mode", "fragment"), "invalid_request"},
		"response type":   {plain("response_type", "token"), "invalid_request"},
		"no PKCE":         {plain("code_challenge", ""), "invalid_request"},
		"PKCE plain":      {plain("code_challenge_method", "plain"), "invalid_request"},
		"scope":           {plain("scope", "everything"), "invalid_scope"},
		"nothing":         {plain("scope", ""), "invalid_scope"},
		"details":         {plain("authorization_details", `[{"type":"openid_credential","credential_configuration_id":"x"}]`), "invalid_authorization_details"},
		"details at":      {plain("authorization_details", `[{"type":"openid_credential","credential_configuration_id":"delegation","locations":["https://x.example"]}]`), "invalid_authorization_details"},
		"another issuer":  {plain("resource", "https://x.example"), "invalid_target"},
		"broken details":  {plain("authorization_details", `[`), "invalid_request"},
		"too long in all": {plain("state", "state-of-wallet") + "&issuer_state=" + strings.Repeat("s", 2000), "invalid_request"},
	} {
		if got := d.toWallet(d.get(ask.path)); got.Get("error") != ask.code || got.Has("code") {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestRedirects: a known wallet has its own addresses, whole, and any port on the device.
func TestRedirects(t *testing.T) {
	c := newCodeWorld(t)
	known, stranger, attestedOne := caller{client: "known"}, caller{client: "stranger"}, caller{client: "a", instance: "k"}
	for _, ask := range []struct {
		who  caller
		uri  string
		good bool
	}{
		{known, "https://wallet.example.org/cb", true}, {known, "http://127.0.0.1:5000/cb", true}, {known, "org.example.wallet:/cb", true},
		{known, "https://wallet.example.org/cb?x=y", false}, {known, "https://wallet.example.org/cb/", false}, {known, "https://wallet.example.org:8443/cb", false},
		{known, "https://WALLET.example.org/cb", false}, {known, "http://127.0.0.1:5000/other", false}, {known, "http://[::1]:5000/cb", false}, {known, "org.example.wallet:/cb2", false},
		{stranger, "http://127.0.0.1/", true}, {stranger, "http://[::1]:9/x", true}, {stranger, "https://wallet.example.org/cb", false}, {stranger, "org.example.wallet:/cb", false},
		{attestedOne, "https://any.example.org/cb", true}, {attestedOne, "org.example.any:/cb", true}, {attestedOne, "http://any.example.org/cb", false}, {attestedOne, "javascript:x", false},
	} {
		err := c.mayRedirect(ask.who, ask.uri)
		if (err == nil) != ask.good || err != nil && reason.Of(err) != reason.RedirectNotRegistered {
			t.Errorf("%s to %s: %v", ask.who.client, ask.uri, err)
		}
	}
}

// TestPushed: a pushed request is good once, for a while, for its client and for this process.
func TestPushed(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	d := c.bound()
	before := c.faults.Commits()
	path := c.device().push()
	if n := c.faults.Commits() - before; n != 0 {
		t.Errorf("who proves nothing wrote %d times", n)
	}
	if a := d.browse("HEAD", path, ""); a.status != 405 {
		t.Errorf("a look at the link: %d", a.status)
	}
	if a := d.get(path); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	if a := d.get(path); a.status != 400 || a.header.Get("Location") != "" {
		t.Errorf("used twice: %d", a.status)
	}
	late := d.push()
	c.clock.Advance(PushedLife)
	if a := d.get(late); a.status != 400 {
		t.Errorf("too late: %d", a.status)
	}
	fresh := d.push()
	other := newCodeWorld(t).bound()
	if a := other.get(fresh); a.status != 400 {
		t.Errorf("at another issuer: %d", a.status)
	}
	if a := d.get(fresh + "&redirect_uri=https%3A%2F%2Fevil.example.org&scope=x"); a.status != 303 || strings.Contains(a.header.Get("Location"), "evil") {
		t.Errorf("fields beside the reference are not ignored: %d %v", a.status, a.header)
	}
	good := parallelPaths(d, d.push(), 20)
	if good != 1 {
		t.Errorf("%d of 20 at once were let in", good)
	}
	for name, form := range map[string]url.Values{
		"reference": {"request_uri": {vci.PushedPrefix + "x"}, "client_id": {"x"}}, "nothing": {}, "long": d.request(func(a *vci.AuthorizationRequest) { a.State = strings.Repeat("s", 2000) }).Form(),
	} {
		if a := d.send("/par", form); a.status != 400 || a.told.Error != "invalid_request" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := d.send("/par", d.request(func(a *vci.AuthorizationRequest) { a.RedirectURI = "https://evil.example.org/" }).Form()); a.status != 400 || a.told.Error != "invalid_request" {
		t.Errorf("redirect: %d %s", a.status, a.body)
	}
}

func parallelPaths(d *device, path string, n int) (good int) {
	all := make([]int, n)
	browsers := make([]device, n)
	for k := range browsers {
		browsers[k] = *d
		browsers[k].http = d.browser()
	}
	parallel(n, func(k int) { all[k] = browsers[k].get(path).status })
	for _, status := range all {
		if status == http.StatusSeeOther {
			good++
		}
	}
	return good
}

// TestSignInIsTheBrowsers: what one browser began, no other ends, and nobody twice.
func TestSignInIsTheBrowsers(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	victim, attacker := c.bound(), c.bound()
	a := attacker.get(attacker.push())
	back := "/authorize/callback?" + c.door.enter(t, a.header.Get("Location"), "tom").Encode()
	for name, d := range map[string]*device{"without a cookie": c.bound(), "with another's": func() *device { victim.get(victim.push()); return victim }()} {
		if got := d.get(back); got.status != 400 || got.header.Get("Location") != "" {
			t.Errorf("%s: %d %v", name, got.status, got.header)
		}
	}
	got := attacker.get(back)
	if got.status != 303 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := attacker.get(back); got.status != 400 {
		t.Errorf("the sign-in a second time: %d", got.status)
	}
	asked := strings.TrimPrefix(got.header.Get("Location"), testOrigin)
	if got := victim.get(asked); got.status != 400 {
		t.Errorf("another browser is asked: %d", got.status)
	}
	a = victim.get(victim.push())
	at := must[*url.URL](t)(url.Parse(c.server.URL))
	kept := victim.http.Jar.Cookies(at)
	for k, want := range []bool{true, false} { // the provider lets them in twice, the browser kept its cookie
		victim.http.Jar.SetCookies(at, kept)
		got := victim.get("/authorize/callback?" + c.door.enter(t, a.header.Get("Location"), "tom").Encode())
		if (got.status == 303) != want {
			t.Errorf("state, %d: %d", k+1, got.status)
		}
	}
	a = victim.get(victim.push())
	back = "/authorize/callback?" + c.door.enter(t, a.header.Get("Location"), "tom").Encode()
	c.clock.Advance(SigningLife)
	if got := victim.get(back); got.status != 400 {
		t.Errorf("too late: %d", got.status)
	}
}

// TestConsentIsNotForged: an answer counts from our own page, in the browser that was asked, once.
func TestConsentIsNotForged(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	d := c.bound()
	page := d.signedIn(d.push(), "tom")
	yes := url.Values{"token": {formToken(t, page)}, "answer": {"yes"}}.Encode()
	for name, a := range map[string]answer{
		"no token":        d.browse("POST", d.asked, "answer=yes"),
		"wrong token":     d.browse("POST", d.asked, "answer=yes&token=x"),
		"another origin":  d.browse("POST", d.asked, yes, "Origin", "https://evil.example.org", "Sec-Fetch-Site", "cross-site"),
		"another browser": c.bound().browse("POST", d.asked, yes),
	} {
		if a.status != http.StatusForbidden || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
	for name, form := range map[string]string{"no answer": "token=" + formToken(t, page), "maybe": strings.Replace(yes, "=yes", "=maybe", 1)} {
		if a := d.browse("POST", d.asked, form); a.status != 400 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if !strings.Contains(c.logged.String(), `"`+string(reason.HTTPCSRF)+`"`) {
		t.Error("the log does not hold the reason")
	}
	codes := make([]string, 20)
	parallel(len(codes), func(k int) {
		a := d.browse("POST", d.asked, yes)
		codes[k] = a.header.Get("Location")
	})
	given := 0
	for _, to := range codes {
		if strings.Contains(to, "code=") {
			given++
		}
	}
	if given != 1 {
		t.Errorf("%d codes of one consent", given)
	}
}

// TestRefresh: a refresh token is good once, for its client and its key, as long as there is something
// to collect; used twice it ends everything.
func TestRefresh(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom"))
	begin := func() (*device, vci.TokenResponse) {
		d := c.bound()
		return d, d.tokens(d.codeForm(d.code(d.push(), "tom")))
	}
	id := o.ID + ".delegation"
	d, first := begin()
	refused := func(name string, a answer, code string) {
		t.Helper()
		if a.status != 400 || a.told.Error != code {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	thief := c.bound()
	refused("another key", thief.send("/token", d.refreshForm(first.RefreshToken)), "invalid_dpop_proof")
	bare := c.device()
	refused("no key", bare.send("/token", d.refreshForm(first.RefreshToken)), "invalid_dpop_proof")
	form := d.refreshForm(first.RefreshToken)
	form.Set("client_id", "other")
	refused("another client", d.send("/token", form), "invalid_grant")
	for _, text := range []string{"x", first.RefreshToken[:44], first.RefreshToken + "x", strings.Replace(first.RefreshToken, ".", "A", 1), first.AccessToken} {
		refused("malformed", d.send("/token", d.refreshForm(text)), "invalid_grant")
	}
	second := d.tokens(d.refreshForm(first.RefreshToken))
	if a := d.collect(second, id); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	refused("used before", d.send("/token", d.refreshForm(first.RefreshToken)), "invalid_grant")
	refused("its successor", d.send("/token", d.refreshForm(second.RefreshToken)), "invalid_grant")
	if a := d.collect(second, id); a.status != 401 {
		t.Errorf("the access token outlived its authorization: %d", a.status)
	}

	d, first = begin()
	all := make([]answer, 20)
	devices := make([]device, len(all))
	for k := range devices {
		devices[k] = *d
	}
	parallel(len(all), func(k int) { all[k] = devices[k].send("/token", d.refreshForm(first.RefreshToken)) })
	good := 0
	for _, a := range all {
		if a.status == 200 {
			good++
		}
	}
	if good != 1 {
		t.Errorf("%d of 20 refreshed at once", good)
	}

	d, first = begin()
	must[*Delegation](t)(c.Suspend(t.Context(), o.ID, Change{Reason: "x"}))
	refused("suspended", d.send("/token", d.refreshForm(first.RefreshToken)), "invalid_grant")
	must[*Delegation](t)(c.Resume(t.Context(), o.ID, Change{Reason: "x"}))
	first = d.tokens(d.refreshForm(first.RefreshToken))
	c.clock.Advance(300 * 24 * time.Hour)
	first = d.tokens(d.refreshForm(first.RefreshToken))
	c.clock.Advance(100 * 24 * time.Hour)
	refused("after the end of the delegation", d.send("/token", d.refreshForm(first.RefreshToken)), "invalid_grant")
}

// TestPreAuthorizedBound: a pre-authorized code gives tokens that are bound and can be refreshed, to
// who proves a key; and names identifiers to who asks for them.
func TestPreAuthorizedBound(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(both())
	d := c.bound()
	form := c.tokenRequest(o)
	form.Details = []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationVCJWT}}
	got := d.tokens(form.Form())
	want := []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationVCJWT, Identifiers: []string{o.ID + ".delegation-vc-jwt"}}}
	if diff := cmp.Diff(want, got.Details); diff != "" || got.TokenType != "DPoP" || got.RefreshToken == "" {
		t.Errorf("%s %+v", diff, got)
	}
	if a := d.collect(got, o.ID+".delegation"); a.status != 403 {
		t.Errorf("beyond the details: %d %s", a.status, a.body)
	}
	if a := d.collect(got, o.ID+".delegation-vc-jwt"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	d.client = ""
	d.tokens(d.refreshForm(got.RefreshToken))
	again := c.grant(edit())
	form = c.tokenRequest(again)
	form.Details = []vci.Detail{{Type: vci.DetailType, Configuration: ConfigurationVCJWT}}
	if a := d.send("/token", form.Form()); a.status != 400 || a.told.Error != "invalid_authorization_details" {
		t.Errorf("details beyond the offer: %d %s", a.status, a.body)
	}
	form.Details = nil
	if d.tokens(form.Form()).Details != nil {
		t.Error("details that nobody asked for")
	}
}

// TestHAIP: under HAIP requests are pushed, wallets attested and tokens bound, or refused.
func TestHAIP(t *testing.T) {
	c := newCodeWorld(t, haip(t))
	o := c.grant(collected("tom"))
	d := c.attestedDevice()
	first := d.tokens(d.codeForm(d.code(d.push(withState(c.state(o))), "tom")))
	if a := d.collect(first, o.ID+".delegation"); a.status != 200 || first.TokenType != "DPoP" {
		t.Errorf("%d %s", a.status, a.body)
	}
	d.tokens(d.refreshForm(first.RefreshToken))

	known := c.device()
	known.client, known.redirect = "known", "https://wallet.example.org/cb"
	for _, other := range []*device{d, known, c.device()} {
		if a := other.get(other.plain()); a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("a request of %s that was not pushed: %d", other.client, a.status)
		}
	}
	bare := c.bound()
	if a := bare.send("/par", bare.request().Form()); a.status != 401 || a.told.Error != "invalid_client" {
		t.Errorf("a wallet without attestation: %d %s", a.status, a.body)
	}
	code := d.code(d.push(withState(c.state(o))), "tom")
	unbound := *d
	unbound.key.Signer = nil
	if a := unbound.send("/token", d.codeForm(code)); a.status != 400 || a.told.Error != "invalid_dpop_proof" {
		t.Errorf("a token without a key: %d %s", a.status, a.body)
	}
	other := *d
	other.instance = newHolder(t)
	if a := other.send("/token", d.codeForm(code)); a.status != 401 || a.told.Error != "invalid_client" {
		t.Errorf("another instance of the wallet: %d %s", a.status, a.body)
	}
	second := d.tokens(d.codeForm(d.code(d.push(withState(c.state(o))), "tom")))
	if a := other.send("/token", d.refreshForm(second.RefreshToken)); a.status != 401 || a.told.Error != "invalid_client" {
		t.Errorf("another instance refreshes: %d %s", a.status, a.body)
	}
	pre := c.grant(edit())
	if a := bare.send("/token", c.tokenRequest(pre).Form()); a.status != 401 || a.told.Error != "invalid_client" {
		t.Errorf("anonymous: %d %s", a.status, a.body)
	}
	if a := unbound.send("/token", c.tokenRequest(pre).Form()); a.status != 400 || a.told.Error != "invalid_dpop_proof" {
		t.Errorf("attested, and no key for the token: %d %s", a.status, a.body)
	}
	d.tokens(d.codeForm(code))
}

// TestServerMetadata: what is said is what is there.
func TestServerMetadata(t *testing.T) {
	plain := newWorld(t)
	m := plain.ServerMetadata()
	if len(m.ResponseTypes) != 0 || m.AuthorizationEndpoint != "" || !m.AnonymousPre || m.AttestationAlgorithms != nil || m.ChallengeEndpoint != "" {
		t.Errorf("%+v", m)
	}
	for _, c := range []*codeWorld{newCodeWorld(t), newCodeWorld(t, haip(t))} {
		raw := c.do("GET", "/.well-known/oauth-authorization-server", "", nil)
		m := must[*vci.ServerMetadata](t)(vci.ParseServerMetadata(raw.body, testOrigin))
		if err := m.CheckCodeFlow(); err != nil {
			t.Error(err)
		}
		strict := c.cfg.Profile == HAIP
		if m.RequirePushed != strict || m.AnonymousPre == strict || len(m.DPoPAlgorithms) == 0 || !m.AnswersWithIssuer || len(m.AttestationAlgorithms) == 0 {
			t.Errorf("%s", raw.body)
		}
		for name, at := range map[string]string{"authorize": m.AuthorizationEndpoint, "par": m.PushedEndpoint, "token": m.TokenEndpoint, "challenge": m.ChallengeEndpoint} {
			method := "POST"
			if name == "authorize" {
				method = "GET"
			}
			if a := c.do(method, strings.TrimPrefix(at, testOrigin), "", nil); a.status == 404 || a.status == 405 {
				t.Errorf("%s is not there: %d", name, a.status)
			}
		}
	}
	for _, path := range []string{"/par", "/challenge"} {
		if a := plain.serve().do("POST", path, "", nil); a.status != 404 {
			t.Errorf("%s is there: %d", path, a.status)
		}
	}
}

// TestGrantIsOneCommit: whichever commit of the flow fails, nothing is given, and nothing is lost: the
// next try goes through, unless the one that seemed to fail was kept, which then counts.
func TestGrantIsOneCommit(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.Lost, storetest.Full, storetest.Persisted} {
		c := newCodeWorld(t)
		c.grant(collected("tom"))
		kept := fault == storetest.Persisted
		d := c.bound()
		page := d.signedIn(d.push(), "tom")
		yes := url.Values{"token": {formToken(t, page)}, "answer": {"yes"}}.Encode()
		c.faults.Next(fault)
		if a := d.browse("POST", d.asked, yes); a.status < 500 || a.header.Get("Location") != "" {
			t.Errorf("fault %d at consent: %d", fault, a.status)
		}
		if a := d.browse("POST", d.asked, yes); (a.status == http.StatusSeeOther) == kept {
			t.Errorf("after fault %d at consent: %d", fault, a.status)
		}
		code := d.code(d.push(), "tom")
		c.faults.Next(fault)
		if a := d.send("/token", d.codeForm(code)); a.status < 500 {
			t.Errorf("fault %d at the code: %d %s", fault, a.status, a.body)
		}
		a := d.send("/token", d.codeForm(code))
		if (a.status == 200) == kept {
			t.Fatalf("after fault %d at the code: %d %s", fault, a.status, a.body)
		}
		if kept {
			continue
		}
		first := must[vci.TokenResponse](t)(vci.ParseTokenResponse(a.body))
		c.faults.Next(fault)
		if a := d.send("/token", d.refreshForm(first.RefreshToken)); a.status < 500 {
			t.Errorf("fault %d at the refresh: %d %s", fault, a.status, a.body)
		}
		d.tokens(d.refreshForm(first.RefreshToken))
	}
}

// TestTokensOutliveTheProcess: what was given is still good after a restart; what was under way is not.
func TestTokensOutliveTheProcess(t *testing.T) {
	c := newCodeWorld(t)
	o := c.grant(collected("tom"))
	d := c.bound()
	first := d.tokens(d.codeForm(d.code(d.push(), "tom")))
	code, pushed := d.code(d.push(), "tom"), d.push()
	again := codeWorldOver(t, c.reopen(c.faults))
	d.codeWorld, d.http = again, again.browser()
	if a := d.get(pushed); a.status != 400 {
		t.Errorf("a request that was pushed before: %d", a.status)
	}
	d.tokens(d.codeForm(code))
	if a := d.collect(first, o.ID+".delegation"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	d.tokens(d.refreshForm(first.RefreshToken))
}

// TestAnswerIsForItsQuestion: a yes to one wallet's question never counts for the question of another
// that the same browser was made to be asked meanwhile.
func TestAnswerIsForItsQuestion(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	d := c.bound()
	page := d.signedIn(d.push(), "tom")
	shown := d.asked
	attacker := c.bound()
	attacker.client, attacker.http = "attacker", d.http
	attacker.signedIn(attacker.push(), "tom")
	yes := url.Values{"token": {formToken(t, page)}, "answer": {"yes"}}.Encode()
	if a := d.browse("POST", shown, yes); a.status != 400 || a.header.Get("Location") != "" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

// TestCodeIsBoundByThumbprint: dpop_jkt alone binds a code to the key to come (RFC 9449 §10), and
// beside a proof it must be the proof's.
func TestCodeIsBoundByThumbprint(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	d := c.bound()
	jkt := func(of *device) func(*vci.AuthorizationRequest) {
		return func(a *vci.AuthorizationRequest) { a.DPoPKey = of.key.Public().Thumbprint() }
	}
	code := d.code(d.plain(jkt(d)), "tom")
	thief, bare := c.bound(), c.device()
	thief.verifier, bare.verifier = d.verifier, d.verifier
	for name, other := range map[string]*device{"another key": thief, "no key": bare} {
		if a := other.send("/token", d.codeForm(code)); a.status != 400 || a.told.Error != "invalid_dpop_proof" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	d.tokens(d.codeForm(code))
	if a := d.send("/par", d.request(jkt(thief)).Form()); a.status != 400 || a.told.Error != "invalid_dpop_proof" {
		t.Errorf("dpop_jkt of another key: %d %s", a.status, a.body)
	}
	if a := d.send("/par", d.request(jkt(d)).Form()); a.status != 201 {
		t.Errorf("dpop_jkt of the same key: %d %s", a.status, a.body)
	}
}

// TestTokenOutlivesItsOffer: who was given a token in the last moment of an offer still collects.
func TestTokenOutlivesItsOffer(t *testing.T) {
	c := newCodeWorld(t)
	o, pre := c.grant(collected("tom")), c.grant(both())
	c.clock.Advance(OfferLife - time.Second)
	first := must[vci.TokenResponse](t)(c.Token(t.Context(), c.tokenRequest(pre), Presented{}))
	c.clock.Advance(TokenLife - 10*time.Second)
	must[*vci.CredentialResponse](t)(c.Issue(t.Context(), first.AccessToken, ask(ConfigurationSDJWT, c.proof(newHolder(t)))))
	c.clock.Advance(SignInLife - OfferLife - TokenLife)
	c.framework = testFramework(c.clock.Now())
	d := c.device()
	last := d.tokens(d.codeForm(d.code(d.push(withState(c.state(o))), "tom")))
	c.clock.Advance(TokenLife - time.Second)
	if a := d.collect(last, o.ID+".delegation"); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}
