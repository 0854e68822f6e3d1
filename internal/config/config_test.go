// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/reason"
)

type settings struct {
	Listen   string            `yaml:"listen"`
	Verbose  bool              `yaml:"verbose"`
	Depth    int               `yaml:"depth"`
	Port     uint16            `yaml:"port"`
	Share    float64           `yaml:"share"`
	MaxAge   time.Duration     `yaml:"max-age"`
	Address  netip.Addr        `yaml:"address"`
	Private  []string          `yaml:"private"`
	Ages     []time.Duration   `yaml:"ages"`
	Labels   map[string]string `yaml:"labels"`
	TLS      tlsFiles          `yaml:"tls"`
	Proxy    *tlsFiles         `yaml:"proxy"`
	Profiles []profile         `yaml:"profiles"`
	Ignored  func()            `yaml:"-"`
}

type tlsFiles struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key-file"`
}

type profile struct {
	Name string `yaml:"name"`
	Days int    `yaml:"days"`
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "issuer.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, environ ...string) (settings, error) {
	t.Helper()
	got := settings{Listen: "default"}
	path := ""
	if text != "" {
		path = file(t, text)
	}
	err := config.LoadFrom(path, "issuer", environ, &got)
	return got, err
}

func TestLoad(t *testing.T) {
	got, err := load(t, `
# what we serve
listen: 127.0.0.1:8443
verbose: true
depth: -3
port: 8443
share: 0.5
max-age: 5m
address: "::1"
private: [localhost:1, "b:2"]
ages:
  - 1s
  - 1h30m
labels:
  a: one
  "8": "true"
tls:
  cert: cert.pem
  key-file: |-
    key.pem
proxy: {cert: c}
profiles:
  - name: default
    days: 30
  - name: short
`)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		Listen: "127.0.0.1:8443", Verbose: true, Depth: -3, Port: 8443, Share: 0.5, MaxAge: 5 * time.Minute,
		Address: netip.MustParseAddr("::1"), Private: []string{"localhost:1", "b:2"}, Ages: []time.Duration{time.Second, 90 * time.Minute},
		Labels: map[string]string{"a": "one", "8": "true"}, TLS: tlsFiles{"cert.pem", "key.pem"}, Proxy: &tlsFiles{Cert: "c"},
		Profiles: []profile{{"default", 30}, {Name: "short"}},
	}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b func()) bool { return true })); d != "" {
		t.Error(d)
	}
	for _, text := range []string{"# nothing\n", "---\n", "\n"} {
		if got, err := load(t, text); err != nil || got.Listen != "default" {
			t.Errorf("%q: %v, %v", text, got.Listen, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	got, err := load(t, "listen: a\nprivate: [x]\n",
		"PATH=/bin", "BEHALF_GATEWAY_LISTN=other role", "BEHALF_ISSUER_LISTEN=b=c", "BEHALF_ISSUER_VERBOSE=true", "BEHALF_ISSUER_PORT=1",
		"BEHALF_ISSUER_MAX_AGE=2h", "BEHALF_ISSUER_PRIVATE=p:1, q:2", "BEHALF_ISSUER_AGES=[1s]", "BEHALF_ISSUER_TLS_KEY_FILE=k",
		"BEHALF_ISSUER_PROXY_CERT=z", "BEHALF_ISSUER_LABELS={a: b}", "BEHALF_ISSUER_PROFILES=[{name: n, days: 2}]", "BEHALF_ISSUER_DEPTH=-1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "b=c" || !got.Verbose || got.Port != 1 || got.MaxAge != 2*time.Hour || !cmp.Equal(got.Private, []string{"p:1", "q:2"}) ||
		!cmp.Equal(got.Ages, []time.Duration{time.Second}) || got.TLS.Key != "k" || got.Proxy.Cert != "z" || got.Labels["a"] != "b" ||
		!cmp.Equal(got.Profiles, []profile{{"n", 2}}) || got.Depth != -1 {
		t.Errorf("%+v", got)
	}
	if got, err := load(t, "private: [x]", "BEHALF_ISSUER_PRIVATE="); err != nil || len(got.Private) != 0 {
		t.Errorf("empty list: %v, %v", got.Private, err)
	}
	t.Setenv("BEHALF_ISSUER_LISTEN", "real")
	var s settings
	if err := config.Load("", "issuer", &s); err != nil || s.Listen != "real" {
		t.Errorf("%q, %v", s.Listen, err)
	}
}

// TestRefused holds every message to one line that names the key and its place, and not the value.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a: 1", `issuer.yaml:1: unknown key "a"`},
		{"verbose: true\n\nlistn: hush", `issuer.yaml:3: unknown key "listn" (did you mean "listen"?)`},
		{"tls:\n  cert: x\n  keyfile: hush", `issuer.yaml:3: unknown key "tls.keyfile" (did you mean "tls.key-file"?)`},
		{"profiles:\n- name: a\n- nmae: hush", `issuer.yaml:3: unknown key "profiles[1].nmae" (did you mean "profiles[1].name"?)`},
		{"listen: 8443", `issuer.yaml:1: "listen" wants text, in quotes if it looks like a number or a truth value`},
		{"listen: true", `issuer.yaml:1: "listen" wants text`},
		{"listen: [a]", `issuer.yaml:1: "listen" wants text`},
		{"listen:", `issuer.yaml:1: "listen" has no value`},
		{"listen: ~", `issuer.yaml:1: "listen" has no value`},
		{"\nverbose: hush", `issuer.yaml:2: "verbose" wants true or false`},
		{"verbose: yes", `"verbose" wants true or false`},
		{`verbose: "true"`, `"verbose" wants true or false`},
		{"port: 65536", `"port" wants a whole number (16 bits, in plain decimal)`},
		{"port: -1", `"port" wants a whole number`},
		{"port: 010", `"port" wants a whole number`},
		{"depth: 010", `"depth" wants a whole number`},
		{"depth: -0", `"depth" wants a whole number`},
		{"port: 0x10", `"port" wants a whole number`},
		{"port: 1_0", `"port" wants a whole number`},
		{"port: +1", `"port" wants a whole number`},
		{"port: 1.0", `"port" wants a whole number`},
		{`port: "1"`, `"port" wants a whole number`},
		{"share: .nan", `"share" wants a number`},
		{"share: hush", `"share" wants a number`},
		{"max-age: 300", `"max-age" wants a duration with its unit, such as "5m"`},
		{"max-age: -5m", `"max-age" wants a duration`},
		{"max-age: hush", `"max-age" wants a duration`},
		{"address: hush", `"address" is not well formed`},
		{"private: hush", `"private" wants a list`},
		{"private:\n- a\n- 1", `issuer.yaml:3: "private[1]" wants text`},
		{"labels: [a]", `"labels" wants named values`},
		{"labels:\n  a: 1", `issuer.yaml:2: "labels.a" wants text`},
		{"tls: hush", `"tls" wants settings, one a line`},
		{"- a", `issuer.yaml:1: wants settings, one a line`},
		{"hush", `wants settings, one a line`},
		{"listen: a\nlisten: b", `issuer.yaml:2: mapping key "listen" already defined`},
		{"tls: {cert: a, cert: b}", `already defined`},
		{"listen: &x a", `issuer.yaml:1: anchors, aliases, merge keys and tags are not read`},
		{"listen: &x a\nprivate: [*x]", `are not read`},
		{"labels: &x {a: b}\ntls:\n  <<: *x", `are not read`},
		{"tls:\n  <<: {cert: a}", `a key must be plain text`},
		{"listen: !!str 1", `are not read`},
		{"listen: !!binary aHVzaA==", `are not read`},
		{"1: a", `a key must be plain text`},
		{"listen: a\n---\nlisten: b", `one document is read`},
		{"%YAML 1.2\n---\nlisten: a", `one document is read`},
		{"listen: [", `issuer.yaml:1: `},
		{"listen: a\n\tport: 1", `issuer.yaml:2: `},
		{"listen: \"\xff\"", `is not UTF-8 text`},
		{"listen: a\x00", `is not UTF-8 text`},
		{"private: " + strings.Repeat("[", 65), `is nested too deeply`},
		{"# " + strings.Repeat("a", config.MaxFile), `is larger than`},
		{"private: [" + strings.Repeat("a,", config.MaxItems) + "a]", `"private" has more than 1024 items`},
	} {
		_, err := load(t, c.text)
		check(t, c.text, err, c.want)
	}
}

// TestEnvironmentRefused holds messages about variables to the same.
func TestEnvironmentRefused(t *testing.T) {
	for _, c := range []struct{ environ, want string }{
		{"BEHALF_ISSUER_LISTN=hush", `BEHALF_ISSUER_LISTN: unknown setting (did you mean "BEHALF_ISSUER_LISTEN"?)`},
		{"BEHALF_ISSUER_=hush", `BEHALF_ISSUER_: unknown setting`},
		{"BEHALF_ISSUER_TLS=hush", `BEHALF_ISSUER_TLS: unknown setting`},
		{"BEHALF_ISSUER_listen=hush", `unknown setting`},
		{"BEHALF_ISSUER_PORT=hush", `BEHALF_ISSUER_PORT: "port" wants a whole number`},
		{"BEHALF_ISSUER_PORT=", `BEHALF_ISSUER_PORT: has no value`},
		{"BEHALF_ISSUER_PORT=1\n2", `BEHALF_ISSUER_PORT: `},
		{"BEHALF_ISSUER_VERBOSE=1", `"verbose" wants true or false`},
		{"BEHALF_ISSUER_MAX_AGE=5", `"max-age" wants a duration`},
		{"BEHALF_ISSUER_LABELS={a: [}", `BEHALF_ISSUER_LABELS: `},
		{"BEHALF_ISSUER_LISTEN=\xff", `is not UTF-8`},
		{"BEHALF_ISSUER_LISTEN=" + strings.Repeat("a", config.MaxValue+1), `is too long`},
		{"BEHALF_ISSUER_PRIVATE=" + strings.Repeat(",", config.MaxItems), `has more than 1024 items`},
	} {
		_, err := load(t, "", c.environ)
		check(t, c.environ, err, c.want)
	}
	_, err := load(t, "", "BEHALF_ISSUER_LISTEN=a", "BEHALF_ISSUER_LISTEN=b")
	check(t, "twice", err, "is given twice")
}

func check(t *testing.T, what string, err error, want string) {
	t.Helper()
	what = what[:min(len(what), 60)]
	if reason.Of(err) != reason.CLIConfig || err == nil {
		t.Errorf("%q: got %v", what, err)
		return
	}
	if text := err.Error(); !strings.Contains(text, want) || strings.Contains(text, "\n") || strings.Contains(text, "hush") {
		t.Errorf("%q:\n got %s\nwant %s", what, text, want)
	}
}

func TestFileRefused(t *testing.T) {
	var s settings
	dir := t.TempDir()
	_, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = config.Load(filepath.Join(dir, "none.yaml"), "issuer", &s)
	check(t, "missing", err, "there is no such file")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error("the cause is lost")
	}
	check(t, "folder", config.Load(dir, "issuer", &s), "is not a plain file")
	path := file(t, "listen: a")
	if err := os.Chmod(path, 0o602); err != nil {
		t.Fatal(err)
	}
	check(t, "world-writable", config.Load(path, "issuer", &s), "everybody may write to it")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := config.Load(path, "issuer", &s); err != nil {
		t.Error(err)
	}
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	check(t, "link", config.Load(link, "issuer", &s), "is a symbolic link")
}

