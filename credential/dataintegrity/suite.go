// SPDX-License-Identifier: Apache-2.0

// Package dataintegrity secures JSON documents with embedded proofs (VC Data Integrity 1.0).
package dataintegrity

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
)

// Type is the type of every proof that is read or written (VC Data Integrity 1.0 §3.1).
const Type = "DataIntegrityProof"

// Bounds on one document.
const (
	MaxProofs   = 4        // proofs of a set that are looked at; more are di.proof_set
	MaxSet      = 64       // proofs of a set that are counted; more are limit.members
	MaxDomains  = 4        // entries of domain; more are limit.members
	MaxDocument = 1 << 20  // bytes of a secured document; more are limit.body
	MaxOption   = 2048     // bytes of an option that is text; more are di.proof_options
	MaxValue    = 64 << 10 // bytes of a proofValue; more are di.proof_value
)

// Ahead is how far created may lie behind the instant of verification: what clocks differ by.
const Ahead = 60 * time.Second

// Options is what a proof says beside its value (VC Data Integrity 1.0 §2.1). Zero members are
// left out; Purpose is due.
type Options struct {
	ID        string // absolute URI, by which another proof may name this one
	Created   time.Time
	Expires   time.Time
	Purpose   did.Relationship
	Challenge string
	Nonce     string
	Domain    []string // for whom the proof is; one entry is written as a string
	Previous  []string // ids of the proofs that this one is made over too
}

// Method is a verification method of a proof, found in its controller's document.
type Method struct {
	URL did.URL
	Key key.Public // zero for the BLS12-381 keys of did:key, which a suite reads out of URL
}

// Cryptosuite makes and checks the values of proofs (VC Data Integrity 1.0 §3.2). It is safe for
// concurrent use. What it is given has passed strictjson.Check: unsecured is the document without
// proof, or, in a chain, with the previous proofs as its proof; config is the options of the
// proof as a JSON object without proofValue and, but for a Contextual suite, without @context.
type Cryptosuite interface {
	// Name is the value of the member cryptosuite.
	Name() string
	// Fits reports whether the key of m is one that the suite verifies with. A proof by another
	// is di.suite.
	Fits(m Method) bool
	// Create returns the proofValue, signed by by.
	Create(ctx context.Context, unsecured, config []byte, by did.Signer) (string, error)
	// Verify returns nil if proofValue was made over unsecured and config with the key of m. A
	// value of another form is di.proof_value, one that does not verify
	// credential.signature_invalid.
	Verify(ctx context.Context, unsecured, config []byte, proofValue string, m Method) error
}

// Contextual is a Cryptosuite whose proofs repeat the @context of the document, which is a
// member of config then (VC-DI-EDDSA 1.0 §3.3.1, VC-DI-ECDSA 1.0 §3.3.1).
type Contextual interface {
	Cryptosuite
	// RepeatsContext does nothing. It marks the suite.
	RepeatsContext()
}

// Expect is what a verifier demands of every proof of a document.
type Expect struct {
	Purpose    did.Relationship // due; a proof for another is di.purpose
	Challenge  string           // "": none given
	Domain     string           // "": none given; else the proof names this one domain and no other
	Controller string           // DID that every verification method must belong to; "": any
}

// Suites is the cryptosuites that are accepted. The empty Suites accepts none.
type Suites []Cryptosuite

// Named returns the suite called name, or nil.
func (ss Suites) Named(name string) Cryptosuite {
	for _, s := range ss {
		if s != nil && s.Name() == name {
			return s
		}
	}
	return nil
}
