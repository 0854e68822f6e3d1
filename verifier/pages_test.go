// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// TestPageSaysNoName shows what a page says and what it never says: for whom, by which secrets, what was decided.
func TestPageSaysNoName(t *testing.T) {
	w := newWorld(t)
	a := booking()
	a.Satisfied = []string{"a-condition-of-the-service"}
	for _, flow := range []verifier.Flow{verifier.SameDevice, verifier.CrossDevice} {
		s := w.askFor(verifier.Request{Access: a, Flow: flow, RedirectURI: returnTo})
		b := newBrowser(w)
		bodies := []string{b.open(s).Body.String(), b.state(s)}
		for _, said := range []string{"Larkhill", "appointments", "book", "what the family asked for", "openid4vp://?client_id="} {
			if !strings.Contains(bodies[0], said) {
				t.Errorf("%s: the page does not say %q\n%s", flow, said, bodies[0])
			}
		}
		if strings.Contains(bodies[0], `name="code"`) != (flow == verifier.CrossDevice) {
			t.Errorf("%s: the form", flow)
		}
		got := w.present(s)
		w.expect(got, reason.OK)
		bodies = append(bodies, b.open(s).Body.String(), b.state(s), b.get("/r/"+s.ID+"/presented").Body.String(), b.confirm(s, "00000000").Body.String())
		var out handed
		must(t, json.Unmarshal([]byte(got.body), &out))
		code := out.Redirect[strings.LastIndexByte(out.Redirect, '=')+1:]
		for _, body := range bodies {
			for _, secret := range []string{principal, "urn:uuid", "GB-ENG", "a-condition", w.bob.Method.DID().String(), s.request.Nonce, s.request.State, code, "permit", "Bearer"} {
				if strings.Contains(body, secret) {
					t.Errorf("%s: a page says %q", flow, secret)
				}
			}
		}
	}
}

// TestPageBelongsToOneBrowser has who may see what of a session, and what binds it.
func TestPageBelongsToOneBrowser(t *testing.T) {
	w := newWorld(t)
	s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn})
	path := "/r/" + s.ID
	preview := newBrowser(w)
	if got := preview.do(httptest.NewRequest("HEAD", path, nil)); got.Code != http.StatusMethodNotAllowed || len(preview.cookies) != 0 {
		t.Errorf("a preview: %d", got.Code)
	}
	w.problem(preview.get(path+"/state"), reason.SessionUnknown, reason.Delegate) // nobody has begun
	b := newBrowser(w)
	b.open(s)
	first := b.cookies[sessionCookie+s.ID]
	b.open(s)
	if first == "" || b.cookies[sessionCookie+s.ID] != first {
		t.Error("the browser that began is not known again")
	}
	for name, other := range map[string]*browser{
		"no cookie": newBrowser(w), "wrong cookie": {world: w, cookies: map[string]string{sessionCookie + s.ID: strings.Repeat("A", 22)}},
		"empty cookie": {world: w, cookies: map[string]string{sessionCookie + s.ID: ""}},
	} {
		if got := other.get(path); got.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.Code)
		}
		w.problem(other.get(path+"/state"), reason.SessionUnknown, reason.Delegate)
	}
	r := httptest.NewRequest("GET", path+"/state", nil)
	r.Header.Add("Cookie", sessionCookie+s.ID+"="+first+"; "+sessionCookie+s.ID+"="+first)
	w.problem((&browser{world: w, cookies: map[string]string{}}).do(r), reason.SessionUnknown, reason.Delegate)

	handedOver := w.ask(booking())
	for _, id := range []string{handedOver.ID, "AAAAAAAAAAAAAAAAAAAAAA", "x"} {
		if got := newBrowser(w).get("/r/" + id); got.Code == http.StatusOK {
			t.Errorf("a page where there is none: %d", got.Code)
		}
	}
	if handedOver.Page != "" || s.Page != origin+path {
		t.Errorf("%q, %q", handedOver.Page, s.Page)
	}
}

