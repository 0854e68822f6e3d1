// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/config"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func initParty() Party {
	return Party{
		Origin: "https://issuer.example.org", Name: `Larkhill "Road": #1, Surgery`, Listen: "127.0.0.1:1",
		Registry: RegistrySettings{URL: "https://registry.example.org", Keys: []string{"did:key:z1", "did:key:z2"}},
	}
}

// settingsOf reads settings as a server does, from text.
func settingsOf[T any](t *testing.T, role, text string, into T) T {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := config.LoadFrom(path, role, nil, &into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return into
}

// TestInitText shows that the settings that init writes are the ones that a server reads.
func TestInitText(t *testing.T) {
	folder := func(role, token string) Folder { return Folder{Path: "/srv/it's here", Role: role, Token: token} }
	p := initParty()

	f := folder("registry", "admin-token")
	registry := DefaultRegistry()
	registry.Listen, registry.Store, registry.Keys, registry.Passphrase = "127.0.0.1:1", f.Store(), f.In("keys"), f.In("passphrase")
	registry.AdminToken = f.In("admin-token")
	if diff := cmp.Diff(registry, settingsOf(t, f.Role, f.RegistryText("127.0.0.1:1", ""), DefaultRegistry())); diff != "" {
		t.Error(diff)
	}
	registry.DID = "did:web:registry.example.org"
	if diff := cmp.Diff(registry, settingsOf(t, f.Role, f.RegistryText("127.0.0.1:1", registry.DID), DefaultRegistry())); diff != "" {
		t.Error(diff)
	}

	f = folder("issuer", "admin-token")
	issuer := DefaultIssuer()
	issuer.Origin, issuer.Name, issuer.Listen, issuer.Registry = p.Origin, p.Name, p.Listen, p.Registry
	issuer.Store, issuer.Keys, issuer.AdminToken = f.Store(), f.Keys(), f.In("admin-token")
	issuer.Profiles = map[string]IssuerProfile{"default": {Relationships: []string{"adult-to-adult", "parent-of-child"}, MaxDays: 366}}
	if diff := cmp.Diff(issuer, settingsOf(t, f.Role, f.IssuerText(p), DefaultIssuer())); diff != "" {
		t.Error(diff)
	}

	f = folder("gateway", "client-token")
	f.Algorithm = "ES384"
	gateway := DefaultGateway()
	gateway.Origin, gateway.Name, gateway.Listen, gateway.Registry = p.Origin, p.Name, p.Listen, p.Registry
	gateway.Store, gateway.Keys, gateway.ClientToken, gateway.Restrictions = f.Store(), f.Keys(), f.In("client-token"), f.In("restrictions.json")
	if diff := cmp.Diff(gateway, settingsOf(t, f.Role, f.GatewayText(p, "restrictions.json"), DefaultGateway())); diff != "" {
		t.Error(diff)
	}
}

// TestInitComments shows that the settings that stand in comments can be taken out of them.
func TestInitComments(t *testing.T) {
	comment := regexp.MustCompile(`(?m)^# ([a-z-]+: ["\[{0-9])`)
	for role, try := range map[string]func(string){
		"registry": func(text string) { settingsOf(t, "registry", text, DefaultRegistry()) },
		"issuer":   func(text string) { settingsOf(t, "issuer", text, DefaultIssuer()) },
		"gateway":  func(text string) { settingsOf(t, "gateway", text, DefaultGateway()) },
	} {
		f := Folder{Path: "/srv", Role: role, Token: "token"}
		text := map[string]string{"registry": f.RegistryText("127.0.0.1:1", ""), "issuer": f.IssuerText(initParty()), "gateway": f.GatewayText(initParty(), "r.json")}[role]
		open := comment.ReplaceAllString(text, "$1")
		if n := len(comment.FindAllString(text, -1)); n < 4 {
			t.Errorf("%s: %d settings in comments", role, n)
		}
		try(open)
	}
}

func TestInitFolder(t *testing.T) {
	f := Folder{Path: filepath.Join(t.TempDir(), "srv"), Role: "issuer", Token: "admin-token", Algorithm: "EdDSA"}
	public, err := f.Make(t.Context(), time.Now, rand.Reader)
	if err != nil || public.Algorithm() != key.EdDSA {
		t.Fatal(public.Algorithm(), err)
	}
	for _, name := range []string{"passphrase", "admin-token"} {
		secret, err := web.ReadSecretFile(f.In(name))
		if err != nil || len(secret.Reveal()) != 43 {
			t.Errorf("%s: %v", name, err)
		}
	}
	keys, err := OpenKeys(t.Context(), f.Keys(), time.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if ring, err := keys.Ring(); err != nil || len(ring.Keys()) != 1 || !ring.Keys()[0].Public.Equal(public) {
		t.Error(err)
	}
	before, err := os.ReadFile(f.In("passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Make(t.Context(), time.Now, rand.Reader); err == nil || !strings.Contains(err.Error(), "holds an issuer already; nothing was changed") {
		t.Error(err)
	}
	if after, err := os.ReadFile(f.In("passphrase")); err != nil || string(after) != string(before) {
		t.Error("a second init changed the passphrase")
	}
}

// TestInitFailures: nothing is left that would pass for a server, and nothing is made of what is wrong.
func TestInitFailures(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	if _, err := (Folder{Path: absent, Role: "gateway", Token: "t", Algorithm: "RS256"}).Make(t.Context(), time.Now, rand.Reader); reason.Of(err) != reason.CLIConfig {
		t.Error(err)
	}
	if _, err := os.Lstat(absent); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder was made for a wrong algorithm")
	}
	broken := iotest.ErrReader(errors.New("no entropy"))
	if _, err := (Folder{Path: absent, Role: "gateway", Token: "t"}).Make(t.Context(), time.Now, broken); err == nil {
		t.Error("secrets were made of nothing")
	}
	if _, err := os.Lstat(filepath.Join(absent, "passphrase")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("an empty passphrase was written")
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := (Folder{Path: open, Role: "gateway", Token: "t"}).Make(t.Context(), time.Now, rand.Reader); reason.Of(err) != reason.StorePermissions {
		t.Error(err)
	}
}

// TestRotation tells of every key what it does, from its making to its end.
func TestRotation(t *testing.T) {
	f := Folder{Path: filepath.Join(t.TempDir(), "srv"), Role: "gateway", Token: "t"}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	if _, err := f.Make(t.Context(), func() time.Time { return now }, rand.Reader); err != nil {
		t.Fatal(err)
	}
	keys, err := OpenKeys(t.Context(), f.Keys(), func() time.Time { return now }, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	states := func() (out []string) {
		t.Helper()
		all, err := keys.States()
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			out = append(out, one.State)
		}
		return out
	}
	r := GatewayConfig{}.Rotation()
	made, err := keys.Rotate(t.Context(), r)
	want := KeyState{ID: made.ID, Algorithm: "ES256", State: "coming", Created: "2026-11-22T10:00:00Z", Activates: now.Add(r.Lead).Format(time.RFC3339)}
	if diff := cmp.Diff(want, made); diff != "" || err != nil || made.ID == "k1" {
		t.Fatal(diff, err)
	}
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{{0, []string{"active", "coming"}}, {r.Lead, []string{"leaving", "active"}}, {r.Lead + r.Overlap, []string{"retired", "active"}}} {
		now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).Add(step.after)
		if diff := cmp.Diff(step.want, states()); diff != "" {
			t.Errorf("after %s: %s", step.after, diff)
		}
	}
	if _, err := keys.Rotate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"active", "coming"}, states()); diff != "" {
		t.Errorf("what is retired was not forgotten: %s", diff)
	}
	if _, err := keys.Rotate(t.Context(), Rotation{}); reason.Of(err) != reason.CLIConfig {
		t.Error(err)
	}
}
