// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Decided is a decision that is in the audit log and may be told.
type Decided struct {
	Decision   delegation.Decision
	Evaluation string // id of this evaluation
	Flow       Flow   // how the presentation was asked for

	codes codes // that the wallet takes to the device that began
}

// RespondForm is Respond for the form that a wallet posts, which is decrypted where the session asked for that
// (OpenID4VP 1.0 §8.2, §8.3.1). Beside the errors of Respond are those of vp.ParseResponse and vp.OpenResponse:
// what cannot be read spends nothing.
func (g *Gateway) RespondForm(ctx context.Context, id string, form url.Values) (Decided, error) {
	if !form.Has("response") {
		r, err := vp.ParseResponse(form)
		if err != nil {
			return Decided{}, err
		}
		return g.Respond(ctx, id, r)
	}
	s, err := g.load(ctx, id)
	if err != nil {
		return Decided{}, err
	}
	switch {
	case s.Stage == stageDecided: // and the key is gone
		return Decided{}, reason.New(reason.PresentationReplayed, "this request was answered before")
	case s.Sealing == nil:
		return Decided{}, reason.New(reason.ResponseKeyUnknown, "no encrypted response was asked for")
	}
	k, err := s.Sealing.private()
	if err != nil {
		return Decided{}, err
	}
	r, err := vp.OpenResponse(form, k, s.Sealing.Encryptions...)
	if err != nil {
		return Decided{}, err
	}
	return g.respond(ctx, id, r, func(*session) error { return nil })
}

// Respond takes a wallet's answer to session id: it spends the session, which one caller alone
// can do, verifies, decides, records and only then returns. Every answer that won the session
// ends in a decision, refusals of the presentation included. The error is for what never came
// so far: session.unknown, presentation.replayed, storage.unavailable, audit.unavailable, and
// response.encryption_required for presentations that came in the clear though the session asked for others.
func (g *Gateway) Respond(ctx context.Context, id string, r vp.Response) (Decided, error) {
	return g.respond(ctx, id, r, func(s *session) error {
		if s.Sealing != nil && r.Error == "" {
			return reason.New(reason.ResponseEncryptionRequired, "the response is not encrypted")
		}
		return nil
	})
}

func (g *Gateway) respond(ctx context.Context, id string, r vp.Response, fits func(*session) error) (Decided, error) {
	ctx, cancel := context.WithTimeout(ctx, DecideTimeout)
	defer cancel()
	s, err := g.spend(ctx, id, func(s *session) error {
		if !sameText(s.State, r.State) {
			return reason.New(reason.SessionUnknown, "")
		}
		return fits(s)
	})
	if err != nil {
		return Decided{}, err
	}
	if r.Error != "" {
		return g.settle(ctx, s, question{access: s.Access, refusal: reason.New(reason.PresentationNoDelegation, "the wallet declined")})
	}
	return g.settle(ctx, s, g.examine(ctx, s, s.Access, r.Token, anybody))
}

// anybody takes whoever presents.
func anybody(string) error { return nil }

// examine verifies what was shown in s and turns it into a question about access a. A leaf whose presenter fits
// refuses stands in the way of no other.
func (g *Gateway) examine(ctx context.Context, s *session, a Access, token map[string][]string, fits func(presenter string) error) question {
	all, err := within(ctx, g, func(ctx context.Context) ([]attempt, error) { return g.open(ctx, s, token) })
	if err != nil {
		all = []attempt{{refusal: err}}
	}
	questions := make([]question, len(all))
	for i, one := range all {
		if questions[i] = g.questionOf(ctx, s, a, one); questions[i].refusal == nil {
			questions[i].refusal = fits(questions[i].held.presentation.Presenter)
		}
	}
	return g.best(ctx, questions)
}

// questionOf is the question about one leaf.
func (g *Gateway) questionOf(ctx context.Context, s *session, a Access, one attempt) question {
	q := question{access: a, query: &s.Query, refusal: one.refusal}
	if q.refusal != nil {
		q.refusal = g.unreached(q.refusal)
		return q
	}
	p := one.presentation()
	until, err := within(ctx, g, func(ctx context.Context) (time.Time, error) { return g.keysUntil(ctx, p), nil })
	if err != nil {
		q.refusal = err
		return q
	}
	q.held = held{presentation: p, access: a, until: until, evidence: one.digest(), flow: s.Flow}
	q.evidence = q.held.evidence
	q.covers = func() error { return one.covered(&s.Query) }
	return q
}

