// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"errors"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// Refused is the refusal of a request whose client did sign it, and can be told (§8.5). It has the code and
// the text of its cause.
type Refused struct {
	ResponseURI string // where answers go; whether it is the client's own is the caller's affair
	State       string
	err         error
}

// Error returns the text of the refusal.
func (r *Refused) Error() string { return r.err.Error() }

// Unwrap returns the refusal.
func (r *Refused) Unwrap() error { return r.err }

// Response returns what the client is told: invalid_transaction_data, else invalid_request.
func (r *Refused) Response() Response {
	code := ErrorInvalidRequest
	if errors.Is(r.err, ErrTransactionData) {
		code = ErrorTransactionData
	}
	return Response{State: r.State, Error: code}
}

// refused returns err as a *Refused, if the payload that the client signed says to where it could be told.
func (c Client) refused(payload []byte, clientID string, err error) error {
	var to struct {
		ClientID    string `json:"client_id"`
		ResponseURI string `json:"response_uri"`
		State       string `json:"state"`
	}
	if strictjson.Unmarshal(payload, &to) != nil || to.ClientID != clientID || len(to.State) > MaxState ||
		!isHTTPS(to.ResponseURI) || !c.permits(to.ResponseURI) {
		return err
	}
	return &Refused{to.ResponseURI, to.State, err}
}
