// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/web"
)

// gallery shows every page with made-up content.
type gallery struct {
	origin string
	pages  *page.Pages
	mux    *http.ServeMux
	form   map[string][]string // the last one that was taken

	mu          sync.Mutex
	state, next string // what the request's poll says
}

// say sets what the request's poll says from now on.
func (g *gallery) say(state, next string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state, g.next = state, next
}

func (g *gallery) poll(w http.ResponseWriter, _ *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == "down" {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	said := map[string]string{"state": g.state}
	if g.next != "" {
		said["next"] = g.next
	}
	web.JSON(w, http.StatusOK, said)
}

const (
	offerLink   = "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.larkhill.example%2Foffer%2F7Q2M4ZC5K3V6T1"
	requestLink = "openid4vp://?client_id=x509_san_dns%3Agateway.larkhill.example&request_uri=https%3A%2F%2Fgateway.larkhill.example%2Fvp%2Frequest%2FXW4S7HT2"
)

func offer() page.Offer {
	return page.Offer{
		Issuer: "Larkhill Road Surgery",
		What: []string{
			"view, book and cancel appointments",
			"view and request repeat prescriptions",
		},
		Link: offerLink, TxCode: true, Expires: time.Date(2027, 3, 9, 16, 30, 0, 0, time.UTC),
	}
}

func consent() page.Consent {
	return page.Consent{
		Issuer: "Larkhill Road Surgery", Client: "Behalf Wallet", Person: "Jonas Whitfield",
		What:   []string{"view, book and cancel appointments; view and request repeat prescriptions – until 30 September 2027"},
		Action: "/answer",
	}
}

func request(crossDevice bool) page.Request {
	r := page.Request{
		Service: "Meadow Patient App", Controller: "Larkhill Road Surgery", Purpose: "what the family asked for",
		What: []string{"book appointments"},
		Link: requestLink, Poll: "/poll", CrossDevice: crossDevice, Expires: time.Date(2027, 3, 9, 16, 30, 0, 0, time.UTC),
	}
	if crossDevice {
		r.Confirm = "/confirm"
	}
	return r
}

// show starts a gallery on a loopback address.
func show(t *testing.T) *gallery {
	t.Helper()
	mux := http.NewServeMux()
	g := &gallery{state: "pending", mux: mux}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.origin = server.URL
	var err error
	if g.pages, err = page.New(page.Config{Name: "Larkhill Road Surgery", Origin: g.origin}); err != nil {
		t.Fatal(err)
	}
	mux.Handle("GET /assets/{file}", g.pages.Assets())
	for path, shown := range g.shown() {
		mux.HandleFunc("GET "+path, shown)
	}
	mux.HandleFunc("GET /poll", g.poll)
	mux.HandleFunc("POST /confirm", g.take)
	mux.HandleFunc("POST /answer", g.take)
	return g
}

// shown returns every page by its path.
func (g *gallery) shown() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/offer":        func(w http.ResponseWriter, r *http.Request) { g.pages.Offer(w, r, offer()) },
		"/consent":      func(w http.ResponseWriter, r *http.Request) { g.pages.Consent(w, r, consent()) },
		"/request":      func(w http.ResponseWriter, r *http.Request) { g.pages.Request(w, r, request(true)) },
		"/request-here": func(w http.ResponseWriter, r *http.Request) { g.pages.Request(w, r, request(false)) },
		"/request-wrong": func(w http.ResponseWriter, r *http.Request) {
			v := request(true)
			v.Wrong = true
			g.pages.Request(w, r, v)
		},
		"/presented":          func(w http.ResponseWriter, r *http.Request) { g.pages.Presented(w, r, page.Presented{Code: "482-913"}) },
		"/presented-fragment": func(w http.ResponseWriter, r *http.Request) { g.pages.Presented(w, r, page.Presented{}) },
		"/done": func(w http.ResponseWriter, r *http.Request) {
			g.pages.Done(w, r, page.Done{Service: "Meadow Patient App", Next: "https://app.meadow.example/back"})
		},
		"/problem": func(w http.ResponseWriter, r *http.Request) {
			g.pages.Problem(w, r, http.StatusOK, "This link no longer works", "It has been used already or has run out. Go back to where you found it and ask for a new one.")
		},
		"/hostile": func(w http.ResponseWriter, r *http.Request) {
			v := offer()
			v.Issuer = "Surgery\u202e</h1><script>alert(1)</script>\u200b" + strings.Repeat("x", 200)
			v.What = []string{`"><img src=x onerror=alert(1)>`, "view\u0000\u001b[2Jall", "{{.Name}} {0} {1}"}
			g.pages.Offer(w, r, v)
		},
	}
}

// take takes a form by the rules.
func (g *gallery) take(w http.ResponseWriter, r *http.Request) {
	if err := g.pages.CheckToken(r); err != nil {
		g.pages.Refusal(w, r, err)
		return
	}
	form, err := web.Form(r)
	if err != nil {
		g.pages.Refusal(w, r, err)
		return
	}
	g.form = form
	http.Redirect(w, r, "/done", http.StatusSeeOther)
}
