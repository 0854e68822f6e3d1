// SPDX-License-Identifier: Apache-2.0

package resolution

import (
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// wireDocument is what is looked at of a document that a resource is taken from.
type wireDocument struct {
	Methods  []strictjson.Value `json:"verificationMethod"`
	Services []strictjson.Value `json:"service"`

	AssertionMethod      []strictjson.Value `json:"assertionMethod"`
	Authentication       []strictjson.Value `json:"authentication"`
	CapabilityDelegation []strictjson.Value `json:"capabilityDelegation"`
	CapabilityInvocation []strictjson.Value `json:"capabilityInvocation"`
	KeyAgreement         []strictjson.Value `json:"keyAgreement"`
}

// find returns the method or service of document with the fragment given.
func find(document []byte, id did.DID, fragment string) (strictjson.Value, *failure) {
	var w wireDocument
	if err := strictjson.Unmarshal(document, &w); err != nil {
		return nil, fail(invalidDocument, err)
	}
	for _, list := range [][]strictjson.Value{
		w.Methods, w.Services, w.AssertionMethod, w.Authentication, w.CapabilityDelegation, w.CapabilityInvocation, w.KeyAgreement,
	} {
		if v := named(list, id, fragment); v != nil {
			return v, nil
		}
	}
	return nil, fail(notFound, nil)
}

// named returns the object of list whose id is that fragment of the DID, relative or absolute.
func named(list []strictjson.Value, id did.DID, fragment string) strictjson.Value {
	for _, v := range list {
		var w struct {
			ID string `json:"id"`
		}
		if v.Kind() != '{' || strictjson.Unmarshal(v, &w) != nil {
			continue
		}
		if w.ID == "#"+fragment || w.ID == id.String()+"#"+fragment {
			return v
		}
	}
	return nil
}

// endpoint returns the address that t leads to by a service of document (DID Core 1.0 §3.2.1,
// did:webvh 1.0, DID URL Resolution). An address of another host than that of the service, a scheme
// other than http and https, and a path that climbs are refused.
func endpoint(document []byte, t target) (string, *failure) {
	var w wireDocument
	if err := strictjson.Unmarshal(document, &w); err != nil {
		return "", fail(invalidDocument, err)
	}
	name := t.service
	switch {
	case t.path == "/whois":
		name = "whois"
	case t.path != "":
		name = "files"
	}
	v := named(w.Services, t.id, name)
	if v == nil {
		return "", fail(notFound, nil)
	}
	var s struct {
		Endpoint strictjson.Value `json:"serviceEndpoint"`
	}
	if err := strictjson.Unmarshal(v, &s); err != nil {
		return "", fail(invalidDocument, err)
	}
	if s.Endpoint.Kind() != '"' {
		return "", fail(featureNotSupported, nil)
	}
	text, err := strictjson.String(s.Endpoint)
	if err != nil {
		return "", fail(invalidDocument, err)
	}
	return t.follow(text)
}

// follow returns the address below base that t names.
func (t target) follow(base string) (string, *failure) {
	from, err := url.Parse(base)
	if err != nil || from.Scheme != "https" && from.Scheme != "http" || from.Host == "" || from.User != nil {
		return "", fail(invalidDID, err)
	}
	to := from
	switch {
	case t.path != "" && t.path != "/whois":
		to, err = url.Parse(strings.TrimSuffix(base, "/") + (&url.URL{Path: t.path}).EscapedPath())
	case t.relative != "":
		to, err = from.Parse(t.relative)
	}
	if err != nil || to.Scheme != from.Scheme || to.Host != from.Host || to.User != nil || climbs(t.path) || climbs(t.relative) {
		return "", fail(invalidURL, err)
	}
	if out := to.String(); len(out) <= MaxURL {
		return out, nil
	}
	return "", fail(invalidURL, nil)
}

// climbs reports whether a path has a segment "." or "..", escaped or not, or a backslash.
func climbs(path string) bool {
	text, err := url.PathUnescape(path)
	if err != nil || strings.Contains(text, `\`) {
		return true
	}
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
