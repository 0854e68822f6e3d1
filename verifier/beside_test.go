// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestUsesOverManyPermissions uses up one permission after the other: while one of those shown has uses left, that one decides.
func TestUsesOverManyPermissions(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		c := w.root(format)
		c.Permissions = nil
		for i, most := range []int{100, 4, 3, 2, 1} { // the greatest id is taken first
			p := permission(fmt.Sprintf("p%d", i), "appointments", "book")
			p.ID = fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-00000000000%d", i)
			p.Constraint = credential.ParseConstraint([]byte(fmt.Sprintf(`{"maxUses":%d}`, most)))
			c.Permissions = append(c.Permissions, p)
		}
		raw := w.seal(format, c, w.issuer)
		for n := range 20 {
			s := w.ask(booking())
			got := w.post(s, map[string][]string{queryOf(format): {w.showAll(s, format, raw, c)}})
			if got.code != reason.OK {
				t.Fatalf("%s, use %d: %+v", format, n+1, got)
			}
		}
	}
}

// TestUnrelatedParentThatCannotBeOpened shows beside a good chain a link whose issuer is not known here, or does not answer,
// or that has no status: it is not on the way to the root, and changes nothing (P16).
func TestUnrelatedParentThatCannotBeOpened(t *testing.T) {
	for _, format := range []string{sd, vc} {
		for name, answer := range map[string]error{
			"unknown":     reason.New(reason.FetchNotAllowed, ""),
			"unreachable": did.ErrUnreachable,
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWorld(t)
				c := w.grow(format, 2, honest)
				stranger := w.stranger(format)
				stranger.Issuer = attackerID
				beside := w.discloseAny(format, w.seal(format, stranger, w.attacker))
				root := w.discloseAny(format, c.raw[0])
				for _, parents := range [][]string{{beside, root}, {root, beside}} {
					s := w.ask(booking())
					token := map[string][]string{queryOf(format): {w.showAny(s, format, c.raw[1], c.holders[1])}, parentsOf(format): parents}
					w.docs.hook = func(id did.DID) (*did.Document, error, bool) { return nil, answer, id.String() == attackerID }
					w.expect(w.post(s, token), reason.OK)
					w.docs.hook = nil
				}
			})
		}
	}
}

// showAll presents raw of c with every permission and the assurance.
func (w *world) showAll(s session, format string, raw []byte, c *credential.Credential) string {
	w.Helper()
	show := credential.Selection{Raw: raw, Claims: []credential.Claim{credential.ClaimAssurance}}
	for _, p := range c.Permissions {
		show.Permissions = append(show.Permissions, p.ID)
	}
	out, err := w.formats.Named(format).(credential.Presenter).Present(w.Context(), show, w.binding(s), w.bob)
	must(w, err)
	return string(out)
}

// TestNoHandleForWhatTheQueryDoesNotCover asks again, by a handle, about what the query of the session did not cover: what was
// refused so is not granted by asking twice.
func TestNoHandleForWhatTheQueryDoesNotCover(t *testing.T) {
	w := newWorld(t)
	s := w.ask(booking())
	w.rewrite(s, func(record map[string]any) {
		for _, q := range record["query"].(object)["credentials"].([]any) {
			delete(q.(object), "claim_sets")
			q.(object)["claims"] = []any{object{"path": []string{"nowhere"}}}
		}
	})
	w.expect(w.post(s, map[string][]string{"delegation": {w.showAny(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}}), reason.QueryUnsatisfied)
	p := w.progress(s)
	if p.Handle == "" {
		return
	}
	got := w.call("POST", "/access/v1/evaluation", "application/json", evaluation(`"delegation_handle":"`+p.Handle+`"`))
	if !strings.Contains(got.Body.String(), `"decision":false`) {
		t.Errorf("a handle permits what its session did not: %s", got.Body)
	}
}

// TestWaste ends an answer in which too much cannot be read, before its issuers are all asked for their keys.
func TestWaste(t *testing.T) {
	for _, format := range []string{sd, vc} {
		for _, base := range []string{"parents", "identity", "membership"} {
			t.Run(format+" "+base, func(t *testing.T) {
				for n, want := range map[int]reason.Code{8: reason.OK, 9: reason.LimitChain, 30: reason.LimitChain} {
					w := newWard(t)
					s := w.ask(booking())
					token := map[string][]string{queryOf(format): {w.showAny(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}}
					for i := range n {
						by := w.docs.put(t, fmt.Sprintf("did:web:hospital.test:%d", i), newKey(t, key.ES256))
						token[idIn(base, format)] = append(token[idIn(base, format)], w.made(s, format, base, by))
					}
					resolved := 0
					w.docs.hook = func(id did.DID) (*did.Document, error, bool) {
						made := strings.HasPrefix(id.String(), issuerID+":")
						if made {
							resolved++
						}
						return nil, did.ErrUnreachable, made
					}
					w.expect(w.post(s, token), want)
					if resolved > 9 || resolved == 0 {
						t.Errorf("%d documents were asked for", resolved)
					}
				}
			})
		}
	}
}

// made is a credential for a query beside the leaf, by an issuer that somebody made up.
func (w *ward) made(s session, format, base string, by did.Signer) string {
	w.Helper()
	c := w.stranger(format)
	switch base {
	case "identity":
		c = w.bindingOf(format)
	case "membership":
		c = w.memberOf(format)
	}
	c.Issuer = by.Method.DID().String()
	if base == "membership" {
		return w.proved(format, w.seal(format, c, by), w.binding(s), w.joy)
	}
	return w.disclosed(format, c, by)
}

// TestRestrictionsOfAnAgeThatCannotBeRead takes an answer whose age is written badly for one that was kept.
func TestRestrictionsOfAnAgeThatCannotBeRead(t *testing.T) {
	for _, age := range [][]string{{"1"}, {"99999999999"}, {"x"}, {""}, {"-1"}, {"0, 60"}, {"0", "60"}} {
		s := newService(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Age"] = age
			says(`{"restrictions":[]}`)(w, r)
		})
		if _, err := s.InForce(t.Context(), "urn:p:1"); err == nil {
			t.Errorf("an answer of age %q was taken", age)
		}
	}
	s := newService(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Age", "0")
		says(`{"restrictions":[]}`)(w, r)
	})
	if _, err := s.InForce(t.Context(), "urn:p:1"); err != nil {
		t.Errorf("a fresh answer was refused: %v", err)
	}
}

// TestActAmongSeveralLeaves has the service name the delegate whose leaf it means: another's does not stand in its way.
func TestActAmongSeveralLeaves(t *testing.T) {
	w := newWorld(t)
	for who, want := range map[did.URL]string{w.bob.Method: `"decision":true`, w.carol.Method: `"decision":true`, w.issuer.Method: `"decision":false`} {
		s := w.ask(booking())
		carols := w.root(vc)
		carols.Delegate.ID = w.carol.Method.DID().String()
		token, err := json.Marshal(map[string][]string{
			"delegation": {w.showAny(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}, "delegation_jwt": {w.showAny(s, vc, w.seal(vc, carols, w.issuer), w.carol)},
		})
		must(t, err)
		body := strings.Replace(evaluation(`"request_id":"`+s.ID+`","vp_token":`+string(token)), `"id":"`+principal+`"}`,
			`"id":"`+principal+`","properties":{"act":{"sub":"`+who.DID().String()+`"}}}`, 1)
		got := w.call("POST", "/access/v1/evaluation", "application/json", body)
		if !strings.Contains(got.Body.String(), want) {
			t.Errorf("%s: %s", who.DID().Method(), got.Body)
		}
	}
}
