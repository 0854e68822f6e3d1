// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/verifier"
)

// steps are the steps of a decision that reach outside, and how one is broken: fail runs when the
// step is reached, and what it returns is the step's result.
var steps = []struct {
	name  string
	fault func(cfg *verifier.Config, fail func(context.Context))
	null  reason.Code // of a step that returns nothing
}{
	{"resolve", func(cfg *verifier.Config, fail func(context.Context)) { cfg.Resolver = brokenResolver(fail) }, reason.InternalIndeterminate},
	{"status", func(cfg *verifier.Config, fail func(context.Context)) {
		cfg.Status = statusFunc(func(ctx context.Context, _ string, _ credential.StatusRef) (status.State, time.Time, error) {
			fail(ctx)
			return status.Unknown, time.Time{}, ctx.Err()
		})
	}, reason.StatusUnavailable},
	{"restrictions", func(cfg *verifier.Config, fail func(context.Context)) {
		cfg.Restrictions = &restrictions{hook: func(ctx context.Context) ([]delegation.Restriction, error) {
			fail(ctx)
			return nil, errors.New("nothing")
		}}
	}, reason.InternalIndeterminate},
	{"framework", func(cfg *verifier.Config, fail func(context.Context)) {
		good := cfg.Framework
		var n atomic.Int32 // a step that is deaf goes on beside those that follow
		cfg.Framework = func() *trustframework.Framework {
			if n.Add(1) == 1 {
				return good() // for the request
			}
			fail(context.Background())
			return nil
		}
	}, reason.TrustRegistryUnavailable},
}

type brokenResolver func(context.Context)

func (f brokenResolver) Resolve(ctx context.Context, _ did.DID) (*did.Document, error) {
	f(ctx)
	return nil, ctx.Err()
}

// attackBrokenStep breaks each step in each way. What was broken is denied and recorded; nothing is permitted.
func attackBrokenStep(t *testing.T) {
	for _, step := range steps {
		for name, fail := range map[string]func(context.Context){
			"panic": func(context.Context) { panic("broken") },
			"nil":   func(context.Context) {},
			"stall": func(ctx context.Context) {
				if step.name == "framework" { // has no context: it just takes long
					<-time.After(time.Minute)
				}
				<-ctx.Done()
			},
			"deaf stall": func(context.Context) { <-time.After(time.Minute) },
		} {
			if step.name == "framework" && name == "stall" {
				continue
			}
			t.Run(step.name+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { breakStep(t, step.fault, fail, name == "nil", step.null) })
			})
		}
	}
	t.Run("cancelled", attackCancelled)
	t.Run("audit", attackBrokenAudit)
	t.Run("others go on", attackOthersGoOn)
}

func breakStep(t *testing.T, fault func(*verifier.Config, func(context.Context)), fail func(context.Context), null bool, code reason.Code) {
	w := newWorld(t)
	w.mustPermit(sd)
	cfg := w.cfg
	fault(&cfg, fail)
	good := w.Gateway
	w.start(cfg)
	s := session{Asked: w.asked().Asked}
	object, err := good.RequestObject(t.Context(), s.ID, "") // the wallet's side is not what is broken
	must(t, err)
	s.request, err = vp.OpenRequest(t.Context(), object, w.ClientID(), credential.Keys{Resolver: w.docs, At: w.clock.now()})
	must(t, err)
	want := reason.InternalIndeterminate
	if null {
		want = code
	}
	w.expect(w.forgeOf(sd, w.root(sd), s).send(), want)
	if p, err := w.Progress(t.Context(), s.ID, verifier.Codes{}); err != nil || p.State != "decided" || p.Decision.Outcome != "deny" {
		t.Errorf("%v %+v", err, p)
	}
	<-time.After(2 * time.Minute) // what still runs ends
}

// attackCancelled is a wallet that goes away: its denial is recorded all the same.
func attackCancelled(t *testing.T) {
	w := newWorld(t)
	w.mustPermit(sd)
	g := w.forge(sd)
	ctx, cancel := context.WithCancel(context.Background())
	w.restrictions.hook = func(context.Context) ([]delegation.Restriction, error) { cancel(); return nil, nil }
	d, err := w.Respond(ctx, g.session.ID, vp.Response{State: g.request.State, Token: map[string][]string{"delegation": {g.token()}}})
	if err != nil || d.Decision.Outcome != delegation.Deny || d.Decision.Reason != reason.InternalIndeterminate {
		t.Errorf("%v %+v", err, d)
	}
	if p := w.progress(g.session); p.State != "decided" || p.Decision.Outcome != "deny" {
		t.Errorf("%+v", p)
	}
}

// brokenLog fails as told.
type brokenLog func(context.Context) error

