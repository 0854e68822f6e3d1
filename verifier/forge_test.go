// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

type object = map[string]any

// forge is the answer of the base case taken apart, so that one thing can be changed and all that
// an honest signer would sign is signed again.
type forge struct {
	*world
	session
	format string

	header, claims object              // of what the issuer signs
	headerText     string              // in place of header, where set
	text           string              // in place of claims, where set
	credBy         key.Signer          // the issuer's key
	cred           func(string) string // changes the finished token
	disclosures    []string            // encoded

	proofHeader, proof object              // of the holder proof
	proofHeaderText    string              // in place of proofHeader, where set
	proofText          string              // in place of proof, where set
	proofBy            key.Signer          // the holder's key
	sign               func(string) string // changes the finished proof
	join               func(shown, proof string) string
}

// forge returns the base case in format for a new session.
func (w *world) forge(format string) *forge {
	w.Helper()
	return w.forgeOf(format, w.root(format), w.ask(booking()))
}

func (w *world) forgeOf(format string, c *credential.Credential, s session) *forge {
	w.Helper()
	raw := w.seal(format, c, w.issuer)
	shown := w.show(s, format, raw, w.bob)
	g := &forge{
		world: w, session: s, format: format, credBy: w.issuer, proofBy: w.bob,
		cred: func(s string) string { return s }, sign: func(s string) string { return s },
		join: func(shown, proof string) string { return shown + proof },
	}
	token, proof := string(raw), shown
	if format == sd {
		i := strings.LastIndexByte(shown, '~')
		parts := strings.Split(shown[:i], "~")
		token, g.disclosures, proof = parts[0], parts[1:], shown[i+1:]
	}
	g.header, g.claims = g.decode(token)
	g.proofHeader, g.proof = g.decode(proof)
	return g
}

func (g *forge) decode(token string) (header, claims object) {
	g.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*object{&header, &claims} {
		must(g, json.Unmarshal(unb64(g, parts[i]), into))
	}
	return header, claims
}

// issued returns what the issuer signed.
func (g *forge) issued() string {
	g.Helper()
	header, text := g.headerText, g.text
	if header == "" {
		header = g.marshal(g.header)
	}
	if text == "" {
		text = g.marshal(g.claims)
	}
	return g.cred(jws(g, header, text, g.credBy))
}

// token returns the presentation.
func (g *forge) token() string {
	g.Helper()
	shown := g.issued()
	if g.format == sd {
		shown = strings.Join(append([]string{shown}, g.disclosures...), "~") + "~"
		if _, changed := g.proof["sd_hash"].(changed); !changed {
			g.proof["sd_hash"] = digest(shown)
		}
	} else if list, ok := g.proof["verifiableCredential"].([]any); ok && len(list) > 0 {
		if one, ok := list[0].(object); ok && one["id"] != nil {
			one["id"] = "data:application/vc+jwt," + shown
		}
	}
	header, text := g.proofHeaderText, g.proofText
	if header == "" {
		header = g.marshal(g.proofHeader)
	}
	if text == "" {
		text = g.marshal(g.proof)
	}
	proof := g.sign(jws(g, header, text, g.proofBy))
	if g.format == sd {
		return g.join(shown, proof)
	}
	return g.join("", proof)
}

// changed is a value that token must not put right again.
type changed string

// send posts the answer and returns what became of it.
func (g *forge) send() result {
	g.Helper()
	return g.post(g.session, map[string][]string{queryOf(g.format): {g.token()}})
}

func (g *forge) marshal(v any) string {
	g.Helper()
	raw, err := json.Marshal(v)
	must(g, err)
	return string(raw)
}

// at returns the object at the path of names in the claims.
func (g *forge) at(path ...string) object {
	g.Helper()
	o := g.claims
	for _, name := range path {
		next, ok := o[name].(object)
		if !ok {
			g.Fatalf("no object %v", path)
		}
		o = next
	}
	return o
}

// hide encodes a disclosure, adds it to those that are shown and returns its digest.
func (g *forge) hide(text string) string {
	d := b64(text)
	g.disclosures = append(g.disclosures, d)
	return digest(d)
}

func addDigest(o object, d string) {
	list, _ := o["_sd"].([]any)
	o["_sd"] = append(list, d)
}

