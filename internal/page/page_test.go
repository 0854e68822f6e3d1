// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/reason"
)

const (
	origin    = "https://issuer.larkhill.example"
	offerLink = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.larkhill.example%2Foffer%2F7Q"
	vpLink    = "openid4vp://?client_id=x509_san_dns%3Agateway.larkhill.example&request_uri=https%3A%2F%2Fgateway.larkhill.example%2Fvp%2F1"
)

func pagesAt(t testing.TB, at string) *page.Pages {
	t.Helper()
	p, err := page.New(page.Config{Name: "Larkhill Road Surgery", Origin: at})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func offer() page.Offer {
	return page.Offer{
		Issuer: "Larkhill Road Surgery", What: []string{"view and book appointments"}, Link: offerLink, TxCode: true,
		Expires: time.Date(2027, 3, 9, 16, 30, 0, 0, time.UTC),
	}
}

func consent() page.Consent {
	return page.Consent{
		Issuer: "Larkhill Road Surgery", Client: "Some Wallet", Person: "Jonas Whitfield", What: []string{"view appointments"},
		Action: "/consent", Return: "https://wallet.example/back?x=1",
	}
}

func request() page.Request {
	return page.Request{
		Service: "Meadow App", Controller: "Larkhill Road Surgery", Purpose: "Care", What: []string{"book appointments"},
		Link: vpLink, Poll: "/r/1/state", Confirm: "/r/1/confirm", CrossDevice: true,
	}
}

// every returns each kind of page, drawn.
func every(p *page.Pages) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"offer":   func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, offer()) },
		"consent": func(w http.ResponseWriter, r *http.Request) { p.Consent(w, r, consent()) },
		"request": func(w http.ResponseWriter, r *http.Request) { p.Request(w, r, request()) },
		"request on this device": func(w http.ResponseWriter, r *http.Request) {
			v := request()
			v.CrossDevice, v.Confirm = false, ""
			p.Request(w, r, v)
		},
		"wrong code": func(w http.ResponseWriter, r *http.Request) {
			v := request()
			v.Wrong = true
			p.Request(w, r, v)
		},
		"presented": func(w http.ResponseWriter, r *http.Request) { p.Presented(w, r, page.Presented{Code: "12345678"}) },
		"presented in the fragment": func(w http.ResponseWriter, r *http.Request) {
			p.Presented(w, r, page.Presented{})
		},
		"done": func(w http.ResponseWriter, r *http.Request) { p.Done(w, r, page.Done{Service: "Meadow App"}) },
		"done with a way on": func(w http.ResponseWriter, r *http.Request) {
			p.Done(w, r, page.Done{Service: "Meadow App", Next: "https://app.example/on"})
		},
		"problem": func(w http.ResponseWriter, r *http.Request) {
			p.Problem(w, r, http.StatusGone, "It is over", "Begin again.")
		},
		"refusal": func(w http.ResponseWriter, r *http.Request) {
			p.Refusal(w, r, reason.New(reason.SessionUnknown, "detail that is not shown"))
		},
	}
}

