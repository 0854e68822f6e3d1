// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// GrantRequest is what an operator asks to be granted (interface.md, POST /admin/v1/delegations).
type GrantRequest struct {
	Profile string   `json:"profile"`
	Formats []string `json:"formats"`
	Grant   Grant    `json:"grant"`
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

// GrantedDelegation is the member delegation of a Grant.
type GrantedDelegation struct {
	Relationship string                   `json:"relationship"`
	LegalBasis   string                   `json:"legalBasis"`
	GrantedBy    string                   `json:"grantedBy"`
	Jurisdiction []string                 `json:"jurisdiction"`
	Purpose      []string                 `json:"purpose"`
	Controller   []string                 `json:"dataController"`
	ReviewBy     time.Time                `json:"reviewBy,omitzero"`
	TransitionAt time.Time                `json:"transitionAt,omitzero"`
	Redelegation *credential.Redelegation `json:"redelegation"`
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

// issuersOwn are members that only the issuer sets.
func issuersOwn() []string {
	return []string{"id", "issuer", "iss", "credentialStatus", "status", "credentialSchema", "cnf", "proof", "type", "@context"}
}

// ReadGrant reads a request to grant. A member that only the issuer may set is
// issue.claim_forbidden, an unknown one and one of the wrong type credential.schema_invalid.
func ReadGrant(raw []byte) (GrantRequest, error) {
	var r GrantRequest
	if err := ownMembers(raw); err != nil {
		return r, err
	}
	if err := strictjson.UnmarshalClosed(raw, &r); err != nil {
		if code := reason.Of(err); code == reason.JSONType || code == reason.JSONNumberForm {
			return r, reason.Wrap(reason.CredentialSchemaInvalid, "a member of the grant is unknown or of the wrong type", err)
		}
		return r, err
	}
	if r.Grant.Delegation.Redelegation == nil || r.Grant.Delegation.Prohibition == nil {
		return r, reason.New(reason.CredentialSchemaInvalid, "redelegation and prohibition must be stated, if only as none")
	}
	return r, nil
}

func ownMembers(raw []byte) error {
	var r struct {
		Grant map[string]strictjson.Value `json:"grant"`
	}
	if err := strictjson.Unmarshal(raw, &r); err != nil {
		return err
	}
	for _, name := range issuersOwn() {
		if _, there := r.Grant[name]; there {
			return reason.New(reason.IssueClaimForbidden, "the grant sets "+name)
		}
	}
	var d struct {
		Permission []map[string]strictjson.Value `json:"permission"`
	}
	if raw := r.Grant["delegation"]; len(raw) > 0 && strictjson.Unmarshal(raw, &d) == nil {
		for _, p := range d.Permission {
			if _, there := p["id"]; there {
				return reason.New(reason.IssueClaimForbidden, "a permission sets id")
			}
		}
	}
	return nil
}

// credential returns what would be signed for holder under this grant, but for its status. Ids
// come out of random.
func (g *Grant) credential(issuer, holder, framework string, random io.Reader) (*credential.Credential, error) {
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
		ReviewBy: d.ReviewBy, TransitionAt: d.TransitionAt, Redelegation: *d.Redelegation,
		Prohibitions: d.Prohibition, Assurance: d.Assurance, Evidence: g.Evidence, Framework: framework,
	}
	for _, p := range d.Permission {
		id, err := credential.NewID(random)
		if err != nil {
			return nil, err
		}
		c.Permissions = append(c.Permissions, credential.Permission{
			ID: id, Resource: p.Resource, Actions: p.Action, Risk: p.Risk, Constraint: credential.ParseConstraint(p.Constraint),
		})
	}
	return c, nil
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
		return reason.New(reason.CredentialSchemaInvalid, "the profile does not grant this relationship")
	}
	if r.Grant.ValidUntil.Sub(r.Grant.ValidFrom) > p.MaxValidity {
		return reason.New(reason.TrustValidityTooLong, "the profile allows "+p.MaxValidity.String()+" at most")
	}
	return nil
}
