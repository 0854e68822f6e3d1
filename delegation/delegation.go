// SPDX-License-Identifier: Apache-2.0

// Package delegation decides who may act for whom. It is pure: no clock, no network, no
// randomness; equal input gives equal output. delegation.md is its specification, and the
// step names S, M and C in comments are those of its sections 7, 9 and 10.
package delegation

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Outcome is the answer. The zero Outcome is Deny.
type Outcome uint8

// The outcomes in their order (§10).
const (
	Deny Outcome = iota
	RequestPermission
	StepUp
	PermitWithObligations
	Permit
)

// String returns the outcome as it travels: deny, request_permission, step_up,
// permit_with_obligations, permit.
func (o Outcome) String() string {
	switch o {
	case RequestPermission:
		return "request_permission"
	case StepUp:
		return "step_up"
	case PermitWithObligations:
		return "permit_with_obligations"
	case Permit:
		return "permit"
	}
	return "deny"
}

// Check is the result of something that was checked before Decide. The zero Check did not pass.
type Check uint8

// The results.
const (
	Failed Check = iota
	Passed
)

// World is what a decision reads beside presentation and request, as it was at Now.
type World struct {
	Now          time.Time
	Framework    *trustframework.Framework // with the controllers' policies; nil: unavailable
	Status       map[string]Status         // by credential name (Link.Name); absent: unavailable
	Restrictions []Restriction
}

// Status is what is known of one credential: its state as status.State writes it, and how old the
// evidence is.
type Status struct {
	State string // valid, revoked, suspended, unavailable
	Age   time.Duration
}

// Restriction is in force at Now (delegation.md §4.4). Empty Delegate is every delegate, empty
// Resource every resource. Kind is for audit alone.
type Restriction struct {
	Principal string `json:"principal"`
	Delegate  string `json:"delegate,omitempty"`
	Resource  string `json:"resource,omitempty"`
	Kind      string `json:"kind"`
}

// Request is one access that a relying service asks about (delegation.md §5). Nil and empty
// optional members have the defaults of that table.
type Request struct {
	Principal            string
	Resource             string
	Action               string
	Purpose              string
	Controller           string
	Jurisdiction         string   // "": not checked
	Categories           []string // nil: unknown; empty: known to have none
	Window               *Window  // nil: none asked
	Assurance            string   // "": low
	Satisfied            []string
	UsesSoFar            int
	SupportedObligations []string    // nil: DefaultObligations
	Fault                reason.Code // set by a reader that found a member malformed; "" otherwise
}

// Window is a range of record dates, YYYY-MM-DD, both ends inclusive.
type Window struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Link is one delegation credential of a chain with what was checked of it.
type Link struct {
	Name       string // the name that World.Status and Disclosed use: the credential's id
	Credential *credential.Credential
	Signature  Check
	Parent     Parentage   // how the link above was found; the root's is not read
	Fault      reason.Code // why the wire form could not be mapped to decision names; "" if it could
}

// Parentage says how a link names the one before it in the chain.
type Parentage uint8

// The ways. The zero Parentage is that it does not.
const (
	NotNamed      Parentage = iota
	NamedByID               // the id is equal, the digest is not
	NamedByDigest           // the digest is equal
)

// Supporting is a credential that helps a chain (delegation.md §4.5).
type Supporting struct {
	Name       string
	Credential *credential.Credential
	Signature  Check
}

// Proof holds the results of the checks on the holder proof. The zero Proof proves nothing.
type Proof struct {
	Nonce, Audience, Unused, Fresh, Holder Check
}

// Presentation is what a delegate showed.
type Presentation struct {
	Presenter  string // DID proved by the holder proof
	Proof      Proof
	Chain      []Link // root first
	Incomplete bool   // a link names a parent that was not presented (S2.8)
	Supporting []Supporting
	Disclosed  map[string][]string // permission ids shown, by link name; a name that is absent shows all
}

// Decision is the answer and what it rests on. The zero Decision denies.
type Decision struct {
	Outcome     Outcome
	Reason      reason.Code
	Reasons     []reason.Code // all that were found, primary first
	Obligations []string      // sorted by code point
	NarrowTo    []string      // sorted; with authority.request_too_broad alone
	Permission  string        // id of the deciding permission, "" where none decided
	// RootPermission is the id of the permission of the root that Permission rests on: what uses
	// are counted by, as every id below the root is made up by a delegate.
	RootPermission string
	Link           string        // name of the link that decided, "" where none did
	Expires        time.Time     // earliest limit of anything that the decision used; zero with a denial, which must not be kept
	StatusAge      time.Duration // oldest status that was noted
	Basis          []Basis       // what was relied on, in the order in which it was; with a denial, what was found out so far
	NotBefore      time.Time     // with credential.not_yet_valid and credential.expired: the link's interval
	NotAfter       time.Time
}

// Decide answers r. It never fails: what cannot be found out is a denial.
func Decide(w World, p Presentation, r Request) Decision { return decide(w, p, r, nil) }

// DefaultObligations are the obligation prefixes that a relying service is taken to support
// unless it says otherwise (delegation.md §5).
func DefaultObligations() []string {
	return []string{"filter:", "notify:", "warn:", "audit:", "alert:"}
}
