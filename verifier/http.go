// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	_ "embed"
	"net/http"
	"time"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the description of the gateway's JSON API (OpenAPI 3.1).
func OpenAPI() []byte { return openAPI }

// Handler returns the gateway's HTTP surface. Relying services authenticate with client; wallets
// do not.
func (g *Gateway) Handler(client web.Secret) http.Handler {
	mux := http.NewServeMux()
	service := func(h http.HandlerFunc) http.Handler { return web.Bearer(client, h) }
	mux.Handle("POST /v1/requests", service(g.postRequest))
	mux.Handle("GET /v1/requests/{id}", service(g.getRequest))
	mux.Handle("POST /access/v1/evaluation", service(g.postEvaluation))
	mux.HandleFunc("GET /.well-known/authzen-configuration", g.getConfiguration)
	mux.HandleFunc("GET /vp/request/{id}", g.getRequestObject)
	mux.HandleFunc("POST /vp/response/{id}", g.postResponse)
	mux.HandleFunc("GET /.well-known/did.json", g.getDocument)
	return mux
}

func (g *Gateway) postRequest(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	access, err := ReadAccess(raw)
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	asked, err := g.Ask(r.Context(), access)
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusCreated, asked)
}

func (g *Gateway) getRequest(w http.ResponseWriter, r *http.Request) {
	progress, err := g.Progress(r.Context(), r.PathValue("id"))
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusOK, progress)
}

func (g *Gateway) postEvaluation(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	e, err := ReadEvaluation(raw)
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	decided, err := g.Evaluate(r.Context(), e)
	if err != nil {
		web.Problem(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusOK, decided.Verdict())
}

// getConfiguration answers the metadata of AuthZEN Authorization API 1.0 §9.
func (g *Gateway) getConfiguration(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]string{
		"policy_decision_point":      g.cfg.Origin,
		"access_evaluation_endpoint": g.cfg.Origin + "/access/v1/evaluation",
	})
}

func (g *Gateway) getRequestObject(w http.ResponseWriter, r *http.Request) {
	object, err := g.RequestObject(r.Context(), r.PathValue("id"))
	if err != nil {
		web.Problem(w, reason.Delegate, err)
		return
	}
	web.Bytes(w, http.StatusOK, vp.MediaTypeRequest, object)
}

// postResponse takes a wallet's direct_post (OpenID4VP 1.0 §8.2). A decision is told in the
// words for delegates; a presentation that was refused is a problem of its class.
func (g *Gateway) postResponse(w http.ResponseWriter, r *http.Request) {
	form, err := web.Form(r)
	if err != nil {
		web.Problem(w, reason.Delegate, err)
		return
	}
	response, err := vp.ParseResponse(form)
	if err != nil {
		web.Problem(w, reason.Delegate, err)
		return
	}
	decided, err := g.Respond(r.Context(), r.PathValue("id"), response)
	if err != nil {
		web.Problem(w, reason.Delegate, err)
		return
	}
	if entry, ok := reason.Lookup(decided.Decision.Reason); !ok || entry.Status != http.StatusOK {
		web.Problem(w, reason.Delegate, reason.New(decided.Decision.Reason, ""))
		return
	}
	web.JSON(w, http.StatusOK, decided.delegateReply())
}

func (g *Gateway) getDocument(w http.ResponseWriter, _ *http.Request) {
	web.CacheFor(w, documentLife)
	web.Bytes(w, http.StatusOK, "application/did+json", g.cfg.Document())
}

// documentLife is how long others may keep the gateway's DID document.
const documentLife = 60 * time.Second
