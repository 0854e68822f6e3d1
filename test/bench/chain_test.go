// SPDX-License-Identifier: Apache-2.0

//go:build unix

package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/trustframework"
)

const (
	deepest = 4
	block   = 256 // presentations in a row, after which the format forgets and depth 1 has its turn
	child   = "urn:uuid:91c0a1b8-8f0e-4d6a-a7c2-5f9be1f10081"
	service = "urn:example:A81001"
)

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// chained is a chain of a given depth as a wallet shows it: the links above the leaf, root first,
// and many leaves that differ, each with a holder proof.
type chained struct {
	above, leaves [][]byte
	world         delegation.World
	binding       credential.Binding
	keys          credential.Keys
	cache         *did.Cache
}

// BenchmarkVerifyChainES256 verifies and decides a chain of dc+sd-jwt whose links above the leaf are
// remembered and whose leaf was never seen: two signatures at every depth, the leaf's and the
// holder's (performance.md §5, "warm parents"). The metric x/depth-1 is
// the processor time against depth 1.
func BenchmarkVerifyChainES256(b *testing.B) { chains(b, block) }

// BenchmarkVerifyChainRememberedES256 is the same with the leaf remembered as well: one signature,
// the holder's. It is the harder ratio, because the part that depth adds stays the same.
func BenchmarkVerifyChainRememberedES256(b *testing.B) { chains(b, 1) }

// chains measures each depth with the given number of leaves. It also tells the time of the
// processor, which other work on the machine disturbs less than it does the clock. What a depth
// costs is set against depth 1 in turn with it, block by block, so that a machine that is now
// fast and now slow is so for both.
func chains(b *testing.B, leaves int) {
	for depth := 1; depth <= deepest; depth++ {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			deep, one := newMeter(b, depth, leaves), newMeter(b, 1, leaves)
			b.ReportAllocs()
			for b.Loop() {
				if deep.n%block == 0 {
					b.StopTimer()
					deep.rest(b)
					one.start(b)
					for range block {
						one.step(b)
					}
					one.rest(b)
					deep.start(b)
					b.StartTimer()
				}
				deep.step(b)
			}
			deep.rest(b)
			b.ReportMetric(deep.each(), "cpu-ns/op")
			b.ReportMetric(deep.each()/one.each(), "x/depth-1")
		})
	}
}

// meter measures the processor time of one chain.
type meter struct {
	c     *chained
	f     *sdjwt.Format // that is being measured, else nil
	since time.Duration // processor time when it began
	spent time.Duration
	n     int
}

func newMeter(b *testing.B, depth, leaves int) *meter {
	m := &meter{c: newChained(b, depth, leaves)}
	m.c.mustRefuse(b)
	return m
}

// start begins with a format that remembers what is to be remembered, and nothing else.
func (m *meter) start(b *testing.B) {
	m.f = m.c.remembering(b)
	m.since = processor(b)
}

// step verifies the next presentation.
func (m *meter) step(b *testing.B) {
	if d, err := m.c.verify(m.f, m.c.above, m.c.leaves[m.n%len(m.c.leaves)]); err != nil || d.Outcome != delegation.Permit {
		b.Fatal(err, d.Outcome, d.Reason)
	}
	m.n++
}

// rest ends a block, if one was begun.
func (m *meter) rest(b *testing.B) {
	if m.f != nil {
		m.spent += processor(b) - m.since
		m.f = nil
	}
}

// each returns the nanoseconds of one step.
func (m *meter) each() float64 { return float64(m.spent) / float64(m.n) }

// processor returns the processor time that this process has used.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// verify goes the way of the gateway: the leaf with its proof, the links above, which names which,
// the decision. Status and framework are in memory, as they are there.
func (c *chained) verify(f *sdjwt.Format, above [][]byte, leaf []byte) (delegation.Decision, error) {
	ctx := context.Background()
	shown, err := credential.OpenPresentation(ctx, f, leaf, c.binding, c.keys)
	if err != nil {
		return delegation.Decision{}, err
	}
	links := make([]credential.Verified, 0, len(above)+1)
	for _, raw := range above {
		v, err := credential.Open(ctx, f, raw, c.keys)
		if err != nil {
			return delegation.Decision{}, err
		}
		links = append(links, v)
	}
	p := delegation.Presentation{Presenter: shown.Holder().String(), Proof: delegation.Proof{
		Nonce: delegation.Passed, Audience: delegation.Passed, Unused: delegation.Passed, Fresh: delegation.Passed, Holder: delegation.Passed}}
	p.Chain, p.Incomplete = assembled(links, shown.Verified())
	return delegation.Decide(c.world, p, delegation.Request{
		Principal: child, Resource: "appointments", Action: "book", Purpose: "family-requested", Controller: service,
		Jurisdiction: "GB-ENG", Categories: []string{}, Assurance: "high"}), nil
}

