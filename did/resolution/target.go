// SPDX-License-Identifier: Apache-2.0

package resolution

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/did"
)

// target is a DID URL that is asked for, with options.
type target struct {
	id       did.DID
	options  did.Options
	path     string // with its slash
	fragment string
	service  string
	relative string // relativeRef
}

// plain reports whether the document itself is asked for.
func (t target) plain() bool { return t.path == "" && t.fragment == "" && t.service == "" }

// readTarget reads what stands behind Prefix, as it is escaped, and the query. Syntax alone is
// looked at: whether the method is known comes later.
func readTarget(escaped string, query url.Values) (target, *failure) {
	if len(escaped) > MaxTarget {
		return target{}, fail(invalidDID, nil)
	}
	text, err := unescape(escaped)
	if err != nil {
		return target{}, fail(invalidDID, err)
	}
	var t target
	base, rest := text, ""
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		base, rest = text[:i], text[i:]
	}
	if t.id, err = did.Parse(base); err != nil {
		return target{}, fail(invalidDID, err)
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	path, inner, hasQuery := strings.Cut(rest, "?")
	t.path, t.fragment = path, fragment
	if hasFragment {
		if _, err := t.id.WithFragment(fragment); err != nil {
			return target{}, fail(invalidURL, err)
		}
	}
	if hasQuery {
		values, err := url.ParseQuery(inner)
		if err != nil || len(query) > 0 {
			return target{}, fail(invalidURL, err)
		}
		query = values
	}
	return t, t.read(query)
}

// unescape decodes a DID URL that is percent-encoded as a whole. One that begins with the letters
// "did:" stands as it is, as a DID needs no escapes but its own: there, only what parts the path,
// the query and the fragment from it may be encoded.
func unescape(escaped string) (string, error) {
	if strings.HasPrefix(escaped, "did:") {
		base, rest := escaped, ""
		for _, mark := range []string{"%23", "%3F", "%3f", "%2F", "%2f", "/"} {
			if i := strings.Index(base, mark); i >= 0 {
				base, rest = base[:i], escaped[i:]
			}
		}
		if _, err := did.Parse(base); err == nil {
			rest, err := url.PathUnescape(rest)
			return base + rest, err
		}
	}
	return url.PathUnescape(escaped)
}

// read takes over the options (DID Resolution 0.3 §4.1, did:webvh 1.0, did:key 0.9). One that is not
// known is refused, and so is one that comes twice.
func (t *target) read(query url.Values) *failure {
	for name, values := range query {
		if len(values) != 1 || values[0] == "" {
			return fail(invalidOptions, nil)
		}
		if f := t.option(name, values[0]); f != nil {
			return f
		}
	}
	if t.relative != "" && t.service == "" || t.service != "" && (t.path != "" || t.fragment != "") {
		return fail(invalidURL, nil)
	}
	return nil
}

func (t *target) option(name, value string) *failure {
	var err error
	o := &t.options
	switch name {
	case "versionId":
		o.VersionID = value
	case "versionTime":
		o.VersionTime, err = time.Parse(time.RFC3339, value)
	case "versionNumber":
		if o.VersionNumber, err = strconv.Atoi(value); err == nil && o.VersionNumber < 1 {
			return fail(invalidOptions, nil)
		}
	case "publicKeyFormat":
		o.Type = did.MethodType(value)
		if o.Type != did.Multikey && o.Type != did.JSONWebKey {
			return fail(invalidOptions, nil)
		}
	case "enableEncryptionKeyDerivation":
		o.EncryptionKey, err = truth(value)
	case "noCache": // nothing is cached here
		_, err = truth(value)
	case "service":
		t.service = value
	case "relativeRef":
		t.relative = value
	case "expandRelativeUrls", "hl":
		return fail(featureNotSupported, nil)
	default:
		return fail(invalidOptions, nil)
	}
	if err != nil {
		return fail(invalidOptions, err)
	}
	return nil
}

// truth reads a boolean in its one form.
func truth(s string) (bool, error) {
	if s != "true" && s != "false" {
		return false, strconv.ErrSyntax
	}
	return s == "true", nil
}
