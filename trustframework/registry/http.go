// SPDX-License-Identifier: Apache-2.0

package registry

import (
	_ "embed" // for openapi.json
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// MaxSnapshotCache is how long caches on the way may keep a snapshot: the time by which readers
// may learn of a new version later than they ask.
const MaxSnapshotCache = 15 * time.Second

//go:embed openapi.json
var openAPI string

// OpenAPI returns the description of the API, OpenAPI 3.1 in JSON.
func OpenAPI() []byte { return []byte(openAPI) }

// HTTPConfig is what the handler needs beside the registry.
type HTTPConfig struct {
	AdminToken web.Secret   // bearer token of /admin/v1; required
	Problems   web.Problems // how refusals are written
}

// api answers for one registry.
type api struct {
	registry *Registry
	problems web.Problems
}

// Handler returns what answers for r over HTTP (interface.md, Registry HTTP):
//
//	GET  /v1/snapshot                 the signed framework
//	GET  /v1/attestations/{verifier}  what it says of one verifier, by DID, signed
//	GET  /v1/log?after=N              versions after N, with their digests
//	GET  /v1/log/{version}            one version: what changed, and the framework
//	GET  /v1/log/{version}/snapshot   one version as it was first signed
//	GET  /.well-known/behalf-registry the keys to pin
//	GET  /.well-known/did.json        the registry's document, if it signs as a did:web
//	GET  /admin/v1/framework          the framework in force, to edit
//	POST /admin/v1/framework          Apply
//	POST /admin/v1/framework/preview  Preview
func Handler(r *Registry, cfg HTTPConfig) (http.Handler, error) {
	if r == nil || cfg.AdminToken.Reveal() == "" {
		return nil, errors.New("registry: a handler needs a registry and an admin token")
	}
	a := &api{r, cfg.Problems}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/snapshot", a.snapshot)
	mux.HandleFunc("GET /v1/attestations/{verifier}", a.attestation)
	mux.HandleFunc("GET /v1/log", a.log)
	mux.HandleFunc("GET /v1/log/{version}", a.version)
	mux.HandleFunc("GET /v1/log/{version}/snapshot", a.first)
	mux.HandleFunc("GET /.well-known/behalf-registry", a.keys)
	mux.Handle("GET /admin/v1/framework", a.admin(cfg, a.export))
	mux.Handle("POST /admin/v1/framework", a.admin(cfg, a.apply))
	mux.Handle("POST /admin/v1/framework/preview", a.admin(cfg, a.preview))
	if err := a.document(mux); err != nil {
		return nil, err
	}
	return mux, nil
}

func (a *api) admin(cfg HTTPConfig, h http.HandlerFunc) http.Handler {
	return a.problems.Bearer(cfg.AdminToken, h)
}

func (a *api) snapshot(w http.ResponseWriter, req *http.Request) {
	s, err := a.registry.Current(req.Context())
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.CacheFor(w, MaxSnapshotCache)
	// One version is signed many times: the time of signing is part of what is held.
	if web.NotModified(w, req, `"`+s.Digest()+"."+strconv.FormatInt(s.Issued().Unix(), 10)+`"`) {
		return
	}
	web.Bytes(w, http.StatusOK, trustframework.SnapshotMediaType, s.Raw())
}

func (a *api) attestation(w http.ResponseWriter, req *http.Request) {
	raw, err := a.registry.Attestation(req.Context(), req.PathValue("verifier"))
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.CacheFor(w, MaxSnapshotCache)
	web.Bytes(w, http.StatusOK, trustframework.AttestationMediaType, raw)
}

// listed is an Entry in a page, without what changed.
type listed struct {
	Version  int       `json:"version"`
	Previous string    `json:"previous,omitzero"`
	Content  string    `json:"content"`
	Digest   string    `json:"digest"`
	Applied  time.Time `json:"applied"`
}

type page struct {
	Entries []listed `json:"entries"`
}

func (a *api) log(w http.ResponseWriter, req *http.Request) {
	after, err := readAfter(req)
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	entries, err := a.registry.Log(req.Context(), after)
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	p := page{Entries: make([]listed, len(entries))}
	for i, e := range entries {
		p.Entries[i] = listed{e.Version, e.Previous, e.Content, e.Digest, e.Applied}
	}
	web.JSON(w, http.StatusOK, p)
}

func readAfter(req *http.Request) (int, error) {
	q, err := web.Query(req)
	if err != nil {
		return 0, err
	}
	if !q.Has("after") {
		return 0, nil
	}
	n, err := strconv.ParseUint(q.Get("after"), 10, 31)
	if err != nil {
		return 0, reason.New(reason.HTTPInvalid, "after is not the number of a version")
	}
	return int(n), nil
}

// detail is one version in full.
type detail struct {
	Entry
	Framework *trustframework.Framework `json:"framework"`
}

func (a *api) version(w http.ResponseWriter, req *http.Request) {
	e, f, err := a.registry.Version(req.Context(), pathVersion(req))
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.JSON(w, http.StatusOK, detail{e, f})
}

func (a *api) first(w http.ResponseWriter, req *http.Request) {
	raw, err := a.registry.First(req.Context(), pathVersion(req))
	if err != nil {
		a.problems.Write(w, reason.Service, err)
		return
	}
	web.Bytes(w, http.StatusOK, trustframework.SnapshotMediaType, raw)
}

// pathVersion returns the version in the path, or 0, which there is not.
func pathVersion(req *http.Request) int {
	text := req.PathValue("version")
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0
	}
	return int(n)
}

// wellKnown is the document that Discover reads.
type wellKnown struct {
	Keys []string `json:"keys"`
}

func (a *api) keys(w http.ResponseWriter, _ *http.Request) {
	doc := wellKnown{}
	for _, k := range a.registry.Keys() {
		id, _ := didkey.FromKey(k)
		doc.Keys = append(doc.Keys, id.String())
	}
	web.JSON(w, http.StatusOK, doc)
}

// document lets the registry's own document be read if it has a did:web.
func (a *api) document(mux *http.ServeMux) error {
	m := a.registry.cfg.Signer.Method
	if m.DID().Method() != "web" {
		return nil
	}
	at, err := didweb.URL(m.DID())
	if err != nil {
		return err
	}
	u, err := url.Parse(at)
	if err != nil || strings.ContainsAny(u.Path, "{}% ") {
		return errors.New("registry: the registry's did:web has a path that cannot be served")
	}
	raw, err := did.WriteDocument(m.DID(), []did.Publication{{
		Fragment: m.Fragment(), Key: a.registry.cfg.Signer.Public(), Relationships: []did.Relationship{did.AssertionMethod},
	}})
	if err != nil {
		return err
	}
	mux.HandleFunc("GET "+u.Path, func(w http.ResponseWriter, _ *http.Request) {
		web.CacheFor(w, MaxSnapshotCache)
		web.Bytes(w, http.StatusOK, did.MediaType, raw)
	})
	return nil
}
