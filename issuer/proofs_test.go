// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// attesting is a world that knows one wallet provider.
type attesting struct {
	*world
	provider attest.Provider
}

// newAttesting demands what required says of keys; nil demands nothing.
func newAttesting(t testing.TB, required *vci.RequiredAttestations) *attesting {
	t.Helper()
	w := newWorld(t)
	by := newHolder(t)
	list := must[*attest.List](t)(attest.NewList(attest.ListConfig{DIDs: []did.DID{by.Method.DID()}, Resolver: w.resolver}))
	w.cfg.Providers, w.cfg.KeyAttestations = list, required
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	return &attesting{w, attest.Provider{By: by}}
}

// vouches returns an attestation of keys, with a nonce of the issuer.
func (a *attesting) vouches(by attest.Provider, nonce string, keys ...did.Signer) string {
	a.t.Helper()
	k := attest.Keys{Nonce: nonce, Storage: []string{"iso_18045_moderate"}, Expires: a.clock.Now().Add(time.Hour)}
	for _, one := range keys {
		k.Keys = append(k.Keys, one.Public())
	}
	return must[string](a.t)(by.SignKeys(a.t.Context(), k, a.clock.Now()))
}

func (a *attesting) attested(nonce string, keys ...did.Signer) *vci.CredentialRequest {
	a.t.Helper()
	return &vci.CredentialRequest{Configuration: ConfigurationSDJWT, Proofs: &vci.Proofs{Attestation: []string{a.vouches(a.provider, nonce, keys...)}}}
}

// TestAttestedKeys: one attestation of three keys gives three credentials, each with its own key.
func TestAttestedKeys(t *testing.T) {
	a := newAttesting(t, nil)
	who := []did.Signer{newHolder(t), newHolder(t), newHolder(t)}
	nonce := must[string](t)(a.Nonce())
	out := must[*vci.CredentialResponse](t)(a.Issue(t.Context(), a.redeemed(a.grant(edit())), a.attested(nonce, who...)))
	bound := map[string]bool{}
	for _, c := range out.Credentials {
		bound[a.opened(c.Credential).Delegate.ID] = true
	}
	for _, one := range who {
		if !bound[one.Method.DID().String()] || len(bound) != 3 {
			t.Errorf("%d keys bound", len(bound))
		}
	}
	_, err := a.Issue(t.Context(), a.redeemed(a.grant(edit())), a.attested(nonce, who...))
	wants(t, err, reason.ProofNonce)
}

// TestAttestationDemanded: where keys must be attested, a bare proof is refused, and an attestation by
// anybody, of another key or at another level does not help.
func TestAttestationDemanded(t *testing.T) {
	a := newAttesting(t, &vci.RequiredAttestations{Storage: []string{"iso_18045_moderate"}})
	bearer := a.redeemed(a.grant(edit()))
	tom, eve := newHolder(t), attest.Provider{By: newHolder(t)}
	with := func(attestation func(nonce string) string) string {
		nonce := must[string](t)(a.Nonce())
		p := vci.Proof{Issuer: testOrigin, Nonce: nonce, Attestation: attestation(nonce), At: a.clock.Now()}
		return string(must[[]byte](t)(p.Sign(t.Context(), tom)))
	}
	low := func(nonce string) string {
		k := attest.Keys{Keys: []key.Public{tom.Public()}, Nonce: nonce, Storage: []string{"iso_18045_basic"}, Expires: a.clock.Now().Add(time.Hour)}
		return must[string](t)(a.provider.SignKeys(t.Context(), k, a.clock.Now()))
	}
	for name, c := range map[string]struct {
		proof string
		want  reason.Code
	}{
		"bare":          {a.proof(tom), reason.ProofKeyAmbiguous},
		"of a stranger": {with(func(n string) string { return a.vouches(eve, n, tom) }), reason.KeyPurposeMismatch},
		"another key":   {with(func(n string) string { return a.vouches(a.provider, n, newHolder(t)) }), reason.ProofKeyAmbiguous},
		"another level": {with(low), reason.KeyWeak},
	} {
		if _, err := a.Issue(t.Context(), bearer, askFor(c.proof)); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := with(func(n string) string { return a.vouches(a.provider, n, tom) })
	must[*vci.CredentialResponse](t)(a.Issue(t.Context(), bearer, askFor(good)))
	m := a.Metadata().Configurations[ConfigurationSDJWT].ProofTypes
	if m["jwt"].Attestation.Storage[0] != "iso_18045_moderate" || m["attestation"].Attestation == nil {
		t.Errorf("%+v", m)
	}
}

// TestNoProviders: an issuer that knows no wallet provider takes nobody's word.
func TestNoProviders(t *testing.T) {
	a := newAttesting(t, nil)
	w := newWorld(t)
	nonce := must[string](t)(w.Nonce())
	request := &vci.CredentialRequest{Configuration: ConfigurationSDJWT, Proofs: &vci.Proofs{Attestation: []string{a.vouches(a.provider, nonce, newHolder(t))}}}
	if _, err := w.Issue(t.Context(), w.redeemed(w.grant(edit())), request); err == nil {
		t.Error("taken")
	}
	if _, offered := w.Metadata().Configurations[ConfigurationSDJWT].ProofTypes["attestation"]; offered {
		t.Error("the metadata offers it")
	}
}

// TestBatchSize: as many good proofs as the operator lets, and not one more, of either type.
func TestBatchSize(t *testing.T) {
	a := newAttesting(t, nil)
	var who []did.Signer
	var proofs []string
	nonce := must[string](t)(a.Nonce())
	for range DefaultBatch + 1 {
		who = append(who, newHolder(t))
		proofs = append(proofs, a.proofOver(who[len(who)-1], nonce))
	}
	bearer := a.redeemed(a.grant(edit()))
	_, err := a.Issue(t.Context(), bearer, askFor(proofs...))
	wants(t, err, reason.ProofBatch)
	_, err = a.Issue(t.Context(), bearer, a.attested(nonce, who...))
	wants(t, err, reason.ProofBatch)
	before := a.faults.Commits()
	out := must[*vci.CredentialResponse](t)(a.Issue(t.Context(), bearer, askFor(proofs[:DefaultBatch]...)))
	salts, indices := map[string]bool{}, map[uint64]bool{}
	for _, c := range out.Credentials {
		claims := payloadOf(t, c.Credential)
		d := claims["delegation"].(map[string]any)
		for _, s := range d["_sd"].([]any) {
			salts[s.(string)] = true
		}
		indices[a.opened(c.Credential).Status[0].Index] = true
	}
	if len(out.Credentials) != DefaultBatch || len(salts) != 2*DefaultBatch || len(indices) != DefaultBatch {
		t.Errorf("%d credentials, %d digests, %d indices", len(out.Credentials), len(salts), len(indices))
	}
	if n := a.faults.Commits() - before; n != 1 {
		t.Errorf("%d commits for one batch", n)
	}
}
