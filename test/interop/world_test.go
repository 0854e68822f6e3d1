// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
)

// now is the instant of every test, that at which it was first asked for: a part of the other side takes no
// clock and looks at its own. nowText is the same for the other side.
var now = sync.OnceValue(func() time.Time { return time.Now().UTC().Truncate(time.Second) })

func nowText() string { return now().Format(time.RFC3339) }

const (
	audience = "x509_san_dns:gateway.example.org"
	nonce    = "n-0S6_WzA2Mj-and-more"
	listURL  = "https://issuer.example.org/status/7"
	index    = 94567
)

// party is somebody with a did:key, whose private key the other side is told too.
type party struct {
	did.Signer
	private key.JWK
}

func newParty(t *testing.T, alg key.Algorithm) party {
	t.Helper()
	k, err := key.Generate(alg, rand.Reader)
	check(t, err)
	s, err := didkey.Signer(k)
	check(t, err)
	return party{s, k.JWK()}
}

// id returns the DID of p.
func (p party) id() string { return p.Method.DID().String() }

// secret is the private key as the other side is told it, public the public one.
func (p party) secret() map[string]string {
	out := p.public()
	out["d"] = p.private.D
	return out
}

func (p party) public() map[string]string { return publicJWK(p.Public()) }

func publicJWK(k key.Public) map[string]string {
	j := k.JWK()
	out := map[string]string{"kty": j.Kty, "crv": j.Crv, "x": j.X}
	if j.Y != "" {
		out["y"] = j.Y
	}
	return out
}

// cast is an issuer, a holder and somebody else, with keys for one algorithm.
type cast struct{ issuer, holder, other party }

func newCast(t *testing.T, alg key.Algorithm) cast {
	return cast{newParty(t, alg), newParty(t, alg), newParty(t, alg)}
}

func algorithms() []key.Algorithm { return []key.Algorithm{key.ES256, key.ES384, key.EdDSA} }

func keys() credential.Keys { return credential.Keys{Resolver: didkey.New(), At: now()} }

func binding() credential.Binding {
	return credential.Binding{Audience: audience, Nonce: nonce, At: now()}
}

