// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Evaluation is an access evaluation request (AuthZEN Authorization API 1.0 §6.1), with the
// members of delegation.md §14.2.
type Evaluation struct {
	Subject  *evaluationSubject  `json:"subject"`
	Action   *evaluationAction   `json:"action"`
	Resource *evaluationResource `json:"resource"`
	Context  evaluationContext   `json:"context"`
}

type evaluationSubject struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Properties struct {
		Act *struct {
			Sub string `json:"sub"`
		} `json:"act"`
	} `json:"properties"`
}

type evaluationAction struct {
	Name string `json:"name"`
}

type evaluationResource struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Properties struct {
		Controller string `json:"controller"`
	} `json:"properties"`
}

type evaluationContext struct {
	Purpose      string             `json:"purpose"`
	Jurisdiction string             `json:"jurisdiction"`
	Categories   []string           `json:"categories"`
	Assurance    Level              `json:"assurance"`
	Satisfied    []string           `json:"satisfied"`
	Window       *delegation.Window `json:"record_window"`
	Supported    []string           `json:"supported_obligations"`
	Handle       string             `json:"delegation_handle"`
	Token        strictjson.Value   `json:"vp_token"`
	Request      string             `json:"request_id"` // the request that vp_token answers
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *evaluationContext) UnmarshalJSON(raw []byte) error {
	type plain evaluationContext
	raw, err := withoutNulls(raw)
	if err != nil {
		return err
	}
	return strictjson.Unmarshal(raw, (*plain)(c))
}

// Verdict is the answer to an Evaluation (AuthZEN §6.2). A denial is decision false.
type Verdict struct {
	Decision bool           `json:"decision"`
	Context  verdictContext `json:"context"`
}

type verdictContext struct {
	Evaluation  string              `json:"evaluation_id"`
	Flow        Flow                `json:"flow"`
	Outcome     string              `json:"outcome"`
	Reason      reason.Code         `json:"reason"`
	ReasonUser  string              `json:"reason_user,omitempty"`
	Obligations []verdictObligation `json:"obligations,omitempty"`
	NarrowTo    []string            `json:"narrow_to,omitempty"`
	Expires     string              `json:"expires_at,omitempty"`
}

type verdictObligation struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Properties struct {
		Profile string `json:"profile"`
		Name    string `json:"name"`
		Value   string `json:"value,omitempty"`
		To      string `json:"to,omitempty"`
	} `json:"properties"`
}

// ReadEvaluation reads a request. A member that is missing is json.member_missing, one of the
// wrong type json.type (AuthZEN §10.1.2: 400); unknown members are ignored.
func ReadEvaluation(raw []byte) (*Evaluation, error) {
	e := new(Evaluation)
	if err := strictjson.Unmarshal(raw, e); err != nil {
		return nil, err
	}
	if e.Subject == nil || e.Action == nil || e.Resource == nil ||
		e.Subject.Type == "" || e.Subject.ID == "" || e.Action.Name == "" || e.Resource.Type == "" || e.Resource.ID == "" {
		return nil, reason.New(reason.JSONMemberMissing, "subject, action and resource need type, id and name")
	}
	if (e.Context.Handle == "") == (len(e.Context.Token) == 0) {
		return nil, reason.New(reason.ResponseAmbiguous, "exactly one of delegation_handle and vp_token is needed")
	}
	return e, nil
}

// access returns what e asks about.
func (e *Evaluation) access() Access {
	c := e.Context
	return Access{
		Principal: e.Subject.ID, Resource: e.Resource.Type, Action: e.Action.Name, Controller: e.Resource.Properties.Controller,
		Purpose: c.Purpose, Jurisdiction: c.Jurisdiction, Categories: c.Categories, Window: c.Window, Assurance: c.Assurance,
		Satisfied: c.Satisfied, SupportedObligations: c.Supported,
	}
}

// Evaluate decides e, either on what was verified before, by handle, or on a vp_token that
// answers a request of this gateway. An access that cannot be decided is a denial with its
// reason; the error is for a handle that is unknown and for what Respond may fail with.
func (g *Gateway) Evaluate(ctx context.Context, e *Evaluation) (Decided, error) {
	ctx, cancel := context.WithTimeout(ctx, DecideTimeout)
	defer cancel()
	a := e.access()
	if len(e.Context.Token) > 0 {
		return g.evaluateToken(ctx, e, a)
	}
	h, ok := g.handles.get(e.Context.Handle, g.cfg.Now())
	if !ok {
		return Decided{}, reason.New(reason.ObjectUnknown, "no such handle, or its time is over: make a new request")
	}
	q := question{access: a, held: h, evidence: h.evidence, refusal: a.check()}
	if err := e.presenterIs(h.presentation.Presenter); err != nil {
		q.refusal = err
	}
	if !withinConsent(a, h.access) && q.refusal == nil {
		q.refusal = reason.New(reason.QueryUnsatisfied, "the presentation was given for another access: make a new request")
	}
	return g.settle(ctx, nil, q)
}

