// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

func TestPresentTheLeast(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e := w.receive(held)
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	v := p.Consent
	if v.Verifier != "Larkhill Online" || v.VerifierID != w.gateway.id.String() || v.Access != w.accesses || v.Credential.ID != e.ID || v.Whole || len(v.Also) != 0 {
		t.Errorf("consent: %+v", v)
	}
	if len(w.answers) != 0 {
		t.Fatal("something left before anybody agreed")
	}
	told, err := p.Send(t.Context(), Agree)
	check(t, err)
	if !told.Permitted() || told.Evaluation != "ev_1" {
		t.Errorf("told: %+v", told)
	}
	leaf, above := w.presented()
	got := leaf.Verified().Credential()
	if len(above) != 0 || leaf.Holder() != held.DID() || len(got.Permissions) != 1 || got.Permissions[0].Resource != "appointments" ||
		got.OnBehalfOf.Identifier != nil || got.Assurance == nil {
		t.Errorf("presented: %+v", got)
	}
	w.wantExactly(got, v.Facts, 0)
}

// wantExactly compares what the person was shown with what arrived.
func (w *town) wantExactly(arrived *credential.Credential, shown []Fact, above int) {
	w.t.Helper()
	mine := slices.DeleteFunc(slices.Clone(shown), func(f Fact) bool { return f.Above != above || f.Name == "permissions kept back" })
	if !slices.Equal(mine, facts(arrived, above)) {
		w.t.Errorf("shown: %v\narrived: %v", mine, facts(arrived, above))
	}
}

// TestPresentWhole shows that a format that holds nothing back is shown with all of it.
func TestPresentWhole(t *testing.T) {
	w := newTown(t)
	w.format = vcjwt.Name
	held := w.wallet()
	w.receive(held)
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	if !p.Consent.Whole || len(factsNamed(p.Consent.Facts, "permission")) != 3 || !slices.Equal(factsNamed(p.Consent.Facts, "their number"), []string{nhsNumber + " (" + numbers + ")"}) {
		t.Errorf("consent: %+v", p.Consent)
	}
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	leaf, _ := w.presented()
	w.wantExactly(leaf.Verified().Credential(), p.Consent.Facts, 0)
}

func TestDecline(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	var zero Choice
	_, err = p.Send(t.Context(), zero)
	check(t, err)
	if a := w.answers[0]; a.Token != nil || a.Error != "access_denied" {
		t.Errorf("answer: %+v", a)
	}
}

