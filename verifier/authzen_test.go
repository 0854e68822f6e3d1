// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// verdict is an AuthZEN answer.
type verdict struct {
	status   int
	Decision bool
	Context  struct {
		EvaluationID string `json:"evaluation_id"`
		Outcome      string
		Reason       reason.Code
		ReasonUser   string   `json:"reason_user"`
		NarrowTo     []string `json:"narrow_to"`
		ExpiresAt    string   `json:"expires_at"`
		Obligations  []struct {
			ID, Type   string
			Properties map[string]string
		}
	}
	Reason reason.Code // of a problem
}

func (w *world) evaluate(body string) verdict {
	w.Helper()
	got := w.call("POST", "/access/v1/evaluation", "application/json", body)
	v := verdict{status: got.Code}
	must(w, json.Unmarshal(got.Body.Bytes(), &v))
	return v
}

// handle presents root and returns the handle that its service gets.
func (w *world) handle() (string, publisher.Ref) {
	w.Helper()
	c := w.root(sd)
	raw := w.seal(sd, c, w.issuer)
	s := w.ask(booking())
	w.expect(w.post(s, map[string][]string{"delegation": {w.show(s, sd, raw, w.bob)}}), reason.OK)
	return w.progress(s).Handle, w.refOf(c)
}

func byHandle(h string) string { return evaluation(`"delegation_handle":"` + h + `"`) }

// TestEvaluateHandle shows that a handle keeps what was verified, and no verdict.
func TestEvaluateHandle(t *testing.T) {
	w := newWorld(t)
	h, ref := w.handle()
	before := w.leaves()
	if v := w.evaluate(byHandle(h)); v.status != 200 || !v.Decision || v.Context.Reason != reason.OK || v.Context.Outcome != "permit" || v.Context.ExpiresAt == "" || v.Context.ReasonUser != "" {
		t.Fatalf("%+v", v)
	}
	if leaf := w.leaf(w.leaves()); w.leaves() != before+1 || leaf.Outcome != "permit" || leaf.Subject == "" || leaf.Actor == "" || leaf.Evidence == "" {
		t.Errorf("%+v", leaf)
	}
	act := func(sub string) string {
		return strings.Replace(byHandle(h), `"id":"`+principal+`"}`, `"id":"`+principal+`","properties":{"act":{"sub":"`+sub+`"}}}`, 1)
	}
	w.decides(act(w.bob.Method.DID().String()), true, reason.OK)
	w.decides(act(w.carol.Method.DID().String()), false, reason.PresentationHolderBindingFailed)
	w.decides(act(""), false, reason.PresentationHolderBindingFailed)
	w.decides(strings.Replace(byHandle(h), `"type":"appointments"`, `"type":"appointments/gp"`, 1), true, reason.OK) // a part of what was agreed to
	for _, other := range [][2]string{{`"type":"appointments"`, `"type":"prescriptions"`}, {principal, "urn:uuid:another"}, {`"name":"book"`, `"name":"view"`},
		{`"purpose":"family-requested"`, `"purpose":"treatment"`}, {controller, "https://other.test"}, {`"jurisdiction":"GB-ENG",`, ""}} {
		w.decides(strings.Replace(byHandle(h), other[0], other[1], 1), false, reason.QueryUnsatisfied) // the holder agreed to something else
	}
	w.decides(strings.Replace(byHandle(h), `"purpose":"family-requested",`, "", 1), false, reason.RequestPurposeMissing)
	w.decides(strings.Replace(byHandle(h), `"type":"appointments"`, `"type":"a//b"`, 1), false, reason.RequestMalformed)

	w.restrictions.list = []delegation.Restriction{{Principal: principal, Kind: "objection"}}
	w.decides(byHandle(h), false, reason.ControllerNotProxyable)
	w.restrictions.list = nil
	must(t, w.book.Set(t.Context(), []publisher.Ref{ref}, status.Revoked))
	w.refreshed()
	w.decides(byHandle(h), false, reason.StatusRevoked)

	w.clock.add(verifier.HandleLife)
	if v := w.evaluate(byHandle(h)); v.status != 404 || v.Reason != reason.ObjectUnknown {
		t.Errorf("%+v", v)
	}
}

func (w *world) decides(body string, permit bool, why reason.Code) {
	w.Helper()
	v := w.evaluate(body)
	if v.status != 200 || v.Decision != permit || v.Context.Reason != why || v.Context.EvaluationID == "" {
		w.Errorf("got %+v, want %t %s", v, permit, why)
	}
	if permit == (v.Context.ReasonUser != "") {
		w.Errorf("reason_user is %q", v.Context.ReasonUser)
	}
}

