// SPDX-License-Identifier: Apache-2.0

package resolution

import (
	"net/http"
	"strings"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
)

// result is what resolving a DID gives (DID Resolution 0.3 §4.4).
type result struct {
	Document   strictjson.Value   `json:"didDocument"`
	Resolution resolutionMetadata `json:"didResolutionMetadata"`
	Metadata   strictjson.Value   `json:"didDocumentMetadata"`
}

// dereferenced is what dereferencing a DID URL gives (DID Resolution 0.3 §5.4).
type dereferenced struct {
	Content       strictjson.Value   `json:"content"`
	Dereferencing resolutionMetadata `json:"dereferencingMetadata"`
	Metadata      strictjson.Value   `json:"contentMetadata"`
}

type resolutionMetadata struct {
	ContentType string `json:"contentType,omitzero"`
	Error       any    `json:"error,omitempty"`
}

// documentMetadata is did.Metadata as it is written.
type documentMetadata struct {
	Created       string           `json:"created,omitzero"`
	Updated       string           `json:"updated,omitzero"`
	Deactivated   bool             `json:"deactivated,omitzero"`
	VersionID     string           `json:"versionId,omitzero"`
	VersionNumber int              `json:"versionNumber,omitzero"`
	VersionTime   string           `json:"versionTime,omitzero"`
	Method        strictjson.Value `json:",embed"`
}

// ServeHTTP implements http.Handler (DID Resolution 0.3, HTTP(S) Binding). The DID, or DID URL, is the
// rest of the path, percent-encoded or as it is; options are the query.
//
// Accept chooses between the whole result and the document alone. A fragment gives the method or
// service that it names, a service or a path 303 to the address. The status is 400 for a DID, DID URL
// or option that is not valid, 403 for a host that is not fetched from, 404, 406, 410 with the
// last document for a DID that is deactivated, 429, 501 for a method or feature that is not
// supported, and 500. An error holds nothing of what was fetched.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	t, f := h.target(r)
	if f != nil {
		h.refuse(w, accept, f)
		return
	}
	form := choose(accept, t.offered()...)
	if form == "" {
		h.refuse(w, accept, fail(notRepresentable, nil))
		return
	}
	if t.path != "" && t.id.Method() != "webvh" {
		h.refuse(w, accept, fail(featureNotSupported, nil))
		return
	}
	err := h.admit(t.id)
	var d did.Description
	if err == nil {
		d, err = h.cfg.Resolver.Describe(r.Context(), t.id, t.options)
	}
	if err != nil {
		h.refuse(w, accept, classify(err))
		return
	}
	h.answer(w, accept, form, t, d)
}

func (h *Handler) target(r *http.Request) (target, *failure) {
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), Prefix)
	if !ok {
		return target{}, fail(invalidDID, nil)
	}
	query, err := web.Query(r)
	if err != nil {
		return target{}, fail(invalidOptions, err)
	}
	return readTarget(escaped, query)
}

// offered lists the types in which the answer to t can be given, the usual one first.
func (t target) offered() []string {
	switch {
	case t.plain():
		return append([]string{resultType}, documentTypes()...)
	case t.fragment != "":
		return append(documentTypes(), dereferencingType, resultType)
	}
	return []string{listType, dereferencingType}
}

// answer tells what d has to say to t.
func (h *Handler) answer(w http.ResponseWriter, accept, form string, t target, d did.Description) {
	meta, err := metadata(d.Metadata)
	if err != nil {
		h.refuse(w, accept, fail(internal, err))
		return
	}
	status := http.StatusOK
	if d.Metadata.Deactivated && !t.options.Versioned() {
		status = http.StatusGone
	}
	switch {
	case t.plain() && form == resultType:
		write(w, status, form, result{d.Document, resolutionMetadata{ContentType: did.MediaType}, meta})
	case status == http.StatusGone && form != dereferencingType:
		web.Bytes(w, status, form, nil) // without metadata nobody would see that it is of no use any more
	case t.plain():
		web.Bytes(w, status, form, d.Document)
	case t.fragment != "":
		v, f := find(d.Document, t.id, t.fragment)
		h.resource(w, accept, status, form, v, meta, f)
	default:
		h.redirect(w, accept, status, form, t, d, meta)
	}
}

// resource gives a part of a document.
func (h *Handler) resource(w http.ResponseWriter, accept string, status int, form string, v, meta strictjson.Value, f *failure) {
	switch {
	case f != nil:
		h.refuse(w, accept, f)
	case form == dereferencingType:
		write(w, status, form, dereferenced{v, resolutionMetadata{ContentType: did.MediaType}, meta})
	case form == resultType:
		web.Bytes(w, status, did.MediaType, v)
	default:
		web.Bytes(w, status, form, v)
	}
}

// redirect leads to the address that a service names.
func (h *Handler) redirect(w http.ResponseWriter, accept string, status int, form string, t target, d did.Description, meta strictjson.Value) {
	to, f := endpoint(d.Document, t)
	if f != nil {
		h.refuse(w, accept, f)
		return
	}
	if form == listType {
		w.Header().Set("Location", to)
		web.Bytes(w, http.StatusSeeOther, listType, []byte(to+"\r\n"))
		return
	}
	text, err := strictjson.Marshal(to)
	if err != nil {
		h.refuse(w, accept, fail(internal, err))
		return
	}
	write(w, status, form, dereferenced{text, resolutionMetadata{ContentType: listType}, meta})
}

// refuse answers with f, in the form of a result, or of a dereferenced URL where that is wanted most.
func (h *Handler) refuse(w http.ResponseWriter, accept string, f *failure) {
	said := resolutionMetadata{Error: f.metadata(h.cfg.Errors)}
	status := f.kind.answer().status
	if choose(accept, resultType, dereferencingType) == dereferencingType {
		write(w, status, dereferencingType, dereferenced{strictjson.Value("null"), said, strictjson.Value("{}")})
		return
	}
	write(w, status, resultType, result{strictjson.Value("null"), said, strictjson.Value("{}")})
}

func write(w http.ResponseWriter, status int, mediaType string, v any) {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	web.Bytes(w, status, mediaType, raw)
}

// metadata writes m as the metadata of a document.
func metadata(m did.Metadata) (strictjson.Value, error) {
	return strictjson.Marshal(documentMetadata{
		Created: stamp(m.Created), Updated: stamp(m.Updated), Deactivated: m.Deactivated,
		VersionID: m.VersionID, VersionNumber: m.VersionNumber, VersionTime: stamp(m.VersionTime),
		Method: m.Method,
	})
}

// stamp writes a time in UTC to the second (DID Resolution 0.3 §4.3), the zero one as "".
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