func (f brokenLog) Append(ctx context.Context, _ audit.Event, _ ...store.Change) (audit.Receipt, error) {
	return audit.Receipt{}, f(ctx)
}

// attackBrokenAudit shows that what is not recorded is not released.
func attackBrokenAudit(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(context.Context) error
		want reason.Code
	}{
		"fails":       {func(context.Context) error { return reason.New(reason.AuditUnavailable, "") }, reason.AuditUnavailable},
		"other error": {func(context.Context) error { return errors.New("disk") }, reason.AuditUnavailable},
		"conflict":    {func(context.Context) error { return &store.ConflictError{Key: "x"} }, reason.AuditUnavailable},
		"panics":      {func(context.Context) error { panic("broken") }, reason.AuditUnavailable},
		"stalls":      {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, reason.AuditUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.mustPermit(sd)
				cfg := w.cfg
				cfg.Audit = brokenLog(c.fail)
				w.start(cfg)
				g := w.forge(sd)
				got := g.send()
				if got.status != http.StatusServiceUnavailable || got.code != c.want || got.outcome != "" || strings.Contains(got.body, "permit") {
					t.Errorf("%+v", got)
				}
				if p := w.progress(g.session); p.State != "pending" || p.Decision != nil || p.Handle != "" {
					t.Errorf("%+v", p)
				}
				w.expect(g.send(), reason.PresentationReplayed) // and the nonce is spent
			})
		})
	}
}

// attackOthersGoOn runs good requests beside one whose step stalls and one whose step panics.
func attackOthersGoOn(t *testing.T) {
	w := newWorld(t)
	w.mustPermit(sd)
	bad := make(chan struct{})
	w.restrictions.hook = func(ctx context.Context) ([]delegation.Restriction, error) {
		if stuck, _ := ctx.Value(stuckKey{}).(bool); stuck {
			<-bad
		}
		return nil, nil
	}
	stuck := w.forge(sd)
	var hung sync.WaitGroup
	hung.Go(func() {
		ctx := context.WithValue(context.Background(), stuckKey{}, true)
		_, _ = w.Respond(ctx, stuck.session.ID, vp.Response{State: stuck.request.State, Token: map[string][]string{"delegation": {stuck.token()}}})
	})
	var all sync.WaitGroup
	answers := make([]verifier.Decided, 100)
	for i := range answers {
		g := w.forge(sd)
		token := g.token()
		all.Go(func() {
			answers[i], _ = w.Respond(context.Background(), g.session.ID, vp.Response{State: g.request.State, Token: map[string][]string{"delegation": {token}}})
		})
	}
	all.Wait()
	for i, d := range answers {
		if d.Decision.Outcome != delegation.Permit {
			t.Fatalf("request %d: %+v", i, d)
		}
	}
	close(bad)
	hung.Wait()
}

type stuckKey struct{}

// mixedStore answers with the record of another session.
type mixedStore struct {
	store.Store
	other string
}

func (m *mixedStore) Get(ctx context.Context, key string) (store.Entry, error) {
	if m.other != "" && strings.HasPrefix(key, "gateway/session/") {
		key = "gateway/session/" + m.other
	}
	return m.Store.Get(ctx, key)
}

// TestMixedUpStore shows that no session's record ever answers for another.
func TestMixedUpStore(t *testing.T) {
	w := newWorld(t)
	mixed := &mixedStore{Store: w.records}
	cfg := w.cfg
	cfg.Store = mixed
	w.start(cfg)
	decided, _ := w.answer(sd, nil)
	g := w.forge(sd)
	mixed.other = decided.ID
	got := w.call("GET", "/v1/requests/"+g.session.ID, "", "")
	if got.Code != http.StatusServiceUnavailable || strings.Contains(got.Body.String(), "permit") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	w.expect(g.send(), reason.SessionStoreMismatch)
	if got := w.call("GET", strings.TrimPrefix(w.askedQuietly(mixed).RequestURI, origin), "", ""); got.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// askedQuietly asks while the store is in order, and mixes it up again.
func (w *world) askedQuietly(m *mixedStore) session {
	w.Helper()
	defer func(other string) { m.other = other }(m.other)
	m.other = ""
	return w.asked()
}

// TestNoRandomness shows that a gateway without randomness asks and releases nothing.
func TestNoRandomness(t *testing.T) {
	w := newWorld(t)
	g := w.forge(sd)
	cfg := w.cfg
	cfg.Random = strings.NewReader("")
	w.start(cfg)
	if _, err := w.Ask(t.Context(), verifier.Request{Access: booking()}); reason.Of(err) != reason.InternalIndeterminate {
		t.Error(err)
	}
	if got := g.send(); got.status != http.StatusServiceUnavailable || got.outcome != "" {
		t.Errorf("%+v", got)
	}
	cfg.Random = rand.Reader
}
