// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

type object = map[string]any

var sameCredential = cmp.Options{cmpopts.IgnoreFields(credential.Constraint{}, "Raw"), cmpopts.EquateEmpty()}

func newFormat(t testing.TB) *Format {
	t.Helper()
	f, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func refused(t testing.TB, err error, want reason.Code) {
	t.Helper()
	if got := reason.Of(err); got != want {
		t.Errorf("refused with %q (%v), want %q", got, err, want)
	}
}

// forge is the permitted base case, taken apart; see the one of package sdjwt.
type forge struct {
	t                testing.TB
	w                *fixture.World
	f                *Format
	header, vpHeader object
	vc, vp           object
	payload          string // in place of vc, where set
	vpPayload        string // in place of vp, where set
	envelope         object
}

func newForge(t testing.TB) *forge { return forgeIn(t, fixture.New(t, key.ES256)) }

func forgeIn(t testing.TB, w *fixture.World) *forge {
	alg := string(w.Issuer.Public().Algorithm())
	g := &forge{
		t: t, w: w, f: newFormat(t),
		header:   object{"alg": alg, "typ": Name, "cty": "vc", "kid": w.Issuer.Method.String()},
		vpHeader: object{"alg": alg, "typ": PresentationType, "kid": w.Holder.Method.String()},
		envelope: object{"@context": credential.ContextVC, "type": enveloped},
		vp: object{
			"@context": []string{credential.ContextVC}, "type": []string{"VerifiablePresentation"}, "holder": w.Holder.Method.DID().String(),
			"nonce": w.Binding.Nonce, "aud": w.Binding.Audience, "iat": w.Binding.At.Unix(),
		},
	}
	raw, err := g.f.Seal(context.Background(), fixture.Bitstring(w.Delegation(t)), w.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(fixture.Unb64(t, strings.Split(string(raw), ".")[1]), &g.vc); err != nil {
		t.Fatal(err)
	}
	if err := g.open(); err != nil {
		t.Fatal("the base case is refused: ", err)
	}
	return g
}

func (g *forge) marshal(v any) string {
	g.t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(raw)
}

func (g *forge) credential() string {
	payload := g.payload
	if payload == "" {
		payload = g.marshal(g.vc)
	}
	return fixture.JWS(g.t, g.marshal(g.header), payload, g.w.Issuer)
}

func (g *forge) raw() []byte {
	if _, ok := g.envelope["id"]; !ok {
		g.envelope["id"] = dataURL + g.credential()
		defer delete(g.envelope, "id")
	}
	if _, ok := g.vp["verifiableCredential"]; !ok {
		g.vp["verifiableCredential"] = []any{g.envelope}
		defer delete(g.vp, "verifiableCredential")
	}
	payload := g.vpPayload
	if payload == "" {
		payload = g.marshal(g.vp)
	}
	return []byte(fixture.JWS(g.t, g.marshal(g.vpHeader), payload, g.w.Holder))
}

func (g *forge) open() error {
	_, err := credential.OpenPresentation(context.Background(), g.f, g.raw(), g.w.Binding, g.w.Keys)
	return err
}

// at returns the object at the path of names in the credential.
func (g *forge) at(path ...string) object {
	o := g.vc
	for _, name := range path {
		o = o[name].(object)
	}
	return o
}

type attack struct {
	name   string
	change func(g *forge)
	want   reason.Code // "" is permit
}

func run(t *testing.T, cases ...attack) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newForge(t)
			c.change(g)
			refused(t, g.open(), c.want)
		})
	}
}

func set(what, name string, v any) func(*forge) {
	return func(g *forge) {
		o := map[string]object{"header": g.header, "vc": g.vc, "vp": g.vp, "vpHeader": g.vpHeader, "envelope": g.envelope}[what]
		if o[name] = v; v == absent {
			delete(o, name)
		}
	}
}

var absent any = new(int)

func TestSealOpen(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		w, f := fixture.New(t, alg), newFormat(t)
		rapid.Check(t, func(t *rapid.T) {
			c := fixture.Bitstring(fixture.Draw(t, w.Issuer.Method.DID().String(), w.Holder.Method.DID().String()))
			if rapid.Bool().Draw(t, "fraction") {
				c.ValidUntil = c.ValidUntil.Add(time.Millisecond)
			}
			raw, err := f.Seal(context.Background(), c, w.Issuer)
			if err != nil {
				t.Fatal(err)
			}
			p, err := f.Present(context.Background(), credential.Selection{Raw: raw}, w.Binding, w.Holder)
			if err != nil {
				t.Fatal(err)
			}
			o, holder, err := f.OpenPresentation(context.Background(), p, w.Binding, w.Keys)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c, o.Credential, sameCredential); d != "" || holder != w.Holder.Method.DID() {
				t.Fatal(d, holder)
			}
		})
	}
}

