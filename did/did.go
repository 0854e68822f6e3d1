// SPDX-License-Identifier: Apache-2.0

// Package did has decentralized identifiers, their documents and how one is found by the other.
package did

import (
	"context"
	"strings"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// MaxLength is the number of bytes that a DID or DID URL may have.
const MaxLength = 2048

// DID is a decentralized identifier that Parse accepted (DID Core 1.0 §3.1). The zero DID names nobody.
type DID struct{ s string }

// Parse reads s as a DID: no path, query or fragment. What is not one is did.syntax.
func Parse(s string) (DID, error) {
	if !valid(s) {
		return DID{}, reason.New(reason.DIDSyntax, "not a DID")
	}
	return DID{s}, nil
}

// String returns the DID as it was parsed.
func (d DID) String() string { return d.s }

// IsZero reports whether d names nobody.
func (d DID) IsZero() bool { return d.s == "" }

// Method returns the method name, such as "key".
func (d DID) Method() string {
	_, rest, _ := strings.Cut(d.s, ":")
	m, _, _ := strings.Cut(rest, ":")
	return m
}

// ID returns the method-specific identifier, what stands behind the second colon.
func (d DID) ID() string {
	_, rest, _ := strings.Cut(d.s, ":")
	_, id, _ := strings.Cut(rest, ":")
	return id
}

// URL is a DID with a fragment that names a verification method. Paths and queries are not supported.
type URL struct {
	did      DID
	fragment string
}

// ParseURL reads s as a DID URL with a fragment; a DID without one, with a path or a query is
// did.method_unsupported, and what is no DID URL did.syntax.
func ParseURL(s string) (URL, error) {
	base, fragment, ok := strings.Cut(s, "#")
	if !ok || strings.ContainsAny(base, "/?") {
		return URL{}, reason.New(reason.DIDMethodUnsupported, "a DID URL needs a fragment and has no path or query")
	}
	d, err := Parse(base)
	if err != nil {
		return URL{}, err
	}
	if !validFragment(fragment) {
		return URL{}, reason.New(reason.DIDSyntax, "bad fragment")
	}
	return URL{d, fragment}, nil
}

// DID returns the identifier without the fragment.
func (u URL) DID() DID { return u.did }

// Fragment returns what stands behind "#".
func (u URL) Fragment() string { return u.fragment }

// String returns the URL as it was parsed.
func (u URL) String() string { return u.did.s + "#" + u.fragment }

// Resolver finds the document of a DID. It is safe for concurrent use.
type Resolver interface {
	Resolve(ctx context.Context, id DID) (*Document, error)
}

// Signer is a key.Signer together with the verification method by which others find its public half.
type Signer struct {
	key.Signer
	Method URL
}

// valid implements the did rule of DID Core 1.0 §3.1, less percent-encoded octets other than
// those that did:web needs, and no longer than MaxLength.
func valid(s string) bool {
	rest, ok := strings.CutPrefix(s, "did:")
	if !ok || len(s) > MaxLength {
		return false
	}
	method, id, ok := strings.Cut(rest, ":")
	if !ok || method == "" || id == "" || id[len(id)-1] == ':' {
		return false
	}
	for i := range len(method) {
		if c := method[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	for i := range len(id) {
		if !idChar(id[i]) {
			return false
		}
	}
	return true
}

func idChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_:%", c) >= 0
}

func validFragment(s string) bool {
	if s == "" || len(s) > MaxLength {
		return false
	}
	for i := range len(s) {
		if !idChar(s[i]) || s[i] == '%' {
			return false
		}
	}
	return true
}
