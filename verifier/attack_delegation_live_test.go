// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/verifier"
)

// record is a place where a controller records what is in force, and whose word the gateway asks for.
// The record is acknowledged when the function returns.
type record func(t *testing.T) (verifier.Restrictions, func(kind string))

// inFile records in a file that is replaced as a whole.
func inFile(t *testing.T) (verifier.Restrictions, func(string)) {
	path := filepath.Join(t.TempDir(), "restrictions.json")
	must(t, os.WriteFile(path, []byte("[]"), 0o600))
	return verifier.FileRestrictions(path), func(kind string) {
		must(t, os.WriteFile(path+".new", []byte(recorded(kind)), 0o600))
		must(t, os.Rename(path+".new", path))
	}
}

// inService records in the controller's own system.
func inService(t *testing.T) (verifier.Restrictions, func(string)) {
	var now atomic.Pointer[string]
	none := "[]"
	now.Store(&none)
	s := &controllersService{TB: t}
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"restrictions":%s}`, *now.Load())
	}))
	t.Cleanup(s.server.Close)
	return s.source(strings.TrimPrefix(s.server.URL, "https://")), func(kind string) {
		text := recorded(kind)
		now.Store(&text)
	}
}

func recorded(kind string) string { return `[{"principal":"` + principal + `","kind":"` + kind + `"}]` }

// attackWithdrawal has the controller record a death, or a withdrawal, while three delegates ask. The order
// is logical and no clock: whatever begins after the record was acknowledged is denied.
func attackWithdrawal(t *testing.T) {
	for where, record := range map[string]record{"file": inFile, "service": inService} {
		for name, kind := range map[string]string{"a": "deceased", "b": "objection"} {
			t.Run(name+" "+where, func(t *testing.T) {
				w := newWorld(t)
				cfg := w.cfg
				source, put := record(t)
				cfg.Restrictions = source
				w.start(cfg)
				w.withdraw(func() { put(kind) })
			})
		}
	}
}

// answered is an answer that a delegate is ready to post.
type answered struct {
	id string
	vp.Response
}

// withdraw has three delegates ask at once; after each has had some permits, put is called.
func (w *world) withdraw(put func()) {
	w.Helper()
	const delegates, before, after = 3, 4, 8
	var permitted, running sync.WaitGroup
	permitted.Add(delegates * before)
	var acknowledged atomic.Bool
	var late, denied atomic.Int32
	begun := make(chan struct{})
	for range delegates {
		answers := w.ready(w.holder("ES256"), before+after)
		running.Go(func() {
			for i, a := range answers {
				if i == before {
					<-begun // half of the rest run while it is recorded, or after
				}
				already := acknowledged.Load()
				d, err := w.Respond(context.Background(), a.id, a.Response)
				switch {
				case err != nil:
					w.Error(err)
				case d.Decision.Outcome == delegation.Permit && already:
					late.Add(1)
				case d.Decision.Outcome != delegation.Permit && (d.Decision.Reason != reason.ControllerRestriction || i < before):
					w.Errorf("%d: %s", i, d.Decision.Reason)
				case d.Decision.Outcome != delegation.Permit:
					denied.Add(1)
				}
				if i < before {
					permitted.Done()
				}
			}
		})
	}
	permitted.Wait()
	close(begun)
	put()
	acknowledged.Store(true)
	final := w.ready(w.bob, 3)
	running.Wait()
	for _, a := range final {
		if d, err := w.Respond(context.Background(), a.id, a.Response); err != nil || d.Decision.Reason != reason.ControllerRestriction {
			w.Errorf("%v %v", err, d.Decision)
		}
	}
	if n := late.Load(); n != 0 {
		w.Errorf("%d permits after the record was acknowledged", n)
	}
	w.Logf("%d of %d were denied while it was recorded", denied.Load(), delegates*after)
}

// ready prepares answers of one delegate to requests of their own.
func (w *world) ready(by did.Signer, n int) []answered {
	w.Helper()
	c := w.root(sd)
	c.Delegate.ID = by.Method.DID().String()
	raw := w.seal(sd, c, w.issuer)
	var out []answered
	for range n {
		s := w.ask(booking())
		out = append(out, answered{s.ID, vp.Response{State: s.request.State, Token: map[string][]string{"delegation": {w.show(s, sd, raw, by)}}}})
	}
	return out
}

// refusal is a reason of those that a delegate cannot tell apart, and what brings it about.
type refusal struct {
	name string
	code reason.Code
	root edit
	set  func(*world)
}

func refusals() []refusal {
	all := []refusal{
		{"not proxyable", reason.ControllerNotProxyable, nil, func(w *world) {
			p := w.framework.Controllers[controller]
			p.NotProxyable = []string{"appointments"}
			w.framework.Controllers[controller] = p
		}},
		{"prohibited", reason.AuthorityProhibited, func(c *credential.Credential) {
			c.Prohibitions = []credential.Prohibition{{Resource: "appointments", Actions: []string{"book", "view"}}}
		}, func(*world) {}},
	}
	for _, kind := range []string{"silent-stop", "safeguarding", "court-order", "deceased"} {
		for _, whom := range []string{"anybody", "bob"} {
			all = append(all, refusal{kind + " for " + whom, reason.ControllerRestriction, nil, func(w *world) {
				r := delegation.Restriction{Principal: principal, Kind: kind}
				if whom == "bob" {
					r.Delegate, r.Resource = w.bob.Method.DID().String(), "appointments"
				}
				w.restrictions.list = []delegation.Restriction{r}
			}})
		}
	}
	return all
}

// octets is an answer as the other side sees it, without what differs between any two: ids, which
// are of equal length, and the time.
func octets(got *httptest.ResponseRecorder) string {
	h := got.Header().Clone()
	for _, own := range []string{"Date", "X-Request-Id"} {
		if values := h[own]; len(values) > 0 {
			h[own] = []string{fmt.Sprint(len(values[0]))}
		}
	}
	var text strings.Builder
	_ = h.Write(&text)
	body := got.Body.String()
	return fmt.Sprintf("%d\r\n%s\r\n%s\r\n%d bytes", got.Code, text.String(), ids(body), len(body))
}

// attackCoercion shows that a delegate sees the same, byte by byte, whether a restriction hits, the
// resource is offered to nobody, or a link prohibits it; that the log alone has the truth; and that the
// gateway does the same work for each.
func attackCoercion(t *testing.T) {
	for _, format := range []string{sd, vc} {
		var want, seen map[string]string
		for _, r := range refusals() {
			t.Run(format+" "+r.name, func(t *testing.T) {
				w := newCountedWorld(t)
				r.set(w.world)
				seen = w.seenBy(format, r)
				if want == nil {
					want = seen
				}
				if diff := gocmp.Diff(want, seen); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// seenBy presents a link of its own and returns what the delegate sees of the denial, and what work it was.
func (w *countedWorld) seenBy(format string, r refusal) map[string]string {
	w.Helper()
	root := w.root(format)
	run(r.root, root)
	raw := w.seal(format, root, w.issuer)
	s := w.ask(booking())
	token, err := json.Marshal(map[string][]string{queryOf(format): {w.show(s, format, raw, w.bob)}})
	must(w, err)
	form := url.Values{"state": {s.request.State}, "vp_token": {string(token)}}.Encode()
	w.reset()
	response := w.call("POST", "/vp/response/"+s.ID, "application/x-www-form-urlencoded", form)
	seen := map[string]string{"response": octets(response), "work of it": w.work()}
	leaf := w.leaf(w.leaves())
	if leaf.Outcome != "deny" || leaf.Reasons[0] != r.code {
		w.Errorf("the leaf says %s %v", leaf.Outcome, leaf.Reasons)
	}
	p := w.progress(s)
	w.reset()
	verdict := w.call("POST", "/access/v1/evaluation", "application/json", byHandle(p.Handle))
	seen["work of the verdict"] = w.work()
	var v verdictBody
	must(w, json.Unmarshal(verdict.Body.Bytes(), &v))
	seen["user"] = fmt.Sprint(v.Decision, v.Context.ReasonUser, v.Context.NarrowTo, v.Context.Obligations, v.Context.Expires)
	if r.code != reason.AuthorityProhibited { // which a service may know
		seen["verdict"] = octets(verdict)
		seen["progress"] = ids(w.call("GET", "/v1/requests/"+s.ID, "", "").Body.String())
	}
	again := w.call("POST", "/vp/response/"+s.ID, "application/x-www-form-urlencoded", form)
	seen["replay"] = strings.Split(octets(again), "\r\n")[0]
	if r.code == reason.AuthorityProhibited {
		seen["verdict"], seen["progress"] = w.asNotProxyable(verdict), ids(strings.ReplaceAll(w.call("GET", "/v1/requests/"+s.ID, "", "").Body.String(), string(r.code), string(reason.ControllerNotProxyable)))
	}
	return seen
}

// asNotProxyable is a verdict with the one word in it that services may see and delegates may not.
func (w *world) asNotProxyable(got *httptest.ResponseRecorder) string {
	text := strings.ReplaceAll(got.Body.String(), string(reason.AuthorityProhibited), string(reason.ControllerNotProxyable))
	got.Body.Reset()
	got.Body.WriteString(text)
	got.Header().Set("Content-Length", strconv.Itoa(len(text)))
	return octets(got)
}

type verdictBody struct {
	Decision bool
	Context  struct {
		ReasonUser  string   `json:"reason_user"`
		NarrowTo    []string `json:"narrow_to"`
		Obligations []any
		Expires     string `json:"expires_at"`
	}
}

// countedWorld counts what the gateway does outside itself.
type countedWorld struct {
	*world
	reads, commits, statuses, resolved, restricted atomic.Int32
}

type countedStore struct {
	store.Store
	w *countedWorld
}

func (c countedStore) Get(ctx context.Context, key string) (store.Entry, error) {
	c.w.reads.Add(1)
	return c.Store.Get(ctx, key)
}

func (c countedStore) Commit(ctx context.Context, changes ...store.Change) error {
	c.w.commits.Add(1)
	return c.Store.Commit(ctx, changes...)
}

func newCountedWorld(t *testing.T) *countedWorld {
	t.Helper()
	c := &countedWorld{world: &world{TB: t, clock: &clock{at: began}}}
	records, err := memory.New(memory.Config{Now: c.clock.now})
	must(t, err)
	c.build(countedStore{records, c})
	cfg := c.cfg
	lists := cfg.Status
	cfg.Status = statusFunc(func(ctx context.Context, issuer string, ref credential.StatusRef) (status.State, time.Time, error) {
		c.statuses.Add(1)
		return lists.State(ctx, issuer, ref)
	})
	cfg.Resolver = countedResolver{cfg.Resolver, c}
	cfg.Restrictions = countedRestrictions{cfg.Restrictions, c}
	c.start(cfg)
	return c
}

type countedResolver struct {
	did.Resolver
	w *countedWorld
}

func (c countedResolver) Resolve(ctx context.Context, id did.DID) (*did.Document, error) {
	c.w.resolved.Add(1)
	return c.Resolver.Resolve(ctx, id)
}

type countedRestrictions struct {
	verifier.Restrictions
	w *countedWorld
}

func (c countedRestrictions) InForce(ctx context.Context, who string) ([]delegation.Restriction, error) {
	c.w.restricted.Add(1)
	return c.Restrictions.InForce(ctx, who)
}

func (w *countedWorld) reset() {
	for _, n := range []*atomic.Int32{&w.reads, &w.commits, &w.statuses, &w.resolved, &w.restricted} {
		n.Store(0)
	}
}

// work says what was done since reset; all of it happens at least once.
func (w *countedWorld) work() string {
	w.Helper()
	if w.commits.Load() == 0 || w.statuses.Load() == 0 || w.restricted.Load() == 0 {
		w.Error("nothing was counted")
	}
	return fmt.Sprintf("%d reads, %d commits, %d statuses, %d resolved, %d restrictions", w.reads.Load(), w.commits.Load(), w.statuses.Load(), w.resolved.Load(), w.restricted.Load())
}

// refusing is a gateway that refuses by one of the reasons that a delegate cannot tell apart.
type refusing struct {
	*world
	refusal
	raw []byte
}

func newRefusing(b *testing.B, r refusal) *refusing {
	w := newWorld(b)
	r.set(w)
	root := w.root(sd)
	run(r.root, root)
	return &refusing{w, r, w.seal(sd, root, w.issuer)}
}

func (r *refusing) next() answered {
	s := r.ask(booking())
	return answered{s.ID, vp.Response{State: s.request.State, Token: map[string][]string{"delegation": {r.show(s, sd, r.raw, r.bob)}}}}
}

func (r *refusing) refuse(a answered) {
	if d, err := r.Respond(context.Background(), a.id, a.Response); err != nil || d.Decision.Reason != r.code {
		r.Fatal(err, d.Decision)
	}
}

// BenchmarkRefused times what a delegate must not be able to tell apart. On a machine that does other things
// too, only the last one says something: it takes turns, and reports the medians and their ratio.
func BenchmarkRefused(b *testing.B) {
	all := refusals()
	kinds := map[string]refusal{"not-proxyable": all[0], "prohibited": all[1], "restriction": all[len(all)-1]}
	for _, name := range []string{"not-proxyable", "prohibited", "restriction"} {
		b.Run(name, func(b *testing.B) {
			r := newRefusing(b, kinds[name])
			for b.Loop() {
				b.StopTimer()
				a := r.next()
				b.StartTimer()
				r.refuse(a)
			}
		})
	}
	b.Run("in-turn", func(b *testing.B) {
		pair := [2]*refusing{newRefusing(b, kinds["not-proxyable"]), newRefusing(b, kinds["restriction"])}
		var took [2][]float64
		for n := 0; b.Loop(); n++ {
			for i := range pair {
				i = (i + n) % 2 // each is as often the first
				a := pair[i].next()
				begin := time.Now()
				pair[i].refuse(a)
				took[i] = append(took[i], float64(time.Since(begin).Nanoseconds()))
			}
		}
		open, hidden := median(took[0]), median(took[1])
		b.ReportMetric(open, "not-proxyable-median-ns")
		b.ReportMetric(hidden, "restriction-median-ns")
		b.ReportMetric(hidden/open, "ratio")
	})
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
