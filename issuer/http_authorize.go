// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/page"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Paths of the authorization code flow.
const (
	pathAuthorize = "/authorize"
	pathCallback  = "/authorize/callback" // where the OpenID provider sends people back to
	pathConsent   = "/authorize/consent/" // and the id of what is asked
)

// Cookies of the authorization code flow. Their prefix makes browsers take them from this very host
// over TLS alone (RFC 6265bis §4.1.3.2).
const (
	cookieSignIn  = "__Host-behalf-signin"
	cookieConsent = "__Host-behalf-consent"
)

// CallbackURL returns the address that the OpenID provider has to send people back to, for an issuer
// at origin.
func CallbackURL(origin string) string { return origin + pathCallback }

// codeFlow adds the endpoints of the authorization code flow and of wallet attestations, as far as this
// issuer has them.
func (i *Issuer) codeFlow(mux *http.ServeMux) {
	if i.cfg.Providers != nil {
		mux.HandleFunc("POST /challenge", i.postChallenge)
	}
	if i.cfg.SignIn == nil {
		return
	}
	mux.HandleFunc("POST /par", i.proving(i.postPushed))
	mux.HandleFunc("GET "+pathAuthorize, onlyGet(i.getAuthorize))
	mux.HandleFunc("GET "+pathCallback, onlyGet(i.getCallback))
	mux.HandleFunc("GET "+pathConsent+"{id}", i.getConsent)
	mux.HandleFunc("POST "+pathConsent+"{id}", i.postConsent)
}

// onlyGet keeps HEAD from spending what is good once: whoever looks at a link first takes nothing.
func onlyGet(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	}
}

// readRequest reads an authorization request, whose answer can go into a query alone.
func readRequest(form url.Values) (vci.AuthorizationRequest, error) {
	if mode := form.Get("response_mode"); mode != "" && mode != "query" {
		return vci.AuthorizationRequest{}, reason.New(reason.GrantInvalid, "response_mode is not query")
	}
	return vci.ParseAuthorizationRequest(form)
}

func (i *Issuer) postPushed(w http.ResponseWriter, r *http.Request) {
	form, err := web.Form(r)
	if err != nil {
		refuseClient(w, vci.AtAuthorization, err)
		return
	}
	if form.Has("request_uri") || form.Has("request") {
		refuseClient(w, vci.AtAuthorization, reason.New(reason.GrantInvalid, "a request by reference cannot be pushed"))
		return
	}
	request, err := readRequest(form)
	if err != nil {
		refuseClient(w, vci.AtAuthorization, err)
		return
	}
	proved, err := i.byClient(r)
	if err != nil {
		refuseClient(w, vci.AtAuthorization, err)
		return
	}
	pushed, err := i.Push(r.Context(), request, proved)
	if err != nil {
		refuseClient(w, vci.AtAuthorization, err)
		return
	}
	web.JSON(w, http.StatusCreated, pushed)
}

// getAuthorize begins: it sends the person to sign in. What is wrong with the client, its redirect URI
// or its reference is told to the person alone; anything else goes to the wallet (RFC 6749 §4.1.2.1).
func (i *Issuer) getAuthorize(w http.ResponseWriter, r *http.Request) {
	query, err := web.Query(r)
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	q, err := i.asksFor(r.Context(), query)
	if err != nil {
		i.refuseAuthorize(w, r, query, err)
		return
	}
	address, cookie, err := i.signIn(r.Context(), q)
	if err != nil {
		i.backToWallet(w, r, q, "", err)
		return
	}
	setCookie(w, cookieSignIn, cookie)
	sendTo(w, address)
}

// asksFor returns the request of a query, which refers to a pushed one or, where nothing demands
// that, is one.
func (i *Issuer) asksFor(ctx context.Context, query url.Values) (asked, error) {
	if strings.HasPrefix(query.Get("request_uri"), vci.PushedPrefix) || i.cfg.Profile == HAIP {
		client, reference, err := vci.ParseAuthorize(query)
		if err != nil {
			return asked{}, err
		}
		return i.pushed(ctx, client, reference)
	}
	a, err := readRequest(query)
	if err != nil {
		return asked{}, err
	}
	if len(a.ClientID) > MaxClientID {
		return asked{}, reason.New(reason.GrantInvalid, "client_id is too long")
	}
	return i.ask(a, caller{client: a.ClientID})
}

