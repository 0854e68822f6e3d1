// SPDX-License-Identifier: Apache-2.0

package safehttp_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

func library(t *testing.T, c *safehttp.Client) *http.Client {
	t.Helper()
	l, err := c.Library(64)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLibrary: what a library may send goes out, what it may not is left behind, and answers of any
// status come back.
func TestLibrary(t *testing.T) {
	var seen http.Header
	var form url.Values
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		_ = r.ParseForm()
		form = r.PostForm
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com/token", strings.NewReader("code=x"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("client", "secret")
	r.Header.Set("Cookie", "a=b")
	r.Header.Set("X-Forwarded-For", "10.0.0.1")
	got, err := library(t, s.client(t)).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != 400 || string(body) != `{"error":"invalid_grant"}` || got.Header.Get("Set-Cookie") != "" {
		t.Errorf("%v %d %s %v", err, got.StatusCode, body, got.Header)
	}
	if form.Get("code") != "x" || seen.Get("Authorization") == "" || seen.Get("Cookie") != "" || seen.Get("X-Forwarded-For") != "" {
		t.Errorf("sent: %v %v", form, seen)
	}
}

// TestLibraryRefusals: a library is held to the rules of every fetch.
func TestLibraryRefusals(t *testing.T) {
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "https://other.example.org/", http.StatusFound)
		case "/html":
			w.Header().Set("Content-Type", "text/html")
		case "/large":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, strings.Repeat(" ", 65))
		}
	})
	l := library(t, s.client(t))
	for address, want := range map[string]reason.Code{
		"https://example.com/redirect": reason.FetchRedirect, "https://example.com/html": reason.FetchLimit, "https://example.com/large": reason.FetchLimit,
		"http://example.com/": reason.FetchBlocked, "https://localhost/": reason.FetchBlocked, "https://10.0.0.1/": reason.FetchBlocked,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := l.Do(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		wantCode(t, err, want)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := l.Do(r); err == nil {
		_ = answer.Body.Close()
		t.Error("a library may DELETE")
	}
	for _, bound := range []int64{0, -1, safehttp.MaxBody + 1} {
		if _, err := s.client(t).Library(bound); err == nil {
			t.Errorf("a bound of %d", bound)
		}
	}
	var none *safehttp.Client
	zero, err := none.Library(1)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := zero.Do(mustRequest(t)); reason.Of(err) != reason.FetchBlocked {
		_ = answer
		t.Errorf("the zero client: %v", err)
	}
}

func mustRequest(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
