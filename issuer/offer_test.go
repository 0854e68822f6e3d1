// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

// provider is a SignIn that nobody ever signs in with.
type provider struct{}

func (provider) Begin(context.Context, string, string) (string, error) {
	return "https://login.example.org/authorize", nil
}

func (provider) Finish(context.Context, url.Values, string) (Person, error) {
	return Person{}, reason.New(reason.GrantInvalid, "nobody")
}

const testProvider = "https://login.example.org"

// collected is the grant edited so that subject has to sign in to collect it.
func collected(subject string, pairs ...string) []byte {
	return edit(append(pairs, `"grant":{`, `"collector":{"issuer":"`+testProvider+`","subject":"`+subject+`"},"grant":{`)...)
}

func newSignInWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.cfg.SignIn = provider{}
	w.Issuer = must[*Issuer](t)(New(w.cfg))
	return w
}

// TestOfferByReference: the same offer by value and by reference, as long as it is open and no longer.
func TestOfferByReference(t *testing.T) {
	w := newWorld(t).serve()
	o := w.grant(edit())
	byValue := must[vci.OfferLink](t)(vci.ParseOfferLink(o.Offer.URI)).Offer
	path := strings.TrimPrefix(must[vci.OfferLink](t)(vci.ParseOfferLink(o.Offer.ByReference)).URI, testOrigin)
	get := func() answer { return w.do("GET", path, "", nil) }
	before := w.faults.Commits()
	got := get()
	if diff := cmp.Diff(byValue, must[*vci.Offer](t)(vci.ParseOffer(got.body))); diff != "" || got.header.Get("Cache-Control") != "no-store" {
		t.Error(diff, got.header)
	}
	page := w.do("GET", strings.TrimPrefix(o.Offer.Page, testOrigin), "", nil)
	if page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(string(page.body), "view and book appointments") ||
		!strings.Contains(string(page.body), "openid-credential-offer:") || page.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", page.status, page.header, page.body)
	}
	if a := w.do("GET", strings.TrimPrefix(o.Offer.Page, testOrigin)+"?lang=cy-GB", "", nil); !strings.Contains(string(a.body), "gweld, trefnu: apwyntiadau") {
		t.Errorf("in Welsh: %s", a.body)
	}
	for _, secret := range []string{o.Offer.TxCode, byValue.Grants.PreAuthorized.Code, "9990000077", "5f3c1a52"} {
		if strings.Contains(string(page.body), secret) {
			t.Errorf("the page shows %s", secret)
		}
	}
	if w.faults.Commits() != before {
		t.Error("reading an offer writes")
	}
	w.redeemed(o)
	for _, path := range []string{path, path + "x", "/offers/" + o.ID, "/offers/" + strings.Repeat("x", 300)} {
		if a := w.do("GET", path, "", nil); a.status != 404 || a.told.Reason != reason.ObjectUnknown {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		if a := w.do("GET", path+"/page", "", nil); a.status != 404 || strings.Contains(string(a.body), "openid-credential-offer") {
			t.Errorf("%s/page: %d", path, a.status)
		}
	}
	late := w.grant(edit())
	w.clock.Advance(OfferLife)
	if a := w.do("GET", strings.TrimSuffix(strings.TrimPrefix(late.Offer.Page, testOrigin), "/page"), "", nil); a.status != 404 {
		t.Errorf("after its end: %d %s", a.status, a.body)
	}
}

// TestOfferToCollector: who must sign in gets an offer without a code, which is good for nobody else.
func TestOfferToCollector(t *testing.T) {
	w := newSignInWorld(t)
	tom := Person{Issuer: testProvider, Subject: "tom"}
	o := w.grant(collected("tom"))
	grants := must[vci.OfferLink](t)(vci.ParseOfferLink(o.Offer.URI)).Offer.Grants
	if grants.PreAuthorized != nil || grants.AuthorizationCode.IssuerState == "" || o.Offer.TxCode != "" || !o.Offer.Expires.Equal(w.clock.Now().Add(SignInLife)) {
		t.Fatalf("%+v %+v", grants, o.Offer)
	}
	if d := must[*Delegation](t)(w.byState(t.Context(), grants.AuthorizationCode.IssuerState)); d.ID != o.ID || !d.Request.Collector.is(tom) {
		t.Errorf("%+v", d)
	}
	for _, who := range []Person{{Issuer: testProvider, Subject: "eve"}, {Issuer: "https://other.example.org", Subject: "tom"}, {}, {Subject: "tom"}, {Issuer: testProvider}} {
		if all := must[[]*Delegation](t)(w.collectable(t.Context(), who)); len(all) != 0 {
			t.Errorf("%+v may collect", who)
		}
	}
	for _, state := range []string{"", "x", o.ID, strings.Repeat("x", 1000)} {
		_, err := w.byState(t.Context(), state)
		wants(t, err, reason.ObjectUnknown)
	}
	w.clock.Advance(time.Millisecond) // ids sort by time
	second, open := w.grant(collected("tom")), w.grant(edit())
	ids := func() (out []string) {
		for _, d := range must[[]*Delegation](t)(w.collectable(t.Context(), tom)) {
			out = append(out, d.ID)
		}
		return out
	}
	if diff := cmp.Diff([]string{o.ID, second.ID}, ids()); diff != "" {
		t.Error(open.ID, diff)
	}
	must[*Delegation](t)(w.Revoke(t.Context(), o.ID, Change{Reason: "mistake"}))
	_, err := w.byState(t.Context(), grants.AuthorizationCode.IssuerState)
	wants(t, err, reason.ObjectUnknown)
	if diff := cmp.Diff([]string{second.ID}, ids()); diff != "" {
		t.Error(diff)
	}
	w.clock.Advance(SignInLife)
	if len(ids()) != 0 {
		t.Error("collectable after its end")
	}
}

