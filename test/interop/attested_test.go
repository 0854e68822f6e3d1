// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/test/interop/page"
)

const (
	vciAttested = "OpenID4VCI 1.0, wallet attestation"
	vciKeys     = "OpenID4VCI 1.0, key attestation"
)

// attested has a wallet of theirs collect with an attestation of its provider.
func (o *online) attested(t *testing.T) {
	instance, stranger := newParty(t, key.ES256), newParty(t, key.ES256)
	vouch := func(by party, of party, till time.Time) string {
		raw, err := attest.Provider{By: by.Signer}.SignClient(t.Context(), "their-wallet", of.Public(), now().Add(-time.Minute), till)
		check(t, err)
		return raw
	}
	later := now().Add(time.Hour)
	begin := func(offer world.Offer, attestation string, more request) *collector {
		r := request{"client": "their-wallet", "dpop": newParty(t, key.ES256).secret(), "attestation": attestation, "instance": instance.secret()}
		for name, value := range more {
			r[name] = value
		}
		return o.begin(t, offer, r)
	}
	offer := o.grant(t)
	for name, c := range map[string]*collector{
		"another provider": begin(offer, vouch(stranger, instance, later), nil),
		"expired":          begin(offer, vouch(o.provider, instance, now().Add(-2*time.Minute)), nil),
		"another server":   begin(offer, vouch(o.provider, instance, later), request{"audience": "https://other.example"}),
		"no challenge":     begin(offer, vouch(o.provider, instance, later), request{"challenge": "of nobody"}),
	} {
		t.Run(name, func(t *testing.T) {
			want := "invalid_client"
			if name == "no challenge" {
				want = "use_attestation_challenge"
			}
			o.denied(t, vciAttested, page.Outward, want, o.ask(t, "vci.token", request{"session": c.Session, "txCode": offer.Offer.TxCode}, nil))
		})
	}
	c := begin(offer, vouch(o.provider, instance, later), nil)
	c.redeem(offer)
	o.attestedKeys(t, c, stranger)
	got, err := c.ask(nil, c.proof(request{"client": "their-wallet"}))
	check(t, err)
	c.holds(got.Credentials[0].Credential, c.holder)
	o.tally.Accepted(vciAttested, page.Outward)
}

// attestedKeys has their library read key attestations of ours, and our issuer those that come in a proof of theirs.
func (o *online) attestedKeys(t *testing.T, c *collector, stranger party) {
	vouch := func(by party, of key.Public, nonce string) string {
		raw, err := attest.Provider{By: by.Signer}.SignKeys(t.Context(), attest.Keys{Keys: []key.Public{of}, Nonce: nonce, Storage: []string{"iso_18045_high"}, Expires: now().Add(time.Hour)}, now())
		check(t, err)
		return raw
	}
	good := vouch(o.provider, c.holder.Public(), "n")
	var keys []map[string]string
	o.must(t, "vci.attestedKeys", request{"attestation": good, "nonce": "n"}, &keys)
	if len(keys) != 1 || keys[0]["x"] != c.holder.public()["x"] {
		t.Errorf("%v", keys)
	}
	o.tally.Accepted(vciKeys, page.Outward)
	o.denied(t, vciKeys, page.Outward, "nonce", o.ask(t, "vci.attestedKeys", request{"attestation": good, "nonce": "m"}, nil))
	o.denied(t, vciKeys, page.Outward, "Error verif", o.ask(t, "vci.attestedKeys", request{"attestation": flippedSignature(good), "nonce": "n"}, nil))
	for name, bad := range map[string]string{
		"another provider": vouch(stranger, c.holder.Public(), ""), "another nonce": vouch(o.provider, c.holder.Public(), "m"), "changed": flippedSignature(good),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.ask(nil, c.proof(request{"client": "their-wallet", "attestation": bad}))
			o.denied(t, vciKeys, page.Inward, "invalid_", err)
		})
	}
	offer := o.grant(t)
	d := o.begin(t, offer, request{"key": c.holder.secret(), "didUrl": c.holder.Method.String()})
	d.holder = c.holder
	d.redeem(offer)
	got, err := d.ask(nil, d.proof(request{"attestation": vouch(o.provider, c.holder.Public(), "")}))
	check(t, err)
	d.holds(got.Credentials[0].Credential, c.holder)
	o.tally.Accepted(vciKeys, page.Inward)
}