func draw(show http.HandlerFunc, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/x", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	show(w, r)
	return w
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]page.Config{
		"no name":                {Origin: origin},
		"a long name":            {Name: strings.Repeat("x", page.MaxText+1), Origin: origin},
		"no origin":              {Name: "x"},
		"plain http":             {Name: "x", Origin: "http://issuer.example"},
		"a path":                 {Name: "x", Origin: origin + "/"},
		"a person":               {Name: "x", Origin: "https://me@issuer.example"},
		"capitals":               {Name: "x", Origin: "https://Issuer.example"},
		"another scheme":         {Name: "x", Origin: "ftp://issuer.example"},
		"another scheme at home": {Name: "x", Origin: "ftp://127.0.0.1"},
		"another address":        {Name: "x", Origin: "http://192.0.2.1"},
		"no host":                {Name: "x", Origin: "https://"},
		"no address":             {Name: "x", Origin: "https://%zz"},
		"a loopback's child":     {Name: "x", Origin: "http://127.0.0.1.example.org"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := page.New(cfg); err == nil {
				t.Error("taken")
			}
		})
	}
	if _, err := page.New(page.Config{Name: strings.Repeat("x", page.MaxText), Origin: origin}); err != nil {
		t.Errorf("the longest name: %v", err)
	}
	for _, good := range []string{origin, "https://issuer.example:8443", "http://127.0.0.1:4711", "http://[::1]:1", "http://localhost:1"} {
		if _, err := page.New(page.Config{Name: "x", Origin: good}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestEveryPageIsClosedToOthers(t *testing.T) {
	for name, show := range every(pagesAt(t, origin)) {
		t.Run(name, func(t *testing.T) {
			w := draw(show)
			for header, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
				"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Content-Type": "text/html; charset=utf-8",
				"Content-Language": "en-GB", "X-Robots-Tag": "noindex, nofollow", "Vary": "Accept-Language",
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			posts := ""
			if name == "consent" {
				posts = " https://wallet.example"
			}
			want := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'" + posts +
				"; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
			if got := w.Header().Get("Content-Security-Policy"); got != want {
				t.Errorf("policy %q\nwant   %q", got, want)
			}
			if w.Header().Get("Permissions-Policy") == "" {
				t.Error("no Permissions-Policy")
			}
		})
	}
}

func TestEveryPageIsWellMade(t *testing.T) {
	p := pagesAt(t, origin)
	assets := regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`)
	for name, show := range every(p) {
		t.Run(name, func(t *testing.T) {
			body := draw(show).Body.String()
			for _, once := range []string{"<!DOCTYPE html>", "<h1>", "</h1>", `<main id="main"`, "<header ", "<footer ", `<html lang="en-GB">`, "<title>", `<a class="skip" href="#main">`} {
				if n := strings.Count(body, once); n != 1 {
					t.Errorf("%d of %s", n, once)
				}
			}
			for _, never := range []string{" style=", "<style", "javascript:", "ZgotmplZ", "<img", "http://", "<base", "<iframe", "%!", "{0}", "{1}", "<no value>"} {
				if strings.Contains(body, never) {
					t.Errorf("holds %s", never)
				}
			}
			if on := regexp.MustCompile(`\son[a-z]+=`).FindString(body); on != "" {
				t.Errorf("holds a handler:%s", on)
			}
			if n := strings.Count(body, "<script"); n != 1 || !strings.Contains(body, `<script src="/assets/page-`) {
				t.Errorf("%d scripts", n)
			}
			for _, part := range []string{`<link rel="icon" href="/assets/icon-[0-9a-f]{12}\.svg"`, `<link rel="stylesheet" href="/assets/page-[0-9a-f]{12}\.css">`, `<script src="/assets/page-[0-9a-f]{12}\.js" defer>`} {
				if !regexp.MustCompile(part).MatchString(body) {
					t.Errorf("does not hold %s", part)
				}
			}
			found := assets.FindAllStringSubmatch(body, -1)
			if len(found) != 3 {
				t.Errorf("%d assets", len(found))
			}
			for _, a := range found {
				w := httptest.NewRecorder()
				p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, a[1], nil))
				if w.Code != http.StatusOK || w.Body.Len() == 0 {
					t.Errorf("%s: %d", a[1], w.Code)
				}
			}
		})
	}
}

// Each id is there once, and each name of one is the name of something.
func TestIDsFit(t *testing.T) {
	ids := regexp.MustCompile(`\sid="([^"]*)"`)
	refs := regexp.MustCompile(`\s(?:aria-labelledby|aria-describedby|for)="([^"]*)"`)
	for name, show := range every(pagesAt(t, origin)) {
		t.Run(name, func(t *testing.T) {
			body := draw(show).Body.String()
			have := map[string]bool{}
			for _, m := range ids.FindAllStringSubmatch(body, -1) {
				if have[m[1]] {
					t.Errorf("two elements are #%s", m[1])
				}
				have[m[1]] = true
			}
			for _, m := range refs.FindAllStringSubmatch(body, -1) {
				for ref := range strings.FieldsSeq(m[1]) {
					if !have[ref] {
						t.Errorf("nothing is #%s", ref)
					}
				}
			}
		})
	}
}

