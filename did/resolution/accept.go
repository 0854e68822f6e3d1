// SPDX-License-Identifier: Apache-2.0

package resolution

import (
	"mime"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/did"
)

// The media types of answers (DID Resolution 0.3 §7, DID Core 1.0 §6).
const (
	resultType        = "application/did-resolution"
	dereferencingType = "application/did-url-dereferencing"
	jsonLDType        = "application/did+ld+json"
	jsonType          = "application/did+json"
	listType          = "text/uri-list"
)

// choose returns the type among offered that accept, a header field, wants most; the first one
// offered if it leaves that open, "" if it wants none (RFC 9110 §12.5.1).
func choose(accept string, offered ...string) string {
	if accept == "" {
		return offered[0]
	}
	if len(accept) > MaxAccept {
		return ""
	}
	best, weight := "", 0.0
	for range MaxRanges {
		var one string
		one, accept, _ = strings.Cut(accept, ",")
		if t, q := weigh(one, offered); t != "" && q > weight {
			best, weight = t, q
		}
		if accept == "" {
			break
		}
	}
	return best
}

// weigh returns the type among offered that one media range stands for, and its weight.
func weigh(one string, offered []string) (string, float64) {
	t, params, err := mime.ParseMediaType(one)
	if err != nil {
		return "", 0
	}
	q := 1.0
	if text, ok := params["q"]; ok {
		if q, err = strconv.ParseFloat(text, 64); err != nil || !(q >= 0 && q <= 1) {
			return "", 0
		}
	}
	for _, o := range offered {
		group, _, _ := strings.Cut(o, "/")
		if t == o || t == "*/*" || t == group+"/*" {
			return o, q
		}
	}
	return "", 0
}

// documentTypes are those of a document by itself.
func documentTypes() []string { return []string{did.MediaType, jsonLDType, jsonType} }
