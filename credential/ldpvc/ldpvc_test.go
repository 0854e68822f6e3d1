// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func newFormat(t testing.TB, suite string) *Format {
	t.Helper()
	f, err := New(Config{Suite: suite, Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 500, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// kinds are the suites, with each kind of key that fits.
var kinds = []struct {
	suite string
	alg   key.Algorithm
}{
	{dataintegrity.EdDSARDFC, key.EdDSA},
	{dataintegrity.EdDSAJCS, key.EdDSA},
	{dataintegrity.ECDSARDFC, key.ES256},
	{dataintegrity.ECDSARDFC, key.ES384},
	{dataintegrity.ECDSAJCS, key.ES256},
	{dataintegrity.ECDSAJCS, key.ES384},
}

// delegation is the fixed credential; RDF takes names of permissions only as URIs.
func delegation(t testing.TB, w *fixture.World) *credential.Credential {
	c := fixture.Bitstring(w.Delegation(t))
	for i := range c.Permissions {
		c.Permissions[i].ID = "urn:example:" + c.Permissions[i].ID
	}
	return c
}

// forge makes credentials and presentations, good and bad.
type forge struct {
	*Format
	w    *fixture.World
	cred []byte // sealed, by the issuer for the holder
}

func newForge(t testing.TB, suite string, alg key.Algorithm) *forge {
	return forgeIn(t, fixture.New(t, alg), suite)
}

func forgeIn(t testing.TB, w *fixture.World, suite string) *forge {
	t.Helper()
	g := &forge{Format: newFormat(t, suite), w: w}
	g.cred = g.seal(t, delegation(t, w))
	return g
}

func (g *forge) seal(t testing.TB, c *credential.Credential) []byte {
	t.Helper()
	raw, err := g.Seal(context.Background(), c, g.w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (g *forge) present(t testing.TB, cred []byte) []byte {
	t.Helper()
	raw, err := g.Present(context.Background(), credential.Selection{Raw: cred}, g.w.Binding, g.w.Holder)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// options are those of a good holder proof.
func (g *forge) options() dataintegrity.Options {
	b := g.w.Binding
	return dataintegrity.Options{Created: b.At, Purpose: did.Authentication, Challenge: b.Nonce, Domain: []string{b.Audience}}
}

// wrap presents cred, whatever it is, with a holder proof under o; where the suite itself refuses
// to sign such a thing, with the proof of another presentation.
func (g *forge) wrap(t testing.TB, cred []byte, o dataintegrity.Options) []byte {
	t.Helper()
	vp := appendPresentation(cred, g.w.Holder.Method.DID().String())
	for _, s := range g.holders {
		if s.Fits(dataintegrity.Method{Key: g.w.Holder.Public()}) {
			if raw, err := dataintegrity.Sign(context.Background(), vp, s, o, g.w.Holder); err == nil {
				return raw
			}
		}
	}
	return swap(t, g.present(t, g.cred), "verifiableCredential", "["+string(cred)+"]")
}

// swap sets a member of a JSON object; an empty value takes it away.
func swap(t testing.TB, raw []byte, name, value string) []byte {
	t.Helper()
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	if o[name] = json.RawMessage(value); value == "" {
		delete(o, name)
	}
	out, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// member returns a member of a JSON object.
func rawMember(t testing.TB, raw []byte, name string) string {
	t.Helper()
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	return string(o[name])
}

func replace(t testing.TB, raw []byte, old, new string) []byte {
	t.Helper()
	out := bytes.Replace(raw, []byte(old), []byte(new), 1)
	if bytes.Equal(out, raw) {
		t.Fatalf("there is no %s in %s", old, raw)
	}
	return out
}

func refused(t interface {
	Helper()
	Errorf(string, ...any)
}, what string, err error, code reason.Code) {
	t.Helper()
	if reason.Of(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func each(t *testing.T, test func(t *testing.T, g *forge)) {
	for _, kind := range kinds {
		t.Run(fmt.Sprint(kind.suite, "-", kind.alg), func(t *testing.T) { test(t, newForge(t, kind.suite, kind.alg)) })
	}
}

func TestSealAndOpen(t *testing.T) {
	each(t, func(t *testing.T, g *forge) {
		want := delegation(t, g.w)
		for range 2 { // unseen, and remembered
			v, err := credential.Open(context.Background(), g, g.cred, g.w.Keys)
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(want, v.Credential()); d != "" {
				t.Error(d)
			}
			fixture.NoRoom(t, reflect.ValueOf(v.Credential()))
			if v.Format() != g.Name() || !strings.HasPrefix(v.Digest(), "sha-256:") || len(v.Digest()) != 51 {
				t.Errorf("format %s, digest %s", v.Format(), v.Digest())
			}
			p, err := credential.OpenPresentation(context.Background(), g, g.present(t, g.cred), g.w.Binding, g.w.Keys)
			if err != nil {
				t.Fatal(err)
			}
			if p.Holder() != g.w.Holder.Method.DID() || p.Verified().Digest() != v.Digest() {
				t.Errorf("holder %s, digest %s", p.Holder(), p.Verified().Digest())
			}
		}
		if !g.Recognises(g.cred) || !g.Recognises(g.present(t, g.cred)) || credential.Lint(want) != nil {
			t.Error("it does not know its own")
		}
	})
}

// diff compares what credentials say. Raw is the form in which a constraint was received.
func diff(want, got *credential.Credential) string {
	a, err1 := wire.WriteVC(want)
	b, err2 := wire.WriteVC(got)
	if err1 != nil || err2 != nil {
		return fmt.Sprint(err1, err2)
	}
	return cmp.Diff(string(a), string(b))
}

// TestAnyCredentialRoundTrips seals what RDF could not say, such as texts where it wants URIs.
func TestAnyCredentialRoundTrips(t *testing.T) {
	w := fixture.New(t, key.EdDSA)
	f := newFormat(t, dataintegrity.EdDSAJCS)
	rapid.Check(t, func(t *rapid.T) {
		c := fixture.Bitstring(fixture.Draw(t, w.Issuer.Method.DID().String(), w.Holder.Method.DID().String()))
		raw, err := f.Seal(context.Background(), c, w.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := f.Present(context.Background(), credential.Selection{Raw: raw}, w.Binding, w.Holder)
		if err != nil {
			t.Fatal(err)
		}
		o, holder, err := f.OpenPresentation(context.Background(), shown, w.Binding, w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(c, o.Credential); d != "" || holder != w.Holder.Method.DID() {
			t.Fatal(d)
		}
	})
}

// TestDigests: the parent digest names what was signed, however it was written down, and the proof too.
func TestDigests(t *testing.T) {
	each(t, func(t *testing.T, g *forge) {
		digest := func(raw []byte) string {
			o, err := g.Open(context.Background(), raw, g.w.Keys)
			if err != nil {
				t.Fatal(err)
			}
			return o.Digest
		}
		first := digest(g.cred)
		if spaced := digest(swap(t, g.cred, "id", " "+rawMember(t, g.cred, "id"))); spaced != first {
			t.Error("white space and order change the digest")
		}
		later := *g.Format
		later.now = func() time.Time { return time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC) }
		again, err := later.Seal(context.Background(), delegation(t, g.w), g.w.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		if digest(again) == first {
			t.Error("the digest does not hang on the proof")
		}
	})
}

func TestNewRefuses(t *testing.T) {
	now := time.Now
	for _, c := range []struct {
		cfg  Config
		code reason.Code
	}{
		{Config{}, reason.InternalIndeterminate},
		{Config{Suite: dataintegrity.EdDSAJCS}, reason.InternalIndeterminate},
		{Config{Suite: dataintegrity.EdDSAJCS, Now: now, CacheBytes: -1}, reason.InternalIndeterminate},
		{Config{Suite: "eddsa-2022", Now: now}, reason.DISuite},
		{Config{Now: now}, reason.DISuite},
	} {
		_, err := New(c.cfg)
		refused(t, fmt.Sprint(c.cfg.Suite), err, c.code)
	}
}

func TestSealRefuses(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSARDFC, key.EdDSA)
	seal := func(c *credential.Credential, by did.Signer) error {
		_, err := g.Seal(context.Background(), c, by)
		return err
	}
	refused(t, "nothing", seal(nil, g.w.Issuer), reason.CredentialSchemaInvalid)
	refused(t, "another signer", seal(delegation(t, g.w), g.w.Attacker), reason.KeyControllerMismatch)
	refused(t, "no signer", seal(delegation(t, g.w), did.Signer{}), reason.KeyControllerMismatch)
	refused(t, "another status", seal(fixture.Token(g.w.Delegation(t)), g.w.Issuer), reason.CredentialSchemaInvalid)
	refused(t, "a name that is no URI", seal(fixture.Bitstring(g.w.Delegation(t)), g.w.Issuer), reason.JSONLDRelativeIRI)
	g.w.Web(t, g.w.Issuer.Method.DID().String(), key.EdDSA)
	refused(t, "another key", seal(delegation(t, g.w), did.Signer{Signer: fixture.NewKey(t, key.ES256), Method: g.w.Issuer.Method}), reason.DISuite)
}

func TestDiscloseAndPresentRefuse(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)
	b := g.w.Binding
	present := func(s credential.Selection, by did.Signer) error {
		_, err := g.Present(context.Background(), s, b, by)
		return err
	}
	raw := credential.Selection{Raw: g.cred}
	refused(t, "another holder", present(raw, g.w.Attacker), reason.PresentationHolderBindingFailed)
	refused(t, "no holder", present(raw, did.Signer{}), reason.PresentationHolderBindingFailed)
	refused(t, "no credential", present(credential.Selection{Raw: []byte("{}")}, g.w.Holder), reason.DIProofMissing)
	refused(t, "absent permission", present(credential.Selection{Raw: g.cred, Permissions: []string{"p1"}}, g.w.Holder), reason.QueryUnsatisfied)
	refused(t, "absent claim", present(credential.Selection{Raw: g.cred, Claims: []credential.Claim{"name"}}, g.w.Holder), reason.QueryUnsatisfied)
	all := credential.Selection{Raw: g.cred, Permissions: []string{"urn:example:p1"}, Claims: []credential.Claim{credential.ClaimIdentifier, credential.ClaimAssurance, credential.ClaimEvidence}}
	if out, err := g.Disclose(all); err != nil || !bytes.Equal(out, g.cred) {
		t.Errorf("%s, %v", out, err)
	}
}

// TestRecognises and what is told of an object that no format knows.
func TestRecognises(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)
	set := swap(t, g.cred, "proof", "["+rawMember(t, g.cred, "proof")+"]")
	if !g.Recognises(set) || !g.Recognises(swap(t, g.present(t, g.cred), "verifiableCredential", string(g.cred))) {
		t.Error("a set, or a credential without array, is not recognised")
	}
	other := newFormat(t, dataintegrity.EdDSARDFC)
	for _, raw := range []string{"", "x", "{", "[]", "a.b.c", `{"proof":7}`, `{"proof":[]}`, `{"proof":{"cryptosuite":7}}`, `{"verifiableCredential":[{},{}]}`, string(g.cred)} {
		if other.Recognises([]byte(raw)) {
			t.Errorf("%s is recognised", raw)
		}
	}
}

// TestWarm: what is remembered is a signature and its key, never a verdict.
func TestWarm(t *testing.T) {
	each(t, func(t *testing.T, g *forge) {
		open := func() error {
			_, err := g.Open(context.Background(), g.cred, g.w.Keys)
			return err
		}
		refused(t, "first", open(), "")
		if g.cache.Used() == 0 {
			t.Error("nothing is remembered")
		}
		refused(t, "remembered", open(), "")
		later := g.w.Keys
		later.At = time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC) // before created
		_, err := g.Open(context.Background(), g.cred, later)
		refused(t, "proof of the future", err, reason.DITime)
		g.w.Web(t, g.w.Issuer.Method.DID().String(), g.w.Issuer.Public().Algorithm())
		refused(t, "another key", open(), reason.CredentialSignatureInvalid)
	})
}

func TestRefusedIsNotRemembered(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)
	for range 2 {
		_, err := g.Open(context.Background(), replace(t, g.cred, "consent", "guardian"), g.w.Keys)
		refused(t, "tampered", err, reason.CredentialSignatureInvalid)
	}
	if g.cache.Used() != 0 {
		t.Error("a refusal is remembered")
	}
}

func TestConcurrently(t *testing.T) {
	g := newForge(t, dataintegrity.EdDSAJCS, key.EdDSA)
	shown := g.present(t, g.cred)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, _, err := g.OpenPresentation(context.Background(), shown, g.w.Binding, g.w.Keys); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestLinkErrors: a link that fails keeps its name, so that a decision can place it.
func TestLinkErrors(t *testing.T) {
	each(t, func(t *testing.T, g *forge) {
		good, err := g.Open(context.Background(), g.cred, g.w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		for what, raw := range map[string][]byte{
			"signature": replace(t, g.cred, "2026-06-01T00:00:00Z", "2026-06-01T00:00:01Z"),
			"schema":    g.resign(t, replace(t, g.cred, `"risk":"routine"`, `"risk":"none"`)),
		} {
			_, err := g.Open(context.Background(), raw, g.w.Keys)
			var link *credential.LinkError
			if l, ok := err.(*credential.LinkError); ok {
				link = l
			}
			if link == nil || link.ID != good.Credential.ID || link.Digest == "" || link.Digest == good.Digest {
				t.Errorf("%s: %+v of %v", what, link, err)
			}
		}
	})
}

// resign lets the issuer sign the document anew.
func (g *forge) resign(t testing.TB, raw []byte) []byte {
	t.Helper()
	o := dataintegrity.Options{Created: g.w.Keys.At.Add(-time.Hour), Purpose: did.AssertionMethod}
	return g.signAs(t, swap(t, raw, "proof", ""), o, g.w.Issuer)
}

func (g *forge) signAs(t testing.TB, doc []byte, o dataintegrity.Options, by did.Signer) []byte {
	t.Helper()
	signed, err := dataintegrity.Sign(context.Background(), doc, g.suite, o, by)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestSupportingTypes secures what stands beside a delegation.
func TestSupportingTypes(t *testing.T) {
	forges := []*forge{newSelective(t)}
	for _, kind := range kinds {
		forges = append(forges, newForge(t, kind.suite, kind.alg))
	}
	for _, g := range forges {
		c := fixture.Bitstring(&credential.Credential{
			ID: "urn:example:1", Type: credential.TypeWorkgroupMembership, Issuer: g.w.Issuer.Method.DID().String(),
			ValidFrom: g.w.Keys.At, ValidUntil: g.w.Keys.At.Add(time.Hour), Workgroup: "urn:example:w",
			Delegate: credential.Delegate{ID: g.w.Holder.Method.DID().String()},
		})
		binding := *c
		binding.Type, binding.Workgroup = credential.TypeIdentityBinding, ""
		for _, c := range []*credential.Credential{c, &binding} {
			o, holder, err := g.OpenPresentation(context.Background(), g.present(t, g.seal(t, c)), g.w.Binding, g.w.Keys)
			if err != nil {
				t.Errorf("%s: %s: %v", g.Name(), c.Type, err)
				continue
			}
			if d := diff(c, o.Credential); d != "" || holder != g.w.Holder.Method.DID() {
				t.Errorf("%s: %s", g.Name(), d)
			}
		}
	}
}

func FuzzOpenPresentation(f *testing.F) {
	// Every worker is a process of its own and must come to the same keys.
	g := forgeIn(f, fixture.NewFrom(f, key.EdDSA, mathrand.NewChaCha8([32]byte{1})), dataintegrity.EdDSAJCS)
	good := g.present(f, g.cred)
	f.Add(good)
	f.Add(g.cred)
	f.Add([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[{"@graph":[]}],"proof":[]}`))
	want, err := strictjson.AppendCanonical(nil, good)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _, err := newFormat(t, dataintegrity.EdDSAJCS).OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys)
		if err == nil {
			if got, _ := strictjson.AppendCanonical(nil, raw); !bytes.Equal(got, want) {
				t.Error("something else than the presentation passes")
			}
		}
		if err != nil && reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
		_ = g.Recognises(raw)
	})
}

func ExampleNew() {
	f, err := New(Config{Suite: dataintegrity.EdDSARDFC, Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Name(), f.Recognises([]byte(`{"proof":{"cryptosuite":"eddsa-rdfc-2022"}}`)))
	// Output: eddsa-rdfc-2022 true
}

// TestHolderKeys: the holder's key chooses the suite of the presentation, whatever the issuer's is.
func TestHolderKeys(t *testing.T) {
	for _, suite := range []string{dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS} {
		for _, alg := range []key.Algorithm{key.EdDSA, key.ES256, key.ES384} {
			w := fixture.New(t, key.EdDSA)
			w.Holder = fixture.NewHolder(t, alg)
			g := forgeIn(t, w, suite)
			if _, _, err := g.OpenPresentation(context.Background(), g.present(t, g.cred), w.Binding, w.Keys); err != nil {
				t.Errorf("%s, %s: %v", suite, alg, err)
			}
		}
	}
}
