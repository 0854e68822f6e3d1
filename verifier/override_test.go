// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/verifier"
)

const overridesText = "overrides-token-for-tests"

// staffed is a world whose gateway offers staff overrides, and one access that it denied.
type staffed struct {
	*world
	session
	evaluation string
	handler    http.Handler
}

func newStaffed(t testing.TB, w *world) *staffed {
	t.Helper()
	w.restrictions.list = []delegation.Restriction{{Principal: principal, Kind: "safeguarding"}}
	f := &staffed{world: w}
	var got result
	if f.session, got = w.answer(sd, nil); got.outcome != "deny" {
		t.Fatalf("%+v", got)
	}
	f.evaluation = w.progress(f.session).Decision.Evaluation
	client, err := web.NewSecret(clientText)
	must(t, err)
	staff, err := web.NewSecret(overridesText)
	must(t, err)
	server, err := web.New(web.Config{
		Name: "gateway", Handler: w.Handler(verifier.HTTPConfig{ClientToken: client, OverridesToken: staff}), Now: w.clock.now,
		Logger: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { return nil }, Metrics: w.figures,
	})
	must(t, err)
	f.handler = server.Handler()
	return f
}

// does posts body to a path below /v1/overrides, with the token of the staff's service.
func (f *staffed) does(path, body string) *httptest.ResponseRecorder {
	return postAs(f.handler, overridesText, "/v1/overrides"+path, body)
}

