// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key/file"
	"github.com/behalf-id/behalf/reason"
)

// Rotation is how a role replaces a key.
type Rotation struct {
	// Lead is how long the new key is published before it signs: no shorter than others keep the
	// role's DID document.
	Lead time.Duration
	// Overlap is how long the old key is published after it has signed for the last time: no shorter
	// than what it signed is valid.
	Overlap time.Duration
}

// keyMargin is how much longer an old key is published than the longest credential that it may have
// signed lives: for one that was granted ahead of its beginning.
const keyMargin = 31 * 24 * time.Hour

// Rotation returns how the issuer replaces a key: it stays published for as long as any credential
// that it signed may be valid.
func (c IssuerConfig) Rotation() Rotation {
	return Rotation{Lead: c.KeyLead, Overlap: c.LongestValidity() + keyMargin}
}

// Rotation returns how a gateway replaces a key: its requests live for minutes only, so an old key may go soon.
func (c GatewayConfig) Rotation() Rotation {
	return Rotation{Lead: did.MaxAge + time.Minute, Overlap: time.Hour}
}

// KeyState is what is told of one key. Times are RFC 3339, in UTC.
type KeyState struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	// State is coming (published, does not sign yet), active, leaving (published, signs no more) or retired.
	State     string `json:"state"`
	Created   string `json:"created"`
	Activates string `json:"activates"`
	Retires   string `json:"retires,omitempty"`
}

// States returns the keys of the ring, the oldest first.
func (k *Keys) States() ([]KeyState, error) {
	ring, err := k.Ring()
	if err != nil {
		return nil, err
	}
	var out []KeyState
	for _, one := range ring.Keys() {
		out = append(out, k.state(one))
	}
	return out, nil
}

func (k *Keys) state(one file.Key) KeyState {
	now := k.now()
	out := KeyState{
		ID: one.ID, Algorithm: string(one.Public.Algorithm()), State: "leaving",
		Created: one.Created.Format(time.RFC3339), Activates: one.Activates.Format(time.RFC3339),
	}
	if !one.Retires.IsZero() {
		out.Retires = one.Retires.Format(time.RFC3339)
	}
	_, active, err := k.ring.Active(one.Public.Algorithm(), now)
	switch {
	case !one.Published(now):
		out.State = "retired"
	case !one.MaySign(now):
		out.State = "coming"
	case err == nil && active == one.ID:
		out.State = "active"
	}
	return out
}

// Rotate forgets keys that are retired and makes a new key, which is published from now and signs
// once the lead of r is over. A running server notices by itself.
func (k *Keys) Rotate(ctx context.Context, r Rotation) (KeyState, error) {
	if r.Lead <= 0 || r.Overlap <= 0 {
		return KeyState{}, reason.New(reason.CLIConfig, "a rotation needs a time before the new key signs, and one after the old key did")
	}
	ring, err := k.Ring()
	if err != nil {
		return KeyState{}, err
	}
	now := k.now()
	if err := ring.Prune(ctx, now); err != nil {
		return KeyState{}, err
	}
	id, err := ring.Rotate(ctx, k.alg, now, now.Add(r.Lead), r.Overlap)
	if err != nil {
		return KeyState{}, err
	}
	all, err := k.States()
	for _, one := range all {
		if one.ID == id {
			return one, err
		}
	}
	return KeyState{}, reason.New(reason.ObjectUnknown, "the new key is not in the ring: another process has changed it")
}
