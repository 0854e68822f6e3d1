// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
)

// attackedFlow returns a world on disk whose base case was shown to be permitted, and a device with a
// bound token for a credential.
func attackedFlow(t *testing.T) (*codeWorld, *device, vci.TokenResponse, string) {
	t.Helper()
	c := codeWorldOver(t, newBoltWorld(t))
	o := c.grant(collected("tom"))
	d := c.bound()
	id := o.ID + "." + ConfigurationSDJWT
	if a := d.collect(d.tokens(d.codeForm(d.code(d.push(), "tom"))), id); a.status != 200 {
		t.Fatalf("the base case: %d %s", a.status, a.body)
	}
	return c, d, d.tokens(d.codeForm(d.code(d.push(), "tom"))), id
}

// rawToken signs any header and claims; with alg none it has no signature.
func rawToken(t *testing.T, by did.Signer, header, claims map[string]any) string {
	t.Helper()
	input := jose.AppendEncode(append(jose.AppendEncode(nil, must[[]byte](t)(json.Marshal(header))), '.'), must[[]byte](t)(json.Marshal(claims)))
	if header["alg"] == "none" {
		return string(input) + "."
	}
	sig := must[[]byte](t)(by.Sign(context.Background(), input))
	return string(jose.AppendEncode(append(input, '.'), sig))
}

// dpopClaims are the claims of a good proof for the credential endpoint.
func (d *device) dpopClaims(token string) map[string]any {
	d.t.Helper()
	var claims map[string]any
	good := must[jose.Token](d.t)(jose.Parse([]byte(d.proof(testOrigin+"/credential", token)), jose.Policy{Type: dpop.Type, Key: jose.FromHeader}))
	if err := json.Unmarshal(good.Unverified(), &claims); err != nil {
		d.t.Fatal(err)
	}
	return claims
}

func attackDPoP(t *testing.T, r row) {
	c, d, token, id := attackedFlow(t)
	const at = testOrigin + "/credential"
	with := func(proof ...string) answer {
		return d.collect(token, id, append([]string{"Authorization", "DPoP " + token.AccessToken}, proof...)...)
	}
	made := func(change func(*dpop.Proof)) answer { return with("DPoP", d.proof(at, token.AccessToken, change)) }
	jwk := d.key.Public().JWK()
	head := func(alg string, key any) map[string]any {
		return map[string]any{"typ": dpop.Type, "alg": alg, "jwk": key}
	}
	private := map[string]any{"kty": "EC", "crv": "P-256", "x": jwk.X, "y": jwk.Y, "d": jwk.X}
	for name, a := range map[string]answer{
		"missing":       with(),
		"other host":    made(func(p *dpop.Proof) { p.URL = "https://evil.example.org/credential" }),
		"other path":    made(func(p *dpop.Proof) { p.URL = testOrigin + "/token" }),
		"query":         with("DPoP", rawToken(t, d.key, head("ES256", jwk), changed(d.dpopClaims(token.AccessToken), "htu", at+"?x=y"))),
		"htm":           made(func(p *dpop.Proof) { p.Method = "GET" }),
		"ath":           made(func(p *dpop.Proof) { p.AccessToken = "other" }),
		"no ath":        made(func(p *dpop.Proof) { p.AccessToken = "" }),
		"private jwk":   with("DPoP", rawToken(t, d.key, head("ES256", private), d.dpopClaims(token.AccessToken))),
		"too old":       made(func(p *dpop.Proof) { p.At = p.At.Add(-dpop.MaxAge - time.Second) }),
		"of the future": made(func(p *dpop.Proof) { p.At = p.At.Add(dpop.MaxAhead + time.Second) }),
		"alg none":      with("DPoP", rawToken(t, d.key, head("none", jwk), d.dpopClaims(token.AccessToken))),
		"another typ":   with("DPoP", rawToken(t, d.key, changed(head("ES256", jwk), "typ", "jwt"), d.dpopClaims(token.AccessToken))),
		"no jti":        with("DPoP", rawToken(t, d.key, head("ES256", jwk), changed(d.dpopClaims(token.AccessToken), "jti", ""))),
		"not a token":   with("DPoP", "x"),
	} {
		r.refused(t, name, a)
		if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, `DPoP error="invalid_dpop_proof", algs="ES256`) || a.header.Get("DPoP-Nonce") == "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	r.refused(t, "no nonce", made(func(p *dpop.Proof) { p.Nonce = "" }), "use_dpop_nonce")
	r.refused(t, "a c_nonce", made(func(p *dpop.Proof) { p.Nonce = must[string](t)(c.Nonce()) }), "use_dpop_nonce")
	r.refused(t, "a nonce of another issuer", made(func(p *dpop.Proof) { p.Nonce = must[string](t)(newWorld(t).newNonce(forDPoP)) }), "use_dpop_nonce")
	once := d.proof(at, token.AccessToken)
	if a := with("DPoP", once); a.status != 200 {
		t.Fatalf("a good proof: %d %s", a.status, a.body)
	}
	r.refused(t, "jti replay", with("DPoP", once))
	// At the token endpoint the same is 400 (RFC 9449 §5).
	pre := c.tokenRequest(c.grant(edit())).Form()
	again := d.proof(testOrigin+"/token", "")
	post := func(proof string) answer {
		return d.do("POST", "/token", "application/x-www-form-urlencoded", []byte(pre.Encode()), "DPoP", proof)
	}
	for name, proof := range map[string]string{
		"other host": d.proof("https://evil.example.org/token", ""), "htm": d.proof(testOrigin+"/token", "", func(p *dpop.Proof) { p.Method = "GET" }),
		"ath": d.proof(testOrigin+"/token", "x"), "alg none": rawToken(t, d.key, head("none", jwk), d.dpopClaims("")),
	} {
		if a := post(proof); a.status != 400 || a.told.Error != "invalid_dpop_proof" || a.header.Get("DPoP-Nonce") == "" {
			t.Errorf("token endpoint, %s: %d %s", name, a.status, a.body)
		}
	}
	if a := post(again); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	pre = c.tokenRequest(c.grant(edit())).Form()
	if a := post(again); a.status != 400 || a.told.Error != "invalid_dpop_proof" {
		t.Errorf("token endpoint, jti replay: %d %s", a.status, a.body)
	}
}

