// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/qr"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/wallet"
)

// back is where the service of these tests goes on.
const back = "https://service.example.org/back"

func startService(t *testing.T) *sandbox {
	t.Helper()
	return startWorldOf(t, world.Config{Gateway: func(c *wire.GatewayConfig) { c.Redirects = []string{back} }})
}

// TestOtherDevice answers a request that was scanned off another screen: the person is told the code to enter there,
// and whom not to tell it.
func TestOtherDevice(t *testing.T) {
	s := startService(t)
	folder := carer(t, s)
	a, err := s.requestWith(map[string]string{"resource": "appointments", "action": "book", "flow": "cross_device"})
	check(t, err)
	png, err := qr.PNG(a.DeepLink)
	check(t, err)
	picture := filepath.Join(t.TempDir(), "screen.png")
	check(t, os.WriteFile(picture, png, 0o600))
	code, out, errs := at(t, time.Now(), "present", "--qr-file", picture, "--yes", "--dir", folder)
	if code != 0 || !strings.Contains(out, "Enter this code where you began: ") || !strings.Contains(out, "Then tell nobody the code.") {
		t.Errorf("%d %q %q", code, out, errs)
	}
}

// TestSameDevice is told where the service goes on, and opens it only for a yes.
func TestSameDevice(t *testing.T) {
	s := startService(t)
	folder := carer(t, s)
	dir := t.TempDir()
	browser, visited := filepath.Join(dir, "browser"), filepath.Join(dir, "visited")
	check(t, os.WriteFile(browser, []byte("#!/bin/sh\necho \"$1\" > "+visited+"\n"), 0o700))
	request := func() string {
		a, err := s.requestWith(map[string]string{"resource": "appointments", "action": "book", "flow": "same_device", "redirect_uri": back})
		check(t, err)
		return a.DeepLink
	}
	t.Setenv("BROWSER", browser)
	code, out, errs := at(t, time.Now(), "present", request(), "--yes", "--dir", folder)
	if code != 0 || !strings.Contains(errs, "The service goes on in a browser, at:\n  "+back+"#response_code=") {
		t.Errorf("%d %q %q", code, out, errs)
	}
	if _, err := os.Stat(visited); err == nil {
		t.Error("a browser was opened, and nobody asked for it")
	}
	code, out, errs = at(t, time.Now(), "present", request(), "--yes", "--json", "--dir", folder)
	if code != 0 || !strings.Contains(out, `"redirect_uri":"`+back+`#response_code=`) || strings.Contains(errs, "goes on") {
		t.Errorf("%d %q %q", code, out, errs)
	}
}

// TestTooMuch names what a service may not ask for.
func TestTooMuch(t *testing.T) {
	var errs bytes.Buffer
	p := newProgram(&command.Program{In: strings.NewReader(""), Out: io.Discard, Err: &errs}, nil)
	if err := p.tooMuch(&wallet.OverAsked{TooMuch: []string{"identifier", "permission \x1b[2J"}}); err == nil {
		t.Error("it is no refusal any more")
	}
	want := "Nothing was shared. This is more than the service may ask for:\n  identifier\n  permission \\u001b[2J\n"
	if errs.String() != want {
		t.Errorf("%q", errs.String())
	}
	if err := p.tooMuch(io.EOF); err != io.EOF || errs.String() != want {
		t.Errorf("%v %q", err, errs.String())
	}
}

// TestConsentLines says what is special about an answer.
func TestConsentLines(t *testing.T) {
	for _, c := range []struct {
		v    wallet.Consent
		want string
	}{
		{wallet.Consent{Credential: &wallet.Entry{}, Agreement: true}, "it can show later that you agreed"},
		{wallet.Consent{Credential: &wallet.Entry{}}, "It does not say what it wants to do."},
		{wallet.Consent{Credential: &wallet.Entry{}, Warnings: []wallet.Warning{{Text: "shown before"}}}, "! shown before"},
	} {
		if got := strings.Join(consentLines(c.v), "\n"); !strings.Contains(got, c.want) || strings.Contains(got, "  for  ") {
			t.Errorf("%q is not in %q", c.want, got)
		}
	}
}
