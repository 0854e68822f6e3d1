// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"net/http"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// browserCookie is how the cookie of a session's page begins; the session's id follows. It is one per session, so
// that no cookie follows a person from one request to the next. Browsers take a name with this prefix
// from this very host over TLS alone (RFC 6265bis §4.1.3.2).
const browserCookie = "__Host-request-"

// maxEntered is the number of characters that are read of a code that a person entered.
const maxEntered = 64

// addPages adds what people see in a browser.
func (a *api) addPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /r/{id}", a.getPage)
	mux.HandleFunc("HEAD /r/{id}", refuseHead) // a preview of the link must not be the browser that began
	mux.HandleFunc("GET /r/{id}/state", a.getState)
	mux.HandleFunc("POST /r/{id}/confirm", a.postConfirm)
	mux.HandleFunc("GET /r/{id}/presented", a.getPresented)
	mux.Handle("GET /assets/{file}", a.cfg.Pages.Assets())
}

// getPage shows a request to the browser that began, which is the first that asks. It says who asks, for
// what purpose and what would be done: never for whom.
func (a *api) getPage(w http.ResponseWriter, r *http.Request) {
	s, secret, err := a.attend(r.Context(), r.PathValue("id"), browserOf(r))
	if err != nil {
		a.cfg.Pages.Refusal(w, r, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie + s.ID, Value: secret, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int((SessionLife + DecisionKept) / time.Second),
	})
	a.showPage(w, r, s, false)
}

// showPage shows s as far as it has come; wrong says that the code that was entered was not the right one.
func (a *api) showPage(w http.ResponseWriter, r *http.Request, s *session, wrong bool) {
	name, controller := a.service(s.Access.Controller)
	seen := a.seen(s)
	switch seen.State {
	case stateDecided:
		a.cfg.Pages.Done(w, r, page.Done{Service: name, Next: seen.Next})
		return
	case stateExpired:
		a.cfg.Pages.Refusal(w, r, reason.New(reason.SessionUnknown, "its time is over"))
		return
	}
	link, err := a.link(s)
	if err != nil {
		a.cfg.Pages.Refusal(w, r, err)
		return
	}
	words := a.cfg.Pages.Words(r)
	v := page.Request{
		Service: name, Controller: controller, Purpose: words.Name(words.Purposes, s.Access.Purpose), What: []string{words.Act(s.Access.Resource, s.Access.Action)},
		Link: link, Poll: pagePath(s.ID) + "/state", Wrong: wrong, Return: s.Redirect, Expires: s.Expires,
	}
	if s.Flow == CrossDevice {
		v.CrossDevice, v.Confirm = true, pagePath(s.ID)+"/confirm"
	}
	a.cfg.Pages.Request(w, r, v)
}

// getState tells the page how far its request has come.
func (a *api) getState(w http.ResponseWriter, r *http.Request) {
	s, err := a.began(r.Context(), r.PathValue("id"), browserOf(r))
	if err != nil {
		a.problems.Write(w, reason.Delegate, err)
		return
	}
	web.JSON(w, http.StatusOK, a.seen(s))
}

// postConfirm takes the code that the wallet showed. A wrong one shows the page again, as long as
// there are tries left.
func (a *api) postConfirm(w http.ResponseWriter, r *http.Request) {
	err := a.cfg.Pages.CheckToken(r)
	if err != nil {
		a.cfg.Pages.Refusal(w, r, err)
		return
	}
	form, err := web.Form(r)
	if err != nil {
		a.cfg.Pages.Refusal(w, r, err)
		return
	}
	id, browser := r.PathValue("id"), browserOf(r)
	next, err := a.Confirm(r.Context(), id, browser, entered(form.Get("code")))
	switch {
	case reason.Of(err) == reason.SessionResponseCodeInvalid:
		if s, err := a.began(r.Context(), id, browser); err == nil && s.Confirmation.Tries < MaxTries && !s.Confirmation.Opened {
			a.showPage(w, r, s, true)
			return
		}
		a.cfg.Pages.Refusal(w, r, err)
	case err != nil:
		a.cfg.Pages.Refusal(w, r, err)
	case next != "":
		http.Redirect(w, r, next, http.StatusSeeOther)
	default:
		http.Redirect(w, r, pagePath(id), http.StatusSeeOther)
	}
}

// entered returns what a person meant by a code that they copied in groups.
func entered(code string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(code[:min(len(code), maxEntered)])
}

// getPresented shows the person with the wallet their code, which stands in the fragment of the address: no
// server sees it there, and this page tells nothing of any session.
func (a *api) getPresented(w http.ResponseWriter, r *http.Request) {
	a.cfg.Pages.Presented(w, r, page.Presented{})
}

// browserOf returns the secret of the browser that asks for a page of a session, "" if it has none.
func browserOf(r *http.Request) string {
	given := r.CookiesNamed(browserCookie + r.PathValue("id"))
	if len(given) != 1 {
		return ""
	}
	return given[0].Value
}
