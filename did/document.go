// SPDX-License-Identifier: Apache-2.0

package did

import (
	"time"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Relationship is a verification relationship (Controlled Identifiers 1.0 §2.3).
type Relationship string

// The relationships that are used: credentials are signed under AssertionMethod,
// presentations and requests under Authentication.
const (
	AssertionMethod Relationship = "assertionMethod"
	Authentication  Relationship = "authentication"
)

// Method is one verification method of a document, its key parsed and checked.
type Method struct {
	ID      URL
	Key     key.Public
	Expires time.Time // zero: never
	Revoked time.Time // zero: not
}

// Document is a DID document reduced to what is acted on. ReadDocument or a method makes one;
// it is not changed afterwards and may be shared.
type Document struct {
	ID       DID
	Methods  []Method
	Purposes map[Relationship][]string // fragments, in document order
	Fetched  time.Time                 // when it was had from its source; zero for methods without one
}

// Key returns the key that u names, if this document lists it under r. A method of another DID
// is key.controller_mismatch, one that is not there key.revoked, one not listed under r
// key.purpose_mismatch, one with a bound on its life in the past at key.outside_validity.
func (d *Document) Key(u URL, r Relationship, at time.Time) (key.Public, error) {
	if d == nil || d.ID.IsZero() || u.did != d.ID {
		return key.Public{}, reason.New(reason.KeyControllerMismatch, "the key belongs to another DID")
	}
	for _, m := range d.Methods {
		if m.ID == u {
			return d.usable(m, r, at)
		}
	}
	return key.Public{}, reason.New(reason.KeyRevoked, "the document has no such key")
}

func (d *Document) usable(m Method, r Relationship, at time.Time) (key.Public, error) {
	listed := false
	for _, f := range d.Purposes[r] {
		listed = listed || f == m.ID.fragment
	}
	switch {
	case !listed:
		return key.Public{}, reason.New(reason.KeyPurposeMismatch, "the key is not listed under the relationship needed")
	case !m.Expires.IsZero() && !at.Before(m.Expires), !m.Revoked.IsZero() && !at.Before(m.Revoked):
		return key.Public{}, reason.New(reason.KeyOutsideValidity, "the key's life is over")
	}
	return m.Key, nil
}