func changed(m map[string]any, name string, v any) map[string]any {
	m[name] = v
	return m
}

func attackTokenTheft(t *testing.T, r row) {
	c, d, token, id := attackedFlow(t)
	thief := c.bound()
	thief.nonce = d.nonce
	r.refused(t, "as a bearer", thief.collect(token, id, "Authorization", "Bearer "+token.AccessToken))
	r.refused(t, "as a bearer, with a proof", thief.collect(token, id, "Authorization", "Bearer "+token.AccessToken, "DPoP", thief.proof(testOrigin+"/credential", token.AccessToken)))
	r.refused(t, "with another key", thief.collect(token, id))
	for _, path := range []string{"/deferred_credential", "/notification"} {
		a := thief.do("POST", path, "application/json", []byte(`{"transaction_id":"x","notification_id":"x","event":"credential_accepted"}`),
			"Authorization", "DPoP "+token.AccessToken, "DPoP", thief.proof(testOrigin+path, token.AccessToken))
		r.refused(t, path, a)
	}
	if a := d.collect(token, id); a.status != 200 {
		t.Errorf("its owner: %d %s", a.status, a.body)
	}
}

func attackAuthorizationCode(t *testing.T, r row) {
	c, d, _, id := attackedFlow(t)
	fresh := func() url.Values { return d.codeForm(d.code(d.push(), "tom")) }
	form := fresh()
	token := d.tokens(form)
	r.refused(t, "(a) used twice", d.send("/token", form))
	if a := d.collect(token, id); a.status != 401 {
		t.Errorf("(a) the access token lives on: %d", a.status)
	}
	r.refused(t, "(a) the refresh token", d.send("/token", d.refreshForm(token.RefreshToken)))
	r.refused(t, "(a) a third time", d.send("/token", form))
	form = fresh()
	post := func(name, value string) answer {
		changed, _ := url.ParseQuery(form.Encode())
		if changed.Set(name, value); value == "" {
			changed.Del(name)
		}
		return d.send("/token", changed)
	}
	r.refused(t, "(b) no verifier", post("code_verifier", ""))
	plain := d.request().Form()
	plain.Set("code_challenge_method", "plain")
	r.refused(t, "(c) plain", d.send("/par", plain), "invalid_request")
	plain.Del("code_challenge_method")
	r.refused(t, "(c) no method, which means plain", d.send("/par", plain), "invalid_request")
	r.refused(t, "(d) wrong verifier", post("code_verifier", string(must[vci.Verifier](t)(vci.NewVerifier(rand.Reader)))))
	r.refused(t, "(d) the challenge as verifier", post("code_verifier", d.verifier.Challenge()))
	r.refused(t, "(e) another redirect", post("redirect_uri", "http://127.0.0.1:4321/other"))
	r.refused(t, "(e) no redirect", post("redirect_uri", ""))
	r.refused(t, "(f) another client", post("client_id", "known"))
	r.refused(t, "(f) no client", post("client_id", ""))
	r.refused(t, "as a pre-authorized code", d.send("/token", vci.TokenRequest{Code: form.Get("code"), TxCode: "123456"}.Form()))
	r.refused(t, "as a refresh token", d.send("/token", d.refreshForm(form.Get("code"))))
	thief := c.bound()
	if a := thief.send("/token", form); a.status != 400 || a.told.Error != "invalid_dpop_proof" {
		t.Errorf("with another key: %d %s", a.status, a.body)
	}
	late := fresh()
	c.clock.Advance(CodeLife)
	r.refused(t, "after its life", d.send("/token", late))
	form = fresh()
	devices := make([]device, 50)
	for k := range devices {
		devices[k] = *d
	}
	good, rest := parallelAnswers(len(devices), func(k int) answer { return devices[k].send("/token", form) })
	if good != 1 {
		t.Errorf("%d tokens of one code", good)
	}
	for _, a := range rest {
		r.refused(t, "in parallel", a)
	}
}

