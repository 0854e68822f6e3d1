// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// statement is a credential.Credential in the form in which a wallet keeps it. It is exact: what
// is absent stays apart from what is empty, which in a delegation are two things.
type statement struct {
	ID           string                   `json:"id"`
	Type         string                   `json:"type"`
	Issuer       string                   `json:"issuer"`
	ValidFrom    time.Time                `json:"validFrom"`
	ValidUntil   time.Time                `json:"validUntil"`
	Delegate     [3]string                `json:"delegate"` // id, kind, operatedBy
	Workgroup    string                   `json:"workgroup,omitzero"`
	Principal    string                   `json:"principal"`
	Identifier   *credential.Identifier   `json:"identifier,omitzero"`
	Relationship string                   `json:"relationship"`
	LegalBasis   string                   `json:"legalBasis"`
	GrantedBy    string                   `json:"grantedBy"`
	Jurisdiction []string                 `json:"jurisdiction,omitzero"`
	Purposes     []string                 `json:"purposes,omitzero"`
	Controllers  []string                 `json:"controllers,omitzero"`
	ReviewBy     time.Time                `json:"reviewBy,omitzero"`
	TransitionAt time.Time                `json:"transitionAt,omitzero"`
	MaxDepth     int                      `json:"maxDepth"`
	Kinds        []string                 `json:"kinds,omitzero"`
	Prohibitions []credential.Prohibition `json:"prohibitions,omitzero"`
	Parent       *credential.Parent       `json:"parent,omitzero"`
	Permissions  []permission             `json:"permissions,omitzero"`
	Assurance    *credential.Assurance    `json:"assurance,omitzero"`
	Evidence     []credential.Evidence    `json:"evidence,omitzero"`
	Framework    string                   `json:"framework,omitzero"`
	Policy       string                   `json:"policy,omitzero"`
	Refresh      string                   `json:"refresh,omitzero"`
	Status       []credential.StatusRef   `json:"status,omitzero"`
}

// permission keeps a constraint as it was received; it is read again by the same rules.
type permission struct {
	ID         string           `json:"id"`
	Resource   string           `json:"resource"`
	Actions    []string         `json:"actions,omitzero"`
	Risk       string           `json:"risk"`
	Constraint strictjson.Value `json:"constraint,omitzero"`
}

func statementOf(c *credential.Credential) statement {
	s := statement{
		ID: c.ID, Type: c.Type, Issuer: c.Issuer, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil,
		Delegate: [3]string{c.Delegate.ID, c.Delegate.Kind, c.Delegate.OperatedBy}, Workgroup: c.Workgroup,
		Principal: c.OnBehalfOf.ID, Identifier: c.OnBehalfOf.Identifier, Relationship: c.Relationship, LegalBasis: c.LegalBasis,
		GrantedBy: c.GrantedBy, Jurisdiction: c.Jurisdiction, Purposes: c.Purposes, Controllers: c.Controllers,
		ReviewBy: c.ReviewBy, TransitionAt: c.TransitionAt, MaxDepth: c.Redelegation.MaxDepth, Kinds: c.Redelegation.Kinds,
		Prohibitions: c.Prohibitions, Parent: c.Parent, Assurance: c.Assurance, Evidence: c.Evidence,
		Framework: c.Framework, Policy: c.Policy, Refresh: c.Refresh, Status: c.Status,
	}
	for _, p := range c.Permissions {
		s.Permissions = append(s.Permissions, permission{p.ID, p.Resource, p.Actions, p.Risk, p.Constraint.Raw})
	}
	return s
}

// sameGrant reports whether two statements are of one delegation: they differ in what differs from copy
// to copy, and in nothing that matters.
func (s *statement) sameGrant(o *statement) bool {
	return s.Type == o.Type && s.Principal == o.Principal && s.Relationship == o.Relationship && s.ValidUntil.Equal(o.ValidUntil) &&
		len(s.Permissions) == len(o.Permissions) && s.MaxDepth == o.MaxDepth
}

// credential returns what statementOf was made of.
func (s *statement) credential() *credential.Credential {
	c := &credential.Credential{
		ID: s.ID, Type: s.Type, Issuer: s.Issuer, ValidFrom: s.ValidFrom, ValidUntil: s.ValidUntil,
		Delegate: credential.Delegate{ID: s.Delegate[0], Kind: s.Delegate[1], OperatedBy: s.Delegate[2]}, Workgroup: s.Workgroup,
		OnBehalfOf: credential.Principal{ID: s.Principal, Identifier: s.Identifier}, Relationship: s.Relationship, LegalBasis: s.LegalBasis,
		GrantedBy: s.GrantedBy, Jurisdiction: s.Jurisdiction, Purposes: s.Purposes, Controllers: s.Controllers,
		ReviewBy: s.ReviewBy, TransitionAt: s.TransitionAt, Redelegation: credential.Redelegation{MaxDepth: s.MaxDepth, Kinds: s.Kinds},
		Prohibitions: s.Prohibitions, Parent: s.Parent, Assurance: s.Assurance, Evidence: s.Evidence,
		Framework: s.Framework, Policy: s.Policy, Refresh: s.Refresh, Status: s.Status,
	}
	for _, p := range s.Permissions {
		c.Permissions = append(c.Permissions, credential.Permission{
			ID: p.ID, Resource: p.Resource, Actions: p.Actions, Risk: p.Risk, Constraint: credential.ParseConstraint(p.Constraint),
		})
	}
	return c
}
