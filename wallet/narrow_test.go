// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

var viewing = []Permitted{{"appointments", []string{"view"}}}

// agents lets what is granted be passed on to agents too.
func agents(c *credential.Credential) { c.Redelegation.Kinds = []string{"person", "agent"} }

// voidLetters adds a permission that nobody understands the limits of, so that it grants nothing.
func voidLetters(c *credential.Credential) {
	c.Permissions = append(c.Permissions, credential.Permission{
		ID: "urn:uuid:22222222-2222-4222-8222-222222222222", Resource: "gp-record/letters", Actions: []string{"view"}, Risk: "routine",
		Constraint: credential.ParseConstraint([]byte(`{"onTuesdays":true}`)),
	})
}

// proposed returns the link that p asks for.
func proposed(t *testing.T, w *Wallet, e *Entry, p Proposal) *credential.Credential {
	t.Helper()
	d, err := w.Propose(t.Context(), e, p)
	check(t, err)
	return d.child
}

// TestHowLong names the end of what is passed on.
func TestHowLong(t *testing.T) {
	w := newTown(t)
	w.grant = func(c *credential.Credential) { agents(c); c.ValidUntil = w.at.AddDate(0, 6, 0) }
	tom, june := w.wallet(), w.wallet()
	long := w.receive(tom)
	w.grant = func(c *credential.Credential) { agents(c); c.ValidUntil = w.at.Add(12 * time.Hour) }
	short := w.receive(tom)
	robot := Proposal{To: june.DID(), Kind: KindAgent, OperatedBy: tom.DID(), Permissions: viewing, Narrow: Narrowing{MaxUses: 1}}
	person := Proposal{To: june.DID(), Permissions: viewing}
	exactly := person
	exactly.Until = w.at.AddDate(0, 6, 0)
	for name, c := range map[string]struct {
		of   *Entry
		p    Proposal
		want time.Time
	}{
		"a person":                {long, person, w.at.Add(DefaultLife)},
		"a person, soon over":     {short, person, short.ValidUntil},
		"an agent":                {long, robot, w.at.Add(AgentLife)},
		"an agent, soon over":     {short, robot, short.ValidUntil},
		"exactly as what is held": {long, exactly, long.ValidUntil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := proposed(t, tom, c.of, c.p); !got.ValidUntil.Equal(c.want) || !got.ValidFrom.Equal(w.at) {
				t.Errorf("%v to %v, want %v", got.ValidFrom, got.ValidUntil, c.want)
			}
		})
	}
	exactly.Until = exactly.Until.Add(time.Second)
	_, err := tom.Propose(t.Context(), long, exactly)
	want(t, err, reason.ChainValidityWidened)
	if !strings.Contains(err.Error(), long.ValidUntil.Format(time.RFC3339)) {
		t.Errorf("%v does not say until when it could be", err)
	}
}

// TestAgent covers delegation.md §13: what an agent is given, and what it is not.
func TestAgent(t *testing.T) {
	w := newTown(t)
	w.grant = agents
	tom, june := w.wallet(), w.wallet()
	e := w.receive(tom)
	results := Permitted{"gp-record/test-results", []string{"view"}}
	p := Proposal{To: june.DID(), Kind: KindAgent, OperatedBy: tom.DID(), Permissions: []Permitted{viewing[0], results}, Narrow: Narrowing{MaxUses: 3}}
	c := proposed(t, tom, e, p)
	routine, sensitive := c.Permissions[0].Constraint, c.Permissions[1].Constraint
	if c.Delegate.OperatedBy != tom.DID().String() || c.Redelegation.MaxDepth != 0 || c.Redelegation.Kinds == nil || len(c.Redelegation.Kinds) != 0 ||
		routine.MaxUses != 3 || len(routine.Requires) != 0 || !slices.Equal(sensitive.Requires, []string{"human-approval"}) {
		t.Errorf("%+v", c)
	}
	for name, spoil := range map[string]func(p *Proposal){
		"nobody answers":         func(p *Proposal) { p.OperatedBy = did.DID{} },
		"no number of uses":      func(p *Proposal) { p.Narrow.MaxUses = 0 },
		"passed on":              func(p *Proposal) { p.MaxDepth = 1 },
		"two days":               func(p *Proposal) { p.Until = w.at.Add(48 * time.Hour) },
		"a person with an owner": func(p *Proposal) { p.Kind = KindPerson },
	} {
		t.Run(name, func(t *testing.T) {
			bad := p
			spoil(&bad)
			_, err := tom.Propose(t.Context(), e, bad)
			want(t, err, reason.CLIArgs)
		})
	}
}

