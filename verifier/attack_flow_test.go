// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// returnTo and otherReturn are what the operator of the base case registered.
const (
	returnTo    = "https://service.test/back?from=wallet"
	otherReturn = "https://service.test/other"
)

func flowRows() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"VP-04": attackFixationSameDevice, "VP-05": attackFixationCrossDevice, "VP-06": attackResponseCode, "VP-23": attackOpenRedirect,
	}
}

// handed is what a wallet gets back for an answer that was decided.
type handed struct {
	Redirect     string `json:"redirect_uri"`
	Confirmation string `json:"confirmation_code"`
}

// answered has a wallet answer a request of the base case in a flow.
func (w *world) answered(flow verifier.Flow, redirect string) (session, handed) {
	w.Helper()
	s := w.askFor(verifier.Request{Access: booking(), Flow: flow, RedirectURI: redirect})
	got := w.present(s)
	w.expect(got, reason.OK)
	var out handed
	must(w, json.Unmarshal([]byte(got.body), &out))
	return s, out
}

// present answers s with the credential of the base case.
func (w *world) present(s session) result {
	w.Helper()
	return w.post(s, map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}})
}

// read is what the service gets for s with a query.
func (w *world) read(s session, query string) *httptest.ResponseRecorder {
	w.Helper()
	return w.call("GET", "/v1/requests/"+s.ID+"?"+query, "", "")
}

// reads shows that the service learns the decision with this query.
func (w *world) reads(s session, query string, flow verifier.Flow) {
	w.Helper()
	got := w.read(s, query)
	var p verifier.Progress
	must(w, json.Unmarshal(got.Body.Bytes(), &p))
	if got.Code != http.StatusOK || p.State != "decided" || p.Decision.Outcome != "permit" || p.Flow != flow || p.Decision.Flow != flow || p.Handle == "" {
		w.Errorf("%d %s", got.Code, got.Body)
	}
}

// noData shows that the service learns nothing but a refusal.
func (w *world) noData(s session, query string, want reason.Code) {
	w.Helper()
	w.problem(w.read(s, query), want, reason.Service)
}

// problem checks a problem as audience a reads it.
func (w *world) problem(got *httptest.ResponseRecorder, want reason.Code, a reason.Audience) {
	w.Helper()
	var body map[string]any
	must(w, json.Unmarshal(got.Body.Bytes(), &body))
	entry, _ := reason.Lookup(want)
	shown, _ := body["reason"].(string)
	w.figures.mu.Lock()
	code := w.figures.last
	w.figures.mu.Unlock()
	if got.Code != entry.Status || body["type"] != "/problems/"+entry.Problem || shown != string(want.For(a)) || code != want {
		w.Errorf("want %s, got %s: %d %s", want, code, got.Code, got.Body)
	}
	w.quiet(result{status: got.Code, body: got.Body.String(), shown: shown})
}

// codeOf returns the response code that a redirect takes to the service, and checks that it is in the fragment.
func (w *world) codeOf(redirect, registered string) string {
	w.Helper()
	code, ok := strings.CutPrefix(redirect, registered+"#response_code=")
	if !ok || len(unb64(w, code)) < 16 {
		w.Fatalf("the browser is sent to %s", redirect)
	}
	return code
}

// attackFixationSameDevice: the attacker begins and has a victim complete. Without the code, which only the
// victim's browser carries, neither service nor page tell anything.
func attackFixationSameDevice(t *testing.T) {
	w := newWorld(t)
	attacker := newBrowser(w)
	s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.SameDevice, RedirectURI: returnTo})
	attacker.open(s)
	got := w.present(s)
	var out handed
	must(t, json.Unmarshal([]byte(got.body), &out))
	w.noData(s, "", reason.SessionResponseCodeRequired)
	w.noData(s, "confirmation_code=12345678", reason.SessionResponseCodeRequired)
	if state := attacker.state(s); state != `{"state":"presented"}` {
		t.Errorf("the attacker's page is told %s", state)
	}
	w.reads(s, "response_code="+w.codeOf(out.Redirect, returnTo), verifier.SameDevice)
	w.noData(s, "", reason.SessionResponseCodeRequired) // once, also for who comes after
	if out.Confirmation != "" || strings.Contains(w.logged.String(), w.codeOf(out.Redirect, returnTo)) {
		t.Error("a code where none belongs")
	}
}

