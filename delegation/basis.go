// SPDX-License-Identifier: Apache-2.0

package delegation

import "time"

// BasisKind says what a Basis is. The zero BasisKind is none.
type BasisKind uint8

// The kinds.
const (
	FrameworkSnapshot BasisKind = iota + 1 // the trust framework, by its id
	LinkStatus                             // the status of a link, by Link.Name
	SupportStatus                          // the status of a supporting credential, by Supporting.Name
)

// String returns framework, link_status, support_status, or unknown.
func (k BasisKind) String() string {
	switch k {
	case FrameworkSnapshot:
		return "framework"
	case LinkStatus:
		return "link_status"
	case SupportStatus:
		return "support_status"
	}
	return "unknown"
}

// Basis is one thing that a decision relied on, and how old it was at World.Now. A decision has at
// most three more of them than its chain has links. For operators and audit: a delegate is not
// shown it.
type Basis struct {
	Kind BasisKind
	Name string
	Age  time.Duration
}

// The limits of how long a decision holds.
const (
	endOfLink          = "end of link"
	endOfSnapshot      = "last use of the snapshot of framework"
	endOfAccreditation = "end of accreditation"
	endOfSupport       = "end of supporting credential"
	reviewOfLink       = "review of link"
	freshStatus        = "last use of the status that was noted"
)

// beside is how many Basis a decision can have beside those of its links: the framework and one
// supporting credential each of S4.6 and S7.
const beside = 3

// relied notes one thing that is relied on.
func (e *evaluation) relied(kind BasisKind, name string, age time.Duration) {
	if e.basis == nil {
		e.basis = make([]Basis, 0, len(e.chain)+beside)
	}
	e.basis = append(e.basis, Basis{kind, name, age})
}
