// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// GrantRequest is what an operator asks to be granted (interface.md, POST /admin/v1/delegations).
type GrantRequest struct {
	Profile   string     `json:"profile"`
	Formats   []string   `json:"formats"`
	Collector *Collector `json:"collector,omitempty"` // nil: whoever has the offer and its transaction code
	Review    bool       `json:"review,omitempty"`    // nothing is issued before an operator approves
	Grant     Grant      `json:"grant"`
}

// Collector is the person who must sign in to collect: an account at the OpenID provider that the
// issuer signs people in with.
type Collector struct {
	Issuer  string `json:"issuer"`  // the provider's issuer identifier
	Subject string `json:"subject"` // sub of the account
}

// Grant holds the members of a delegation credential less those that the issuer adds: ids,
// issuer, status, schema and the holder's key (delegation.md §2.1).
type Grant struct {
	Delegate struct {
		ID         string `json:"id,omitempty"` // "": whoever proves a key at collection
		Kind       string `json:"kind"`
		OperatedBy string `json:"operatedBy,omitempty"`
	} `json:"delegate"`
	OnBehalfOf struct {
		ID         string                 `json:"id"`
		Identifier *credential.Identifier `json:"identifier,omitempty"`
	} `json:"onBehalfOf"`
	Delegation GrantedDelegation     `json:"delegation"`
	Evidence   []credential.Evidence `json:"evidence,omitempty"`
	ValidFrom  time.Time             `json:"validFrom"`
	ValidUntil time.Time             `json:"validUntil"`
}

// GrantedDelegation is the member delegation of a Grant. A member without omitempty must be there,
// if only as an empty list: what limits is stated, never assumed.
type GrantedDelegation struct {
	Relationship string                   `json:"relationship"`
	LegalBasis   string                   `json:"legalBasis"`
	GrantedBy    string                   `json:"grantedBy"`
	Jurisdiction []string                 `json:"jurisdiction"`
	Purpose      []string                 `json:"purpose"`
	Controller   []string                 `json:"dataController"`
	ReviewBy     time.Time                `json:"reviewBy,omitzero"`
	TransitionAt time.Time                `json:"transitionAt,omitzero"`
	Redelegation credential.Redelegation  `json:"redelegation"`
	Prohibition  []credential.Prohibition `json:"prohibition"`
	Assurance    *credential.Assurance    `json:"identityAssurance,omitempty"`
	Permission   []GrantedPermission      `json:"permission"`
}

// GrantedPermission is one permission; its id is the issuer's to give.
type GrantedPermission struct {
	Resource   string           `json:"resource"`
	Action     []string         `json:"action"`
	Risk       string           `json:"risk"`
	Constraint strictjson.Value `json:"constraint"`
}

// ReadGrant reads a request to grant. A member that it does not know is only the issuer's to set,
// issue.claim_forbidden; one that is missing or of the wrong type is credential.schema_invalid.
func ReadGrant(raw []byte) (GrantRequest, error) {
	var r GrantRequest
	if err := strictjson.UnmarshalClosed(raw, &r); err != nil {
		if unfit(err) && strictjson.Unmarshal(raw, new(GrantRequest)) == nil {
			return r, reason.Wrap(reason.IssueClaimForbidden, "a member that the request may not set", err)
		}
		return r, invalidGrant(err)
	}
	if err := limitsStated(raw); err != nil {
		return r, invalidGrant(err)
	}
	return r, nil
}

func unfit(err error) bool {
	switch reason.Of(err) {
	case reason.JSONType, reason.JSONNumberForm, reason.JSONMemberMissing:
		return true
	}
	return false
}

// invalidGrant is what json.type means in what becomes a credential.
func invalidGrant(err error) error {
	if unfit(err) {
		return reason.Wrap(reason.CredentialSchemaInvalid, "a member of the grant is missing or of the wrong type", err)
	}
	return err
}

// object is a JSON object of which only the names matter.
type object = map[string]strictjson.Value

// limitsStated refuses a request in which a limiting member is absent: absent never means none.
func limitsStated(raw []byte) error {
	var r struct {
		Grant object `json:"grant"`
	}
	if err := strictjson.Unmarshal(raw, &r); err != nil {
		return err
	}
	if err := has(r.Grant, "delegate", "onBehalfOf", "delegation", "validFrom", "validUntil"); err != nil {
		return err
	}
	var d object
	var inner struct {
		Redelegation object   `json:"redelegation"`
		Prohibition  []object `json:"prohibition"`
		Permission   []object `json:"permission"`
	}
	if err := strictjson.Unmarshal(r.Grant["delegation"], &d); err != nil {
		return err
	}
	if err := strictjson.Unmarshal(r.Grant["delegation"], &inner); err != nil {
		return err
	}
	return errors.Join(
		has(d, "relationship", "legalBasis", "grantedBy", "jurisdiction", "purpose", "dataController", "redelegation", "prohibition", "permission"),
		has(inner.Redelegation, "maxDepth", "kinds"),
		haveAll(inner.Prohibition, "resource", "actions"),
		haveAll(inner.Permission, "resource", "action", "risk", "constraint"))
}

