// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/wallet"
)

// How TestKillNine works.
const (
	rounds      = 10
	shortRounds = 3
	workers     = 6
	leastAcks   = 10 // acknowledgements of a round before the kill
	spreadAcks  = 100
	seedVar     = "BEHALF_KILL_SEED" // repeats a run's moments
)

// TestKillNine kills registry, issuer and gateway at once, again and again, at moments counted in
// acknowledgements, while clients are granted, collect, present, pass on and revoke. What any
// client was told must hold after the last start: INV-1, 2, 4, 5 and 10 of security.md §7.
func TestKillNine(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv(seedVar), 10, 64); err == nil {
		seed = s
	}
	t.Logf("seed %d (%s=%d repeats the moments)", seed, seedVar, seed)
	moments := mathrand.New(mathrand.NewPCG(seed, 0))
	n := rounds
	if testing.Short() {
		n = shortRounds
	}
	program := filepath.Join(commandtest.Build(t, "behalf-sandbox"), "behalf-sandbox")
	dir := filepath.Join(t.TempDir(), "sandbox")
	h := newHistory()
	var all []*worker
	for round := range n {
		p := up(t, program, dir)
		peer := newPeer(t, p.ready)
		for len(all) < workers {
			all = append(all, newWorker(t, h, peer, len(all), seed))
		}
		at := leastAcks + moments.IntN(spreadAcks)
		killed := h.run(t, p, peer, all, at)
		t.Logf("round %d: killed after %d acknowledgements of %d", round+1, killed, at)
	}
	p := up(t, program, dir)
	h.published(t, newPeer(t, p.ready))
	p.stop(t)
	h.stored(t, dir)
	t.Log(h)
}

// history is what clients were told.
type history struct {
	mu        sync.Mutex
	acks      int
	limit     int    // acknowledgements after which kill is called
	kill      func() // ends the servers
	grants    map[string]string
	issued    []issued
	revoked   map[string]bool // by credential, as it came
	doubtful  map[string]bool // of which a revocation was asked and not acknowledged
	decisions map[string]bool // evaluation ids
}

// issued is a credential that a client holds.
type issued struct{ raw, key string }

func newHistory() *history {
	return &history{grants: map[string]string{}, revoked: map[string]bool{}, doubtful: map[string]bool{}, decisions: map[string]bool{}}
}

// ack notes what was acknowledged, and ends the servers when it was the last one of the round.
func (h *history) ack(note func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	note()
	if h.acks++; h.acks == h.limit {
		h.kill()
	}
}

// String tells how much was seen.
func (h *history) String() string {
	return fmt.Sprintf("%d grants, %d credentials, %d revocations (and %d that nobody acknowledged), %d decisions",
		len(h.grants), len(h.issued), len(h.revoked), len(h.doubtful), len(h.decisions))
}

// run lets all workers work until the servers were killed at an acknowledgement, and returns
// how many there were in this round.
func (h *history) run(t *testing.T, p *process, peer *peer, all []*worker, at int) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*within)
	defer cancel()
	var dead atomic.Bool
	before := h.acks
	h.limit = before + at
	h.kill = func() { dead.Store(true); p.kill() }
	var done sync.WaitGroup
	for _, w := range all {
		done.Go(func() {
			w.attach(t, peer)
			for !dead.Load() {
				if err := w.step(ctx); err != nil && !dead.Load() {
					t.Errorf("worker %d: %v", w.number, err)
					return
				}
			}
		})
	}
	done.Wait()
	if !dead.Load() {
		t.FailNow()
	}
	return h.acks - before
}

// worker is a client: an office with its own grants and a person with a wallet.
type worker struct {
	h       *history
	number  int
	chance  *mathrand.Rand
	vault   *wallet.Vault
	peer    *peer
	wallet  *wallet.Wallet
	made    int
	pending string // idempotency key whose answer did not come
	body    []byte
	current string // idempotency key of the grant being collected
}

func newWorker(t *testing.T, h *history, p *peer, number int, seed uint64) *worker {
	t.Helper()
	vault, err := wallet.Create(t.Context(), filepath.Join(t.TempDir(), "wallet"), []byte("of a test"), p.settings, rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = vault.Close() })
	return &worker{h: h, number: number, vault: vault, chance: mathrand.New(mathrand.NewPCG(seed, uint64(number)+1))}
}

// attach lets w work with the servers that peer knows.
func (w *worker) attach(t *testing.T, peer *peer) {
	w.peer = peer
	w.wallet = peer.wallet(t, w.vault, func(string, []byte, []byte) {})
}

