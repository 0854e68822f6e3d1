// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func TestRoundTrip(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	f := newFormat(t, w)
	rapid.Check(t, func(t *rapid.T) {
		c := fixture.Token(fixture.Draw(t, w.Issuer.Method.DID().String(), w.Holder.Method.DID().String()))
		if err := credential.Lint(c); err != nil {
			t.Fatal("the generator is wrong: ", err)
		}
		raw, err := f.Seal(context.Background(), c, w.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		o, err := f.Open(context.Background(), raw, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c, o.Credential, sameCredential); d != "" {
			t.Fatal(d)
		}
		kinds := c.Redelegation.Kinds == nil
		if kinds != (o.Credential.Redelegation.Kinds == nil) {
			t.Fatal("absent kinds and no kinds are not told apart")
		}
	})
}

// TestAnySelection shows every subset: what is shown is exactly what was chosen, in order.
func TestAnySelection(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	f := newFormat(t, w)
	raw := seal(t, f, w, fixture.Token(w.Delegation(t)))
	all := []string{"p1", "p2", "p3", "p4", "p5", "p6", "p7"}
	for mask := range 1 << len(all) {
		s := credential.Selection{Raw: raw}
		for i, id := range all {
			if mask&(1<<i) != 0 {
				s.Permissions = append(s.Permissions, id)
			}
		}
		p := fatal[[]byte](t)(f.Present(context.Background(), s, w.Binding, w.Holder))
		o, _, err := f.OpenPresentation(context.Background(), p, w.Binding, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		var shown []string
		for _, p := range o.Credential.Permissions {
			shown = append(shown, p.ID)
		}
		if d := cmp.Diff(s.Permissions, shown); d != "" {
			t.Fatal(d)
		}
	}
	_, err := f.Disclose(credential.Selection{Raw: raw, Permissions: []string{"p9"}})
	refused(t, err, reason.QueryUnsatisfied)
	_, err = f.Present(context.Background(), credential.Selection{Raw: raw}, w.Binding, w.Attacker)
	refused(t, err, reason.PresentationHolderBindingFailed)
}

// counting counts resolutions and may refuse them.
type counting struct {
	did.Resolver
	n int
}

func (c *counting) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	c.n++
	return c.Resolver.Resolve(ctx, id)
}

// TestWarm shows what is remembered, and that it is worth nothing once the issuer's key is another.
func TestWarm(t *testing.T) {
	g := newForge(t)
	if g.f.cache.Used() == 0 {
		t.Fatal("a verified signature is not remembered")
	}
	resolver := &counting{Resolver: g.w.Keys.Resolver}
	g.w.Keys.Resolver = resolver
	g.mustPass()
	if resolver.n != 2 {
		t.Errorf("%d resolutions, want the issuer's and the holder's every time", resolver.n)
	}
	before := g.w.Issuer
	presented := g.raw()
	g.w.Web(t, before.Method.DID().String(), key.ES256)
	_, _, err := g.f.OpenPresentation(context.Background(), presented, g.w.Binding, g.w.Keys)
	refused(t, err, reason.CredentialSignatureInvalid)
	link, ok := errors.AsType[*credential.LinkError](err)
	if !ok || link.ID != g.claims["jti"] || !strings.HasPrefix(link.Digest, "sha-256:") {
		t.Errorf("the link cannot be placed: %v", err)
	}
}

// TestNothingBadIsRemembered sends what does not verify and looks into the cache.
func TestNothingBadIsRemembered(t *testing.T) {
	g := newForge(t)
	f := newFormat(t, g.w)
	issuer := g.w.Issuer
	g.w.Issuer.Signer = g.w.Attacker.Signer
	for range 50 {
		if _, err := f.Open(context.Background(), []byte(g.issued()), g.w.Keys); err == nil {
			t.Fatal("accepted")
		}
	}
	g.w.Issuer = issuer
	g.claims["delegate_kind"] = "robot"
	if _, err := f.Open(context.Background(), []byte(g.issued()), g.w.Keys); err == nil {
		t.Fatal("accepted")
	}
	if n := f.cache.Used(); n != 0 {
		t.Errorf("%d bytes are remembered of what was refused", n)
	}
}