func (g *Gateway) evaluateToken(ctx context.Context, e *Evaluation, a Access) (Decided, error) {
	token, err := vp.ParseToken(e.Context.Token)
	if err != nil {
		return Decided{}, err
	}
	if err := g.broughtByService(ctx, e.Context.Request); err != nil {
		return Decided{}, err
	}
	s, err := g.spend(ctx, e.Context.Request, func(*session) error { return nil })
	if err != nil {
		return Decided{}, err
	}
	if err := a.check(); err != nil {
		return g.settle(ctx, s, question{access: a, refusal: err})
	}
	return g.settle(ctx, s, g.examine(ctx, s, a, token, func(presenter string) error {
		err := e.presenterIs(presenter)
		if err == nil && !sameAccess(a, s.Access) {
			err = reason.New(reason.QueryUnsatisfied, "the presentation was asked for another access")
		}
		return err
	}))
}

// broughtByService refuses an answer that a service brings to session id though the session's flow binds
// it to a browser: the service would read the decision without what binds it. It spends nothing.
func (g *Gateway) broughtByService(ctx context.Context, id string) error {
	s, err := g.load(ctx, id)
	switch {
	case err != nil:
		return err
	case s.Flow == SameDevice:
		return reason.New(reason.SessionResponseCodeRequired, "this request is answered by a wallet alone")
	case s.Flow == CrossDevice:
		return reason.New(reason.SessionCrossDeviceUnconfirmed, "this request is answered by a wallet alone")
	case s.Sealing != nil:
		return reason.New(reason.ResponseEncryptionRequired, "this request is answered by a wallet alone, encrypted")
	}
	return nil
}

// presenterIs compares the delegate that the service names, if it does, with the one who proved to be it.
func (e *Evaluation) presenterIs(presenter string) error {
	if act := e.Subject.Properties.Act; act != nil && act.Sub != presenter {
		return reason.New(reason.PresentationHolderBindingFailed, "the delegate named is not the one who presented")
	}
	return nil
}

// withinConsent reports whether a is what the holder agreed to, or a part of it: the same person,
// action, purpose, controller and jurisdiction, and the same resource or one below it.
func withinConsent(a, agreed Access) bool {
	narrowed := a
	if delegation.Covers(agreed.Resource, a.Resource) {
		narrowed.Resource = agreed.Resource
	}
	return sameAccess(narrowed, agreed)
}

func sameAccess(a, b Access) bool {
	return a.Principal == b.Principal && a.Resource == b.Resource && a.Action == b.Action && a.Purpose == b.Purpose && a.Controller == b.Controller &&
		a.Jurisdiction == b.Jurisdiction
}

// Verdict returns the decision as AuthZEN and the relying service read it.
func (d Decided) Verdict() Verdict {
	v := Verdict{Decision: granted(d.Decision)}
	v.Context = verdictContext{
		Evaluation: d.Evaluation, Outcome: d.Decision.Outcome.String(), Reason: d.Decision.Reason.For(reason.Service),
		NarrowTo: d.Decision.NarrowTo, Flow: d.Flow,
	}
	if !v.Decision {
		v.Context.ReasonUser = delegation.DelegateView(d.Decision).Text
	}
	if !d.Decision.Expires.IsZero() {
		v.Context.Expires = d.Decision.Expires.UTC().Format("2006-01-02T15:04:05Z")
	}
	for i, name := range d.Decision.Obligations {
		v.Context.Obligations = append(v.Context.Obligations, obligation(i, name))
	}
	return v
}

// obligation writes one obligation as delegation.md §14.2 has it: filters and step-up travel
// with their value apart.
func obligation(i int, text string) verdictObligation {
	o := verdictObligation{ID: "o" + strconv.Itoa(i+1), Type: "custom"}
	o.Properties.Profile = "delegation/1"
	o.Properties.Name = text
	switch kind, rest, _ := strings.Cut(text, ":"); kind {
	case "filter":
		name, value, _ := strings.Cut(rest, ":")
		o.Properties.Name, o.Properties.Value = "filter:"+name, value
	case "step-up":
		o.Type, o.Properties.Name, o.Properties.Value = "step-up", "step-up", rest
	case "notify":
		o.Type, o.Properties.To = "notification", rest
	}
	return o
}
