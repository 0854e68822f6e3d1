// SPDX-License-Identifier: Apache-2.0

// Package trustframework says who may do what here: the framework as a value, and the signed,
// versioned snapshot in which it travels. It is pure: no clock, no network.
package trustframework

import "time"

// Bounds on one framework. They fit the readers below: a compact token has at most 1 MiB
// (jose.MaxToken) and a JSON list at most 4,096 items (strictjson.MaxMembers).
const (
	MaxSnapshot       = 1 << 20          // bytes of a signed snapshot
	MaxFramework      = 720 << 10        // bytes of a framework as JSON, so that its signed form fits
	MaxEntries        = 4096             // accreditations, parties, verifiers, controllers, relationships, each
	MaxList           = 256              // entries of any other list
	MaxText           = 512              // bytes of an identifier or name; of a DID too
	MaxSnapshotAge    = 60 * time.Minute // ceiling of maxAgeSeconds (security.md §5.1, hard)
	MaxAccreditedPath = 16               // ceiling of limits.maxAccreditationPath
	MaxVersion        = 1<<31 - 1        // versions of one framework
	MaxChainLinks     = 16               // ceiling of limits.maxChainLinks
)

// Framework is delegation.md §4.1 and §4.2 with what the servers need beside: the parties'
// hosts and the verifiers' entitlements. The zero Framework is unavailable and accredits nobody.
type Framework struct {
	ID             string                      `json:"id"`
	Version        int                         `json:"version,omitzero"`
	Unavailable    bool                        `json:"unavailable,omitzero"`
	AsOf           time.Time                   `json:"asOf,omitzero"`
	MaxAgeSeconds  int64                       `json:"maxAgeSeconds"`
	Anchors        []string                    `json:"anchors"`
	Limits         Limits                      `json:"limits"`
	Relationships  map[string]Relationship     `json:"relationships"`
	Accreditations []Accreditation             `json:"accreditations"`
	Controllers    map[string]ControllerPolicy `json:"controllers,omitempty"`
	Parties        map[string]Party            `json:"parties,omitempty"`
	Verifiers      []Verifier                  `json:"verifiers,omitempty"`
}

// Limits are the framework's caps on cost.
type Limits struct {
	MaxChainLinks        int `json:"maxChainLinks"`
	MaxAccreditationPath int `json:"maxAccreditationPath"`
}

// Relationship holds the rules of one kind of delegation (delegation.md §2.5).
type Relationship struct {
	LegalBases         []string `json:"legalBases"`
	MaxRedelegation    int      `json:"maxRedelegation,omitzero"`
	MaxValidityDays    int      `json:"maxValidityDays,omitzero"` // days of exactly 24 h; 0: no limit
	SelfIssue          bool     `json:"selfIssue,omitzero"`
	DelegateKinds      []string `json:"delegateKinds,omitempty"` // empty: any
	TransitionRequired bool     `json:"transitionRequired,omitzero"`
	ReviewRequired     bool     `json:"reviewRequired,omitzero"`
	SeparationOfDuties bool     `json:"separationOfDuties,omitzero"`
	MandatoryRequires  []string `json:"mandatoryRequires,omitempty"`
	MaxRisk            string   `json:"maxRisk,omitempty"` // "": no ceiling
}

// Status of an accreditation.
const (
	Active    = "active"
	Suspended = "suspended"
	Revoked   = "revoked"
	Retired   = "retired"
)

// Accreditation lets a party issue, accredit or mediate within limits (delegation.md §4.1).
// In the lists nil means unrestricted, "*" in the list too, and an empty list allows nothing.
type Accreditation struct {
	ID            string    `json:"id"`
	Issuer        string    `json:"issuer"`
	AccreditedBy  string    `json:"accreditedBy"`
	Status        string    `json:"status"`
	From          time.Time `json:"from"`
	Until         time.Time `json:"until"`
	RetiredAt     time.Time `json:"retiredAt,omitzero"`
	Types         []string  `json:"types"`
	Relationships []string  `json:"relationships,omitzero"`
	LegalBases    []string  `json:"legalBases,omitzero"`
	Jurisdictions []string  `json:"jurisdictions,omitzero"`
	Controllers   []string  `json:"controllers,omitzero"`
	Purposes      []string  `json:"purposes,omitzero"`
	Resources     []string  `json:"resources,omitzero"`
	Actions       []string  `json:"actions,omitzero"`
	MaxRisk       string    `json:"maxRisk,omitempty"`      // "": high
	MinAssurance  string    `json:"minAssurance,omitempty"` // "": no floor
	Mediates      bool      `json:"mediates,omitzero"`
}

// ControllerPolicy is what one data controller offers to delegates (delegation.md §4.2).
type ControllerPolicy struct {
	Proxyable    []string              `json:"proxyable"`
	NotProxyable []string              `json:"notProxyable,omitempty"`
	Requestable  []string              `json:"requestable,omitempty"`
	Risk         map[string]string     `json:"risk,omitempty"`
	ByRisk       map[string]RiskPolicy `json:"byRisk"`
	Agent        AgentPolicy           `json:"agent,omitzero"`
}

// RiskPolicy is what a controller asks for at one class of risk.
type RiskPolicy struct {
	StatusMaxAge int64    `json:"statusMaxAge"` // seconds
	Requires     []string `json:"requires,omitempty"`
	MinAssurance string   `json:"minAssurance,omitempty"` // "": low
}

// AgentPolicy holds where a software agent stands in the chain.
type AgentPolicy struct {
	MaxRisk  string   `json:"maxRisk,omitempty"` // "": routine
	Requires []string `json:"requires,omitempty"`
}

// Party is what is known of an issuer or verifier by its identifier beside its accreditations:
// the hosts that may be asked for its did:web document and its status lists, and how its keys are
// found when it issues. The identifier is a DID, or the https address of an issuer whose keys
// are not found by a DID. Persons are never parties.
type Party struct {
	Name        string   `json:"name"`
	DIDHosts    []string `json:"didHosts,omitempty"`    // host or host:port of did:web documents
	StatusHosts []string `json:"statusHosts,omitempty"` // origins (https://host[:port]) of status lists

	IssuerKeys IssuerKeys `json:"issuerKeys,omitzero"` // how its keys are found when it issues; zero: by its DID
}
