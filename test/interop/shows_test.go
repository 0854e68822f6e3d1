// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/internal/world"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
	"github.com/behalf-id/behalf/wallet"
)

// The rows of what is tried here. The arrow goes from the wallet to the verifier.
const (
	vpPlain     = "OpenID4VP 1.0, direct_post, decentralized_identifier"
	vpEncrypted = "OpenID4VP 1.0, direct_post.jwt"
	vpHash      = "OpenID4VP 1.0, direct_post.jwt, x509_hash"
	vpDNS       = "OpenID4VP 1.0, direct_post, x509_san_dns"
)

// show is a wallet of theirs with one credential of ours.
type show struct {
	*online
	t      *testing.T
	holder party
	sdjwt  string
	claims json.RawMessage
}

// holding has a wallet of theirs collect a credential of ours.
func (o *online) holding(t *testing.T) *show {
	t.Helper()
	offer := o.grant(t)
	c := o.begin(t, offer, nil)
	c.redeem(offer)
	got, err := c.ask(nil, c.proof(nil))
	check(t, err)
	s := &show{online: o, t: t, holder: c.holder, sdjwt: got.Credentials[0].Credential}
	var held struct{ Payload json.RawMessage }
	o.must(t, "vci.held", request{"sdjwt": s.sdjwt, "origin": o.World.Issuer}, &held)
	s.claims = held.Payload
	return s
}

// read is a request of ours as a wallet of theirs read it.
type read struct {
	Session, Client, Nonce, Mode string
	Query                        json.RawMessage
	Match                        struct{ Satisfied bool }
}

func (r read) id(t *testing.T) string {
	t.Helper()
	var q struct{ Credentials []struct{ ID string } }
	check(t, json.Unmarshal(r.Query, &q))
	return q.Credentials[0].ID
}

// open has their wallet read a request for one access.
func (s *show) open(resource, action string) (read, string) {
	s.t.Helper()
	service, err := s.Service()
	check(s.t, err)
	asked, err := service.Ask(s.t.Context(), resource, action)
	check(s.t, err)
	var claims struct{ VCT string }
	check(s.t, json.Unmarshal(s.claims, &claims))
	var r read
	s.must(s.t, "vp.open", request{"link": asked.DeepLink, "credentials": []any{map[string]any{"vct": claims.VCT, "claims": s.claims}}}, &r)
	if !r.Match.Satisfied {
		s.t.Fatalf("their wallet finds nothing for %s", r.Query)
	}
	return r, asked.ID
}

// present discloses the appointments and what an access to them needs.
func (s *show) present(by party, audience, nonce string) (shown string) {
	s.t.Helper()
	choice := map[string]any{"delegation": map[string]any{"permission": map[string]any{"0": true}, "identity_assurance": true}}
	s.must(s.t, "sdjwt.present", request{"sdjwt": s.sdjwt, "frame": choice, "key": by.secret(), "iat": time.Now().Unix(), "audience": audience, "nonce": nonce}, &shown)
	return shown
}

func (s *show) answer(r read, more request, presentations ...string) error {
	s.t.Helper()
	all := request{"session": r.Session, "presentations": map[string]any{r.id(s.t): presentations}}
	for name, value := range more {
		all[name] = value
	}
	return s.ask(s.t, "vp.answer", all, nil)
}

// decision is what our gateway tells the service about a request.
func (o *online) decision(t *testing.T, id string) world.Progress {
	t.Helper()
	service, err := o.Service()
	check(t, err)
	p, err := service.Result(t.Context(), id)
	check(t, err)
	return p
}

// shows has a wallet of theirs answer requests of our gateway, of which row says how it asks.
func (o *online) shows(row string) func(t *testing.T) {
	encrypted := strings.Contains(row, "jwt")
	return func(t *testing.T) {
		s := o.holding(t)
		r, id := s.open("appointments", "view")
		if encrypted != (r.Mode == "direct_post.jwt") {
			t.Fatalf("the mode is %s", r.Mode)
		}
		shown := s.present(s.holder, r.Client, r.Nonce)
		check(t, s.answer(r, nil, shown))
		if p := o.decision(t, id); p.Decision == nil || p.Decision.Outcome != "permit" {
			t.Fatalf("%+v %+v", p, p.Decision)
		}
		o.tally.Accepted(row, page.Inward)
		o.denied(t, row, page.Inward, "/problems/", o.ask(t, "vp.again", request{"session": r.Session}, nil))
		for name, f := range map[string]func(r read) error{
			"another holder":      func(r read) error { return s.answer(r, nil, s.present(newParty(t, key.ES256), r.Client, r.Nonce)) },
			"another audience":    func(r read) error { return s.answer(r, nil, s.present(s.holder, r.Client+"x", r.Nonce)) },
			"another nonce":       func(r read) error { return s.answer(r, nil, s.present(s.holder, r.Client, r.Nonce+"x")) },
			"of another request":  func(r read) error { return s.answer(r, nil, shown) },
			"a changed claim":     func(r read) error { return s.answer(r, nil, flipped(s.present(s.holder, r.Client, r.Nonce), 300)) },
			"without key binding": func(r read) error { return s.answer(r, nil, s.sdjwt) },
			"another credential's id": func(r read) error {
				return s.ask(t, "vp.answer", request{"session": r.Session, "presentations": map[string]any{"other": []string{s.present(s.holder, r.Client, r.Nonce)}}}, nil)
			},
			"another state": func(r read) error {
				return s.answer(r, request{"state": "another-state-of-the-same-length"}, s.present(s.holder, r.Client, r.Nonce))
			},
		} {
			t.Run(name, func(t *testing.T) {
				r, id := s.open("appointments", "view")
				o.denied(t, row, page.Inward, "/problems/", f(r))
				o.undecided(t, id)
			})
		}
		if !encrypted {
			return
		}
		r, id = s.open("appointments", "view")
		o.denied(t, row, page.Inward, "/problems/", s.answer(r, request{"plain": true}, s.present(s.holder, r.Client, r.Nonce)))
		o.undecided(t, id)
		r, _ = s.open("appointments", "view")
		check(t, s.answer(r, nil, s.present(s.holder, r.Client, r.Nonce)))
		o.denied(t, row, page.Inward, "/problems/", o.ask(t, "vp.again", request{"session": r.Session, "change": true}, nil))
	}
}