// assembled puts the links in order, leaf last, by the digest by which each names the one above.
func assembled(above []credential.Verified, leaf credential.Verified) (chain []delegation.Link, incomplete bool) {
	for at := leaf; ; {
		l := delegation.Link{Name: at.Credential().ID, Credential: at.Credential(), Signature: delegation.Passed, Parent: delegation.NamedByDigest}
		chain = slices.Insert(chain, 0, l)
		parent := at.Credential().Parent
		if parent == nil {
			return chain, false
		}
		i := slices.IndexFunc(above, func(v credential.Verified) bool { return v.Digest() == parent.Digest })
		if i < 0 {
			return chain, true
		}
		at = above[i]
	}
}

// remembering returns a format that has seen the links above the leaf, and a lone leaf.
func (c *chained) remembering(b *testing.B) *sdjwt.Format {
	f := c.format(b)
	for _, raw := range c.above {
		made[credential.Verified](b)(credential.Open(context.Background(), f, raw, c.keys))
	}
	if len(c.leaves) == 1 {
		made[credential.Presented](b)(credential.OpenPresentation(context.Background(), f, c.leaves[0], c.binding, c.keys))
	}
	return f
}

func (c *chained) format(b *testing.B) *sdjwt.Format {
	now := func() time.Time { return began }
	return made[*sdjwt.Format](b)(sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: now, Holders: c.cache}))
}

// mustRefuse fails unless what is to be timed refuses forgeries: of the proof, of the leaf, of a
// parent, another nonce, and a parent that is not there.
func (c *chained) mustRefuse(b *testing.B) {
	b.Helper()
	f, leaf := c.remembering(b), c.leaves[0]
	proof, issuer := bytes.Clone(leaf), bytes.Clone(leaf)
	proof[len(proof)-3] ^= 1
	issuer[bytes.IndexByte(issuer, '~')-3] ^= 1
	c.refused(b, f, c.above, proof)
	c.refused(b, f, c.above, issuer)
	other := *c
	other.binding.Nonce += "x"
	other.refused(b, f, c.above, leaf)
	for i, raw := range c.above {
		forged := bytes.Clone(raw)
		forged[bytes.IndexByte(forged, '~')-3] ^= 1
		above := slices.Clone(c.above)
		above[i] = forged
		c.refused(b, f, above, leaf)
		c.refused(b, f, slices.Delete(slices.Clone(c.above), i, i+1), leaf)
	}
	c.mustStay(b, f)
}

// mustStay fails if f, which was decided with, remembers a link otherwise than its bytes say: what
// is remembered is shared, and no one may write to it.
func (c *chained) mustStay(b *testing.B, f *sdjwt.Format) {
	b.Helper()
	if d, err := c.verify(f, c.above, c.leaves[0]); err != nil || d.Outcome != delegation.Permit {
		b.Fatal(err, d.Outcome, d.Reason)
	}
	for _, raw := range c.above {
		want := made[credential.Verified](b)(credential.Open(context.Background(), c.format(b), raw, c.keys))
		got := made[credential.Verified](b)(credential.Open(context.Background(), f, raw, c.keys))
		if d := cmp.Diff(want.Credential(), got.Credential()); d != "" {
			b.Fatal(d)
		}
	}
}

func (c *chained) refused(b *testing.B, f *sdjwt.Format, above [][]byte, leaf []byte) {
	b.Helper()
	if d, err := c.verify(f, above, leaf); err == nil && d.Outcome >= delegation.StepUp {
		b.Fatal("a forgery passes")
	}
}

