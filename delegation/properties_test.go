// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// properties are P1 to P18 of §16, and two that it does not number. Where "never raises" would hold
// for a decision that ignores what was taken away, the check also demands the denial that must
// follow where all of it is taken away. P13 stands in prop_formats_test.go.
func properties(t testing.TB) []property {
	return []property{
		{"P1", permittedPrefixes},
		{"P2", longerNeverRaises},
		{"P3", lessGrantedNeverRaises},
		{"P4", badStatusAndRestrictions},
		{"P5", cascades},
		{"P6", narrowerAccreditation},
		{"P7", hidingNeverHelps},
		{"P8", orderDoesNotMatter},
		{"P9", permitIsInsideEveryInterval},
		{"P10", deterministic},
		{"P11", unknownConstraint},
		{"P12", obligationsOfTheHistory},
		{"P13", newVaults(t).sameInEveryFormat},
		{"P14", onePrincipal},
		{"P15", acceptedLength},
		{"P16", unrelatedCredentials},
		{"P17", differential},
		{"P18", repaired},
		{"relaxations", relaxationsAreRefused},
		{"preflight", preflightAgrees},
	}
}

// rank is the access rank of §16.
func rank(d Decision) int {
	switch d.Outcome {
	case Permit, PermitWithObligations:
		return 2
	case StepUp:
		return 1
	}
	return 0
}

// neverRaises ends the case if after has a higher access rank than before.
func neverRaises(t dice, before, after Decision) {
	if rank(after) > rank(before) {
		t.Fatalf("%v %s became %v %s", before.Outcome, before.Reason, after.Outcome, after.Reason)
	}
}

// nothing ends the case unless d has rank 0.
func nothing(t dice, d Decision, why string) {
	if rank(d) > 0 {
		t.Fatalf("%s, and the answer is %v", why, d.Outcome)
	}
}

func drawCredential(t dice, f *fixture) *credential.Credential {
	return f.p.Chain[uniform(t, len(f.p.Chain))].Credential
}

// prefix is the first n links, presented by the delegate of the last of them.
func (f *fixture) prefix(n int) *fixture {
	p := *f
	p.p.Chain = f.p.Chain[:n]
	p.p.Presenter = presenterFor(p.leafCredential())
	return &p
}

func permittedPrefixes(t dice, decide decider) {
	f := drawCase(t)
	if rank(decide(f.fixture)) < 2 {
		return
	}
	for n := 1; n < len(f.p.Chain); n++ {
		if d := decide(f.prefix(n)); rank(d) < 2 {
			t.Fatalf("the chain is permitted, its first %d links: %v %s", n, d.Outcome, d.Reason)
		}
	}
}

func longerNeverRaises(t dice, decide decider) {
	f := drawCase(t)
	whole := decide(f.fixture)
	for n := 1; n < len(f.p.Chain); n++ {
		if d := decide(f.prefix(n)); raises(d, whole) {
			t.Fatalf("the chain: %v; its first %d links: %v %s", whole.Outcome, n, d.Outcome, d.Reason)
		}
	}
}

// raises reports whether a link more raised the answer. M11 to M13 stand before M15, so that a
// link that adds a condition can turn condition.obligation_unsupported into a step-up; once it is
// met, the refusal is the same. No other refusal may turn into anything.
func raises(prefix, whole Decision) bool {
	if whole.Outcome == StepUp && slices.Contains(prefix.Reasons, reason.ConditionObligationUnsupported) {
		return false
	}
	return rank(whole) > rank(prefix)
}

func lessGrantedNeverRaises(t dice, decide decider) {
	f := drawCase(t)
	less := f.clone()
	i := uniform(t, len(f.p.Chain))
	c, r := less.p.Chain[i].Credential, &less.r
	p := &c.Permissions[uniform(t, len(c.Permissions))]
	resource, action, category := oneOf(t, someResources()), oneOf(t, someActions()), oneOf(t, someCategories())
	repairs := f.relaxed != nil && i > 0 // less may be what makes a broader child no broader
	switch uniform(t, 7) {
	case 0:
		c.Permissions = slices.DeleteFunc(c.Permissions, func(q credential.Permission) bool { return q.ID == p.ID })
	case 1:
		c.Purposes = c.Purposes[1:]
	case 2:
		c.Permissions = []credential.Permission{}
		nothing(t, decide(less), "a link grants nothing")
	case 3:
		prohibit(c, oneOf(t, []string{r.Resource, above(r.Resource), r.Resource + "/y"}), r.Action)
		nothing(t, decide(less), "the request is prohibited")
	case 4:
		c.Purposes = slices.DeleteFunc(c.Purposes, func(s string) bool { return s == r.Purpose })
		nothing(t, decide(less), "a link does not have the purpose")
	case 5:
		if !repairs {
			prohibit(c, resource, action)
		}
	case 6:
		if !repairs {
			p.Constraint.Exclude = append(p.Constraint.Exclude, category)
		}
	}
	neverRaises(t, decide(f.fixture), decide(less))
}

