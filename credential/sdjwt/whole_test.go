// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// isWhole reports whether f remembers what these bytes say.
func isWhole(f *Format, raw []byte) bool {
	_, ok := f.wholes.Get(sha256.Sum256(raw))
	return ok
}

// sameKey compares keys, of which the zero one equals none.
var sameKey = cmp.Comparer(func(a, b key.Public) bool { return a.Equal(b) || a.IsZero() && b.IsZero() })

// cold opens raw with a format that remembers nothing.
func cold(t testing.TB, w *fixture.World, raw []byte) (credential.Opened, error) {
	return newFormat(t, w).Open(context.Background(), raw, w.Keys)
}

// sameAsCold opens raw with f and fails unless a format that remembers nothing says the same, to
// the byte: the same credential with the same constraints as received, or the same refusal.
func sameAsCold(t testing.TB, f *Format, w *fixture.World, raw []byte) (credential.Opened, error) {
	t.Helper()
	want, refusal := cold(t, w, raw)
	got, err := f.Open(context.Background(), raw, w.Keys)
	if d := cmp.Diff(want, got, sameKey); d != "" {
		t.Fatal(d)
	}
	if reason.Of(err) != reason.Of(refusal) || (err == nil) != (refusal == nil) {
		t.Fatalf("%v, without memory %v", err, refusal)
	}
	return got, err
}

// TestWholeAsCold opens some showing of some credential thrice: never seen, remembered, remembered
// and handed out before.
func TestWholeAsCold(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	f := newFormat(t, w)
	rapid.Check(t, func(rt *rapid.T) {
		c := fixture.Token(fixture.Draw(rt, w.Issuer.Method.DID().String(), w.Holder.Method.DID().String()))
		raw := seal(t, f, w, c)
		s := credential.Selection{Raw: raw}
		for _, p := range c.Permissions {
			if rapid.Bool().Draw(rt, "shown") {
				s.Permissions = append(s.Permissions, p.ID)
			}
		}
		if c.Evidence != nil {
			claims := []credential.Claim{credential.ClaimIdentifier, credential.ClaimAssurance, credential.ClaimEvidence}
			s.Claims = rapid.SampledFrom([][]credential.Claim{nil, claims[:1], claims[1:], claims}).Draw(rt, "claims")
		}
		shown := fatal[[]byte](t)(f.Disclose(s))
		for range 3 {
			if _, err := sameAsCold(t, f, w, shown); err != nil {
				rt.Fatal(err)
			}
			if !isWhole(f, shown) {
				rt.Fatal("not remembered")
			}
		}
		if isWhole(f, raw) != bytes.Equal(raw, shown) {
			rt.Fatal("what was not opened is remembered")
		}
	})
}

// TestInTheClear has a permission that was issued in the clear: its memory is the issuer's JWT's.
func TestInTheClear(t *testing.T) {
	g := newForge(t)
	d := g.at("delegation")
	d["permission"] = append([]any{object{"id": "p0", "resource": "messages", "action": []string{"view"}, "risk": "routine", "constraint": object{"moon": 1}}}, d["permission"].([]any)...)
	raw := []byte(g.issued())
	for range 3 {
		o, err := sameAsCold(t, g.f, g.w, raw)
		if err != nil || o.Credential.Permissions[0].ID != "p0" || !o.Credential.Permissions[0].Constraint.Void {
			t.Fatal(o.Credential, err)
		}
		fixture.NoRoom(t, reflect.ValueOf(o.Credential))
	}
	o, _, err := g.f.OpenPresentation(context.Background(), g.raw(), g.w.Binding, g.w.Keys)
	if err == nil { // its memory is not that of this presentation alone
		fixture.NoRoom(t, reflect.ValueOf(o.Credential.Permissions[:1:1]))
	}
	refused(t, err, "")
}

