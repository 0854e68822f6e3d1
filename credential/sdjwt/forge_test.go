// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

type object = map[string]any

// forge is the permitted base case, taken apart so that one thing can be changed and all that
// an honest signer would sign is signed again.
type forge struct {
	t           testing.TB
	w           *fixture.World
	f           *Format
	header      object
	claims      object
	payload     string   // in place of claims, where set
	disclosures []string // encoded
	kbHeader    object
	kb          object
	kbPayload   string                      // in place of kb, where set
	kbKey       key.Signer                  // who makes the holder proof
	alg         hashAlg                     // of sd_hash
	after       func(raw, kb string) string // joins what was signed
}

func newForge(t testing.TB) *forge {
	w := fixture.New(t, key.ES256)
	return forgeIn(t, w, newFormat(t, w))
}

func forgeIn(t testing.TB, w *fixture.World, f *Format) *forge {
	alg := string(w.Issuer.Public().Algorithm())
	raw := string(seal(t, f, w, fixture.Token(w.Delegation(t))))
	jwt, rest, _ := strings.Cut(raw, "~")
	list := strings.Split(strings.TrimSuffix(rest, "~"), "~")
	body := strings.Split(jwt, ".")
	g := &forge{
		t: t, w: w, f: f, disclosures: append(list[:3:3], list[7:9]...), kbKey: w.Holder,
		header:   object{"alg": alg, "typ": Name, "kid": w.Issuer.Method.String()},
		kbHeader: object{"alg": alg, "typ": "kb+jwt"},
		kb:       object{"iat": w.Binding.At.Unix(), "aud": w.Binding.Audience, "nonce": w.Binding.Nonce},
	}
	if err := json.Unmarshal(fixture.Unb64(t, body[1]), &g.claims); err != nil {
		t.Fatal(err)
	}
	g.after = func(raw, kb string) string { return raw + kb }
	g.mustPass()
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

// issued returns the SD-JWT with its last tilde.
func (g *forge) issued() string {
	if g.payload == "" {
		g.payload = g.marshal(g.claims)
		defer func() { g.payload = "" }()
	}
	parts := append([]string{fixture.JWS(g.t, g.marshal(g.header), g.payload, g.w.Issuer)}, g.disclosures...)
	return strings.Join(parts, "~") + "~"
}

// raw returns the presentation.
func (g *forge) raw() []byte {
	g.t.Helper()
	raw := g.issued()
	body := g.kbPayload
	if body == "" {
		if _, ok := g.kb["sd_hash"]; !ok {
			g.kb["sd_hash"] = string(g.alg.sdHash(nil, []byte(raw)))
			defer delete(g.kb, "sd_hash")
		}
		body = g.marshal(g.kb)
	}
	return []byte(g.after(raw, fixture.JWS(g.t, g.marshal(g.kbHeader), body, g.kbKey)))
}

func (g *forge) open() error {
	g.t.Helper()
	_, err := credential.OpenPresentation(context.Background(), g.f, g.raw(), g.w.Binding, g.w.Keys)
	return err
}

func (g *forge) mustPass() {
	g.t.Helper()
	if err := g.open(); err != nil {
		g.t.Fatal("the base case is refused: ", err)
	}
}

// hide encodes a disclosure, adds it to those that are shown and returns its digest.
func (g *forge) hide(text string) string {
	d := fixture.B64(text)
	g.disclosures = append(g.disclosures, d)
	return fixture.Digest(d)
}

// at returns the object at the path of names in the claims.
func (g *forge) at(path ...string) object {
	o := g.claims
	for _, name := range path {
		o = o[name].(object)
	}
	return o
}

// addDigest adds digest to _sd of o.
func addDigest(o object, digest string) {
	list, _ := o["_sd"].([]any)
	o["_sd"] = append(list, digest)
}

// attack is one lettered case of a row of attacks.json.
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

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
