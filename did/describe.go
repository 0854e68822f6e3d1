// SPDX-License-Identifier: Apache-2.0

package did

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// ErrFeature is the cause of a refusal of an option that the method of a DID does not know.
var ErrFeature = errors.New("did: the method has no such feature")

// ErrNotFound is the cause of a refusal for a document, or a version of one, that is not there.
var ErrNotFound = errors.New("did: there is no such document")

// Options say which document is wanted, and in which form. The zero Options ask for the latest.
type Options struct {
	VersionID     string     // that version (DID Core 1.0 §3.2.1)
	VersionTime   time.Time  // the version that was the latest then (DID Core 1.0 §3.2.1)
	VersionNumber int        // the version of that number, from 1 (did:webvh 1.0)
	Type          MethodType // form of the keys of methods that compute their documents; zero is their own
	EncryptionKey bool       // list a key for agreement that is derived from the one for signatures (did:key)
}

// Versioned reports whether o asks for another version than the latest.
func (o Options) Versioned() bool {
	return o.VersionID != "" || !o.VersionTime.IsZero() || o.VersionNumber != 0
}

// Metadata is what is known of a document beside its content (DID Resolution 0.3 §4.3). Zero members are unknown.
type Metadata struct {
	Created, Updated time.Time
	Deactivated      bool
	VersionID        string
	VersionNumber    int
	VersionTime      time.Time
	Method           []byte // a JSON object with the members that only the method has, or nil
}

// Description is a whole document, for those who want to see it and not to act on it.
type Description struct {
	Document []byte // JSON, as it was received or is written for the DID
	Metadata Metadata
}

// Describer is what a Resolver may be too: it gives whole documents. It is safe for concurrent use,
// and refuses a DID as Resolve does.
type Describer interface {
	Describe(ctx context.Context, id DID, o Options) (Description, error)
}

// Unsupported is the refusal of a feature that a method does not have: did.method_unsupported with ErrFeature.
func Unsupported(detail string) error {
	return reason.Wrap(reason.DIDMethodUnsupported, detail, ErrFeature)
}
