// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
)

func config(dir string) world.Config {
	return world.Config{Dir: dir, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
}

// serve runs the world of cfg until the function it returns is called.
func serve(t *testing.T, cfg world.Config) (*world.World, func()) {
	t.Helper()
	w, err := world.Open(t.Context(), cfg)
	check(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	end := func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		ended <- nil
	}
	t.Cleanup(end)
	check(t, w.Ready(ctx))
	return w, end
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPeople shows that the number of the principal is one of those reserved for tests, and has a
// valid check digit (modulus 11).
func TestPeople(t *testing.T) {
	if !strings.HasPrefix(world.PrincipalNumber, "999") || len(world.PrincipalNumber) != 10 {
		t.Fatalf("%s is not reserved for tests", world.PrincipalNumber)
	}
	sum := 0
	for i, digit := range world.PrincipalNumber[:9] {
		sum += int(digit-'0') * (10 - i)
	}
	if want := (11 - sum%11) % 11; int(world.PrincipalNumber[9]-'0') != want {
		t.Errorf("the check digit of %s is not %d", world.PrincipalNumber, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	whole := config(filepath.Join(t.TempDir(), "w"))
	for name, spoil := range map[string]func(c *world.Config){
		"dir":    func(c *world.Config) { c.Dir = "" },
		"clock":  func(c *world.Config) { c.Now = nil },
		"logger": func(c *world.Config) { c.Logger = nil },
		"ttl":    func(c *world.Config) { c.StatusTTL = time.Second },
		"host":   func(c *world.Config) { c.Host = "192.0.2.1" },
	} {
		t.Run(name, func(t *testing.T) {
			c := whole
			spoil(&c)
			if w, err := world.Open(t.Context(), c); err == nil {
				t.Error("it opens")
				_ = w.Close()
			}
		})
	}
	// What was refused gave everything back: the same folder opens.
	w, err := world.Open(t.Context(), whole)
	check(t, err)
	check(t, w.Close())
}

// TestDamaged shows that a file which a world cannot do without is named when it cannot be read.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"ports.json", "ca.pem", "ca.key"} {
		t.Run(name, func(t *testing.T) {
			c := config(filepath.Join(t.TempDir(), "w"))
			w, err := world.Open(t.Context(), c)
			check(t, err)
			check(t, w.Close())
			check(t, os.WriteFile(filepath.Join(c.Dir, name), []byte("damaged"), 0o600))
			if w, err = world.Open(t.Context(), c); err == nil {
				_ = w.Close()
				t.Fatal("it opens")
			}
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%v does not name %s", err, name)
			}
		})
	}
}

// TestPortInUse shows that a world which cannot have its ports says which, and lets go of the rest.
func TestPortInUse(t *testing.T) {
	c := config(filepath.Join(t.TempDir(), "w"))
	w, err := world.Open(t.Context(), c)
	check(t, err)
	gateway := strings.TrimPrefix(w.Gateway, "https://localhost")
	check(t, w.Close())
	taken, err := net.Listen("tcp", "127.0.0.1"+gateway)
	check(t, err)
	if _, err := world.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "127.0.0.1"+gateway+" is in use") {
		t.Errorf("%v does not name %s", err, gateway)
	}
	check(t, taken.Close())
	w, err = world.Open(t.Context(), c)
	check(t, err)
	if !strings.HasSuffix(w.Gateway, gateway) {
		t.Errorf("the gateway moved from %s to %s", gateway, w.Gateway)
	}
	check(t, w.Close())
}

// TestAgain shows that a world which is opened again is the same, and that its certificates are
// made anew when their time is over.
func TestAgain(t *testing.T) {
	c := config(filepath.Join(t.TempDir(), "w"))
	first, end := serve(t, c)
	authority, err := os.ReadFile(first.CA())
	check(t, err)
	end()
	second, end := serve(t, c)
	if first.Issuer != second.Issuer || first.IssuerToken != second.IssuerToken || first.RegistryKey != second.RegistryKey {
		t.Error("it is another world")
	}
	if same, err := os.ReadFile(second.CA()); err != nil || string(same) != string(authority) {
		t.Errorf("another authority: %v", err)
	}
	end()
	c.Now = func() time.Time { return time.Now().Add(91 * 24 * time.Hour) }
	third, _ := serve(t, c)
	if same, err := os.ReadFile(third.CA()); err != nil || string(same) == string(authority) {
		t.Errorf("an authority that has expired goes on: %v", err)
	}
}

// TestStop ends one server; the others go on, and the world ends without an error.
func TestStop(t *testing.T) {
	w, end := serve(t, config(filepath.Join(t.TempDir(), "w")))
	w.Stop("gateway")
	w.Stop("gateway")
	w.Stop("nobody")
	client, err := w.Client()
	check(t, err)
	defer client.Close()
	want := safehttp.Want{MediaTypes: []string{"application/json", "text/plain"}, MaxBytes: 4096}
	until := time.Now().Add(10 * time.Second)
	for time.Now().Before(until) {
		if _, err = client.Get(t.Context(), w.Gateway+"/healthz", want); err != nil {
			break
		}
	}
	if err == nil {
		t.Error("the gateway goes on")
	}
	for _, origin := range []string{w.Registry, w.Issuer} {
		if _, err := client.Get(t.Context(), origin+"/healthz", want); err != nil {
			t.Errorf("%s: %v", origin, err)
		}
	}
	end()
}

// TestActors shows that a refusal comes back as its reason, whoever asks.
func TestActors(t *testing.T) {
	w, _ := serve(t, config(filepath.Join(t.TempDir(), "w")))
	office, err := w.Office()
	check(t, err)
	if _, err := office.Grant(t.Context(), []byte(`{"profile":"default"}`)); reason.Of(err) != reason.CredentialSchemaInvalid {
		t.Errorf("a grant that says nothing: %v", err)
	}
	if err := office.Revoke(t.Context(), "dg-nobody"); reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("revoking nothing: %v", err)
	}
	service, err := w.Service()
	check(t, err)
	if _, err := service.Result(t.Context(), "nothing"); reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("the result of nothing: %v", err)
	}
	w.IssuerToken = "wrong"
	office, err = w.Office()
	check(t, err)
	_, err = office.Grant(t.Context(), world.Grant(time.Now()))
	refused, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok || refused.Status != 401 {
		t.Errorf("with a wrong token: %v", err)
	}
}
