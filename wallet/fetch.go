// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Media types that are sent and understood.
const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
	jwtType  = "application/jwt"
)

// originOf returns the https origin of a did:web without a path, "" for anything else.
func originOf(id string) string {
	d, err := did.Parse(id)
	if err != nil || d.Method() != didweb.Method {
		return ""
	}
	text, err := didweb.URL(d)
	if err != nil {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Path != "/.well-known/did.json" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// atOrigin reports whether address lies at the origin of the did:web id.
func atOrigin(id, address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.User == nil && u.Fragment == "" && originOf(id) != "" && originOf(id) == u.Scheme+"://"+u.Host
}

// post sends body and returns what came back as JSON with one of the statuses.
func (w *Wallet) post(ctx context.Context, url, contentType string, body []byte, want safehttp.Want) ([]byte, error) {
	want.MediaTypes = []string{jsonType}
	if want.MaxBytes == 0 {
		want.MaxBytes = MaxAnswer
	}
	answer, err := w.cfg.Remote.Post(ctx, url, contentType, body, want)
	return answer.Body, err
}

// unreachable turns a failed fetch into words that say what to do.
func unreachable(what string, err error) error {
	if errors.Is(err, safehttp.ErrUnreachable) {
		return reason.Wrap(reason.FetchLimit, what+" cannot be reached; check the connection and try again", err)
	}
	return err
}

// refused returns the status of an answer that refuses and the reason code it gives, "" for none
// that we know: a stranger's words are not repeated. ok is false where err is no answer at all.
func refused(err error) (status int, code reason.Code, ok bool) {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return 0, "", false
	}
	var problem struct {
		Reason reason.Code `json:"reason"`
	}
	if strictjson.Unmarshal(refusal.Body, &problem) != nil {
		return refusal.Status, "", true
	}
	if _, known := reason.Lookup(problem.Reason); !known {
		return refusal.Status, "", true
	}
	return refusal.Status, problem.Reason, true
}

// refusedByIssuer turns an answer of an issuer into words for the person.
func refusedByIssuer(err error) error {
	status, code, ok := refused(err)
	switch {
	case !ok:
		return unreachable("the issuer", err)
	case status >= 500 || status == 429:
		return reason.Wrap(orElse(code, reason.FetchLimit), "the issuer cannot do it now; try again later", err)
	}
	refusal, _ := errors.AsType[*safehttp.StatusError](err)
	said := vci.ParseError(refusal.Body).Code
	switch {
	case code == reason.GrantTxCodeLocked:
		return reason.Wrap(code, "the transaction code was wrong too often; ask the issuer for a new offer", err)
	case code == reason.GrantTxCode:
		return reason.Wrap(code, "the transaction code is wrong; check it and try again", err)
	case code == reason.GrantConsumed:
		return reason.Wrap(code, "the offer was collected before; ask the issuer for a new one", err)
	case said == "invalid_grant":
		return reason.Wrap(reason.GrantInvalid, "the offer has expired or was collected before, or the transaction code is wrong; if the code is right, ask the issuer for a new offer", err)
	}
	return refusedByWord(said, code, err)
}

// refusedByWord turns the word of OAuth or OpenID4VCI with which an issuer refused into words for the person.
func refusedByWord(said string, code reason.Code, err error) error {
	switch said {
	case "invalid_dpop_proof", "use_dpop_nonce":
		return reason.Wrap(orElse(code, reason.DPoPInvalid), "the issuer does not take what this device sends; check the clock of the device", err)
	case "invalid_client", "use_attestation_challenge":
		return reason.Wrap(orElse(code, reason.ClientAttestation), "the issuer does not take this wallet", err)
	case "credential_request_denied", "access_denied":
		return reason.Wrap(orElse(code, reason.GrantInvalid), "the issuer turned it down", err)
	case "invalid_token":
		return reason.Wrap(orElse(code, reason.TokenInvalid), "the time to collect is over; ask the issuer for a new offer", err)
	}
	return reason.Wrap(orElse(code, reason.GrantInvalid), "the issuer refused; ask it for a new offer", err)
}

// refusedByVerifier turns an answer of a service into words for the person.
func refusedByVerifier(err error) error {
	status, code, ok := refused(err)
	switch {
	case !ok:
		return unreachable("the service", err)
	case status == 404 || code == reason.RequestConsumed:
		return reason.Wrap(orElse(code, reason.RequestConsumed), "the request was opened before or has expired; ask the service for a new one", err)
	case code == reason.PresentationReplayed:
		return reason.Wrap(code, "the request was answered before; ask the service for a new one", err)
	case status >= 500 || status == 429:
		return reason.Wrap(orElse(code, reason.FetchLimit), "the service cannot decide now; try again later", err)
	}
	if code == "" { // which of many, a service does not tell whoever presents
		return fmt.Errorf("the service refused the presentation (status %d); ask it for a new request", status)
	}
	return reason.Wrap(code, "the service refused the presentation; ask it for a new request", err)
}

// refusedByHost turns an answer about a hosted status into words for the person.
func refusedByHost(err error) error {
	status, code, ok := refused(err)
	switch {
	case !ok:
		return unreachable("the issuer", err)
	case status >= 500 || status == 429:
		return reason.Wrap(orElse(code, reason.FetchLimit), "the issuer cannot do it now; try again later", err)
	}
	return reason.Wrap(orElse(code, reason.RevokeNotAuthorised), "the issuer does not let you do this with this delegation", err)
}

func orElse(code, other reason.Code) reason.Code {
	if code == "" {
		return other
	}
	return code
}
