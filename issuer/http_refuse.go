// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// spoken is a refusal for which a specification has an error code of its own.
type spoken struct {
	error
	code string
}

// Unwrap returns the refusal.
func (s spoken) Unwrap() error { return s.error }

// denied marks a refusal to issue what the request asks for (OpenID4VCI 1.0 §8.3.1.2). What is not
// the request's affair, such as a store that fails, stays what it is.
func denied(err error) error {
	if e, ok := reason.Lookup(reason.Of(err)); !ok || e.Status >= http.StatusInternalServerError {
		return err
	}
	return spoken{err, "credential_request_denied"}
}

// refusal is the body of every refusal: a problem (RFC 9457), with the error code that a
// specification has (RFC 6749 §5.2, OpenID4VCI 1.0 §6.3, §8.3.1.2, §11.3) where it has one.
type refusal struct {
	Error       string      `json:"error,omitempty"`
	Description string      `json:"error_description,omitempty"`
	Type        string      `json:"type"`
	Title       string      `json:"title"`
	Status      int         `json:"status"`
	Instance    string      `json:"instance,omitempty"`
	Reason      reason.Code `json:"reason,omitempty"`
	Detail      string      `json:"detail,omitempty"`
}

// problemOf returns the problem that package web makes of err for an audience, whose log learns the
// true reason. Where the reason is one of a decision, which has HTTP status 200, nothing was decided
// here: the request is refused as forbidden.
func problemOf(w http.ResponseWriter, a reason.Audience, err error) refusal {
	held := &heldAnswer{inner: w, header: w.Header().Clone()}
	web.Problem(held, a, err)
	var out refusal
	if err := strictjson.Unmarshal(held.body.Bytes(), &out); err != nil {
		return refusal{Type: "/problems/dependency-failed", Status: http.StatusServiceUnavailable}
	}
	if out.Status == http.StatusOK {
		out.Type, out.Title, out.Status = "/problems/forbidden", "This is not allowed", http.StatusForbidden
	}
	return out
}

// heldAnswer takes an answer in the place of inner.
type heldAnswer struct {
	inner  http.ResponseWriter
	header http.Header
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(int)             {}
func (h *heldAnswer) Write(p []byte) (int, error) { return h.body.Write(p) }
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.inner }

func write(w http.ResponseWriter, mediaType string, body refusal) {
	raw, err := strictjson.Marshal(body)
	if err != nil { // texts and a number
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	web.Bytes(w, body.Status, mediaType, raw)
}

// refuse answers with a problem.
func refuse(w http.ResponseWriter, a reason.Audience, err error) {
	write(w, "application/problem+json", problemOf(w, a, err))
}

// refuseOperator answers an operator, who learns every reason and its detail. A grant that a gateway
// would refuse is a request that is not valid.
func refuseOperator(w http.ResponseWriter, err error) {
	body := problemOf(w, reason.Operator, err)
	if e, ok := reason.Lookup(reason.Of(err)); ok && e.Status == http.StatusOK {
		body.Type, body.Title, body.Status = "/problems/request-invalid", "The request is not valid", http.StatusUnprocessableEntity
	}
	if refused, ok := errors.AsType[*reason.Error](err); ok && body.Status < http.StatusInternalServerError {
		body.Detail = refused.Detail
	}
	write(w, "application/problem+json", body)
}

// refuseWallet answers a wallet at an endpoint of OpenID4VCI that takes access tokens, with its error codes.
func refuseWallet(w http.ResponseWriter, at vci.Endpoint, err error) {
	body := problemOf(w, reason.Delegate, err)
	if body.Status >= http.StatusInternalServerError {
		write(w, "application/problem+json", body)
		return
	}
	body.Error = vci.ErrorAt(at, err)
	if s, ok := errors.AsType[spoken](err); ok {
		body.Error = s.code
	}
	if body.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", authenticate(body.Error, err))
	}
	write(w, "application/json", body)
}