// TestChangedWhole changes what is remembered. Every change is told as if nothing were.
func TestChangedWhole(t *testing.T) {
	g := newForge(t)
	raw := g.issued()
	if _, err := sameAsCold(t, g.f, g.w, []byte(raw)); err != nil || !isWhole(g.f, []byte(raw)) {
		t.Fatal("not remembered: ", err)
	}
	jwt, list := g.parts(raw)
	body, signature, _ := cutLast(jwt, ".")
	joined := func(jwt string, list ...string) string { return jwt + "~" + strings.Join(append(list, ""), "~") }
	resalted := fixture.B64(strings.Replace(string(fixture.Unb64(t, list[0])), `["`, `["x`, 1))
	presented := string(g.raw())
	for name, c := range map[string]struct {
		raw  string
		want reason.Code
	}{
		"a disclosure removed":           {joined(jwt, list[1:]...), ""},
		"all removed":                    {joined(jwt), ""},
		"order changed":                  {joined(jwt, append(slices.Clone(list[1:]), list[0])...), ""},
		"a disclosure twice":             {joined(jwt, append(slices.Clone(list), list[0])...), reason.SDJWTDigestDuplicate},
		"a foreign one added":            {joined(jwt, append(slices.Clone(list), resalted)...), reason.SDJWTDisclosureUnreferenced},
		"another salt":                   {joined(jwt, append([]string{resalted}, list[1:]...)...), reason.SDJWTDisclosureUnreferenced},
		"padded":                         {joined(jwt, append([]string{list[0] + "="}, list[1:]...)...), reason.JOSEBase64Invalid},
		"an empty disclosure":            {joined(jwt, append(slices.Clone(list), "")...), reason.SDJWTDisclosureForm},
		"holder proof behind":            {presented, reason.SDJWTDisclosureForm},
		"something behind":               {raw + "x", reason.SDJWTDisclosureForm},
		"no last tilde":                  {strings.TrimSuffix(raw, "~"), reason.SDJWTDisclosureForm},
		"the JWT alone":                  {jwt, reason.SDJWTDisclosureForm},
		"space before":                   {" " + raw, reason.JOSEBase64Invalid},
		"another signature":              {joined(body+"."+turned(signature), list...), reason.CredentialSignatureInvalid},
		"the other signature that holds": {joined(body+"."+negated(t, signature), list...), ""},
		"no signature":                   {joined(body+".", list...), reason.CredentialSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if c.raw == raw {
				t.Fatal("nothing is changed")
			}
			_, err := sameAsCold(t, g.f, g.w, []byte(c.raw))
			refused(t, err, c.want)
			if isWhole(g.f, []byte(c.raw)) != (c.want == "") {
				t.Error("remembered: ", c.want != "")
			}
			if _, err := sameAsCold(t, g.f, g.w, []byte(raw)); err != nil {
				t.Error("what is remembered is worth nothing now: ", err)
			}
		})
	}
}

// TestEveryByteOfAWhole changes each byte of what is remembered in turn.
func TestEveryByteOfAWhole(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.issued())
	fatal[credential.Opened](t)(g.f.Open(context.Background(), raw, g.w.Keys))
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if _, err := g.f.Open(context.Background(), forged, g.w.Keys); err == nil {
			t.Fatalf("byte %d of %d may change", i, len(raw))
		}
	}
	if _, err := g.f.Open(context.Background(), raw, g.w.Keys); err != nil {
		t.Error(err)
	}
}

// TestTooLongForAWhole holds the bound that stands before the hash.
func TestTooLongForAWhole(t *testing.T) {
	g := newForge(t)
	_, err := g.f.Open(context.Background(), bytes.Repeat([]byte("~"), 1<<20+1), g.w.Keys)
	refused(t, err, reason.LimitBody)
	_, err = g.f.Open(context.Background(), bytes.Repeat([]byte("~"), 1<<20), g.w.Keys)
	refused(t, err, reason.SDJWTDisclosureForm)
}

// parts takes an SD-JWT without holder proof apart.
func (g *forge) parts(raw string) (jwt string, disclosures []string) {
	jwt, rest, _ := strings.Cut(raw, "~")
	return jwt, strings.Split(strings.TrimSuffix(rest, "~"), "~")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	return s[:i], s[i+len(sep):], i >= 0
}

// turned returns a signature of the same length with another first byte.
func turned(signature string) string {
	if signature[0] == 'A' {
		return "B" + signature[1:]
	}
	return "A" + signature[1:]
}