// unreached gives a refusal its word where what stands behind it is that nobody could be asked.
func (g *Gateway) unreached(err error) error {
	switch {
	case errors.Is(err, did.ErrUnreachable):
		return reason.Wrap(reason.StatusUnavailable, "an issuer does not answer, and what was known of it is too old", err)
	case reason.Of(err) == reason.FetchNotAllowed && g.framework().Unavailable:
		return reason.Wrap(reason.TrustRegistryUnavailable, "no framework says whose keys may be fetched", err)
	}
	return err
}

// best returns the question to go on with (delegation.md §5): each leaf is decided alone, and the best
// outcome is kept, by §10. Of equal ones, and where all are denied, it is the first.
func (g *Gateway) best(ctx context.Context, all []question) question {
	if len(all) == 1 {
		return all[0]
	}
	at, top := 0, delegation.Decision{}
	for i, q := range all {
		j, err := within(ctx, g, func(ctx context.Context) (judged, error) { return g.judge(ctx, q), nil })
		if err == nil && better(j.decision, top) {
			at, top = i, j.decision
		}
	}
	return all[at]
}

// better is the order of C1 of delegation.md §10, as far as it settles outcome and obligations.
func better(a, b delegation.Decision) bool {
	return cmp.Or(
		cmp.Compare(a.Outcome, b.Outcome),
		cmp.Compare(len(b.Obligations), len(a.Obligations)),
		slices.Compare(b.Obligations, a.Obligations),
	) > 0
}

// keysUntil returns until when p may be asked about by a handle: for HandleLife, and no longer than
// the keys that verified it may be believed without asking again.
func (g *Gateway) keysUntil(ctx context.Context, p delegation.Presentation) time.Time {
	until, f := g.cfg.Now().Add(HandleLife), g.framework()
	var issuers []string
	for _, l := range p.Chain {
		issuers = append(issuers, l.Credential.Issuer)
	}
	for _, s := range p.Supporting {
		if vouches(f, s.Credential) {
			issuers = append(issuers, s.Credential.Issuer)
		}
	}
	for _, issuer := range issuers {
		id, err := did.Parse(issuer)
		if err != nil {
			return time.Time{}
		}
		doc, err := g.cfg.Resolver.Resolve(ctx, id)
		if err != nil {
			return time.Time{}
		}
		if end := doc.Fetched.Add(did.MaxAge); !doc.Fetched.IsZero() && end.Before(until) {
			until = end
		}
	}
	return until
}

// maxAttempts is how often a decision is made anew because another used the same permission meanwhile.
const maxAttempts = 16

// settle decides q, and has decision, use counter, session and audit leaf durable in one commit
// before it returns. s is nil where the decision belongs to no session. A caller that went away
// gets its denial recorded all the same.
func (g *Gateway) settle(ctx context.Context, s *session, q question) (Decided, error) {
	evaluation, err := token(g.cfg.Random)
	if err != nil {
		return Decided{}, err
	}
	d := Decided{Evaluation: "ev_" + evaluation, Flow: q.held.flow}
	if s != nil {
		d.Flow = s.Flow
		if d.codes, err = g.lockUp(s); err != nil {
			return Decided{}, err
		}
	}
	for range maxAttempts {
		j, err := within(ctx, g, func(ctx context.Context) (judged, error) { return g.judge(ctx, q), nil })
		if err != nil {
			j = judged{decision: denial(reason.Of(err))}
		}
		d.Decision = j.decision
		if again, err := g.keep(ctx, s, q, j, d); !again {
			return d.unless(err), err
		}
	}
	last := judged{decision: denial(reason.InternalIndeterminate)}
	d.Decision = last.decision
	_, err = g.keep(ctx, s, q, last, d)
	return d.unless(err), err
}

