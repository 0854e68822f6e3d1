// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

func vpRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"VP-01": attackReplay, "VP-02": attackReplayRace, "VP-08": attackUnrequested, "VP-09": attackUnsatisfied, "VP-10": attackSplice,
		"VP-12": attackRelay, "VP-16": attackRequestReuse, "VP-18": attackValidity, "VP-20": attackAmbiguous, "VP-21": attackNoStatus,
		"VP-22": attackForwarded, "VP-25": attackOracle, "VP-26": attackBrokenStep, "VP-27": attackOneOfMany,
	}
}

func attackReplay(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		g := w.forge(format)
		answer := map[string][]string{queryOf(format): {g.token()}}
		w.expect(w.post(g.session, answer), reason.OK)
		for range 3 {
			w.expect(w.post(g.session, answer), reason.PresentationReplayed)
		}
		refused := w.forge(format) // a refused answer spends its session too
		refused.proof["nonce"] = "another"
		w.expect(refused.send(), reason.PresentationNonceMismatch)
		refused.proof["nonce"] = refused.request.Nonce
		w.expect(refused.send(), reason.PresentationReplayed)
	}
}

// attackReplayRace posts one answer a hundred times to two gateways over one store on disk.
func attackReplayRace(t *testing.T) {
	w := newBoltWorld(t)
	first := w.handler
	w.start(w.config("audit2/")) // the second gateway; a log has one writer
	handlers := []http.Handler{first, w.handler}
	g := w.forge(sd)
	token, err := json.Marshal(map[string][]string{queryOf(sd): {g.token()}})
	must(t, err)
	form := g.form(string(token)).Encode()
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			got := w.callOn(handlers[i%2], "POST", "/vp/response/"+g.session.ID, "application/x-www-form-urlencoded", form)
			mu.Lock()
			defer mu.Unlock()
			statuses[got.Code]++
		})
	}
	all.Wait()
	if statuses[http.StatusOK] != 1 || statuses[http.StatusConflict] != 99 {
		t.Errorf("%v", statuses)
	}
	if p := w.progress(g.session); p.Decision == nil || p.Decision.Outcome != "permit" {
		t.Errorf("%+v", p)
	}
}

func attackUnrequested(t *testing.T) {
	w := newWorld(t)
	w.mustPermit(sd)
	for name, answer := range map[string]func(g *forge, token string) map[string][]string{
		"a": func(_ *forge, token string) map[string][]string {
			return map[string][]string{"delegation": {token}, "identity": {token}}
		},
		"b": func(_ *forge, token string) map[string][]string {
			return map[string][]string{"delegation": {token, token}}
		},
		"c": func(g *forge, token string) map[string][]string {
			return map[string][]string{"delegation_jwt": {token}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			g := w.forge(sd)
			w.expect(w.post(g.session, answer(g, g.token())), reason.QueryUnrequested)
		})
		w.TB = t
	}
}

func attackUnsatisfied(t *testing.T) {
	w := newWorld(t)
	w.mustPermit(sd)
	t.Run("missing required set", func(t *testing.T) {
		w.TB = t
		g := w.forge(sd)
		parent := w.above(g.session, sd, w.seal(sd, w.root(sd), w.issuer))
		w.expect(w.post(g.session, map[string][]string{"parents": {parent}}), reason.QueryUnsatisfied)
	})
	// The queries that follow ask for more than the permit of the base case rests on, so that the query alone can refuse.
	for name, claim := range map[string]object{
		"claim absent":    {"id": "more", "path": []string{"on_behalf_of", "identifier", "value"}},
		"values mismatch": {"id": "more", "path": []string{"delegation", "legal_basis"}, "values": []string{"court-order"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			g := w.forge(sd)
			w.rewrite(g.session, func(s map[string]any) {
				q := s["query"].(object)["credentials"].([]any)[0].(object)
				q["claims"] = append(q["claims"].([]any), claim)
				q["claim_sets"] = [][]string{{"resource", "action", "more"}}
			})
			w.expect(g.send(), reason.QueryUnsatisfied)
		})
	}
	t.Run("trusted_authorities", func(t *testing.T) {
		w.TB = t
		g := w.forge(sd)
		w.rewrite(g.session, func(s map[string]any) {
			s["query"].(object)["credentials"].([]any)[0].(object)["trusted_authorities"] = []any{object{"type": "openid_federation", "values": []string{"https://other.test"}}}
		})
		w.expect(g.send(), reason.QueryUnsatisfied)
	})
	w.TB = t
	g := w.forge(sd) // an item that no claim covers: the decision names it better than the query could
	g.at("delegation")["permission"] = []any{}
	g.disclosures = nil
	if got := g.send(); got.outcome != "deny" || got.code == reason.OK {
		t.Errorf("%+v", got)
	}
}

