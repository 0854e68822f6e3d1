// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/behalf-id/behalf/did/resolution"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// Handler answers the paths of the surface. It must stand behind a web.Server, which has the limits.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /issuers/{name}/credentials/issue", a.issue)
	mux.HandleFunc("POST /credentials/verify", a.verifyCredential)
	mux.HandleFunc("POST /credentials/derive", a.derive)
	mux.HandleFunc("POST /presentations/verify", a.verifyPresentation)
	mux.Handle("GET "+resolution.Prefix, a.about)
	mux.HandleFunc("GET "+statusPath+"{list}", a.status)
	return router{mux, a.about}
}

// router is a mux that lets the paths of DIDs be as they come. A mux answers a path with ".." or an
// empty segment with a redirect to another one, and a DID that is another is another party.
type router struct {
	*http.ServeMux
	about http.Handler
}

// Handler returns what answers r, and the route's name in the log.
func (m router) Handler(r *http.Request) (http.Handler, string) {
	if isDIDPath(r) {
		return m.about, "GET " + resolution.Prefix
	}
	return m.ServeMux.Handler(r)
}

// ServeHTTP implements http.Handler.
func (m router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isDIDPath(r) {
		m.about.ServeHTTP(w, r)
		return
	}
	m.ServeMux.ServeHTTP(w, r)
}

func isDIDPath(r *http.Request) bool {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	return read && strings.HasPrefix(r.URL.Path, resolution.Prefix)
}

func (a *API) issue(w http.ResponseWriter, r *http.Request) {
	req, err := read(r, "credential")
	if err != nil {
		refuse(w, err)
		return
	}
	pointers, err := req.pointers("mandatoryPointers")
	if err != nil {
		refuse(w, err)
		return
	}
	secured, err := a.Issue(r.Context(), r.PathValue("name"), req.document, pointers)
	if err != nil {
		refuse(w, err)
		return
	}
	web.JSON(w, http.StatusCreated, issued{secured})
}

type issued struct {
	Credential strictjson.Value `json:"verifiableCredential"`
}

func (a *API) derive(w http.ResponseWriter, r *http.Request) {
	req, err := read(r, "verifiableCredential")
	if err != nil {
		refuse(w, err)
		return
	}
	pointers, err := req.pointers("selectivePointers")
	if err != nil {
		refuse(w, err)
		return
	}
	derived, err := a.Derive(r.Context(), req.document, pointers)
	if err != nil {
		refuse(w, err)
		return
	}
	web.Bytes(w, http.StatusCreated, "application/json", derived)
}

func (a *API) verifyCredential(w http.ResponseWriter, r *http.Request) {
	req, err := read(r, "verifiableCredential")
	if err != nil {
		fail(w, err)
		return
	}
	checks, err := req.checks()
	if err != nil {
		fail(w, err)
		return
	}
	result, err := a.VerifyCredential(r.Context(), req.document, checks)
	if err != nil {
		fail(w, err)
		return
	}
	web.JSON(w, http.StatusOK, result)
}

func (a *API) verifyPresentation(w http.ResponseWriter, r *http.Request) {
	req, err := read(r, "verifiablePresentation")
	if err != nil {
		fail(w, err)
		return
	}
	checks, err := req.checks()
	if err != nil {
		fail(w, err)
		return
	}
	want, err := req.binding()
	if err != nil {
		fail(w, err)
		return
	}
	result, err := a.VerifyPresentation(r.Context(), req.document, want, checks)
	if err != nil {
		fail(w, err)
		return
	}
	web.JSON(w, http.StatusOK, result)
}

// status serves a list as application/json, which clients of test suites parse, and by its own media
// type to who asks for that (Bitstring Status List 1.0 §2.2).
func (a *API) status(w http.ResponseWriter, r *http.Request) {
	list, err := a.StatusList(r.Context(), r.PathValue("list"))
	if err != nil {
		refuse(w, err)
		return
	}
	const own = "application/vc"
	mediaType := "application/json"
	for _, accepted := range r.Header.Values("Accept") {
		if strings.Contains(accepted, own) {
			mediaType = own
		}
	}
	w.Header().Set("Vary", "Accept")
	web.CacheFor(w, listAge) // it is the same for everybody, and says nothing of one credential
	web.Bytes(w, http.StatusOK, mediaType, list)
}

// listAge is how long a list may be kept by caches: a test that revokes does not want to wait.
const listAge = 5 * time.Second

// failures is the body of a refusal; verified is there, and false, where something was to be verified.
type failures struct {
	Verified *bool     `json:"verified,omitempty"`
	Errors   []failure `json:"errors"`
}

type failure struct {
	Code    reason.Code `json:"code"`
	Message string      `json:"message,omitempty"`
}

// refuse answers an issuer's or holder's request that was not carried out.
func refuse(w http.ResponseWriter, err error) { answer(w, err, nil) }

// fail answers a verifier's request.
func fail(w http.ResponseWriter, err error) { answer(w, err, new(bool)) }

func answer(w http.ResponseWriter, err error, verified *bool) {
	out := failures{Verified: verified}
	for e, found := errors.AsType[*reason.Error](err); found && len(out.Errors) < maxCauses; e, found = errors.AsType[*reason.Error](e.Err) {
		out.Errors = append(out.Errors, failure{e.Code, e.Detail})
	}
	if len(out.Errors) == 0 {
		out.Errors = []failure{{Code: reason.InternalIndeterminate}}
	}
	web.JSON(w, statusOf(err), out)
}

// maxCauses is how many refusals in the chain of an error are told: the refusal and its causes.
const maxCauses = 4

// statusOf returns the HTTP status of a refusal: 400 for the request, 422 for the document in it.
func statusOf(err error) int {
	if _, ok := errors.AsType[requestError](err); ok && reason.Of(err) != reason.LimitBody {
		return http.StatusBadRequest
	}
	switch reason.Of(err) {
	case reason.LimitBody:
		return http.StatusRequestEntityTooLarge
	case reason.ObjectUnknown:
		return http.StatusNotFound
	case reason.StorageFull, reason.StorageCorrupt, reason.StorageUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}
