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
		code := statusFault(s.State)
		if code == "" {
			e.oldest = max(e.oldest, s.Age)
		}
		if code != reason.StatusUnavailable {
			e.relied(LinkStatus, l.Name, s.Age)
		}
		e.when("S5", code != "", code, l)
	}
}

// statusFault returns why a state is not valid, "" if it is. An unknown state is unavailable.
func statusFault(state string) reason.Code {
	switch state {
	case stateValid:
		return ""
	case stateRevoked:
		return reason.StatusRevoked
	case stateSuspended:
		return reason.StatusSuspended
	}
	return reason.StatusUnavailable
}

// supported reports whether a supporting credential of the type counts for subject (§4.5), and
// notes age and limits of the freshest one that does.
func (e *evaluation) supported(typ, subject, group string) bool {
	var freshest *Supporting
	for i := range e.shown.Supporting {
		s := &e.shown.Supporting[i]
		counts := e.counts(s, typ, subject, group)
		e.trace.supporting(s, counts)
		if counts && (freshest == nil || e.age(s) < e.age(freshest)) {
			freshest = s
		}
	}
	if freshest == nil {
		return false
	}
	e.oldest = max(e.oldest, e.age(freshest))
	e.relied(SupportStatus, freshest.Name, e.age(freshest))
	e.until(freshest.Credential.ValidUntil, endOfSupport, freshest.Name)
	e.untilPath(e.registry.accredited(freshest.Credential))
	return true
}

func (e *evaluation) age(s *Supporting) time.Duration { return e.world.Status[s.Name].Age }

// counts is §4.5. A credential that goes by the name of a link counts for nothing: status is kept
// by name, so that one would answer for the other.
func (e *evaluation) counts(s *Supporting, typ, subject, group string) bool {
	c := s.Credential
	return c != nil && subject != "" && !e.named(s.Name, len(e.chain)) &&
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
		e.when("S7", e.shown.Presenter != leaf.Credential.Delegate.ID, reason.PresentationHolderBindingFailed, leaf)
		return
	}
	member := e.supported(credential.TypeWorkgroupMembership, e.shown.Presenter, leaf.Credential.Delegate.ID)
	e.when("S7", !member, reason.PresentationNotAMember, leaf)
}