// negated returns the other ECDSA signature that verifies: (r, n-s).
func negated(t *testing.T, signature string) string {
	t.Helper()
	raw := fixture.Unb64(t, signature)
	n := elliptic.P256().Params().N
	s := new(big.Int).Sub(n, new(big.Int).SetBytes(raw[32:]))
	s.FillBytes(raw[32:])
	return fixture.B64(raw)
}

// scripted resolves one DID to the document, or the refusal, that a test sets.
type scripted struct {
	did.Resolver
	id  did.DID
	doc *did.Document
	err error
}

func (s *scripted) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	if id == s.id {
		return s.doc, s.err
	}
	return s.Resolver.Resolve(ctx, id)
}

// TestWholeWithoutKey takes the issuer's key out of its document in every way there is. What is
// remembered is refused as it is without memory, and is good again with the key.
func TestWholeWithoutKey(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.issued())
	id := g.w.Issuer.Method.DID()
	good := fatal[*did.Document](t)(g.w.Keys.Resolver.Resolve(context.Background(), id))
	s := &scripted{Resolver: g.w.Keys.Resolver, id: id, doc: good}
	g.w.Keys.Resolver = s
	for range 2 {
		fatal[credential.Opened](t)(g.f.Open(context.Background(), raw, g.w.Keys))
	}
	with := func(change func(*did.Document)) *did.Document {
		d := &did.Document{ID: good.ID, Methods: slices.Clone(good.Methods), Purposes: good.Purposes}
		change(d)
		return d
	}
	at := g.w.Keys.At
	for name, c := range map[string]struct {
		doc  *did.Document
		err  error
		want reason.Code
	}{
		"another document": {err: reason.New(reason.DIDDocumentMismatch, ""), want: reason.DIDDocumentMismatch},
		"no method":        {doc: with(func(d *did.Document) { d.Methods = nil }), want: reason.DIDMethodUnsupported},
		"no purpose":       {doc: with(func(d *did.Document) { d.Purposes = nil }), want: reason.KeyPurposeMismatch},
		"not for this": {doc: with(func(d *did.Document) {
			d.Purposes = map[did.Relationship][]string{did.Authentication: {"k1"}}
		}), want: reason.KeyPurposeMismatch},
		"revoked":          {doc: with(func(d *did.Document) { d.Methods[0].Revoked = at }), want: reason.KeyOutsideValidity},
		"expired":          {doc: with(func(d *did.Document) { d.Methods[0].Expires = at }), want: reason.KeyOutsideValidity},
		"rotated":          {doc: with(func(d *did.Document) { d.Methods[0].Key = g.w.Attacker.Public() }), want: reason.CredentialSignatureInvalid},
		"another's":        {doc: with(func(d *did.Document) { d.ID = g.w.Attacker.Method.DID() }), want: reason.KeyControllerMismatch},
		"no document":      {want: reason.KeyControllerMismatch},
		"as it was before": {doc: good},
	} {
		t.Run(name, func(t *testing.T) {
			s.doc, s.err = c.doc, c.err
			_, err := sameAsCold(t, g.f, g.w, raw)
			refused(t, err, c.want)
			if _, ok := errors.AsType[*credential.LinkError](err); ok != (c.want == reason.CredentialSignatureInvalid) {
				t.Error("the link can be placed: ", ok)
			}
			s.doc, s.err = good, nil
			if _, err := sameAsCold(t, g.f, g.w, raw); err != nil {
				t.Error("not good again: ", err)
			}
		})
	}
	_, err := g.f.Open(context.Background(), raw, credential.Keys{Resolver: s})
	refused(t, err, reason.InternalIndeterminate)
}

// TestWholeResolvesOnce counts: the issuer's key is looked up at every use, and nothing else is.
func TestWholeResolvesOnce(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.issued())
	resolver := &counting{Resolver: g.w.Keys.Resolver}
	g.w.Keys.Resolver = resolver
	fatal[credential.Opened](t)(g.f.Open(context.Background(), raw, g.w.Keys))
	before := resolver.n
	fatal[credential.Opened](t)(g.f.Open(context.Background(), raw, g.w.Keys))
	if n := resolver.n - before; n != 1 {
		t.Errorf("%d resolutions, want one", n)
	}
}

