// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

const (
	maxETag = 256                  // bytes in an entity tag; a longer one is not kept
	maxAge  = 365 * 24 * time.Hour // the Age member is cut off here
)

// check refuses a Want that a programmer left half-filled.
func (w Want) check() error {
	if len(w.MediaTypes) == 0 || w.MaxBytes <= 0 || w.MaxBytes > MaxBody {
		return errors.New("safehttp: Want needs MediaTypes and a MaxBytes up to MaxBody")
	}
	for _, s := range w.Statuses {
		if s < 200 || s > 599 || s/100 == 3 {
			return errors.New("safehttp: Want.Statuses holds a status that is no answer")
		}
	}
	if w.ETag != "" && !goodETag(w.ETag) {
		return errors.New("safehttp: Want.ETag is no entity tag")
	}
	for name, values := range w.Header {
		if !maySend(name) || len(values) != 1 || strings.ContainsAny(values[0], "\r\n\x00") {
			return errors.New("safehttp: Want.Header holds a member that is not sent")
		}
	}
	return nil
}

// maySend lists what a caller may add to a request. Everything else is ours to say.
func maySend(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Authorization", "Cache-Control", "Dpop", "Idempotency-Key", "Oauth-Client-Attestation",
		"Oauth-Client-Attestation-Pop", "X-Request-Id":
		return true
	}
	return false
}

// header returns the request's header: ours, and what the caller may add.
func (w Want) header() http.Header {
	h := http.Header{}
	for name, values := range w.Header {
		h.Set(name, values[0])
	}
	h.Set("Accept", strings.Join(w.MediaTypes, ", "))
	h.Set("Accept-Encoding", "identity")
	h.Set("User-Agent", "behalf")
	if w.ETag != "" {
		h.Set("If-None-Match", w.ETag)
	}
	return h
}

// accepts reports whether status is an answer; without a list, 200 alone is.
func (w Want) accepts(status int) bool {
	if len(w.Statuses) == 0 {
		return status == http.StatusOK
	}
	return slices.Contains(w.Statuses, status)
}

// readAnswer turns an HTTP answer into a Response, or says why it is none.
func readAnswer(answer *http.Response, want Want) (Response, error) {
	got := Response{Status: answer.StatusCode, ETag: tag(answer.Header), Header: keep(answer.Header)}
	got.Date, got.Age = dated(answer.Header)
	if answer.StatusCode == http.StatusNotModified && want.ETag != "" {
		got.NotModified = true
		return got, nil
	}
	if answer.StatusCode/100 == 3 {
		return Response{}, reason.New(reason.FetchRedirect, "the answer is a redirect")
	}
	if !uncoded(answer.Header) {
		return Response{}, reason.New(reason.FetchLimit, "the answer is compressed")
	}
	got.MediaType = mediaType(answer.Header)
	if !want.accepts(answer.StatusCode) {
		return Response{}, refused(answer, got, want)
	}
	if answer.StatusCode != http.StatusNoContent && !slices.Contains(want.MediaTypes, got.MediaType) {
		return Response{}, reason.New(reason.FetchLimit, "the answer has another media type than asked for")
	}
	var err error
	got.Body, err = readBody(answer, want.MaxBytes)
	return got, err
}

// refused keeps what an answer of another status says, if it says it in JSON and within the bound.
func refused(answer *http.Response, got Response, want Want) error {
	e := &StatusError{Status: got.Status, MediaType: got.MediaType, Header: got.Header}
	if got.MediaType != "application/json" && !strings.HasSuffix(got.MediaType, "+json") {
		return e
	}
	body, err := readBody(answer, want.MaxBytes)
	if err != nil {
		return err
	}
	e.Body = body
	return e
}

// readBody reads the body to its end, and refuses one that announces or has more than limit bytes.
func readBody(answer *http.Response, limit int64) ([]byte, error) {
	if answer.ContentLength > limit {
		return nil, tooLarge()
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, tooLarge()
	}
	return body, nil
}

func tooLarge() error {
	return reason.Wrap(reason.FetchLimit, "the answer is too large", ErrTooLarge)
}

// mediaType returns the one media type of an answer, or "" if it has none, several, or a charset
// other than UTF-8.
func mediaType(h http.Header) string {
	values := h.Values("Content-Type")
	if len(values) != 1 {
		return ""
	}
	name, params, err := mime.ParseMediaType(values[0])
	if err != nil {
		return ""
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return ""
	}
	return name
}

// uncoded reports whether the body is as it is: compression was not asked for.
func uncoded(h http.Header) bool {
	for _, v := range h.Values("Content-Encoding") {
		if v != "" && !strings.EqualFold(v, "identity") {
			return false
		}
	}
	return true
}

func tag(h http.Header) string {
	if e := h.Get("ETag"); goodETag(e) {
		return e
	}
	return ""
}

// goodETag reports whether e is an entity tag (RFC 9110 §8.8.3) of bounded length.
func goodETag(e string) bool {
	inner, ok := strings.CutPrefix(strings.TrimPrefix(e, "W/"), `"`)
	if !ok || len(e) > maxETag {
		return false
	}
	inner, ok = strings.CutSuffix(inner, `"`)
	for i := range len(inner) {
		if inner[i] <= ' ' || inner[i] > '~' || inner[i] == '"' {
			return false
		}
	}
	return ok
}

// dated returns what an answer says of its own age (RFC 9111 §4.2.3). A date that cannot be read is
// zero; an age that cannot be read is as old as any.
func dated(h http.Header) (date time.Time, age time.Duration) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	ages := h.Values("Age")
	if len(ages) == 0 {
		return date, 0
	}
	seconds, err := strconv.ParseUint(ages[0], 10, 31)
	if err != nil || len(ages) > 1 {
		return date, maxAge
	}
	return date, min(time.Duration(seconds)*time.Second, maxAge)
}

// keep copies the members that callers have a use for.
func keep(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range [...]string{
		"Cache-Control", "Dpop-Nonce", "Expires", "Last-Modified", "Location",
		"Retry-After", "Www-Authenticate", "X-Request-Id",
	} {
		if values := h.Values(name); len(values) > 0 {
			kept[name] = slices.Clone(values)
		}
	}
	return kept
}