func TestWhatPagesSay(t *testing.T) {
	pages := every(pagesAt(t, origin))
	for name, want := range map[string][]string{
		"offer": {
			`href="` + strings.ReplaceAll(offerLink, "&", "&amp;") + `"`, "<bdi>view and book appointments</bdi>", "will ask for a code",
			`<time datetime="2027-03-09T16:30:00Z">2027-03-09 16:30 UTC</time>`, `<svg id="qr" role="img" aria-labelledby="qr-title"`, `<title id="qr-title">`,
		},
		"consent": {
			`<form method="post" action="/consent">`, `<input type="hidden" name="token" value="`, `name="answer" value="yes"`, `name="answer" value="no"`,
			"<bdi>Some Wallet</bdi>", "<bdi>Jonas Whitfield</bdi>",
		},
		"request": {
			`action="/r/1/confirm"`, `data-poll="/r/1/state"`, `<label for="code">`, `role="status"`, `name="token"`, "<bdi>Care</bdi>", "<svg id=\"qr\"",
			`value="` + strings.ReplaceAll(vpLink, "&", "&amp;") + `"`,
		},
		"request on this device": {`id="open"`, "<noscript>", `data-poll="/r/1/state"`},
		"wrong code":             {"<title>That is not the code", `role="alert"`, `aria-invalid="true" autofocus`, `aria-describedby="hint wrong"`},
		"presented":              {`<strong id="given">12345678</strong>`},
		"presented in the fragment": {
			`<strong id="given" data-fragment>`, `<div id="with-code" hidden>`, "Your wallet shows you the code.",
		},
		"done with a way on": {`href="https://app.example/on"`},
		"problem":            {"It is over", "Begin again."},
		"refusal":            {"This link no longer works"},
	} {
		t.Run(name, func(t *testing.T) {
			body := draw(pages[name]).Body.String()
			for _, w := range want {
				if !strings.Contains(body, w) {
					t.Errorf("does not say %s", w)
				}
			}
		})
	}
	for name, never := range map[string]string{"request on this device": `id="qr"`, "refusal": "detail that is not shown", "wrong code": "<noscript>", "done": `class="button"`} {
		if strings.Contains(draw(pages[name]).Body.String(), never) {
			t.Errorf("%s: says %s", name, never)
		}
	}
}

func TestLinksThatAreNotShown(t *testing.T) {
	p := pagesAt(t, origin)
	for _, bad := range []string{
		"", "javascript:alert(1)", "data:text/html,x", "openid4vp:x", "OPENID4VP://x", "http://gateway.example/x", "https://", "https://me@x.example", "//x.example",
		"openid4vp://a b", "openid4vp://a\nb", "openid4vp://\u202e", "openid4vp://" + strings.Repeat("x", page.MaxLink), "vbscript://x", "openid4vp",
		"ftp://127.0.0.1/x", "https://%zz", "https://x.example/a b", "openid4vp://\x7f",
	} {
		v := offer()
		v.Link = bad
		if w := draw(func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, v) }); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "open\"") {
			t.Errorf("%.40q: %d", bad, w.Code)
		}
		d := page.Done{Service: "x", Next: bad}
		if w := draw(func(w http.ResponseWriter, r *http.Request) { p.Done(w, r, d) }); bad != "" && w.Code != http.StatusServiceUnavailable {
			t.Errorf("next %.40q: %d", bad, w.Code)
		}
	}
	for _, good := range []string{"openid4vp://x", "haip-vp://x", "haip-vci://x", "https://wallet.example/o?x=1", "http://127.0.0.1:1/x"} {
		v := offer()
		v.Link = good
		if w := draw(func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, v) }); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `href="`+good+`"`) {
			t.Errorf("%q: %d", good, w.Code)
		}
	}
}

func TestPathsThatAreNotTaken(t *testing.T) {
	p := pagesAt(t, origin)
	for _, bad := range []string{"", "x", "//evil.example/x", "https://evil.example", `/\evil.example`, "/a b", "/\u202e"} {
		c, poll, confirm := consent(), request(), request()
		c.Action, poll.Poll, confirm.Confirm = bad, bad, bad
		for name, show := range map[string]http.HandlerFunc{
			"action":  func(w http.ResponseWriter, r *http.Request) { p.Consent(w, r, c) },
			"poll":    func(w http.ResponseWriter, r *http.Request) { p.Request(w, r, poll) },
			"confirm": func(w http.ResponseWriter, r *http.Request) { p.Request(w, r, confirm) },
		} {
			if w := draw(show); w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s %q: %d", name, bad, w.Code)
			}
		}
	}
	here := request() // a path to confirm belongs to cross-device requests
	here.CrossDevice = false
	if w := draw(func(w http.ResponseWriter, r *http.Request) { p.Request(w, r, here) }); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a same-device request with Confirm: %d", w.Code)
	}
}

