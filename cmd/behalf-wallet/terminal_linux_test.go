// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// patience is how long a terminal is waited for.
const patience = 20 * time.Second

// screen is a program of ours that runs in a pseudo terminal.
type screen struct {
	t     *testing.T
	tty   *os.File
	cmd   *exec.Cmd
	mu    sync.Mutex
	grown *sync.Cond
	text  bytes.Buffer
	ended bool
}

// inTerminal starts behalf-wallet in a terminal of 24 rows and 80 columns, with variables besides the test's own.
func inTerminal(t *testing.T, env []string, args ...string) *screen {
	t.Helper()
	s := &screen{t: t, cmd: exec.Command("behalf-wallet", args...)}
	s.grown = sync.NewCond(&s.mu)
	s.cmd.Env = append(append(os.Environ(), "TERM=screen", "NO_COLOR=", "BEHALF_ACCESSIBLE=", "BEHALF_WALLET_PASSPHRASE=correct horse"), env...)
	tty, err := pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 24, Cols: 80})
	check(t, err)
	s.tty = tty
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = tty.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := tty.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.ended = err != nil
			s.grown.Broadcast()
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// sees waits until the terminal was sent each of some texts since the last keys, and returns what it was sent.
func (s *screen) sees(texts ...string) string {
	s.t.Helper()
	late := time.AfterFunc(patience, func() { s.mu.Lock(); s.ended = true; s.grown.Broadcast(); s.mu.Unlock() })
	defer late.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		missing := ""
		for _, text := range texts {
			if !strings.Contains(s.text.String(), text) {
				missing = text
			}
		}
		if missing == "" {
			return s.text.String()
		}
		if s.ended {
			s.t.Fatalf("%q is not on the screen: %q", missing, s.text.String())
		}
		s.grown.Wait()
	}
}

// types sends keys, and forgets what was on the screen.
func (s *screen) types(keys string) {
	s.t.Helper()
	s.mu.Lock()
	s.text.Reset()
	s.mu.Unlock()
	_, err := s.tty.WriteString(keys)
	check(s.t, err)
}

// ends waits until the program ends, with code.
func (s *screen) ends(code int) {
	s.t.Helper()
	killer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer killer.Stop()
	err := s.cmd.Wait()
	got := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		got = failed.ExitCode()
	}
	if got != code {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.t.Fatalf("it ended with %d (%v), want %d: %q", got, err, code, s.text.String())
	}
}

// carer makes a wallet with a credential in it, and returns its folder.
func carer(t *testing.T, s *sandbox) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tom")
	now := time.Now()
	if code, _, errs := at(t, now, "init", "--dir", folder, "--registry", s.world.Registry, "--ca", s.world.CA()); code != 0 {
		t.Fatal(errs)
	}
	collected(t, s, folder)
	return folder
}

// collected takes another credential into the wallet in a folder.
func collected(t *testing.T, s *sandbox, folder string) {
	t.Helper()
	o, err := s.offer("dc+sd-jwt")
	check(t, err)
	if code, _, errs := at(t, time.Now(), "receive", o.Offer.URI, "--tx-code", o.Offer.TxCode, "--dir", folder); code != 0 {
		t.Fatal(errs)
	}
}

// TestForms drives the forms as a person does. Every fact can be reached, and nothing leaves but for a yes.
func TestForms(t *testing.T) {
	s := startWorld(t)
	folder := carer(t, s)
	request := func() string {
		a, err := s.request("appointments", "book")
		check(t, err)
		return a.URI
	}
	const enter, up, down, interrupt = "\r", "\x1b[A", "\x1b[B", "\x03"
	t.Run("yes", func(t *testing.T) {
		one := inTerminal(t, nil, "present", request(), "--dir", folder)
		one.sees("Larkhill Online asks (did:web:localhost%3A", "what the family asked for", "Share this with Larkhill Online?", "lines: ")
		one.types("G" + up + up + up)
		one.sees("permissions kept back") // the last fact, beyond the first screen
		one.types(enter)
		one.sees("enter submit")
		one.types("y")
		one.sees("Allowed.")
		one.ends(0)
	})
	t.Run("no", func(t *testing.T) {
		one := inTerminal(t, nil, "present", request(), "--dir", folder)
		one.sees("Share this with Larkhill Online?")
		one.types(enter)
		one.sees("enter submit")
		one.types("n")
		one.sees("Declined; nothing was shared.")
		one.ends(1)
	})
	t.Run("enter alone is no", func(t *testing.T) {
		one := inTerminal(t, nil, "present", request(), "--dir", folder)
		one.sees("Share this with Larkhill Online?")
		one.types(enter)
		one.sees("enter submit")
		one.types(enter)
		one.sees("Declined; nothing was shared.")
		one.ends(1)
	})
	t.Run("interrupted", func(t *testing.T) {
		link := request()
		one := inTerminal(t, nil, "present", link, "--dir", folder)
		one.sees("Share this with Larkhill Online?")
		one.types(interrupt)
		one.sees("no answer came; nothing was done")
		one.ends(1)
	})
	t.Run("which credential", func(t *testing.T) {
		collected(t, s, folder)
		one := inTerminal(t, nil, "present", request(), "--dir", folder)
		one.sees("These credentials would do:")
		one.types(down + enter)
		one.sees("Share this with Larkhill Online?")
		one.types(enter)
		one.sees("enter submit")
		one.types("y")
		one.sees("Allowed.")
		one.ends(0)
	})
	t.Run("offer", func(t *testing.T) {
		o, err := s.offer("dc+sd-jwt")
		check(t, err)
		one := inTerminal(t, nil, "receive", o.Offer.URI, "--dir", folder)
		one.sees("Offer of Larkhill Road Surgery", "Collect it?")
		one.types("y")
		one.sees("Code that came by another way than the offer (6 digits):")
		one.types(o.Offer.TxCode + enter)
		one.sees("Received:")
		one.ends(0)
	})
	t.Run("pass on", func(t *testing.T) {
		code, out, errs := at(t, time.Now(), "list", "--dir", folder, "--json")
		_, id, _ := strings.Cut(out, `"id":"`)
		if code != 0 {
			t.Fatal(errs)
		}
		file := filepath.Join(t.TempDir(), "june.behalf")
		one := inTerminal(t, nil, "delegate", id[:16], "--to", "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", "--dir", folder, "--out", file)
		one.sees("You hold, and could pass on all or part of:")
		one.types(" " + enter)
		one.sees("Pass this on?")
		one.types(enter)
		one.sees("enter submit")
		one.types("y")
		one.sees("Passed on:")
		one.ends(0)
	})
}

