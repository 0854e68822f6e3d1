// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// TestAttacks has the rows of attacks.json of an evil service against a wallet, over real HTTPS.
func TestAttacks(t *testing.T) {
	for id, row := range map[string]func(*testing.T){
		"WAL-01": attackUnsigned, "WAL-03": attackRequestObject, "WAL-04": attackRedirect, "WAL-05": attackQuery, "WAL-08": attackLinkability,
	} {
		t.Run(id, row)
	}
}

// attacked is a wallet with a credential, and the service that asks.
func attacked(t *testing.T) (*Wallet, *service) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	a := w.service()
	_, err := held.Prepare(t.Context(), a.link(""), "") // what is broken below is good as it is
	check(t, err)
	return held, a
}

func attackUnsigned(t *testing.T) {
	held, a := attacked(t)
	origin := a.at.origin
	unsigned := func(change func(r *vp.Request)) string {
		a.object("")
		r := *a.request
		r.ClientID, r.Audience, r.IssuedAt, r.Expires = vp.PrefixRedirectURI+r.ResponseURI, "", 0, 0
		l, err := vp.UnsignedLink(&r)
		check(t, err)
		if change == nil {
			return l.String()
		}
		change(&r)
		return strings.Replace(l.String(), "response_uri="+escaped(origin+"/answer"), "response_uri="+escaped(r.ResponseURI), 1)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"oauth-authz-req+jwt"}`)) + "." + strings.Split(string(a.object("")), ".")[1] + "."
	for name, link := range map[string]string{
		"redirect_uri":                      unsigned(nil),
		"redirect_uri, answer to elsewhere": unsigned(func(r *vp.Request) { r.ResponseURI = a.w.stranger.origin + "/answer" }),
		"redirect_uri by reference":         vp.Link{ClientID: vp.PrefixRedirectURI + origin + "/answer", RequestURI: origin + "/ask"}.String(),
		"redirect_uri, signed":              vp.Link{ClientID: vp.PrefixRedirectURI + origin + "/answer", Object: string(a.object(""))}.String(),
		"a DID without a signature":         vp.Scheme + "://?client_id=" + escaped(a.clientID) + "&response_type=vp_token&nonce=nonce-of-the-asker-0123456789",
		"alg none by value":                 vp.Link{ClientID: a.clientID, Object: none}.String(),
		"a host name without certificates":  vp.Scheme + "://?client_id=x509_san_dns%3Alocalhost&response_type=vp_token",
	} {
		hits := a.at.hit("GET /ask")
		_, err := held.Prepare(t.Context(), link, "")
		want(t, err, reason.RequestUnsigned)
		if strings.HasPrefix(name, "redirect_uri") && a.at.hit("GET /ask") != hits {
			t.Errorf("%s: fetched", name)
		}
	}
	a.at.serve(map[string]http.HandlerFunc{"GET /ask": func(rw http.ResponseWriter, _ *http.Request) { write200(rw, vp.MediaTypeRequest, []byte(none)) }})
	_, err := held.Prepare(t.Context(), a.link(""), "")
	want(t, err, reason.RequestUnsigned)
	if a.left() != 0 {
		t.Error("something left")
	}
}

func escaped(s string) string { return strings.NewReplacer(":", "%3A", "/", "%2F").Replace(s) }

func attackRequestObject(t *testing.T) {
	held, a := attacked(t)
	now := a.w.now().Unix()
	honest := jose.Header{Type: vp.TypeRequest, KeyID: a.at.signer.Method.String()}
	for name, c := range map[string]struct {
		claims map[string]any
		typ    string
		method string
	}{
		"aud another":           {claims: map[string]any{"aud": a.at.origin}},
		"aud missing":           {claims: map[string]any{"aud": nil}},
		"exp past":              {claims: map[string]any{"iat": now - 60, "exp": now - 1}},
		"exp now":               {claims: map[string]any{"exp": now}},
		"iat future":            {claims: map[string]any{"iat": now + 61, "exp": now + 120}},
		"nonce missing":         {claims: map[string]any{"nonce": nil}},
		"nonce of 15 bytes":     {claims: map[string]any{"nonce": base64.RawURLEncoding.EncodeToString(make([]byte, 15))}},
		"typ JWT":               {typ: "JWT"},
		"typ of a presentation": {typ: "kb+jwt"},
		"wallet_nonce another":  {claims: map[string]any{"wallet_nonce": "AAAAAAAAAAAAAAAAAAAAAA"}, method: vp.MethodPost},
		"wallet_nonce missing":  {claims: map[string]any{"wallet_nonce": nil}, method: vp.MethodPost},
		"answer over http":      {claims: map[string]any{"response_uri": strings.Replace(a.at.origin, "https", "http", 1)}},
		"redirect_uri beside":   {claims: map[string]any{"redirect_uri": a.at.origin}},
		"response in the front": {claims: map[string]any{"response_mode": "fragment"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := honest
			if c.typ != "" {
				h.Type = c.typ
			}
			a.claims, a.header = c.claims, &h
			_, err := held.Prepare(t.Context(), a.link(c.method), "")
			want(t, err, reason.RequestInvalid)
		})
	}
	if a.left() != 0 {
		t.Error("something left")
	}
}

func attackRedirect(t *testing.T) {
	for _, code := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect, http.StatusSeeOther, http.StatusFound} {
		held, a := attacked(t)
		p, err := held.Prepare(t.Context(), a.link(""), "")
		check(t, err)
		away := func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, a.w.issuer.origin+"/taken", code) }
		a.at.serve(map[string]http.HandlerFunc{"GET /ask": away, "POST /ask": away, "POST /answer": away})
		for _, method := range []string{"", vp.MethodPost} {
			_, err = held.Prepare(t.Context(), a.link(method), "")
			want(t, err, reason.FetchRedirect)
		}
		_, err = p.Send(t.Context(), Agree)
		want(t, err, reason.FetchRedirect)
		if n := a.w.issuer.hit("POST /taken") + a.w.issuer.hit("GET /taken"); n != 0 {
			t.Errorf("%d: sent on %d times", code, n)
		}
	}
}

func attackQuery(t *testing.T) {
	held, a := attacked(t)
	one := a.request.Query.Credentials[0]
	for name, change := range map[string]func(r *vp.Request){
		"a 2^20 combinations": func(r *vp.Request) {
			for range 20 {
				r.Query.Sets = append(r.Query.Sets, dcql.Set{Options: [][]string{{"leaf"}, {"leaf_jwt"}}})
			}
		},
		"b 10,000 claims": func(r *vp.Request) {
			r.Query.Credentials = []dcql.Credential{{ID: "a", Format: one.Format, Meta: one.Meta, Claims: slices.Repeat(one.Claims[:1], 10_000)}}
		},
		"b 10,000 credentials": func(r *vp.Request) { r.Query.Credentials = slices.Repeat([]dcql.Credential{one}, 10_000) },
		"c 1 MiB": func(r *vp.Request) {
			r.Query.Credentials[0].Meta.VCTValues = []string{strings.Repeat("x", 1<<19-1), strings.Repeat("y", 1<<19-1)}
		},
		"c 400 KiB": func(r *vp.Request) { r.Query.Credentials[0].Meta.VCTValues = []string{strings.Repeat("x", 400<<10)} },
		"work at the bounds": func(r *vp.Request) {
			none := dcql.Claim{Path: vp.DelegationPath(one.Format, "permission", dcql.Every(), dcql.Member("action"), dcql.Every()), Values: slices.Repeat(dcql.Strings("x"), dcql.MaxValues)}
			r.Query.Sets, r.Query.Credentials = nil, nil
			for _, id := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
				c := dcql.Credential{ID: id, Format: one.Format, Meta: one.Meta}
				for n := range dcql.MaxClaims {
					k := none
					k.ID = "c" + strings.Repeat("x", n)
					c.Claims, c.ClaimSets = append(c.Claims, k), append(c.ClaimSets, []string{k.ID})
				}
				r.Query.Credentials = append(r.Query.Credentials, c)
			}
		},
	} {
		a.change = change
		_, err := held.Prepare(t.Context(), a.link(""), "")
		if reason.Of(err) != reason.LimitQuery {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// attackLinkability shows that two services see different copies, with nothing in common that they could
// compare but the person acted for; and that the wallet says so where it cannot be.
func attackLinkability(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.batch = 2
	held := w.wallet()
	_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(2))
	check(t, err)
	w.framework.Verifiers = append(w.framework.Verifiers,
		trustframework.Verifier{ID: w.issuer.id.String(), Name: "Larkhill Surgery", Controllers: []string{controller}, Purposes: []string{purpose}, Resources: []string{"*"}})
	first, second := w.service(), w.serviceAt(w.issuer)
	show := func(a *service) (*Prepared, string) {
		p, err := held.Prepare(t.Context(), a.link(""), "")
		check(t, err)
		if len(p.Consent.Also) != 0 {
			t.Errorf("copies are offered as a choice: %v", p.Consent.Also)
		}
		_, err = p.Send(t.Context(), Agree)
		check(t, err)
		token := a.answers[len(a.answers)-1].Token
		return p, token["leaf"][0]
	}
	one, raw := show(first)
	two, other := show(second)
	if len(one.Consent.Warnings)+len(two.Consent.Warnings) != 0 {
		t.Error("a fresh copy is warned of")
	}
	a, b := first.presented().Verified(), second.presented().Verified()
	if a.Credential().Delegate.ID == b.Credential().Delegate.ID || a.Credential().ID == b.Credential().ID || sameStatus(a.Credential().Status, b.Credential().Status) {
		t.Error("the copies have a key, an id or a place in a status list in common")
	}
	for _, part := range strings.Split(strings.TrimSuffix(raw, "~"), "~") {
		for _, piece := range strings.Split(part, ".")[min(1, strings.Count(part, ".")):] {
			if strings.Contains(other, piece) {
				t.Errorf("in both: %.40s", piece)
			}
		}
	}
	again := w.again(held)
	held = again
	if p, _ := show(first); p.Consent.Credential.ID != one.Consent.Credential.ID || len(p.Consent.Warnings) != 0 {
		t.Error("the service sees another copy than before, after a restart")
	}
	stranger := w.serviceAt(w.stranger)
	stranger.certify()
	stranger.clientID = vp.ClientX509Hash(stranger.chain[0])
	w.framework.Verifiers = append(w.framework.Verifiers, trustframework.Verifier{
		ID: w.stranger.id.String(), Name: "Third", Controllers: []string{controller}, Purposes: []string{purpose}, Resources: []string{"*"}, Clients: []string{stranger.clientID},
	})
	p, err := held.Prepare(t.Context(), vp.Link{ClientID: stranger.clientID, Object: string(stranger.object(""))}.String(), "")
	check(t, err)
	if len(p.Consent.Warnings) != 1 || p.Consent.Warnings[0].Reason != reason.PrivacyReuse {
		t.Errorf("no warning of a copy that was shown before: %+v", p.Consent.Warnings)
	}
	for _, e := range []*Entry{one.Consent.Credential, two.Consent.Credential} { // a person may name a copy, and gets the right one
		q, err := held.Prepare(t.Context(), first.link(""), e.ID)
		check(t, err)
		if q.Consent.Credential.ID != one.Consent.Credential.ID {
			t.Error("the copy of another service is shown because its id was given")
		}
	}
}

func sameStatus(a, b []credential.StatusRef) bool {
	return slices.ContainsFunc(a, func(r credential.StatusRef) bool {
		return slices.ContainsFunc(b, func(s credential.StatusRef) bool { return r.List == s.List && r.Index == s.Index })
	})
}

// TestCopyIsMarkedFirst shows that a copy does not leave where the wallet cannot keep who has seen it.
func TestCopyIsMarkedFirst(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.batch = 2
	v := newVault(t)
	held := w.over(v)
	_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(2))
	check(t, err)
	a := w.service()
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	good := v.disk
	v.disk.write = func(string, []byte) error { return errDisk }
	if _, err := p.Send(t.Context(), Agree); err == nil || a.left() != 0 {
		t.Fatalf("%v, and %d answers left", err, a.left())
	}
	v.disk = good
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	marked := 0
	all, _, err := w.again(held).List(t.Context())
	check(t, err)
	for _, e := range all {
		marked += len(e.held.ShownTo)
	}
	if marked != 1 {
		t.Errorf("%d marks", marked)
	}
}

// BenchmarkMatch1000 finds the answer to a request among 1,000 credentials that were read: goal 20 ms (issue 5).
func BenchmarkMatch1000(b *testing.B) {
	w := newTown(b)
	v := newVault(b)
	held := w.over(v)
	w.format = sdjwt.Name
	e := w.receive(held)
	all := slices.Repeat([]*Entry{e}, 1000)
	a := w.service()
	p, err := held.Prepare(b.Context(), a.link(""), "")
	check(b, err)
	b.ReportAllocs()
	for b.Loop() {
		m, err := match(held, p.request, all)
		check(b, err)
		fits, err := m.fits()
		if err != nil || len(fits) != 1000 {
			b.Fatal(len(fits), err)
		}
	}
}