// TestAttacks has the rows of attacks.json that this format answers, with their exact codes.
func TestAttacks(t *testing.T) {
	for id, row := range map[string][]attack{
		"JOS-12": {{"kid of another", func(g *forge) {
			g.header["kid"], g.w.Issuer = g.w.Attacker.Method.String(), g.w.Attacker
		}, reason.KeyControllerMismatch}},
		"JOS-20": {
			{"a", set("header", "typ", absent), reason.JOSETypMismatch}, {"b", set("header", "typ", "JWT"), reason.JOSETypMismatch},
			{"c", set("header", "typ", "VC+JWT"), ""}, {"d", set("header", "typ", "application/vc+jwt"), ""},
			{"e", set("header", "typ", "vc+sd-jwt"), reason.JOSETypMismatch},
			{"cty", set("header", "cty", "vp"), reason.JOSEHeaderInvalid},
		},
		"JOS-19": {
			{"VC as presentation", set("vpHeader", "typ", Name), reason.JOSETypMismatch},
			{"VP as credential", set("header", "typ", PresentationType), reason.JOSETypMismatch},
			{"KB-JWT as VC", set("header", "typ", "kb+jwt"), reason.JOSETypMismatch},
			{"status list as VC", set("header", "typ", "statuslist+jwt"), reason.JOSETypMismatch},
			{"logout token as VC", set("header", "typ", "logout+jwt"), reason.JOSETypMismatch},
		},
		"VP-10": {
			{"a", func(g *forge) { g.w.Holder.Signer = g.w.Attacker.Signer }, reason.PresentationHolderBindingFailed},
			{"a by own DID", func(g *forge) {
				g.w.Holder, g.vpHeader["kid"] = g.w.Attacker, g.w.Attacker.Method.String()
				delete(g.vp, "holder")
			}, reason.PresentationHolderBindingFailed},
			{"b", set("vp", "holder", "did:web:attacker.example.org"), reason.PresentationHolderBindingFailed},
			{"iss", set("vp", "iss", "did:web:attacker.example.org"), reason.PresentationHolderBindingFailed},
		},
		"VP-18": {
			{"d", set("vc", "exp", 1), reason.VCAmbiguous}, {"e", func(g *forge) { g.vc["validFrom"] = g.vc["validUntil"] }, reason.CredentialSchemaInvalid},
			{"f", set("vc", "validFrom", "2026-06-01T00:00:00"), reason.CredentialSchemaInvalid}, {"g", set("vc", "validFrom", "2026-06-01T00:00:60Z"), reason.CredentialSchemaInvalid},
			{"h", set("vc", "validUntil", "10000-01-01T00:00:00Z"), reason.CredentialSchemaInvalid},
		},
		"VP-20": {
			{"vc", set("vc", "vc", object{}), reason.VCAmbiguous}, {"iss", set("vc", "iss", "did:web:evil.example"), reason.VCAmbiguous},
			{"jti", set("vc", "jti", "urn:uuid:other"), reason.VCAmbiguous}, {"sub", set("vc", "sub", "did:web:evil.example"), reason.VCAmbiguous},
			{"all agree", func(g *forge) {
				g.vc["iss"], g.vc["jti"], g.vc["sub"], g.vc["iat"] = g.vc["issuer"], g.vc["id"], g.at("credentialSubject")["id"], 1
				g.vc["nbf"], g.vc["exp"] = 1780272000, 1811808000
			}, ""},
			{"empty iss", set("vc", "iss", ""), reason.VCAmbiguous}, {"vp in the presentation", set("vp", "vp", object{}), reason.VCAmbiguous},
		},
		"JOS-21": nestedCases(), "JSN-13": typeCases(),
	} {
		t.Run(id, func(t *testing.T) { run(t, row...) })
	}
	parserAttacks(t)
}

func parserAttacks(t *testing.T) {
	for id, row := range map[string][]attack{
		"JSN-09": {
			{"string", set("vc", "iat", "1700000000"), reason.JSONType}, {"boolean", set("vc", "exp", true), reason.JSONType},
			{"1e10", spoil(`"@context":`, `"exp":1e10,"@context":`), reason.JSONNumberForm}, {"01", spoil(`"maxDepth":1`, `"maxDepth":01`), reason.JSONSyntax},
			{"1.0", spoil(`"@context":`, `"nbf":1.0,"@context":`), reason.JSONNumberForm},
		},
		"JSN-01": {
			{"top", spoil(`"issuer":`, `"issuer":"did:web:evil.example","issuer":`), reason.JSONDuplicateName},
			{"subject", spoil(`"delegateKind":`, `"delegateKind":"agent","delegateKind":`), reason.JSONDuplicateName},
			{"presentation", func(g *forge) {
				g.raw()
				g.vpPayload = strings.Replace(g.marshal(g.vp), `"nonce":`, `"nonce":"x","nonce":`, 1)
			}, reason.JSONDuplicateName},
		},
		"JSN-04": {{"issuer", spoil(`"issuer":`, `"i\u017f\u017fuer":"x","issuer":`), reason.JSONCaseVariant}},
		"JSN-05": {{"issuer", spoil("did:web:proxy", "did:web:\xffproxy"), reason.JSONInvalidUTF8}},
		"JSN-06": {{"value", spoil("adult-to-adult", `\udfff\ud800`), reason.JSONInvalidUTF8}},
	} {
		t.Run(id, func(t *testing.T) { run(t, row...) })
	}
}