// TestForgedConfirmation posts the form from elsewhere. None of it is a try.
func TestForgedConfirmation(t *testing.T) {
	w := newWorld(t)
	s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn})
	b := newBrowser(w)
	b.open(s)
	var out handed
	must(t, json.Unmarshal([]byte(w.present(s).body), &out))
	good := url.Values{"token": {b.token}, "code": {out.Confirmation}}
	for range 2 * verifier.MaxTries {
		for name, got := range map[string]*httptest.ResponseRecorder{
			"no token":    b.submit(s, url.Values{"code": {"1"}}, "same-origin"),
			"wrong token": b.submit(s, url.Values{"code": {"1"}, "token": {"x"}}, "same-origin"),
			"cross-site":  b.submit(s, good, "cross-site"),
			"no cookie":   newBrowser(w).submit(s, good, "same-origin"),
			"code twice":  b.submit(s, url.Values{"token": {b.token}, "code": {"1", "2"}}, "same-origin"),
		} {
			if got.Code < 400 {
				t.Fatalf("%s: %d", name, got.Code)
			}
		}
	}
	w.noData(s, "", reason.SessionCrossDeviceUnconfirmed)
	got := b.submit(s, good, "same-origin")
	if got.Code != http.StatusSeeOther {
		t.Errorf("the person: %d", got.Code)
	}
	w.reads(s, "response_code="+w.codeOf(got.Header().Get("Location"), otherReturn), verifier.CrossDevice)
}

// TestPageGuesses uses up the tries on the page, after which the right code opens nothing.
func TestPageGuesses(t *testing.T) {
	w := newWorld(t)
	s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: returnTo})
	b := newBrowser(w)
	b.open(s)
	if got := b.confirm(s, "12345678"); got.Code != http.StatusBadRequest { // nothing was answered yet: no try
		t.Errorf("before the answer: %d", got.Code)
	}
	var out handed
	must(t, json.Unmarshal([]byte(w.present(s).body), &out))
	for i := range verifier.MaxTries {
		got := b.confirm(s, "1234567")
		if last := i == verifier.MaxTries-1; (got.Code == http.StatusOK) == last || (got.Code == http.StatusForbidden) != last {
			t.Errorf("guess %d: %d", i+1, got.Code)
		}
	}
	if got := b.confirm(s, out.Confirmation); got.Code != http.StatusForbidden {
		t.Errorf("the right code after that: %d", got.Code)
	}
	w.noData(s, "confirmation_code="+out.Confirmation, reason.SessionResponseCodeInvalid)
}

// TestRefusedInAFlow tells the service of a presentation that was refused, for which no wallet got a code.
func TestRefusedInAFlow(t *testing.T) {
	w := newWorld(t)
	for flow, next := range map[verifier.Flow]string{verifier.SameDevice: returnTo, verifier.CrossDevice: otherReturn} {
		s := w.askFor(verifier.Request{Access: booking(), Flow: flow, RedirectURI: next})
		b := newBrowser(w)
		b.open(s)
		g := w.forgeOf(sd, w.root(sd), s)
		g.proof["nonce"] = "another"
		got := g.send()
		w.expect(got, reason.PresentationNonceMismatch)
		if strings.Contains(got.body, "code") {
			t.Error(got.body)
		}
		p := w.progress(s)
		if p.State != "decided" || p.Decision.Outcome != "deny" || p.Flow != flow || p.Handle != "" {
			t.Errorf("%+v", p)
		}
		var told object
		must(t, json.Unmarshal([]byte(b.state(s)), &told))
		if told["state"] != "decided" || told["next"] != next {
			t.Errorf("the page is told %v", told)
		}
	}
}

// TestFlowsEnd lets sessions end, on the page too, and a permit that no longer holds is not told with any code.
func TestFlowsEnd(t *testing.T) {
	w := newWorld(t)
	s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.SameDevice, RedirectURI: returnTo})
	b := newBrowser(w)
	b.open(s)
	w.clock.add(verifier.SessionLife)
	if state := b.state(s); state != `{"state":"expired"}` {
		t.Error(state)
	}
	if got := b.get("/r/" + s.ID); got.Code == http.StatusOK {
		t.Errorf("the page of what is over: %d", got.Code)
	}
	if p := w.progress(s); p.State != "expired" || p.Flow != verifier.SameDevice {
		t.Errorf("%+v", p)
	}
	late, out := w.answered(verifier.SameDevice, returnTo)
	w.clock.add(10 * time.Minute)
	got := w.read(late, "response_code="+w.codeOf(out.Redirect, returnTo))
	if got.Code != 200 || strings.Contains(got.Body.String(), "permit") || strings.Contains(got.Body.String(), "handle") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// TestFlowIsAsked has what a service may write of a flow.