func badStatusAndRestrictions(t dice, decide decider) {
	f := drawCase(t)
	leaf := f.p.Chain[len(f.p.Chain)-1].Name
	bad := f.clone()
	bad.w.Status[leaf] = Status{State: oneOf(t, badStates())}
	nothing(t, decide(bad), "the leaf's status is "+bad.w.Status[leaf].State)

	stopped := f.clone()
	to := Restriction{
		Principal: "alice", Delegate: oneOf(t, []string{"", "*", "bob", member, "delegate1", "eve"}),
		Resource: oneOf(t, append(someResources(), "")),
	}
	stopped.w.Restrictions = append(stopped.w.Restrictions, to)
	neverRaises(t, decide(f.fixture), decide(stopped))

	parties := []string{"", "*", "bob", f.p.Presenter, f.leafCredential().Delegate.ID}
	to.Delegate, to.Resource = oneOf(t, parties), oneOf(t, []string{"", f.r.Resource, above(f.r.Resource), f.r.Resource + "/y"})
	stopped.w.Restrictions = []Restriction{to}
	nothing(t, decide(stopped), "a restriction hits")
}

func badStates() []string { return []string{"revoked", "suspended", "unavailable", "", "VALID"} }

func cascades(t dice, decide decider) {
	f := drawCase(t)
	name := f.p.Chain[uniform(t, len(f.p.Chain))].Name
	f.w.Status[name] = Status{State: oneOf(t, badStates())}
	nothing(t, decide(f.fixture), name+" has a bad status")
	delete(f.w.Status, name)
	nothing(t, decide(f.fixture), name+" has no status")
}

func narrowerAccreditation(t dice, decide decider) {
	f := drawCase(t)
	before := decide(f.fixture)
	f.w.Framework = f.clone().w.Framework
	narrowAccreditation(t, f.accreditation(uniform(t, len(f.w.Framework.Accreditations))), f.w.Now)
	neverRaises(t, before, decide(f.fixture))
	if f.root().Issuer == "alice" {
		return
	}
	how := uniform(t, 3)
	for i := range f.w.Framework.Accreditations {
		switch a := f.accreditation(i); how {
		case 0:
			a.Resources = []string{}
		case 1:
			a.Status = oneOf(t, []string{trustframework.Suspended, trustframework.Revoked})
		case 2:
			a.AccreditedBy = "nobody"
		}
	}
	nothing(t, decide(f.fixture), "no accreditation is left")
}

func narrowAccreditation(t dice, a *trustframework.Accreditation, now time.Time) {
	switch uniform(t, 14) {
	case 0:
		a.Resources = lessOf(t, a.Resources, someResources())
	case 1:
		a.Actions = lessOf(t, a.Actions, someActions())
	case 2:
		a.Controllers = lessOf(t, a.Controllers, []string{"gp"})
	case 3:
		a.Purposes = lessOf(t, a.Purposes, []string{"family", "care"})
	case 4:
		a.Relationships = lessOf(t, a.Relationships, []string{"adult"})
	case 5:
		a.Jurisdictions = lessOf(t, a.Jurisdictions, []string{"GB-ENG"})
	case 6:
		a.MaxRisk = riskName(max(0, ceilingRank(a.MaxRisk, "high")-1))
	case 7:
		a.MinAssurance = "high"
	case 8:
		a.Types = a.Types[1:]
	case 9:
		a.Status = oneOf(t, []string{trustframework.Suspended, trustframework.Revoked})
	case 10:
		if a.Status == trustframework.Active {
			a.Status, a.RetiredAt = trustframework.Retired, a.From
		}
	case 11:
		a.Until = now
	case 12:
		a.From = now
	case 13:
		a.Mediates = false
	}
}