func postAs(h http.Handler, token, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func (f *staffed) asking(change func(object)) string {
	f.Helper()
	o := object{"request_id": f.session.ID, "evaluation_id": f.evaluation, "requester": "nurse.one", "reason": "emergency", "note": "collapsed at home"}
	if change != nil {
		change(o)
	}
	raw, err := json.Marshal(o)
	must(f, err)
	return string(raw)
}

// expects checks an answer of the staff's surface.
func (f *staffed) expects(got *httptest.ResponseRecorder, status int, want reason.Code) verifier.Override {
	f.Helper()
	if got.Code != status {
		f.Fatalf("%d %s, want %d", got.Code, got.Body, status)
	}
	var body struct {
		Type   string
		Reason reason.Code
	}
	if status < 300 {
		var o verifier.Override
		must(f, json.Unmarshal(got.Body.Bytes(), &o))
		return o
	}
	must(f, json.Unmarshal(got.Body.Bytes(), &body))
	if want == "" {
		return verifier.Override{}
	}
	if entry, _ := reason.Lookup(want); body.Reason != want || body.Type != "/problems/"+entry.Problem || entry.Status != status {
		f.Errorf("%s, want %s", got.Body, want)
	}
	return verifier.Override{}
}

// approved returns the id of an override that was approved.
func (f *staffed) approved() string {
	f.Helper()
	o := f.expects(f.does("", f.asking(nil)), 201, "")
	return f.expects(f.does("/"+o.ID+"/approve", `{"approver":"doctor.two"}`), 200, "").ID
}

// attackBreakGlass is DEL-26: what an override lacks, and the one that is complete.
func attackBreakGlass(t *testing.T) {
	f := newStaffed(t, newWorld(t))
	use := `{"requester":"nurse.one"}`
	sub := func(name string, test func()) {
		t.Run(name, func(t *testing.T) { f.TB = t; test(); f.TB = t })
	}
	sub("a without reason", func() {
		f.expects(f.does("", f.asking(func(o object) { delete(o, "reason") })), 403, reason.BreakglassConditions)
	})
	sub("b approved by the requester", func() {
		o := f.expects(f.does("", f.asking(nil)), 201, "")
		for _, same := range []string{"nurse.one", "Nurse.One"} {
			f.expects(f.does("/"+o.ID+"/approve", `{"approver":"`+same+`"}`), 403, reason.BreakglassConditions)
		}
		f.expects(f.does("/"+o.ID+"/use", use), 403, reason.BreakglassConditions) // and by nobody
	})
	sub("c used 60 min and 1 s after approval", func() {
		id := f.approved()
		f.clock.add(60*time.Minute + time.Second)
		f.expects(f.does("/"+id+"/use", use), 403, reason.BreakglassConditions)
		f.clock.add(-60*time.Minute - time.Second)
	})
	sub("d used twice", func() {
		id := f.approved()
		f.expects(f.does("/"+id+"/use", use), 200, "")
		for range 2 {
			f.expects(f.does("/"+id+"/use", use), 403, reason.BreakglassConditions)
		}
		f.expects(f.does("/"+id+"/approve", `{"approver":"doctor.two"}`), 403, reason.BreakglassConditions)
	})
	sub("control", func() {
		before := f.leaves()
		id := f.approved()
		f.clock.add(60*time.Minute - time.Second)
		o := f.expects(f.does("/"+id+"/use", `{"requester":"Nurse.ONE"}`), 200, "") // one person, one pseudonym
		if o.State != "override_recorded" || o.Requester != "nurse.one" || o.Approver != "doctor.two" || o.Reason != "emergency" || o.Note != "collapsed at home" || !o.Used.Equal(f.clock.now()) {
			f.Errorf("%+v", o)
		}
		f.testifies(before, o)
	})
}

// testifies checks the two leaves that one complete override leaves, and that they name nobody.
func (f *staffed) testifies(before int, o verifier.Override) {
	f.Helper()
	if n := f.leaves() - before; n != 2 {
		f.Fatalf("%d leaves", n)
	}
	denial, approval, use := f.leaf(before), f.leaf(before+1), f.leaf(before+2)
	for f.leaf(before).ID != f.evaluation || denial.Type != audit.Decision {
		before--
		denial = f.leaf(before)
	}
	now := f.clock.now()
	if approval.Type != audit.OverrideApprove || approval.Outcome != "approved" || approval.Actor != f.cfg.Tags.Actor(now, "doctor.two") ||
		use.Type != audit.OverrideUse || use.Outcome != "override_recorded" || use.Actor != f.cfg.Tags.Actor(now, "nurse.one") {
		f.Errorf("%+v\n%+v", approval, use)
	}
	if approval.ID != denial.ID || use.ID != denial.ID || approval.Subject != denial.Subject || use.Subject != denial.Subject {
		f.Error("the leaves do not belong to the denial")
	}
	raw, err := json.Marshal(o)
	must(f, err)
	if h := sha256.Sum256(raw); use.Evidence != b64(h[:]) || approval.Evidence == use.Evidence {
		f.Error("the leaf does not bind what was said")
	}
	for _, name := range []string{"nurse.one", "doctor.two", "collapsed", principal} {
		if bytes.Contains(f.logged.Bytes(), []byte(name)) {
			f.Errorf("the log names %s", name)
		}
	}
	if n := bytes.Count(f.logged.Bytes(), []byte(`"level":"WARN","msg":"staff override","override":"`+o.ID)); n != 3 {
		f.Errorf("%d loud lines", n)
	}
}

// TestOverrideChangesNoDecision shows that access stays denied after a complete override, and that its
// record no longer names anybody.
func TestOverrideChangesNoDecision(t *testing.T) {
	f := newStaffed(t, newWorld(t))
	id := f.approved()
	f.expects(f.does("/"+id+"/use", `{"requester":"nurse.one"}`), 200, "")
	if p := f.progress(f.session); p.Decision.Outcome != "deny" {
		t.Errorf("%+v", p.Decision)
	}
	_, got := f.answer(sd, nil)
	f.expect(got, reason.ControllerRestriction)
	f.decides(byHandle(f.progress(f.session).Handle), false, reason.ControllerNotProxyable)
	e, err := f.records.Get(t.Context(), "gateway/override/"+id)
	must(t, err)
	for _, name := range []string{"nurse.one", "doctor.two", "collapsed", "emergency", principal} {
		if bytes.Contains(e.Value, []byte(name)) {
			t.Errorf("the record still names %s", name)
		}
	}
	f.clock.add(verifier.OverrideLife + verifier.OverrideKept + time.Second)
	f.expects(f.does("/"+id+"/use", `{"requester":"nurse.one"}`), 404, reason.ObjectUnknown)
}

// TestOverrideRefused has what is refused beside the rows of DEL-26.
func TestOverrideRefused(t *testing.T) {
	f := newStaffed(t, newWorld(t))
	for name, c := range map[string]struct {
		change func(object)
		status int
		want   reason.Code
	}{
		"unknown request": {func(o object) { o["request_id"] = strings.Repeat("A", 22) }, 404, reason.ObjectUnknown},
		"no request":      {func(o object) { delete(o, "request_id") }, 404, reason.ObjectUnknown},
		"other denial":    {func(o object) { o["evaluation_id"] = "ev_AAAAAAAAAAAAAAAAAAAAAA" }, 404, reason.ObjectUnknown},
		"nobody":          {func(o object) { delete(o, "requester") }, 400, reason.RequestMalformed},
		"blank":           {func(o object) { o["requester"] = "nurse one" }, 400, reason.RequestMalformed},
		"not ASCII":       {func(o object) { o["requester"] = "nur\u017fe" }, 400, reason.RequestMalformed},
		"long name":       {func(o object) { o["requester"] = strings.Repeat("n", verifier.MaxStaffID+1) }, 400, reason.RequestMalformed},
		"long note":       {func(o object) { o["note"] = strings.Repeat("n", verifier.MaxOverrideSay+1) }, 400, reason.RequestMalformed},
		"prose":           {func(o object) { o["reason"] = "Because!" }, 400, reason.RequestMalformed},
		"long reason":     {func(o object) { o["reason"] = strings.Repeat("a", verifier.MaxOverrideWhy+1) }, 400, reason.RequestMalformed},
		"unknown member":  {func(o object) { o["permit"] = true }, 400, reason.RequestMalformed},
		"number":          {func(o object) { o["requester"] = 1 }, 400, reason.RequestMalformed},
	} {
		t.Run(name, func(t *testing.T) { f.TB = t; f.expects(f.does("", f.asking(c.change)), c.status, c.want) })
	}
	f.TB = t
	f.restrictions.list = nil
	allowed, _ := f.answer(sd, nil)
	grant := f.asking(func(o object) {
		o["request_id"], o["evaluation_id"] = allowed.ID, f.progress(allowed).Decision.Evaluation
	})
	f.expects(f.does("", grant), 403, reason.BreakglassConditions)
	pending := f.asking(func(o object) { o["request_id"] = f.ask(booking()).ID })
	f.expects(f.does("", pending), 404, reason.ObjectUnknown)

	id := f.approved()
	f.expects(f.does("/"+id+"/approve", `{"approver":"doctor.two"}`), 403, reason.BreakglassConditions) // no second hour
	f.expects(f.does("/"+id+"/use", `{"requester":"doctor.two"}`), 403, reason.BreakglassConditions)
	f.expects(f.does("/"+id+"/use", `{}`), 400, reason.RequestMalformed)
	f.expects(f.does("/ov_AAAAAAAAAAAAAAAAAAAAAA/use", `{"requester":"nurse.one"}`), 404, reason.ObjectUnknown)
	f.expects(f.does("/x/approve", `{"approver":"doctor.two"}`), 404, reason.ObjectUnknown)
	o := f.expects(f.does("", f.asking(nil)), 201, "")
	f.clock.add(verifier.OverrideLife)
	f.expects(f.does("/"+o.ID+"/approve", `{"approver":"doctor.two"}`), 403, reason.BreakglassConditions)
	f.clock.add(verifier.SessionLife + verifier.DecisionKept)
	f.expects(f.does("", f.asking(nil)), 404, reason.ObjectUnknown) // the denial is no longer known
}

// TestOverrideTokens shows that services cannot override, staff cannot ask wallets, and that without a
// token there is nothing to ask.
func TestOverrideTokens(t *testing.T) {
	f := newStaffed(t, newWorld(t))
	for _, path := range []string{"/v1/overrides", "/v1/overrides/x/approve", "/v1/overrides/x/use"} {
		f.expects(postAs(f.handler, clientText, path, f.asking(nil)), 401, reason.TokenInvalid)
		if got := postAs(f.world.handler, overridesText, path, f.asking(nil)); got.Code != 404 {
			t.Errorf("%s without a token for it: %d", path, got.Code)
		}
	}
	f.expects(postAs(f.handler, overridesText, "/v1/requests", "{}"), 401, reason.TokenInvalid)
}

// TestOverrideRace uses one override from many sides at once: one wins, in a store on disk.
func TestOverrideRace(t *testing.T) {
	f := newStaffed(t, newBoltWorld(t))
	id, before := f.approved(), f.leaves()
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			got := f.does("/"+id+"/use", `{"requester":"nurse.one"}`)
			mu.Lock()
			defer mu.Unlock()
			statuses[got.Code]++
		})
	}
	all.Wait()
	if statuses[200] != 1 || statuses[403] != 19 || f.leaves()-before != 1 {
		t.Errorf("%v, %d leaves", statuses, f.leaves()-before)
	}
}

