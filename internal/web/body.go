// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/behalf-id/behalf/reason"
)

// admit refuses a request whose form is ambiguous or beyond a bound, before any handler sees it.
func admit(r *http.Request) error {
	for _, name := range [...]string{"Content-Type", "Content-Encoding", "Authorization", "Dpop", "Idempotency-Key"} {
		if len(r.Header.Values(name)) > 1 {
			return reason.New(reason.HTTPInvalid, "a header field that may come once came more often")
		}
	}
	switch {
	case r.Method == http.MethodConnect, r.Method == http.MethodTrace:
		return reason.New(reason.HTTPInvalid, "the method is not spoken here")
	case r.URL.Host != "", !strings.HasPrefix(r.URL.Path, "/"):
		return reason.New(reason.HTTPInvalid, "the target is not a path")
	case len(r.Header.Values("Upgrade")) > 0:
		return reason.New(reason.HTTPInvalid, "no other protocol is spoken here")
	case len(r.URL.RawQuery) > MaxQuery, strings.Count(r.URL.RawQuery, "&") >= MaxParams:
		return reason.New(reason.HTTPInvalid, "the query is too large")
	case r.ContentLength > MaxBody:
		return reason.New(reason.LimitBody, "the body is too large")
	}
	return uncoded(r)
}

// uncoded refuses a body with a content coding: a few bytes of it can become any number.
func uncoded(r *http.Request) error {
	if c := r.Header.Get("Content-Encoding"); c != "" && !strings.EqualFold(c, "identity") {
		return reason.New(reason.HTTPMediaType, "the body has a content coding")
	}
	return nil
}

// ReadBody returns the whole body of r, of at most MaxBody bytes, if its one Content-Type is among
// mediaTypes (lower case, without parameters) and its charset, if it names one, is UTF-8.
// Refusals: http.invalid for two types or a broken body, http.media_type, and limit.body for a
// body that is too large or too slow.
func ReadBody(r *http.Request, mediaTypes ...string) ([]byte, error) {
	if err := checkType(r, mediaTypes); err != nil {
		return nil, err
	}
	if err := uncoded(r); err != nil {
		return nil, err
	}
	if r.ContentLength > MaxBody {
		return nil, reason.New(reason.LimitBody, "the body is too large")
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if r.Body != nil {
		if _, err := body.ReadFrom(io.LimitReader(r.Body, MaxBody+1)); err != nil {
			return nil, brokenBody(err)
		}
	}
	if body.Len() > MaxBody {
		return nil, reason.New(reason.LimitBody, "the body is too large")
	}
	return body.Bytes(), nil
}

func checkType(r *http.Request, mediaTypes []string) error {
	given := r.Header.Values("Content-Type")
	if len(given) > 1 {
		return reason.New(reason.HTTPInvalid, "the body has two types")
	}
	if len(given) == 0 {
		return reason.New(reason.HTTPMediaType, "the body has no type")
	}
	name, params, err := mime.ParseMediaType(given[0])
	if err != nil || !slices.Contains(mediaTypes, name) {
		return reason.New(reason.HTTPMediaType, "the body is of another type")
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return reason.New(reason.HTTPMediaType, "the body has another charset than UTF-8")
	}
	return nil
}

func brokenBody(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return reason.New(reason.LimitBody, "the body is too large")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return reason.New(reason.LimitBody, "the body is too slow")
	}
	return reason.Wrap(reason.HTTPInvalid, "the body is broken", err)
}

// Form returns the parameters of a body of type application/x-www-form-urlencoded. A name that
// comes twice is http.duplicate_param unless it is in repeatable; a name that is empty, an escape
// that is broken, text that is not UTF-8 and more than MaxParams parameters are http.invalid.
// It reads the body alone, never the query, and fails as ReadBody does too.
func Form(r *http.Request, repeatable ...string) (url.Values, error) {
	body, err := ReadBody(r, "application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	return parseParams(string(body), repeatable)
}

// Query returns the parameters of r's query, by the rules of Form and MaxQuery.
func Query(r *http.Request, repeatable ...string) (url.Values, error) {
	if len(r.URL.RawQuery) > MaxQuery {
		return nil, reason.New(reason.HTTPInvalid, "the query is too large")
	}
	return parseParams(r.URL.RawQuery, repeatable)
}

func parseParams(raw string, repeatable []string) (url.Values, error) {
	if raw == "" {
		return url.Values{}, nil
	}
	if strings.Count(raw, "&") >= MaxParams {
		return nil, reason.New(reason.HTTPInvalid, "there are too many parameters")
	}
	values := url.Values{}
	for more := true; more; {
		var pair string
		pair, raw, more = strings.Cut(raw, "&")
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, okName := unescape(rawName)
		value, okValue := unescape(rawValue)
		if !okName || !okValue || name == "" {
			return nil, reason.New(reason.HTTPInvalid, "a parameter is malformed")
		}
		if values.Has(name) && !slices.Contains(repeatable, name) {
			return nil, reason.New(reason.HTTPDuplicateParam, "a parameter came twice")
		}
		values.Add(name, value)
	}
	return values, nil
}

// unescape decodes one part of a parameter. A bare semicolon parts parameters for some readers, and
// is refused.
func unescape(part string) (string, bool) {
	text, err := url.QueryUnescape(part)
	return text, err == nil && !strings.Contains(part, ";") && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}