func haveAll(list []object, names ...string) error {
	for _, o := range list {
		if err := has(o, names...); err != nil {
			return err
		}
	}
	return nil
}

func has(o object, names ...string) error {
	for _, name := range names {
		if _, there := o[name]; !there {
			return reason.New(reason.JSONMemberMissing, name+" is missing")
		}
	}
	return nil
}

// credential returns what would be signed for holder under this grant of the delegation called id,
// but for its status. Ids come out of random, except those of permissions that may be used a
// number of times: all copies of one delegation share these, so that copies do not multiply uses.
func (g *Grant) credential(issuer, holder, framework, delegation string, random io.Reader) (*credential.Credential, error) {
	id, err := credential.NewID(random)
	if err != nil {
		return nil, err
	}
	d := &g.Delegation
	c := &credential.Credential{
		ID: id, Type: credential.TypeDelegation, Issuer: issuer, ValidFrom: g.ValidFrom, ValidUntil: g.ValidUntil,
		Delegate:     credential.Delegate{ID: holder, Kind: g.Delegate.Kind, OperatedBy: g.Delegate.OperatedBy},
		OnBehalfOf:   credential.Principal{ID: g.OnBehalfOf.ID, Identifier: g.OnBehalfOf.Identifier},
		Relationship: d.Relationship, LegalBasis: d.LegalBasis, GrantedBy: d.GrantedBy,
		Jurisdiction: d.Jurisdiction, Purposes: d.Purpose, Controllers: d.Controller,
		ReviewBy: d.ReviewBy, TransitionAt: d.TransitionAt, Redelegation: d.Redelegation,
		Prohibitions: d.Prohibition, Assurance: d.Assurance, Evidence: g.Evidence, Framework: framework,
	}
	for i, p := range d.Permission {
		constraint, from := credential.ParseConstraint(p.Constraint), random
		if constraint.MaxUses > 0 {
			sum := sha256.Sum256([]byte(issuer + "\x00" + delegation + "\x00" + strconv.Itoa(i)))
			from = bytes.NewReader(sum[:])
		}
		id, err := credential.NewID(from)
		if err != nil {
			return nil, err
		}
		c.Permissions = append(c.Permissions, credential.Permission{
			ID: id, Resource: p.Resource, Actions: p.Action, Risk: p.Risk, Constraint: constraint,
		})
	}
	return c, nil
}

// signable refuses what no format could sign or no wallet could collect.
func (g *Grant) signable() error {
	for _, t := range []time.Time{g.ValidFrom, g.ValidUntil, g.Delegation.ReviewBy, g.Delegation.TransitionAt} {
		if t.Nanosecond() != 0 {
			return reason.New(reason.CredentialSchemaInvalid, "a time has a fraction of a second, which not every format carries")
		}
	}
	if g.Delegate.ID == "" {
		return nil
	}
	delegate, err := did.Parse(g.Delegate.ID)
	if err != nil || delegate.Method() != "key" && delegate.Method() != "jwk" {
		return reason.Wrap(reason.CredentialSchemaInvalid, "the delegate is a did:key or did:jwk, or left out", err)
	}
	return nil
}

// allows checks a request against the profile it names.
func (p Profile) allows(r GrantRequest) error {
	if len(r.Formats) == 0 {
		return reason.New(reason.CredentialSchemaInvalid, "formats is empty")
	}
	for i, name := range r.Formats {
		if !slices.Contains(p.Formats, name) || slices.Contains(r.Formats[:i], name) {
			return reason.New(reason.CredentialSchemaInvalid, fmt.Sprintf("format %d is not one of the profile's, or repeated", i+1))
		}
	}
	if !slices.Contains(p.Relationships, r.Grant.Delegation.Relationship) {
		return reason.New(reason.IssueClaimForbidden, "the profile does not grant this relationship")
	}
	if r.Grant.ValidUntil.Sub(r.Grant.ValidFrom) > p.MaxValidity {
		return reason.New(reason.IssueClaimForbidden, "the validity is longer than the profile allows: "+p.MaxValidity.String())
	}
	return nil
}
