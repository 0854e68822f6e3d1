// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// gather reads everything that a decision about p for a needs, as it is now. Restrictions come
// last, immediately before the decision. The framework is read once and used throughout.
func (g *Gateway) gather(ctx context.Context, a Access, p delegation.Presentation) (delegation.World, error) {
	f := g.framework()
	w := delegation.World{Now: g.cfg.Now(), Framework: f, Status: map[string]delegation.Status{}}
	if !g.stands(ctx, &w, a, p) {
		return w, nil // nobody stands behind it: nothing is fetched for it, and Decide says why
	}
	g.support(ctx, &w, p)
	home := homeOf(f, p.Chain[0].Credential)
	for _, l := range p.Chain {
		w.Status[l.Name] = g.state(ctx, f, home, l.Credential, w.Now)
	}
	if err := ctx.Err(); err != nil {
		return w, reason.Wrap(reason.InternalIndeterminate, "the decision takes too long", err)
	}
	restrictions, err := g.cfg.Restrictions.InForce(ctx, a.Principal)
	if err != nil {
		return w, reason.Wrap(reason.InternalIndeterminate, "the restrictions cannot be read", err)
	}
	if len(restrictions) > MaxRestrictions {
		return w, reason.New(reason.InternalIndeterminate, "too many restrictions")
	}
	w.Restrictions = restrictions
	return w, nil
}

// stands reports whether somebody stands behind p. Where that is a principal who issued the root, the status
// of what binds their identity is asked for first, as it decides the question.
func (g *Gateway) stands(ctx context.Context, w *delegation.World, a Access, p delegation.Presentation) bool {
	d, ok := delegation.Preflight(*w, p, a.request(0))
	if ok || d.Reason != reason.TrustPrincipalUnbound || len(p.Supporting) == 0 {
		return ok
	}
	g.support(ctx, w, p)
	_, ok = delegation.Preflight(*w, p, a.request(0))
	return ok
}

// homeOf returns the party that speaks for the status of a chain with this root: the root's issuer, or, for a
// root that a person issued, the one that hosts its list. "" is nobody.
func homeOf(f *trustframework.Framework, root *credential.Credential) string {
	if len(root.Status) == 0 {
		return ""
	}
	speaker, _ := f.StatusSpeaker(root.Issuer, root.Status[0].List)
	return speaker
}

// state asks for the status of one link of a chain with this home: a link that a person signed has
// its status there and nowhere else. What cannot be found out is unavailable.
func (g *Gateway) state(ctx context.Context, f *trustframework.Framework, home string, c *credential.Credential, now time.Time) delegation.Status {
	if len(c.Status) == 0 {
		return delegation.Status{State: status.Unknown.String()}
	}
	speaker, ok := f.StatusSpeaker(c.Issuer, c.Status[0].List)
	if !ok || speaker != c.Issuer && speaker != home {
		return delegation.Status{State: status.Unknown.String()}
	}
	state, asOf, err := status.Of(ctx, g.cfg.Status, speaker, c.Status)
	if err != nil {
		g.cfg.Logger.WarnContext(ctx, "status is unavailable", "reason", reason.Of(err))
		return delegation.Status{State: status.Unknown.String()}
	}
	return delegation.Status{State: state.String(), Age: max(0, now.Sub(asOf))}
}