func spoil(old, new string) func(*forge) {
	return func(g *forge) {
		text := g.marshal(g.vc)
		if strings.Count(text, old) == 0 {
			g.t.Fatal("nothing to spoil: ", old)
		}
		g.payload = strings.Replace(text, old, new, 1)
	}
}

func nestedCases() []attack {
	wrap := func(levels int) func(*forge) {
		return func(g *forge) {
			inner := g.credential()
			for range levels {
				g.payload = g.marshal(object{"@context": []string{credential.ContextVC}, "type": enveloped, "id": dataURL + inner})
				inner = g.credential()
			}
		}
	}
	url := func(levels int) func(*forge) {
		return func(g *forge) {
			id := dataURL + g.credential()
			for range levels {
				id = "data:application/vc+jwt," + id
			}
			g.envelope["type"], g.envelope["id"] = "Other", id
			g.envelope["type"] = enveloped
			g.payload = g.marshal(g.envelope)
			delete(g.envelope, "id")
		}
	}
	return []attack{
		{"a", func(g *forge) { g.header["cty"] = "JWT"; g.payload = g.credential() }, reason.LimitNesting},
		{"b one", wrap(1), reason.VCStructure}, {"b 4", wrap(4), reason.VCStructure}, {"b 5", wrap(5), reason.LimitNesting}, {"b 12", wrap(12), reason.LimitNesting},
		{"b 100 data URLs", url(100), reason.LimitNesting},
		{"a token in the payload", func(g *forge) { g.payload = g.credential() }, reason.VCStructure},
	}
}

// typeCases replaces and removes every mandatory member.
func typeCases() (out []attack) {
	paths := [][]string{{"id"}, {"type"}, {"issuer"}, {"validFrom"}, {"validUntil"}, {"credentialSubject"}, {"credentialStatus"}, {"credentialSchema"}}
	for _, name := range []string{"id", "type", "delegateKind", "onBehalfOf", "delegation"} {
		paths = append(paths, []string{"credentialSubject", name})
	}
	for _, name := range []string{"type", "relationship", "legalBasis", "grantedBy", "jurisdiction", "purpose", "dataController", "redelegation", "prohibition", "permission"} {
		paths = append(paths, []string{"credentialSubject", "delegation", name})
	}
	for _, path := range paths {
		last := path[len(path)-1]
		for _, v := range []any{nil, "", object{}, 7, true, absent} {
			out = append(out, attack{fmt.Sprintf("b %v=%v", path, v), func(g *forge) {
				o := g.at(path[:len(path)-1]...)
				if o[last] = v; v == absent {
					delete(o, last)
				}
			}, reason.CredentialSchemaInvalid})
		}
	}
	for _, name := range []string{"iss", "sub", "jti", "exp", "nbf", "iat"} {
		out = append(out, attack{"a " + name, set("vc", name, []any{}), reason.JSONType}, attack{"a null " + name, set("vc", name, nil), reason.JSONType})
	}
	return out
}

