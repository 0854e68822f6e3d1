// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/wallet"
)

// at runs the command in this process at an instant, with nobody to ask.
func at(t *testing.T, now time.Time, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv(envPassphrase, "correct horse")
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"behalf-wallet"}, args...), &command.Program{
		Name: "behalf-wallet", In: strings.NewReader(""), Out: &o, Err: &e, Now: func() time.Time { return now }, Random: rand.Reader,
	})
	return code, o.String(), e.String()
}

// TestOffline lists with the names of the framework while nobody can be reached, now and when the
// snapshot is long past its end.
func TestOffline(t *testing.T) {
	s := startWorld(t)
	dir := filepath.Join(t.TempDir(), "tom")
	now := time.Now()
	if code, _, errs := at(t, now, "init", "--dir", dir, "--registry", s.world.Registry, "--ca", s.world.CA()); code != 0 {
		t.Fatal(errs)
	}
	o, err := s.offer("dc+sd-jwt")
	check(t, err)
	if code, _, errs := at(t, now, "receive", o.Offer.URI, "--tx-code", o.Offer.TxCode, "--dir", dir); code != 0 {
		t.Fatal(errs)
	}
	s.stop()
	for _, later := range []time.Duration{0, 30 * 24 * time.Hour} {
		code, out, errs := at(t, now.Add(later), "list", "--dir", dir)
		if code != 0 || !strings.Contains(out, "from Larkhill Road Surgery") || errs != "" {
			t.Errorf("after %v: %d %q %q", later, code, out, errs)
		}
	}
	code, _, errs := at(t, now, "status", "--dir", dir)
	if code != 1 || strings.Count(errs, "\n") > 1 {
		t.Errorf("status: %d %q", code, errs)
	}
	code, _, errs = at(t, now.Add(30*24*time.Hour), "receive", o.Offer.URI, "--dir", dir)
	if code != 1 || !strings.Contains(errs, "the trust registry cannot be reached; check the connection and try again (trust.registry_unavailable)") {
		t.Errorf("receive: %d %q", code, errs)
	}
	check(t, os.Remove(filepath.Join(dir, "cache.age")))
	if code, out, _ := at(t, now, "list", "--dir", dir); code != 0 || !strings.Contains(out, "from Larkhill Road Surgery") {
		t.Errorf("without its cache: %d %q", code, out)
	}
}

// TestOutsideText shows that text from outside cannot act on a terminal, nor make a line of its own.
func TestOutsideText(t *testing.T) {
	evil := "a\x1b[2Jb\u202ec\u200bd\ne\u0085f\u2028g\U000e0001h"
	consent := wallet.Consent{
		Verifier: evil, Access: vp.Access{Resource: evil, Purpose: evil}, Credential: &wallet.Entry{ID: evil, Issuer: evil},
		Facts: []wallet.Fact{{Name: evil, Value: evil}},
	}
	told := wallet.Told{Outcome: "deny", Text: evil, NarrowTo: []string{evil}, Obligations: []string{evil}, Evaluation: evil}
	var errs, out bytes.Buffer
	shell := &command.Program{In: strings.NewReader(""), Out: &out, Err: &errs}
	p := newProgram(shell, nil)
	check(t, p.Show(consentLines(consent)...))
	check(t, p.JSON(presented{consent, true, told}))
	safe(t, errs.String(), len(consentLines(consent)))
	safe(t, out.String(), 1)
	var back presented
	check(t, strictjson.Unmarshal(out.Bytes(), &back))
	if back.Text != evil || back.Verifier != evil || back.Facts[0].Value != evil {
		t.Errorf("JSON does not say what came: %q", back.Text)
	}
}

func safe(t *testing.T, text string, lines int) {
	t.Helper()
	if strings.Count(text, "\n") != lines {
		t.Errorf("%d lines, want %d: %q", strings.Count(text, "\n"), lines, text)
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U was written", r)
		}
	}
}

// asks is a person whose answers come from in.
func asks(in io.Reader) *person {
	return newPerson(&command.Program{In: in, Err: io.Discard, Out: io.Discard})
}

// TestInterrupted shows that a question ends with the command.
func TestInterrupted(t *testing.T) {
	in, _, err := os.Pipe()
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := asks(in).ask(ctx, "?"); err == nil {
		t.Error("an answer came from nowhere")
	}
	if ok, err := asks(strings.NewReader(strings.Repeat("y", maxAnswer+2)+"\n")).agrees(t.Context(), "?"); ok || err == nil {
		t.Error("a long answer agrees")
	}
	for answer, want := range map[string]bool{"yes\n": true, "Y\n": true, " yes \n": true, "yes": true, "\n": false, "ja\n": false, "yess\n": false} {
		if ok, err := asks(strings.NewReader(answer)).agrees(t.Context(), "?"); ok != want || err != nil {
			t.Errorf("%q: %v, %v", answer, ok, err)
		}
	}
}

// brokenWriter is a pipe whose reader is gone.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// TestBrokenPipe covers CLI-04: what could not be told is not done.
func TestBrokenPipe(t *testing.T) {
	t.Setenv(envPassphrase, "correct horse")
	dir := filepath.Join(t.TempDir(), "w")
	for _, args := range [][]string{
		{"init", "--dir", dir, "--registry", "https://registry.example.org", "--registry-key", "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"},
		{"did", "--dir", dir}, {"list", "--dir", dir}, {"list", "--dir", dir, "--json"},
	} {
		code := run(t.Context(), append([]string{"behalf-wallet"}, args...), &command.Program{
			Name: "behalf-wallet", In: strings.NewReader(""), Out: brokenWriter{}, Err: io.Discard, Now: time.Now, Random: rand.Reader,
		})
		if code == 0 {
			t.Errorf("%v ended with 0", args)
		}
	}
}