// TestPreparedRefusals names every request that is refused. None of them sends anything, and none
// fetches anything from a host that is not the asking service's own.
func TestPreparedRefusals(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	stranger := func(r *vp.Request) { r.ClientID = vp.ClientID(w.stranger.id) }
	at := func(origin string) string {
		return vp.Link{ClientID: vp.ClientID(w.gateway.id), RequestURI: origin + "/vp/request/1"}.String()
	}
	sd := func(change func(c *dcql.Credential)) func(*vp.Request) {
		return func(r *vp.Request) { change(&r.Query.Credentials[0]) }
	}
	path := func(name string, rest ...dcql.Step) dcql.Path {
		return vp.DelegationPath(vp.FormatSDJWT, name, rest...)
	}
	for name, c := range map[string]struct {
		link  string
		ask   func(*vp.Request)
		asker *site
		frame func(f *trustframework.Framework)
		want  reason.Code
	}{
		"stranger":                   {link: vp.Link{ClientID: vp.ClientID(w.stranger.id), RequestURI: w.stranger.origin + "/vp/request/1"}.String(), want: reason.VerifierNotEntitled},
		"bare address of a stranger": {link: w.stranger.origin + "/vp/request/1", want: reason.VerifierNotEntitled},
		"request at another host":    {link: at(w.stranger.origin), want: reason.RequestClientID},
		"user in the address":        {link: at(strings.Replace(w.gateway.origin, "https://", "https://x@", 1)), want: reason.RequestInvalid},
		"unsigned client":            {link: "openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Fx&request_uri=" + w.gateway.origin, want: reason.RequestUnsigned},
		"signed by another":          {asker: w.issuer, want: reason.RequestClientID},
		"names another inside":       {ask: stranger, want: reason.RequestClientID},
		"answer to a stranger":       {ask: func(r *vp.Request) { r.ResponseURI = w.stranger.origin + "/vp/response/1" }, want: reason.RequestClientID},
		"answer to the issuer":       {ask: func(r *vp.Request) { r.ResponseURI = w.issuer.origin + "/vp/response/1" }, want: reason.RequestClientID},
		"expired":                    {ask: func(r *vp.Request) { r.IssuedAt -= 120; r.Expires -= 120 }, want: reason.RequestInvalid},
		"nonce too short":            {ask: func(r *vp.Request) { r.Nonce = "short" }, want: reason.RequestInvalid},
		"other audience":             {ask: func(r *vp.Request) { r.Audience = w.gateway.origin }, want: reason.RequestInvalid},
		"no purpose given": {ask: func(r *vp.Request) { r.Access = nil }, frame: func(f *trustframework.Framework) {
			f.Verifiers = slices.Clone(f.Verifiers)
			f.Verifiers[0].Purposes = []string{purpose, "other"}
		}, want: reason.VerifierNotEntitled},
		"other purpose":            {ask: func(r *vp.Request) { r.Access.Purpose = "marketing" }, want: reason.VerifierNotEntitled},
		"other controller":         {ask: func(r *vp.Request) { r.Access.Controller = "https://bank.example.org" }, want: reason.VerifierNotEntitled},
		"other resource":           {ask: func(r *vp.Request) { r.Access.Resource = "prescriptions" }, want: reason.VerifierNotEntitled},
		"no more in the framework": {frame: func(f *trustframework.Framework) { f.Verifiers = nil }, want: reason.VerifierNotEntitled},
		"framework stale":          {frame: func(f *trustframework.Framework) { f.AsOf = f.AsOf.Add(-2 * time.Hour) }, want: reason.TrustRegistryStale},
		"asks for all permissions": {ask: sd(func(c *dcql.Credential) {
			c.Claims = []dcql.Claim{{Path: path("permission", dcql.Every())}}
			c.ClaimSets = nil
		}), want: reason.VerifierNotEntitled},
		"asks for another permission too": {ask: sd(func(c *dcql.Credential) {
			c.Claims[0].Values = dcql.Strings("gp-record/test-results")
			c.Claims[1].Values = dcql.Strings("view")
		}), want: reason.VerifierNotEntitled},
		"asks for the number": {ask: sd(func(c *dcql.Credential) {
			c.Claims = []dcql.Claim{{Path: dcql.Path{dcql.Member("on_behalf_of"), dcql.Member("identifier"), dcql.Member("value")}}}
			c.ClaimSets = nil
		}), want: reason.VerifierNotEntitled},
		"other principal":           {ask: func(r *vp.Request) { r.Access.Principal = "urn:uuid:11111111-1111-4111-8111-111111111111" }, want: reason.QueryUnsatisfied},
		"action not held":           {ask: func(r *vp.Request) { r.Access.Action = "delete"; r.Query = query(*r.Access) }, want: reason.QueryUnsatisfied},
		"other type":                {ask: sd(func(c *dcql.Credential) { c.Meta.VCTValues = []string{"https://example.org/other"} }), want: reason.QueryUnsatisfied},
		"wants a second credential": {ask: func(r *vp.Request) { r.Query.Sets = append(r.Query.Sets, dcql.Set{Options: [][]string{{"above"}}}) }, want: reason.QueryUnsatisfied},
		"wants another one as well": {ask: func(r *vp.Request) { r.Query.Sets = nil }, want: reason.QueryUnsatisfied},
	} {
		t.Run(name, func(t *testing.T) {
			link := c.link
			if link == "" {
				link = w.link()
			}
			before := *w.framework
			if c.frame != nil {
				c.frame(w.framework)
			}
			w.ask, w.asker = c.ask, c.asker
			_, err := held.Prepare(t.Context(), link, "")
			*w.framework, w.ask, w.asker = before, nil, nil
			want(t, err, c.want)
			if slices.ContainsFunc(w.answers, func(a vp.Response) bool { return a.Token != nil }) || len(w.stranger.hits) != 0 {
				t.Error("something left, or a stranger was contacted")
			}
		})
	}
	if _, err := held.Prepare(t.Context(), w.gateway.origin+"/vp/request/1", ""); err != nil {
		t.Errorf("the honest request: %v", err)
	}
}