func attackSplice(t *testing.T) {
	other := func(g *forge) did.Signer { return g.carol }
	try(t,
		attack{"a, SD-JWT", sd, func(g *forge) { g.proofBy = other(g) }, reason.PresentationHolderBindingFailed},
		attack{"a, VP", vc, func(g *forge) {
			g.proofBy, g.proofHeader["kid"], g.proof["holder"] = other(g), other(g).Method.String(), other(g).Method.DID().String()
		}, reason.PresentationHolderBindingFailed},
		attack{"a, VP with the key of A under the name of B", vc, func(g *forge) { g.proofBy = other(g) }, reason.PresentationHolderBindingFailed},
		attack{"b", vc, func(g *forge) { g.proofBy, g.proofHeader["kid"] = other(g), other(g).Method.String() }, reason.PresentationHolderBindingFailed})
}

func attackRelay(t *testing.T) {
	other := vp.ClientID(parseDID(t, attackerID))
	try(t, attack{"SD-JWT", sd, setProof("aud", other), reason.PresentationAudienceMismatch}, attack{"VP", vc, setProof("aud", other), reason.PresentationAudienceMismatch})
}

func attackRequestReuse(t *testing.T) {
	w := newWorld(t)
	path := func(s session) string { return strings.TrimPrefix(s.RequestURI, origin) }
	get := func(s session) result {
		return w.judgement(w.call("GET", path(s), "", ""), w.leaves())
	}
	s := w.ask(booking()) // which fetches it: the base case
	w.expect(get(s), reason.RequestConsumed)
	late := w.asked()
	w.clock.add(verifier.SessionLife)
	w.expect(get(late), reason.RequestConsumed)
	w.expect(get(session{Asked: verifier.Asked{RequestURI: origin + "/vp/request/AAAAAAAAAAAAAAAAAAAAAA"}}), reason.RequestConsumed)
	long := w.asked()
	form := url.Values{"wallet_nonce": {strings.Repeat("a", 600)}}.Encode()
	w.expect(w.judgement(w.call("POST", path(long), "application/x-www-form-urlencoded", form), w.leaves()), reason.RequestConsumed)
	// A nonce of good length is signed with the request, once.
	got := w.call("POST", path(long), "application/x-www-form-urlencoded", "wallet_nonce=abc")
	r, err := vp.OpenRequest(context.Background(), got.Body.Bytes(), w.ClientID(), credential.Keys{Resolver: w.docs, At: w.clock.now()})
	if err != nil || r.WalletNonce != "abc" {
		t.Errorf("%v %+v", err, r)
	}
	w.expect(get(long), reason.RequestConsumed)
	// A preview of the link uses nothing up.
	preview := w.asked()
	if got := w.call("HEAD", path(preview), "", ""); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", got.Code)
	}
	w.fetch(preview)
}

// asked is a request that no wallet has fetched yet.
func (w *world) asked() session {
	w.Helper()
	a, err := w.Ask(context.Background(), verifier.Request{Access: booking()})
	must(w, err)
	return session{Asked: a}
}

func attackValidity(t *testing.T) {
	day := 24 * time.Hour
	date := func(name, v string) func(*forge) { return func(g *forge) { g.claims[name] = v } }
	try(t,
		attack{"a", sd, set("exp", began.Unix()), reason.CredentialExpired},
		attack{"b", sd, set("nbf", began.Add(time.Second).Unix()), reason.CredentialNotYetValid},
		attack{"c", vc, date("validUntil", began.Format(time.RFC3339)), reason.CredentialExpired},
		attack{"one second before its end", vc, date("validUntil", began.Add(time.Second).Format(time.RFC3339)), reason.OK},
		attack{"not yet", vc, date("validFrom", began.Add(day).Format(time.RFC3339)), reason.CredentialNotYetValid},
		attack{"d", vc, set("exp", began.Add(400*day).Unix()), reason.VCAmbiguous},
		attack{"e", vc, func(g *forge) { g.claims["validUntil"] = g.claims["validFrom"] }, reason.CredentialSchemaInvalid},
		attack{"f", vc, date("validUntil", "2027-06-01T00:00:00"), reason.CredentialSchemaInvalid},
		attack{"g", vc, date("validUntil", "2027-06-30T23:59:60Z"), reason.CredentialSchemaInvalid},
		attack{"h", vc, date("validUntil", "10000-01-01T00:00:00Z"), reason.CredentialSchemaInvalid})
}

