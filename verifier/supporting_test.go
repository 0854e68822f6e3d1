// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/verifier"
)

// ward is a world whose framework leaves room for principals who issue and for workgroups, with
// the people of the cases and a watch on what is asked of status lists.
type ward struct {
	*world
	alice, joy, group did.Signer
	asking            bool // an answer is on its way

	mu    sync.Mutex
	asked []credential.StatusRef
	ages  map[uint64]time.Duration // by index; absent: that of the list
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{world: newWorld(t), ages: map[uint64]time.Duration{}}
	w.alice, w.joy, w.group = w.holder(key.ES256), w.holder(key.ES256), w.holder(key.ES256)
	adults := w.framework.Relationships["adult-to-adult"]
	adults.SelfIssue = true
	w.framework.Relationships["adult-to-adult"] = adults
	w.framework.Accreditations = append(w.framework.Accreditations, trustframework.Accreditation{
		ID: "acc-people", Issuer: issuerID, AccreditedBy: "trust-root", Status: trustframework.Active,
		From: began.AddDate(-1, 0, 0), Until: began.AddDate(2, 0, 0),
		Types: []string{credential.TypeIdentityBinding, credential.TypeWorkgroupMembership},
	})
	cfg := w.config("ward/")
	cfg.Status = w
	w.start(cfg)
	return w
}

// State is the status source of the gateway, which is watched and may be made older.
func (w *ward) State(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
	state, at, err := w.source.State(ctx, issuer, ref)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, ref)
	if age, ok := w.ages[ref.Index]; ok {
		at = w.clock.now().Add(-age)
	}
	return state, at, err
}

// askedFor reports whether the status of c was asked for, and forgets what was asked.
func (w *ward) askedFor(c *credential.Credential) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.asked = nil }()
	return slices.Contains(w.asked, c.Status[0])
}

func (w *ward) age(c *credential.Credential, age time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ref := range c.Status {
		w.ages[ref.Index] = age
	}
}

// paper returns a supporting credential about a person, of the issuer.
func (w *ward) paper(format, kind string, about did.Signer) *credential.Credential {
	w.Helper()
	ref, err := w.allocator.Allocate(context.Background())
	must(w, err)
	c := &credential.Credential{
		ID: fmt.Sprintf("urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-%012d", ref.Index), Type: kind, Issuer: issuerID,
		ValidFrom: began.AddDate(0, -6, 0), ValidUntil: began.AddDate(1, 0, 0),
		Delegate: credential.Delegate{ID: about.Method.DID().String()}, Status: w.statusOf(format, ref),
	}
	if kind == credential.TypeWorkgroupMembership {
		c.Workgroup = w.group.Method.DID().String()
	}
	return c
}

func (w *ward) bindingOf(format string) *credential.Credential {
	return w.paper(format, credential.TypeIdentityBinding, w.alice)
}

func (w *ward) memberOf(format string) *credential.Credential {
	return w.paper(format, credential.TypeWorkgroupMembership, w.joy)
}

// selfRoot is a root that alice issued for bob.
func (w *ward) selfRoot(format string) *credential.Credential {
	w.Helper()
	c, alice := w.root(format), w.alice.Method.DID().String()
	c.Issuer, c.GrantedBy, c.OnBehalfOf.ID = alice, alice, alice
	return c
}

// referral is a root for the workgroup.
func (w *ward) referral(format string) *credential.Credential {
	w.Helper()
	c := w.root(format)
	c.Delegate = credential.Delegate{ID: w.group.Method.DID().String(), Kind: "workgroup"}
	return c
}

func forAlice(w *ward) verifier.Access {
	a := booking()
	a.Principal = w.alice.Method.DID().String()
	return a
}

// disclosed is raw as a wallet hands over what it has no proof for.
func (w *ward) disclosed(format string, c *credential.Credential, by did.Signer) string {
	w.Helper()
	raw := w.seal(format, c, by)
	if c.Type != credential.TypeDelegation {
		return w.discloseWhole(format, raw)
	}
	return w.discloseAny(format, raw)
}

