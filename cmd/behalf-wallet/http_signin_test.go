// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/qr"
)

// told is an output that says when a text was written to it.
type told struct {
	bytes.Buffer
	want string
	seen chan struct{}
}

func (w *told) Write(p []byte) (int, error) {
	before := strings.Contains(w.String(), w.want)
	n, err := w.Buffer.Write(p)
	if !before && strings.Contains(w.String(), w.want) {
		close(w.seen)
	}
	return n, err
}

// TestSignIn comes back from a browser: once, to the one path, under the one name.
func TestSignIn(t *testing.T) {
	errs := &told{want: "https://issuer.example.org/authorize?x=1", seen: make(chan struct{})}
	p := newProgram(&command.Program{Name: "behalf-wallet", In: strings.NewReader(""), Out: io.Discard, Err: errs, Now: time.Now, Random: rand.Reader}, nil)
	page, err := p.listen(true)
	check(t, err)
	defer page.close()
	redirect := page.Redirect()
	if u, err := url.Parse(redirect); err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || len(u.Path) < 20 || u.RawQuery != "" {
		t.Fatalf("%s, %v", redirect, err)
	}
	type answer struct {
		values url.Values
		err    error
	}
	came := make(chan answer, 1)
	go func() {
		v, err := page.Authorize(t.Context(), "https://issuer.example.org/authorize?x=1")
		came <- answer{v, err}
	}()
	<-errs.seen
	client := &http.Client{Timeout: patienceHTTP}
	defer client.CloseIdleConnections()
	get := func(method, address, host string) (int, http.Header, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		check(t, err)
		if host != "" {
			req.Host = host
		}
		res, err := client.Do(req)
		check(t, err)
		body, err := io.ReadAll(res.Body)
		check(t, err)
		check(t, res.Body.Close())
		return res.StatusCode, res.Header, string(body)
	}
	for name, c := range map[string][3]string{
		"another path":   {"GET", strings.TrimSuffix(redirect, page.path) + "/other?code=evil", ""},
		"another name":   {"GET", redirect + "?code=evil", "evil.example.org"},
		"another method": {"POST", redirect + "?code=evil", ""},
		"too long":       {"GET", redirect + "?code=" + strings.Repeat("x", maxSignInURL), ""},
	} {
		if code, _, _ := get(c[0], c[1], c[2]); code != http.StatusNotFound {
			t.Errorf("%s: %d", name, code)
		}
	}
	if code, _, _ := get("GET", redirect+"?code=%zz", ""); code != http.StatusBadRequest {
		t.Errorf("a query that is none: %d", code)
	}
	code, header, body := get("GET", redirect+"?code=good&state=s&iss=https%3A%2F%2Fissuer.example.org", "")
	if code != http.StatusOK || !strings.Contains(body, "You can close this window") || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") ||
		header.Get("Referrer-Policy") != "no-referrer" || strings.Contains(body, "good") {
		t.Errorf("%d %v %s", code, header, body)
	}
	got := <-came
	check(t, got.err)
	if diff := cmp.Diff(url.Values{"code": {"good"}, "state": {"s"}, "iss": {"https://issuer.example.org"}}, got.values); diff != "" {
		t.Error(diff)
	}
	if _, err := client.Get(redirect + "?code=again"); err == nil {
		t.Error("it listens on")
	}
}

const patienceHTTP = 10 * time.Second

// TestSignInEnds gives up with the command, and goes nowhere but to https.
func TestSignInEnds(t *testing.T) {
	p := newProgram(&command.Program{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: time.Now, Random: rand.Reader}, nil)
	page, err := p.listen(true)
	check(t, err)
	defer page.close()
	if _, err := page.Authorize(t.Context(), "http://issuer.example.org/"); err == nil {
		t.Error("it goes to http")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := page.Authorize(ctx, "https://issuer.example.org/"); err == nil || !strings.Contains(err.Error(), "nobody came back") {
		t.Error(err)
	}
}

func TestOpener(t *testing.T) {
	const address = "https://example.org/?a=b c;d"
	for name, c := range map[string]struct {
		browser, system string
		want            []string
	}{
		"linux":       {"", "linux", []string{"xdg-open", address}},
		"mac":         {"", "darwin", []string{"open", address}},
		"windows":     {"", "windows", []string{"rundll32", "url.dll,FileProtocolHandler", address}},
		"one":         {"firefox", "linux", []string{"firefox", address}},
		"with place":  {"w3m -o x=%s y", "linux", []string{"w3m", "-o", "x=" + address, "y"}},
		"several":     {"firefox:lynx", "linux", []string{"firefox", address}},
		"with spaces": {"  ", "linux", []string{"xdg-open", address}},
	} {
		if diff := cmp.Diff(c.want, opener(c.browser, c.system, address)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestBrowse starts the person's browser, without the secrets of the environment.
func TestBrowse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	script, out := filepath.Join(dir, "browser"), filepath.Join(dir, "out")
	check(t, os.WriteFile(script, []byte("#!/bin/sh\nprintf '%s %s %s' \"$#\" \"$1\" \"$BEHALF_WALLET_PASSPHRASE\" > "+out+"\nexit ${FAIL:-0}\n"), 0o700))
	t.Setenv("BROWSER", script)
	t.Setenv(envPassphrase, "correct horse")
	var errs bytes.Buffer
	p := newProgram(&command.Program{Name: "behalf-wallet", In: strings.NewReader(""), Out: io.Discard, Err: &errs}, nil)
	p.browse(t.Context(), "https://example.org/?a=b&c")
	raw, err := os.ReadFile(out)
	if err != nil || string(raw) != "1 https://example.org/?a=b&c " || errs.Len() > 0 {
		t.Errorf("%q %q %v", raw, errs.String(), err)
	}
	t.Setenv("FAIL", "1")
	p.browse(t.Context(), "https://example.org/")
	if !strings.Contains(errs.String(), "open the address by hand") {
		t.Errorf("%q", errs.String())
	}
	t.Setenv("BROWSER", filepath.Join(dir, "nowhere"))
	p.browse(t.Context(), "https://example.org/")
}

// TestLinkOfPicture reads a link out of a picture, and says what to do where there is none.
func TestLinkOfPicture(t *testing.T) {
	dir := t.TempDir()
	png, err := qr.PNG("openid4vp://?request_uri=https%3A%2F%2Fgateway.example.org%2Fvp%2Frequest%2F1")
	check(t, err)
	good, none := filepath.Join(dir, "good.png"), filepath.Join(dir, "none.png")
	check(t, os.WriteFile(good, png, 0o600))
	check(t, os.WriteFile(none, []byte("no picture"), 0o600))
	folder := filepath.Join(dir, "tom")
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{1, "there is no wallet here", []string{"present", "--qr-file", good, "--yes"}}, // the picture was read
		{1, "no QR code can be read", []string{"present", "--qr-file", none, "--yes"}},
		{1, "cannot be read", []string{"receive", "--qr-file", filepath.Join(dir, "nowhere")}},
		{2, "not both", []string{"receive", "--qr-file", good, "openid-credential-offer://?x"}},
		{2, "or --qr-file FILE", []string{"present", "--yes"}},
	} {
		code, _, errs := at(t, time.Now(), append(slices.Clone(c.args), "--dir", folder)...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%q: %d %q", c.args, code, errs)
		}
	}
}