// TestRequestFetch covers WAL-04 and what becomes of a request that was opened before.
func TestRequestFetch(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want reason.Code
	}{
		"redirect": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, w.issuer.origin, http.StatusPermanentRedirect)
		}, reason.FetchRedirect},
		"consumed": {func(rw http.ResponseWriter, r *http.Request) {
			writeAny(rw, 404, map[string]string{"type": "/problems/session-invalid"})
		}, reason.RequestConsumed},
		"down": {func(rw http.ResponseWriter, r *http.Request) {
			writeAny(rw, 503, map[string]string{"reason": "storage.unavailable"})
		}, reason.StorageUnavailable},
		"web page": {func(rw http.ResponseWriter, r *http.Request) { write200(rw, "text/html", []byte("<p>")) }, reason.FetchLimit},
		"too large": {func(rw http.ResponseWriter, r *http.Request) {
			write200(rw, vp.MediaTypeRequest, make([]byte, MaxAnswer+1))
		}, reason.LimitQuery},
		"no token": {func(rw http.ResponseWriter, r *http.Request) { write200(rw, vp.MediaTypeRequest, []byte("x")) }, reason.RequestUnsigned},
	} {
		t.Run(name, func(t *testing.T) {
			w.gateway.serve(map[string]http.HandlerFunc{"GET /vp/request/1": c.h})
			_, err := held.Prepare(t.Context(), w.link(), "")
			want(t, err, c.want)
		})
	}
	w.gateway.serve(map[string]http.HandlerFunc{"GET /vp/request/1": w.getRequest})
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	w.gateway.serve(map[string]http.HandlerFunc{"POST /vp/response/1": func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, w.stranger.origin+"/vp/response/1", http.StatusTemporaryRedirect)
	}})
	_, err = p.Send(t.Context(), Agree)
	want(t, err, reason.FetchRedirect)
	if len(w.stranger.hits) != 0 {
		t.Error("the presentation was sent on")
	}
}

func TestOutOfTime(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	e := w.receive(held)
	w.wait(200 * 24 * time.Hour)
	w.framework.Accreditations[0].Until = w.at.AddDate(1, 0, 0)
	if s := held.Status(t.Context(), e); s.State != Expired || s.Good() {
		t.Errorf("status: %+v", s)
	}
	early := *e
	early.ValidFrom, early.ValidUntil = w.at.Add(time.Hour), w.at.Add(2*time.Hour)
	if s := held.Status(t.Context(), &early); s.State != NotYetValid || s.Good() {
		t.Errorf("status: %+v", s)
	}
}

func TestExpiredIsNotPresented(t *testing.T) {
	w := newTown(t)
	w.grant = func(c *credential.Credential) { c.ValidUntil = w.at.Add(time.Minute) }
	held := w.wallet()
	w.receive(held)
	w.wait(time.Minute)
	_, err := held.Prepare(t.Context(), w.link(), "")
	want(t, err, reason.CredentialExpired)
	w.grant = func(c *credential.Credential) { c.ValidFrom = w.at.Add(time.Minute) }
	held = w.wallet()
	w.receive(held)
	_, err = held.Prepare(t.Context(), w.link(), "")
	want(t, err, reason.CredentialNotYetValid)
}