// TestLinkError has a child whose schema is wrong: it can be placed below its parent.
func TestLinkError(t *testing.T) {
	g := newForge(t)
	g.at("delegation")["parent"] = object{"id": "urn:uuid:parent", "digest": "sha-256:x"}
	g.claims["on_behalf_of"] = 7
	err := g.open()
	refused(t, err, reason.CredentialSchemaInvalid)
	link, ok := errors.AsType[*credential.LinkError](err)
	if !ok || link.Parent == nil || link.Parent.ID != "urn:uuid:parent" {
		t.Errorf("got %v", err)
	}
}

func TestForeignType(t *testing.T) {
	run(t, attack{"vct", set("claims", "vct", "https://example.org/vct/other"), reason.CredentialTypeUnknown},
		attack{"prefix", set("claims", "vct", credential.VCTDelegation+"0"), reason.CredentialTypeUnknown},
		attack{"unknown member", set("claims", "admin", true), reason.CredentialSchemaInvalid},
		attack{"void constraint", func(g *forge) {
			d := g.at("delegation")
			d["permission"] = append(d["permission"].([]any), object{"id": "px", "resource": "messages", "action": []string{"view"}, "risk": "routine", "constraint": object{"moon": 1}})
		}, ""})
}

// TestAllocations holds the counts of performance.md §5, of which ours are below.
func TestAllocations(t *testing.T) {
	g := newForge(t)
	raw := g.raw()
	ctx := context.Background()
	check := testing.AllocsPerRun(100, func() {
		if g.kbKey.Public().Verify([]byte("x"), make([]byte, 64)) == nil {
			t.Fatal("accepted")
		}
	})
	open := func() {
		if _, _, err := g.f.OpenPresentation(ctx, raw, g.w.Binding, g.w.Keys); err != nil {
			t.Fatal(err)
		}
	}
	warm := testing.AllocsPerRun(100, open)
	cold := testing.AllocsPerRun(100, func() { g.f.cache = newFormat(t, g.w).cache; open() })
	cold -= testing.AllocsPerRun(100, func() { g.f.cache = newFormat(t, g.w).cache })
	t.Logf("cold %v, warm %v allocations; a refused signature check has %v", cold, warm, check)
	if cold > 60 || warm > 35 {
		t.Errorf("cold %v, warm %v allocations", cold, warm)
	}
}

func FuzzOpenPresentation(f *testing.F) {
	// Every worker is a process of its own and must come to the same keys and salts.
	random := mathrand.NewChaCha8([32]byte{1})
	w := fixture.NewFrom(f, key.EdDSA, random)
	format := newFormat(f, w)
	format.random = random
	g := forgeIn(f, w, format)
	good := g.raw()
	f.Add(good)
	f.Add([]byte(g.issued()))
	f.Add([]byte("a.b.c~d~e.f.g"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _, err := newFormat(t, g.w).OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys)
		if err == nil && string(raw) != string(good) {
			t.Error("something else than the presentation passes")
		}
		if err != nil && reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
	})
}

func FuzzDisclosures(f *testing.F) {
	f.Add(`{"a":{"_sd":["x"]},"b":[{"...":"y"}]}`, `["salt","c",1]`, `["salt",2]`)
	f.Fuzz(func(t *testing.T, payload, member, element string) {
		m, e := fixture.B64(member), fixture.B64(element)
		payload = strings.NewReplacer(`"x"`, `"`+fixture.Digest(m)+`"`, `"y"`, `"`+fixture.Digest(e)+`"`).Replace(payload)
		out, err := render([]byte(payload), [][]byte{[]byte(m), []byte(e)})
		if err == nil {
			if _, err := scanPayload(out); err != nil {
				t.Errorf("what comes out is not read again: %s: %v", out, err)
			}
		} else if reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
	})
}
