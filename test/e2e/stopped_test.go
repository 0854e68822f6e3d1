// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
)

// clock is one that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// TestIssuerStopped ends the issuer alone. Decisions go on, on the status list that the gateway
// has, until that is as old as the list itself says it may be; from then on every one is a denial
// that says why. The clock is the test's.
func TestIssuerStopped(t *testing.T) {
	const ttl = 5 * time.Minute // the product's default
	c := &clock{}
	w := serve(t, world.Config{Dir: filepath.Join(t.TempDir(), "world"), Now: c.now, Logger: slog.New(slog.DiscardHandler)})
	tom := granted(t, w)
	start := c.now()
	if d := decided(t, w, tom); d.Outcome != "permit" {
		t.Fatalf("with everybody there: %s (%s)", d.Outcome, d.Reason)
	}

	w.Stop("issuer")
	gone(t, w)
	permits := 0
	for c.now().Sub(start) < ttl-30*time.Second {
		if d := decided(t, w, tom); d.Outcome != "permit" {
			t.Fatalf("%s after the list was made: %s (%s)", c.now().Sub(start).Round(time.Second), d.Outcome, d.Reason)
		}
		permits++
		c.forward(20 * time.Second)
	}
	c.forward(start.Add(ttl + 2*time.Second).Sub(c.now())) // the list was made in the moments after start
	for range 3 {
		d := decided(t, w, tom)
		if d.Outcome != "deny" || d.Reason != reason.StatusStale && d.Reason != reason.StatusUnavailable {
			t.Fatalf("%s after the list was made: %s (%s)", c.now().Sub(start).Round(time.Second), d.Outcome, d.Reason)
		}
		t.Logf("%d permits without the issuer; %s after the list was made: %s (%s)", permits, c.now().Sub(start).Round(time.Second), d.Outcome, d.Reason)
		c.forward(10 * time.Second)
	}

	// Later the issuer's keys are too old to be relied on as well, which is no other answer.
	for range 3 {
		c.forward(5 * time.Minute)
		if d := decided(t, w, tom); d.Outcome != "deny" || d.Reason != reason.StatusUnavailable {
			t.Fatalf("%s after the list was made: %s (%s)", c.now().Sub(start).Round(time.Second), d.Outcome, d.Reason)
		}
	}
}

// serve runs a world until the test ends.
func serve(t *testing.T, cfg world.Config) *world.World {
	t.Helper()
	w, err := world.Open(t.Context(), cfg)
	check(t, err)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	check(t, w.Ready(ctx))
	return w
}

// granted returns somebody who may book appointments.
func granted(t *testing.T, w *world.World) *world.Person {
	t.Helper()
	tom, err := w.Person(t.Context(), world.DelegateName, "wallet-tom")
	check(t, err)
	t.Cleanup(func() { _ = tom.Close() })
	office, err := w.Office()
	check(t, err)
	offer, err := office.Grant(t.Context(), world.Grant(time.Now()))
	check(t, err)
	_, err = tom.Receive(t.Context(), offer)
	check(t, err)
	return tom
}

// decided is asked where there must be a decision.
func decided(t *testing.T, w *world.World, p *world.Person) *world.Decision {
	t.Helper()
	d, err := asked(t, w, p)
	if d == nil {
		t.Fatalf("nothing was decided: %v", err)
	}
	return d
}

// asked lets the service ask and a person answer, and returns the decision, if one was made, and
// what the person's wallet met.
func asked(t *testing.T, w *world.World, p *world.Person) (*world.Decision, error) {
	t.Helper()
	service, err := w.Service()
	check(t, err)
	request, err := service.Ask(t.Context(), "appointments", "book")
	check(t, err)
	_, _, sent := p.Present(t.Context(), request.DeepLink)
	got, err := service.Result(t.Context(), request.ID)
	check(t, err)
	return got.Decision, sent
}

// gone waits until nobody answers at the issuer.
func gone(t *testing.T, w *world.World) {
	t.Helper()
	client, err := w.Client()
	check(t, err)
	defer client.Close()
	until := time.Now().Add(within)
	for time.Now().Before(until) {
		if _, err := client.Get(t.Context(), w.Issuer+"/healthz", safehttp.Want{MediaTypes: []string{"application/json", "text/plain"}, MaxBytes: 4096}); err != nil {
			return
		}
	}
	t.Fatal("the issuer goes on answering")
}
