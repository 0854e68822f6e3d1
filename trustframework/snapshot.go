// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// How a snapshot travels, and for how long it may be used.
const (
	SnapshotType      = "trust-framework+jwt"             // typ of the token
	SnapshotMediaType = "application/trust-framework+jwt" // of the HTTP answer
	MaxSnapshotLife   = 4 * MaxSnapshotAge                // from iat to exp
	MaxTrusted        = 16                                // keys that a reader may trust
	MaxClockError     = 60 * time.Second                  // how far ahead of the reader iat may lie
)

// Draft is what is to be signed as a snapshot.
type Draft struct {
	Version   int       // from 1, one more with each change of the framework
	Previous  string    // Snapshot.Digest of the version before; "" for version 1
	Issued    time.Time // cut to seconds; readers have it as the framework's AsOf
	Expires   time.Time // cut to seconds; see Life
	Framework *Framework
}

// Life returns how long a snapshot of f is to live: four times its maximum age. Between the
// maximum age and the end a reader still knows the framework and decides trust.registry_stale;
// after the end it has none, and decides trust.registry_unavailable.
func Life(f *Framework) time.Duration {
	return min(4*time.Duration(f.MaxAgeSeconds)*time.Second, MaxSnapshotLife)
}

// Snapshot is one version of a framework whose signature was verified. Only Open makes one. It
// is not changed afterwards and may be shared. The zero Snapshot holds an unavailable framework.
type Snapshot struct {
	raw       []byte
	issuer    did.DID
	issued    time.Time
	expires   time.Time
	version   int
	previous  string
	content   string
	framework *Framework
}

// payload is the JSON that is signed. Version and time stand beside the framework and not in it,
// so that signing the same version again leaves the framework's bytes alone.
type payload struct {
	Issuer    string           `json:"iss"`
	Issued    int64            `json:"iat"`
	Expires   int64            `json:"exp"`
	Version   int              `json:"version"`
	Previous  string           `json:"previous,omitzero"`
	Framework strictjson.Value `json:"framework"`
}

// Seal signs d as by, whose method is the kid and whose DID is iss. It refuses a framework that
// Validate refuses, and what Open would refuse by its version, previous digest, times or size.
func Seal(ctx context.Context, d Draft, by did.Signer) ([]byte, error) {
	if by.Signer == nil || by.Method.DID().IsZero() {
		return nil, reason.New(reason.RegistrySignature, "no key to sign with")
	}
	if err := Validate(d.Framework); err != nil {
		return nil, err
	}
	content, err := d.Framework.Write()
	if err != nil {
		return nil, err
	}
	p := payload{by.Method.DID().String(), d.Issued.Unix(), d.Expires.Unix(), d.Version, d.Previous, content}
	if err := p.check(); err != nil {
		return nil, err
	}
	raw, err := strictjson.Marshal(p)
	if err != nil {
		return nil, err
	}
	out, err := jose.Sign(ctx, jose.Header{Type: SnapshotType, KeyID: by.Method.String()}, raw, by)
	if err == nil && len(out) > MaxSnapshot {
		return nil, reason.New(reason.LimitBody, "the signed framework is larger than 1 MiB")
	}
	return out, err
}

// Open verifies raw as a snapshot signed by one of the trusted keys and good at the instant at.
//
// What is not a compact token of the right typ, with an allowed algorithm and a signature by a
// trusted key, is registry.signature, and so is a kid that is not of iss. An expired one is
// trust.registry_stale, one issued more than MaxClockError ahead trust.registry_unavailable. What
// the signer should not have signed has the codes of Read and Validate. The message chooses no
// key: kid is compared with iss and leads nowhere.
func Open(raw []byte, trusted []key.Public, at time.Time) (*Snapshot, error) {
	if len(raw) > MaxSnapshot {
		return nil, reason.New(reason.LimitBody, "a snapshot has at most 1 MiB")
	}
	body, kid, err := verify(raw, SnapshotType, trusted)
	if err != nil {
		return nil, err
	}
	var p payload
	if err := strictjson.UnmarshalClosed(body, &p); err != nil {
		return nil, err
	}
	if kid.DID().String() != p.Issuer {
		return nil, reason.New(reason.RegistrySignature, "kid is not a key of iss")
	}
	if err := p.checkAt(at); err != nil {
		return nil, err
	}
	return p.snapshot(append([]byte(nil), raw...), kid.DID())
}

// verify returns the payload and kid of raw, a token of typ, under the first trusted key that made it.
func verify(raw []byte, typ string, trusted []key.Public) ([]byte, did.URL, error) {
	t, err := jose.Parse(raw, jose.Policy{Type: typ, Key: jose.FromContext})
	if err != nil {
		return nil, did.URL{}, reason.Wrap(reason.RegistrySignature, "not a token of "+typ, err)
	}
	kid, err := did.ParseURL(t.Header.KeyID)
	if err != nil {
		return nil, did.URL{}, reason.Wrap(reason.RegistrySignature, "kid is not a DID URL", err)
	}
	for _, k := range trusted[:min(len(trusted), MaxTrusted)] {
		if k.Algorithm() != t.Header.Algorithm {
			continue
		}
		if body, err := t.Verify(k); err == nil {
			return body, kid, nil
		}
	}
	return nil, did.URL{}, reason.New(reason.RegistrySignature, "not signed by a trusted key")
}

// check holds what is wrong at any time.
func (p *payload) check() error {
	life := p.Expires - p.Issued
	switch {
	case p.Version < 1 || p.Version > MaxVersion || p.Issued <= 0:
		return reason.New(reason.JSONMemberMissing, "a snapshot has a version and a time of issue")
	case (p.Version == 1) != (p.Previous == ""), p.Version > 1 && !digestForm(p.Previous):
		return reason.New(reason.JSONMemberMissing, "every version but the first names the one before")
	case life <= 0 || life > int64(MaxSnapshotLife/time.Second):
		return reason.New(reason.JSONType, "exp is not within four hours after iat")
	}
	return nil
}

func (p *payload) checkAt(at time.Time) error {
	if err := p.check(); err != nil {
		return err
	}
	switch {
	case !at.Before(time.Unix(p.Expires, 0)):
		return reason.New(reason.TrustRegistryStale, "the snapshot has expired")
	case time.Unix(p.Issued, 0).After(at.Add(MaxClockError)):
		return reason.New(reason.TrustRegistryUnavailable, "the snapshot is issued in the future: one of the clocks is wrong")
	}
	return nil
}

func (p *payload) snapshot(raw []byte, issuer did.DID) (*Snapshot, error) {
	f, err := Read(p.Framework)
	if err != nil {
		return nil, err
	}
	if f.Version != 0 || !f.AsOf.IsZero() {
		return nil, reason.New(reason.JSONType, "the framework of a snapshot states version or time itself")
	}
	if err := Validate(f); err != nil {
		return nil, err
	}
	content, err := f.Digest()
	if err != nil {
		return nil, err
	}
	f.Version, f.AsOf = p.Version, time.Unix(p.Issued, 0).UTC()
	return &Snapshot{raw, issuer, f.AsOf, time.Unix(p.Expires, 0).UTC(), p.Version, p.Previous, content, f}, nil
}