// refuseAuthorize refuses a request that could not be read or may not be made. Only where client and
// redirect URI are beyond doubt does the wallet learn of it.
func (i *Issuer) refuseAuthorize(w http.ResponseWriter, r *http.Request, query url.Values, err error) {
	q := asked{Client: query.Get("client_id"), Redirect: query.Get("redirect_uri"), State: query.Get("state")}
	pushed := query.Has("request_uri") || query.Has("request") || i.cfg.Profile == HAIP
	if pushed || q.Client == "" || len(q.Client) > MaxClientID || len(q.State) > vci.MaxRedirect || i.mayRedirect(caller{client: q.Client}, q.Redirect) != nil {
		i.refusePage(w, r, err)
		return
	}
	i.backToWallet(w, r, q, "", err)
}

// getCallback ends the sign-in and shows the question.
func (i *Issuer) getCallback(w http.ResponseWriter, r *http.Request) {
	callback, err := web.Query(r)
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	s, err := i.cameBack(r.Context(), cookie(r, cookieSignIn), callback)
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	dropCookie(w, cookieSignIn)
	secret, err := i.question(r.Context(), s, callback)
	if err != nil {
		i.backToWallet(w, r, s.Asked, "", err)
		return
	}
	setCookie(w, cookieConsent, secret)
	sendTo(w, i.cfg.Origin+pathConsent+s.Asked.ID)
}

func (i *Issuer) getConsent(w http.ResponseWriter, r *http.Request) {
	c, err := i.consentOf(r.Context(), cookie(r, cookieConsent), r.PathValue("id"))
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	what, err := i.describe(r.Context(), c.Identifiers, i.cfg.Pages.Words(r))
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	i.cfg.Pages.Consent(w, r, page.Consent{
		Issuer: i.cfg.Name, Client: i.nameOf(c.Asked), Person: c.Person.Name, What: what,
		Action: pathConsent + c.Asked.ID, Token: i.cfg.Pages.Token(w, r), Return: c.Asked.Redirect,
	})
}

func (i *Issuer) postConsent(w http.ResponseWriter, r *http.Request) {
	if err := i.cfg.Pages.CheckToken(r); err != nil {
		i.refusePage(w, r, err)
		return
	}
	form, err := web.Form(r)
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	said := form.Get("answer")
	if said != "yes" && said != "no" {
		i.refusePage(w, r, reason.New(reason.HTTPInvalid, "the answer is neither yes nor no"))
		return
	}
	c, err := i.consentOf(r.Context(), cookie(r, cookieConsent), r.PathValue("id"))
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	code, err := i.answer(r.Context(), c, func() bool { return said == "yes" })
	if err != nil {
		i.refusePage(w, r, err)
		return
	}
	dropCookie(w, cookieConsent)
	if code == "" {
		err = reason.Wrap(reason.TokenScope, "the person said no", vci.ErrDenied)
	}
	i.backToWallet(w, r, c.Asked, code, err)
}

// backToWallet sends the browser to the wallet with the code, or with what went wrong, and always
// with who says so (RFC 6749 §4.1.2, RFC 9207).
func (i *Issuer) backToWallet(w http.ResponseWriter, r *http.Request, q asked, code string, err error) {
	fields := url.Values{"iss": {i.cfg.Origin}}
	if q.State != "" {
		fields.Set("state", q.State)
	}
	if err != nil {
		fields.Set("error", errorForWallet(w, err))
	} else {
		fields.Set("code", code)
	}
	to, parseErr := url.Parse(q.Redirect)
	if parseErr != nil {
		i.refusePage(w, r, reason.Wrap(reason.InternalIndeterminate, "a redirect that was checked is none", parseErr))
		return
	}
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += fields.Encode()
	sendTo(w, to.String())
}

// refusePage tells the person that it ends here; the log learns the reason.
func (i *Issuer) refusePage(w http.ResponseWriter, r *http.Request, err error) {
	problemOf(w, reason.Delegate, err)
	i.cfg.Pages.Refusal(w, r, err)
}

// errorForWallet returns the code for a redirect (RFC 6749 §4.1.2.1); the log learns the reason.
func errorForWallet(w http.ResponseWriter, err error) string {
	body := problemOf(w, reason.Delegate, err)
	if body.Status >= http.StatusInternalServerError {
		return "temporarily_unavailable"
	}
	if c := reason.Of(err); c == reason.TokenScope || c == reason.TokenInvalid {
		return "access_denied" // nobody signed in, or who did said no
	}
	switch code := clientError(vci.AtAuthorization, err); code {
	case "access_denied", "invalid_scope", "invalid_request", "invalid_authorization_details", "invalid_target", "unauthorized_client":
		return code
	}
	return "invalid_request"
}

// sendTo redirects with 303, so that nothing that was posted is posted on (RFC 9700 §4.12).
func sendTo(w http.ResponseWriter, address string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}

// cookie returns the value of the one cookie of a name.
func cookie(r *http.Request, name string) string {
	if found := r.CookiesNamed(name); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(SigningLife / time.Second), Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