// TestChoice has four credentials that answer: the one that is likely to do with the least comes first.
func TestChoice(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	collect := func(format string, change func(c *credential.Credential)) *Entry {
		w.format, w.grant = format, change
		return w.receive(held)
	}
	elsewhere := collect(sdjwt.Name, func(c *credential.Credential) { c.Controllers = []string{"https://other.example.org"} })
	whole := collect(vcjwt.Name, nil)
	two := collect(sdjwt.Name, func(c *credential.Credential) {
		extra := c.Permissions[0]
		extra.ID, _ = credential.NewID(strings.NewReader("0123456789abcdef"))
		c.Permissions = append(c.Permissions, extra)
	})
	least := collect(sdjwt.Name, nil)
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	var order []string
	for _, e := range append([]*Entry{p.Consent.Credential}, p.Consent.Also...) {
		order = append(order, e.ID)
	}
	if !slices.Equal(order, []string{least.ID, two.ID, whole.ID, elsewhere.ID}) {
		t.Errorf("order %v, want %v", order, []string{least.ID, two.ID, whole.ID, elsewhere.ID})
	}
	check(t, held.cfg.Vault.write(standingFile, map[string]Standing{least.ID: {ID: least.ID, State: "revoked"}, two.ID: {ID: two.ID, State: "suspended"}, whole.ID: {ID: whole.ID, State: "valid"}}))
	known, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	if known.Consent.Credential.ID != whole.ID || len(known.Consent.Also) != 3 {
		t.Errorf("%s first, though it was last heard that it is not valid", known.Consent.Credential.ID)
	}
	check(t, p.Use(t.Context(), whole.ID))
	if !p.Consent.Whole || p.Consent.Credential.ID != whole.ID || len(p.Consent.Also) != 3 {
		t.Errorf("after Use: %+v", p.Consent)
	}
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if leaf, _ := w.presented(); leaf.Verified().Format() != vcjwt.Name {
		t.Error("another one was sent")
	}
	p, err = held.Prepare(t.Context(), w.link(), elsewhere.ID[:10])
	check(t, err)
	if p.Consent.Credential.ID != elsewhere.ID {
		t.Error("the prefix was not followed")
	}
	_, err = held.Prepare(t.Context(), w.link(), "0000")
	want(t, err, reason.ObjectUnknown)
	want(t, p.Use(t.Context(), "0000"), reason.QueryUnsatisfied)
}

// TestTold reads what a gateway may say, and refuses the rest.
func TestTold(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	for name, c := range map[string]struct {
		reply     string
		want      reason.Code
		permitted bool
		reason    reason.Code
	}{
		"deny":           {`{"delegation_decision":{"outcome":"deny","reason":"authority.request_too_broad","text":"Ask for less.","narrow_to":["appointments/gp"]}}`, "", false, reason.AuthorityRequestTooBroad},
		"obligations":    {`{"delegation_decision":{"outcome":"permit_with_obligations","obligations":["notify:principal"]}}`, "", true, ""},
		"another wallet": {`{}`, "", false, ""},
		"made-up code":   {`{"delegation_decision":{"outcome":"deny","reason":"\u202e.evil"}}`, "", false, ""},
		"unknown answer": {`{"delegation_decision":{"outcome":"yes"}}`, reason.FetchLimit, false, ""},
		"long text":      {`{"delegation_decision":{"outcome":"deny","text":"` + strings.Repeat("x", maxToldText+1) + `"}}`, reason.FetchLimit, false, ""},
		"not JSON":       {`permit`, reason.JSONSyntax, false, ""},
		"twice":          {`{"delegation_decision":{"outcome":"permit","outcome":"deny"}}`, reason.JSONDuplicateName, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.reply = c.reply
			p, err := held.Prepare(t.Context(), w.link(), "")
			check(t, err)
			told, err := p.Send(t.Context(), Agree)
			want(t, err, c.want)
			if told.Permitted() != c.permitted || err == nil && told.Reason != c.reason {
				t.Errorf("told: %+v", told)
			}
		})
	}
	w.gateway.serve(map[string]http.HandlerFunc{"POST /vp/response/1": func(rw http.ResponseWriter, _ *http.Request) {
		writeAny(rw, 409, map[string]string{"reason": "presentation.replayed"})
	}})
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	want(t, err, reason.PresentationReplayed)
	w.gateway.serve(map[string]http.HandlerFunc{"POST /vp/response/1": func(rw http.ResponseWriter, _ *http.Request) {
		writeAny(rw, 400, map[string]string{"type": "/problems/holder-binding-failed", "reason": "made.up"})
	}})
	_, err = p.Send(t.Context(), Agree)
	if err == nil || !strings.Contains(err.Error(), "the service refused the presentation (status 400)") || strings.Contains(err.Error(), "made.up") {
		t.Errorf("refused without a reason: %v", err)
	}
}