func attackFixationCrossDevice(t *testing.T) {
	t.Run("a", func(t *testing.T) {
		w := newWorld(t)
		s, _ := w.answered(verifier.CrossDevice, "")
		w.noData(s, "", reason.SessionCrossDeviceUnconfirmed)
		w.noData(s, "response_code=AAAAAAAAAAAAAAAAAAAAAA", reason.SessionCrossDeviceUnconfirmed)
		w.noData(s, "confirmation_code=00000000", reason.SessionResponseCodeInvalid)
	})
	t.Run("b, by the service", func(t *testing.T) {
		w := newWorld(t)
		s, out := w.answered(verifier.CrossDevice, "")
		w.reads(s, "confirmation_code="+out.Confirmation, verifier.CrossDevice)
		w.reads(s, "", verifier.CrossDevice)
		w.noData(s, "confirmation_code="+out.Confirmation, reason.SessionResponseCodeInvalid)
		if leaf := w.leaf(w.leaves()); leaf.Flow != "cross_device" {
			t.Errorf("the log says %q", leaf.Flow)
		}
	})
	t.Run("b, on the page", crossDeviceOnThePage)
	t.Run("b, on a page without a way back", func(t *testing.T) { // whoever is sent its link would open the decision for whoever began
		w := newWorld(t)
		s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice})
		if got := newBrowser(w).get("/r/" + s.ID); s.Page != "" || got.Code == http.StatusOK {
			t.Errorf("page %q, %d", s.Page, got.Code)
		}
	})
	t.Run("b, on the page of another browser", func(t *testing.T) {
		w := newWorld(t)
		s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: otherReturn})
		newBrowser(w).open(s)
		w.present(s)
		victim := newBrowser(w)
		if got := victim.get("/r/" + s.ID); got.Code == http.StatusOK || victim.cookies[sessionCookie+s.ID] != "" {
			t.Errorf("a second browser is let in: %d", got.Code)
		}
		if got := victim.get("/r/" + s.ID + "/state"); got.Code == http.StatusOK {
			t.Errorf("a second browser is told: %s", got.Body)
		}
	})
	t.Log("(c) is written off: requests by the Digital Credentials API are not made here")
}

// crossDeviceOnThePage: the code is entered in the browser that began, which then takes a response code to the
// service: a page that was opened by a victim would end in the victim's session there.
func crossDeviceOnThePage(t *testing.T) {
	w := newWorld(t)
	for _, redirect := range []string{returnTo, otherReturn} {
		s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: redirect})
		b := newBrowser(w)
		b.open(s)
		if state := b.state(s); state != `{"state":"pending"}` {
			t.Errorf("before the answer: %s", state)
		}
		var out handed
		must(t, json.Unmarshal([]byte(w.present(s).body), &out))
		if want := origin + "/r/" + s.ID + "/presented#confirmation_code=" + out.Confirmation; out.Redirect != want || len(out.Confirmation) != verifier.CodeDigits {
			t.Errorf("the wallet is sent to %s", out.Redirect)
		}
		if state := b.state(s); state != `{"state":"presented"}` {
			t.Errorf("after the answer: %s", state)
		}
		if got := b.confirm(s, "00000000"); got.Code == http.StatusSeeOther || strings.Contains(got.Body.String(), principal) {
			t.Errorf("a wrong code: %d", got.Code)
		}
		w.noData(s, "", reason.SessionCrossDeviceUnconfirmed)
		got := b.confirm(s, out.Confirmation[:4]+" "+out.Confirmation[4:])
		if got.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		w.noData(s, "", reason.SessionResponseCodeRequired)
		w.reads(s, "response_code="+w.codeOf(got.Header().Get("Location"), redirect), verifier.CrossDevice)
	}
}

func attackResponseCode(t *testing.T) {
	w := newWorld(t)
	t.Run("guessed", func(t *testing.T) {
		w.TB = t
		s, out := w.answered(verifier.SameDevice, returnTo)
		for range verifier.MaxTries {
			w.noData(s, "response_code=AAAAAAAAAAAAAAAAAAAAAA", reason.SessionResponseCodeInvalid)
		}
		w.noData(s, "response_code="+w.codeOf(out.Redirect, returnTo), reason.SessionResponseCodeInvalid)
	})
	t.Run("one guess less", func(t *testing.T) {
		w.TB = t
		s, out := w.answered(verifier.SameDevice, returnTo)
		for range verifier.MaxTries - 1 {
			w.noData(s, "response_code=x", reason.SessionResponseCodeInvalid)
		}
		w.reads(s, "response_code="+w.codeOf(out.Redirect, returnTo), verifier.SameDevice)
	})
	t.Run("twice", func(t *testing.T) {
		w.TB = t
		s, out := w.answered(verifier.SameDevice, returnTo)
		w.reads(s, "response_code="+w.codeOf(out.Redirect, returnTo), verifier.SameDevice)
		w.noData(s, "response_code="+w.codeOf(out.Redirect, returnTo), reason.SessionResponseCodeInvalid)
	})
	t.Run("of another transaction", func(t *testing.T) {
		w.TB = t
		first, one := w.answered(verifier.SameDevice, returnTo)
		second, two := w.answered(verifier.SameDevice, returnTo)
		handedOver := w.ask(booking())
		w.expect(w.present(handedOver), reason.OK)
		code := w.codeOf(one.Redirect, returnTo)
		w.noData(second, "response_code="+code, reason.SessionResponseCodeInvalid)
		w.noData(handedOver, "response_code="+code, reason.SessionResponseCodeInvalid)
		w.reads(first, "response_code="+code, verifier.SameDevice)
		w.reads(second, "response_code="+w.codeOf(two.Redirect, returnTo), verifier.SameDevice)
	})
	t.Run("confirmation guessed", func(t *testing.T) {
		w.TB = t
		s, out := w.answered(verifier.CrossDevice, "")
		for range verifier.MaxTries {
			w.noData(s, "confirmation_code=1", reason.SessionResponseCodeInvalid)
		}
		w.noData(s, "confirmation_code="+out.Confirmation, reason.SessionResponseCodeInvalid)
	})
	t.Run("Referer", func(t *testing.T) {
		w.TB = t
		s := w.askFor(verifier.Request{Access: booking(), Flow: verifier.CrossDevice, RedirectURI: returnTo})
		b := newBrowser(w)
		for path, got := range map[string]*httptest.ResponseRecorder{"page": b.open(s), "presented": b.get("/r/" + s.ID + "/presented")} {
			if got.Code != http.StatusOK || got.Header().Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s: %d %v", path, got.Code, got.Header())
			}
		}
	})
	t.Run("race", func(t *testing.T) {
		w.TB = t
		s, out := w.answered(verifier.SameDevice, returnTo)
		path := "/v1/requests/" + s.ID + "?response_code=" + w.codeOf(out.Redirect, returnTo)
		statuses := map[int]int{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				got := w.callOn(w.handler, "GET", path, "", "")
				mu.Lock()
				defer mu.Unlock()
				statuses[got.Code]++
			})
		}
		all.Wait()
		if statuses[http.StatusOK] != 1 || statuses[http.StatusForbidden] != 49 {
			t.Errorf("%v", statuses)
		}
	})
	w.TB = t
}