// TestFormPassphrase makes a wallet and opens it, with the passphrase typed, and never shown.
func TestFormPassphrase(t *testing.T) {
	s := startWorld(t)
	folder := filepath.Join(t.TempDir(), "tom")
	const enter = "\r"
	one := inTerminal(t, []string{"BEHALF_WALLET_PASSPHRASE="}, "init", "--dir", folder, "--registry", s.world.Registry, "--ca", s.world.CA())
	one.sees("Passphrase for the new wallet:")
	one.types("battery" + enter)
	one.sees("short enough to be guessed")
	one.ends(1)
	one = inTerminal(t, []string{"BEHALF_WALLET_PASSPHRASE="}, "init", "--dir", folder, "--registry", s.world.Registry, "--ca", s.world.CA())
	one.sees("Passphrase for the new wallet:")
	one.types("battery horse" + enter)
	one.sees("Passphrase, again:")
	one.types("battery horse" + enter)
	if shown := one.sees("Your DID:"); strings.Contains(shown, "battery") {
		t.Error("the passphrase was shown")
	}
	one.ends(0)
	one = inTerminal(t, []string{"BEHALF_WALLET_PASSPHRASE="}, "did", "--qr", "--dir", folder)
	one.sees("Passphrase:")
	one.types("battery house" + enter)
	one.sees("the passphrase is wrong")
	one.ends(1)
}

// TestPlainTerminal: where it is asked for, questions come line by line even in a terminal, and nothing is drawn.
func TestPlainTerminal(t *testing.T) {
	s := startWorld(t)
	folder := carer(t, s)
	for name, c := range map[string]struct{ env, args []string }{
		"--plain":    {nil, []string{"--plain"}},
		"dumb":       {[]string{"TERM=dumb"}, nil},
		"no colour":  {[]string{"NO_COLOR=1"}, nil},
		"accessible": {[]string{"BEHALF_ACCESSIBLE=1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := s.request("appointments", "book")
			check(t, err)
			one := inTerminal(t, c.env, append([]string{"present", a.DeepLink, "--dir", folder}, c.args...)...)
			if shown := one.sees("Share this with Larkhill Online? [yes/no]"); strings.Contains(shown, "\x1b[") {
				t.Errorf("something was drawn: %q", shown)
			}
			one.types("yes\r")
			one.sees("Allowed.")
			one.ends(0)
		})
	}
}

// TestGoOn opens where the service goes on, once the person says so.
func TestGoOn(t *testing.T) {
	s := startService(t)
	folder := carer(t, s)
	dir := t.TempDir()
	browser, visited := filepath.Join(dir, "browser"), filepath.Join(dir, "visited")
	check(t, os.WriteFile(browser, []byte("#!/bin/sh\necho \"$1\" > "+visited+"\n"), 0o700))
	for answer, opened := range map[string]bool{"n": false, "y": true} {
		a, err := s.requestWith(map[string]string{"resource": "appointments", "action": "book", "flow": "same_device", "redirect_uri": back})
		check(t, err)
		one := inTerminal(t, []string{"BROWSER=" + browser}, "present", a.DeepLink, "--dir", folder)
		one.sees("Share this with Larkhill Online?")
		one.types("\r")
		one.sees("enter submit")
		one.types("y")
		one.sees("The service goes on in a browser, at:", "Open it?")
		one.types(answer)
		one.ends(0)
		raw, err := os.ReadFile(visited)
		if opened != (err == nil) || opened && !strings.HasPrefix(string(raw), back+"#response_code=") {
			t.Errorf("%s: %q, %v", answer, raw, err)
		}
		_ = os.Remove(visited)
	}
}

// TestNothingIsAsked: a command that draws nothing writes nothing to the terminal but its words, and waits for no answer of it.
func TestNothingIsAsked(t *testing.T) {
	began := time.Now()
	for _, args := range [][]string{{"--version"}, {"help"}, {"list", "--dir", t.TempDir() + "/none"}} {
		one := inTerminal(t, []string{"TERM=xterm-256color"}, args...)
		shown := one.sees("behalf-wallet")
		one.ends(map[bool]int{true: 1}[args[0] == "list"])
		if strings.Contains(shown, "\x1b") {
			t.Errorf("%q: %q", args, shown)
		}
	}
	if took := time.Since(began); took > 4*time.Second { // each question that nobody answers takes five
		t.Errorf("it took %v", took)
	}
}