// TestCollectorPrivacy: an account is in no key of the store, in no log, and in no offer.
func TestCollectorPrivacy(t *testing.T) {
	w := newSignInWorld(t)
	o := w.grant(collected("tom-0042"))
	for e, err := range w.faults.Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.Key, "tom-0042") || strings.HasPrefix(e.Key, "audit/") && strings.Contains(string(e.Value), "tom-0042") {
			t.Errorf("in %q", e.Key)
		}
	}
	if strings.Contains(w.logged.String()+o.Offer.URI, "tom-0042") {
		t.Error("the account got out")
	}
}

func TestCollectorRefusals(t *testing.T) {
	w := newSignInWorld(t)
	long := strings.Repeat("x", maxSubject+1)
	for name, c := range map[string]*Collector{
		"http": {"http://login.example.org", "tom"}, "no host": {"https://", "tom"}, "user": {"https://a@login.example.org", "tom"}, "no URL": {"::", "tom"},
		"no subject": {testProvider, ""}, "long": {testProvider, long}, "not ASCII": {testProvider, "tòm"}, "control": {testProvider, "to\nm"},
		"long provider": {testProvider + "/" + strings.Repeat("x", maxProvider), "tom"},
	} {
		r := must[GrantRequest](t)(ReadGrant(edit()))
		r.Collector = c
		if _, err := w.Offer(t.Context(), r, []byte(name), name); reason.Of(err) != reason.CredentialSchemaInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := newWorld(t).offer(collected("tom"), "k")
	wants(t, err, reason.CredentialSchemaInvalid) // nobody can sign in
	_, err = w.offer(edit(`"grant":{`, `"collector":{"issuer":"https://x.example","subject":"a","name":"Tom"},"grant":{`), "k")
	wants(t, err, reason.IssueClaimForbidden)
}

// TestOfferIsOneCommit: whatever a fault leaves, an offer is whole or not there.
func TestOfferIsOneCommit(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.Lost, storetest.Full, storetest.Persisted} {
		w := newSignInWorld(t)
		before := w.faults.Commits()
		w.faults.Next(fault)
		_, err := w.offer(collected("tom"), "k")
		if err == nil {
			t.Fatalf("fault %d was not seen", fault)
		}
		if n := w.faults.Commits() - before; n != 1 {
			t.Errorf("%d commits", n)
		}
		all := must[[]*Delegation](t)(w.collectable(t.Context(), Person{Issuer: testProvider, Subject: "tom"}))
		if (len(all) == 1) != (fault == storetest.Persisted) {
			t.Errorf("fault %d leaves %d", fault, len(all))
		}
		again := must[Offering](t)(w.offer(collected("tom"), "k"))
		if again.Offer == nil || again.Offer.ByReference == "" {
			t.Error("asking again gives no offer")
		}
	}
}

// TestOfferLivesNoLongerThanTheGrant: there is nothing to collect after the grant has ended.
func TestOfferLivesNoLongerThanTheGrant(t *testing.T) {
	w := newSignInWorld(t)
	o := w.grant(collected("tom", `"2027-11-22`, `"2026-11-24`))
	want := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	if !o.Offer.Expires.Equal(want) {
		t.Errorf("until %v", o.Offer.Expires)
	}
	raw := must[[]byte](t)(strictjson.Marshal(o))
	if !strings.Contains(string(raw), `"tx_code":""`) {
		t.Errorf("%s", raw)
	}
}
