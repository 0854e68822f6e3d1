// SPDX-License-Identifier: Apache-2.0

// Package credential is the data model of delegation, whatever format secures it.
package credential

import (
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// The credential types there are.
const (
	TypeDelegation          = "DelegationCredential"
	TypeIdentityBinding     = "IdentityBindingCredential"
	TypeWorkgroupMembership = "WorkgroupMembershipCredential"
)

// Names that every format writes. They identify; nothing is fetched from them.
const (
	ContextVC         = "https://www.w3.org/ns/credentials/v2"
	ContextDelegation = "https://example.org/ns/delegation/v1"
	SchemaID          = "https://example.org/schemas/delegation-credential-1.json"

	VCTNamespace           = "https://example.org/vct/" // every vct of ours begins so
	VCTDelegation          = VCTNamespace + "delegation/1"
	VCTIdentityBinding     = VCTNamespace + "identity-binding/1"
	VCTWorkgroupMembership = VCTNamespace + "workgroup-membership/1"
)

// VCT returns the vct by which dc+sd-jwt names a type of credential, "" for one that there is not.
func VCT(typ string) string {
	switch typ {
	case TypeDelegation:
		return VCTDelegation
	case TypeIdentityBinding:
		return VCTIdentityBinding
	case TypeWorkgroupMembership:
		return VCTWorkgroupMembership
	}
	return ""
}

// Bounds on one credential.
const (
	MaxPermissions  = 128 // permissions of a link
	MaxList         = 64  // entries of purposes, controllers, jurisdictions, actions, kinds, prohibitions
	MaxResource     = 128 // bytes of a resource path
	MaxPathSegments = 8
	MaxText         = 2048                // code points of an identifier or another text
	MaxStatusIndex  = 999_999_999_999_999 // highest index in a status list
)

// Credential is a statement, believed by no one yet: what some JSON says, in decision names
// (delegation.md §2.1). Only Verified says that a signature was checked.
//
// For IdentityBindingCredential and WorkgroupMembershipCredential, Delegate.ID is the subject
// and the members below Delegate are zero but Workgroup.
type Credential struct {
	ID         string
	Type       string
	Issuer     string
	ValidFrom  time.Time
	ValidUntil time.Time
	Delegate   Delegate
	Workgroup  string

	OnBehalfOf   Principal
	Relationship string
	LegalBasis   string
	GrantedBy    string
	Jurisdiction []string
	Purposes     []string
	Controllers  []string
	ReviewBy     time.Time // zero: absent
	TransitionAt time.Time // zero: absent
	Redelegation Redelegation
	Prohibitions []Prohibition
	Parent       *Parent // nil in a root
	Permissions  []Permission

	Assurance *Assurance // nil: withheld or absent
	Evidence  []Evidence
	Framework string // id of the trust framework the issuer worked under; informative
	Policy    string // URL of that framework's version; informative
	Refresh   string // W3C formats: where to re-issue; informative, and not carried by dc+sd-jwt
	Status    []StatusRef
}

// Delegate is who may act.
type Delegate struct {
	ID         string // DID
	Kind       string // person, organisation, workgroup, agent
	OperatedBy string // agents: the accountable operator; "" otherwise
}

// Principal is who is acted for. Identifier is nil where it was withheld.
type Principal struct {
	ID         string // DID or URN
	Identifier *Identifier
}

// Identifier is a record number in some system.
type Identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// Redelegation bounds what the delegate may pass on. Kinds nil means persons alone, empty none.
type Redelegation struct {
	MaxDepth int      `json:"maxDepth"`
	Kinds    []string `json:"kinds"`
}

// Prohibition denies actions on a resource, above and below it, whatever a permission says.
type Prohibition struct {
	Resource string   `json:"resource"`
	Actions  []string `json:"actions"`
}

// Parent names the link above by id and by digest of its secured form (delegation.md §3.4).
type Parent struct {
	ID     string `json:"id"`
	Digest string `json:"digest"`
}

// Names reports whether p is the link with this id and digest. A digest of another form than
// "sha-256:" and the hash names nothing (delegation.md §3.4).
func (p Parent) Names(id, digest string) bool {
	return p.ID == id && p.Digest == digest && strings.HasPrefix(digest, "sha-256:")
}

// Permission grants actions on a resource.
type Permission struct {
	ID         string
	Resource   string
	Actions    []string
	Risk       string
	Constraint Constraint
}

// Constraint is what holds a permission back. Void is true for one that cannot be honoured
// exactly (delegation.md §2.4): it voids its permission. Raw is the JSON object as received.
type Constraint struct {
	DateFrom, DateTo string   // "" absent
	Exclude          []string // excludeCategories
	Include          []string // includeCategories; nil absent
	MinAssurance     string   // "" absent
	Requires         []string
	MaxUses          int // 0 absent
	Void             bool
	Raw              strictjson.Value
}

// Assurance holds the levels at which principal and delegate were identified at issue.
type Assurance struct {
	Principal string `json:"principal"`
	Delegate  string `json:"delegate"`
	Scheme    string `json:"scheme,omitempty"`
}

// Evidence points at a record that the issuer keeps, with a Subresource Integrity digest of it.
type Evidence struct {
	ID             string `json:"id"`
	Type           string `json:"type"`
	DigestSRI      string `json:"digestSRI,omitempty"`
	LegalBasisCode string `json:"legalBasisCode,omitempty"`
}

// StatusKind tells the two kinds of status entry apart.
type StatusKind uint8

// The kinds of status entry. The zero kind is refused everywhere.
const (
	TokenStatusList     StatusKind = iota + 1 // draft-ietf-oauth-status-list
	BitstringStatusList                       // Bitstring Status List 1.0
)

// StatusRef is one status entry of a credential.
type StatusRef struct {
	Kind    StatusKind
	List    string // URL of the list
	Index   uint64
	Purpose string // Bitstring: revocation or suspension; Token: ""
}
