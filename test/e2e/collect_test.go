// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// gathering is a real issuer and gateway, and a real wallet whose clock can be moved on.
type gathering struct {
	t      *testing.T
	world  *world.World
	office *world.Office
	tom    *wire.OpenedWallet
	ahead  time.Duration
}

func gather(t *testing.T) *gathering { return gatherWith(t, func(*world.Config) {}, nil) }

// gatherWith is gather in a world that set changes, with somebody who vouches for the wallet.
func gatherWith(t *testing.T, set func(*world.Config), by wallet.Attester) *gathering {
	t.Helper()
	g := &gathering{t: t}
	cfg := world.Config{Dir: filepath.Join(t.TempDir(), "world"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	set(&cfg)
	var err error
	g.world, err = world.Open(t.Context(), cfg)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.world.Serve(ctx) }()
	t.Cleanup(func() { cancel(); check(t, <-ended) })
	check(t, g.world.Ready(t.Context()))
	g.office, err = g.world.Office()
	check(t, err)
	ca, err := os.ReadFile(g.world.CA())
	check(t, err)
	settings := wallet.Settings{Registry: g.world.Registry, Trusted: []string{g.world.RegistryKey}, CA: string(ca)}
	vault, err := wallet.Create(t.Context(), filepath.Join(t.TempDir(), "tom"), []byte("p"), settings, rand.Reader)
	check(t, err)
	t.Cleanup(func() { check(t, vault.Close()) })
	g.tom, err = wire.AttestedWallet(t.Context(), vault, "", by, wire.Deps{
		Now: func() time.Time { return time.Now().Add(g.ahead) }, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
	check(t, err)
	t.Cleanup(g.tom.Close)
	return g
}

// receive collects a fresh grant, changed by the words more.
func (g *gathering) receive(copies int, more string) (string, wallet.Collected) {
	g.t.Helper()
	grant := bytes.Replace(world.Grant(time.Now()), []byte("{"), []byte("{"+more), 1)
	offer, err := g.office.Grant(g.t.Context(), grant)
	check(g.t, err)
	got, err := g.tom.Receive(g.t.Context(), offer.Offer.URI, wallet.Collector{
		Copies: copies, Accept: func(wallet.OfferView) (string, error) { return offer.Offer.TxCode, nil },
	})
	check(g.t, err)
	return offer.ID, got
}

// decide lets the operator approve or decline.
func (g *gathering) decide(id, how string) {
	g.t.Helper()
	client, err := g.world.Client()
	check(g.t, err)
	defer client.Close()
	_, err = client.Post(g.t.Context(), g.world.Issuer+"/admin/v1/delegations/"+id+"/"+how, "application/json", []byte(`{"reason":"reviewed"}`), safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Statuses: []int{200, 204},
		Header: map[string][]string{"Authorization": {"Bearer " + g.world.IssuerToken}, "Idempotency-Key": {rand.Text()}},
	})
	check(g.t, err)
}

func (g *gathering) good(entries []*wallet.Entry) {
	g.t.Helper()
	for _, e := range entries {
		if s := g.tom.Status(g.t.Context(), e); !s.Good() {
			g.t.Errorf("status: %+v", s)
		}
	}
}

// TestCopiesAndRenewal has the real issuer give one-time copies to the real wallet, shows them, and has them
// issued anew: bound to a new key, with the old ones revoked once the wallet says that they are gone.
func TestCopiesAndRenewal(t *testing.T) {
	g := gather(t)
	_, got := g.receive(4, "")
	if len(got.Entries) != 4 || !got.Entries[0].Renewable {
		t.Fatalf("%d copies: %+v", len(got.Entries), got)
	}
	g.good(got.Entries)
	shows(t, g.world, g.tom.Wallet, "appointments", "book", "permit")
	fresh, err := g.tom.Renew(t.Context(), got.Entries[0].ID, wallet.Collector{})
	check(t, err)
	g.good(fresh.Entries)
	all, _, err := g.tom.List(t.Context())
	check(t, err)
	if len(fresh.Entries) != 4 || len(all) != 4 {
		t.Errorf("%d new, %d held", len(fresh.Entries), len(all))
	}
	shows(t, g.world, g.tom.Wallet, "appointments", "book", "permit")

	_, got = g.receive(0, "")
	old := g.tom.DID()
	if _, err = g.tom.RotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.good(got.Entries)
	fresh, err = g.tom.Renew(t.Context(), got.Entries[0].ID, wallet.Collector{})
	check(t, err)
	if id := fresh.Entries[0].Credential().Delegate.ID; id != g.tom.DID().String() {
		t.Errorf("bound to %s", id)
	}
	check(t, g.tom.DropKey(t.Context(), old))
	shows(t, g.world, g.tom.Wallet, "appointments", "book", "permit")
}

// TestReview has the real issuer decide later, once with yes and once with no.
func TestReview(t *testing.T) {
	for how, copies := range map[string]int{"approve": 3, "decline": 0} {
		t.Run(how, func(t *testing.T) {
			g := gather(t)
			id, got := g.receive(copies, `"review":true,`)
			if len(got.Pending) != 1 || len(got.Entries) != 0 {
				t.Fatalf("%+v", got)
			}
			p := got.Pending[0]
			g.ahead = 6 * time.Second // the interval is 5; proofs of a clock a minute ahead would be refused
			got, err := g.tom.Collect(t.Context(), p.ID)
			check(t, err)
			if len(got.Pending) != 1 {
				t.Fatalf("not decided, and %+v", got)
			}
			g.decide(id, how)
			g.ahead = 12 * time.Second
			got, err = g.tom.Collect(t.Context(), p.ID)
			pending, listErr := g.tom.Pending(t.Context())
			check(t, listErr)
			if len(pending) != 0 {
				t.Errorf("pending still: %v", err)
			}
			if how == "decline" {
				if reason.Of(err) == "" || len(got.Entries) != 0 {
					t.Errorf("%v, %+v", err, got)
				}
				return
			}
			check(t, err)
			if len(got.Entries) != copies {
				t.Errorf("%d copies", len(got.Entries))
			}
			g.good(got.Entries)
		})
	}
}