func attackAmbiguous(t *testing.T) {
	try(t,
		attack{"vc claim", vc, func(g *forge) { g.claims["vc"] = object{"type": []string{"VerifiableCredential"}} }, reason.VCAmbiguous},
		attack{"iss", vc, set("iss", attackerID), reason.VCAmbiguous}, attack{"jti", vc, set("jti", "urn:uuid:other"), reason.VCAmbiguous},
		attack{"sub", vc, set("sub", attackerID), reason.VCAmbiguous})
}

func attackNoStatus(t *testing.T) {
	drop := func(name string) func(*forge) { return func(g *forge) { delete(g.claims, name) } }
	try(t, attack{"vc+jwt", vc, drop("credentialStatus"), reason.StatusRequiredMissing}, attack{"dc+sd-jwt", sd, drop("status"), reason.StatusRequiredMissing})
}

func attackForwarded(t *testing.T) {
	w := newWorld(t)
	raw, err := json.Marshal(booking())
	must(t, err)
	forge := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "attacker.test"
		for name, v := range map[string]string{"X-Forwarded-Host": "attacker.test", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "1", "Forwarded": "host=attacker.test;proto=http",
			"X-Original-URL": "/evil", "Authorization": "Bearer " + clientText} {
			r.Header.Set(name, v)
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		return rec
	}
	got := forge("POST", "/v1/requests", string(raw))
	var s session
	must(t, json.Unmarshal(got.Body.Bytes(), &s.Asked))
	object := forge("GET", strings.TrimPrefix(s.RequestURI, origin), "")
	s.request, err = vp.OpenRequest(context.Background(), object.Body.Bytes(), w.ClientID(), credential.Keys{Resolver: w.docs, At: w.clock.now()})
	must(t, err)
	if s.request.ClientID != "decentralized_identifier:"+gatewayID || s.request.ResponseURI != origin+"/vp/response/"+s.ID ||
		strings.Contains(got.Body.String()+forge("GET", "/.well-known/authzen-configuration", "").Body.String(), "attacker") {
		t.Errorf("%+v\n%s", s.request, got.Body)
	}
	w.expect(w.forgeOf(sd, w.root(sd), s).send(), reason.OK)
}

// attackOracle compares the bodies of refusals: within one class nothing differs but the
// instance, and the code where the delegate may see it. Every other attack here checks its members.
func attackOracle(t *testing.T) {
	w := newWorld(t)
	w.mustPermit(sd)
	w.mustPermit(vc)
	bodies := map[string]map[string]bool{}
	for i, a := range []attack{
		{"", sd, setProof("nonce", "x"), ""}, {"", sd, setProof("aud", "x"), ""}, {"", sd, func(g *forge) { g.proofBy = g.attacker }, ""},
		{"", sd, setProof("sd_hash", changed("x")), ""}, {"", vc, setProof("nonce", "x"), ""}, {"", sd, func(g *forge) { delete(g.claims, "cnf") }, ""},
		{"", vc, setHeader("alg", "none"), ""}, {"", vc, setHeader("jku", "x"), ""}, {"", vc, signature(func(*forge, []byte) []byte { return nil }), ""},
		{"", vc, setHeader("typ", "x"), ""}, {"", vc, spoil(`"issuer":`, `"issuer":1,"issuer":`), ""}, {"", sd, set("_sd_alg", "md5"), ""},
		{"", vc, setHeader("kid", ""), ""}, {"", vc, func(g *forge) { g.header["kid"], g.credBy = g.attacker.Method.String(), g.attacker }, ""},
		{"", vc, document(`{"kty":"RSA","e":"AQAB","n":"AAAA"}`, "ES256"), ""},
	} {
		g := w.forge(a.format)
		a.change(g)
		got := g.send()
		if g.docs.mu.Lock(); true {
			g.docs.hook = nil
			g.docs.mu.Unlock()
		}
		if got.status == http.StatusOK || got.shown != "" {
			t.Errorf("%d: %+v", i, got)
		}
		var body map[string]any
		must(t, json.Unmarshal([]byte(got.body), &body))
		delete(body, "instance")
		class := fmt.Sprint(got.problem, got.status)
		if bodies[class] == nil {
			bodies[class] = map[string]bool{}
		}
		bodies[class][fmt.Sprint(body)] = true
	}
	for class, some := range bodies {
		if len(some) != 1 {
			t.Errorf("%s has %d bodies: %v", class, len(some), some)
		}
	}
	if len(bodies) < 5 {
		t.Errorf("only %d classes were seen", len(bodies))
	}
}

