// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
)

// question is one access and what was shown for it. The zero question is answered with a denial.
type question struct {
	access   Access
	held     held         // what was verified
	query    *dcql.Query  // nil where the access was not asked of a wallet in this very form
	covers   func() error // why what was shown does not fulfil query; nil if it does
	refusal  error        // set where the presentation itself was refused
	evidence string
}

// judged is a decision that nobody has learnt yet.
type judged struct {
	decision  delegation.Decision
	framework int // version that it rests on
	uses      []store.Change
}

// judge decides q on the world as it is now. It never fails: whatever goes wrong on the way is
// a denial.
func (g *Gateway) judge(ctx context.Context, q question) judged {
	if q.refusal != nil {
		return judged{decision: denial(reason.Of(q.refusal)), framework: g.framework().Version}
	}
	for range 3 { // a framework that changed meanwhile is read again
		w, err := g.gather(ctx, q.access, q.held.presentation)
		if err != nil {
			return judged{decision: denial(reason.Of(err)), framework: w.Framework.Version}
		}
		out := g.decide(ctx, q, w)
		if ctx.Err() != nil {
			break
		}
		if sameFramework(w.Framework, g.framework()) {
			return out
		}
	}
	return judged{decision: denial(reason.InternalIndeterminate)}
}

// within runs one step of a decision. A step that panics, or does not end with its context, is
// internal.indeterminate; what it still does then is thrown away.
func within[T any](ctx context.Context, g *Gateway, step func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				g.cfg.Logger.ErrorContext(ctx, "a step of the decision panicked", "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
				done <- result{err: reason.New(reason.InternalIndeterminate, "a step panicked")}
			}
		}()
		value, err := step(ctx)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, reason.Wrap(reason.InternalIndeterminate, "a step took too long", ctx.Err())
	}
}

func sameFramework(a, b *trustframework.Framework) bool {
	return a.Version == b.Version && a.Unavailable == b.Unavailable
}

// decide runs the pure decision. Whatever it says, the earlier uses of the permission that decides
// are counted in. Then it only subtracts: a permit or step-up that the query does not cover is a
// denial. A journey to ask for more stays: nothing that is held can cover the query there.
func (g *Gateway) decide(ctx context.Context, q question, w delegation.World) judged {
	out := judged{framework: w.Framework.Version}
	out.decision = delegation.Decide(w, q.held.presentation, q.access.request(0))
	if out.decision.RootPermission != "" && limited(q.held.presentation) {
		if err := g.countUses(ctx, q, w, &out); err != nil {
			return judged{decision: denial(reason.Of(err)), framework: out.framework}
		}
	}
	if out.decision.Outcome >= delegation.StepUp && q.covers != nil {
		if err := q.covers(); err != nil {
			return judged{decision: denial(reason.Of(err)), framework: out.framework}
		}
	}
	return out
}

func granted(d delegation.Decision) bool {
	return d.Outcome == delegation.Permit || d.Outcome == delegation.PermitWithObligations
}

func denial(c reason.Code) delegation.Decision {
	return delegation.Decision{Outcome: delegation.Deny, Reason: c, Reasons: []reason.Code{c}}
}

// limited reports whether some permission of the chain may be used a number of times only.
func limited(p delegation.Presentation) bool {
	for _, l := range p.Chain {
		for _, perm := range l.Credential.Permissions {
			if perm.Constraint.MaxUses > 0 {
				return true
			}
		}
	}
	return false
}

// usesPrefix is where uses are counted: for each permission of a root.
const usesPrefix = "gateway/uses/"

type uses struct {
	Count int `json:"count"`
}

// countUses decides again with the earlier uses of the permission that decides, and has the
// use of this permit counted in the commit that releases it. If the next decision rests on
// another permission, the largest count so far is taken: it can only subtract. It grows with each
// permission that is new, so that it settles within one turn more than the root has permissions.
func (g *Gateway) countUses(ctx context.Context, q question, w delegation.World, out *judged) error {
	most := 0
	for range 1 + len(q.held.presentation.Chain[0].Credential.Permissions) {
		key := usesKey(q.held.presentation, out.decision)
		e, n, err := g.usesOf(ctx, key)
		if err != nil {
			return err
		}
		most = max(most, n)
		if out.decision = delegation.Decide(w, q.held.presentation, q.access.request(most)); !granted(out.decision) {
			return nil
		}
		if key == usesKey(q.held.presentation, out.decision) {
			raw, err := strictjson.Marshal(uses{n + 1})
			e.Value = raw
			out.uses = []store.Change{{Entry: e}}
			return err
		}
	}
	return reason.New(reason.InternalIndeterminate, "no permission could be settled on")
}

func (g *Gateway) usesOf(ctx context.Context, key string) (store.Entry, int, error) {
	e, err := g.cfg.Store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Entry{Key: key}, 0, nil
	}
	if err != nil {
		return e, 0, reason.Wrap(reason.StorageUnavailable, "", err)
	}
	var u uses
	if err := strictjson.Unmarshal(e.Value, &u); err != nil {
		return e, 0, reason.Wrap(reason.StorageCorrupt, "", err)
	}
	return e, u.Count, nil
}

// usesKey names the counter of a permission: by who issued the root and by the root's permission.
// Every id and every signature below is a delegate's to vary, and the root's own signature can be
// varied without becoming invalid; these two can not.
func usesKey(p delegation.Presentation, d delegation.Decision) string {
	h := sha256.Sum256([]byte(p.Chain[0].Credential.Issuer + "\x00" + d.RootPermission))
	return usesPrefix + base64.RawURLEncoding.EncodeToString(h[:])
}
