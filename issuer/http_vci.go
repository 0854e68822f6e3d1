// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vci"
)

func (i *Issuer) getMetadata(w http.ResponseWriter, _ *http.Request) {
	web.CacheFor(w, metadataLife)
	web.JSON(w, http.StatusOK, i.Metadata())
}

func (i *Issuer) getServerMetadata(w http.ResponseWriter, _ *http.Request) {
	web.CacheFor(w, metadataLife)
	web.JSON(w, http.StatusOK, i.ServerMetadata())
}

func (i *Issuer) postToken(w http.ResponseWriter, r *http.Request) {
	request, err := tokenRequest(r)
	if err != nil {
		refuseWallet(w, err, tokenError)
		return
	}
	token, err := i.Token(r.Context(), request)
	if err != nil {
		refuseWallet(w, err, tokenError)
		return
	}
	web.JSON(w, http.StatusOK, token)
}

func (i *Issuer) postNonce(w http.ResponseWriter, _ *http.Request) {
	nonce, err := i.Nonce()
	if err != nil {
		refuseWallet(w, err, credentialError)
		return
	}
	web.JSON(w, http.StatusOK, vci.Nonce{Nonce: nonce})
}

func (i *Issuer) postCredential(w http.ResponseWriter, r *http.Request) {
	request, err := credentialRequest(r)
	if err != nil {
		refuseWallet(w, err, credentialError)
		return
	}
	issued, err := i.Issue(r.Context(), bearerOf(r), request)
	if err != nil {
		refuseWallet(w, err, credentialError)
		return
	}
	web.JSON(w, http.StatusOK, issued)
}

func (i *Issuer) postNotification(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		refuseWallet(w, err, notificationError)
		return
	}
	if err := i.Notify(r.Context(), bearerOf(r), raw); err != nil {
		refuseWallet(w, err, notificationError)
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
