// SPDX-License-Identifier: Apache-2.0

// Package did has decentralized identifiers, their documents and how one is found by the other.
package did

import (
	"context"
	"errors"
	"strings"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// MaxLength is the number of bytes that a DID or DID URL may have.
const MaxLength = 2048

// DID is a decentralized identifier that Parse accepted (DID Core 1.0 §3.1). The zero DID names nobody.
type DID struct{ s string }

// Parse reads s as a DID. It is stricter than DID Core: no segment of the identifier is empty,
// and percent-encoded octets, two upper-case digits each, are for did:web and did:webvh alone.
// A DID URL with path, query or fragment is did.method_unsupported, a did:key or did:jwk beyond
// MaxLength did.key_invalid, and everything else that is no DID did.syntax.
func Parse(s string) (DID, error) {
	if len(s) > MaxLength {
		return DID{}, tooLong(s)
	}
	i := strings.IndexAny(s, "/?#")
	switch {
	case i < 0 && valid(s):
		return DID{s}, nil
	case i >= 0 && valid(s[:i]):
		return DID{}, reason.New(reason.DIDMethodUnsupported, "a DID URL stands where a DID is due")
	}
	return DID{}, reason.New(reason.DIDSyntax, "not a DID")
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

// WithFragment returns the DID URL d#fragment. A fragment is one or more letters, digits and
// "-", ".", "_" or ":"; another one, a URL beyond MaxLength and the zero DID are did.syntax.
func (d DID) WithFragment(fragment string) (URL, error) {
	if d.IsZero() || !validFragment(fragment) || len(d.s)+1+len(fragment) > MaxLength {
		return URL{}, reason.New(reason.DIDSyntax, "bad fragment")
	}
	return URL{d, fragment}, nil
}

// URL is a DID with a fragment that names a verification method. Paths and queries are not supported.
type URL struct {
	did      DID
	fragment string
}

// ParseURL reads s, of at most MaxLength bytes, as a DID URL with a fragment; a DID without one,
// with a path or a query is did.method_unsupported, and what is no DID URL did.syntax.
func ParseURL(s string) (URL, error) {
	if len(s) > MaxLength {
		return URL{}, tooLong(s)
	}
	base, fragment, ok := strings.Cut(s, "#")
	d, err := Parse(base)
	if err != nil {
		return URL{}, err
	}
	if !ok {
		return URL{}, reason.New(reason.DIDMethodUnsupported, "a DID URL needs a fragment")
	}
	return d.WithFragment(fragment)
}

// IsZero reports whether u names nothing.
func (u URL) IsZero() bool { return u.did.IsZero() }

// DID returns the identifier without the fragment.
func (u URL) DID() DID { return u.did }

// Fragment returns what stands behind "#".
func (u URL) Fragment() string { return u.fragment }

// String returns the URL as it was parsed.
func (u URL) String() string { return u.did.s + "#" + u.fragment }

// ErrUnreachable is the cause of a refusal to resolve whose document's host gave no usable answer:
// it says nothing about the DID, and trying later may help.
var ErrUnreachable = errors.New("did: the host of the document gave no usable answer")

// Resolver finds the document of a DID. It is safe for concurrent use.
type Resolver interface {
	Resolve(ctx context.Context, id DID) (*Document, error)
}

// Signer is a key.Signer together with the verification method by which others find its public half.
type Signer struct {
	key.Signer
	Method URL
}