// TestPossible shows what is said where a wish goes beyond what is held.
func TestPossible(t *testing.T) {
	w := newTown(t)
	w.grant = voidLetters
	tom := w.wallet()
	e := w.receive(tom)
	all := []string{"appointments:view,book,cancel", "prescriptions/repeat:view,request", "gp-record/test-results:view"}
	for wish, possible := range map[string][]string{
		"appointments/gp:view,delete": {"appointments/gp:view"},
		"gp-record:view":              {"gp-record/test-results:view"},
		"gp-record/letters:view":      all, // a void permission grants nothing
		"vaccinations:view":           all,
		"appointments:delete":         all,
	} {
		t.Run(wish, func(t *testing.T) {
			one, err := ParsePermitted(wish)
			check(t, err)
			_, err = tom.Propose(t.Context(), e, Proposal{To: w.wallet().DID(), Permissions: []Permitted{one}})
			want(t, err, reason.ChainScopeWidened)
			beyond, ok := errors.AsType[*Beyond](err)
			if !ok {
				t.Fatalf("%T", err)
			}
			var got []string
			for _, p := range beyond.Possible {
				got = append(got, p.String())
				if _, err := tom.Propose(t.Context(), e, Proposal{To: w.wallet().DID(), Permissions: []Permitted{p}}); err != nil {
					t.Errorf("%s was called possible: %v", p, err)
				}
			}
			if !slices.Equal(got, possible) {
				t.Errorf("possible %v, want %v", got, possible)
			}
		})
	}
	if got := e.Passable(); len(got) != 3 {
		t.Errorf("passable: %v", got)
	}
}

// TestNarrowing adds limits, and never takes one away.
func TestNarrowing(t *testing.T) {
	held := credential.ParseConstraint([]byte(`{"dateFrom":"2024-01-01","dateTo":"2026-12-31","excludeCategories":["a"],"includeCategories":["b","c"],` +
		`"minAssurance":"high","requires":["notify:principal"],"maxUses":9}`))
	same, err := (Narrowing{}).of(held)
	check(t, err)
	if string(same.Raw) != string(held.Raw) {
		t.Errorf("%s", same.Raw)
	}
	got, err := Narrowing{"2025-01-01", "2025-12-31", []string{"a", "d"}, []string{"confirm"}, 2}.of(held)
	check(t, err)
	if diff := cmp.Diff(`{"dateFrom":"2025-01-01","dateTo":"2025-12-31","excludeCategories":["a","d"],"includeCategories":["b","c"],`+
		`"minAssurance":"high","requires":["notify:principal","confirm"],"maxUses":2}`, string(got.Raw)); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		n    Narrowing
		want reason.Code
	}{
		"earlier":          {Narrowing{DateFrom: "2023-12-31"}, reason.ChainConstraintRelaxed},
		"later":            {Narrowing{DateTo: "2027-01-01"}, reason.ChainConstraintRelaxed},
		"more often":       {Narrowing{MaxUses: 10}, reason.ChainConstraintRelaxed},
		"back to front":    {Narrowing{DateFrom: "2026-01-01", DateTo: "2025-01-01"}, reason.CLIArgs},
		"after the last":   {Narrowing{DateFrom: "2027-01-01"}, reason.CLIArgs},
		"as often is fine": {Narrowing{MaxUses: 9}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.n.of(held)
			want(t, err, c.want)
		})
	}
	for _, n := range []Narrowing{
		{DateFrom: "2025-02-30"}, {DateTo: "x"}, {MaxUses: -1}, {MaxUses: maxUsesAsked + 1}, {Exclude: []string{""}}, {Exclude: []string{"Sexual Health"}},
		{Exclude: slices.Repeat([]string{"a"}, maxNarrowing+1)}, {Require: []string{"confirm-x"}}, {Require: []string{"step-up:very-high"}},
		{Require: []string{"step-up"}}, {Require: []string{"made-up:x"}}, {Require: []string{"notify:"}}, {Require: []string{"confirm:x"}},
	} {
		want(t, n.check(), reason.CLIArgs)
	}
	for _, r := range []string{"confirm", "human-approval", "step-up:low", "step-up:substantial", "step-up:high", "notify:controller", "warn:x", "audit:enhanced", "alert:privacy-officer"} {
		check(t, Narrowing{Require: []string{r}}.check())
	}
}