// TestWhatIsNoWhole shows what is not remembered as one: presentations, and what is refused.
func TestWhatIsNoWhole(t *testing.T) {
	g := newForge(t)
	g.mustPass()
	bad := strings.TrimSuffix(g.issued(), "~") + "~" + fixture.B64(`["salt",1]`) + "~"
	if _, err := g.f.Open(context.Background(), []byte(bad), g.w.Keys); err == nil {
		t.Fatal("accepted")
	}
	g.claims["delegate_kind"] = "robot"
	if _, err := g.f.Open(context.Background(), []byte(g.issued()), g.w.Keys); err == nil {
		t.Fatal("accepted")
	}
	if n := g.f.wholes.Used(); n != 0 {
		t.Errorf("%d bytes of wholes", n)
	}
}

// TestWholeIsNotChanged does to what is handed out all that does not go through a shared list, and
// to the bytes that were opened as well.
func TestWholeIsNotChanged(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.issued())
	sent := bytes.Clone(raw)
	for range 3 {
		o := fatal[credential.Opened](t)(g.f.Open(context.Background(), sent, g.w.Keys))
		clear(sent)
		fixture.NoRoom(t, reflect.ValueOf(o.Credential))
		*o.Credential = credential.Credential{ID: "changed"}
		if _, err := sameAsCold(t, g.f, g.w, raw); err != nil {
			t.Fatal(err)
		}
		copy(sent, raw)
	}
}

// TestFlood opens every choice of one credential's disclosures. The bound in bytes holds, what is in
// use stays, and no issuer's signature is driven out.
func TestFlood(t *testing.T) {
	const most = 1 << 20
	w := fixture.New(t, key.EdDSA)
	f := fatal[*Format](t)(New(Config{Random: rand.Reader, Now: func() time.Time { return w.Keys.At }, Holders: w.Keys.Resolver, CacheBytes: most}))
	open := func(raw []byte) {
		t.Helper()
		fatal[credential.Opened](t)(f.Open(context.Background(), raw, w.Keys))
	}
	quiet := fatal[[]byte](t)(f.Disclose(credential.Selection{Raw: seal(t, f, w, fixture.Token(w.Delegation(t)))}))
	parent, flooding := seal(t, f, w, fixture.Token(w.Delegation(t))), seal(t, f, w, fixture.Token(w.Delegation(t)))
	open(quiet)
	ids := []string{"p1", "p2", "p3", "p4", "p5", "p6", "p7"}
	for mask := range 1 << len(ids) {
		s := credential.Selection{Raw: flooding}
		for i, id := range ids {
			if mask&(1<<i) != 0 {
				s.Permissions = append(s.Permissions, id)
			}
		}
		open(fatal[[]byte](t)(f.Disclose(s)))
		open(parent)
		if !isWhole(f, parent) {
			t.Fatal("what is in use was forgotten")
		}
		if n := f.cache.Used() + f.wholes.Used(); n > most {
			t.Fatalf("%d bytes of %d", n, most)
		}
	}
	if isWhole(f, quiet) {
		t.Fatal("this is no flood")
	}
	if _, ok := f.cache.Get(sha256.Sum256(quiet[:bytes.IndexByte(quiet, '~')])); !ok {
		t.Error("an issuer's signature was driven out")
	}
}

// TestSmallCaches divides what can hardly be divided: 0 alone is the default.
func TestSmallCaches(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	raw := seal(t, newFormat(t, w), w, fixture.Token(w.Delegation(t)))
	for _, most := range []int{1, 3, 4, 1 << 10} {
		f := fatal[*Format](t)(New(Config{Random: rand.Reader, Now: func() time.Time { return w.Keys.At }, Holders: w.Keys.Resolver, CacheBytes: most}))
		for range 2 {
			fatal[credential.Opened](t)(f.Open(context.Background(), raw, w.Keys))
		}
		if n := f.cache.Used() + f.wholes.Used(); n > most {
			t.Errorf("%d bytes of %d", n, most)
		}
	}
}