func TestPresentationForm(t *testing.T) {
	vc := func(v any) func(*forge) { return set("vp", "verifiableCredential", v) }
	run(t,
		attack{"nonce", set("vp", "nonce", "x"), reason.PresentationNonceMismatch}, attack{"no nonce", set("vp", "nonce", absent), reason.PresentationNonceMismatch},
		attack{"audience", set("vp", "aud", "x"), reason.PresentationAudienceMismatch},
		attack{"audience array", func(g *forge) { g.vp["aud"] = []string{g.w.Binding.Audience} }, reason.PresentationAudienceMismatch},
		attack{"old", func(g *forge) { g.vp["iat"] = g.w.Binding.At.Unix() - 301 }, reason.PresentationStale},
		attack{"no iat", set("vp", "iat", absent), reason.PresentationStale},
		attack{"context", set("vp", "@context", []string{"https://example.org"}), reason.VCContextInvalid},
		attack{"envelope without context", set("envelope", "@context", absent), reason.VCContextInvalid},
		attack{"envelope with siblings", set("envelope", "issuer", "x"), reason.VCStructure},
		attack{"type", set("vp", "type", "X"), reason.VCStructure}, attack{"none", vc([]any{}), reason.VCStructure},
		attack{"a string", vc([]any{"x"}), reason.VCStructure}, attack{"a foreign URL", set("envelope", "id", "https://example.org/vc"), reason.VCStructure},
		attack{"two", func(g *forge) { g.raw(); e := g.envelope; e["id"] = dataURL + g.credential(); vc([]any{e, e})(g) }, reason.VCStructure},
		attack{"object", func(g *forge) { e := g.envelope; e["id"] = dataURL + g.credential(); vc(e)(g) }, ""},
		attack{"vc context order", func(g *forge) {
			g.vc["@context"] = []string{credential.ContextDelegation, credential.ContextVC}
		}, reason.VCContextInvalid},
		attack{"inline context", func(g *forge) { g.vc["@context"] = []any{credential.ContextVC, object{"@vocab": "x"}} }, reason.JSONLDContextInlineForbidden},
		attack{"unknown context", func(g *forge) { g.vc["@context"] = []any{credential.ContextVC, "https://example.org/c"} }, reason.JSONLDContextUnknown},
		attack{"foreign type", set("vc", "type", []string{"VerifiableCredential", "OtherCredential"}), reason.CredentialTypeUnknown},
		attack{"subtype beside", set("vc", "type", []string{"VerifiableCredential", credential.TypeDelegation, "CarerCredential"}), ""},
		attack{"two types of ours", set("vc", "type", []string{"VerifiableCredential", credential.TypeDelegation, credential.TypeIdentityBinding}), reason.CredentialSchemaInvalid},
		attack{"unknown member", set("vc", "admin", true), reason.CredentialSchemaInvalid},
		attack{"relative kid", set("header", "kid", "#k1"), ""},
		attack{"issuer's signature", func(g *forge) { g.w.Issuer.Signer = g.w.Attacker.Signer }, reason.CredentialSignatureInvalid})
}

func TestLinkError(t *testing.T) {
	g := newForge(t)
	g.at("credentialSubject", "delegation")["parent"] = object{"id": "urn:uuid:parent", "digest": "sha-256:x"}
	g.at("credentialSubject")["delegateKind"] = "robot"
	err := g.open()
	refused(t, err, reason.CredentialSchemaInvalid)
	link, ok := errors.AsType[*credential.LinkError](err)
	if !ok || link.ID != g.vc["id"] || link.Parent == nil || link.Digest == "" {
		t.Errorf("the link cannot be placed: %v", err)
	}
}

// TestWarm rotates the issuer's key: what was remembered is worth nothing then.
func TestWarm(t *testing.T) {
	g := newForge(t)
	if g.f.cache.Used() == 0 {
		t.Fatal("a verified signature is not remembered")
	}
	raw := g.raw()
	if _, _, err := g.f.OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys); err != nil {
		t.Fatal(err)
	}
	g.w.Web(t, g.w.Issuer.Method.DID().String(), key.ES256)
	_, _, err := g.f.OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys)
	refused(t, err, reason.CredentialSignatureInvalid)
}

func TestDiscloseWhatIsNotHeld(t *testing.T) {
	g := newForge(t)
	raw := []byte(g.credential())
	_, err := g.f.Disclose(credential.Selection{Raw: raw, Permissions: []string{"p9"}})
	refused(t, err, reason.QueryUnsatisfied)
	_, err = g.f.Present(context.Background(), credential.Selection{Raw: raw}, g.w.Binding, g.w.Attacker)
	refused(t, err, reason.PresentationHolderBindingFailed)
	got, err := g.f.Disclose(credential.Selection{Raw: raw, Permissions: []string{"p1"}, Claims: []credential.Claim{credential.ClaimEvidence}})
	if err != nil || !bytes.Equal(got, raw) {
		t.Error(err)
	}
}

// TestEveryByteMatters changes each byte of a presentation in turn.
func TestEveryByteMatters(t *testing.T) {
	g := newForge(t)
	raw := g.raw()
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if _, _, err := g.f.OpenPresentation(context.Background(), forged, g.w.Binding, g.w.Keys); err == nil {
			t.Fatalf("byte %d of %d may change", i, len(raw))
		}
	}
}

func FuzzOpenPresentation(f *testing.F) {
	// Every worker is a process of its own and must come to the same keys.
	g := forgeIn(f, fixture.NewFrom(f, key.EdDSA, mathrand.NewChaCha8([32]byte{1})))
	good := g.raw()
	f.Add(good)
	f.Add([]byte(g.credential()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _, err := newFormat(t).OpenPresentation(context.Background(), raw, g.w.Binding, g.w.Keys)
		if err == nil && string(raw) != string(good) {
			t.Error("something else than the presentation passes")
		}
		if err != nil && reason.Of(err) == reason.InternalIndeterminate {
			t.Error("a refusal without a name: ", err)
		}
	})
}