func (w *ward) discloseWhole(format string, raw []byte) string {
	w.Helper()
	out, err := w.formats.Named(format).(credential.Presenter).Disclose(credential.Selection{Raw: raw})
	must(w, err)
	return string(out)
}

// proved is a membership with the proof of its holder.
func (w *ward) proved(format string, raw []byte, b credential.Binding, holder did.Signer) string {
	w.Helper()
	out, err := w.formats.Named(format).(credential.Presenter).Present(context.Background(), credential.Selection{Raw: raw}, b, holder)
	must(w, err)
	return string(out)
}

func idIn(base, format string) string {
	if format == vc {
		base += "_jwt"
	}
	return base
}

// forged signs under the right name with a wrong key.
func (w *ward) forged() did.Signer {
	return did.Signer{Signer: newKey(w, key.ES256), Method: w.issuer.Method}
}

// spoilt is one way in which a supporting credential does not count: what is changed, and who signs.
type spoilt struct {
	name  string
	spoil func(w *ward, c *credential.Credential) did.Signer
	asked bool // whether its status is asked for all the same
}

func spoiltPapers() []spoilt {
	set := func(s status.State) func(*ward, *credential.Credential) did.Signer {
		return func(w *ward, c *credential.Credential) did.Signer {
			must(w, w.book.Set(context.Background(), []publisher.Ref{w.refOf(c)}, s))
			w.refreshed()
			return w.issuer
		}
	}
	return []spoilt{
		{"revoked", set(status.Revoked), true},
		{"suspended", set(status.Suspended), true},
		{"expired", func(w *ward, c *credential.Credential) did.Signer {
			c.ValidUntil = began
			return w.issuer
		}, true},
		{"not yet valid", func(w *ward, c *credential.Credential) did.Signer {
			c.ValidFrom = w.clock.now().Add(time.Minute)
			return w.issuer
		}, true},
		{"issued before its issuer was accredited", func(w *ward, c *credential.Credential) did.Signer {
			c.ValidFrom = w.framework.Accreditations[1].From.Add(-time.Second)
			return w.issuer
		}, true},
		{"accreditation revoked", func(w *ward, _ *credential.Credential) did.Signer {
			w.framework.Accreditations[1].Status = trustframework.Revoked
			return w.issuer
		}, true},
		{"issuer not accredited", func(w *ward, c *credential.Credential) did.Signer {
			c.Issuer = attackerID
			return w.attacker
		}, false},
		{"issuer accredited for delegations alone", func(w *ward, c *credential.Credential) did.Signer {
			c.Issuer = attackerID
			w.framework.Accreditations = append(w.framework.Accreditations, trustframework.Accreditation{
				Issuer: attackerID, AccreditedBy: "trust-root", Status: trustframework.Active, Types: []string{credential.TypeDelegation},
				From: began.AddDate(-1, 0, 0), Until: began.AddDate(2, 0, 0),
			})
			return w.attacker
		}, false},
		{"status at a host of another", func(w *ward, c *credential.Credential) did.Signer {
			for i := range c.Status {
				c.Status[i].List = strings.Replace(c.Status[i].List, statusHost, "https://attacker.test", 1)
			}
			return w.issuer
		}, true},
		{"signature", func(w *ward, _ *credential.Credential) did.Signer { return w.forged() }, false},
		{"about another", func(w *ward, c *credential.Credential) did.Signer {
			if c.Delegate.ID = w.carol.Method.DID().String(); c.Workgroup != "" {
				c.Delegate.ID, c.Workgroup = w.joy.Method.DID().String(), "did:web:ward9.test"
			}
			return w.issuer
		}, false},
	}
}

// mixes calls f for every pair of formats: that of the link and that of what supports it.
func mixes(t *testing.T, f func(t *testing.T, link, paper string)) {
	for _, link := range []string{sd, vc} {
		for _, paper := range []string{sd, vc} {
			t.Run(link+" with "+paper, func(t *testing.T) { f(t, link, paper) })
		}
	}
}

