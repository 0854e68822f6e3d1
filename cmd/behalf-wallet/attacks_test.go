// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/reason"
)

// TestAttacks has the rows of attacks.json that concern this command. Those on all commands are in
// internal/command and test/e2e.
func TestAttacks(t *testing.T) {
	s := startWorld(t)
	folder := carer(t, s)
	for id, attack := range map[string]func(*testing.T, *sandbox, string){
		"CLI-01": pathsFromContent, "CLI-03": secretsInArguments, "CLI-06": untrustedFiles, "CLI-07": smuggledOptions, "WAL-15": keysLeave,
	} {
		t.Run(id, func(t *testing.T) { attack(t, s, folder) })
	}
}

// refusedWith runs the command, and wants it to be refused with a reason.
func refusedWith(t *testing.T, code int, why reason.Code, args ...string) {
	t.Helper()
	got, out, errs := at(t, time.Now(), args...)
	if got != code || !strings.Contains(errs, "("+string(why)+")") || out != "" {
		t.Errorf("%q: %d %q %q; want %d, %s", args, got, out, errs, code, why)
	}
}

// pathsFromContent has credentials call themselves what would be a file elsewhere.
func pathsFromContent(t *testing.T, _ *sandbox, _ string) {
	folder := t.TempDir()
	for _, id := range []string{
		"../../.ssh/x", "urn:uuid:../x", "/etc/passwd", "..", ".", "", "urn:uuid:", "a/b", `a\b`, "a\x00b", "a\nb", "-rf", "urn:-rf", "con:aux", "é", ".hidden",
		strings.Repeat("x", maxName+1),
	} {
		if out, err := writeOut(folder, id, "x"); reason.Of(err) != reason.CLIPath {
			t.Errorf("%q became %q, %v", id, out, err)
		}
	}
	// What is a good name, and leads elsewhere by a link that was put there before.
	outside := filepath.Join(t.TempDir(), "outside")
	check(t, os.Symlink(outside, filepath.Join(folder, "good.credential")))
	if _, err := writeOut(folder, "urn:uuid:good", "x"); err == nil {
		t.Error("a link was followed")
	}
	if _, err := os.Lstat(outside); !errors.Is(err, os.ErrNotExist) {
		t.Error("something was written outside")
	}
	out, err := writeOut(folder, "urn:uuid:6b1f0b52-0003", "x")
	check(t, err)
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 || filepath.Dir(out) != folder {
		t.Errorf("%s: %v, %v", out, info, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 2 {
		t.Errorf("%v, %v", left, err)
	}
}

// secretsInArguments gives the passphrase where others on the machine could read it.
func secretsInArguments(t *testing.T, _ *sandbox, folder string) {
	for _, args := range [][]string{
		{"list", "--dir", folder, "--passphrase", "canary"}, {"--passphrase=canary", "list", "--dir", folder}, {"list", "--dir", folder, "-pin", "canary"},
		{"export", "x", "--dir", folder, "--password", "canary", "--yes"},
	} {
		code, out, errs := at(t, time.Now(), args...)
		if code != command.Wrong || !strings.Contains(errs, string(reason.CLISecretArgv)) || strings.Contains(out+errs, "canary") {
			t.Errorf("%q: %d %q %q", args, code, out, errs)
		}
	}
	open := filepath.Join(t.TempDir(), "open")
	check(t, os.WriteFile(open, []byte("correct horse\n"), 0o600))
	check(t, os.Chmod(open, 0o640))
	refusedWith(t, command.Refused, reason.CLIConfig, "list", "--dir", folder, "--passphrase-file", open)
	check(t, os.Chmod(open, 0o600))
	if code, _, errs := at(t, time.Now(), "list", "--dir", folder, "--passphrase-file", open); code != 0 {
		t.Errorf("the right way is refused: %s", errs)
	}
	// The browser, which other programs can look at, is not told either.
	for _, e := range withoutSecrets([]string{"A=b", envPassphrase + "=canary", envBackup + "=canary"}) {
		if strings.Contains(e, "canary") {
			t.Errorf("%s is handed on", e)
		}
	}
}

// untrustedFiles opens wallets that others could have changed. The wallet has no other configuration than what lies
// sealed in it; configuration files are of servers (internal/config has this row for them).
func untrustedFiles(t *testing.T, s *sandbox, _ string) {
	folder := carer(t, s)
	check(t, os.Chmod(folder, 0o777))
	refusedWith(t, command.Refused, reason.StorePermissions, "list", "--dir", folder)
	check(t, os.Chmod(folder, 0o700))
	link := filepath.Join(t.TempDir(), "link")
	check(t, os.Symlink(folder, link))
	refusedWith(t, command.Refused, reason.StorePermissions, "list", "--dir", link)
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(authorities, []byte("a: &a [*a, *a]\n"), 0o600))
	refusedWith(t, command.Refused, reason.CLIConfig, "status", "--dir", folder, "--ca", authorities)
	marker := filepath.Join(folder, rememberedFile)
	check(t, os.Symlink("/dev/zero", marker)) // it is looked for, and never read
	if code, _, errs := at(t, time.Now(), "list", "--dir", folder); code != 0 {
		t.Error(errs)
	}
}

// smuggledOptions gives names that pass for options, or hide a second line.
func smuggledOptions(t *testing.T, _ *sandbox, folder string) {
	for _, args := range [][]string{
		{"accept", "--dir", folder, "--", "-x"}, {"accept", "--dir", folder, "--", "--yes"}, {"show", "--dir", folder, "a\nb"}, {"show", "--dir", folder, "a\x00"},
		{"export", "--dir", folder, "--", "-rf"}, {"import", "--dir", folder, "---"}, {"receive", "--dir", folder, "--qr-file", "a\x1b[2J"}, {"list", "--dir", "a\nb"},
	} {
		refusedWith(t, command.Wrong, reason.CLIArgs, args...)
	}
	// A link that looks like an option to the browser's program is an argument of its own.
	for _, address := range []string{"http://example.org/", "https://user@example.org/", "--help", "file:///etc/passwd", "https://example.org/\x1b[2J", "javascript:alert(1)", ""} {
		if webAddress(address) == nil {
			t.Errorf("a browser would be sent to %q", address)
		}
	}
}

// keysLeave tries to have keys written without a yes, and looks for them in all that the command says and leaves behind.
func keysLeave(t *testing.T, _ *sandbox, folder string) {
	file := filepath.Join(t.TempDir(), "tom.backup")
	for _, name := range []string{"export", "backup"} {
		refusedWith(t, command.Refused, reason.KeyExport, name, file, "--dir", folder)
	}
	rings := &fakeKeyring{}
	if code, _, errs := withKeyring(t, rings, "remember", "--dir", folder); code != command.Refused || !strings.Contains(errs, string(reason.KeyExport)) || len(rings.secrets) > 0 {
		t.Errorf("remember: %d %q %v", code, errs, rings.secrets)
	}
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		t.Error("a backup was written")
	}
	var said bytes.Buffer
	for _, args := range [][]string{
		{"export", file, "--yes"}, {"did"}, {"did", "--qr"}, {"list", "--json"}, {"keys", "list"}, {"keys", "list", "--json"}, {"keys", "rotate", "--json"}, {"status", "--json"},
		{"due"}, {"man"}, {"list", "--passed-on"},
	} {
		code, out, errs := at(t, time.Now(), append(args, "--dir", folder)...)
		if code != 0 {
			t.Errorf("%q: %s", args, errs)
		}
		said.WriteString(out + errs)
	}
	for _, secret := range []string{`"d":`, `"keys":[{"kty"`, "PRIVATE", "correct horse"} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("%q was said", secret)
		}
	}
	check(t, filepath.WalkDir(filepath.Dir(folder), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(`"kty"`)) || bytes.Contains(raw, []byte("correct horse")) {
			t.Errorf("%s holds a secret in the clear", path)
		}
		return err
	}))
}