func made[T any](b *testing.B) func(T, error) T {
	return func(v T, err error) T {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
}

func newSigner(b *testing.B) did.Signer {
	return made[did.Signer](b)(didkey.Signer(made[*key.Private](b)(key.Generate(key.ES256, rand.Reader))))
}

// newChained makes a chain of the given depth with so many leaves.
func newChained(b *testing.B, depth, leaves int) *chained {
	b.Helper()
	now := func() time.Time { return began }
	cache := made[*did.Cache](b)(did.NewCache(did.CacheConfig{Resolver: didkey.New(), Now: now}))
	c := &chained{cache: cache, keys: credential.Keys{Resolver: cache, At: began},
		binding: credential.Binding{Audience: "did:web:gateway.example.org", Nonce: "a-nonce-of-a-session", At: began}}
	issuer, holder := newSigner(b), newSigner(b)
	c.world = delegation.World{Now: began, Framework: framework(issuer.Method.DID().String()), Status: map[string]delegation.Status{}}
	link := grant(issuer.Method.DID().String(), holder.Method.DID().String())
	f := c.format(b)
	by, parent := issuer, (*credential.Parent)(nil)
	for i := range depth - 1 {
		name := fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", i)
		raw := made[[]byte](b)(f.Seal(context.Background(), c.link(link, name, parent, depth-1-i), by))
		raw = made[[]byte](b)(f.Disclose(credential.Selection{Raw: raw, Permissions: shown}))
		c.above = append(c.above, raw)
		v := made[credential.Verified](b)(credential.Open(context.Background(), f, raw, c.keys))
		by, parent = holder, &credential.Parent{ID: name, Digest: v.Digest()}
		next := newSigner(b)
		link = onward(v.Credential(), next.Method.DID().String())
		holder = next
	}
	for i := range leaves {
		name := fmt.Sprintf("urn:uuid:00000000-0000-4000-9000-%012d", i)
		raw := made[[]byte](b)(f.Seal(context.Background(), c.link(link, name, parent, 0), by))
		s := credential.Selection{Raw: raw, Permissions: shown}
		c.leaves = append(c.leaves, made[[]byte](b)(f.Present(context.Background(), s, c.binding, holder)))
	}
	return c
}

// link returns l under a name, and has its status known.
func (c *chained) link(l *credential.Credential, name string, parent *credential.Parent, depth int) *credential.Credential {
	named := *l
	named.ID, named.Parent, named.Redelegation.MaxDepth = name, parent, depth
	c.world.Status[name] = delegation.Status{State: "valid"}
	return &named
}

// shown are the permissions that are disclosed: half of the ten disclosures.
var shown = []string{"p1", "p2", "p3", "p4", "p5"}

// grant is the credential of performance.md §1: seven permissions and three more disclosures.
func grant(issuer, holder string) *credential.Credential {
	permission := func(id, resource, risk, constraint string, actions ...string) credential.Permission {
		return credential.Permission{ID: id, Resource: resource, Actions: actions, Risk: risk, Constraint: credential.ParseConstraint([]byte(constraint))}
	}
	return &credential.Credential{
		Type: credential.TypeDelegation, Issuer: issuer, ValidFrom: began.AddDate(0, -5, 0), ValidUntil: began.AddDate(0, 7, 0),
		Delegate:     credential.Delegate{ID: holder, Kind: "person"},
		OnBehalfOf:   credential.Principal{ID: child, Identifier: &credential.Identifier{System: "urn:example:record", Value: "9000000009"}},
		Relationship: "adult-to-adult", LegalBasis: "consent", GrantedBy: child, Jurisdiction: []string{"GB-ENG"},
		Purposes: []string{"family-requested"}, Controllers: []string{service}, ReviewBy: began.AddDate(0, 4, 0),
		Redelegation: credential.Redelegation{Kinds: []string{"person", "agent"}},
		Prohibitions: []credential.Prohibition{{Resource: "gp-record/consultations", Actions: []string{"view"}}},
		Permissions: []credential.Permission{
			permission("p1", "appointments", "routine", `{}`, "view", "book", "cancel"),
			permission("p2", "prescriptions/repeat", "routine", `{"requires":["warn:repeat-request"]}`, "view", "request"),
			permission("p3", "gp-record/test-results", "sensitive", `{"dateFrom":"2024-01-01","excludeCategories":["sexual-health"],"minAssurance":"high","requires":["notify:principal"]}`, "view"),
			permission("p4", "messages", "routine", `{}`, "view", "submit"),
			permission("p5", "vaccinations", "routine", `{}`, "view"),
			permission("p6", "gp-record/documents", "sensitive", `{"dateFrom":"2025-01-01"}`, "view"),
			permission("p7", "scr/summary", "sensitive", `{}`, "view"),
		},
		Assurance: &credential.Assurance{Principal: "high", Delegate: "high"},
		Evidence:  []credential.Evidence{{ID: "https://proxy.example.org/Consent/BBCC67E9", Type: "ConsentRecord", DigestSRI: "sha256-x"}},
		Framework: "tf:example-proxy", Policy: "https://tf.example.org/policies/7",
		Status: []credential.StatusRef{{Kind: credential.TokenStatusList, List: "https://proxy.example.org/tsl/7", Index: 94567}},
	}
}

// onward is the same grant, passed on by its delegate; what was hidden is not passed on.
func onward(parent *credential.Credential, to string) *credential.Credential {
	c := *parent
	c.Issuer, c.GrantedBy, c.Delegate.ID = parent.Delegate.ID, parent.Delegate.ID, to
	full := grant("", "")
	c.OnBehalfOf.Identifier, c.Assurance, c.Evidence = full.OnBehalfOf.Identifier, full.Assurance, full.Evidence
	c.Permissions = full.Permissions
	return &c
}

func framework(issuer string) *trustframework.Framework {
	return &trustframework.Framework{
		ID: "tf:example-proxy", AsOf: began, MaxAgeSeconds: 3600, Anchors: []string{"did:web:authority.example.org"},
		Limits:        trustframework.Limits{MaxChainLinks: deepest, MaxAccreditationPath: 3},
		Relationships: map[string]trustframework.Relationship{"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: deepest, MaxValidityDays: 730}},
		Accreditations: []trustframework.Accreditation{{ID: "1", Issuer: issuer, AccreditedBy: "did:web:authority.example.org", Status: trustframework.Active,
			From: began.AddDate(-1, 0, 0), Until: began.AddDate(1, 0, 0), Types: []string{credential.TypeDelegation}}},
		Controllers: map[string]trustframework.ControllerPolicy{service: {Proxyable: []string{"*"},
			ByRisk: map[string]trustframework.RiskPolicy{"routine": {StatusMaxAge: 86400}, "sensitive": {StatusMaxAge: 3600}, "high": {StatusMaxAge: 300}}}},
	}
}