// presentSelf presents a self-issued root with these identity bindings.
func (w *ward) presentSelf(link string, c *credential.Credential, paper string, bindings ...string) result {
	w.Helper()
	s := w.ask(forAlice(w))
	answer := map[string][]string{queryOf(link): {w.showAny(s, link, w.seal(link, c, w.alice), w.bob)}}
	if len(bindings) > 0 {
		answer[idIn("identity", paper)] = bindings
	}
	return w.post(s, answer)
}

// TestIdentityBinding lets a principal issue, with and without who binds their identity.
func TestIdentityBinding(t *testing.T) {
	mixes(t, func(t *testing.T, link, paper string) {
		w := newWard(t)
		good := w.bindingOf(paper)
		w.expect(w.presentSelf(link, w.selfRoot(link), paper, w.disclosed(paper, good, w.issuer)), reason.OK)
		w.expect(w.presentSelf(link, w.selfRoot(link), paper), reason.TrustPrincipalUnbound)
		for _, one := range spoiltPapers() {
			t.Run(one.name, func(t *testing.T) {
				w := newWard(t)
				c := w.bindingOf(paper)
				by := one.spoil(w, c)
				bad := w.disclosed(paper, c, by)
				w.expect(w.presentSelf(link, w.selfRoot(link), paper, bad), reason.TrustPrincipalUnbound)
				if w.askedFor(c) != one.asked {
					t.Errorf("its status was asked for: %t", !one.asked)
				}
				if w.framework.Accreditations[1].Status == trustframework.Revoked {
					return
				}
				again := w.bindingOf(paper) // beside one that counts it changes nothing
				w.expect(w.presentSelf(link, w.selfRoot(link), paper, bad, w.disclosed(paper, again, w.issuer)), reason.OK)
			})
		}
	})
}

// TestBindingOfAnother puts the wrong credential in the place of an identity binding.
func TestBindingOfAnother(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWard(t)
		for name, other := range map[string]string{
			"a delegation":        w.disclosed(format, w.root(format), w.issuer),
			"a membership":        w.disclosed(format, w.paper(format, credential.TypeWorkgroupMembership, w.alice), w.issuer),
			"signed by alice":     w.discloseWhole(format, w.seal(format, w.ownBinding(format), w.alice)),
			"binding of somebody": w.disclosed(format, w.paper(format, credential.TypeIdentityBinding, w.bob), w.issuer),
			"garbage":             map[string]string{sd: "a.b.c~", vc: "a.b.c"}[format],
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w.TB = t
				w.expect(w.presentSelf(format, w.selfRoot(format), format, other), reason.TrustPrincipalUnbound)
			})
		}
		w.TB = t
		s := w.ask(forAlice(w)) // the form of an answer is that of its query, whatever it is worth
		answer := map[string][]string{queryOf(format): {w.showAny(s, format, w.seal(format, w.selfRoot(format), w.alice), w.bob)}}
		wrong := map[string]string{sd: vc, vc: sd}[format]
		answer[idIn("identity", format)] = []string{w.disclosed(wrong, w.bindingOf(wrong), w.issuer)}
		w.expect(w.post(s, answer), reason.QueryUnrequested)
	}
}

func (w *ward) ownBinding(format string) *credential.Credential {
	c := w.bindingOf(format)
	c.Issuer = w.alice.Method.DID().String()
	return c
}

// TestBindingChangesNothing shows a binding beside a root that an accredited issuer signed (P16).
func TestBindingChangesNothing(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWard(t)
		for _, about := range []did.Signer{w.alice, w.bob} {
			c := w.paper(format, credential.TypeIdentityBinding, about)
			s := w.ask(booking())
			w.expect(w.post(s, map[string][]string{
				queryOf(format):          {w.showAny(s, format, w.seal(format, w.root(format), w.issuer), w.bob)},
				idIn("identity", format): {w.disclosed(format, c, w.issuer)},
			}), reason.OK)
			if w.askedFor(c) {
				t.Error("its status was asked for")
			}
		}
	}
}