// What does not fit is not cut: nobody agrees to what was left out.
func TestNothingIsCut(t *testing.T) {
	p := pagesAt(t, origin)
	long := strings.Repeat("x", page.MaxText+1)
	many := make([]string, page.MaxItems+1)
	for name, show := range map[string]http.HandlerFunc{
		"issuer": func(w http.ResponseWriter, r *http.Request) { v := offer(); v.Issuer = long; p.Offer(w, r, v) },
		"items":  func(w http.ResponseWriter, r *http.Request) { v := offer(); v.What = many; p.Offer(w, r, v) },
		"item": func(w http.ResponseWriter, r *http.Request) {
			v := consent()
			v.What = []string{long}
			p.Consent(w, r, v)
		},
		"client":     func(w http.ResponseWriter, r *http.Request) { v := consent(); v.Client = long; p.Consent(w, r, v) },
		"person":     func(w http.ResponseWriter, r *http.Request) { v := consent(); v.Person = long; p.Consent(w, r, v) },
		"service":    func(w http.ResponseWriter, r *http.Request) { v := request(); v.Service = long; p.Request(w, r, v) },
		"purpose":    func(w http.ResponseWriter, r *http.Request) { v := request(); v.Purpose = long; p.Request(w, r, v) },
		"controller": func(w http.ResponseWriter, r *http.Request) { v := request(); v.Controller = long; p.Request(w, r, v) },
		"asked":      func(w http.ResponseWriter, r *http.Request) { v := request(); v.What = many; p.Request(w, r, v) },
		"code":       func(w http.ResponseWriter, r *http.Request) { p.Presented(w, r, page.Presented{Code: long}) },
		"done":       func(w http.ResponseWriter, r *http.Request) { p.Done(w, r, page.Done{Service: long}) },
	} {
		t.Run(name, func(t *testing.T) {
			if w := draw(show); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "xxxx") {
				t.Errorf("status %d", w.Code)
			}
		})
	}
}

func TestWhatJustFits(t *testing.T) {
	p := pagesAt(t, origin)
	v := offer()
	v.Issuer, v.What = strings.Repeat("x", page.MaxText), make([]string, page.MaxItems)
	v.Link = "openid4vp://" + strings.Repeat("x", page.MaxLink-len("openid4vp://"))
	if w := draw(func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, v) }); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), v.Issuer) {
		t.Errorf("status %d", w.Code)
	}
	v.Link += "x"
	if w := draw(func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, v) }); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a longer link: status %d", w.Code)
	}
}

func TestFormsMayReturnToOnePlace(t *testing.T) {
	p := pagesAt(t, origin)
	for back, want := range map[string]string{
		"":                                   "form-action 'self';",
		"https://wallet.example/back":        "form-action 'self' https://wallet.example;",
		"https://wallet.example:444/b?x#y":   "form-action 'self' https://wallet.example:444;",
		"http://127.0.0.1:5001/cb":           "form-action 'self' http://127.0.0.1:5001;",
		"com.example.wallet:/cb":             "form-action 'self' com.example.wallet:;",
		"http://wallet.example/":             "form-action 'self';",
		"javascript:alert(1)":                "form-action 'self';",
		"data:text/html,x":                   "form-action 'self';",
		"blob:x":                             "form-action 'self';",
		"filesystem:x":                       "form-action 'self';",
		"file:///x":                          "form-action 'self';",
		"about:blank":                        "form-action 'self';",
		"ws://x.example":                     "form-action 'self';",
		"wss://x.example":                    "form-action 'self';",
		"https://x.example;script-src *":     "form-action 'self';",
		"https://*.example/x":                "form-action 'self';",
		"https://x.example 'unsafe-inline'/": "form-action 'self';",
		"not a scheme://x":                   "form-action 'self';",
	} {
		v := consent()
		v.Return = back
		policy := draw(func(w http.ResponseWriter, r *http.Request) { p.Consent(w, r, v) }).Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, want) {
			t.Errorf("%q: %s", back, policy)
		}
	}
}

