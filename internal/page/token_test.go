// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/reason"
)

// browser gets a token and the cookie that goes with it.
func browser(t *testing.T, p *page.Pages) (token string, cookie *http.Cookie) {
	t.Helper()
	w := httptest.NewRecorder()
	token = p.Token(w, httptest.NewRequest(http.MethodGet, "/", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	return token, cookies[0]
}

func post(token string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/confirm", strings.NewReader(url.Values{"token": {token}, "code": {"12345678"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "null") // as browsers do for a page without a referrer
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

func TestCookieIsOurOwn(t *testing.T) {
	_, cookie := browser(t, pagesAt(t, origin))
	if cookie.Name != "__Host-behalf-form" || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.Domain != "" ||
		cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 0 || !cookie.Expires.IsZero() {
		t.Errorf("cookie %+v", cookie)
	}
	_, plain := browser(t, pagesAt(t, "http://127.0.0.1:1"))
	if plain.Name != "behalf-form" || plain.Secure || !plain.HttpOnly {
		t.Errorf("cookie without TLS %+v", plain)
	}
}

func TestTokenIsTaken(t *testing.T) {
	p := pagesAt(t, origin)
	token, cookie := browser(t, p)
	if strings.Contains(token, cookie.Value) || token == "" {
		t.Error("the token gives the cookie away")
	}
	for name, origins := range map[string][2]string{
		"both": {origin, "same-origin"}, "site alone": {"", "same-origin"}, "origin alone": {origin, ""}, "no referrer": {"null", "same-origin"},
	} {
		t.Run(name, func(t *testing.T) {
			r := post(token, cookie)
			set(r, "Origin", origins[0])
			set(r, "Sec-Fetch-Site", origins[1])
			if err := p.CheckToken(r); err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(r.Body); err != nil || !strings.Contains(string(body), "code=12345678") {
				t.Errorf("the form is gone: %q %v", body, err)
			}
		})
	}
}

func set(r *http.Request, name, value string) {
	if value == "" {
		r.Header.Del(name)
		return
	}
	r.Header.Set(name, value)
}

func TestTokenIsKept(t *testing.T) {
	p := pagesAt(t, origin)
	token, cookie := browser(t, p)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(cookie)
	w := httptest.NewRecorder()
	if again := p.Token(w, r); again != token || len(w.Result().Cookies()) != 0 {
		t.Error("a second page takes the first one's token away")
	}
	other, _ := browser(t, p)
	if other == token {
		t.Error("two browsers have one token")
	}
}

func TestFormsFromElsewhere(t *testing.T) {
	p := pagesAt(t, origin)
	token, cookie := browser(t, p)
	other, otherCookie := browser(t, p)
	for name, c := range map[string]struct {
		request *http.Request
		change  func(*http.Request)
	}{
		"no cookie":          {post(token), nil},
		"no token":           {post("", cookie), nil},
		"another's token":    {post(other, cookie), nil},
		"another's cookie":   {post(token, otherCookie), nil},
		"two cookies":        {post(token, cookie, otherCookie), nil},
		"an empty cookie":    {post(token, &http.Cookie{Name: cookie.Name}), nil},
		"a long cookie":      {post(token, &http.Cookie{Name: cookie.Name, Value: cookie.Value + "x"}), nil},
		"the cookie itself":  {post(cookie.Value, cookie), nil},
		"another name":       {post(token, &http.Cookie{Name: "behalf-form", Value: cookie.Value}), nil},
		"by GET":             {post(token, cookie), func(r *http.Request) { r.Method = http.MethodGet }},
		"another site":       {post(token, cookie), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		"a neighbour":        {post(token, cookie), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }},
		"typed":              {post(token, cookie), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") }},
		"another origin":     {post(token, cookie), func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }},
		"origin's beginning": {post(token, cookie), func(r *http.Request) { r.Header.Set("Origin", origin+".evil.example") }},
		"two origins":        {post(token, cookie), func(r *http.Request) { r.Header.Add("Origin", origin) }},
		"two sites":          {post(token, cookie), func(r *http.Request) { r.Header.Add("Sec-Fetch-Site", "same-origin") }},
		"two sites, our origin": {post(token, cookie), func(r *http.Request) {
			r.Header.Set("Origin", origin)
			r.Header.Add("Sec-Fetch-Site", "same-origin")
		}},
		"null and no site":   {post(token, cookie), func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }},
		"neither":            {post(token, cookie), func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Del("Origin") }},
		"token in the query": {post("", cookie), func(r *http.Request) { r.URL.RawQuery = "token=" + token }},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(c.request)
			}
			if err := p.CheckToken(c.request); reason.Of(err) != reason.HTTPCSRF {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFormsThatAreNone(t *testing.T) {
	p := pagesAt(t, origin)
	token, cookie := browser(t, p)
	twice := post(token, cookie)
	twice.Body = io.NopCloser(strings.NewReader("token=" + token + "&token=" + token))
	json := post(token, cookie)
	json.Header.Set("Content-Type", "application/json")
	for want, r := range map[reason.Code]*http.Request{reason.HTTPDuplicateParam: twice, reason.HTTPMediaType: json} {
		if err := p.CheckToken(r); reason.Of(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
