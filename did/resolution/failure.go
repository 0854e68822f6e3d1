// SPDX-License-Identifier: Apache-2.0

package resolution

import (
	"context"
	"errors"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// kind is an error of the specification (DID Resolution 0.3 §10), by its name in capitals.
type kind string

const (
	invalidDID          kind = "INVALID_DID"
	invalidURL          kind = "INVALID_DID_URL"
	invalidOptions      kind = "INVALID_OPTIONS"
	invalidDocument     kind = "INVALID_DID_DOCUMENT"
	notFound            kind = "NOT_FOUND"
	notRepresentable    kind = "REPRESENTATION_NOT_SUPPORTED"
	methodNotSupported  kind = "METHOD_NOT_SUPPORTED"
	featureNotSupported kind = "FEATURE_NOT_SUPPORTED"
	internal            kind = "INTERNAL_ERROR"
	notAllowed          kind = "NOT_ALLOWED" // of ours: the caller may not make us fetch
	tooMany             kind = "TOO_MANY"    // of ours: limit.rate
)

// failure is an answer that is no document.
type failure struct {
	kind kind
	err  error // the refusal, if there was one
}

func fail(k kind, err error) *failure { return &failure{k, err} }

// answer is how a kind is told.
type answer struct {
	status int
	typ    string // of the problem
	legacy string
	title  string
}

const namespace = "https://www.w3.org/ns/did#"

func (k kind) answer() answer {
	switch k {
	case invalidDID:
		return answer{400, namespace + string(k), "invalidDid", "The DID is not valid"}
	case invalidURL:
		return answer{400, namespace + string(k), "invalidDidUrl", "The DID URL is not valid"}
	case invalidOptions:
		return answer{400, namespace + string(k), "invalidOptions", "An option is not valid"}
	case invalidDocument:
		return answer{500, namespace + string(k), "invalidDidDocument", "The DID document is not valid"}
	case notFound:
		return answer{404, namespace + string(k), "notFound", "There is no such document or resource"}
	case notRepresentable:
		return answer{406, namespace + string(k), "representationNotSupported", "There is no such representation"}
	case methodNotSupported:
		return answer{501, namespace + string(k), "methodNotSupported", "The DID method is not supported"}
	case featureNotSupported:
		return answer{501, namespace + string(k), "featureNotSupported", "The DID method does not support this"}
	case notAllowed:
		return answer{403, "/problems/fetch-blocked", "notAllowed", "The host is not one that is fetched from"}
	case tooMany:
		return answer{429, "/problems/rate-limited", "tooManyRequests", "Too many requests"}
	}
	return answer{500, namespace + string(internal), "internalError", "The DID could not be resolved"}
}

// classify returns the failure that err, a refusal of the resolver, is to those outside.
func classify(err error) *failure {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fail(internal, err)
	case errors.Is(err, did.ErrNotFound):
		return fail(notFound, err)
	case errors.Is(err, did.ErrFeature):
		return fail(featureNotSupported, err)
	case errors.Is(err, did.ErrUnreachable):
		return fail(notFound, err)
	}
	return fail(ofCode(reason.Of(err)), err)
}

func ofCode(code reason.Code) kind {
	switch code {
	case reason.DIDSyntax, reason.DIDKeyInvalid, reason.FetchBlocked, reason.LimitDIDLog,
		reason.WebVHSCID, reason.WebVHHashChain, reason.WebVHUpdateKey, reason.WebVHWitness, reason.WebVHTime, reason.WebVHRollback:
		return invalidDID
	case reason.DIDMethodUnsupported:
		return methodNotSupported
	case reason.FetchRedirect, reason.FetchTLS:
		return notFound
	case reason.FetchNotAllowed:
		return notAllowed
	case reason.LimitRate:
		return tooMany
	case reason.InternalIndeterminate, reason.StorageUnavailable, "":
		return internal
	}
	return invalidDocument // of a document or log that was had: json.*, key.*, fetch.limit, did.document_mismatch
}

// problem is an error in metadata.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Reason string `json:"reason,omitzero"`
}

// metadata returns the value of the member error: a problem, or a name. Nothing of what was fetched
// stands in it, and no text of a cause.
func (f *failure) metadata(form ErrorForm) any {
	a := f.kind.answer()
	if form == Strings {
		return a.legacy
	}
	p := problem{Type: a.typ, Title: a.title, Detail: a.title + "."}
	code := reason.Of(f.err)
	if shown := code.For(reason.Service); shown != "" {
		p.Reason = string(shown)
		if e, ok := reason.Lookup(shown); ok {
			p.Detail = e.Meaning
		}
	}
	return p
}