// attestedPar pushes a request with these attestation headers.
func (d *device) attestedPar(headers ...string) answer {
	d.t.Helper()
	return d.do("POST", "/par", "application/x-www-form-urlencoded", []byte(d.request().Form().Encode()), headers...)
}

func attackedAttestation(t *testing.T) (*codeWorld, *device) {
	t.Helper()
	c := codeWorldOver(t, newBoltWorld(t), haip(t))
	o := c.grant(collected("tom"))
	d := c.attestedDevice()
	if a := d.collect(d.tokens(d.codeForm(d.code(d.push(), "tom"))), o.ID+".delegation"); a.status != 200 {
		t.Fatalf("the base case: %d %s", a.status, a.body)
	}
	return c, d
}

func attackAudience(t *testing.T, r row) {
	c, d := attackedAttestation(t)
	for name, audience := range map[string]any{
		"token endpoint": testOrigin + "/token", "array": []string{testOrigin}, "array of two": []string{testOrigin, "https://other.example.org"},
		"another server": "https://other.example.org", "trailing slash": testOrigin + "/", "none": nil,
	} {
		headers := d.attestation()
		claims := map[string]any{"iss": d.client, "aud": audience, "jti": rand.Text(), "iat": c.clock.Now().Unix(), "challenge": must[string](t)(c.Challenge())}
		headers[3] = rawToken(t, d.instance, map[string]any{"typ": attest.TypePoP, "alg": "ES256"}, claims)
		r.refused(t, name, d.attestedPar(headers...))
	}
}

func attackAttestation(t *testing.T, r row) {
	c, d := attackedAttestation(t)
	now := c.clock.Now()
	signed := func(by attest.Provider, client string, from, till time.Time) []string {
		h := d.attestation()
		h[1] = must[string](t)(by.SignClient(t.Context(), client, d.instance.Public(), from, till))
		return h
	}
	other := *d
	other.instance = newHolder(t)
	mixed := d.attestation()
	mixed[3] = other.attestation()[3]
	once := d.attestation()
	if a := d.attestedPar(once...); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for name, headers := range map[string][]string{
		"expired":            signed(c.provider, d.client, now.Add(-time.Hour), now.Add(-2*time.Minute)),
		"jti replay":         once,
		"another key":        mixed,
		"untrusted provider": signed(attest.Provider{By: newHolder(t)}, d.client, now, now.Add(time.Hour)),
		"another client":     signed(c.provider, "other-wallet", now, now.Add(time.Hour)),
		"no attestation":     nil,
		"no proof":           once[:2],
		"proof alone":        d.attestation()[2:],
	} {
		r.refused(t, name, d.attestedPar(headers...))
	}
	r.refused(t, "no challenge", d.attestedPar(d.attestation(func(p *attest.PoP) { p.Challenge = "" })...), "use_attestation_challenge")
	r.refused(t, "a nonce for DPoP", d.attestedPar(d.attestation(func(p *attest.PoP) { p.Challenge = must[string](t)(c.newNonce(forDPoP)) })...), "use_attestation_challenge")
	again := d.attestation()
	good, rest := parallelAnswers(20, func(int) answer { return d.attestedPar(again...) })
	if good != 1 {
		t.Errorf("one proof was taken %d times at once", good)
	}
	for _, a := range rest {
		r.refused(t, "in parallel", a)
	}
}

// TestCodeInjection: a code that another device was given, pushed into this one's flow, is of no use
// to it: PKCE, and where there is one the key, bind it to who asked (RFC 9700 §4.5).
func TestCodeInjection(t *testing.T) {
	c := newCodeWorld(t)
	c.grant(collected("tom"))
	victim, attacker := c.device(), c.device()
	stolen := victim.code(victim.push(), "tom")
	if a := attacker.send("/token", attacker.codeForm(stolen)); a.status != 400 || a.told.Error != "invalid_grant" {
		t.Errorf("%d %s", a.status, a.body)
	}
	victim.tokens(victim.codeForm(stolen)) // a failed try takes nothing away
}

