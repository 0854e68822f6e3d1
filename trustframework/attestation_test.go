// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

// inForce is the sample as a registry signed it now.
func inForce() *trustframework.Framework {
	f := sample.Framework()
	f.Version, f.AsOf = 3, now()
	f.Verifiers[0].Facts = map[string][]string{"family-requested": {trustframework.FactIdentifier}}
	return f
}

// TestAttestation says of a verifier what the framework says, for as long as that may be relied on.
func TestAttestation(t *testing.T) {
	by, f := signer(t), inForce()
	raw, err := trustframework.Attest(t.Context(), f, sample.Gateway, by)
	if err != nil {
		t.Fatal(err)
	}
	a, err := trustframework.OpenAttestation(raw, trust(signer(t), by), now())
	if err != nil {
		t.Fatal(err)
	}
	want := trustframework.Attestation{Framework: f.ID, Version: 3, Verifier: f.Verifiers[0], Expires: now().Add(time.Hour)}
	if d := cmp.Diff(want, a); d != "" {
		t.Error(d)
	}
	if _, err := trustframework.Attest(t.Context(), f, sample.Issuer, by); reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("a verifier that is not listed: %v", err)
	}
	if _, err := trustframework.Attest(t.Context(), f, sample.Gateway, did.Signer{}); reason.Of(err) != reason.RegistrySignature {
		t.Errorf("nobody signs: %v", err)
	}
	if _, err := trustframework.Attest(t.Context(), trustframework.Unavailable(), sample.Gateway, by); reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("no framework: %v", err)
	}
}

// TestAttestationRefused has what a reader must not believe.
func TestAttestationRefused(t *testing.T) {
	by := signer(t)
	raw, err := trustframework.Attest(t.Context(), inForce(), sample.Gateway, by)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := trustframework.Seal(t.Context(), draft(1, ""), by)
	if err != nil {
		t.Fatal(err)
	}
	forged := func(change func(claims map[string]any)) []byte {
		token, err := jose.Parse(raw, jose.Policy{Type: trustframework.AttestationType})
		if err != nil {
			t.Fatal(err)
		}
		claims := map[string]any{}
		if err := strictjson.Unmarshal(token.Unverified(), &claims); err != nil {
			t.Fatal(err)
		}
		change(claims)
		body, err := strictjson.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		out, err := jose.Sign(t.Context(), jose.Header{Type: trustframework.AttestationType, KeyID: by.Method.String()}, body, by)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	tampered := []byte(strings.Replace(string(raw), ".e", ".f", 1))
	for name, c := range map[string]struct {
		raw  []byte
		at   time.Time
		want reason.Code
	}{
		"nothing":       {nil, now(), reason.RegistrySignature},
		"tampered":      {tampered, now(), reason.RegistrySignature},
		"a snapshot":    {snapshot, now(), reason.RegistrySignature},
		"expired":       {raw, now().Add(time.Hour), reason.TrustRegistryStale},
		"of the future": {raw, now().Add(-time.Hour), reason.TrustRegistryUnavailable},
		"too long":      {make([]byte, trustframework.MaxAttestation+1), now(), reason.LimitBody},
		"of another":    {forged(func(c map[string]any) { c["sub"] = "did:web:other.example.org" }), now(), reason.RegistrySignature},
		"of nobody":     {forged(func(c map[string]any) { c["sub"] = ""; c["verifier"].(map[string]any)["id"] = "" }), now(), reason.RegistrySignature},
		"by another":    {forged(func(c map[string]any) { c["iss"] = "did:web:other.example.org" }), now(), reason.RegistrySignature},
		"for ever":      {forged(func(c map[string]any) { c["exp"] = now().AddDate(1, 0, 0).Unix() }), now(), reason.RegistrySignature},
		"a member that this version does not know": {forged(func(c map[string]any) {
			c["verifier"].(map[string]any)["everything"] = true
		}), now(), reason.JSONType},
	} {
		if a, err := trustframework.OpenAttestation(c.raw, trust(by), c.at); reason.Of(err) != c.want || a.Verifier.ID != "" && err == nil {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := trustframework.OpenAttestation(raw, trust(signer(t)), now()); reason.Of(err) != reason.RegistrySignature {
		t.Errorf("by a key that is not trusted: %v", err)
	}
	if _, err := trustframework.OpenAttestation(raw, nil, now()); reason.Of(err) != reason.RegistrySignature {
		t.Errorf("nobody is trusted: %v", err)
	}
}