// TestNarrowingProperty: whatever is asked for, what comes out is no broader than what is held, by
// the very order that gateways use.
func TestNarrowingProperty(t *testing.T) {
	day := rapid.SampledFrom([]string{"", "2023-01-01", "2024-06-01", "2025-01-01", "2026-06-30"})
	words := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID[string])
	needs := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"confirm", "step-up:high", "notify:principal"}), 0, 3, rapid.ID[string])
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		draw := func() Narrowing {
			return Narrowing{day.Draw(t, "from"), day.Draw(t, "to"), words.Draw(t, "exclude"), needs.Draw(t, "require"), rapid.IntRange(0, 4).Draw(t, "uses")}
		}
		held, err := draw().of(credential.ParseConstraint([]byte(`{}`)))
		if err != nil {
			return
		}
		got, err := draw().of(held)
		if err != nil {
			return
		}
		made++
		q := credential.Permission{Resource: "r", Actions: []string{"view"}, Constraint: held}
		p := credential.Permission{Resource: "r", Actions: []string{"view"}, Constraint: got}
		if code := delegation.NoBroader(p, q); code != "" || got.Void {
			t.Fatalf("%s: %s within %s", code, got.Raw, held.Raw)
		}
	})
	if made < 10 {
		t.Errorf("only %d narrowings were made", made)
	}
}

// TestTerms says what a person sees: what is held beside what is passed on.
func TestTerms(t *testing.T) {
	w := newTown(t)
	tom, june := w.wallet(), w.wallet()
	e := w.receive(tom)
	d, err := tom.Propose(t.Context(), e, Proposal{
		To: june.DID(), Permissions: []Permitted{{"gp-record/test-results", []string{"view"}}, {"appointments/gp", []string{"view", "book"}}},
		Narrow: Narrowing{Require: []string{"confirm"}}, MaxDepth: 1, Until: w.at.Add(48 * time.Hour),
	})
	check(t, err)
	until := func(at time.Time) string { return at.Format(time.RFC3339) }
	if diff := cmp.Diff([]Limit{
		{"gp-record/test-results", "resource", "gp-record/test-results", "gp-record/test-results"},
		{"gp-record/test-results", "may", "view", "view"},
		{"gp-record/test-results", "records", "from 2024-01-01", "from 2024-01-01"},
		{"gp-record/test-results", "no records of", "sexual-health", "sexual-health"},
		{"gp-record/test-results", "on condition of", "", "confirm"},
		{"appointments/gp", "resource", "appointments", "appointments/gp"},
		{"appointments/gp", "may", "view, book, cancel", "view, book"},
		{"appointments/gp", "on condition of", "", "confirm"},
		{"", "acting for", principal, principal},
		{"", "until", until(e.ValidUntil), until(w.at.Add(48 * time.Hour))},
		{"", "may be passed on", "2 times, to: person", "once, to: person"},
		{"", "for", "family requested", "family requested"},
		{"", "at", controller, controller},
		{"", "in", england, england},
		{"", "their number", nhsNumber, "not told"},
	}, d.Terms.Limits); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(d.Terms.LeftOut, []string{"prescriptions/repeat: view, request"}) || d.Terms.Whole || d.Terms.To != june.DID().String() {
		t.Errorf("%+v", d.Terms)
	}
	if !slices.Equal(d.Terms.TakenBackBy, []string{"you", "Larkhill Road Surgery", "the person for whom you act, through Larkhill Road Surgery"}) {
		t.Errorf("%q", d.Terms.TakenBackBy)
	}
	if all, _, _ := tom.PassedOn(t.Context()); len(all) != 0 || w.issuer.hit("POST /v1/hosted-status") != 0 {
		t.Error("a proposal was acted on")
	}
	root := d.chain[0].Credential()
	w.framework.Anchors = append(w.framework.Anchors, tom.DID().String())
	if by := tom.entitled(d.chain); by[len(by)-1] != "the operator of the trust framework" || !signs(tom.DID().String()) || signs(root.GrantedBy) || signs(team[:7]) {
		t.Errorf("%q", by)
	}
	file, _, err := d.Sign(t.Context())
	check(t, err)
	got, err := june.Accept(t.Context(), file)
	check(t, err)
	if diff := cmp.Diff(d.child.Permissions, got.Credential().Permissions, cmp.Comparer(func(a, b credential.Constraint) bool {
		a.Raw, b.Raw = nil, nil
		return cmp.Equal(a, b)
	})); diff != "" {
		t.Errorf("what was shown is not what was signed: %s", diff)
	}
	if to := w.hostedFor[got.Credential().ID]; to != june.DID().String() {
		t.Errorf("the issuer does not know who may pass it on: %q", to)
	}
	again, err := june.Propose(t.Context(), got, Proposal{To: w.wallet().DID(), Permissions: []Permitted{{"appointments/gp", []string{"view"}}}})
	check(t, err)
	if want := tom.DID().String() + ", who had it before you"; again.Terms.TakenBackBy[1] != want {
		t.Errorf("%q", again.Terms.TakenBackBy)
	}
}

