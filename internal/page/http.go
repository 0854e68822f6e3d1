// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/qr"
	"github.com/behalf-id/behalf/internal/vocabulary"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// Offer shows an offer: a button for a wallet on this device, and a QR code for one on another.
func (p *Pages) Offer(w http.ResponseWriter, r *http.Request, v Offer) {
	link, ok := walletLink(v.Link)
	if !ok || !fits(v.Issuer) || !fits(v.What...) {
		p.unusable(w, r)
		return
	}
	p.show(w, r, kindOffer, http.StatusOK, view{Offer: v, Link: link, Expires: v.Expires, Switch: true})
}

// Consent shows who asks for what, with a button for yes and one for no. Its address must be one that
// can be asked for again.
func (p *Pages) Consent(w http.ResponseWriter, r *http.Request, v Consent) {
	if !fits(v.Issuer, v.Client, v.Person) || !fits(v.What...) || !ownPath(v.Action) {
		p.unusable(w, r)
		return
	}
	if v.Token == "" {
		v.Token = p.Token(w, r)
	}
	p.show(w, r, kindConsent, http.StatusOK, view{Consent: v, posts: v.Return, Switch: true})
}

// Request shows who asks for what and why, with a button for a wallet on this device and, if the
// request is cross-device, a QR code and the field for the code that the other device will show.
func (p *Pages) Request(w http.ResponseWriter, r *http.Request, v Request) {
	link, ok := walletLink(v.Link)
	if !ok || !fits(v.Service, v.Controller, v.Purpose) || !fits(v.What...) || !ownPath(v.Poll) || v.CrossDevice != ownPath(v.Confirm) {
		p.unusable(w, r)
		return
	}
	if v.Token == "" && v.Confirm != "" {
		v.Token = p.Token(w, r)
	}
	if !v.CrossDevice {
		link.Code, link.Side = "", 0 // who scans would end on another device than the answer needs
	}
	p.show(w, r, kindRequest, http.StatusOK, view{Request: v, Link: link, Expires: v.Expires, posts: v.Return, Switch: true})
}

// Presented shows the code that is to be entered on the device that began.
func (p *Pages) Presented(w http.ResponseWriter, r *http.Request, v Presented) {
	if !fits(v.Code) {
		p.unusable(w, r)
		return
	}
	p.show(w, r, kindPresented, http.StatusOK, view{Presented: v, Switch: true})
}

// Done shows that a service has its answer.
func (p *Pages) Done(w http.ResponseWriter, r *http.Request, v Done) {
	if !fits(v.Service) || v.Next != "" && !webLink(v.Next) {
		p.unusable(w, r)
		return
	}
	p.show(w, r, kindDone, http.StatusOK, view{Done: v})
}

// Problem shows what went wrong: a title and a text in words that the person can act on.
func (p *Pages) Problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	p.show(w, r, kindProblem, status, view{Problem: problem{title, text}})
}

// Refusal shows err in the person's language: what it means for them and what they can do, by the
// class and status of its reason code. Neither code nor detail is shown.
func (p *Pages) Refusal(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusServiceUnavailable
	if e, ok := reason.Lookup(reason.Of(err)); ok && e.Status >= http.StatusBadRequest {
		status = e.Status
	}
	said := p.languageOf(r).Words.refusal(reason.Of(err), status)
	p.Problem(w, r, status, said.Title, said.Text)
}

// unusable is what a page that cannot be shown honestly is replaced with.
func (p *Pages) unusable(w http.ResponseWriter, r *http.Request) {
	p.Refusal(w, r, reason.New(reason.InternalIndeterminate, "a page has a part that cannot be shown"))
}

// Assets answers GET /assets/{file}: style, script and icon. Browsers may keep them for a year, for
// their names change with their content.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := p.assets[strings.TrimPrefix(r.URL.Path, "/assets/")]
		if !ok {
			web.Problem(w, reason.Service, reason.New(reason.ObjectUnknown, "no such asset"))
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		web.Bytes(w, http.StatusOK, a.mediaType, a.body)
	})
}

// show writes one page.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, k kind, status int, v view) {
	v.Name, v.Origin, v.Kind = p.cfg.Name, p.cfg.Origin, k
	chosen := p.languageOf(r)
	v.Lang, v.T = chosen.Tag, chosen.Words
	if v.Switch && r.Method == http.MethodGet {
		v.Others = p.others(r, chosen.Tag)
	}
	var body bytes.Buffer
	if err := p.templates[k].Execute(&body, v); err != nil {
		web.Problem(w, reason.Service, reason.Wrap(reason.InternalIndeterminate, "a page could not be written", err))
		return
	}
	setHeaders(w.Header(), chosen.Tag, v.posts)
	web.Bytes(w, status, "text/html; charset=utf-8", body.Bytes())
}

// setHeaders sets what every page carries. posts is where the answer to a form may redirect to:
// browsers hold that against form-action too.
func setHeaders(h http.Header, lang, posts string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
		"form-action 'self'"+source(posts)+"; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", lang)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept-Language")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// source returns the source expression (CSP3 §2.3.1) of a redirect's origin or scheme, with a space
// before it. An address that has none that is safe to write gives the empty text.
func source(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme == "": // else it is of the form of RFC 3986 §3.1, in lower case
		return ""
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		if strings.ContainsAny(u.Host, " ;,'\"*") {
			return ""
		}
		return " " + u.Scheme + "://" + u.Host
	case u.Scheme == "http" || forbiddenScheme(u.Scheme):
		return ""
	default:
		return " " + u.Scheme + ":" // a wallet's own
	}
}

// others returns the page in the languages that it is not shown in.
func (p *Pages) others(r *http.Request, shown string) (out []other) {
	query, err := web.Query(r)
	if err != nil {
		return nil
	}
	for _, l := range p.languages {
		if l.Tag != shown {
			query.Set(languageParam, l.Tag)
			out = append(out, other{Tag: l.Tag, Name: l.Name, URL: r.URL.EscapedPath() + "?" + query.Encode()})
		}
	}
	return out
}

// languageOf returns the language that the person chose, or else that the browser prefers.
func (p *Pages) languageOf(r *http.Request) language {
	if query, err := web.Query(r); err == nil && query.Has(languageParam) {
		if l, ok := find(p.languages, query.Get(languageParam)); ok {
			return l
		}
	}
	return negotiate(p.languages, r.Header.Get("Accept-Language"))
}

// Words returns the words of the language in which a page answers r, for the names that are shown on it.
func (p *Pages) Words(r *http.Request) *vocabulary.Words {
	return vocabulary.In(p.languageOf(r).Tag, named)
}

// view is what templates see.
type view struct {
	Kind         kind
	Name, Origin string
	Lang         string
	T            words
	Switch       bool // the page can be asked for again in another language
	Others       []other
	Link         link
	Expires      time.Time
	posts        string

	Offer     Offer
	Consent   Consent
	Request   Request
	Presented Presented
	Done      Done
	Problem   problem
}

type problem struct{ Title, Text string }

// other is a page in another language.
type other struct{ Tag, Name, URL string }

// drawn returns link's QR code, or nothing for a link that is too long for one.
func drawn(raw string) (data string, side int) {
	data, side, err := qr.Path(raw)
	if err != nil {
		return "", 0
	}
	return data, side
}
