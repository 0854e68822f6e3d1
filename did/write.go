// SPDX-License-Identifier: Apache-2.0

package did

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// MediaType is the type with which a document is served (DID Core 1.1, IANA considerations).
const MediaType = "application/did"

// MethodType is the form in which a key stands in a document.
type MethodType string

// The forms that are written (Controlled Identifiers 1.0 §2.2). The zero MethodType is JSONWebKey.
const (
	JSONWebKey MethodType = "JsonWebKey"
	Multikey   MethodType = "Multikey"
)

// Publication is a key that a party publishes in its own document.
type Publication struct {
	Fragment      string
	Key           key.Public
	Relationships []Relationship // at least one
	Expires       time.Time      // zero: never; written to the second, the fraction cut off
	Type          MethodType
}

type outDocument struct {
	Context              []string    `json:"@context"`
	ID                   string      `json:"id"`
	VerificationMethod   []outMethod `json:"verificationMethod"`
	AssertionMethod      []string    `json:"assertionMethod,omitempty"`
	Authentication       []string    `json:"authentication,omitempty"`
	CapabilityDelegation []string    `json:"capabilityDelegation,omitempty"`
	CapabilityInvocation []string    `json:"capabilityInvocation,omitempty"`
	KeyAgreement         []string    `json:"keyAgreement,omitempty"`
}

type outMethod struct {
	ID         string           `json:"id"`
	Type       MethodType       `json:"type"`
	Controller string           `json:"controller"`
	Expires    string           `json:"expires,omitempty"`
	JWK        strictjson.Value `json:"publicKeyJwk,omitempty"`
	Multibase  string           `json:"publicKeyMultibase,omitempty"`
}

// WriteDocument writes the document of id with the keys given, in order, for the party that id
// names to serve as MediaType. The result is read again by ReadDocument before it is returned.
// No key at all, a zero key, a bad fragment or one used twice, no relationship, KeyAgreement
// or an unknown one, and an unknown type are refused with the code that reading would give.
func WriteDocument(id DID, keys []Publication) ([]byte, error) {
	if id.IsZero() || len(keys) == 0 {
		return nil, reason.New(reason.JSONMemberMissing, "a document needs a DID and a key")
	}
	d := outDocument{
		Context: []string{"https://www.w3.org/ns/did/v1"},
		ID:      id.s,
	}
	for _, p := range keys {
		if err := d.publish(id, p); err != nil {
			return nil, err
		}
	}
	raw, err := strictjson.Marshal(d)
	if err != nil {
		return nil, err
	}
	if _, err := ReadDocument(raw, id, time.Unix(0, 0)); err != nil {
		return nil, err
	}
	return raw, nil
}

func (d *outDocument) publish(id DID, p Publication) error {
	u, err := id.WithFragment(p.Fragment)
	if err != nil {
		return err
	}
	m, err := p.method(u)
	if err != nil {
		return err
	}
	if c := m.context(); !slices.Contains(d.Context, c) {
		d.Context = append(d.Context, c)
	}
	d.VerificationMethod = append(d.VerificationMethod, m)
	if len(p.Relationships) == 0 {
		return reason.New(reason.KeyPurposeMismatch, "a published key needs a relationship")
	}
	for _, r := range p.Relationships {
		list := d.relationship(r)
		if list == nil || r == KeyAgreement {
			return reason.New(reason.KeyPurposeMismatch, "a key for signatures can not be published under this relationship")
		}
		if !slices.Contains(*list, m.ID) {
			*list = append(*list, m.ID)
		}
	}
	return nil
}

func (p Publication) method(u URL) (outMethod, error) {
	m := outMethod{ID: u.String(), Type: p.Type, Controller: u.did.s}
	if !p.Expires.IsZero() {
		m.Expires = p.Expires.UTC().Format(time.RFC3339)
	}
	if p.Key.IsZero() {
		return m, reason.New(reason.KeyWeak, "there is no key to publish")
	}
	var err error
	switch p.Type {
	case "", JSONWebKey:
		j := p.Key.JWK()
		j.Kid, j.Alg = p.Key.Thumbprint(), string(p.Key.Algorithm())
		m.Type = JSONWebKey
		m.JWK, err = strictjson.Marshal(j)
	case Multikey:
		m.Multibase, err = multiformat.EncodeKey(p.Key)
	default:
		err = unsupported()
	}
	return m, err
}

// context returns the JSON-LD context that defines the method's type.
func (m outMethod) context() string {
	if m.Type == Multikey {
		return "https://w3id.org/security/multikey/v1"
	}
	return "https://w3id.org/security/jwk/v1"
}

// relationship returns the list of r, nil if there is no such relationship.
func (d *outDocument) relationship(r Relationship) *[]string {
	switch r {
	case AssertionMethod:
		return &d.AssertionMethod
	case Authentication:
		return &d.Authentication
	case CapabilityDelegation:
		return &d.CapabilityDelegation
	case CapabilityInvocation:
		return &d.CapabilityInvocation
	case KeyAgreement:
		return &d.KeyAgreement
	}
	return nil
}

// Material is a public key of whatever kind, as it stands in a document that is computed.
type Material struct {
	Fragment      string
	Multibase     string // publicKeyMultibase of a Multikey; exactly one of the two is given
	JWK           []byte // publicKeyJwk of a JsonWebKey
	Relationships []Relationship
}

// Compose writes the document of id with the keys given, in order, as methods do that compute it
// (did:key 0.9, did:jwk). Material that is neither Multikey nor JWK, a bad fragment, and a
// relationship there is not are refused with the codes of WriteDocument.
func Compose(id DID, keys ...Material) ([]byte, error) {
	d := outDocument{Context: []string{"https://www.w3.org/ns/did/v1"}, ID: id.s}
	for _, k := range keys {
		u, err := id.WithFragment(k.Fragment)
		if err != nil {
			return nil, err
		}
		m := outMethod{ID: u.String(), Type: Multikey, Controller: id.s, Multibase: k.Multibase, JWK: k.JWK}
		if (k.Multibase == "") == (len(k.JWK) == 0) {
			return nil, reason.New(reason.KeyAmbiguous, "a method needs one kind of key material")
		}
		if k.Multibase == "" {
			m.Type = JSONWebKey
		}
		if c := m.context(); !slices.Contains(d.Context, c) {
			d.Context = append(d.Context, c)
		}
		d.VerificationMethod = append(d.VerificationMethod, m)
		for _, r := range k.Relationships {
			list := d.relationship(r)
			if list == nil {
				return nil, reason.New(reason.KeyPurposeMismatch, "there is no such relationship")
			}
			*list = append(*list, m.ID)
		}
	}
	return strictjson.Marshal(d)
}