// spoil puts a text in place of another one in what the issuer signs.
func spoil(old, new string) func(*forge) {
	return func(g *forge) {
		g.Helper()
		text := g.marshal(g.claims)
		if !strings.Contains(text, old) {
			g.Fatal("nothing to spoil: ", old)
		}
		g.text = strings.Replace(text, old, new, 1)
	}
}

func b64[T []byte | string](raw T) string { return base64.RawURLEncoding.EncodeToString([]byte(raw)) }

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	must(t, err)
	return raw
}

func digest(text string) string {
	d := sha256.Sum256([]byte(text))
	return b64(d[:])
}

// jws signs payload under any header, right or wrong.
func jws(t testing.TB, header, payload string, by key.Signer) string {
	t.Helper()
	text := b64(header) + "." + b64(payload)
	sig, err := by.Sign(context.Background(), []byte(text))
	must(t, err)
	return text + "." + b64(sig)
}

// unsigned cuts the signature off, with its dot or without.
func unsigned(dot string) func(string) string {
	return func(s string) string { return s[:strings.LastIndexByte(s, '.')] + dot }
}

// attack is one case of a row: the base case with one change, and the code that it gets. The code
// ok stands for a permit.
type attack struct {
	name   string
	format string
	change func(*forge)
	want   reason.Code
}

// try shows for each format in use that the base case is permitted, and then makes each change.
func try(t *testing.T, attacks ...attack) {
	t.Helper()
	w := newWorld(t)
	shown := map[string]bool{}
	for _, a := range attacks {
		w.TB = t
		if !shown[a.format] {
			w.mustPermit(a.format)
			shown[a.format] = true
		}
		t.Run(a.name, func(t *testing.T) {
			w.TB = t
			g := w.forge(a.format)
			a.change(g)
			w.expect(g.send(), a.want)
		})
	}
}

// expect checks an answer: outcome, status, problem type and code as reasons.json has them, and a
// body that says no more than its class to whoever may not know more (VP-25).
func (w *world) expect(got result, want reason.Code) {
	w.Helper()
	entry, ok := reason.Lookup(want)
	if !ok {
		w.Fatalf("no such code: %s", want)
	}
	problem := ""
	if entry.Status != http.StatusOK {
		problem = "/problems/" + entry.Problem
	}
	if got.code != want || got.status != entry.Status || got.problem != problem {
		w.Errorf("got %s, %d %s, outcome %s; want %s, %d %s\n%s", got.code, got.status, got.problem, got.outcome, want, entry.Status, problem, got.body)
	}
	if granted := got.outcome == "permit"; granted != (want == reason.OK) {
		w.Errorf("the outcome is %s", got.outcome)
	}
	if got.shown != string(want.For(reason.Delegate)) {
		w.Errorf("the wallet is shown %q of %s", got.shown, want)
	}
	w.quiet(got)
}

// quiet checks that a problem holds its class and nothing else.
func (w *world) quiet(got result) {
	w.Helper()
	if got.status == http.StatusOK {
		return
	}
	var body map[string]any
	must(w, json.Unmarshal([]byte(got.body), &body))
	for name := range body {
		switch name {
		case "type", "title", "status", "instance":
		case "reason":
			if got.shown == "" {
				w.Error("a reason that is empty")
			}
		default:
			w.Errorf("the body holds %q", name)
		}
	}
}

// form returns the fields of an answer to g.
func (g *forge) form(token string) url.Values {
	return url.Values{"state": {g.request.State}, "vp_token": {token}}
}

// spki returns the issuer's key as a PEM file holds it.
func spki(g *forge) []byte {
	g.Helper()
	jwk := g.issuer.Public().JWK()
	point := append([]byte{4}, append(unb64(g, jwk.X), unb64(g, jwk.Y)...)...)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	must(g, err)
	raw, err := x509.MarshalPKIXPublicKey(public)
	must(g, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw})
}

// rewrite changes the record of a session in the store, as nobody but a broken store would.
func (w *world) rewrite(s session, change func(map[string]any)) {
	w.Helper()
	ctx := context.Background()
	e, err := w.records.Get(ctx, "gateway/session/"+s.ID)
	must(w, err)
	record := map[string]any{}
	must(w, json.Unmarshal(e.Value, &record))
	change(record)
	e.Value, err = json.Marshal(record)
	must(w, err)
	must(w, w.records.Commit(ctx, store.Change{Entry: e}))
}
