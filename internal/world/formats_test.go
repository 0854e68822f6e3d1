// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
	"github.com/behalf-id/behalf/wallet"
)

// TestEveryFormat plays the main job in each securing format with real servers: granted, received,
// presented, too broad, passed on, revoked.
func TestEveryFormat(t *testing.T) {
	clock := storetest.NewClock(time.Now())
	cfg := config(filepath.Join(t.TempDir(), "w"))
	cfg.Now, cfg.StatusTTL = clock.Now, listLife
	w, _ := serve(t, cfg)
	for _, format := range world.Formats() {
		t.Run(format, func(t *testing.T) {
			c := &chain{t: t, w: w, clock: clock}
			var err error
			c.office, err = w.Office()
			check(t, err)
			c.service, err = w.Service()
			check(t, err)
			c.tom, c.june = c.person("tom-"+format), c.person("june-"+format)
			grant := strings.Replace(string(world.Grant(clock.Now())), "dc+sd-jwt", format, 1)
			offer, err := c.office.Grant(t.Context(), []byte(grant))
			check(t, err)
			e, err := c.tom.Receive(t.Context(), offer)
			check(t, err)
			if e.Format != format {
				t.Errorf("received as %s", e.Format)
			}
			shown := c.present(c.tom, "appointments", "view", "", reason.OK)
			selective := slices.Contains([]string{"dc+sd-jwt", "ecdsa-sd-2023"}, format)
			if shown.Whole == selective || mentions(shown, "test-results") == selective || mentions(shown, world.PrincipalNumber) == selective {
				t.Errorf("shown: %+v", shown.Facts)
			}
			c.present(c.tom, "gp-record", "view", "gp-record/test-results", reason.AuthorityRequestTooBroad)
			c.onward(e, format)
			check(t, c.office.Revoke(t.Context(), offer.ID))
			clock.Advance(listLife)
			c.present(c.tom, "appointments", "view", "", reason.StatusRevoked)
		})
	}
}

// onward passes appointments on, which no link can stand below in ecdsa-sd-2023.
func (c *chain) onward(e *wallet.Entry, format string) {
	c.t.Helper()
	p := wallet.Proposal{To: c.june.DID(), Permissions: []wallet.Permitted{{Resource: "appointments", Actions: []string{"view"}}}}
	if format == "ecdsa-sd-2023" {
		if _, err := c.tom.Propose(c.t.Context(), e, p); reason.Of(err) != reason.ChainRedelegationForbidden {
			c.t.Errorf("passed on: %v", err)
		}
		return
	}
	_, err := c.june.Accept(c.t.Context(), c.sign(c.tom, e, p))
	check(c.t, err)
	c.present(c.june, "appointments", "view", "", reason.OK)
}

// present lets p answer a request, and compares the decision and what would be allowed.
func (c *chain) present(p *world.Person, resource, action, narrow string, want reason.Code) wallet.Consent {
	c.t.Helper()
	asked, err := c.service.Ask(c.t.Context(), resource, action)
	check(c.t, err)
	consent, _, err := p.Present(c.t.Context(), asked.DeepLink)
	check(c.t, err)
	got, err := c.service.Result(c.t.Context(), asked.ID)
	check(c.t, err)
	if d := got.Decision; d == nil || d.Reason != want || strings.Join(d.NarrowTo, " ") != narrow {
		c.t.Errorf("%s %s: %+v, want %s %s", action, resource, d, want, narrow)
	}
	return consent
}

func mentions(c wallet.Consent, text string) bool {
	return slices.ContainsFunc(c.Facts, func(f wallet.Fact) bool { return strings.Contains(f.Value, text) })
}
