// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"sync"

	"github.com/behalf-id/behalf/trustframework"
)

// attested holds the attestations under one snapshot: each is signed once, however many ask, and there
// are no more of them than the framework has verifiers.
type attested struct {
	of *trustframework.Snapshot

	mu   sync.Mutex
	byID map[string][]byte
}

// Attestation returns what the framework in force says of the verifier with this DID, signed
// (trustframework.Attest). One that is not listed is object.unknown; before the first Apply it is
// trust.registry_unavailable.
func (r *Registry) Attestation(ctx context.Context, id string) ([]byte, error) {
	s, err := r.Current(ctx)
	if err != nil {
		return nil, err
	}
	a := r.attested.Load()
	if a == nil || a.of != s {
		a = &attested{of: s, byID: map[string][]byte{}}
		r.attested.Store(a)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if raw := a.byID[id]; raw != nil {
		return raw, nil
	}
	raw, err := trustframework.Attest(ctx, s.Framework(), id, r.cfg.Signer)
	if err == nil {
		a.byID[id] = raw
	}
	return raw, err
}
