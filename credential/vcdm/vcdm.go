// SPDX-License-Identifier: Apache-2.0

// Package vcdm holds credentials and presentations to the Verifiable Credentials Data Model 2.0,
// and to 1.1 where the caller allows it. It is pure: it looks at no signature, no clock and no network.
package vcdm

import (
	"time"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// The base contexts, the first of every document of their version.
const (
	BaseV2 = "https://www.w3.org/ns/credentials/v2"
	BaseV1 = "https://www.w3.org/2018/credentials/v1"
)

// The types that make a document what it is.
const (
	TypeCredential            = "VerifiableCredential"
	TypePresentation          = "VerifiablePresentation"
	TypeEnvelopedCredential   = "EnvelopedVerifiableCredential"
	TypeEnvelopedPresentation = "EnvelopedVerifiablePresentation"
)

// Bounds on one document. More is limit.members, or limit.body and limit.chain where it says so.
const (
	MaxDocument    = 1 << 20   // bytes of a document; more are limit.body
	MaxContexts    = 32        // entries of @context
	MaxTypes       = 64        // values of one type member
	MaxObjects     = 256       // entries of one member: subjects, statuses, evidence and so on
	MaxSchemas     = 8         // entries of credentialSchema: each is evaluated
	MaxResources   = 32        // entries of relatedResource: each is hashed
	MaxSchemaSize  = 256 << 10 // bytes of one JSON Schema; more are schema.unusable
	MaxCredentials = 32        // credentials of a presentation; more are limit.chain
	MaxURL         = 8 << 10   // bytes of a URL other than a data: URL
)

// Version is a version of the data model. The zero Version is none.
type Version uint8

// The versions that there are.
const (
	V2 Version = iota + 1 // Verifiable Credentials Data Model 2.0
	V1                    // Verifiable Credentials Data Model 1.1
)

// Absent says what follows where a schema or a related resource that a credential names is not
// among Rules.Resources. Nothing is ever fetched.
type Absent uint8

// The consequences. Refuse, the zero one, is schema.unusable; Report names the resource in
// Summary.Unchecked and goes on.
const (
	Refuse Absent = iota
	Report
)

// Rules is what a document is held to. The zero Rules accept version 2.0 alone, with embedded
// contexts alone, and refuse what names a schema that is not there.
type Rules struct {
	Profile   jsonld.Profile    // which contexts a document may name
	Oldest    Version           // V1 accepts 1.1 too; otherwise 2.0 alone is accepted
	Absent    Absent            // what a missing schema or related resource means
	Resources map[string][]byte // schemas and related resources by URL; embedded contexts are known without
}

// Summary is what a check learnt of a document that it passed. It is as little believed as the
// document was: nothing here was signed by anyone.
type Summary struct {
	Version    Version
	ID         string // "" if it has none
	Types      []string
	Issuer     string    // id of the issuer; "" for a presentation
	Holder     string    // id of the holder of a presentation, "" if it names none
	Subjects   []string  // ids of the subjects that have one
	ValidFrom  time.Time // zero: not stated
	ValidUntil time.Time // zero: not stated
	Status     []Status
	Unchecked  []string // URLs of schemas and related resources that could not be had
	Held       []Held   // credentials of a presentation, in order
}

// Held is one credential of a presentation: a secured credential as it stands there, or an envelope.
type Held struct {
	Raw      strictjson.Value
	Summary  Summary  // zero for an envelope, whose content is not looked into
	Envelope Envelope // zero for a credential with embedded proof
}

// CheckCredential holds raw, one JSON object, to the data model: conformance of a verifiable
// credential with or without its proof (Verifiable Credentials Data Model 2.0 §1.3, §4, §5).
//
// JSON that two readers could read in two ways has the codes of strictjson. @context that does not
// begin with a base context of an accepted version, or holds anything but URLs and objects, is
// vc.context_invalid; contexts that cannot be used have the codes of package jsonld. A required
// member that is absent, null or of the wrong type, and a value of the wrong form, are
// credential.schema_invalid; an id or type that is no absolute URL jsonld.relative_iri; members of
// both versions side by side vc.ambiguous; a schema or related resource that is not there or has
// another digest schema.unusable. Whether the credential is valid now is for Summary.Valid.
func CheckCredential(raw []byte, rules Rules) (Summary, error) {
	o, err := open(raw)
	if err != nil {
		return Summary{}, err
	}
	return checkCredential(raw, o, rules)
}

// CheckPresentation holds raw to the data model as CheckCredential does, and each credential in it
// (Verifiable Credentials Data Model 2.0 §4.13). A missing member of the presentation itself is
// json.member_missing, one of the wrong type json.type.
func CheckPresentation(raw []byte, rules Rules) (Summary, error) {
	o, err := open(raw)
	if err != nil {
		return Summary{}, err
	}
	return checkPresentation(raw, o, rules)
}

// Valid returns nil if at lies in the period of validity, which ends before ValidUntil; else
// credential.not_yet_valid or credential.expired (Verifiable Credentials Data Model 2.0 §4.9).
func (s Summary) Valid(at time.Time) error {
	switch {
	case at.IsZero():
		return reason.New(reason.InternalIndeterminate, "no instant to judge validity by")
	case !s.ValidFrom.IsZero() && at.Before(s.ValidFrom):
		return reason.New(reason.CredentialNotYetValid, "")
	case !s.ValidUntil.IsZero() && !at.Before(s.ValidUntil):
		return reason.New(reason.CredentialExpired, "")
	}
	return nil
}

func open(raw []byte) (object, error) {
	if len(raw) > MaxDocument {
		return nil, reason.New(reason.LimitBody, "the document is too long")
	}
	members, err := strictjson.CheckMembers(raw, nil)
	return members, err
}

// check is one run over one document.
type check struct {
	rules  Rules
	terms  jsonld.TermSet
	sum    Summary
	kind   kind
	doubt  string // the place of a type that the contexts at the top do not define
	raw    []byte // the document
	absent []string
}

// kind is what is checked, which says by which codes.
type kind uint8

const (
	aCredential kind = iota
	aPresentation
)

func checkCredential(raw []byte, o object, rules Rules) (Summary, error) {
	c := &check{rules: rules, raw: raw}
	steps := []func(object) error{
		c.context, c.id, c.credentialType, c.names, c.issuer, c.subjects, c.validity,
		c.status, c.services, c.schemas, c.resources, c.typesInScope,
	}
	for _, step := range steps {
		if err := step(o); err != nil {
			return Summary{}, err
		}
	}
	c.sum.Unchecked = c.absent
	return c.sum, nil
}