// statements returns credentials of every type and of many shapes, with the status.
func statements(c cast, status ...credential.StatusRef) map[string]*credential.Credential {
	full, least, child := delegation(c), delegation(c), delegation(c)
	least.OnBehalfOf.Identifier, least.Assurance, least.Evidence, least.Prohibitions = nil, nil, nil, nil
	least.Permissions, least.Jurisdiction, least.ReviewBy = least.Permissions[:1], nil, time.Time{}
	least.Redelegation, least.Framework, least.Policy = credential.Redelegation{}, "", ""
	child.Delegate.Kind, child.Delegate.OperatedBy = "agent", c.issuer.id()
	child.Parent = &credential.Parent{ID: full.ID, Digest: "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}
	member, bound := supporting(c, credential.TypeWorkgroupMembership), supporting(c, credential.TypeIdentityBinding)
	member.Workgroup = "urn:example:workgroup:7"
	out := map[string]*credential.Credential{"full": full, "least": least, "child": child, "member": member, "bound": bound}
	for _, c := range out {
		c.Status = status
	}
	return out
}

// graphs returns the statements that RDF can hold: an empty list is lost there, and our context has no
// terms for what supports a delegation.
func graphs(c cast, status ...credential.StatusRef) map[string]*credential.Credential {
	all := statements(c, status...)
	all["least"].Jurisdiction = []string{"GB"}
	for _, name := range []string{"full", "child"} { // two, as a JSON literal that is an array of one is ambiguous: docs/interop.md
		c := all[name]
		c.Prohibitions = append(c.Prohibitions, credential.Prohibition{Resource: "messages", Actions: []string{"submit"}})
	}
	delete(all, "member")
	delete(all, "bound")
	return all
}

func supporting(c cast, typ string) *credential.Credential {
	return &credential.Credential{
		ID: "urn:uuid:5b2bcc67-e900-4f6c-8e3e-7d8f1c2a9b11", Type: typ, Issuer: c.issuer.id(),
		ValidFrom: now().AddDate(0, -5, 0), ValidUntil: now().AddDate(0, 7, 0), Delegate: credential.Delegate{ID: c.holder.id()},
	}
}

func delegation(c cast) *credential.Credential {
	const principal = "urn:uuid:91c0a1b8-8f0e-4d6a-a7c2-5f9be1f10081"
	return &credential.Credential{
		ID: "urn:uuid:0d6f5c9e-3a61-4a2b-9c56-2f1b0f3f7c11", Type: credential.TypeDelegation, Issuer: c.issuer.id(),
		ValidFrom: now().AddDate(0, -5, 0), ValidUntil: now().AddDate(0, 7, 0),
		Delegate: credential.Delegate{ID: c.holder.id(), Kind: "person"},
		OnBehalfOf: credential.Principal{
			ID: principal, Identifier: &credential.Identifier{System: "urn:example:record", Value: "9000000009"},
		},
		Relationship: "adult-to-adult", LegalBasis: "consent", GrantedBy: principal,
		Jurisdiction: []string{"GB-ENG"}, Purposes: []string{"family-requested"}, Controllers: []string{"urn:example:A81001"},
		ReviewBy: now().AddDate(0, 3, 0), Redelegation: credential.Redelegation{MaxDepth: 1, Kinds: []string{"person", "agent"}},
		Prohibitions: []credential.Prohibition{{Resource: "gp-record/consultations", Actions: []string{"view"}}},
		Permissions: []credential.Permission{
			{ID: "urn:uuid:6b1f0b52-0001-4000-8000-000000000001", Resource: "appointments", Actions: []string{"view", "book", "cancel"}, Risk: "routine"},
			{ID: "urn:uuid:6b1f0b52-0002-4000-8000-000000000002", Resource: "prescriptions/repeat", Actions: []string{"view", "request"}, Risk: "routine", Constraint: credential.Constraint{Requires: []string{"warn:ťéxt ☃ 𝒳"}}},
			{ID: "urn:uuid:6b1f0b52-0003-4000-8000-000000000003", Resource: "gp-record/test-results", Actions: []string{"view"}, Risk: "sensitive", Constraint: credential.Constraint{DateFrom: "2024-01-01", Exclude: []string{"sexual-health"}, MinAssurance: "high"}},
		},
		Assurance: &credential.Assurance{Principal: "high", Delegate: "high"},
		Evidence:  []credential.Evidence{{ID: "urn:uuid:5b2bcc67-e900-4f6c-8e3e-7d8f1c2a9b10", Type: "ConsentRecord"}},
		Framework: "tf:example-proxy",
	}
}

// same fails t unless got says what want says.
func same(t *testing.T, want, got *credential.Credential) {
	t.Helper()
	raw := cmpopts.IgnoreFields(credential.Constraint{}, "Raw")
	if d := cmp.Diff(want, got, raw, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

// sameJSON fails t unless the two are one value.
func sameJSON(t *testing.T, want, got []byte) {
	t.Helper()
	var a, b any
	check(t, json.Unmarshal(want, &a))
	check(t, json.Unmarshal(got, &b))
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
}

// payloadOf returns the payload of a JWT, and of an SD-JWT.
func payloadOf(t *testing.T, jwt []byte) []byte {
	t.Helper()
	jwt, _, _ = bytes.Cut(jwt, []byte("~"))
	_, rest, _ := bytes.Cut(jwt, []byte("."))
	part, _, _ := bytes.Cut(rest, []byte("."))
	raw, err := base64.RawURLEncoding.DecodeString(string(part))
	check(t, err)
	return raw
}

// withPayload returns a JWT with another payload under the same signature.
func withPayload(jwt string, payload []byte) string {
	head, rest, _ := strings.Cut(jwt, ".")
	_, tail, _ := strings.Cut(rest, ".")
	return head + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + tail
}

// flipped returns text with the character at i changed to another of base64url.
func flipped(text string, i int) string {
	c := byte('A')
	if text[i] == c {
		c = 'B'
	}
	return text[:i] + string(c) + text[i+1:]
}

// jwtForgeries returns what a JWT becomes when one thing in it is changed, whose payload holds old.
func jwtForgeries(t *testing.T, jwt, old string) map[string]string {
	t.Helper()
	payload := payloadOf(t, []byte(jwt))
	changed := bytes.Replace(payload, []byte(old), []byte(old[:len(old)-1]+"~"), 1)
	if bytes.Equal(payload, changed) {
		t.Fatalf("no %q in the payload", old)
	}
	first, last := strings.IndexByte(jwt, '.'), strings.LastIndexByte(jwt, '.')
	end := len(jwt)
	if i := strings.IndexByte(jwt, '~'); i >= 0 {
		end = i
		last = strings.LastIndexByte(jwt[:i], '.')
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"vc+jwt"}`))
	return map[string]string{
		"claim":        withPayload(jwt, changed),
		"signature":    flipped(jwt, last+3),
		"no signature": jwt[:last+1] + jwt[end:],
		"alg none":     none + jwt[first:last+1] + jwt[end:],
		"header":       flipped(jwt, first/2),
	}
}