// TestSelfIssueForbidden shows that a binding does not help where the relationship wants an issuer.
func TestSelfIssueForbidden(t *testing.T) {
	w := newWard(t)
	w.framework.Relationships["other"] = trustframework.Relationship{SelfIssue: true}
	adults := w.framework.Relationships["adult-to-adult"]
	adults.SelfIssue = false
	w.framework.Relationships["adult-to-adult"] = adults
	c := w.bindingOf(sd)
	w.expect(w.presentSelf(sd, w.selfRoot(sd), sd, w.disclosed(sd, c, w.issuer)), reason.TrustSelfIssuedForbidden)
	if w.askedFor(c) || w.connections() > 0 {
		t.Error("something was fetched for it")
	}
}

// TestFreshestSupport lets the age of the freshest binding, or membership, take part.
func TestFreshestSupport(t *testing.T) {
	const limit = 300 * time.Second // of routine risk
	for _, format := range []string{sd, vc} {
		for name, one := range map[string]struct {
			ages []time.Duration
			want reason.Code
		}{
			"at the limit":        {[]time.Duration{limit}, reason.OK},
			"older":               {[]time.Duration{limit + time.Second}, reason.StatusStale},
			"older and fresh":     {[]time.Duration{limit + time.Second, time.Second}, reason.OK},
			"older and more so":   {[]time.Duration{limit + time.Minute, limit + time.Second}, reason.StatusStale},
			"fresh and older one": {[]time.Duration{0, limit + time.Second}, reason.OK},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWard(t)
				s := w.ask(booking())
				var bindings, members []string
				for _, age := range one.ages {
					b, m := w.bindingOf(format), w.memberOf(format)
					w.age(b, age)
					w.age(m, age)
					bindings = append(bindings, w.disclosed(format, b, w.issuer))
					members = append(members, w.proved(format, w.seal(format, m, w.issuer), w.binding(s), w.joy))
				}
				w.expect(w.presentSelf(format, w.selfRoot(format), format, bindings...), one.want)
				w.expect(w.post(s, map[string][]string{
					idIn("team", format): {w.disclosed(format, w.referral(format), w.issuer)}, idIn("membership", format): members,
				}), one.want)
			})
		}
	}
}

// TestSelfIssuedStatus says who speaks for a root that a person issued, and for what is passed on below it.
func TestSelfIssuedStatus(t *testing.T) {
	elsewhere := func(c *credential.Credential, host string) {
		for i := range c.Status {
			c.Status[i].List = strings.Replace(c.Status[i].List, statusHost, host, 1)
		}
	}
	for _, format := range []string{sd, vc} {
		for name, one := range map[string]struct {
			root, child func(w *ward, c *credential.Credential)
			want        reason.Code
		}{
			"one home":                  {nil, nil, reason.OK},
			"the root at nobody's host": {func(_ *ward, c *credential.Credential) { elsewhere(c, "https://nobody.test") }, nil, reason.StatusUnavailable},
			"the child at another host": {nil, func(_ *ward, c *credential.Credential) { elsewhere(c, "https://attacker.test") }, reason.StatusUnavailable},
			"the root revoked":          {func(w *ward, c *credential.Credential) { w.revoke(c) }, nil, reason.StatusRevoked},
			"the child revoked":         {nil, func(w *ward, c *credential.Credential) { w.revoke(c) }, reason.StatusRevoked},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWard(t)
				root := w.selfRoot(format)
				if one.root != nil {
					one.root(w, root)
				}
				raw := w.seal(format, root, w.alice)
				child := w.selfRoot(format)
				child.ID, child.Issuer, child.GrantedBy = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-000000000002", root.Delegate.ID, root.Delegate.ID
				child.Delegate.ID, child.Redelegation.MaxDepth = w.carol.Method.DID().String(), 0
				child.Parent = &credential.Parent{ID: root.ID, Digest: w.digestOf(format, raw)}
				if one.child != nil {
					one.child(w, child)
				}
				s := w.ask(forAlice(w))
				w.expect(w.post(s, map[string][]string{
					queryOf(format): {w.showAny(s, format, w.seal(format, child, w.bob), w.carol)}, parentsOf(format): {w.discloseAny(format, raw)},
					idIn("identity", format): {w.disclosed(format, w.bindingOf(format), w.issuer)},
				}), one.want)
				for address := range w.fetches {
					if !strings.HasPrefix(address, statusHost) {
						t.Errorf("%s was fetched", address)
					}
				}
			})
		}
	}
}

