// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/verifier"
)

// answer runs the base case in format, with the credential changed by change, and returns what became of it.
func (w *world) answer(format string, change func(*credential.Credential)) (session, result) {
	w.Helper()
	c := w.root(format)
	if change != nil {
		change(c)
	}
	raw := w.seal(format, c, w.issuer)
	s := w.ask(booking())
	return s, w.post(s, map[string][]string{queryOf(format): {w.show(s, format, raw, w.bob)}})
}

// mustPermit shows that the base case is permitted.
func (w *world) mustPermit(format string) {
	w.Helper()
	if _, got := w.answer(format, nil); got.outcome != "permit" || got.code != reason.OK || got.status != 200 {
		w.Fatalf("the base case: %+v", got)
	}
}

func TestPermit(t *testing.T) {
	for _, format := range []string{sd, vc} {
		t.Run(format, func(t *testing.T) {
			w := newWorld(t)
			s, got := w.answer(format, nil)
			if got.outcome != "permit" || got.code != reason.OK || got.status != 200 {
				t.Fatalf("%+v\n%s", got, w.logged)
			}
			p := w.progress(s)
			if p.State != "decided" || p.Decision.Outcome != "permit" || p.Decision.Reason != reason.OK || p.Handle == "" || p.Decision.Expires.IsZero() {
				t.Errorf("%+v %+v", p, p.Decision)
			}
			for _, secret := range []string{principal, w.bob.Method.DID().String(), s.request.Nonce, p.Handle} {
				if bytes.Contains(w.logged.Bytes(), []byte(secret)) {
					t.Errorf("the log names %s", secret)
				}
			}
		})
	}
}

// change is the base case with one thing of the world or of the request changed.
type change struct {
	name   string
	format string // dc+sd-jwt if left out
	access func(*verifier.Access)
	root   func(*credential.Credential)
	world  func(*world)
	want   reason.Code
	result string // outcome
}

// TestRefusals has one case for each thing that a decision reads. The base case is TestPermit.
func TestRefusals(t *testing.T) {
	for _, c := range []change{
		{name: "another principal", access: func(a *verifier.Access) { a.Principal = "urn:uuid:00000000-0000-4000-8000-000000000000" }, want: reason.AuthorityPrincipalMismatch},
		{name: "another purpose", access: func(a *verifier.Access) { a.Purpose = "treatment" }, want: reason.AuthorityPurposeNotGranted},
		{name: "another action", access: func(a *verifier.Access) { a.Action = "request" }, format: vc, want: reason.AuthorityActionNotGranted},
		{name: "another jurisdiction", access: func(a *verifier.Access) { a.Jurisdiction = "GB-WLS" }, want: reason.TrustJurisdiction},
		{name: "too broad", access: func(a *verifier.Access) { a.Resource, a.Action = "gp-record", "view" }, want: reason.AuthorityRequestTooBroad},
		{name: "not proxyable", access: func(a *verifier.Access) { a.Resource, a.Action = "gp-record/safeguarding", "view" },
			root: func(c *credential.Credential) { c.Permissions[2].Resource = "gp-record" }, want: reason.ControllerNotProxyable},
		{name: "restriction", world: func(w *world) {
			w.restrictions.list = []delegation.Restriction{{Principal: principal, Kind: "court-order"}}
		}, want: reason.ControllerRestriction},
		{name: "restriction on another", world: func(w *world) {
			w.restrictions.list = []delegation.Restriction{{Principal: "urn:uuid:other", Kind: "court-order"}}
		}, want: reason.OK, result: "permit"},
		{name: "issuer suspended", world: func(w *world) { w.framework.Accreditations[0].Status = trustframework.Suspended }, want: reason.TrustIssuerSuspended},
		{name: "registry stale", world: func(w *world) { w.framework.AsOf = began.AddDate(0, 0, -2) }, want: reason.TrustRegistryStale},
		{name: "step up", access: func(a *verifier.Access) { a.Assurance = "low" },
			root: func(c *credential.Credential) {
				c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"minAssurance":"high"}`))
			}, want: reason.ConditionStepUpRequired, result: "step_up"},
		{name: "obligations", access: func(a *verifier.Access) { a.Categories = nil },
			root: func(c *credential.Credential) {
				c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"excludeCategories":["x"]}`))
			}, want: reason.OK, result: "permit_with_obligations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.format = cmp.Or(c.format, sd)
			a, root := booking(), w.root(c.format)
			for _, f := range []func(){func() { run(c.access, &a) }, func() { run(c.root, root) }, func() { run(c.world, w) }} {
				f()
			}
			s := w.ask(a)
			got := w.post(s, map[string][]string{queryOf(c.format): {w.show(s, c.format, w.seal(c.format, root, w.issuer), w.bob)}})
			if c.result == "" {
				c.result = "deny"
			}
			if got.code != c.want || got.outcome != c.result {
				t.Fatalf("%+v", got)
			}
			p := w.progress(s)
			if p.Decision.Outcome != c.result || p.Decision.Reason != c.want.For(reason.Service) {
				t.Errorf("the service is told %+v", p.Decision)
			}
			if (c.want == reason.AuthorityRequestTooBroad) != slices.Equal(p.Decision.NarrowTo, []string{"gp-record/test-results"}) {
				t.Errorf("narrowTo is %v", p.Decision.NarrowTo)
			}
		})
	}
}