// step is one story: grant, collect, present, perhaps pass on, perhaps revoke.
func (w *worker) step(ctx context.Context) error {
	id, offer, err := w.grant(ctx)
	if err != nil {
		return err
	}
	got, err := w.wallet.Receive(ctx, offer.Offer.URI, wallet.Collector{Accept: func(wallet.OfferView) (string, error) { return offer.Offer.TxCode, nil }})
	var raw string
	for _, e := range got.Entries { // what was stored beside an error too
		raw = e.Secured()[0]
		w.h.ack(func() { w.h.issued = append(w.h.issued, issued{raw, w.current}) })
	}
	if err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if err := w.present(ctx, got.Entries[0]); err != nil {
		return err
	}
	if w.chance.IntN(4) == 0 {
		if err := w.passOn(ctx, got.Entries[0]); err != nil {
			return err
		}
	}
	if w.chance.IntN(2) == 0 {
		if err := w.revoke(ctx, id, raw); err != nil {
			return err
		}
	}
	return w.wallet.Remove(ctx, got.Entries[0].ID)
}

// grant posts a grant under a key of its own. One whose answer was lost is posted again, and must
// not become a second delegation.
func (w *worker) grant(ctx context.Context) (string, world.Offer, error) {
	if w.pending == "" {
		w.made++
		w.pending, w.body = fmt.Sprintf("worker-%d-grant-%d", w.number, w.made), world.Grant(time.Now())
	}
	var offer world.Offer
	if err := w.peer.call(ctx, "POST", w.peer.Issuer+"/admin/v1/delegations", w.peer.OfficeToken, w.pending, w.body, &offer); err != nil {
		return "", offer, fmt.Errorf("grant: %w", err)
	}
	w.current, w.pending = w.pending, ""
	w.h.ack(func() { w.h.grants[w.current] = offer.ID })
	return offer.ID, offer, nil
}

// present answers a request of the gateway and reads the decision as the service does.
func (w *worker) present(ctx context.Context, e *wallet.Entry) error {
	ask := fmt.Sprintf(`{"principal":%q,"resource":"appointments","action":"book","purpose":%q,"controller":%q,"jurisdiction":%q,"assurance":"high"}`,
		world.PrincipalURN, world.Purpose, world.Controller, world.Jurisdiction)
	var asked world.Asked
	if err := w.peer.call(ctx, "POST", w.peer.Gateway+"/v1/requests", w.peer.ClientToken, "", []byte(ask), &asked); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	prepared, err := w.wallet.Prepare(ctx, asked.DeepLink, e.ID)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	told, err := prepared.Send(ctx, wallet.Agree)
	if err != nil {
		return fmt.Errorf("present: %w", err)
	}
	if !told.Permitted() {
		return fmt.Errorf("a live credential was answered with %s (%s)", told.Outcome, told.Reason)
	}
	w.h.ack(func() { w.h.decisions[told.Evaluation] = true })
	var result world.Progress
	if err := w.peer.call(ctx, "GET", w.peer.Gateway+"/v1/requests/"+asked.ID, w.peer.ClientToken, "", nil, &result); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if result.Decision == nil || result.Decision.Evaluation != told.Evaluation {
		return fmt.Errorf("delegate and service were told of different decisions")
	}
	return nil
}

// passOn signs a part of e for a stranger, whose status the issuer hosts, and perhaps takes it back.
func (w *worker) passOn(ctx context.Context, e *wallet.Entry) error {
	file, record, err := w.wallet.Delegate(ctx, e, wallet.Proposal{
		To: stranger(), Permissions: []wallet.Permitted{{Resource: "appointments", Actions: []string{"view"}}},
	})
	if err != nil {
		return fmt.Errorf("pass on: %w", err)
	}
	made, err := wallet.ParsePackage(file)
	if err != nil {
		return err
	}
	w.h.ack(func() { w.h.issued = append(w.h.issued, issued{raw: made.Credential}) })
	if w.chance.IntN(2) == 0 {
		return nil
	}
	return w.take(made.Credential, func() error {
		_, err := w.wallet.TakeBack(ctx, record.ID)
		return err
	})
}

func (w *worker) revoke(ctx context.Context, id, raw string) error {
	return w.take(raw, func() error {
		var state struct{ State string }
		err := w.peer.call(ctx, "POST", w.peer.Issuer+"/admin/v1/delegations/"+id+"/revoke", w.peer.OfficeToken, "revoke-"+id,
			[]byte(`{"reason":"withdrawn-by-principal"}`), &state)
		if err == nil && state.State != "revoked" {
			err = fmt.Errorf("the state is %q", state.State)
		}
		return err
	})
}

// take notes what became of a revocation.
func (w *worker) take(raw string, back func() error) error {
	if err := back(); err != nil {
		w.h.mu.Lock()
		w.h.doubtful[raw] = true
		w.h.mu.Unlock()
		return fmt.Errorf("revoke: %w", err)
	}
	w.h.ack(func() { w.h.revoked[raw] = true })
	return nil
}