// TestThreeHands passes on twice; who stands first takes back what the second did, out of its file.
func TestThreeHands(t *testing.T) {
	w := newTown(t)
	tom, june, ivy := w.wallet(), w.wallet(), w.wallet()
	first, err := tom.Propose(t.Context(), w.receive(tom), Proposal{To: june.DID(), Permissions: viewing, MaxDepth: 1})
	check(t, err)
	file, _, err := first.Sign(t.Context())
	check(t, err)
	hers, err := june.Accept(t.Context(), file)
	check(t, err)
	file, record := passOn(t, june, hers, ivy, viewing...)
	got, err := ivy.Accept(t.Context(), file)
	check(t, err)
	if got.Links != 3 || w.hostedFor[record.Credential] != "" {
		t.Errorf("%d links; the issuer was told who has a link that ends there: %q", got.Links, w.hostedFor[record.Credential])
	}
	back, err := tom.TakeBackFile(t.Context(), file)
	check(t, err)
	if back.ID != "" || back.Credential != record.Credential || back.TakenBack.IsZero() || !slices.Equal(w.takenBack, []string{record.Credential}) {
		t.Errorf("%+v, %v", back, w.takenBack)
	}
	if all, _, _ := tom.PassedOn(t.Context()); len(all) != 1 || !all[0].TakenBack.IsZero() {
		t.Errorf("his own record: %+v", all)
	}
	w.wait(10 * time.Minute)
	if s := ivy.Status(t.Context(), got); s.State != "revoked" {
		t.Errorf("the last: %+v", s)
	}
	if s := june.Status(t.Context(), hers); !s.Good() {
		t.Errorf("the one between: %+v", s)
	}
	_, err = june.TakeBackFile(t.Context(), file)
	check(t, err)
	if all, _, _ := june.PassedOn(t.Context()); len(all) != 1 || all[0].TakenBack.IsZero() {
		t.Errorf("her record does not say that it was taken back: %+v", all)
	}
	_, err = tom.TakeBackFile(t.Context(), []byte("{}"))
	want(t, err, reason.CredentialUnexpected)
}

// away is a network without the issuer's hosting.
type away struct{ Remote }

func (a away) Post(ctx context.Context, url, contentType string, body []byte, want safehttp.Want) (safehttp.Response, error) {
	if strings.Contains(url, hostPath) {
		return safehttp.Response{}, safehttp.ErrUnreachable
	}
	return a.Remote.Post(ctx, url, contentType, body, want)
}

// TestHostAway shows that without a status nothing is signed and nothing recorded, and that it says what to do.
func TestHostAway(t *testing.T) {
	w := newTown(t)
	tom := w.wallet()
	e := w.receive(tom)
	tom.cfg.Remote = away{tom.cfg.Remote}
	_, _, err := tom.Delegate(t.Context(), e, Proposal{To: w.wallet().DID(), Permissions: viewing})
	want(t, err, reason.FetchLimit)
	if !strings.Contains(err.Error(), "nothing was signed: try again later") {
		t.Error(err)
	}
	if all, _, _ := tom.PassedOn(t.Context()); len(all) != 0 {
		t.Error("a record was kept")
	}
}
