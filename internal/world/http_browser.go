// SPDX-License-Identifier: Apache-2.0

package world

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/world/login"
)

// Bounds of a Browser.
const (
	browserSteps = 16      // pages and redirects of one sign-in
	browserPage  = 1 << 20 // bytes of a page
	browserWait  = 10 * time.Second
)

// Browser is a person at a browser, who signs in and agrees: it follows the issuer's pages as they are,
// cookies and forms included, and stops where the wallet would be told. It is a wallet.SignIn.
type Browser struct {
	client   *http.Client
	user     login.User
	redirect string
	answer   string
}

// Browser returns a browser of this world in which user signs in and answers every question with yes.
func (w *World) Browser(user login.User) (*Browser, error) { return w.browser(user, "yes") }

// Decliner is Browser, but that the answer is no.
func (w *World) Decliner(user login.User) (*Browser, error) { return w.browser(user, "no") }

func (w *World) browser(user login.User, answer string) (*Browser, error) {
	ca, err := os.ReadFile(w.CA())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("world: the certificate authority cannot be read")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Browser{
		client: &http.Client{
			Jar: jar, Timeout: browserWait, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		user: user, redirect: "http://127.0.0.1:50123/back", answer: answer,
	}, nil
}

// Close ends the connections of b.
func (b *Browser) Close() { b.client.CloseIdleConnections() }

// Redirect implements wallet.SignIn.
func (b *Browser) Redirect() string { return b.redirect }

// Authorize implements wallet.SignIn.
func (b *Browser) Authorize(ctx context.Context, address string) (url.Values, error) {
	next, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	for range browserSteps {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(next.URL.String(), b.redirect+"?") {
			return next.URL.Query(), nil
		}
		next, err = b.step(ctx, next)
	}
	return nil, errors.New("world: the pages of the sign-in do not end")
}

// step sends r and returns what a person's click, or a redirect, leads to.
func (b *Browser) step(ctx context.Context, r *http.Request) (*http.Request, error) {
	res, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(io.LimitReader(res.Body, browserPage))
	if err != nil {
		return nil, err
	}
	if to, err := res.Location(); err == nil {
		return http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("world: %s answers %s", r.URL.Path, res.Status)
	}
	return b.submit(ctx, r.URL, page)
}

// submit fills the one form with a hidden field of a page and sends it.
func (b *Browser) submit(ctx context.Context, at *url.URL, page []byte) (*http.Request, error) {
	form := lastForm(page)
	action, err := at.Parse(attribute(form, `<form`, "action"))
	if err != nil || form == nil {
		return nil, fmt.Errorf("world: %s has no form", at.Path)
	}
	fields := url.Values{"username": {b.user.Username}, "password": {b.user.Password}}
	if bytes.Contains(form, []byte(`name="answer"`)) {
		fields = url.Values{"answer": {b.answer}}
	}
	for _, hidden := range []string{"id", "token"} {
		if tag := `name="` + hidden + `"`; bytes.Contains(form, []byte(tag)) {
			fields.Set(hidden, attribute(form, tag, "value"))
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, action.String(), strings.NewReader(fields.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", at.Scheme+"://"+at.Host)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r, nil
}

// lastForm returns the last form of a page that has a hidden field, nil if it has none.
func lastForm(page []byte) []byte {
	var found []byte
	for {
		_, rest, more := bytes.Cut(page, []byte("<form"))
		if !more {
			return found
		}
		form, after, _ := bytes.Cut(rest, []byte("</form>"))
		if bytes.Contains(form, []byte(`type="hidden"`)) {
			found = append([]byte("<form"), form...)
		}
		page = after
	}
}

// attribute returns an attribute of the first tag behind mark.
func attribute(form []byte, mark, name string) string {
	_, rest, _ := bytes.Cut(form, []byte(mark))
	tag, _, _ := bytes.Cut(rest, []byte(">"))
	_, value, _ := bytes.Cut(tag, []byte(" "+name+`="`))
	value, _, _ = bytes.Cut(value, []byte(`"`))
	return html.UnescapeString(string(value))
}
