// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// typeAccreditation is the type of an entry that may accredit others (§4.1).
const typeAccreditation = "Accreditation"

// maxPathSteps bounds the entries that are looked at on the way to an anchor, so that a registry
// full of loops cannot stop a gateway. Passing it is trust.path_too_long.
const maxPathSteps = 4096

// registry finds its way through the accreditations of a framework, as of now.
type registry struct {
	framework *trustframework.Framework
	now       time.Time
}

// usable is S4.1 and S4.2.
func (g registry) usable() reason.Code { return reason.Of(g.framework.Usable(g.now)) }

// pathOf returns the entries from a up to an anchor, a first (§8.1). What a supports was issued
// at issued.
func (g registry) pathOf(a *trustframework.Accreditation, issued time.Time) ([]*trustframework.Accreditation, reason.Code) {
	steps := maxPathSteps
	return g.path(a, issued, make([]*trustframework.Accreditation, 0, 4), &steps)
}

func (g registry) path(a *trustframework.Accreditation, issued time.Time, below []*trustframework.Accreditation, steps *int) ([]*trustframework.Accreditation, reason.Code) {
	if len(below) >= g.framework.Limits.MaxAccreditationPath || *steps == 0 {
		return nil, reason.TrustPathTooLong
	}
	*steps--
	if code := g.inForce(a, issued); code != "" {
		return nil, code
	}
	path := append(below, a)
	if slices.Contains(g.framework.Anchors, a.AccreditedBy) {
		return path, ""
	}
	why := reason.TrustPathBroken
	for b := range g.entriesOf(a.AccreditedBy, typeAccreditation) {
		up, code := g.path(b, a.From, path, steps)
		if code == "" {
			return up, ""
		}
		why = code
	}
	return nil, why
}

// inForce returns why entry a does not support what was issued at issued, "" if it does (§8.2).
func (g registry) inForce(a *trustframework.Accreditation, issued time.Time) reason.Code {
	switch a.Status {
	case trustframework.Revoked:
		return reason.TrustIssuerRevoked
	case trustframework.Active, trustframework.Retired:
	default: // suspended; a loader refuses any other
		return reason.TrustIssuerSuspended
	}
	retired := a.Status == trustframework.Retired
	switch {
	case g.now.Before(a.From),
		!retired && !g.now.Before(a.Until),
		retired && !issued.Before(a.RetiredAt):
		return reason.TrustIssuerOutsideValidity
	}
	return ""
}

// entriesOf yields the entries of issuer that have the type, in registry order.
func (g registry) entriesOf(issuer, typ string) func(func(*trustframework.Accreditation) bool) {
	return func(yield func(*trustframework.Accreditation) bool) {
		for i := range g.framework.Accreditations {
			a := &g.framework.Accreditations[i]
			if a.Issuer == issuer && slices.Contains(a.Types, typ) && !yield(a) {
				return
			}
		}
	}
}

// accredited returns the path of the issuer of a supporting credential, nil if there is none (§8.3).
func (g registry) accredited(c *credential.Credential) []*trustframework.Accreditation {
	for a := range g.entriesOf(c.Issuer, c.Type) {
		if c.ValidFrom.Before(a.From) {
			continue
		}
		if path, code := g.pathOf(a, c.ValidFrom); code == "" {
			return path
		}
	}
	return nil
}

// maxSeconds is the longest time in seconds that a time.Duration can hold.
const maxSeconds = int64((1<<63 - 1) / int64(time.Second))

func seconds(n int64) time.Duration { return time.Duration(min(n, maxSeconds)) * time.Second }
