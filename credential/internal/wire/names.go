// SPDX-License-Identifier: Apache-2.0

// Package wire maps JSON to decision names and back: one model in the two spellings that the
// formats use (delegation.md §2.1).
package wire

// field is a member of the model, however it is spelled.
type field uint8

// The members that are spelled in two ways or belong to an object that both spellings share.
const (
	delegateKind field = iota
	operatedBy
	onBehalfOf

	relationship // from here on: inside delegation
	legalBasis
	grantedBy
	identityAssurance
	jurisdiction
	purpose
	dataController
	reviewBy
	transitionAt
	redelegation
	prohibition
	parent
	permission

	fieldCount
)

// Spelling is how a family of formats writes the names of members.
type Spelling uint8

// The spellings.
const (
	Camel Spelling = iota // W3C credentials
	Snake                 // SD-JWT VC
)

// spelled holds every name once, in both spellings.
var spelled = [fieldCount][2]string{
	delegateKind: {"delegateKind", "delegate_kind"},
	operatedBy:   {"operatedBy", "operated_by"},
	onBehalfOf:   {"onBehalfOf", "on_behalf_of"},

	relationship:      {"relationship", "relationship"},
	legalBasis:        {"legalBasis", "legal_basis"},
	grantedBy:         {"grantedBy", "granted_by"},
	identityAssurance: {"identityAssurance", "identity_assurance"},
	jurisdiction:      {"jurisdiction", "jurisdiction"},
	purpose:           {"purpose", "purpose"},
	dataController:    {"dataController", "data_controller"},
	reviewBy:          {"reviewBy", "review_by"},
	transitionAt:      {"transitionAt", "transition_at"},
	redelegation:      {"redelegation", "redelegation"},
	prohibition:       {"prohibition", "prohibition"},
	parent:            {"parent", "parent"},
	permission:        {"permission", "permission"},
}

// name returns how f is spelled.
func (s Spelling) name(f field) string { return spelled[f][s] }

// find returns the field from low up to high that is spelled name, or fieldCount.
func (s Spelling) find(name []byte, low, high field) field {
	for f := low; f < high; f++ {
		if string(name) == spelled[f][s] {
			return f
		}
	}
	return fieldCount
}

// seen is a set of members that an object has.
type seen uint32

func (s *seen) add(f field)           { *s |= 1 << f }
func (s seen) lacks(fs ...field) bool { return s.any(fs) != len(fs) }

func (s seen) any(fs []field) (n int) {
	for _, f := range fs {
		if s&(1<<f) != 0 {
			n++
		}
	}
	return n
}