// TestLargeRequests: what is too large is refused before anything is done with it.
func TestLargeRequests(t *testing.T) {
	c := newCodeWorld(t)
	before := c.faults.Commits()
	form := func(body string) []byte { return []byte("grant_type=refresh_token&refresh_token=" + body) }
	for _, path := range []string{"/token", "/par"} {
		if a := c.do("POST", path, "application/x-www-form-urlencoded", form(strings.Repeat("x", 1<<20))); a.status != 413 {
			t.Errorf("%s, 1 MiB: %d", path, a.status)
		}
		for name, body := range map[string][]byte{"many": form(strings.Repeat("&a=b", 200)), "long value": form(strings.Repeat("x", 600<<10)), "broken": form("%zz"), "twice": form("x&grant_type=x")} {
			if a := c.do("POST", path, "application/x-www-form-urlencoded", body); a.status != 400 {
				t.Errorf("%s, %s: %d", path, name, a.status)
			}
		}
		if a := c.do("POST", path, "application/json", []byte("{}")); a.status != 415 {
			t.Errorf("%s, JSON: %d", path, a.status)
		}
		if a := c.do("POST", path+"?grant_type=refresh_token&refresh_token=x", "application/x-www-form-urlencoded", nil); a.status != 400 || a.told.Error != "invalid_request" {
			t.Errorf("%s, fields in the query: %d %s", path, a.status, a.body)
		}
	}
	d := c.device()
	if a := d.get("/authorize?" + strings.Repeat("a", 9000)); a.status != 400 {
		t.Errorf("a long query: %d", a.status)
	}
	if a := d.do("POST", "/token", "application/x-www-form-urlencoded", []byte("grant_type=x"), "DPoP", strings.Repeat("x", 20<<10)); a.status != 400 {
		t.Errorf("a long proof: %d", a.status)
	}
	if n := c.faults.Commits() - before; n != 0 {
		t.Errorf("%d commits", n)
	}
}

// FuzzAuthorize: no query makes the authorization endpoint give a redirect to another than a wallet's
// allowed address, or the provider.
func FuzzAuthorize(f *testing.F) {
	for _, seed := range []string{
		"client_id=known&redirect_uri=https%3A%2F%2Fwallet.example.org%2Fcb&response_type=code&scope=delegation&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
		"client_id=x&redirect_uri=http%3A%2F%2F127.0.0.1%2F", "client_id=x&request_uri=" + vci.PushedPrefix + "x", "redirect_uri=//evil", "client_id=known&redirect_uri=org.example.wallet%3A%2Fcb&state=%00",
	} {
		f.Add(seed)
	}
	w := newCodeWorld(f)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		q, err := w.asksFor(context.Background(), values)
		if err != nil {
			return
		}
		if w.mayRedirect(caller{client: q.Client}, q.Redirect) != nil || q.Challenge == "" {
			t.Errorf("%+v", q)
		}
	})
}

// FuzzBox: what was not sealed here does not open.
func FuzzBox(f *testing.F) {
	w := newWorld(f)
	good := must[string](f)(w.box(forPushed, asked{Client: "x"}, w.clock.Now().Add(time.Minute)))
	f.Add(good, true)
	f.Add("", false)
	f.Add(strings.Repeat("A", 64), false)
	f.Fuzz(func(t *testing.T, text string, _ bool) {
		var q asked
		if w.unbox(forPushed, text, &q) && text != good {
			t.Errorf("opened %q", text)
		}
		if w.unbox(forSignIn, text, &q) {
			t.Error("opened for another purpose")
		}
	})
}

// TestHeadersTwice: a header that proves something and comes twice is refused, whichever of the two
// would do.
func TestHeadersTwice(t *testing.T) {
	c := newCodeWorld(t, haip(t))
	d := c.attestedDevice()
	headers := d.attestation()
	for _, name := range []string{attest.HeaderClient, attest.HeaderPoP, "DPoP"} {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "POST", c.server.URL+"/par", strings.NewReader(d.request().Form().Encode())))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(headers[0], headers[1])
		r.Header.Set(headers[2], headers[3])
		r.Header.Add(name, "x")
		if name == "DPoP" {
			r.Header.Add(name, "x")
		}
		res := must[*http.Response](t)(c.server.Client().Do(r))
		_ = res.Body.Close()
		if res.StatusCode != 400 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
}
