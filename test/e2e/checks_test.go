// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/store/bolt"
)

// stranger returns the DID of somebody whom nobody knows.
func stranger() did.DID {
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		panic(err)
	}
	id, _ := didkey.FromKey(k.Public())
	return id
}

// published checks, against running servers, that every credential which a client holds verifies,
// that each has an index of its own, and that every acknowledged revocation shows.
func (h *history) published(t *testing.T, p *peer) {
	t.Helper()
	given := map[string]string{}
	for _, one := range h.issued {
		c, err := p.open(t.Context(), []byte(one.raw))
		if err != nil {
			t.Errorf("a credential that was acknowledged does not verify: %v", err)
			continue
		}
		for _, ref := range c.Status {
			place := fmt.Sprintf("%s#%d", ref.List, ref.Index)
			if other, taken := given[place]; taken {
				t.Errorf("%s was given to %s and %s", place, other, c.ID)
			}
			given[place] = c.ID
		}
		h.state(t, p, one, c)
	}
	if len(given) < len(h.issued) {
		t.Errorf("%d credentials, %d indices", len(h.issued), len(given))
	}
}

// state checks what the published lists say of a credential.
func (h *history) state(t *testing.T, p *peer, one issued, c *credential.Credential) {
	t.Helper()
	speaker := c.Issuer
	if strings.HasPrefix(speaker, "did:key:") {
		speaker = "did:web:" + strings.Replace(strings.TrimPrefix(p.Issuer, "https://"), ":", "%3A", 1)
	}
	got, _, err := status.Of(t.Context(), p.lists, speaker, c.Status)
	switch {
	case err != nil:
		t.Errorf("%s: %v", c.ID, err)
	case h.revoked[one.raw] && got != status.Revoked:
		t.Errorf("%s: its revocation was acknowledged, and it is %s", c.ID, got)
	case !h.revoked[one.raw] && !h.doubtful[one.raw] && got != status.Valid:
		t.Errorf("%s: nobody asked for its revocation, and it is %s", c.ID, got)
	}
}

// stored checks the stores of a world that has ended.
func (h *history) stored(t *testing.T, dir string) {
	t.Helper()
	h.audited(t, filepath.Join(dir, "gateway", "gateway.db"))
	issuer := openStore(t, filepath.Join(dir, "issuer", "issuer.db"))
	if report, err := audit.Verify(t.Context(), issuer, wire.AuditPrefix); err != nil {
		t.Errorf("the issuer's audit log: %v", err)
	} else {
		t.Logf("issuer's audit log: %d leaves", report.Leaves)
	}
	places(t, issuer)
	h.delegations(t, issuer)
}

// audited checks that every decision which a client saw is in the gateway's log, once.
func (h *history) audited(t *testing.T, path string) {
	t.Helper()
	s := openStore(t, path)
	report, err := audit.Verify(t.Context(), s, wire.AuditPrefix)
	if err != nil {
		t.Fatalf("the gateway's audit log: %v", err)
	}
	log, err := audit.Open(t.Context(), audit.Config{Store: s, Now: time.Now, Rand: rand.Reader, Prefix: wire.AuditPrefix})
	check(t, err)
	defer func() { _ = log.Close() }()
	logged := map[string]int{}
	for leaf, err := range log.Leaves(t.Context(), 1, audit.MaxPage) {
		check(t, err)
		if leaf.Type == audit.Decision {
			logged[leaf.ID]++
		}
	}
	for id := range h.decisions {
		if logged[id] != 1 {
			t.Errorf("decision %s, which a client saw, is in the audit log %d times", id, logged[id])
		}
	}
	t.Logf("gateway's audit log: %d leaves, %d decisions, %d seen by clients", report.Leaves, len(logged), len(h.decisions))
}

// places checks that no index of a list belongs to two credentials in the store.
func places(t *testing.T, s *bolt.Store) {
	t.Helper()
	type ref struct {
		Ref struct {
			List  json.RawMessage `json:"list"`
			Index uint64          `json:"index"`
		} `json:"ref"`
	}
	taken := map[string]string{}
	for e, err := range s.Scan(t.Context(), "issuer/credential/") {
		check(t, err)
		var r ref
		check(t, json.Unmarshal(e.Value, &r))
		place := fmt.Sprintf("%s#%d", r.Ref.List, r.Ref.Index)
		if other, there := taken[place]; there {
			t.Errorf("%s belongs to %s and %s", place, other, e.Key)
		}
		taken[place] = e.Key
	}
	if len(taken) == 0 {
		t.Error("the store has no credentials: the check looks in the wrong place")
	}
	t.Logf("issuer's store: %d credentials, each with an index of its own", len(taken))
}

// delegations checks that no idempotency key became two delegations, and that none which was
// acknowledged is gone.
func (h *history) delegations(t *testing.T, s *bolt.Store) {
	t.Helper()
	stored := map[string]bool{}
	for e, err := range s.Scan(t.Context(), "issuer/delegation/") {
		check(t, err)
		stored[strings.TrimPrefix(e.Key, "issuer/delegation/")] = true
	}
	keys := 0
	for _, err := range s.Scan(t.Context(), "issuer/idempotency/") {
		check(t, err)
		keys++
	}
	for key, id := range h.grants {
		if !stored[id] {
			t.Errorf("the delegation that was acknowledged under %s is gone", key)
		}
	}
	if len(stored) > keys || len(stored) < len(h.grants) {
		t.Errorf("%d delegations under %d idempotency keys; clients saw %d", len(stored), keys, len(h.grants))
	}
	holders := map[string]int{}
	for _, one := range h.issued {
		if one.key != "" {
			holders[one.key]++
		}
	}
	for key, n := range holders {
		if n > 1 {
			t.Errorf("%s became %d credentials", key, n)
		}
	}
}

// openStore opens the store of a server that has ended.
func openStore(t *testing.T, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now})
	check(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}
