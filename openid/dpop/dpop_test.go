// SPDX-License-Identifier: Apache-2.0

package dpop_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/reason"
)

type object = map[string]any

const (
	target = "https://issuer.example/credential"
	token  = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU" // RFC 9449 §7.1
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func generate(t testing.TB, alg key.Algorithm) *key.Private {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	must(t, err)
	return k
}

func anyNonce(string) error { return nil }

func want() dpop.Expect {
	return dpop.Expect{Method: "POST", URL: target, AccessToken: token, At: now, Nonce: anyNonce}
}

// signed signs any claims under any header.
func signed(t testing.TB, header, claims object, by key.Signer) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	text := part(header) + "." + part(claims)
	sig, err := by.Sign(context.Background(), []byte(text))
	must(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func proof(t testing.TB, by *key.Private) (header, claims object) {
	t.Helper()
	return object{"typ": "dpop+jwt", "alg": string(by.Public().Algorithm()), "jwk": by.Public().JWK()},
		object{"jti": "j", "htm": "POST", "htu": target, "iat": now.Unix(), "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"}
}

func TestRoundTrip(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		by := generate(t, alg)
		raw, err := dpop.Proof{Method: "POST", URL: target + "?a=b#c", AccessToken: token, Nonce: "n", At: now}.Sign(t.Context(), by, rand.Reader)
		must(t, err)
		w := want()
		w.Nonce = func(n string) error {
			if n != "n" {
				return errors.New("another")
			}
			return nil
		}
		got, err := dpop.Open(raw, w)
		if err != nil || got.Thumbprint != by.Public().Thumbprint() || got.ID == "" || !got.IssuedAt.Equal(now) || got.Expires().Before(now.Add(dpop.MaxAge)) {
			t.Errorf("%s: %+v %v", alg, got, err)
		}
		again, err := dpop.Proof{Method: "POST", URL: target, At: now}.Sign(t.Context(), by, rand.Reader)
		must(t, err)
		w.AccessToken, w.Nonce = "", anyNonce
		if other, err := dpop.Open(again, w); err != nil || other.ID == got.ID {
			t.Errorf("a jti twice, or %v", err)
		}
	}
}

// TestAttacks has the variants of VCI-12 that one proof shows by itself, and those of RFC 9449 §4.3. A
// jti that was used before is found by whoever keeps them, the issuer.
func TestAttacks(t *testing.T) {
	by, other := generate(t, key.ES256), generate(t, key.ES256)
	set := func(in *object, name string, value any) { (*in)[name] = value }
	t.Run("VCI-12", func(t *testing.T) {
		for name, change := range map[string]func(h, c *object){
			"typ": func(h, _ *object) { set(h, "typ", "JWT") }, "no typ": func(h, _ *object) { delete(*h, "typ") },
			"alg none": func(h, _ *object) { set(h, "alg", "none") }, "HS256": func(h, _ *object) { set(h, "alg", "HS256") }, "alg of another key": func(h, _ *object) { set(h, "alg", "ES384") },
			"no jwk": func(h, _ *object) { delete(*h, "jwk") }, "kid alone": func(h, _ *object) { delete(*h, "jwk"); set(h, "kid", "k") }, "jwk and x5c": func(h, _ *object) { set(h, "x5c", []string{"AA=="}) },
			"jwk private": func(h, _ *object) { set(h, "jwk", by.JWK()) }, "another's jwk": func(h, _ *object) { set(h, "jwk", other.Public().JWK()) }, "symmetric": func(h, _ *object) { set(h, "jwk", object{"kty": "oct", "k": "AAAA"}) },
			"crit": func(h, _ *object) { set(h, "crit", []string{"x"}) },
			"htm":  func(_, c *object) { set(c, "htm", "GET") }, "htm case": func(_, c *object) { set(c, "htm", "post") }, "no htm": func(_, c *object) { delete(*c, "htm") },
			"htu host": func(_, c *object) { set(c, "htu", "https://attacker.example/credential") }, "htu path": func(_, c *object) { set(c, "htu", "https://issuer.example/token") }, "htu query": func(_, c *object) { set(c, "htu", target+"?a=b") },
			"htu fragment": func(_, c *object) { set(c, "htu", target+"#a") }, "htu port": func(_, c *object) { set(c, "htu", "https://issuer.example:8443/credential") }, "htu http": func(_, c *object) { set(c, "htu", "http://issuer.example/credential") },
			"htu slash": func(_, c *object) { set(c, "htu", target+"/") }, "htu user": func(_, c *object) { set(c, "htu", "https://u@issuer.example/credential") }, "htu path only": func(_, c *object) { set(c, "htu", "/credential") }, "no htu": func(_, c *object) { delete(*c, "htu") },
			"htu dots": func(_, c *object) { set(c, "htu", "https://issuer.example/a/../credential") }, "htu case": func(_, c *object) { set(c, "htu", "https://issuer.example/Credential") }, "htu long": func(_, c *object) { set(c, "htu", target+strings.Repeat("a", 4000)) },
			"ath": func(_, c *object) { set(c, "ath", "AAAA") }, "no ath": func(_, c *object) { delete(*c, "ath") },
			"no jti": func(_, c *object) { delete(*c, "jti") }, "long jti": func(_, c *object) { set(c, "jti", strings.Repeat("j", dpop.MaxID+1)) }, "jti number": func(_, c *object) { set(c, "jti", 7) },
			"no iat": func(_, c *object) { delete(*c, "iat") }, "old": func(_, c *object) { set(c, "iat", now.Unix()-301) }, "ahead": func(_, c *object) { set(c, "iat", now.Unix()+61) }, "iat text": func(_, c *object) { set(c, "iat", "now") }, "iat fraction": func(_, c *object) { set(c, "iat", 1.5) },
			"long nonce": func(_, c *object) { set(c, "nonce", strings.Repeat("n", dpop.MaxNonce+1)) },
		} {
			header, claims := proof(t, by)
			change(&header, &claims)
			if _, err := dpop.Open(signed(t, header, claims, by), want()); reason.Of(err) != reason.DPoPInvalid || errors.Is(err, dpop.ErrNonce) {
				t.Errorf("%s: %v", name, err)
			}
		}
		header, claims := proof(t, by)
		good := signed(t, header, claims, by)
		for name, raw := range map[string]string{
			"missing": "", "no token": "a.b", "cut": good[:len(good)-2], "two": good + "," + good, "too long": strings.Repeat("a", dpop.MaxProof+1), "another signature": good[:len(good)-8] + "AAAAAAAA",
		} {
			if _, err := dpop.Open(raw, want()); reason.Of(err) != reason.DPoPInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		w := want()
		w.AccessToken = ""
		if _, err := dpop.Open(good, w); reason.Of(err) != reason.DPoPInvalid {
			t.Errorf("ath without token: %v", err)
		}
	})
}

func TestGood(t *testing.T) {
	by := generate(t, key.ES256)
	for name, change := range map[string]func(c object, w *dpop.Expect){
		"as it is": func(object, *dpop.Expect) {}, "just old": func(c object, _ *dpop.Expect) { c["iat"] = now.Unix() - 300 }, "just ahead": func(c object, _ *dpop.Expect) { c["iat"] = now.Unix() + 60 },
		"scheme and host in capitals": func(c object, _ *dpop.Expect) { c["htu"] = "HTTPS://ISSUER.example/credential" }, "default port": func(c object, _ *dpop.Expect) { c["htu"] = "https://issuer.example:443/credential" },
		"escapes": func(c object, _ *dpop.Expect) { c["htu"] = "https://issuer.example/%63redential" }, "called with a query": func(_ object, w *dpop.Expect) { w.URL += "?x=y" },
		"root": func(c object, w *dpop.Expect) { c["htu"], w.URL = "https://issuer.example", "https://issuer.example/" },
		"escapes in small case": func(c object, w *dpop.Expect) {
			c["htu"], w.URL = "https://issuer.example/%c3%bc", "https://issuer.example/%C3%BC"
		},
		"unknown claim": func(c object, _ *dpop.Expect) { c["more"] = true },
	} {
		header, claims := proof(t, by)
		w := want()
		change(claims, &w)
		if _, err := dpop.Open(signed(t, header, claims, by), w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNonce tells a proof whose nonce is the one thing that is wrong from all others.
func TestNonce(t *testing.T) {
	by := generate(t, key.ES256)
	header, claims := proof(t, by)
	w := want()
	w.Nonce = func(n string) error { return fmt.Errorf("not %q", n) }
	if _, err := dpop.Open(signed(t, header, claims, by), w); reason.Of(err) != reason.DPoPInvalid || !errors.Is(err, dpop.ErrNonce) {
		t.Error(err)
	}
	claims["htm"] = "GET"
	if _, err := dpop.Open(signed(t, header, claims, by), w); reason.Of(err) != reason.DPoPInvalid || errors.Is(err, dpop.ErrNonce) {
		t.Errorf("a nonce is asked for where the proof is bad: %v", err)
	}
	w.Nonce = nil
	if _, err := dpop.Open(signed(t, header, claims, by), w); reason.Of(err) != reason.DPoPInvalid {
		t.Errorf("nobody judges nonces: %v", err)
	}
}

func TestSignRefuses(t *testing.T) {
	by := generate(t, key.ES256)
	good := dpop.Proof{Method: "POST", URL: target, At: now}
	if _, err := good.Sign(t.Context(), nil, rand.Reader); err == nil {
		t.Error("no key")
	}
	if _, err := good.Sign(t.Context(), by, nil); err == nil {
		t.Error("no random source")
	}
	if _, err := good.Sign(t.Context(), by, strings.NewReader("short")); err == nil {
		t.Error("a random source that ends")
	}
	for _, p := range []dpop.Proof{{Method: "POST", At: now}, {URL: target, At: now}, {Method: "POST", URL: "ftp://a.example", At: now}, {Method: "POST", URL: "https:///a", At: now}} {
		if _, err := p.Sign(t.Context(), by, rand.Reader); reason.Of(err) != reason.DPoPInvalid {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// TestTargets shows that what was signed for one address is good for it, however it is written, and for
// no other.
func TestTargets(t *testing.T) {
	by := generate(t, key.ES256)
	rapid.Check(t, func(r *rapid.T) {
		address := func(name string) string {
			return "https://" + rapid.SampledFrom([]string{"a.example", "A.example", "b.example", "a.example:443", "a.example:8443"}).Draw(r, name+" host") +
				rapid.SampledFrom([]string{"", "/", "/x", "/X", "/x/", "/%78", "/%2f", "/%2F"}).Draw(r, name+" path")
		}
		one, two := address("one"), address("two")
		raw, err := dpop.Proof{Method: "GET", URL: one, At: now}.Sign(context.Background(), by, rand.Reader)
		if err != nil {
			r.Fatal(err)
		}
		canonical := strings.NewReplacer("A.", "a.", ":443", "", "%78", "x", "%2f", "%2F")
		full := func(s string) string {
			s = canonical.Replace(s)
			if strings.Count(s, "/") == 2 {
				s += "/"
			}
			return s
		}
		_, err = dpop.Open(raw, dpop.Expect{Method: "GET", URL: two, At: now, Nonce: anyNonce})
		if (err == nil) != (full(one) == full(two)) {
			r.Fatalf("%s for %s: %v", one, two, err)
		}
	})
}

// FuzzOpen shows that nothing but what was signed opens.
func FuzzOpen(f *testing.F) {
	by := generate(f, key.ES256)
	header, claims := proof(f, by)
	good := signed(f, header, claims, by)
	f.Add(good)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := dpop.Open(raw, want())
		if err != nil && reason.Of(err) != reason.DPoPInvalid {
			t.Fatal(err)
		}
		if err == nil && (got.ID == "" || got.Thumbprint == "") {
			t.Fatalf("%+v", got)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	by := generate(b, key.ES256)
	header, claims := proof(b, by)
	raw := signed(b, header, claims, by)
	for b.Loop() {
		if _, err := dpop.Open(raw, want()); err != nil {
			b.Fatal(err)
		}
	}
}

// Example sends a request with a proof, and checks it as the server does.
func Example() {
	by, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	raw, err := dpop.Proof{Method: "POST", URL: "https://issuer.example/token", At: at}.Sign(context.Background(), by, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	noNonce := func(nonce string) error {
		if nonce != "" {
			return errors.New("none was given")
		}
		return nil
	}
	got, err := dpop.Open(raw, dpop.Expect{Method: "POST", URL: "https://issuer.example/token", At: at, Nonce: noNonce})
	fmt.Println(got.Thumbprint == by.Public().Thumbprint(), err)
	_, err = dpop.Open(raw, dpop.Expect{Method: "POST", URL: "https://issuer.example/credential", At: at, Nonce: noNonce})
	fmt.Println(reason.Of(err))
	// Output:
	// true <nil>
	// dpop.invalid
}
