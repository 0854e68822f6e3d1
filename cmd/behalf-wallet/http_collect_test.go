// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/internal/world/login"
)

// offerTo lets the surgery grant to whoever signs in with an account, under review or at once.
func (s *sandbox) offerTo(user login.User, review string) (o offered, err error) {
	body := strings.Replace(string(world.Grant(time.Now())), `{"profile"`, `{"collector":{"issuer":"`+s.world.SignIn+`","subject":"`+user.Subject+`"},`+review+`"profile"`, 1)
	return o, s.post(s.world.Issuer+"/admin/v1/delegations", s.world.IssuerToken, []byte(body), &o)
}

// desk is a person at a terminal and a browser: what the command prints on its error output reaches the browser.
type desk struct {
	t       *testing.T
	s       *sandbox
	user    login.User
	mu      sync.Mutex
	errs    bytes.Buffer
	visited bool
}

// Write implements io.Writer. The first address that stands alone on a line is opened in the browser.
func (d *desk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.errs.Write(p)
	if address, ok := strings.CutPrefix(string(p), "  https://"); ok && !d.visited {
		d.visited = true
		go func() {
			b, err := d.s.world.Browser(d.user)
			if err != nil {
				d.t.Error(err)
				return
			}
			defer b.Close()
			// The last page is the wallet's own, which has no form.
			if _, err := b.Authorize(d.t.Context(), "https://"+strings.TrimSpace(address)); err != nil && !strings.Contains(err.Error(), "has no form") {
				d.t.Error(err)
			}
		}()
	}
	return len(p), nil
}

// calls runs the command at the desk, and wants it to end with code.
func (d *desk) calls(code int, args ...string) (out, errs string) {
	d.t.Helper()
	d.t.Setenv(envPassphrase, "correct horse")
	d.mu.Lock()
	d.errs.Reset()
	d.visited = false
	d.mu.Unlock()
	var o bytes.Buffer
	got := run(d.t.Context(), append([]string{"behalf-wallet"}, args...), &command.Program{
		Name: "behalf-wallet", In: strings.NewReader(""), Out: &o, Err: d, Now: time.Now, Random: rand.Reader,
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	if got != code {
		d.t.Fatalf("%q ended with %d: %q %q", args, got, o.String(), d.errs.String())
	}
	return o.String(), d.errs.String()
}

// TestCollect signs in to collect, waits for a review, applies without an offer, and renews under a new key.
func TestCollect(t *testing.T) {
	s := startWorldOf(t, world.Config{SignIn: true})
	tom := login.Users()[0]
	folder := filepath.Join(t.TempDir(), "tom")
	d := &desk{t: t, s: s, user: tom}
	d.calls(0, "init", "--dir", folder, "--registry", s.world.Registry, "--ca", s.world.CA())

	o, err := s.offerTo(tom, "")
	check(t, err)
	out, errs := d.calls(0, "receive", o.Offer.URI, "--dir", folder, "--no-browser")
	if !strings.Contains(errs, "You will have to sign in there.") || !strings.Contains(errs, "Sign in with your browser") || !strings.Contains(out, "Received:") {
		t.Fatalf("%q %q", out, errs)
	}

	// Somebody else's account is given nothing.
	o, err = s.offerTo(login.Users()[1], "")
	check(t, err)
	if out, errs := d.calls(1, "receive", o.Offer.URI, "--dir", folder, "--no-browser"); out != "" {
		t.Errorf("%q %q", out, errs)
	}

	// What is under review comes later.
	o, err = s.offerTo(tom, `"review":true,`)
	check(t, err)
	out, _ = d.calls(0, "receive", o.Offer.URI, "--dir", folder, "--no-browser", "--json")
	var got struct {
		Pending []struct {
			ID string `json:"id"`
		} `json:"pending"`
	}
	check(t, strictjson.Unmarshal([]byte(out), &got))
	if len(got.Pending) != 1 {
		t.Fatalf("%s", out)
	}
	id := got.Pending[0].ID
	for _, args := range [][]string{{"pending"}, {"list"}} {
		if out, _ := d.calls(0, append(args, "--dir", folder)...); !strings.Contains(out, "behalf-wallet collect "+id) {
			t.Errorf("%q: %q", args, out)
		}
	}
	d.calls(1, "collect", id, "--dir", folder)

	// Without an offer: what is granted to the account comes.
	_, err = s.offerTo(tom, "")
	check(t, err)
	if out, errs := d.calls(0, "apply", s.world.Issuer, "--dir", folder, "--no-browser"); !strings.Contains(out, "Received:") {
		t.Errorf("%q %q", out, errs)
	}

	before, _ := d.calls(0, "did", "--dir", folder)
	out, _ = d.calls(0, "keys", "rotate", "--dir", folder)
	after, _ := d.calls(0, "did", "--dir", folder)
	if before == after || !strings.Contains(out, strings.TrimSpace(after)) {
		t.Errorf("%q %q %q", before, after, out)
	}
	out, errs = d.calls(0, "renew", "--all", "--dir", folder, "--no-browser")
	if !strings.Contains(out, "Received:") {
		t.Errorf("%q %q", out, errs)
	}
	out, _ = d.calls(0, "keys", "list", "--dir", folder)
	if !strings.HasPrefix(out, strings.TrimSpace(after)) || !strings.Contains(out, "[in use]") {
		t.Errorf("%q", out)
	}
	d.calls(2, "receive", o.Offer.URI, "--dir", folder, "--copies", "1000")
}
