// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	_ "embed"
	"net/http"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the description of the issuer's admin API (OpenAPI 3.1).
func OpenAPI() []byte { return openAPI }

// How long others may keep what is the same for everybody.
const (
	documentLife = 60 * time.Second // the DID document: a new key is seen within it
	metadataLife = 5 * time.Minute
	schemaLife   = time.Hour
)

// Handler returns the issuer's HTTP surface. Operators authenticate with admin; wallets with what
// an offer gave them.
func (i *Issuer) Handler(admin web.Secret) http.Handler {
	mux := http.NewServeMux()
	operator := func(h http.HandlerFunc) http.Handler { return web.Bearer(admin, h) }
	mux.Handle("POST /admin/v1/delegations", operator(i.postDelegation))
	mux.Handle("GET /admin/v1/delegations", operator(i.getDelegations))
	mux.Handle("GET /admin/v1/delegations/{id}", operator(i.getDelegation))
	mux.Handle("POST /admin/v1/delegations/{id}/suspend", operator(i.changeState(i.ofDelegation(i.Suspend))))
	mux.Handle("POST /admin/v1/delegations/{id}/resume", operator(i.changeState(i.ofDelegation(i.Resume))))
	mux.Handle("POST /admin/v1/delegations/{id}/revoke", operator(i.changeState(i.revokeByID)))
	mux.Handle("POST /admin/v1/delegations/{id}/approve", operator(i.changeState(i.ofDelegation(i.Approve))))
	mux.Handle("POST /admin/v1/delegations/{id}/decline", operator(i.changeState(i.ofDelegation(i.Decline))))

	mux.HandleFunc("GET /.well-known/openid-credential-issuer", i.getMetadata)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", i.getServerMetadata)
	mux.HandleFunc("POST /token", i.proving(i.postToken))
	mux.HandleFunc("POST /nonce", i.postNonce)
	i.codeFlow(mux)
	mux.HandleFunc("POST /credential", i.proving(i.postCredential))
	mux.HandleFunc("POST /deferred_credential", i.proving(i.postDeferred))
	mux.HandleFunc("POST /notification", i.proving(i.postNotification))
	mux.HandleFunc("GET /offers/{ref}", i.getOffer)
	mux.HandleFunc("GET /offers/{ref}/page", i.getOfferPage)
	mux.Handle("GET /assets/{file}", i.cfg.Pages.Assets())

	mux.HandleFunc("POST /v1/hosted-status", i.postHosted)
	mux.HandleFunc("POST /v1/hosted-status/revoke", i.postHostedRevoke)
	mux.HandleFunc("GET /status/token/{list}", i.cfg.Publisher.ServeToken)
	mux.HandleFunc("GET /status/bitstring/{list}", i.cfg.Publisher.ServeBitstring)
	mux.HandleFunc("GET /status/aggregation", i.cfg.Publisher.ServeAggregation)
	mux.HandleFunc("GET /.well-known/did.json", i.getDocument)
	mux.HandleFunc("GET /schemas/delegation-credential-1.json", getSchema)
	return mux
}

func (i *Issuer) getDocument(w http.ResponseWriter, _ *http.Request) {
	raw, err := i.cfg.Document()
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	web.CacheFor(w, documentLife)
	web.Bytes(w, http.StatusOK, did.MediaType, raw)
}

func getSchema(w http.ResponseWriter, _ *http.Request) {
	web.CacheFor(w, schemaLife)
	web.Bytes(w, http.StatusOK, "application/schema+json", credential.Schema())
}

func (i *Issuer) postHosted(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/jwt")
	if err != nil {
		refuse(w, reason.Delegate, err)
		return
	}
	hosted, err := i.Host(r.Context(), raw)
	if err != nil {
		refuse(w, reason.Delegate, err)
		return
	}
	web.JSON(w, http.StatusCreated, hosted)
}

func (i *Issuer) postHostedRevoke(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/jwt")
	if err != nil {
		refuse(w, reason.Delegate, err)
		return
	}
	if err := i.RevokeHosted(r.Context(), raw); err != nil {
		refuse(w, reason.Delegate, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
