// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

func (i *Issuer) getMetadata(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, i.Metadata())
}

func (i *Issuer) getServerMetadata(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, i.ServerMetadata())
}

func (i *Issuer) postToken(w http.ResponseWriter, r *http.Request) {
	form, err := web.Form(r)
	if err != nil {
		refuse(w, err)
		return
	}
	request, err := vci.ParseTokenRequest(form)
	if err != nil {
		refuse(w, err)
		return
	}
	token, err := i.Token(r.Context(), request)
	if err != nil {
		refuse(w, err)
		return
	}
	web.JSON(w, http.StatusOK, token)
}

func (i *Issuer) postNonce(w http.ResponseWriter, r *http.Request) {
	nonce, err := i.Nonce(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	web.JSON(w, http.StatusOK, vci.Nonce{Nonce: nonce})
}

func (i *Issuer) postCredential(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		refuse(w, err)
		return
	}
	request, err := vci.ParseCredentialRequest(raw)
	if err != nil {
		refuse(w, err)
		return
	}
	issued, err := i.Issue(r.Context(), bearerOf(r), request)
	if err != nil {
		refuse(w, err)
		return
	}
	web.JSON(w, http.StatusOK, issued)
}

func (i *Issuer) postNotification(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		refuse(w, err)
		return
	}
	if err := i.Notify(r.Context(), bearerOf(r), raw); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// bearerOf returns the access token of a request, "" if there is none in the one place for it.
func bearerOf(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(r.Header.Values("Authorization")) != 1 || r.URL.Query().Has("access_token") {
		return ""
	}
	return token
}

// refusal is the body of an error by an issuer: what RFC 6749 §5.2 and OpenID4VCI 1.0 §8.3.1.2
// have, with the problem type and, where a wallet may see it, our reason.
type refusal struct {
	vci.Error
	Type   string      `json:"type,omitempty"`
	Status int         `json:"status"`
	Reason reason.Code `json:"reason,omitempty"`
}

func refuse(w http.ResponseWriter, err error) {
	code := reason.Of(err)
	entry, ok := reason.Lookup(code)
	if !ok || entry.Status == 0 || entry.Status == http.StatusOK || vci.ErrorCode(code) == "" {
		web.Problem(w, reason.Delegate, err)
		return
	}
	if entry.Status >= http.StatusInternalServerError {
		web.Problem(w, reason.Delegate, err)
		return
	}
	body := refusal{
		Error: vci.Error{Code: vci.ErrorCode(code)}, Type: "/problems/" + entry.Problem,
		Status: entry.Status, Reason: code.For(reason.Delegate),
	}
	if entry.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	web.JSON(w, entry.Status, body)
}
