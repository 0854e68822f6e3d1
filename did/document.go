// SPDX-License-Identifier: Apache-2.0

package did

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one document (security.md §5.3).
const (
	MaxDocument = 256 << 10 // bytes
	MaxMethods  = 64        // verification methods, embedded ones included
	MaxListed   = 64        // entries of one relationship, services, controllers or other names
)

// Relationship is a verification relationship (Controlled Identifiers 1.0 §2.3).
type Relationship string

// The relationships there are. Credentials are signed under AssertionMethod, presentations and
// requests under Authentication; the others are read and nothing is signed under them.
const (
	AssertionMethod      Relationship = "assertionMethod"
	Authentication       Relationship = "authentication"
	CapabilityDelegation Relationship = "capabilityDelegation"
	CapabilityInvocation Relationship = "capabilityInvocation"
	KeyAgreement         Relationship = "keyAgreement"
)

// Method is one verification method of a document. Its key was parsed and checked; Key is zero
// if nothing can be verified with it: another party's, or of a kind that is not in use.
type Method struct {
	ID      URL
	Key     key.Public
	Expires time.Time // zero: never
	Revoked time.Time // zero: not

	refused error // why Key is zero
}

// Document is a DID document reduced to what is acted on. ReadDocument or a method makes one;
// it is not changed afterwards and may be shared.
type Document struct {
	ID       DID
	Methods  []Method
	Purposes map[Relationship][]string // fragments, in document order
	Fetched  time.Time                 // when it was had from its source; zero for methods without one

	former []string // fragments of methods that an earlier version had; see Cache
}

// Key returns the key that u names, if this document lists it under r (Controlled Identifiers
// 1.0 §3.3). A method of another DID, or controlled by another, is key.controller_mismatch; one
// that the document had once and has no more key.revoked; one that it never had, as far as
// is known, and one of a kind that is not in use did.method_unsupported; one not listed under r
// key.purpose_mismatch; one with a bound on its life at or before at key.outside_validity.
// A method whose key was bad gives the refusal of that key.
func (d *Document) Key(u URL, r Relationship, at time.Time) (key.Public, error) {
	if d == nil || d.ID.IsZero() || u.did != d.ID {
		return key.Public{}, reason.New(reason.KeyControllerMismatch, "the key belongs to another DID")
	}
	for i := range d.Methods {
		if m := &d.Methods[i]; m.ID == u {
			return d.usable(m, r, at)
		}
	}
	if slices.Contains(d.former, u.fragment) {
		return key.Public{}, reason.New(reason.KeyRevoked, "the document has this key no more")
	}
	return key.Public{}, reason.New(reason.DIDMethodUnsupported, "the document has no such verification method")
}

func (d *Document) usable(m *Method, r Relationship, at time.Time) (key.Public, error) {
	switch {
	case !slices.Contains(d.Purposes[r], m.ID.fragment):
		return key.Public{}, reason.New(reason.KeyPurposeMismatch, "the key is not listed under the relationship needed")
	case m.refused != nil:
		return key.Public{}, m.refused
	case m.Key.IsZero():
		return key.Public{}, reason.New(reason.KeyWeak, "the verification method has no key")
	case !m.Expires.IsZero() && !at.Before(m.Expires), !m.Revoked.IsZero() && !at.Before(m.Revoked):
		return key.Public{}, reason.New(reason.KeyOutsideValidity, "the key's life is over")
	}
	return m.Key, nil
}

// after returns d as the successor of old: the methods that old had or remembered and d has not
// are remembered, at most MaxMethods of them, the latest first. It changes neither.
func (d *Document) after(old *Document) *Document {
	var gone []string
	for i := range old.Methods {
		gone = append(gone, old.Methods[i].ID.fragment)
	}
	gone = slices.DeleteFunc(append(gone, old.former...), d.has)
	if len(gone) == 0 {
		return d
	}
	next := *d
	next.former = gone[:min(len(gone), MaxMethods)]
	return &next
}

func (d *Document) has(fragment string) bool {
	return slices.ContainsFunc(d.Methods, func(m Method) bool { return m.ID.fragment == fragment })
}