// chain is links from the root down, as their holders keep them.
type chain struct {
	raw     [][]byte
	holders []did.Signer // of each link
	refs    []credential.StatusRef
}

// grow seals n links. change may spoil one before it is sealed, and says who signs it.
func (w *world) grow(format string, n int, change func(i int, c *credential.Credential, by did.Signer) did.Signer) chain {
	w.Helper()
	var out chain
	by, c := w.issuer, w.root(format)
	for i := range n {
		holder := w.holder(key.ES256)
		c.Delegate.ID, c.Redelegation.MaxDepth = holder.Method.DID().String(), n-1-i
		signer := change(i, c, by)
		raw := w.seal(format, c, signer)
		out.raw, out.holders, out.refs = append(out.raw, raw), append(out.holders, holder), append(out.refs, c.Status[0])
		next := w.root(format)
		next.ID = fmt.Sprintf("urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-00000000000%d", i+2)
		next.Issuer, next.GrantedBy = holder.Method.DID().String(), holder.Method.DID().String()
		next.Parent = &credential.Parent{ID: c.ID, Digest: w.digestOf(format, raw)}
		by, c = holder, next
	}
	return out
}

// digestOf returns the digest that a child names its parent by, whether or not the parent is good.
func (w *world) digestOf(format string, raw []byte) string {
	w.Helper()
	v, err := credential.Open(context.Background(), w.formats.Named(format), raw, credential.Keys{Resolver: w.docs, At: w.clock.now()})
	if refused, ok := asLink(err); ok {
		return refused.Digest
	}
	must(w, err)
	return v.Digest()
}

// sendChain answers s with all links.
func (w *world) sendChain(s session, format string, c chain) result {
	w.Helper()
	last := len(c.raw) - 1
	answer := map[string][]string{queryOf(format): {w.showAny(s, format, c.raw[last], c.holders[last])}}
	for _, raw := range c.raw[:last] {
		answer[parentsOf(format)] = append(answer[parentsOf(format)], w.discloseAny(format, raw))
	}
	return w.post(s, answer)
}

func attackOneOfMany(t *testing.T) {
	w := newWorld(t)
	w.framework.Limits.MaxChainLinks = 8
	w.framework.Relationships["adult-to-adult"] = withDepth(w.framework.Relationships["adult-to-adult"], 8)
	honest := func(_ int, _ *credential.Credential, by did.Signer) did.Signer { return by }
	for _, format := range []string{sd, vc} {
		for n := 1; n <= 8; n++ {
			if n > 3 && (n%2 == 0) != (format == sd) {
				continue // long chains in one format each: their keys are what takes time
			}
			w.TB = t
			w.expect(w.sendChain(w.ask(booking()), format, w.grow(format, n, honest)), reason.OK)
			for i := range n {
				for _, d := range defects() {
					t.Run(fmt.Sprintf("%s %d of %d %s", format, i, n, d.name), func(t *testing.T) {
						w.TB = t
						c := w.grow(format, n, func(j int, c *credential.Credential, by did.Signer) did.Signer {
							if j == i {
								return d.spoil(w, c, by)
							}
							return by
						})
						got := w.sendChain(w.ask(booking()), format, c)
						if got.outcome != "deny" || !d.names(got.code) {
							t.Errorf("%+v", got)
						}
					})
				}
			}
		}
	}
}