// TestOverrideIsDurable shows that an override that cannot be recorded did not happen.
func TestOverrideIsDurable(t *testing.T) {
	f := newStaffed(t, newWorld(t))
	id := f.approved()
	must(t, f.log.Close())
	if _, err := f.UseOverride(t.Context(), id, "nurse.one"); reason.Of(err) != reason.AuditUnavailable {
		t.Errorf("%v", err)
	}
	if e, err := f.records.Get(t.Context(), "gateway/override/"+id); err != nil || !bytes.Contains(e.Value, []byte(`"approved"`)) {
		t.Errorf("%v %s", err, e.Value)
	}
}

// TestOverrideStorageFails shows that a store that fails is named, and that a record of another is not believed.
func TestOverrideStorageFails(t *testing.T) {
	w, faulty := broken(t)
	f := newStaffed(t, w)
	disk := errors.New("disk")
	id := f.approved()
	faulty.get = func(string) error { return disk }
	f.expects(f.does("", f.asking(nil)), 503, "")
	f.expects(f.does("/"+id+"/use", `{"requester":"nurse.one"}`), 503, "")
	faulty.get = nil
	faulty.commit = func() error { return disk }
	f.expects(f.does("", f.asking(nil)), 503, "")
	faulty.commit = nil
	e, err := f.records.Get(t.Context(), "gateway/override/"+id)
	must(t, err)
	e.Value = bytes.Replace(e.Value, []byte(id), []byte("ov_AAAAAAAAAAAAAAAAAAAAAA"), 1)
	must(t, f.records.Commit(t.Context(), store.Change{Entry: e}))
	f.expects(f.does("/"+id+"/use", `{"requester":"nurse.one"}`), 503, "")
}
