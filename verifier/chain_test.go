// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

func honest(_ int, _ *credential.Credential, by did.Signer) did.Signer { return by }

// TestChain presents links above the leaf as a wallet does, and then not.
func TestChain(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		c := w.grow(format, 2, honest)
		leaf := func(s session) string { return w.showAny(s, format, c.raw[1], c.holders[1]) }
		root := w.discloseAny(format, c.raw[0])
		for name, one := range map[string]struct {
			parents []string
			want    reason.Code
		}{
			"whole":                  {[]string{root}, reason.OK},
			"without its root":       {nil, reason.ChainParentMissing},
			"with another root":      {[]string{w.discloseAny(format, w.grow(format, 1, honest).raw[0])}, reason.ChainDigestMismatch},
			"with the root twice":    {[]string{root, root}, reason.OK},
			"with a stranger beside": {[]string{w.discloseAny(format, w.seal(format, w.stranger(format), w.issuer)), root}, reason.OK},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w.TB = t
				s := w.ask(booking())
				answer := map[string][]string{queryOf(format): {leaf(s)}}
				if len(one.parents) > 0 {
					answer[parentsOf(format)] = one.parents
				}
				w.expect(w.post(s, answer), one.want)
			})
		}
		w.TB = t
		s := w.ask(booking()) // the first delegate's own link answers for the first delegate alone
		w.expect(w.post(s, map[string][]string{queryOf(format): {root}}), missingProof(format))
	}
}

func missingProof(format string) reason.Code {
	if format == sd {
		return reason.KBMissing
	}
	return reason.JOSETypMismatch
}

// stranger is a link that has nothing to do with the chain.
func (w *world) stranger(format string) *credential.Credential {
	w.Helper()
	c := w.root(format)
	c.ID = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-2f4f8d3f4eee"
	return c
}

// TestForeignStatusHost shows that a person cannot choose who speaks for the status of a link.
func TestForeignStatusHost(t *testing.T) {
	w := newWorld(t)
	spoilt := w.grow(sd, 2, func(i int, c *credential.Credential, by did.Signer) did.Signer {
		if i == 1 {
			c.Status = []credential.StatusRef{{Kind: credential.TokenStatusList, List: "https://attacker.test/status/token/1-1", Index: 1}}
		}
		return by
	})
	w.expect(w.sendChain(w.ask(booking()), sd, spoilt), reason.StatusUnavailable)
	for address := range w.fetches {
		if strings.Contains(address, "attacker") {
			t.Errorf("%s was fetched", address)
		}
	}
}

// TestNothingIsFetchedForStrangers shows that a chain that nobody accredited moves no traffic.
func TestNothingIsFetchedForStrangers(t *testing.T) {
	w := newWorld(t)
	c := w.root(sd)
	c.Issuer = attackerID
	c.Status = []credential.StatusRef{{Kind: credential.TokenStatusList, List: "https://attacker.test/status/token/1-1", Index: 1}}
	s := w.ask(booking())
	before := w.connections()
	w.expect(w.post(s, map[string][]string{"delegation": {w.showAny(s, sd, w.seal(sd, c, w.attacker), w.bob)}}), reason.TrustIssuerUnknown)
	if n := w.connections() - before; n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestPermitIsNotToldTooLong shows that a permit is not read after the limit that it rests on.
func TestPermitIsNotToldTooLong(t *testing.T) {
	w := newWorld(t)
	s, _ := w.answer(sd, nil)
	p := w.progress(s)
	if p.Decision == nil || !p.Decision.Expires.After(began) || p.Decision.Expires.After(began.Add(5*time.Minute)) {
		t.Fatalf("%+v", p.Decision)
	}
	w.clock.add(p.Decision.Expires.Sub(began))
	if p := w.progress(s); p.State != "expired" || p.Decision != nil || p.Handle != "" {
		t.Errorf("%+v", p)
	}
}

// TestAuditHoldsNoPerson looks for what must not be in the store: DIDs of people, nonces in use, credentials.
func TestAuditHoldsNoPerson(t *testing.T) {
	w := newWorld(t)
	s, _ := w.answer(sd, nil)
	leaf := w.leaf(w.leaves())
	text := string(leaf.Subject) + string(leaf.Actor) + leaf.Evidence + leaf.ID
	for _, secret := range []string{principal, w.bob.Method.DID().String(), s.request.Nonce, s.ID} {
		if strings.Contains(text, secret) {
			t.Errorf("the leaf holds %s", secret)
		}
	}
	if !slices.Equal(leaf.Reasons, []reason.Code{reason.OK}) || leaf.Framework != 7 {
		t.Errorf("%+v", leaf)
	}
}
