// SPDX-License-Identifier: Apache-2.0

// Package bitstring reads and writes Bitstring Status Lists 1.0 as credentials secured as vc+jwt or with Data Integrity.
package bitstring

import (
	"context"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
)

// Names and bounds of a list.
const (
	Type        = "vc+jwt" // typ of the token
	MediaType   = "application/vc+jwt"
	ContentType = "vc" // cty of the token
	MinEntries  = wire.MinEntries
	MaxPurposes = 8
	DefaultTTL  = 300 * time.Second // after which a list that does not say ttl is asked for again (§2.2)

	typeCredential = "BitstringStatusListCredential"
	typeSubject    = "BitstringStatusList"
)

// The purposes that are acted on (§2.2): a set bit means revoked, or suspended.
const (
	Revocation = "revocation"
	Suspension = "suspension"
)

// List is the content of a BitstringStatusListCredential.
type List struct {
	ID        string        // URL of the list
	Issued    time.Time     // iat where it is given, else validFrom; written as validFrom, to the second
	NotBefore time.Time     // validFrom as read; zero: does not say; not written
	Expires   time.Time     // the earlier of validUntil and exp; zero: does not say; written as validUntil
	TTL       time.Duration // whole milliseconds; 0: does not say
	Purposes  []string      // at least one
	Bits      Bits
}

// Sealed is a list credential whose form was checked and whose signature was not.
type Sealed struct{ sealed wire.Sealed }

// Seal signs l, of one purpose or more, as by.
func Seal(ctx context.Context, l List, by did.Signer) ([]byte, error) {
	w, err := l.written(by.Method.DID())
	if err != nil {
		return nil, err
	}
	return wire.Sign(ctx, Type, ContentType, w, by)
}

// written returns l as a credential of issuer.
func (l List) written(issuer did.DID) (written, error) {
	encoded, err := l.Bits.Encode()
	if err != nil {
		return written{}, err
	}
	w := written{
		Context: []string{credential.ContextVC}, ID: l.ID, Type: []string{"VerifiableCredential", typeCredential},
		Issuer: issuer.String(), ValidFrom: instant(l.Issued), ValidUntil: instant(l.Expires),
		Subject: writtenSubject{l.ID + "#list", typeSubject, l.Purposes, encoded, l.TTL.Milliseconds()},
	}
	if len(l.Purposes) == 1 {
		w.Subject.Purpose = l.Purposes[0] // the form that every reader knows
	}
	return w, nil
}

// Parse reads the form of a list credential: status.too_large if it is too long, status.issuer if
// it brings its own key, else status.signature.
func Parse(raw []byte) (Sealed, error) {
	s, err := wire.Parse(raw, Type)
	return Sealed{s}, err
}

// Method returns the verification method that the list claims to be signed with. Whether its
// owner may speak for the list, and what its key is, is for the caller to find out.
func (s Sealed) Method() did.URL { return s.sealed.Method() }

// Open verifies the signature with k, the key of Method, and reads the list, whose id, when
// present, must be url and which must have at least MinEntries bits. It looks at no clock.
//
// Errors: status.signature, status.issuer (issuer is not the signer), status.subject, status.recursion
// (the list has a status itself), status.purpose (none), status.encoding, status.too_large, status.length.
func (s Sealed) Open(k key.Public, url string) (List, error) {
	payload, err := s.sealed.Open(k)
	if err != nil {
		return List{}, err
	}
	return Content(payload, s.Method().DID().String(), url)
}

// Has reports whether the list speaks of purpose.
func (l List) Has(purpose string) bool { return slices.Contains(l.Purposes, purpose) }

type written struct {
	Context    []string       `json:"@context"`
	ID         string         `json:"id"`
	Type       []string       `json:"type"`
	Issuer     string         `json:"issuer"`
	ValidFrom  string         `json:"validFrom"`
	ValidUntil string         `json:"validUntil,omitempty"`
	Subject    writtenSubject `json:"credentialSubject"`
}

type writtenSubject struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Purpose any    `json:"statusPurpose"`
	List    string `json:"encodedList"`
	TTL     int64  `json:"ttl,omitempty"`
}

// instant writes t as VCDM 2.0 §4.9 asks, "" for the zero time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
