// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// presentation is S2.
func (e *evaluation) presentation() {
	p := e.shown
	e.when("S2.1", p.Proof.Nonce != Passed, reason.PresentationNonceMismatch, nil)
	e.when("S2.2", p.Proof.Audience != Passed, reason.PresentationAudienceMismatch, nil)
	e.when("S2.3", p.Proof.Unused != Passed, reason.PresentationReplayed, nil)
	e.when("S2.4", p.Proof.Fresh != Passed, reason.PresentationStale, nil)
	e.when("S2.5", p.Proof.Holder != Passed, reason.PresentationHolderBindingFailed, nil)
	e.when("S2.6", len(p.Chain) == 0, reason.PresentationNoDelegation, nil)
	e.when("S2.7", len(p.Chain) > e.framework.Limits.MaxChainLinks, reason.ChainTooLong, nil)
	e.when("S2.8", p.Incomplete, reason.ChainParentMissing, nil)
	if len(e.found.codes) == 0 {
		e.disclose()
	}
}

// disclose is S2.9: what was not disclosed does not exist for any later step.
func (e *evaluation) disclose() {
	e.chain = make([]link, len(e.shown.Chain))
	for i := range e.shown.Chain {
		l := &e.shown.Chain[i]
		e.chain[i] = link{Link: l, permissions: disclosed(l, e.shown.Disclosed)}
	}
}

func disclosed(l *Link, shown map[string][]string) []credential.Permission {
	if l.Credential == nil {
		return nil
	}
	ids, some := shown[l.Name]
	if !some || l.Credential.Permissions == nil {
		return l.Credential.Permissions
	}
	kept := make([]credential.Permission, 0, len(l.Credential.Permissions))
	for _, p := range l.Credential.Permissions {
		if slices.Contains(ids, p.ID) {
			kept = append(kept, p)
		}
	}
	return kept
}