func TestFlowIsAsked(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		flow, redirect any
		want           reason.Code // "": 201
	}{
		{"same_device", returnTo, ""}, {"cross_device", nil, ""}, {"cross_device", returnTo, ""}, {nil, nil, ""},
		{"handed_over", nil, reason.RequestMalformed}, {"both", nil, reason.RequestMalformed}, {7, nil, reason.RequestMalformed},
		{"", returnTo, reason.RequestMalformed}, {"same_device", nil, reason.RedirectNotRegistered}, {"same_device", []string{returnTo}, reason.RequestMalformed},
	} {
		raw, err := json.Marshal(map[string]any{
			"principal": principal, "resource": "appointments", "action": "book", "purpose": "family-requested", "controller": controller,
			"flow": c.flow, "redirect_uri": c.redirect,
		})
		must(t, err)
		got := w.call("POST", "/v1/requests", "application/json", string(raw))
		if c.want != "" {
			w.problem(got, c.want, reason.Service)
		} else if got.Code != 201 {
			t.Errorf("%v %v: %d %s", c.flow, c.redirect, got.Code, got.Body)
		}
	}
	cfg := w.cfg
	cfg.Redirects = nil
	w.start(cfg)
	if _, err := w.Ask(t.Context(), verifier.Request{Access: booking(), Flow: verifier.SameDevice, RedirectURI: returnTo}); reason.Of(err) != reason.RedirectNotRegistered {
		t.Error(err)
	}
}

// TestServiceBringsNoAnswer: what a wallet answers in a flow cannot be brought by the service, past its code.
func TestServiceBringsNoAnswer(t *testing.T) {
	w := newWorld(t)
	for flow, want := range map[verifier.Flow]reason.Code{
		verifier.SameDevice: reason.SessionResponseCodeRequired, verifier.CrossDevice: reason.SessionCrossDeviceUnconfirmed,
	} {
		s := w.askFor(verifier.Request{Access: booking(), Flow: flow, RedirectURI: returnTo})
		token, err := json.Marshal(map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}})
		must(t, err)
		w.problem(w.call("POST", "/access/v1/evaluation", "application/json", evaluation(`"request_id":"`+s.ID+`","vp_token":`+string(token))), want, reason.Service)
		w.expect(w.present(s), reason.OK) // nothing was spent
	}
}

// TestFlowByHandle says by which flow came what a further question rests on.
func TestFlowByHandle(t *testing.T) {
	w := newWorld(t)
	s, out := w.answered(verifier.CrossDevice, "")
	var p verifier.Progress
	must(t, json.Unmarshal(w.read(s, "confirmation_code="+out.Confirmation).Body.Bytes(), &p))
	got := w.call("POST", "/access/v1/evaluation", "application/json", evaluation(`"delegation_handle":"`+p.Handle+`"`))
	if !strings.Contains(got.Body.String(), `"decision":true`) || !strings.Contains(got.Body.String(), `"flow":"cross_device"`) {
		t.Error(got.Body)
	}
	if leaf := w.leaf(w.leaves()); leaf.Flow != "cross_device" {
		t.Errorf("%+v", leaf)
	}
}

// TestLock holds locks to what they are: opened once, by the one code, within the tries.
func TestLock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := verifier.LockWith("right")
		wrong, opened := 0, false
		for _, right := range rapid.SliceOfN(rapid.Bool(), 0, 12).Draw(t, "tries") {
			code, want := "wrong", false
			if right {
				code, want = "right", !opened && wrong < verifier.MaxTries
			}
			if got := l.Try(code); got != want {
				t.Fatalf("%t after %d wrong ones, opened %t: %t", right, wrong, opened, got)
			}
			if opened = opened || want; !want {
				wrong++
			}
		}
	})
}

// TestDigits draws codes of one length that use every digit.
func TestDigits(t *testing.T) {
	seen := map[rune]bool{}
	for range 200 {
		code, err := verifier.Digits()
		must(t, err)
		if len(code) != verifier.CodeDigits || strings.Trim(code, "0123456789") != "" {
			t.Fatal(code)
		}
		for _, r := range code {
			seen[r] = true
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d digits", len(seen))
	}
}