func run[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

// TestRestrictionIsNotTold shows that neither wallet nor service can tell a restriction from a
// resource that is not offered: all but the ids is the same, byte by byte.
func TestRestrictionIsNotTold(t *testing.T) {
	bodies := map[string][]string{}
	for name, prepare := range map[string]func(*world){
		"restriction": func(w *world) {
			w.restrictions.list = []delegation.Restriction{{Principal: principal, Resource: "appointments", Kind: "safeguarding"}}
		},
		"not proxyable": func(w *world) {
			p := w.framework.Controllers[controller]
			p.NotProxyable = []string{"appointments"}
			w.framework.Controllers[controller] = p
		},
	} {
		w := newWorld(t)
		prepare(w)
		s, got := w.answer(sd, nil)
		if got.outcome != "deny" {
			t.Fatalf("%+v", got)
		}
		p := w.progress(s)
		verdict := w.call("POST", "/access/v1/evaluation", "application/json", evaluation(`"delegation_handle":"`+p.Handle+`"`))
		for _, body := range []string{got.body, w.call("GET", "/v1/requests/"+s.ID, "", "").Body.String(), verdict.Body.String()} {
			bodies[name] = append(bodies[name], ids(body))
		}
	}
	if diff := gocmp.Diff(bodies["restriction"], bodies["not proxyable"]); diff != "" {
		t.Error(diff)
	}
}

// ids blanks what differs between any two decisions.
func ids(body string) string {
	return regexp.MustCompile(`(ev|dh)_[A-Za-z0-9_-]{22}`).ReplaceAllString(body, "ID")
}

// evaluation is an AuthZEN request for the access of the base case, with more in its context.
func evaluation(more string) string {
	return `{"subject":{"type":"person","id":"` + principal + `"},"action":{"name":"book"},"resource":{"type":"appointments","id":"1",
		"properties":{"controller":"` + controller + `"}},"context":{"purpose":"family-requested","jurisdiction":"GB-ENG","categories":[],"assurance":"high",` + more + `}}`
}

func TestDeclined(t *testing.T) {
	w := newWorld(t)
	s := w.ask(booking())
	form := url.Values{"state": {s.request.State}, "error": {"access_denied"}}.Encode()
	w.expect(w.postForm(s, form), reason.PresentationNoDelegation)
	if p := w.progress(s); p.State != "decided" || p.Decision.Outcome != "deny" || p.Handle != "" {
		t.Errorf("%+v", p)
	}
	w.expect(w.postForm(s, form), reason.PresentationReplayed)
}

func TestEncryptedResponse(t *testing.T) {
	w := newWorld(t)
	s := w.ask(booking())
	w.expect(w.postForm(s, "response=a.b.c.d.e&state="+s.request.State), reason.ResponseKeyUnknown)
	w.expect(w.postForm(s, "state="+s.request.State), reason.ResponseAmbiguous)
	w.expect(w.postForm(s, "error=x&vp_token=%7B%7D&state="+s.request.State), reason.ResponseAmbiguous)
	if p := w.progress(s); p.State != "pending" {
		t.Errorf("%+v", p)
	}
}

// TestSession shows whom a session answers, and for how long.
func TestSession(t *testing.T) {
	w := newWorld(t)
	g := w.forge(sd)
	token, err := json.Marshal(map[string][]string{"delegation": {g.token()}})
	must(t, err)
	for name, state := range map[string]string{"wrong": "x", "none": "", "another's": w.ask(booking()).request.State} {
		form := url.Values{"vp_token": {string(token)}}
		if state != "" {
			form.Set("state", state)
		}
		if got := w.postForm(g.session, form.Encode()); got.code != reason.SessionUnknown || got.status != 400 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	unknown := g.session
	unknown.ID = "AAAAAAAAAAAAAAAAAAAAAA"
	w.expect(w.postForm(unknown, g.form(string(token)).Encode()), reason.SessionUnknown)
	if got := w.call("GET", "/v1/requests/AAAAAAAAAAAAAAAAAAAAAA", "", ""); got.Code != 404 {
		t.Errorf("%d", got.Code)
	}
	w.expect(w.postForm(g.session, g.form(string(token)).Encode()), reason.OK) // nothing of this had spent it
	unfetched := w.asked()
	if p := w.progress(unfetched); p.State != "pending" {
		t.Errorf("%+v", p)
	}
	late := w.forge(sd)
	w.clock.add(verifier.SessionLife)
	w.expect(late.send(), reason.SessionUnknown)
	if p := w.progress(late.session); p.State != "expired" {
		t.Errorf("%+v", p)
	}
	w.clock.add(verifier.DecisionKept + time.Second)
	if got := w.call("GET", "/v1/requests/"+g.session.ID, "", ""); got.Code != 404 {
		t.Errorf("a decision is kept for ever: %d", got.Code)
	}
}

// TestUses counts uses of a permission that has a number of them, also when many come at once.
func TestUses(t *testing.T) {
	w := newBoltWorld(t)
	c := w.root(sd)
	c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"maxUses":3}`))
	raw := w.seal(sd, c, w.issuer)
	outcomes := map[delegation.Outcome]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		s := w.ask(booking())
		answer := vp.Response{State: s.request.State, Token: map[string][]string{"delegation": {w.show(s, sd, raw, w.bob)}}}
		all.Go(func() {
			d, err := w.Respond(context.Background(), s.ID, answer)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			outcomes[d.Decision.Outcome]++
		})
	}
	all.Wait()
	if outcomes[delegation.Permit] != 3 || outcomes[delegation.Deny] != 17 {
		t.Errorf("%v", outcomes)
	}
	s := w.ask(booking())
	w.expect(w.post(s, map[string][]string{"delegation": {w.show(s, sd, raw, w.bob)}}), reason.AuthorityUsesExhausted)
	again := func(want reason.Code) {
		t.Helper()
		s := w.ask(booking())
		w.expect(w.post(s, map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, c, w.issuer), w.bob)}}), want)
	}
	c.ID = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-2f4f8d3f4fff"
	again(reason.AuthorityUsesExhausted) // the same permission in another wrapping is the same permission
	c.Permissions[0].ID = "urn:uuid:00000000-0000-4000-8000-000000000099"
	again(reason.OK) // another one has uses of its own
}

// TestUsesBesideConditions tells who has no uses left so, and sends them on no step-up or journey
// that could not help (M4 stands before M10 to M13). What is only asked for is no use.
func TestUsesBesideConditions(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		c := w.root(format)
		c.Permissions[0].Constraint = credential.ParseConstraint([]byte(`{"maxUses":1,"requires":["confirm"]}`))
		raw := w.seal(format, c, w.issuer)
		asked := func(want reason.Code, satisfied ...string) {
			t.Helper()
			a := booking()
			a.Satisfied = satisfied
			s := w.ask(a)
			w.expect(w.post(s, map[string][]string{queryOf(format): {w.show(s, format, raw, w.bob)}}), want)
		}
		asked(reason.ConditionConfirmationRequired)
		asked(reason.ConditionConfirmationRequired)
		asked(reason.OK, "confirm")
		asked(reason.AuthorityUsesExhausted)
		asked(reason.AuthorityUsesExhausted, "confirm")
	}
}

// TestNoFramework says that the registry is away, not that an issuer may not be asked for its keys.
func TestNoFramework(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		s := w.ask(booking())
		cfg := w.cfg
		cfg.Resolver = brokenWord{reason.FetchNotAllowed}
		w.start(cfg)
		w.framework = trustframework.Unavailable()
		answer := func() map[string][]string {
			return map[string][]string{queryOf(format): {w.show(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}}
		}
		w.expect(w.post(s, answer()), reason.TrustRegistryUnavailable)
		w.framework = newFramework()
		s = w.ask(booking())
		w.expect(w.post(s, answer()), reason.FetchNotAllowed)
	}
}

// brokenWord resolves nothing, for one reason.
type brokenWord struct{ code reason.Code }

func (b brokenWord) Resolve(context.Context, did.DID) (*did.Document, error) {
	return nil, reason.New(b.code, "")
}

// TestFrameworkChangesMeanwhile shows that a decision made on an older framework is never released.
func TestFrameworkChangesMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *trustframework.Framework)
		want   reason.Code
	}{
		"withdrawn":       {func(f *trustframework.Framework) { f.Accreditations[0].Status = trustframework.Suspended }, reason.TrustIssuerSuspended},
		"again and again": {func(*trustframework.Framework) {}, reason.InternalIndeterminate},
	} {
		w := newWorld(t)
		w.restrictions.hook = func(context.Context) ([]delegation.Restriction, error) {
			next := newFramework()
			next.Version = w.framework.Version + 1
			c.change(next)
			w.framework = next
			return nil, nil
		}
		_, got := w.answer(sd, nil)
		if got.code != c.want || got.outcome != "deny" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestIssuerStopped shows that decisions go on without the issuer until its status lists are too old.
func TestIssuerStopped(t *testing.T) {
	w := newWorld(t)
	w.mustPermit(sd)
	w.net.Lock()
	w.offline = true
	w.net.Unlock()
	begin := w.connections()
	w.clock.add(299 * time.Second)
	if _, got := w.answer(sd, nil); got.outcome != "permit" {
		t.Errorf("within the age: %+v", got)
	}
	w.clock.add(2 * time.Second)
	_, got := w.answer(sd, nil)
	w.expect(got, reason.StatusUnavailable)
	if w.connections() == begin {
		t.Error("the issuer was not asked again")
	}
}

// TestRevoked shows a revocation and a suspension, which one may be taken back.
func TestRevoked(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		c := w.root(format)
		raw := w.seal(format, c, w.issuer)
		present := func() result {
			s := w.ask(booking())
			return w.post(s, map[string][]string{queryOf(format): {w.show(s, format, raw, w.bob)}})
		}
		w.expect(present(), reason.OK)
		for _, step := range []struct {
			to   status.State
			want reason.Code
		}{{status.Suspended, reason.StatusSuspended}, {status.Valid, reason.OK}, {status.Revoked, reason.StatusRevoked}} {
			must(t, w.book.Set(t.Context(), []publisher.Ref{w.refOf(c)}, step.to))
			w.refreshed()
			w.expect(present(), step.want)
		}
	}
}

// TestNewRefusesMissingParts takes each part of Config away in turn.
func TestNewRefusesMissingParts(t *testing.T) {
	w := newWorld(t)
	v := reflect.ValueOf(w.cfg)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if slices.Contains([]string{"Name", "Protocol", "Redirects"}, name) {
			continue
		}
		cfg := w.cfg
		reflect.ValueOf(&cfg).Elem().Field(i).SetZero()
		if _, err := verifier.New(cfg); err == nil {
			t.Errorf("New takes a Config without %s", name)
		}
	}
	for _, bad := range []string{"http://gateway.test", "https://gateway.test/", "https://gateway.test?x", "https://u@gateway.test", "gateway.test"} {
		cfg := w.cfg
		cfg.Origin = bad
		if _, err := verifier.New(cfg); err == nil {
			t.Errorf("New takes the origin %s", bad)
		}
	}
}

// TestAccess has what is refused before any wallet is asked.
func TestAccess(t *testing.T) {
	w := newWorld(t)
	good := func() object {
		return object{"principal": principal, "resource": "appointments", "action": "book", "purpose": "family-requested", "controller": controller}
	}
	for name, c := range map[string]struct {
		change func(object)
		status int
		want   reason.Code
	}{
		"good":        {func(object) {}, 201, ""},
		"principal":   {func(o object) { delete(o, "principal") }, 400, reason.RequestMalformed},
		"resource":    {func(o object) { o["resource"] = "*" }, 400, reason.RequestMalformed},
		"traversal":   {func(o object) { o["resource"] = "a/../b" }, 400, reason.RequestMalformed},
		"action":      {func(o object) { o["action"] = "" }, 400, reason.RequestMalformed},
		"purpose":     {func(o object) { delete(o, "purpose") }, 400, reason.RequestPurposeMissing},
		"controller":  {func(o object) { o["controller"] = "" }, 400, reason.RequestControllerMissing},
		"no policy":   {func(o object) { o["controller"] = "https://other.test" }, 0, reason.ControllerUnknown},
		"assurance":   {func(o object) { o["assurance"] = "very" }, 400, reason.RequestMalformed},
		"empty level": {func(o object) { o["assurance"] = "" }, 400, reason.RequestMalformed},
		"null options": {func(o object) {
			for _, name := range []string{"jurisdiction", "categories", "record_window", "assurance", "satisfied", "supported_obligations"} {
				o[name] = nil
			}
		}, 201, ""},
		"null purpose":   {func(o object) { o["purpose"] = nil }, 400, reason.RequestMalformed},
		"unknown member": {func(o object) { o["skip_checks"] = true }, 400, reason.RequestMalformed},
		"window":         {func(o object) { o["record_window"] = object{"from": "2026-01-02", "to": "2026-01-01"} }, 400, reason.RequestMalformed},
		"half a window":  {func(o object) { o["record_window"] = object{"from": "2026-01-02"} }, 400, reason.RequestMalformed},
		"empty window":   {func(o object) { o["record_window"] = object{} }, 201, ""},
		"too many":       {func(o object) { o["categories"] = slices.Repeat([]string{"x"}, 65) }, 400, reason.RequestMalformed},
		"too long":       {func(o object) { o["purpose"] = strings.Repeat("x", 2049) }, 400, reason.RequestMalformed},
		"long category":  {func(o object) { o["satisfied"] = []string{strings.Repeat("x", 257)} }, 400, reason.RequestMalformed},
	} {
		body := good()
		c.change(body)
		raw, err := json.Marshal(body)
		must(t, err)
		got := w.call("POST", "/v1/requests", "application/json", string(raw))
		var problem struct{ Reason reason.Code }
		must(t, json.Unmarshal(got.Body.Bytes(), &problem))
		if c.status == 0 {
			entry, _ := reason.Lookup(c.want)
			c.status = entry.Status
		}
		if got.Code != c.status || problem.Reason != c.want {
			t.Errorf("%s: %d %s", name, got.Code, got.Body)
		}
	}
}

// TestServicesAuthenticate shows that nothing for services is answered without the token.
func TestServicesAuthenticate(t *testing.T) {
	w := newWorld(t)
	s, _ := w.answer(sd, nil)
	for _, target := range []string{"POST /v1/requests", "GET /v1/requests/" + s.ID, "POST /access/v1/evaluation"} {
		method, path, _ := strings.Cut(target, " ")
		for _, token := range []string{"", "Bearer wrong", "Basic " + clientText} {
			r := httptest.NewRequest(method, path, strings.NewReader("{}"))
			r.Header.Set("Content-Type", "application/json")
			if token != "" {
				r.Header.Set("Authorization", token)
			}
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code != 401 {
				t.Errorf("%s with %q: %d", target, token, rec.Code)
			}
		}
	}
}
