// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/behalf-id/behalf/reason"
)

// Problems writes refusals as problem details (RFC 9457). The zero value writes types relative to
// the server, such as "/problems/replay".
type Problems struct{ base string }

// NewProblems returns a writer whose types begin with base, an https address without a final slash
// such as "https://docs.example.org"; the empty base is that of the zero value.
func NewProblems(base string) (Problems, error) {
	if base == "" {
		return Problems{}, nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(base, "/") {
		return Problems{}, errors.New("web: the base of problem types is an https address without a final slash")
	}
	return Problems{base}, nil
}

// problem is all that leaves: no detail, no cause.
type problem struct {
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Instance string   `json:"instance,omitzero"`
	Reason   string   `json:"reason,omitzero"`
	TooMuch  []string `json:"too_much,omitempty"`
}

// Problem answers as the zero Problems does.
func Problem(w http.ResponseWriter, a reason.Audience, err error) { Problems{}.Write(w, a, err) }

// Write answers with the class of err, its HTTP status, the request's id, and the reason code that
// audience a may see, if any. Where a is shown another code, the answer is that code's in every
// member. An error that names no reason, or one that never crosses HTTP, is internal.indeterminate.
// The true code goes to log and metrics. security.md §6.
func (p Problems) Write(w http.ResponseWriter, a reason.Audience, err error) {
	code := codeOf(err)
	note(w, code)
	shown := code.For(a)
	e, _ := reason.Lookup(code)
	if shown != "" {
		e, _ = reason.Lookup(shown)
	}
	writeProblem(w, problem{
		Type: p.base + "/problems/" + e.Problem, Title: title(e.Problem), Status: e.Status, Reason: string(shown), Instance: instance(w),
	})
}

// TooMuch answers 403 to a program that asked for more than it is registered for, with the code of err and the
// names of what is too much: words of an interface, never of a person. It is for codes that else never
// cross HTTP; whoever asked is told, as nobody else can put it right.
func (p Problems) TooMuch(w http.ResponseWriter, err error, what []string) {
	code := reason.Of(err)
	note(w, code)
	writeProblem(w, problem{
		Type: p.base + "/problems/forbidden", Title: title("forbidden"), Status: http.StatusForbidden, Reason: string(code),
		Instance: instance(w), TooMuch: what,
	})
}

// instance names the request that w answers, "" where it has no name.
func instance(w http.ResponseWriter) string {
	if id := w.Header().Get(requestIDHeader); id != "" {
		return "urn:behalf:request:" + id
	}
	return ""
}

// methodNotAllowed answers 405 (RFC 9110 §15.5.6). It has no reason code: nothing was refused but the verb.
func methodNotAllowed(w http.ResponseWriter, allow string) {
	if allow != "" {
		w.Header().Set("Allow", allow)
	}
	status := http.StatusMethodNotAllowed
	writeProblem(w, problem{Type: "about:blank", Title: http.StatusText(status), Status: status})
}

func writeProblem(w http.ResponseWriter, body problem) {
	h := w.Header()
	for _, name := range [...]string{"ETag", "Last-Modified", "Expires", "Content-Length", "Content-Encoding"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	raw, err := json.Marshal(body)
	if err != nil { // five texts and a number
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	Bytes(w, body.Status, "application/problem+json", raw)
}

// codeOf returns the code of err if it has an HTTP form, else internal.indeterminate.
func codeOf(err error) reason.Code {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return reason.LimitBody
	}
	code := reason.Of(err)
	if e, ok := reason.Lookup(code); !ok || e.Problem == "" || e.Status == 0 {
		return reason.InternalIndeterminate
	}
	return code
}

// title says in a few words what class a problem is of.
func title(class string) string {
	switch class {
	case "decision-deny":
		return "The decision is deny"
	case "malformed":
		return "The message is malformed"
	case "request-invalid":
		return "The request is not valid"
	case "signature-invalid":
		return "A cryptographic check failed"
	case "holder-binding-failed":
		return "The presentation is not bound to its holder"
	case "key-not-found":
		return "There is no usable key"
	case "trust-failed":
		return "The key is not trusted for this"
	case "did-invalid":
		return "The identifier or its document is not valid"
	case "limit-exceeded":
		return "A limit was passed"
	case "query-failed":
		return "The response does not fit the query"
	case "replay":
		return "A single-use value came again"
	case "session-invalid":
		return "The session is unknown or over"
	case "session-binding":
		return "The session belongs to another"
	case "fetch-blocked":
		return "An address may not be fetched"
	case "unauthorized":
		return "Authentication is needed"
	case "forbidden":
		return "This is not allowed"
	case "not-found":
		return "There is nothing here"
	case "conflict":
		return "The request conflicts with what is there"
	case "unsupported-media-type":
		return "The media type is not accepted"
	case "rate-limited":
		return "Too many requests"
	case "dependency-failed":
		return "Something that is needed is not usable"
	default:
		return "The server stopped itself"
	}
}
