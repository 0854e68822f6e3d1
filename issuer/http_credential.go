// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
)

func (i *Issuer) postCredential(w http.ResponseWriter, r *http.Request) {
	request, err := credentialRequest(r)
	if err != nil {
		refuseWallet(w, err, credentialError)
		return
	}
	issued, err := i.Issue(r.Context(), i.presented(r), request)
	if err != nil {
		refuseWallet(w, err, credentialError)
		return
	}
	web.JSON(w, http.StatusOK, issued)
}

func (i *Issuer) postNotification(w http.ResponseWriter, r *http.Request) {
	var n struct {
		ID    string `json:"notification_id"`
		Event string `json:"event"`
	}
	raw, err := web.ReadBody(r, "application/json")
	if err == nil {
		err = strictjson.Unmarshal(raw, &n)
	}
	if err == nil {
		err = i.Notify(r.Context(), i.presented(r), n.ID, n.Event)
	}
	if err != nil {
		refuseWallet(w, err, notificationError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// presented returns what r presents to be let in. An access token has one place, the one
// Authorization field (RFC 6750 §2, RFC 9449 §7.1); a token elsewhere beside it is no token.
func (i *Issuer) presented(r *http.Request) Presented {
	p := Presented{Method: r.Method, URL: i.cfg.Origin + r.URL.EscapedPath()}
	given, proofs := r.Header.Values("Authorization"), r.Header.Values("DPoP")
	if len(given) != 1 || len(proofs) > 1 || r.URL.Query().Has("access_token") {
		return p
	}
	p.Scheme, p.Token, _ = strings.Cut(given[0], " ")
	p.Proof = r.Header.Get("DPoP")
	return p
}
