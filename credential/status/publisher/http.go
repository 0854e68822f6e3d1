// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"net/http"

	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// ServeToken answers GET BASE/token/{list}: the Status List Token, or what Document.Since makes of it. A
// list as it was at another time is answered with 501 (draft-ietf-oauth-status-list §8.4).
func (p *Publisher) ServeToken(w http.ResponseWriter, r *http.Request) {
	if AsksForPast(r.URL.RawQuery) {
		notImplemented(w)
		return
	}
	id, err := ParseListID(r.PathValue("list"))
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	doc, err := p.Token(r.Context(), id)
	serve(w, r, doc, err)
}

// ServeBitstring answers GET BASE/bitstring/{list}: the list as vc+jwt, or, where the request takes
// application/vc and not application/vc+jwt and Config.Suite is there, secured with Data Integrity.
func (p *Publisher) ServeBitstring(w http.ResponseWriter, r *http.Request) {
	id, purpose, err := ParseBitstringName(r.PathValue("list"))
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	form := p.Bitstring
	if accept := r.Header.Get("Accept"); p.cfg.Suite != nil && accepts(accept, bitstring.MediaTypeProved) && !accepts(accept, bitstring.MediaType) {
		form = p.Proved
	}
	doc, err := form(r.Context(), id, purpose)
	serve(w, r, doc, err)
}

// ServeAggregation answers GET BASE/aggregation.
func (p *Publisher) ServeAggregation(w http.ResponseWriter, r *http.Request) {
	doc, err := p.Aggregation(r.Context())
	serve(w, r, doc, err)
}

// serve answers with doc, or with what the request holds already against it. The same for everybody, so
// any page of any origin may read it, and no cookie goes with it.
func serve(w http.ResponseWriter, r *http.Request, doc *Document, err error) {
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	for name, value := range doc.header {
		w.Header()[name] = value
	}
	tags := r.Header.Get("If-None-Match")
	if doc.named(tags) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	accept := r.Header.Get("Accept")
	if doc, err = doc.Since(r.Context(), accept, tags); err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	status := http.StatusOK
	if doc.MediaType == delta.MediaType {
		status = StatusDelta
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("IM", "status-delta")
	}
	web.Bytes(w, status, doc.MediaType, doc.Body)
}

func notImplemented(w http.ResponseWriter) {
	web.Bytes(w, http.StatusNotImplemented, "application/problem+json",
		[]byte(`{"type":"about:blank","title":"Lists as they were at another time are not kept","status":501}`))
}
