// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

func (i *Issuer) postDelegation(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		refuseOperator(w, err)
		return
	}
	request, err := ReadGrant(raw)
	if err != nil {
		refuseOperator(w, err)
		return
	}
	offering, err := i.Offer(r.Context(), request, raw, r.Header.Get("Idempotency-Key"))
	if err != nil {
		refuseOperator(w, err)
		return
	}
	web.JSON(w, http.StatusCreated, offering)
}

// Shown is a delegation as an operator reads it: no code and no transaction code.
type Shown struct {
	ID      string    `json:"id"`
	State   State     `json:"state"`
	Created time.Time `json:"created"`
	Review  Review    `json:"review,omitempty"`
	Waiting int       `json:"waiting,omitzero"` // credential requests that wait for the review
	Reason  string    `json:"reason,omitempty"`
	Note    string    `json:"note,omitempty"`
	Profile string    `json:"profile"`
	Formats []string  `json:"formats"`
	Grant   *Grant    `json:"grant,omitempty"` // in a single answer only
	Copies  []Copy    `json:"copies,omitempty"`
	Onward  []Hosted  `json:"passed_on,omitempty"` // in a single answer only: links that persons signed below it
}

// show returns d as an operator reads it in a list.
func (d *Delegation) show(now time.Time) Shown {
	return Shown{
		ID: d.ID, State: d.At(now), Created: d.Created, Review: d.Review, Waiting: d.Waiting, Reason: d.Reason, Note: d.Note,
		Profile: d.Request.Profile, Formats: d.Request.Formats, Copies: d.Copies,
	}
}

// whole returns d with what was granted.
func (d *Delegation) whole(now time.Time) Shown {
	s := d.show(now)
	s.Grant = &d.Request.Grant
	return s
}

// maxCopiesListed bounds the copies that one page lists: about half a MiB.
const maxCopiesListed = 3 * MaxCopies

// defaultPage is how many delegations a page has where the request does not say.
const defaultPage = 50

// Page is a part of the list of delegations, oldest first; Next is "" on the last one.
type Page struct {
	Delegations []Shown `json:"delegations"`
	Next        string  `json:"next,omitempty"`
}

func (i *Issuer) getDelegations(w http.ResponseWriter, r *http.Request) {
	query, err := web.Query(r)
	if err != nil {
		refuseOperator(w, err)
		return
	}
	limit := defaultPage
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > MaxPage {
			refuseOperator(w, reason.New(reason.HTTPInvalid, "limit is from 1 to 200"))
			return
		}
	}
	found, err := i.List(r.Context(), query.Get("after"), limit)
	if err != nil {
		refuseOperator(w, err)
		return
	}
	web.JSON(w, http.StatusOK, pageOf(found, limit, i.cfg.Now()))
}

// pageOf returns found, of which limit were asked for, as a page: up to the first delegation with which
// it would list more than maxCopiesListed copies.
func pageOf(found []*Delegation, limit int, now time.Time) Page {
	page, copies := Page{Delegations: []Shown{}}, 0
	for _, d := range found {
		if copies += len(d.Copies); copies > maxCopiesListed && len(page.Delegations) > 0 {
			break
		}
		page.Delegations = append(page.Delegations, d.show(now))
	}
	if n := len(page.Delegations); n == limit || n < len(found) {
		page.Next = page.Delegations[n-1].ID
	}
	return page
}

func (i *Issuer) getDelegation(w http.ResponseWriter, r *http.Request) {
	d, err := i.Delegation(r.Context(), r.PathValue("id"))
	if err != nil {
		refuseOperator(w, err)
		return
	}
	shown := d.whole(i.cfg.Now())
	if shown.Onward, err = i.Onward(r.Context(), d.ID); err != nil {
		refuseOperator(w, err)
		return
	}
	web.JSON(w, http.StatusOK, shown)
}

// revokeByID is Revoke of a delegation, or RevokeOnward of one link that was passed on below it: the
// answer is a Shown of either.
func (i *Issuer) revokeByID(ctx context.Context, id string, c Change) (Shown, error) {
	d, err := i.Revoke(ctx, id, c)
	if reason.Of(err) != reason.ObjectUnknown {
		return shownOr(d, i.cfg.Now(), err)
	}
	h, err := i.RevokeOnward(ctx, id, c)
	return Shown{ID: h.ID, State: h.State, Created: h.Created, Reason: h.Reason, Note: h.Note, Formats: []string{}}, err
}

func shownOr(d *Delegation, now time.Time, err error) (Shown, error) {
	if err != nil {
		return Shown{}, err
	}
	return d.show(now), nil
}

// ofDelegation is a change of state that delegations alone have.
func (i *Issuer) ofDelegation(change func(context.Context, string, Change) (*Delegation, error)) func(context.Context, string, Change) (Shown, error) {
	return func(ctx context.Context, id string, c Change) (Shown, error) {
		d, err := change(ctx, id, c)
		return shownOr(d, i.cfg.Now(), err)
	}
}

func (i *Issuer) changeState(change func(context.Context, string, Change) (Shown, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := web.ReadBody(r, "application/json")
		if err != nil {
			refuseOperator(w, err)
			return
		}
		var c Change
		if err := strictjson.UnmarshalClosed(raw, &c); err != nil {
			refuseOperator(w, err)
			return
		}
		shown, err := change(r.Context(), r.PathValue("id"), c)
		if err != nil {
			refuseOperator(w, err)
			return
		}
		web.JSON(w, http.StatusOK, shown)
	}
}