func (w *ward) revoke(c *credential.Credential) {
	w.Helper()
	must(w, w.book.Set(context.Background(), []publisher.Ref{w.refOf(c)}, status.Revoked))
	w.refreshed()
}

// TestBindingCannotLendItsStatus gives a root the name of the binding, which is good, and revokes the root.
func TestBindingCannotLendItsStatus(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWard(t)
		b, root := w.bindingOf(format), w.selfRoot(format)
		root.ID = b.ID
		w.expect(w.presentSelf(format, root, format, w.disclosed(format, b, w.issuer)), reason.OK)
		w.revoke(root)
		w.expect(w.presentSelf(format, root, format, w.disclosed(format, b, w.issuer)), reason.StatusRevoked)
		b, root = w.bindingOf(format), w.selfRoot(format)
		root.ID = b.ID
		w.revoke(b)
		w.expect(w.presentSelf(format, root, format, w.disclosed(format, b, w.issuer)), reason.TrustPrincipalUnbound)
	}
}

// TestHandleAsksSupportAnew revokes a binding between a presentation and a question about it.
func TestHandleAsksSupportAnew(t *testing.T) {
	w := newWard(t)
	b := w.bindingOf(sd)
	s := w.ask(forAlice(w))
	w.expect(w.post(s, map[string][]string{
		"delegation": {w.showAny(s, sd, w.seal(sd, w.selfRoot(sd), w.alice), w.bob)}, "identity": {w.disclosed(sd, b, w.issuer)},
	}), reason.OK)
	handle := w.progress(s).Handle
	question := strings.ReplaceAll(byHandle(handle), principal, w.alice.Method.DID().String())
	if got := w.evaluate(question); !got.Decision {
		t.Fatalf("%+v", got)
	}
	w.revoke(b)
	if got := w.evaluate(question); got.Decision || got.Context.Outcome != "deny" || w.leaf(w.leaves()).Reasons[0] != reason.TrustPrincipalUnbound {
		t.Errorf("%+v", got)
	}
}

// TestHandleEndsWithSupport lets a handle live no longer than the keys behind what supports it may be believed.
func TestHandleEndsWithSupport(t *testing.T) {
	const left = 10 * time.Second
	for party, late := range map[string]reason.Code{issuerID: reason.ObjectUnknown, attackerID: ""} {
		w := newWard(t)
		w.docs.docs[party].Fetched = began.Add(left - did.MaxAge)
		strangers := w.bindingOf(vc)
		strangers.Issuer = attackerID
		s := w.ask(forAlice(w))
		w.expect(w.post(s, map[string][]string{
			"delegation":   {w.showAny(s, sd, w.seal(sd, w.selfRoot(sd), w.alice), w.bob)},
			"identity":     {w.disclosed(sd, w.bindingOf(sd), w.issuer)},
			"identity_jwt": {w.disclosed(vc, strangers, w.attacker)},
		}), reason.OK)
		question := strings.ReplaceAll(byHandle(w.progress(s).Handle), principal, w.alice.Method.DID().String())
		w.clock.add(left - time.Second)
		if got := w.evaluate(question); !got.Decision {
			t.Errorf("%s: before the end: %+v", party, got)
		}
		w.clock.add(2 * time.Second)
		if got := w.evaluate(question); got.Reason != late || got.Decision != (late == "") {
			t.Errorf("%s: after the end: %+v", party, got)
		}
	}
}
