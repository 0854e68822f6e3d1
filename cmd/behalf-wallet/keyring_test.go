// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
)

// fakeKeyring keeps secrets in memory, unless it is broken.
type fakeKeyring struct {
	secrets map[string]string
	asked   int
	broken  bool
}

var errBroken = errors.New("no keyring")

func (k *fakeKeyring) Set(service, user, secret string) error {
	if k.broken {
		return errBroken
	}
	if k.secrets == nil {
		k.secrets = map[string]string{}
	}
	k.secrets[service+" "+user] = secret
	return nil
}

func (k *fakeKeyring) Get(service, user string) (string, error) {
	if k.asked++; k.broken {
		return "", errBroken
	}
	return k.secrets[service+" "+user], nil
}

func (k *fakeKeyring) Delete(service, user string) error {
	if k.broken {
		return errBroken
	}
	delete(k.secrets, service+" "+user)
	return nil
}

// withKeyring runs the command in this process, with a keyring, nobody to ask, and the passphrase in the environment.
func withKeyring(t *testing.T, k keyring, args ...string) (code int, out, errs string) {
	t.Helper()
	t.Setenv(envPassphrase, "correct horse")
	return bare(t, k, args...)
}

// bare is withKeyring, and the environment as it is.
func bare(t *testing.T, k keyring, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	p := newProgram(&command.Program{Name: "behalf-wallet", In: strings.NewReader(""), Out: &o, Err: &e, Now: time.Now, Random: rand.Reader}, k)
	code = p.run(t.Context(), append([]string{"behalf-wallet"}, args...))
	return code, o.String(), e.String()
}

// TestRemember lets the keyring keep the passphrase, and takes it back.
func TestRemember(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "tom")
	rings := &fakeKeyring{}
	ends := func(want int, says string, args ...string) {
		t.Helper()
		code, out, errs := bare(t, rings, append(args, "--dir", folder)...)
		if code != want || !strings.Contains(out+errs, says) {
			t.Fatalf("%q: %d %q %q", args, code, out, errs)
		}
	}
	t.Setenv(envPassphrase, "correct horse")
	ends(command.Done, "Your DID", "init", "--registry", "https://registry.example.org", "--registry-key", "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169")
	ends(command.Done, "no passphrase of this wallet", "forget")
	t.Setenv(envPassphrase, "wrong horse")
	ends(command.Refused, "the passphrase is wrong", "remember", "--yes")
	if len(rings.secrets) > 0 {
		t.Fatal("a wrong passphrase is remembered")
	}
	t.Setenv(envPassphrase, "")
	ends(command.Wrong, "no passphrase", "did")
	if rings.asked > 0 {
		t.Error("the keyring was asked, and nobody had it remember anything")
	}
	t.Setenv(envPassphrase, "correct horse")
	ends(command.Done, "Take it back with: behalf-wallet forget", "remember", "--yes")
	t.Setenv(envPassphrase, "")
	ends(command.Done, "did:key:", "did")
	rings.broken = true
	ends(command.Wrong, "the keyring of this computer does not give the passphrase", "did")
	ends(command.Refused, "cannot be reached", "forget")
	rings.broken = false
	ends(command.Done, `"remembered":false`, "forget", "--json")
	ends(command.Wrong, "no passphrase", "did")
	if left, err := os.ReadDir(folder); err != nil || len(rings.secrets) > 0 || strings.Contains(names(left), rememberedFile) {
		t.Errorf("%v %v %v", rings.secrets, left, err)
	}
	t.Setenv(envPassphrase, "correct horse")
	rings.broken = true
	ends(command.Refused, "no keyring that could be used", "remember", "--yes")
	ends(command.Done, "did:key:", "did")
	if code, _, errs := bare(t, rings, "forget", "--dir", filepath.Join(folder, "nowhere")); code != command.Refused || !strings.Contains(errs, "there is no wallet here") {
		t.Errorf("%d %q", code, errs)
	}
}

func names(files []os.DirEntry) string {
	var out []string
	for _, f := range files {
		out = append(out, f.Name())
	}
	return strings.Join(out, " ")
}