func lessOf(t dice, list, all []string) []string {
	if list == nil || slices.Contains(list, "*") {
		list = all
	}
	return some(t, list, 60)
}

func hidingNeverHelps(t dice, decide decider) {
	f := drawCase(t)
	before := decide(f.fixture)
	hidden := f.clone()
	l := &hidden.p.Chain[uniform(t, len(hidden.p.Chain))]
	if chance(t, 80) {
		hide(t, hidden, l)
	}
	if chance(t, 20) {
		l.Credential.Assurance = nil
	}
	if n := len(hidden.p.Supporting); n > 0 && chance(t, 40) {
		i := uniform(t, n)
		hidden.p.Supporting = slices.Delete(hidden.p.Supporting, i, i+1)
	}
	neverRaises(t, before, decide(hidden))

	hidden.p.Disclosed = map[string][]string{l.Name: {}}
	nothing(t, decide(hidden), "a link shows no permission")
	if f.root().Issuer == "alice" || f.leafCredential().Delegate.Kind == workgroup {
		f.p.Supporting = nil
		nothing(t, decide(f.fixture), "what the chain needs beside it is not shown")
	}
}

// hide shows less of l than before.
func hide(t dice, f *fixture, l *Link) {
	shown, limited := f.p.Disclosed[l.Name]
	if !limited {
		shown = ids(l.Credential)
	}
	f.p.Disclosed = maps.Clone(f.p.Disclosed)
	if f.p.Disclosed == nil {
		f.p.Disclosed = map[string][]string{}
	}
	f.p.Disclosed[l.Name] = some(t, shown, 60)
}

func orderDoesNotMatter(t dice, decide decider) {
	f := drawCase(t)
	shuffled := f.clone()
	for i := range shuffled.p.Chain {
		c := shuffled.p.Chain[i].Credential
		shuffle(t, c.Permissions)
		for j := range c.Permissions {
			shuffle(t, c.Permissions[j].Actions)
		}
	}
	a, b := decide(f.fixture), decide(shuffled)
	if a.Outcome != b.Outcome || !slices.Equal(a.Obligations, b.Obligations) || !slices.Equal(a.NarrowTo, b.NarrowTo) {
		t.Fatalf("%v %q %q became %v %q %q", a.Outcome, a.Obligations, a.NarrowTo, b.Outcome, b.Obligations, b.NarrowTo)
	}
}

// permitIsInsideEveryInterval asks at the ends of the intervals, where a bound is mistaken easily.
func permitIsInsideEveryInterval(t dice, decide decider) {
	f := drawCase(t)
	c := drawCredential(t, f.fixture)
	f.w.Now = oneOf(t, []time.Time{
		f.w.Now, c.ValidFrom, c.ValidUntil, c.ValidFrom.Add(-time.Nanosecond), c.ValidUntil.Add(-time.Nanosecond),
	})
	f.w.Framework.AsOf = f.w.Now
	d := decide(f.fixture)
	if rank(d) < 2 {
		return
	}
	for _, l := range f.p.Chain {
		if c := l.Credential; f.w.Now.Before(c.ValidFrom) || !f.w.Now.Before(c.ValidUntil) {
			t.Fatalf("permitted at %v, %s is valid from %v until %v", f.w.Now, l.Name, c.ValidFrom, c.ValidUntil)
		}
		if d.Expires.After(l.Credential.ValidUntil) {
			t.Fatalf("holds until %v, %s until %v", d.Expires, l.Name, l.Credential.ValidUntil)
		}
	}
	if d.Expires.Before(f.w.Now) {
		t.Fatalf("permitted until %v at %v", d.Expires, f.w.Now)
	}
}

// deterministic also holds that a decision writes nothing to what it reads.
func deterministic(t dice, decide decider) {
	f := drawCase(t)
	a := decide(f.fixture)
	before := f.clone()
	if b := decide(f.fixture); !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v, and then %+v", a, b)
	}
	if b := decide(before); !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v, and of a copy %+v", a, b)
	}
	if chance(t, 20) && !reflect.DeepEqual(f.fixture, before) { // which is what takes the time
		t.Fatalf("the case was changed: %+v", f)
	}
}

func unknownConstraint(t dice, decide decider) {
	f := drawCase(t)
	before := decide(f.fixture)
	void := f.clone()
	c := drawCredential(t, void)
	c.Permissions[uniform(t, len(c.Permissions))].Constraint.Void = true
	neverRaises(t, before, decide(void))
	for i := range c.Permissions {
		c.Permissions[i].Constraint.Void = true
	}
	nothing(t, decide(void), "all permissions of a link have an unknown constraint")
}

