// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	_ "embed"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the description of the gateway's JSON API (OpenAPI 3.1).
func OpenAPI() []byte { return openAPI }

// HTTPConfig is what the handler needs beside the gateway.
type HTTPConfig struct {
	ClientToken    web.Secret   // bearer token of relying services; the zero Secret lets none through
	OverridesToken web.Secret   // bearer token for staff overrides; with the zero Secret there are none
	Problems       web.Problems // how refusals are written
	Identifiers    http.Handler // answers services below /1.0/identifiers/ (DID Resolution); nil: nobody does
}

// api is a gateway as HTTP reaches it.
type api struct {
	*Gateway
	problems web.Problems
}

// Handler returns the gateway's HTTP surface. Relying services authenticate; wallets do not.
func (g *Gateway) Handler(cfg HTTPConfig) http.Handler {
	a := &api{g, cfg.Problems}
	mux := http.NewServeMux()
	service := func(h http.HandlerFunc) http.Handler { return cfg.Problems.Bearer(cfg.ClientToken, h) }
	mux.Handle("POST /v1/requests", service(a.postRequest))
	mux.Handle("GET /v1/requests/{id}", service(a.getRequest))
	mux.Handle("POST /access/v1/evaluation", service(a.postEvaluation))
	mux.HandleFunc("GET /.well-known/authzen-configuration", a.getConfiguration)
	mux.HandleFunc("GET /vp/request/{id}", a.getRequestObject)
	mux.HandleFunc("HEAD /vp/request/{id}", refuseHead)
	mux.HandleFunc("POST /vp/request/{id}", a.postRequestObject)
	mux.HandleFunc("POST /vp/response/{id}", a.postResponse)
	mux.HandleFunc("GET /.well-known/did.json", a.getDocument)
	a.addPages(mux)
	a.addOverrides(mux, cfg)
	if cfg.Identifiers != nil {
		mux.Handle("GET /1.0/identifiers/", service(cfg.Identifiers.ServeHTTP))
	}
	return mux
}

func (a *api) postRequest(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	request, err := ReadRequest(raw)
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	if err := namesPrincipal(r, request.Principal); err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	asked, err := a.Ask(r.Context(), request)
	if tooMuch, ok := errors.AsType[*NotEntitled](err); ok {
		a.problems.TooMuch(w, err, tooMuch.Facts)
		return
	}
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusCreated, asked)
}

func (a *api) getRequest(w http.ResponseWriter, r *http.Request) {
	query, err := web.Query(r)
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	progress, err := a.Progress(r.Context(), r.PathValue("id"), Codes{Response: query.Get("response_code"), Confirmation: query.Get("confirmation_code")})
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusOK, progress)
}

func (a *api) postEvaluation(w http.ResponseWriter, r *http.Request) {
	raw, err := web.ReadBody(r, "application/json")
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	e, err := ReadEvaluation(raw)
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	if err := namesPrincipal(r, e.Subject.ID); err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	decided, err := a.Evaluate(r.Context(), e)
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusOK, decided.Verdict())
}

// headerPrincipal is a header field by which proxies name the principal.
const headerPrincipal = "Delegation-Principal"

// namesPrincipal refuses a request that names, beside its body, a principal other than in its body:
// what one part of a deployment checks another may not act on (attack DEL-18).
func namesPrincipal(r *http.Request, principal string) error {
	query, err := web.Query(r)
	if err != nil {
		return err
	}
	for _, named := range slices.Concat(query["principal"], r.Header.Values(headerPrincipal)) {
		if named != principal {
			return reason.New(reason.RequestMalformed, "query or header name another principal than the body")
		}
	}
	return nil
}

// getConfiguration answers the metadata of AuthZEN Authorization API 1.0 §9.
func (a *api) getConfiguration(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]string{
		"policy_decision_point":      a.cfg.Origin,
		"access_evaluation_endpoint": a.cfg.Origin + "/access/v1/evaluation",
	})
}

func (a *api) getRequestObject(w http.ResponseWriter, r *http.Request) {
	a.requestObject(w, r, "")
}

// refuseHead answers HEAD without a fetch: previews of links must not use up a request.
func refuseHead(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, POST")
	w.WriteHeader(http.StatusMethodNotAllowed)
}

// postRequestObject takes a fetch with wallet_nonce (OpenID4VP 1.0 §5.10). What the wallet says
// of itself is not needed: every wallet is asked for the same.
func (a *api) postRequestObject(w http.ResponseWriter, r *http.Request) {
	form, err := web.Form(r)
	if err != nil {
		a.problems.Write(w, reason.Delegate, err)
		return
	}
	a.requestObject(w, r, form.Get("wallet_nonce"))
}

func (a *api) requestObject(w http.ResponseWriter, r *http.Request, walletNonce string) {
	object, err := a.RequestObject(r.Context(), r.PathValue("id"), walletNonce)
	if err != nil {
		a.problems.Write(w, reason.Delegate, err)
		return
	}
	web.Bytes(w, http.StatusOK, vp.MediaTypeRequest, object)
}

// postResponse takes a wallet's direct_post and direct_post.jwt (OpenID4VP 1.0 §8.2, §8.3.1). A decision is told in the
// words for delegates; a presentation that was refused is a problem of its class.
func (a *api) postResponse(w http.ResponseWriter, r *http.Request) {
	form, err := web.Form(r)
	if err != nil {
		a.problems.Write(w, reason.Delegate, err)
		return
	}
	decided, err := a.RespondForm(r.Context(), r.PathValue("id"), form)
	if err != nil {
		a.problems.Write(w, reason.Delegate, err)
		return
	}
	if !decided.told() {
		a.problems.Write(w, reason.Delegate, reason.New(decided.Decision.Reason, ""))
		return
	}
	web.JSON(w, http.StatusOK, decided.delegateReply())
}

func (a *api) getDocument(w http.ResponseWriter, _ *http.Request) {
	document, err := a.cfg.Document()
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.CacheFor(w, documentLife)
	web.Bytes(w, http.StatusOK, "application/did+json", document)
}

// documentLife is how long others may keep the gateway's DID document.
const documentLife = 60 * time.Second
