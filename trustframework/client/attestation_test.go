// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

// attestOf makes r say what the newest version says of the sample's gateway.
func (r *registry) attestOf(t *testing.T, by did.Signer, change func(f *trustframework.Framework)) {
	t.Helper()
	f := sample.Framework()
	f.Version, f.AsOf = len(r.versions), r.now()
	if change != nil {
		change(f)
	}
	raw, err := trustframework.Attest(context.Background(), f, f.Verifiers[0].ID, by)
	if err != nil {
		t.Fatal(err)
	}
	r.attest = raw
}

// verifier is a client that wants the attestation of the sample's gateway.
func (r *registry) verifier(t *testing.T) *client.Client {
	t.Helper()
	cfg := r.config()
	cfg.Verifier = sample.Gateway
	c, err := client.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAttestation is kept at hand, asked for anew at half of its life and with each new version, and
// given to nobody after its end.
func TestAttestation(t *testing.T) {
	r := newRegistry(t)
	r.publish(t, 3600)
	c := r.verifier(t)
	if c.Attestation() != "" {
		t.Fatal("an attestation that nobody gave")
	}
	r.attestOf(t, r.by, nil)
	refresh(t, c)
	first := c.Attestation()
	if first == "" || first != string(r.attest) || !slices.Equal(r.attested, []string{"did:web:gateway.example.org"}) {
		t.Fatalf("%q, asked for %q", first, r.attested)
	}
	refresh(t, c)
	r.add(29 * time.Minute)
	refresh(t, c)
	if len(r.attested) != 1 {
		t.Errorf("asked %d times for what holds", len(r.attested))
	}
	r.publish(t, 3600)
	r.attestOf(t, r.by, nil)
	refresh(t, c)
	if len(r.attested) != 2 || c.Attestation() == first {
		t.Error("a new version does not bring a new attestation")
	}
	r.add(31 * time.Minute)
	r.attestOf(t, r.by, nil)
	refresh(t, c)
	if len(r.attested) != 3 || c.Attestation() != string(r.attest) {
		t.Error("half of its life is over, and nobody asked")
	}
	r.add(time.Hour)
	if c.Attestation() != "" {
		t.Error("it is given after its end")
	}
}

// TestAttestationRefused keeps what it has when something else comes, and the framework is as fresh as ever.
func TestAttestationRefused(t *testing.T) {
	other := newRegistry(t)
	for name, spoil := range map[string]func(r *registry){
		"nothing":       func(r *registry) { r.attest = nil },
		"another's key": func(r *registry) { r.attestOf(t, other.by, nil) },
		"another verifier": func(r *registry) {
			r.attestOf(t, r.by, func(f *trustframework.Framework) { f.Verifiers[0].ID = sample.Issuer })
		},
	} {
		r := newRegistry(t)
		r.publish(t, 3600)
		spoil(r)
		c := r.verifier(t)
		refresh(t, c)
		if c.Attestation() != "" || c.Ready(context.Background()) != nil {
			t.Errorf("%s: %q", name, c.Attestation())
		}
	}
	r := newRegistry(t)
	r.publish(t, 3600)
	c := r.reader(t)
	refresh(t, c)
	if len(r.attested) != 0 {
		t.Error("a reader that is no verifier asks for an attestation")
	}
}