// obligationsOfTheHistory looks for a history that explains the permit: one permission of each link,
// from the one at the root to the one at the leaf that the decision names, whose obligations
// were all returned.
func obligationsOfTheHistory(t dice, decide decider) {
	f := drawCase(t)
	d := decide(f.fixture)
	if rank(d) < 2 {
		return
	}
	for i := range f.p.Chain {
		c, id := f.p.Chain[i].Credential, ""
		switch i {
		case len(f.p.Chain) - 1:
			id = d.Permission
		case 0:
			id = d.RootPermission
		}
		explains := func(p credential.Permission) bool {
			return (id == "" || p.ID == id) && Covers(p.Resource, f.r.Resource) && subset(nonBlocking(p.Constraint.Requires), d.Obligations)
		}
		if !slices.ContainsFunc(c.Permissions, explains) {
			t.Fatalf("%q were returned, which no permission %q of link %d explains", d.Obligations, id, i)
		}
	}
}

func nonBlocking(requires []string) []string {
	return slices.DeleteFunc(slices.Clone(requires), blocking)
}

func onePrincipal(t dice, decide decider) {
	f := drawCase(t)
	switch uniform(t, 6) {
	case 4:
		f.r.Principal = "dave"
	case 5:
		drawCredential(t, f.fixture).OnBehalfOf.ID = "dave"
	}
	if rank(decide(f.fixture)) < 2 {
		return
	}
	for _, l := range f.p.Chain {
		if who := l.Credential.OnBehalfOf.ID; who != f.r.Principal {
			t.Fatalf("permitted for %q, %s is for %q", f.r.Principal, l.Name, who)
		}
	}
}

func acceptedLength(t dice, decide decider) {
	f := drawCase(t)
	if chance(t, 40) {
		f.push(narrower(f.leafCredential(), "one more"))
	}
	d := decide(f.fixture)
	n := len(f.p.Chain)
	if rank(d) > 0 && (n > 1+f.root().Redelegation.MaxDepth || n > f.w.Framework.Limits.MaxChainLinks) {
		t.Fatalf("%v with %d links, the root allows %d below it, the framework %d links", d.Outcome, n, f.root().Redelegation.MaxDepth, f.w.Framework.Limits.MaxChainLinks)
	}
}

func unrelatedCredentials(t dice, decide decider) {
	f := drawCase(t)
	more := f.clone()
	more.support(credential.TypeIdentityBinding, "zed", "")
	more.support(credential.TypeIdentityBinding, "bob", "")
	more.support(credential.TypeWorkgroupMembership, "zed", f.leafCredential().Delegate.ID)
	more.support(credential.TypeWorkgroupMembership, f.p.Presenter, "another group")
	expired := more.support(credential.TypeWorkgroupMembership, f.p.Presenter, f.leafCredential().Delegate.ID)
	expired.ValidUntil = f.w.Now
	n := len(f.p.Supporting)
	more.p.Supporting = slices.Concat(more.p.Supporting[n:], more.p.Supporting[:n])
	if a, b := decide(f.fixture), decide(more); !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v became %+v", a, b)
	}
}

// relaxationsAreRefused holds the generator to its word, and the decision to decision 4 of §1:
// widening is an error, whatever is asked.
func relaxationsAreRefused(t dice, decide decider) {
	f := drawCase(t)
	if f.refused {
		nothing(t, decide(f.fixture), "a link is broader than the one above it in "+f.relaxed.name)
	}
}

// preflightAgrees: what Preflight denies, Decide denies for the same reasons, and nobody else is denied
// by the steps that Preflight goes through.
func preflightAgrees(t dice, decide decider) {
	f := drawCase(t)
	f.w.Status = maps.Clone(f.w.Status)
	full := decide(f.fixture)
	early, ok := Preflight(f.w, f.p, f.r)
	if !ok && (early.Outcome != full.Outcome || !slices.Equal(early.Reasons, full.Reasons)) {
		t.Fatalf("before the status %v %v, with it %v %v", early.Outcome, early.Reasons, full.Outcome, full.Reasons)
	}
	if ok && rank(early) > 0 {
		t.Fatalf("Preflight permits: %v", early.Outcome)
	}
}