// unless returns d, or nothing if it could not be kept: then nobody learns it.
func (d Decided) unless(err error) Decided {
	if err != nil {
		return Decided{}
	}
	return d
}

// keep makes d durable, whatever became of the caller meanwhile. It reports whether d is to be
// decided again, because another used the same permission first.
func (g *Gateway) keep(ctx context.Context, s *session, q question, j judged, d Decided) (again bool, err error) {
	changes, err := g.record(s, q, j, d)
	if err != nil {
		return false, err
	}
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), RecordTimeout)
	defer cancel()
	g.remember(s, q) // before anybody can learn the handle
	_, err = within(lasting, g, func(ctx context.Context) (audit.Receipt, error) {
		return g.cfg.Audit.Append(ctx, g.event(q, j, d), changes...)
	})
	key, conflict := store.IsConflict(err)
	switch {
	case err == nil:
		g.cfg.Logger.InfoContext(ctx, "decided", "evaluation", d.Evaluation, "outcome", d.Decision.Outcome.String(), "reason", d.Decision.Reason)
		return false, nil
	case conflict && len(j.uses) > 0 && key == j.uses[0].Key:
		return true, nil
	case reason.Of(err) == reason.AuditUnavailable:
		return false, err
	}
	return false, reason.Wrap(reason.AuditUnavailable, "the decision could not be recorded", err)
}

// record returns the changes that go with a decision.
func (g *Gateway) record(s *session, q question, j judged, d Decided) ([]store.Change, error) {
	changes := j.uses
	if s == nil {
		return changes, nil
	}
	next := *s
	next.Stage, next.Decision, next.Sealing = stageDecided, d.answer(reason.Service), nil // the key is not needed any more
	if !d.told() {                                                                        // nobody has the codes then, and a refusal tells nothing about anybody
		next.Response, next.Confirmation = lock{}, lock{}
	}
	if q.refusal == nil && next.Handle == "" && !uncovered(j.decision.Reason) { // what the query did not cover, asking again does not
		handle, err := token(g.cfg.Random)
		if err != nil {
			return nil, err
		}
		next.Handle = "dh_" + handle
		s.Handle = next.Handle
	}
	c, err := next.change()
	return append(changes, c), err
}

// told reports whether the wallet reads the decision, and with it the codes: a presentation that was refused
// is answered with a problem of its class and nothing else (VP-25).
func (d Decided) told() bool {
	entry, ok := reason.Lookup(d.Decision.Reason)
	return ok && entry.Status == statusTold
}

// statusTold is the HTTP status of reasons that are decisions (security.md §6).
const statusTold = 200

// remember keeps what was verified for further questions of the same service.
func (g *Gateway) remember(s *session, q question) {
	if s != nil && s.Handle != "" && q.refusal == nil {
		g.handles.put(s.Handle, q.held, g.cfg.Now())
	}
}

// event is the audit leaf of a decision: codes, ages, versions and pseudonyms.
func (g *Gateway) event(q question, j judged, d Decided) audit.Event {
	return audit.Event{
		Type: audit.Decision, ID: d.Evaluation, Outcome: d.Decision.Outcome.String(), Reasons: d.Decision.Reasons,
		Subject: g.cfg.Tags.Subject(g.cfg.Now(), q.access.Principal), Actor: g.cfg.Tags.Actor(g.cfg.Now(), q.held.presentation.Presenter),
		Evidence: q.evidence, Framework: j.framework, StatusAge: d.Decision.StatusAge, Flow: string(d.Flow),
	}
}

// answer returns the decision as audience a reads it.
func (d Decided) answer(a reason.Audience) *Answer {
	out := &Answer{
		Outcome: d.Decision.Outcome.String(), Reason: d.Decision.Reason.For(a), Reasons: d.Decision.ReasonsFor(a),
		Obligations: d.Decision.Obligations, NarrowTo: d.Decision.NarrowTo, Expires: d.Decision.Expires,
		Evaluation: d.Evaluation, StatusAge: int64(d.Decision.StatusAge.Seconds()), Flow: d.Flow,
	}
	if out.Obligations == nil {
		out.Obligations = []string{}
	}
	return out
}