func TestRefusals(t *testing.T) {
	p := pagesAt(t, origin)
	for _, c := range []struct {
		code   reason.Code
		status int
		title  string
	}{
		{reason.SessionUnknown, 400, "This link no longer works"},
		{reason.ObjectUnknown, 404, "This link no longer works"},
		{reason.HTTPCSRF, 403, "Please try again"},
		{reason.StorageUnavailable, 503, "Sorry, something is not working"},
		{reason.SessionCrossDeviceUnconfirmed, 403, "That did not work"},
		{reason.StatusRevoked, 503, "Sorry, something is not working"}, // a decision has no page of its own
	} {
		w := draw(func(w http.ResponseWriter, r *http.Request) { p.Refusal(w, r, reason.New(c.code, "d")) })
		if w.Code != c.status || !strings.Contains(w.Body.String(), "<h1><bdi>"+c.title) {
			t.Errorf("%s: %d %s", c.code, w.Code, regexp.MustCompile("<h1>.*</h1>").FindString(w.Body.String()))
		}
		if strings.Contains(w.Body.String(), string(c.code)) {
			t.Errorf("%s is shown", c.code)
		}
	}
	w := draw(func(w http.ResponseWriter, r *http.Request) { p.Refusal(w, r, fmt.Errorf("unnamed")) })
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "unnamed") {
		t.Errorf("an error without a name: %d", w.Code)
	}
}

func TestAssets(t *testing.T) {
	p := pagesAt(t, origin)
	body := draw(every(p)["offer"]).Body.String()
	css := regexp.MustCompile(`/assets/page-[0-9a-f]{12}\.css`).FindString(body)
	w := httptest.NewRecorder()
	p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, css, nil))
	for header, want := range map[string]string{
		"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	for _, reference := range []string{"url(", "@import", "@font-face", "http:", "https:"} {
		if strings.Contains(w.Body.String(), reference) {
			t.Errorf("the style refers to something: %s", reference)
		}
	}
	for _, absent := range []string{"/assets/page.css", "/assets/", "/assets/../page.go", "/assets/page-000000000000.css"} {
		w := httptest.NewRecorder()
		p.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, absent, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", absent, w.Code)
		}
	}
}

var tag = regexp.MustCompile(`<[^>]*>`)

// skeleton is a page without its texts and the values of its attributes.
func skeleton(body string) string {
	value := regexp.MustCompile(`="[^"]*"`)
	var b strings.Builder
	for _, t := range tag.FindAllString(body, -1) {
		b.WriteString(value.ReplaceAllString(t, "="))
	}
	return b.String()
}

// Whatever a text from outside holds, the page around it is the same, and nothing in it is without a
// shape.
func FuzzOutsideText(f *testing.F) {
	for _, s := range []string{
		"Rose", `"><script>alert(1)</script>`, "a\u202eb\u2066c", "zero\u200bwidth\ufeff", "\x00\x1b[2J\x7f\u0085", "\xff\xfe", "{{.Name}} {0} {1}",
		"'onload=", "&lt;", "a" + strings.Repeat("\u0301", 9), "\U000e0041", "naïve Ŵyl 日本", "no\u00a0break", "</title>", "-->",
	} {
		f.Add(s)
	}
	p := pagesAt(f, origin)
	show := func(s string) string {
		v, c, q := offer(), consent(), request()
		v.Issuer, v.What = s, []string{s}
		c.Issuer, c.Client, c.Person, c.What, c.Token = s, s, s, []string{s}, "t"
		q.Service, q.Controller, q.Purpose, q.What, q.Token = s, s, s, []string{s}, "t"
		var b strings.Builder
		for _, show := range []http.HandlerFunc{
			func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, v) },
			func(w http.ResponseWriter, r *http.Request) { p.Consent(w, r, c) },
			func(w http.ResponseWriter, r *http.Request) { p.Request(w, r, q) },
			func(w http.ResponseWriter, r *http.Request) { p.Presented(w, r, page.Presented{Code: "1" + s}) },
			func(w http.ResponseWriter, r *http.Request) { p.Done(w, r, page.Done{Service: s}) },
			func(w http.ResponseWriter, r *http.Request) { p.Problem(w, r, 400, s, s) },
		} {
			b.WriteString(draw(show).Body.String())
		}
		return b.String()
	}
	plain := skeleton(show("plain"))
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > page.MaxText-1 || s == "" {
			return
		}
		body := show(s)
		if got := skeleton(body); got != plain {
			t.Fatalf("%q changes the page", s)
		}
		for _, r := range body {
			if !unicode.IsPrint(r) && r != '\n' {
				t.Fatalf("%q is shown as it is: %U", s, r)
			}
		}
	})
}