// TestProgrammerErrors: a struct that cannot be filled is found by its first use, whatever the file holds.
func TestProgrammerErrors(t *testing.T) {
	for name, into := range map[string]any{
		"nil":          nil,
		"no pointer":   settings{},
		"nil pointer":  (*settings)(nil),
		"not a struct": new(int),
		"no tag":       &struct{ A string }{},
		"twice": &struct {
			A, B string `yaml:"a"`
		}{},
		"unexported": &struct {
			a string `yaml:"a"`
		}{},
		"one variable": &struct {
			A string `yaml:"a-b"`
			B string `yaml:"a_b"`
		}{},
		"nested, same": &struct {
			A struct {
				B string `yaml:"b"`
			} `yaml:"a"`
			C string `yaml:"a-b"`
		}{},
		"type": &struct {
			A chan int `yaml:"a"`
		}{},
		"type in a list": &struct {
			A []any `yaml:"a"`
		}{},
		"key": &struct {
			A map[int]string `yaml:"a"`
		}{},
	} {
		if err := config.LoadFrom("", "issuer", nil, into); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for _, role := range []string{"", "Issuer", "a_b", "a-b"} {
		if err := config.LoadFrom("", role, nil, &settings{}); err == nil {
			t.Errorf("role %q was accepted", role)
		}
	}
}

// FuzzLoad: no text makes the reader panic, and what it refuses it refuses in one line.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{
		"listen: a\n", "tls: {cert: a}\n", "private:\n- a\n- b\n", "profiles: [{name: a, days: 1}]", "max-age: 5m", "labels: {a: b}",
		"listen: &a b", "? a\n: b", "listen: |\n  x\n", "--- # x\nport: 1\n...\n", "listen: !!str a", "<<: *a", "\"a\\x41\": 'b'",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s settings
		err := config.LoadFrom("", "issuer", []string{"BEHALF_ISSUER_PROFILES=" + text, "BEHALF_ISSUER_LABELS=" + text}, &s)
		if err != nil && (reason.Of(err) != reason.CLIConfig || strings.Contains(strconv.Quote(err.Error()), `\n`)) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
