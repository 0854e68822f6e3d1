// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

const (
	secretLength = 26 // characters of rand.Text
	tokenField   = "token"
)

// Token returns what the forms of this browser must carry in their field token, and gives the browser
// the cookie that goes with it if it has none. It must be called before the answer is begun. The
// cookie names no person and ends with the browser.
func (p *Pages) Token(w http.ResponseWriter, r *http.Request) string {
	secret, ok := p.secret(r)
	if !ok {
		secret = rand.Text()
		http.SetCookie(w, &http.Cookie{
			Name: p.cookie(), Value: secret, Path: "/", Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	return tokenOf(secret)
}

// CheckToken refuses, with http.csrf, a form that was not posted by one of our own pages in the
// browser that it was shown in: the token must fit the cookie, and what the browser says about the
// form's origin must be ours. It reads the body, leaves it to be read again, and fails as web.Form
// does too. Call it before anything else reads the form.
func (p *Pages) CheckToken(r *http.Request) error {
	if r.Method != http.MethodPost || !p.ownOrigin(r) {
		return reason.New(reason.HTTPCSRF, "the form was posted from another origin")
	}
	secret, ok := p.secret(r)
	if !ok {
		return reason.New(reason.HTTPCSRF, "the form came without its cookie")
	}
	given, err := formToken(r)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(given), []byte(tokenOf(secret))) != 1 {
		return reason.New(reason.HTTPCSRF, "the form's token does not fit its cookie")
	}
	return nil
}

// formToken returns the field token and puts the body back.
func formToken(r *http.Request) (string, error) {
	body, err := web.ReadBody(r, "application/x-www-form-urlencoded")
	if err != nil {
		return "", err
	}
	again := r.WithContext(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := web.Form(again)
	if err != nil {
		return "", err
	}
	return form.Get(tokenField), nil
}

// ownOrigin reports whether the browser says that our own page posted. It must say so in one way at
// least. A page without a referrer gives its origin as "null" (Fetch §3.1), which then counts for
// nothing: Sec-Fetch-Site decides.
func (p *Pages) ownOrigin(r *http.Request) bool {
	origin, site := r.Header.Values("Origin"), r.Header.Values("Sec-Fetch-Site")
	if len(origin) > 1 || len(site) > 1 {
		return false
	}
	said := false
	if len(site) == 1 {
		if site[0] != "same-origin" {
			return false
		}
		said = true
	}
	if len(origin) == 1 && origin[0] != "null" {
		return origin[0] == p.cfg.Origin
	}
	return said
}

// secret returns the value of the one cookie of ours, if it is of its form.
func (p *Pages) secret(r *http.Request) (string, bool) {
	given := r.CookiesNamed(p.cookie())
	if len(given) != 1 || len(given[0].Value) != secretLength {
		return "", false
	}
	return given[0].Value, true
}

// cookie is the cookie's name. Its prefix makes browsers take it from this very host over TLS alone
// (RFC 6265bis §4.1.3.2); without TLS, on a loopback address, it cannot have it.
func (p *Pages) cookie() string {
	if p.secure {
		return "__Host-behalf-form"
	}
	return "behalf-form"
}

// tokenOf derives the token from the cookie, so that a page that leaks does not hold the cookie.
func tokenOf(secret string) string {
	sum := sha256.Sum256([]byte("behalf form\x00" + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