func TestMarksDoNotClimb(t *testing.T) {
	p := pagesAt(t, origin)
	v := offer()
	v.Issuer = "a" + strings.Repeat("\u0301", 9) + "b\u0301"
	body := draw(func(w http.ResponseWriter, r *http.Request) { p.Offer(w, r, v) }).Body.String()
	if want := "<bdi>a" + strings.Repeat("\u0301", 3) + strings.Repeat(`\u0301`, 6) + "b\u0301</bdi>"; !strings.Contains(body, want) {
		t.Error("ten marks stand on one letter")
	}
}

func TestLanguageIsChosen(t *testing.T) {
	p := pagesAt(t, origin)
	for _, c := range []struct{ target, accept, want string }{
		{"/x", "", "en-GB"},
		{"/x", "cy", "cy-GB"},
		{"/x", "cy-GB,en;q=0.8", "cy-GB"},
		{"/x", "en, cy;q=0.9", "en-GB"},
		{"/x", "fr, cy;q=0.1, en;q=0.05", "cy-GB"},
		{"/x", "cy;q=0", "en-GB"},
		{"/x", "cy;q=1, en;q=0.999", "cy-GB"},
		{"/x", "cy;q=-1", "en-GB"},
		{"/x", "cy;x=1", "cy-GB"},
		{"/x", "cy;q=", "en-GB"},
		{"/x", strings.Repeat("fr,", 31) + "cy", "cy-GB"},
		{"/x", strings.Repeat("fr,", 32) + "cy", "en-GB"},
		{"/x", "cy;q=2, en;q=0.1", "en-GB"},
		{"/x", "cy;q=NaN", "en-GB"},
		{"/x", "CY", "cy-GB"},
		{"/x", strings.Repeat("fr,", 40) + "cy", "en-GB"},
		{"/x", "cy" + strings.Repeat(" ", 2000), "en-GB"},
		{"/x?lang=cy-GB", "en", "cy-GB"},
		{"/x?lang=en-GB", "cy", "en-GB"},
		{"/x?lang=tlh", "cy", "cy-GB"},
		{"/x?lang=cy&lang=en", "en", "en-GB"},
	} {
		r := httptest.NewRequest(http.MethodGet, c.target, nil)
		r.Header.Set("Accept-Language", c.accept)
		w := httptest.NewRecorder()
		p.Offer(w, r, offer())
		if got := w.Header().Get("Content-Language"); got != c.want || !strings.Contains(w.Body.String(), `<html lang="`+c.want+`">`) {
			t.Errorf("%s with %.30q: %s, want %s", c.target, c.accept, got, c.want)
		}
	}
}

func TestLanguageCanBeChanged(t *testing.T) {
	p := pagesAt(t, origin)
	r := httptest.NewRequest(http.MethodGet, "/r/a%2Fb?x=1&lang=cy-GB&y=%22", nil)
	w := httptest.NewRecorder()
	p.Offer(w, r, offer())
	link := regexp.MustCompile(`<a href="([^"]*)" lang="en-GB" hreflang="en-GB">English</a>`).FindStringSubmatch(w.Body.String())
	if link == nil {
		t.Fatal("no way back to English")
	}
	u, err := url.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
	if err != nil || u.EscapedPath() != "/r/a%2Fb" || u.Query().Get("lang") != "en-GB" || u.Query().Get("x") != "1" || u.Query().Get("y") != `"` {
		t.Errorf("leads to %s", link[1])
	}
	for _, once := range []string{"done", "problem"} { // asking for these again may not be the same
		if strings.Contains(draw(every(p)[once]).Body.String(), "hreflang") {
			t.Errorf("%s offers another language", once)
		}
	}
	post := httptest.NewRequest(http.MethodPost, "/r/1/confirm", nil)
	answer := httptest.NewRecorder()
	p.Request(answer, post, request())
	if strings.Contains(answer.Body.String(), "hreflang") {
		t.Error("the answer to a form offers another language")
	}
}

func BenchmarkOffer(b *testing.B) {
	p := pagesAt(b, origin)
	show := every(p)["offer"]
	for b.Loop() {
		if w := draw(show); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

func Example() {
	pages, err := page.New(page.Config{Name: "Larkhill Road Surgery", Origin: "https://issuer.larkhill.example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/{file}", pages.Assets())
	mux.HandleFunc("GET /offer", func(w http.ResponseWriter, r *http.Request) {
		pages.Offer(w, r, page.Offer{Issuer: "Larkhill Road Surgery", Link: "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.larkhill.example%2F1"})
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/offer", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Language"))
	// Output: 200 en-GB
}