// attackOpenRedirect has addresses that nobody registered. No session comes of any.
func attackOpenRedirect(t *testing.T) {
	w := newWorld(t)
	for _, redirect := range []string{
		"https://evil.test/", "//evil.test", "javascript:alert(1)", "data:text/html,x", "", "https://service.test/back", returnTo + "&x=1", returnTo + "#", returnTo + "#x",
		returnTo + "/", "HTTPS://service.test/back?from=wallet", "https://SERVICE.test/back?from=wallet", "https://service.test//back?from=wallet",
		"https://service.test/back?from=wallet%20", "https://service.test@evil.test/back?from=wallet", " " + returnTo, returnTo + "\n",
		"https://service.test/./back?from=wallet", "http://service.test/back?from=wallet", "https://service.test:443/back?from=wallet",
	} {
		for _, flow := range []verifier.Flow{verifier.SameDevice, verifier.CrossDevice} {
			if redirect == "" && flow == verifier.CrossDevice {
				continue // it may be left out there
			}
			raw, err := json.Marshal(verifier.Request{Access: booking(), Flow: flow, RedirectURI: redirect})
			must(t, err)
			w.problem(w.call("POST", "/v1/requests", "application/json", string(raw)), reason.RedirectNotRegistered, reason.Service)
		}
	}
	for _, bad := range []string{"http://service.test/", "//service.test", "javascript:alert(1)", "https://service.test/#", "https://service.test/#x", "https:///x",
		"https://u@service.test/", "service.test", "", "HTTPS://service.test/", "https://service.test/ x", "openid4vp://x"} {
		cfg := w.cfg
		cfg.Redirects = []string{returnTo, bad}
		if _, err := verifier.New(cfg); err == nil {
			t.Errorf("%q can be registered", bad)
		}
	}
}

// sessionCookie is how the cookie of a session's page is called, before the session's id.
const sessionCookie = "__Host-request-"

// browser keeps cookies, as far as the pages need it.
type browser struct {
	*world
	cookies map[string]string
	token   string // of the form on the last page
}

func newBrowser(w *world) *browser { return &browser{world: w, cookies: map[string]string{}} }

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	b.Helper()
	for name, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: v})
	}
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if strings.HasPrefix(c.Name, "__Host-") && (!c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite == http.SameSiteNoneMode) {
			b.Errorf("cookie %+v", c)
		}
		b.cookies[c.Name] = c.Value
	}
	return rec
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	b.Helper()
	return b.do(httptest.NewRequest("GET", path, nil))
}

// open opens the page of s and finds the token of its form.
func (b *browser) open(s session) *httptest.ResponseRecorder {
	b.Helper()
	got := b.get(strings.TrimPrefix(s.Page, origin))
	if got.Code != http.StatusOK {
		b.Fatalf("the page: %d %s", got.Code, got.Body)
	}
	if _, rest, ok := strings.Cut(got.Body.String(), `name="token" value="`); ok {
		b.token, _, _ = strings.Cut(rest, `"`)
	}
	return got
}

func (b *browser) state(s session) string {
	b.Helper()
	got := b.get("/r/" + s.ID + "/state")
	if got.Code != http.StatusOK {
		b.Fatalf("%d %s", got.Code, got.Body)
	}
	return strings.TrimSpace(got.Body.String())
}

// confirm posts the form of the page.
func (b *browser) confirm(s session, code string) *httptest.ResponseRecorder {
	b.Helper()
	return b.submit(s, url.Values{"token": {b.token}, "code": {code}}, "same-origin")
}

func (b *browser) submit(s session, form url.Values, site string) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequest("POST", "/r/"+s.ID+"/confirm", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	r.Header.Set("Origin", map[string]string{"same-origin": origin, "cross-site": "https://evil.test"}[site])
	return b.do(r)
}
