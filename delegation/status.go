// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// The states of a credential, as World.Status writes them (§4.3).
const (
	stateValid     = "valid"
	stateRevoked   = "revoked"
	stateSuspended = "suspended"
)

// status is S5: the first bad link from the root gives the reason.
func (e *evaluation) status() {
	for i := range e.chain {
		l := &e.chain[i]
		s := e.world.Status[l.Name]
		switch s.State {
		case stateValid:
			e.noteAge(s.Age)
		case stateRevoked:
			e.fail(reason.StatusRevoked, l)
		case stateSuspended:
			e.fail(reason.StatusSuspended, l)
		default:
			e.fail(reason.StatusUnavailable, l)
		}
	}
}

func (e *evaluation) noteAge(age time.Duration) { e.oldest = max(e.oldest, age) }

// supported reports whether a supporting credential of the type counts for subject (§4.5), and
// notes age and limits of the freshest one that does.
func (e *evaluation) supported(typ, subject, group string) bool {
	var freshest *Supporting
	for i := range e.shown.Supporting {
		s := &e.shown.Supporting[i]
		if e.counts(s, typ, subject, group) && (freshest == nil || e.age(s) < e.age(freshest)) {
			freshest = s
		}
	}
	if freshest == nil {
		return false
	}
	e.noteAge(e.age(freshest))
	e.until(freshest.Credential.ValidUntil)
	e.untilPath(e.registry.accredited(freshest.Credential))
	return true
}

func (e *evaluation) age(s *Supporting) time.Duration { return e.world.Status[s.Name].Age }

func (e *evaluation) counts(s *Supporting, typ, subject, group string) bool {
	c := s.Credential
	return c != nil && subject != "" &&
		c.Type == typ && c.Delegate.ID == subject && c.Workgroup == group &&
		s.Signature == Passed &&
		!c.ValidFrom.IsZero() && !e.now.Before(c.ValidFrom) && e.now.Before(c.ValidUntil) &&
		e.world.Status[s.Name].State == stateValid &&
		e.registry.accredited(c) != nil
}

// presenter is S7.
func (e *evaluation) presenter() {
	leaf := e.leaf()
	if leaf.Credential.Delegate.Kind != workgroup {
		e.when(e.shown.Presenter != leaf.Credential.Delegate.ID, reason.PresentationHolderBindingFailed, leaf)
		return
	}
	member := e.supported(credential.TypeWorkgroupMembership, e.shown.Presenter, leaf.Credential.Delegate.ID)
	e.when(!member, reason.PresentationNotAMember, leaf)
}