// undecided checks that what was refused permits nothing.
func (o *online) undecided(t *testing.T, id string) {
	t.Helper()
	if p := o.decision(t, id); p.Decision != nil && p.Decision.Outcome != "deny" {
		t.Errorf("%+v", p.Decision)
	}
}

// asks has their verifier ask, and returns its id and link.
func (o *online) asks(t *testing.T, more request) (id, link string) {
	t.Helper()
	query := `{"credentials":[{"id":"delegation","format":"dc+sd-jwt","meta":{"vct_values":["https://example.org/vct/delegation/1"]},
		"claims":[{"path":["on_behalf_of","id"]},{"path":["delegation","permission",null,"resource"],"values":["appointments"]}]}]}`
	r := request{"query": json.RawMessage(query)}
	for name, value := range more {
		r[name] = value
	}
	var asked struct{ ID, Link string }
	o.must(t, "verifier.ask", r, &asked)
	return asked.ID, asked.Link
}

// result is what their verifier made of an answer.
type result struct {
	Error     string
	Encrypted bool
	Shown     map[string]struct {
		Principal struct {
			ID         string
			Identifier any
		} `json:"on_behalf_of"`
		Delegation struct {
			Permission []struct{ Resource string }
		}
	}
}

// shown has a wallet of ours answer requests of their verifier.
func (o *online) shown(t *testing.T) {
	w := o.wallet(t)
	offer := o.grant(t)
	_, err := w.Receive(t.Context(), offer.Offer.URI, wallet.Collector{Accept: accepts(offer.Offer.TxCode)})
	check(t, err)
	var ours map[string]any
	o.must(t, "vci.key", request{"origin": o.World.Issuer}, &ours)
	o.must(t, "verifier.trust", request{"key": ours}, nil)
	for row, r := range map[string]request{
		vpPlain: {}, vpEncrypted: {"encrypted": true}, vpHash: o.certifiedBy(t, "x509_hash", true), vpDNS: o.certifiedBy(t, "x509_san_dns", false),
	} {
		t.Run(row, func(t *testing.T) {
			id, link := o.asks(t, r)
			prepared, err := w.Prepare(t.Context(), link, "")
			check(t, err)
			if _, err := prepared.Send(t.Context(), wallet.Agree); err != nil {
				var got result
				o.must(t, "verifier.result", request{"id": id}, &got)
				t.Fatalf("%v; theirs: %+v", err, got)
			}
			var got result
			o.must(t, "verifier.result", request{"id": id}, &got)
			one := got.Shown["delegation"]
			if got.Error != "" || one.Principal.ID != world.PrincipalURN || one.Principal.Identifier != nil || len(one.Delegation.Permission) != 1 || one.Delegation.Permission[0].Resource != "appointments" || got.Encrypted != (r["encrypted"] == true) {
				t.Errorf("%+v", got)
			}
			o.tally.Accepted(row, page.Outward)
		})
	}
	o.refusesToShow(t, w)
}

// refusesToShow has their verifier do one thing wrong, in every way in which it asks.
func (o *online) refusesToShow(t *testing.T, w *wire.OpenedWallet) {
	query := `{"credentials":[{"id":"d","format":"dc+sd-jwt","meta":{"vct_values":["https://example.org/vct/delegation/1"]},"claims":[{"path":["on_behalf_of","identifier"]}]}]}`
	stranger := newAuthority(t).leaf(t)
	for row, base := range map[string]request{
		vpPlain: {}, vpEncrypted: {"encrypted": true}, vpHash: o.certifiedBy(t, "x509_hash", true), vpDNS: o.certifiedBy(t, "x509_san_dns", false),
	} {
		wrong := map[string]request{"too much": {"query": json.RawMessage(query)}, "aud": {"fault": "aud"}, "signature": {"fault": "signature"}, "response_uri": {"fault": "response_uri"}}
		if base["x5c"] == nil {
			wrong["client_id"] = request{"fault": "client_id"}
		} else {
			wrong["another's certificate"] = request{"x5c": []string{stranger.base64()}, "certified": stranger.jwk(t)}
		}
		for name, change := range wrong {
			t.Run(row+"/"+name, func(t *testing.T) {
				r := maps.Clone(base)
				maps.Copy(r, change)
				_, link := o.asks(t, r)
				if _, err := w.Prepare(t.Context(), link, ""); err == nil {
					t.Fatal("our wallet answers")
				}
				o.tally.Refused(row, page.Outward)
			})
		}
	}
}

// certifiedBy has their verifier sign with its certificate.
func (o *online) certifiedBy(t *testing.T, prefix string, encrypted bool) request {
	t.Helper()
	return request{"by": prefix, "encrypted": encrypted, "x5c": []string{o.leaf.base64()}, "certified": o.leaf.jwk(t)}
}