// TestEvaluateToken shows one-shot calls: the presentation that answers a request comes with the question.
func TestEvaluateToken(t *testing.T) {
	w := newWorld(t)
	ask := func(g *forge) string {
		token := g.marshal(map[string][]string{"delegation": {g.token()}})
		return evaluation(`"vp_token":` + token + `,"request_id":"` + g.session.ID + `"`)
	}
	good := ask(w.forge(sd))
	w.decides(good, true, reason.OK)
	if v := w.evaluate(good); v.status != 409 || v.Reason != reason.PresentationReplayed {
		t.Errorf("%+v", v)
	}
	spoilt := w.forge(sd)
	spoilt.proofBy = spoilt.attacker
	w.decides(ask(spoilt), false, reason.PresentationHolderBindingFailed)
	w.decides(strings.Replace(ask(w.forge(sd)), `"name":"book"`, `"name":"view"`, 1), false, reason.QueryUnsatisfied)
	w.decides(strings.Replace(ask(w.forge(sd)), `"jurisdiction":"GB-ENG",`, "", 1), false, reason.QueryUnsatisfied)
	w.decides(strings.Replace(ask(w.forge(sd)), `"purpose":"family-requested",`, "", 1), false, reason.RequestPurposeMissing)
	unknown := w.forge(sd)
	unknown.session.ID = "AAAAAAAAAAAAAAAAAAAAAA"
	if v := w.evaluate(ask(unknown)); v.status != 400 || v.Reason != reason.SessionUnknown {
		t.Errorf("%+v", v)
	}
}

// TestEvaluationForm has what is a protocol error and no decision (AuthZEN §10.1.2).
func TestEvaluationForm(t *testing.T) {
	w := newWorld(t)
	h, _ := w.handle()
	good := byHandle(h)
	before := w.leaves()
	for name, c := range map[string]struct {
		body string
		want reason.Code
	}{
		"empty":            {"", reason.JSONSyntax},
		"array":            {"[]", reason.JSONType},
		"subject":          {strings.Replace(good, `"subject"`, `"subjekt"`, 1), reason.JSONMemberMissing},
		"subject type":     {strings.Replace(good, `"type":"person",`, "", 1), reason.JSONMemberMissing},
		"action":           {strings.Replace(good, `"action":{"name":"book"}`, `"action":{}`, 1), reason.JSONMemberMissing},
		"resource id":      {strings.Replace(good, `"id":"1",`, "", 1), reason.JSONMemberMissing},
		"duplicate":        {strings.Replace(good, `"context":{`, `"context":{},"context":{`, 1), reason.JSONDuplicateName},
		"neither evidence": {evaluation(`"x":1`), reason.ResponseAmbiguous},
		"both":             {evaluation(`"delegation_handle":"dh","vp_token":{}`), reason.ResponseAmbiguous},
		"bare token":       {evaluation(`"vp_token":"a.b.c"`), reason.ResponseAmbiguous},
		"null token":       {evaluation(`"vp_token":null`), reason.ResponseAmbiguous},
	} {
		v := w.evaluate(c.body)
		if v.status != 400 || v.Reason != c.want {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if w.leaves() != before {
		t.Error("a protocol error was recorded as a decision")
	}
}

// TestObligations shows how obligations travel (delegation.md §14.2).
func TestObligations(t *testing.T) {
	d := verifier.Decided{Evaluation: "ev_x", Decision: delegation.Decision{Outcome: delegation.PermitWithObligations, Reason: reason.OK,
		Obligations: []string{"audit:enhanced", "filter:dateFrom:2024-01-01", "filter:exclude:sexual-health", "notify:principal", "step-up:high"}, Expires: began}}
	raw, err := json.Marshal(d.Verdict())
	must(t, err)
	var v verdict
	must(t, json.Unmarshal(raw, &v))
	got := ""
	for _, o := range v.Context.Obligations {
		got += fmt.Sprintln(o.ID, o.Type, o.Properties["profile"], o.Properties["name"], o.Properties["value"], o.Properties["to"])
	}
	want := "o1 custom delegation/1 audit:enhanced  \no2 custom delegation/1 filter:dateFrom 2024-01-01 \no3 custom delegation/1 filter:exclude sexual-health \n" +
		"o4 notification delegation/1 notify:principal  principal\no5 step-up delegation/1 step-up high \n"
	if got != want || !v.Decision || v.Context.ExpiresAt != began.Format(time.RFC3339) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestHandlesAreBounded shows that the oldest handle goes when there is no room.
func TestHandlesAreBounded(t *testing.T) {
	h := verifier.NewHandles(2)
	for _, id := range []string{"a", "b", "c"} {
		h.Put(id, began.Add(time.Minute), began)
	}
	for id, want := range map[string]bool{"a": false, "b": true, "c": true} {
		if h.Has(id, began) != want {
			t.Errorf("%s is there: %t", id, !want)
		}
	}
	h.Put("d", began.Add(time.Hour), began.Add(time.Minute))
	if h.Len() != 1 || h.Has("c", began.Add(time.Minute)) {
		t.Errorf("%d handles are kept", h.Len())
	}
}

// TestReadEvaluationNulls takes an optional member of the context that is null for absent, and no other.
func TestReadEvaluationNulls(t *testing.T) {
	body := func(context string) []byte {
		return []byte(`{"subject":{"type":"person","id":"urn:uuid:1"},"action":{"name":"book"},"resource":{"type":"appointments","id":"1"},"context":` + context + `}`)
	}
	e, err := verifier.ReadEvaluation(body(`{"delegation_handle":"dh_x","assurance":null,"categories":null,"record_window":null}`))
	if err != nil || e.Context.Assurance != "" || e.Context.Categories != nil || e.Context.Window != nil {
		t.Errorf("%+v %v", e, err)
	}
	for _, context := range []string{`{"delegation_handle":null}`, `{"delegation_handle":"dh_x","assurance":"","purpose":"p"}`, `{"delegation_handle":"dh_x","purpose":null}`} {
		if _, err := verifier.ReadEvaluation(body(context)); err == nil {
			t.Errorf("%s is taken", context)
		}
	}
}
