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

// How a verifier's attestation travels.
const (
	AttestationType      = "trust-framework-verifier+jwt"             // typ of the token
	AttestationMediaType = "application/trust-framework-verifier+jwt" // of the HTTP answer
	MaxAttestation       = 64 << 10                                   // bytes
)

// Attestation is what a registry says of one verifier, signed by itself: for wallets that trust the
// registry's key and do not read its framework. A verifier sends it along with each request
// (OpenID4VP 1.0 §5.1, verifier_info of format jwt). It speaks of who is named in it; that the request comes
// from there is what the request's own signature shows.
type Attestation struct {
	Framework string   // id of the framework
	Version   int      // of the framework, when it was signed
	Verifier  Verifier // what is registered
	Expires   time.Time
}

type attestationClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"` // DID of the verifier
	Issued    int64            `json:"iat"`
	Expires   int64            `json:"exp"`
	Framework string           `json:"framework"`
	Version   int              `json:"version"`
	Verifier  strictjson.Value `json:"verifier"` // the entry as it stands in the framework
}

// Attest signs, as by, what f says of the verifier with this DID. It holds as long as f may be relied on.
// A verifier that f does not list is object.unknown.
func Attest(ctx context.Context, f *Framework, id string, by did.Signer) ([]byte, error) {
	v, listed := f.Verifier(id)
	if !listed {
		return nil, reason.New(reason.ObjectUnknown, "the framework lists no such verifier")
	}
	if by.Signer == nil || by.Method.DID().IsZero() {
		return nil, reason.New(reason.RegistrySignature, "no key to sign with")
	}
	entry, err := strictjson.Marshal(v)
	if err != nil {
		return nil, err
	}
	raw, err := strictjson.Marshal(attestationClaims{
		Issuer: by.Method.DID().String(), Subject: v.ID, Issued: f.AsOf.Unix(), Expires: f.AsOf.Unix() + f.MaxAgeSeconds,
		Framework: f.ID, Version: f.Version, Verifier: entry,
	})
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: AttestationType, KeyID: by.Method.String()}, raw, by)
}

// OpenAttestation reads what Attest signed. What was signed by none of the trusted keys, in any way, is
// registry.signature, an attestation past its time trust.registry_stale, one of the future
// trust.registry_unavailable, one whose members do not fit together registry.signature too.
func OpenAttestation(raw []byte, trusted []key.Public, at time.Time) (Attestation, error) {
	if len(raw) > MaxAttestation {
		return Attestation{}, reason.New(reason.LimitBody, "an attestation has at most 64 KiB")
	}
	body, kid, err := verify(raw, AttestationType, trusted)
	if err != nil {
		return Attestation{}, err
	}
	var c attestationClaims
	if err := strictjson.Unmarshal(body, &c); err != nil {
		return Attestation{}, err
	}
	a := Attestation{Framework: c.Framework, Version: c.Version, Expires: time.Unix(c.Expires, 0).UTC()}
	if err := strictjson.UnmarshalClosed(c.Verifier, &a.Verifier); err != nil {
		return Attestation{}, err
	}
	switch {
	case kid.DID().String() != c.Issuer || c.Subject == "" || c.Subject != a.Verifier.ID:
		return Attestation{}, reason.New(reason.RegistrySignature, "kid is not a key of iss, or sub not the verifier attested")
	case c.Issued <= 0 || c.Expires <= c.Issued || c.Expires > c.Issued+int64(MaxSnapshotAge/time.Second):
		return Attestation{}, reason.New(reason.RegistrySignature, "iat and exp do not fit together")
	case !at.Before(a.Expires):
		return Attestation{}, reason.New(reason.TrustRegistryStale, "the attestation has expired")
	case time.Unix(c.Issued, 0).After(at.Add(MaxClockError)):
		return Attestation{}, reason.New(reason.TrustRegistryUnavailable, "the attestation is issued in the future: one of the clocks is wrong")
	}
	return a, nil
}
