// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"errors"
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// headerNonce is where a server gives nonces for DPoP proofs (RFC 9449 §8).
const headerNonce = "DPoP-Nonce"

// proving gives wallets that prove keys what their next proof needs: a nonce (RFC 9449 §8.2) and, for
// those that are attested, a challenge. It stands before every endpoint that takes proofs.
func (i *Issuer) proving(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if nonce, err := i.newNonce(forDPoP); err == nil {
			w.Header().Set(headerNonce, nonce)
		}
		if i.cfg.Providers != nil {
			if challenge, err := i.newNonce(forWallet); err == nil {
				w.Header().Set(attest.HeaderChallenge, challenge)
			}
		}
		next(w, r)
	}
}

// challenged is the answer of the challenge endpoint.
type challenged struct {
	Challenge string `json:"attestation_challenge"`
}

// postChallenge gives a challenge for wallet attestations (OAuth 2.0 Attestation-Based Client
// Authentication §8).
func (i *Issuer) postChallenge(w http.ResponseWriter, _ *http.Request) {
	challenge, err := i.Challenge()
	if err != nil {
		refuseClient(w, vci.AtToken, err)
		return
	}
	web.JSON(w, http.StatusOK, challenged{challenge})
}

func (i *Issuer) postToken(w http.ResponseWriter, r *http.Request) {
	request, err := tokenRequest(r)
	if err != nil {
		refuseClient(w, vci.AtToken, err)
		return
	}
	proved, err := i.byClient(r)
	if err != nil {
		refuseClient(w, vci.AtToken, err)
		return
	}
	token, err := i.Token(r.Context(), request, proved)
	if err != nil {
		refuseClient(w, vci.AtToken, err)
		return
	}
	w.Header().Set("Pragma", "no-cache") // RFC 6749 §5.1
	web.JSON(w, http.StatusOK, token)
}

// byClient returns what a request to the authorization server proves itself with. A field that comes
// twice is http.invalid.
func (i *Issuer) byClient(r *http.Request) (Presented, error) {
	p := Presented{Method: r.Method, URL: i.cfg.Origin + r.URL.EscapedPath()}
	for name, into := range map[string]*string{"DPoP": &p.Proof, attest.HeaderClient: &p.Attestation, attest.HeaderPoP: &p.PoP} {
		values := r.Header.Values(name)
		if len(values) > 1 {
			return p, reason.New(reason.HTTPInvalid, "a header field that may come once came more often")
		}
		if len(values) == 1 {
			*into = values[0]
		}
	}
	return p, nil
}

// refuseClient answers a client of the authorization server (RFC 6749 §5.2): with 400, but 401 where
// it did not prove who it is. A DPoP proof that is not good is 400 here (RFC 9449 §5).
func refuseClient(w http.ResponseWriter, at vci.Endpoint, err error) {
	body := problemOf(w, reason.Delegate, err)
	if body.Status >= http.StatusInternalServerError {
		write(w, "application/problem+json", body)
		return
	}
	body.Error = clientError(at, err)
	switch body.Error {
	case "invalid_grant":
		body.Description = "What was sent does not fit, was used before, or has ended."
	case "use_dpop_nonce", "invalid_dpop_proof":
		body.Status = http.StatusBadRequest
	}
	write(w, "application/json", body)
}

// clientError returns the code that the specifications have for err.
func clientError(at vci.Endpoint, err error) string {
	if s, ok := errors.AsType[spoken](err); ok {
		return s.code
	}
	switch c := reason.Of(err); {
	case c == reason.DPoPKeyMismatch:
		return "invalid_dpop_proof" // of two keys, the one of the proof is wrong
	case c == reason.RedirectNotRegistered:
		return "invalid_request"
	case c == reason.GrantTxCode:
		return "invalid_grant"
	default:
		return vci.ErrorAt(at, err)
	}
}

// maxTxCode bounds what is read as a transaction code.
const maxTxCode = 64

// tokenRequest reads a token request, with the codes that RFC 6749 has for what it lacks.
func tokenRequest(r *http.Request) (vci.TokenRequest, error) {
	form, err := web.Form(r)
	if err != nil {
		return vci.TokenRequest{}, err
	}
	switch grant := form.Get("grant_type"); {
	case grant == "":
		return vci.TokenRequest{}, spoken{reason.New(reason.GrantInvalid, "grant_type is missing"), "invalid_request"}
	case grant == vci.GrantPreAuthorized && form.Get("pre-authorized_code") == "",
		grant == vci.GrantAuthorizationCode && form.Get("code") == "",
		grant == vci.GrantRefreshToken && form.Get("refresh_token") == "":
		return vci.TokenRequest{}, spoken{reason.New(reason.GrantInvalid, "what the grant needs is missing"), "invalid_request"}
	case len(form.Get("tx_code")) > maxTxCode:
		return vci.TokenRequest{}, reason.New(reason.GrantTxCode, "a transaction code has six digits")
	}
	return vci.ParseTokenRequest(form)
}

// authenticate says at a protected endpoint how a token has to come (RFC 6750 §3, RFC 9449 §7.1).
func authenticate(code string, err error) string {
	switch reason.Of(err) {
	case reason.DPoPInvalid, reason.DPoPKeyMismatch:
		return `DPoP error="` + code + `", algs="` + strings.Join(algorithms(), " ") + `"`
	}
	return `Bearer error="` + code + `"`
}
