// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/behalf-id/behalf/reason"
)

// maxTags bounds the entity tags that are read from one If-None-Match.
const maxTags = 16

// JSON answers with v as application/json. It is not to be kept by caches unless CacheFor said so
// before. A value that cannot be written is answered as internal.indeterminate.
func JSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		Problem(w, reason.Service, reason.Wrap(reason.InternalIndeterminate, "an answer could not be written", err))
		return
	}
	Bytes(w, status, "application/json", raw)
}

// Bytes answers with body as it is. It is not to be kept by caches unless CacheFor said so before.
func Bytes(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who hung up does not want to know
}

// CacheFor lets every cache keep the answer for age, in whole seconds, and not a moment longer. An
// age below one second forbids it. Only what is the same for everybody may be kept.
func CacheFor(w http.ResponseWriter, age time.Duration) {
	seconds := int64(age / time.Second)
	if seconds < 1 {
		w.Header().Set("Cache-Control", "no-store")
		return
	}
	w.Header().Set("Cache-Control", "public, max-age="+strconv.FormatInt(seconds, 10)+", must-revalidate")
}

// NotModified gives the answer the entity tag etag, which is quoted already, and answers 304 and
// returns true if r says that its sender holds that already (RFC 9110 §13.1.2).
func NotModified(w http.ResponseWriter, r *http.Request, etag string) bool {
	w.Header().Set("ETag", etag)
	if !readOnly(r.Method) || !names(r.Header.Get("If-None-Match"), etag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// names reports whether an If-None-Match names etag, by weak comparison. Our tags hold no comma.
func names(list, etag string) bool {
	for range maxTags {
		tag, rest, more := strings.Cut(list, ",")
		tag = strings.TrimSpace(tag)
		if tag == "*" || (tag != "" && strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/")) {
			return true
		}
		if !more {
			return false
		}
		list = rest
	}
	return false
}