// TestCachesTogether fills both.
func TestCachesTogether(t *testing.T) {
	const most = 1 << 20
	issuers, wholes := caches(most)
	for i := range 10_000 {
		k := sha256.Sum256(fmt.Append(nil, i))
		issuers.Put(k, nil, 1000)
		wholes.Put(k, nil, 1000)
	}
	n, of := issuers.Used()+wholes.Used(), wholes.Used()
	if n > most || n < most*8/10 || of > most/wholesPart {
		t.Errorf("%d bytes of %d, %d of them wholes", n, most, of)
	}
}

// TestHonestCost holds the bytes that wholes are taken to cost against those that they do cost,
// the issuer's JWT included, for the credential that is measured, one of many short texts, one of
// long texts, and one that grants nothing.
func TestHonestCost(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	short := fixture.Token(w.Delegation(t))
	one := slices.Repeat([]string{"x"}, credential.MaxList)
	short.Jurisdiction, short.Purposes, short.Controllers = one, one, one
	for i := range short.Permissions {
		short.Permissions[i].Constraint = credential.Constraint{Exclude: slices.Repeat([]string{"x"}, 250)}
	}
	plain, long, nothing := fixture.Token(w.Delegation(t)), fixture.Token(w.Delegation(t)), fixture.Token(w.Delegation(t))
	long.Evidence = slices.Repeat([]credential.Evidence{{ID: "urn:" + strings.Repeat("x", 2000), Type: "x"}}, 10)
	nothing.Permissions = nil
	for name, c := range map[string]*credential.Credential{"plain": plain, "short": short, "long": long, "nothing": nothing} {
		t.Run(name, func(t *testing.T) {
			f := newFormat(t, w)
			var raws [60][]byte
			for i := range raws {
				c.ID = fmt.Sprintf("urn:uuid:%d", i)
				raws[i] = seal(t, f, w, c)
			}
			before := heap()
			for _, raw := range raws {
				fatal[credential.Opened](t)(f.Open(context.Background(), raw, w.Keys))
			}
			f.cache = nil // what wholes keep of it is theirs
			took, said := heap()-before, f.wholes.Used()
			t.Logf("%d bytes received, %d taken, %d counted, each", len(raws[0]), took/len(raws), said/len(raws))
			if took > said*11/10 || said > 3*took {
				t.Errorf("%d bytes are counted as %d", took, said)
			}
			runtime.KeepAlive(f)
			runtime.KeepAlive(raws)
		})
	}
}

// heap returns the bytes in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestConcurrentWholes opens a few showings at the same time, in a cache that cannot hold all.
func TestConcurrentWholes(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	f := fatal[*Format](t)(New(Config{Random: rand.Reader, Now: func() time.Time { return w.Keys.At }, Holders: w.Keys.Resolver, CacheBytes: 1 << 20}))
	raw := seal(t, f, w, fixture.Token(w.Delegation(t)))
	var shown [24][]byte
	var want [24]credential.Opened
	for i := range shown {
		s := credential.Selection{Raw: raw, Permissions: []string{fmt.Sprintf("p%d", 1+i%7)}}
		if i >= 7 {
			s.Claims = []credential.Claim{credential.ClaimEvidence}
		}
		if i >= 14 {
			s.Raw = seal(t, f, w, fixture.Token(w.Delegation(t)))
		}
		shown[i] = fatal[[]byte](t)(f.Disclose(s))
		want[i] = fatal[credential.Opened](t)(cold(t, w, shown[i]))
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 500 {
				i := (n*7 + g) % len(shown)
				o, err := f.Open(context.Background(), shown[i], w.Keys)
				if err != nil {
					t.Error(err)
					return
				}
				if n%25 == 0 && !cmp.Equal(want[i], o, sameKey) {
					t.Error("not what the bytes say")
				}
				o.Credential.ID = "changed" // the top is the caller's own
			}
		})
	}
	wg.Wait()
}

// TestAllocationsOfAWhole holds what a remembered link above allocates: the copy.
func TestAllocationsOfAWhole(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.issued())
	n := testing.AllocsPerRun(100, func() {
		if _, err := credential.Open(context.Background(), g.f, raw, g.w.Keys); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("%v allocations", n)
	}
}
