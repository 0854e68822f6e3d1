// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"slices"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// NotEntitled is the refusal of a request for more than the framework registers this gateway for. No wallet
// would answer it, so it is not made. Its code is verifier.not_entitled.
type NotEntitled struct {
	Facts []string // what is too much: a part or a fact of trustframework, "client", or "claim" for any other fact
	err   error
}

// Error implements error.
func (e *NotEntitled) Error() string { return e.err.Error() }

// Unwrap returns the refusal.
func (e *NotEntitled) Unwrap() error { return e.err }

// entitled holds access a, and the query that asks for it, to the gateway's own entry in f.
func (g *Gateway) entitled(f *trustframework.Framework, a Access, q *dcql.Query) error {
	if f.Unavailable {
		return reason.New(reason.TrustRegistryUnavailable, "no framework says what this gateway may ask for")
	}
	v, _ := f.Verifier(g.cfg.ID.String())
	tooMuch := beyond(v, a, q)
	if known, listed := f.VerifierByClient(g.clientID); g.clientID != "" && (!listed || known.ID != v.ID) {
		tooMuch = append(tooMuch, "client")
	}
	if len(tooMuch) > 0 {
		return &NotEntitled{tooMuch, reason.New(reason.VerifierNotEntitled, "the framework does not register this gateway for that")}
	}
	return nil
}

// beyond names what of a and q the entry v does not cover; the zero entry covers nothing.
func beyond(v trustframework.Verifier, a Access, q *dcql.Query) (facts []string) {
	facts = v.Unregistered(a.Controller, a.Purpose, a.Resource)
	for _, fact := range factsOf(q) {
		if !v.MayAsk(a.Purpose, fact) {
			facts = append(facts, fact)
		}
	}
	return facts
}

// strayFact stands for all that a framework has no word for: no gateway can be registered for it.
const strayFact = "claim"

// factsOf names the facts that q asks to see beyond what a decision reads: permissions and the assurance at issue.
func factsOf(q *dcql.Query) (facts []string) {
	for i := range q.Credentials {
		c := &q.Credentials[i]
		for _, claim := range vp.Asked(c) {
			facts = append(facts, string(claim))
		}
		if vp.Stray(c) {
			facts = append(facts, strayFact)
		}
	}
	slices.Sort(facts)
	return slices.Compact(facts)
}
