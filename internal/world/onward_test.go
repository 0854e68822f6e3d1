// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/wallet"
)

// chain is a world whose framework lets things be passed on twice, with a chain of three people.
type chain struct {
	t              *testing.T
	w              *world.World
	clock          *storetest.Clock
	office         *world.Office
	service        *world.Service
	jill           *world.Person // the principal, with a key of her own
	tom, june, ivy *world.Person
	offer          world.Offer
	toJune, toIvy  []byte // the files
	spare          []byte // one that nobody took
}

// listLife is how long a status list may be used in these worlds: the bound of a revocation.
const listLife = 10 * time.Second

func newChain(t *testing.T) *chain {
	t.Helper()
	c := &chain{t: t, clock: storetest.NewClock(time.Now())}
	cfg := config(filepath.Join(t.TempDir(), "w"))
	cfg.Now, cfg.StatusTTL = c.clock.Now, listLife
	cfg.Change = func(f *trustframework.Framework) {
		r := f.Relationships["adult-to-adult"]
		r.MaxRedelegation, r.SelfIssue = 2, true
		f.Relationships["adult-to-adult"] = r
		// The gateway then asks for workgroups, memberships and identity bindings too, which nobody here holds.
		f.Accreditations[0].Types = append(f.Accreditations[0].Types, credential.TypeWorkgroupMembership, credential.TypeIdentityBinding)
	}
	c.w, _ = serve(t, cfg)
	var err error
	c.office, err = c.w.Office()
	check(t, err)
	c.service, err = c.w.Service()
	check(t, err)
	c.jill, c.tom, c.june, c.ivy = c.person("jill"), c.person("tom"), c.person("june"), c.person("ivy")
	c.passOn()
	return c
}

func (c *chain) person(name string) *world.Person {
	c.t.Helper()
	p, err := c.w.Person(c.t.Context(), name, "wallet-"+name)
	check(c.t, err)
	c.t.Cleanup(func() { check(c.t, p.Close()) })
	return p
}

// passOn lets the surgery grant to tom, who passes on to june, who passes on to ivy.
func (c *chain) passOn() {
	t := c.t
	t.Helper()
	// The services of the sandbox ask for the principal by her number; she has a DID as well here.
	grant := strings.ReplaceAll(string(world.Grant(c.clock.Now())), `"maxDepth":1`, `"maxDepth":2`)
	grant = strings.Replace(grant, `"grantedBy":"`+world.PrincipalURN, `"grantedBy":"`+c.jill.DID().String(), 1)
	var err error
	c.offer, err = c.office.Grant(t.Context(), []byte(grant))
	check(t, err)
	his, err := c.tom.Receive(t.Context(), c.offer)
	check(t, err)
	c.toJune = c.sign(c.tom, his, wallet.Proposal{To: c.june.DID(), Permissions: []wallet.Permitted{{Resource: "appointments", Actions: []string{"view", "book"}}}, MaxDepth: 1})
	hers, err := c.june.Accept(t.Context(), c.toJune)
	check(t, err)
	view := wallet.Proposal{To: c.ivy.DID(), Permissions: []wallet.Permitted{{Resource: "appointments", Actions: []string{"view"}}}}
	c.toIvy, c.spare = c.sign(c.june, hers, view), c.sign(c.june, hers, view)
	_, err = c.ivy.Accept(t.Context(), c.toIvy)
	check(t, err)
}

func (c *chain) sign(by *world.Person, e *wallet.Entry, p wallet.Proposal) []byte {
	c.t.Helper()
	draft, err := by.Propose(c.t.Context(), e, p)
	check(c.t, err)
	file, _, err := draft.Sign(c.t.Context())
	check(c.t, err)
	return file
}

// wants lets each of the three present, and compares what the gateway decides.
func (c *chain) wants(tom, june, ivy reason.Code) {
	c.t.Helper()
	for _, one := range []struct {
		p    *world.Person
		want reason.Code
	}{{c.tom, tom}, {c.june, june}, {c.ivy, ivy}} {
		asked, err := c.service.Ask(c.t.Context(), "appointments", "view")
		check(c.t, err)
		_, _, err = one.p.Present(c.t.Context(), asked.DeepLink)
		check(c.t, err)
		got, err := c.service.Result(c.t.Context(), asked.ID)
		check(c.t, err)
		if d := got.Decision; d == nil || d.Reason != one.want || (d.Outcome == "permit") != (one.want == reason.OK) {
			c.t.Errorf("%s: %+v, want %s", one.p.Name, d, one.want)
		}
	}
}

// TestCascade: what is taken back anywhere is denied to everybody below, within the bound of the
// lists, and to nobody above; only who is entitled to takes back (delegation.md §12).
func TestCascade(t *testing.T) {
	c := newChain(t)
	gone, ok := reason.StatusRevoked, reason.OK
	for _, one := range []struct {
		by   *world.Person
		file []byte
	}{{c.june, c.toJune}, {c.ivy, c.toIvy}, {c.ivy, c.toJune}} {
		if err := one.by.TakeBack(t.Context(), one.file); reason.Of(err) != reason.RevokeNotAuthorised {
			t.Errorf("%s: %v", one.by.Name, err)
		}
	}
	check(t, c.jill.TakeBack(t.Context(), c.spare)) // who granted the root, of what june signed
	c.clock.Advance(listLife)
	c.wants(ok, ok, ok)
	check(t, c.tom.TakeBack(t.Context(), c.toIvy)) // he stands above who signed it
	c.clock.Advance(listLife)
	c.wants(ok, ok, gone)
	check(t, c.tom.TakeBack(t.Context(), c.toJune))
	c.clock.Advance(listLife)
	c.wants(ok, gone, gone)
	check(t, c.office.Revoke(t.Context(), c.offer.ID))
	c.clock.Advance(listLife)
	c.wants(gone, gone, gone)
}

// TestParentDeniesAll revokes the root alone: both below it are denied with it.
func TestParentDeniesAll(t *testing.T) {
	c := newChain(t)
	c.wants(reason.OK, reason.OK, reason.OK)
	check(t, c.office.Revoke(t.Context(), c.offer.ID))
	c.clock.Advance(listLife)
	c.wants(reason.StatusRevoked, reason.StatusRevoked, reason.StatusRevoked)
}
