// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

const both = tokenlist.MediaType + ", " + delta.MediaType

func (w *world) since(doc *Document, accept, tag string) *Document {
	w.Helper()
	got, err := doc.Since(context.Background(), accept, tag)
	if err != nil {
		w.Fatal(err)
	}
	return got
}

func (w *world) openDelta(doc *Document, url string) delta.Delta {
	w.Helper()
	s, err := delta.Parse(doc.Body)
	if err != nil {
		w.Fatal(err)
	}
	d, err := s.Open(w.signer.Public(), url)
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// TestDeltas: from every version that is remembered a delta leads to the newest, in every form.
func TestDeltas(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	forms := map[string]func() *Document{
		base + "/token/1-1": func() *Document { doc, _ := w.token(id); return doc },
		base + "/bitstring/1-1-revocation": func() *Document {
			doc, err := w.pub.Bitstring(context.Background(), id, Revocation)
			if err != nil {
				t.Fatal(err)
			}
			return doc
		},
	}
	past := map[string][]*Document{}
	for i := range 6 {
		for url, form := range forms {
			doc := form()
			past[url] = append(past[url], doc)
			for _, old := range past[url][:i] {
				got := w.since(doc, both, old.ETag)
				if got.MediaType != delta.MediaType || got.ETag != doc.ETag {
					t.Fatalf("%s: %s %s", url, got.MediaType, got.ETag)
				}
				d := w.openDelta(got, url)
				now, err := d.Apply(old.octets)
				if err != nil || !now.Equal(doc.octets) || !d.From.Equal(old.Issued) || !d.To.Equal(doc.Issued) || d.TTL != DefaultTTL {
					t.Errorf("%s, from %v to %v: %v", url, d.From, d.To, err)
				}
			}
		}
		ref := w.allocate()
		w.set([]status.State{status.Revoked, status.Suspended}[i%2], ref)
		if i%3 == 2 {
			w.set(status.Revoked, ref)
		}
		w.add(time.Minute)
	}
}

// TestDeltasUnasked: whoever does not ask for a delta in every respect gets the whole list.
func TestDeltasUnasked(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	old, _ := w.token(ref.List)
	w.set(status.Revoked, ref)
	w.add(time.Second)
	doc, _ := w.token(ref.List)
	for name, c := range map[string]struct {
		accept, tag string
		delta       bool
	}{
		"asked":                {both, old.ETag, true},
		"one of several tags":  {both, `"x", ` + old.ETag, true},
		"other media type":     {tokenlist.MediaType, old.ETag, false},
		"anything":             {"*/*", old.ETag, false},
		"no version":           {both, "", false},
		"unknown version":      {both, `"AAAAAAAAAAAAAAAAAAAA"`, false},
		"this version":         {both, doc.ETag, false},
		"this version and old": {both, old.ETag + ", " + doc.ETag, false},
		"half a tag":           {both, old.ETag[:10], false},
		"far too many":         {both, string(bytes.Repeat([]byte("a"), maxTags)) + old.ETag, false},
	} {
		if got := w.since(doc, c.accept, c.tag); (got != doc) != c.delta {
			t.Errorf("%s: %s", name, got.MediaType)
		}
	}
	first := w.since(doc, both, old.ETag)
	if again := w.since(doc, both, old.ETag); again != first {
		t.Error("a delta was signed twice")
	}
	if got := w.since(first, both, old.ETag); got != first {
		t.Error("a delta of a delta")
	}
	small := *doc
	small.Body, small.deltas = doc.Body[:len(first.Body)], &deltas{}
	if got := w.since(&small, both, old.ETag); got != &small {
		t.Error("a delta that is no smaller than the list")
	}
	w.restart() // what was served before is forgotten, and the whole list is served
	doc, _ = w.token(ref.List)
	if got := w.since(doc, both, old.ETag); got != doc {
		t.Error("a delta from a version of an earlier process")
	}
}

// TestPastIsBounded: in versions and in what changed over them.
func TestPastIsBounded(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	var tags []string
	for range MaxPast + 10 {
		doc, _ := w.token(id)
		tags = append(tags, doc.ETag)
		w.add(31 * time.Second)
	}
	doc, _ := w.token(id)
	if len(doc.past) != MaxPast || w.since(doc, both, tags[0]) != doc || w.since(doc, both, tags[len(tags)-1]) == doc {
		t.Errorf("%d versions are remembered", len(doc.past))
	}
	all := make([]uint32, MaxFlown-1)
	doc.past = []version{{"a", doc.Issued, all}, {"b", doc.Issued, all[:2]}, {"c", doc.Issued, nil}}
	if past := doc.history(doc); len(past) != 3 || past[0].tag != "b" {
		t.Errorf("%d versions of too much change", len(past))
	}
}

// TestOverall: what changed twice did not change.
func TestOverall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		odd := map[uint32]bool{}
		var past []version
		for range rapid.IntRange(0, 5).Draw(t, "versions") {
			flips := rapid.SliceOfNDistinct(rapid.Uint32Range(0, 9), 0, 10, func(p uint32) uint32 { return p }).Draw(t, "flips")
			for _, p := range flips {
				odd[p] = !odd[p]
			}
			past = append(past, version{flips: flips})
		}
		got := overall(past)
		for p, is := range odd {
			if slices.Contains(got, p) != is {
				t.Fatalf("%d: %v", p, got)
			}
		}
		if !slices.IsSorted(got) {
			t.Fatal(got)
		}
	})
}

// TestCompactForm: the compact form is the list, and far smaller.
func TestCompactForm(t *testing.T) {
	w := newWorld(t)
	id := w.allocate().List
	w.add(100 * 24 * time.Hour)
	w.token(id)
	w.add(100 * 24 * time.Hour)
	doc, l := w.token(id)
	compact, err := doc.Compact(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d := w.openDelta(compact, base+"/token/1-1")
	whole, err := d.Whole()
	if err != nil || !whole.Equal(l.Bits.Octets()) || !d.To.Equal(doc.Issued) {
		t.Errorf("%v as of %v", err, d.To)
	}
	if len(compact.Body)*10 > len(doc.Body)*7 || compact.ETag == doc.ETag {
		t.Errorf("%d octets, %d as a Status List Token", len(compact.Body), len(doc.Body))
	}
}

// TestAggregation names every list, and follows new ones within Renew.
func TestAggregation(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	read := func() []string {
		doc, err := w.pub.Aggregation(ctx)
		if err != nil {
			t.Fatal(err)
		}
		urls, err := tokenlist.ParseAggregation(doc.Body)
		if err != nil || doc.MediaType != "application/json" || doc.ETag == "" || doc.MaxAge <= 0 {
			t.Fatalf("%v %+v", err, doc)
		}
		return urls
	}
	if urls := read(); len(urls) != 0 {
		t.Errorf("%v before any list", urls)
	}
	w.add(DefaultTTL / 10)
	w.allocate()
	w.alloc = w.allocator(0x1f)
	w.allocate()
	if urls := read(); !slices.Equal(urls, []string{base + "/token/1-1", base + "/token/31-1"}) {
		t.Errorf("%v", urls)
	}
	if doc, l := w.token(ListID{1, 1}); l.Aggregation != w.pub.AggregationURL() || doc == nil {
		t.Errorf("the list says it is part of %q", l.Aggregation)
	}
	one, _ := w.pub.Aggregation(ctx)
	if two, _ := w.pub.Aggregation(ctx); one != two {
		t.Error("made twice")
	}
	w.add(DefaultTTL / 10)
	if two, _ := w.pub.Aggregation(ctx); one == two || one.ETag != two.ETag {
		t.Error("not made anew, or with another tag for the same")
	}
}

// TestProved publishes the Data Integrity form beside the other.
func TestProved(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	ref := w.allocate()
	w.set(status.Revoked, ref)
	_, err := w.pub.Proved(ctx, ref.List, Revocation)
	want(t, err, reason.ObjectUnknown)
	suite, err := dataintegrity.Suite(dataintegrity.ECDSAJCS, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	cfg := w.config()
	cfg.Suite = suite
	if w.pub, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	doc, err := w.pub.Proved(ctx, ref.List, Revocation)
	if err != nil {
		t.Fatal(err)
	}
	if doc.MediaType != "application/vc" {
		t.Error(doc.MediaType)
	}
	url := w.pub.BitstringRefs(ref)[0].List
	l, err := bitstring.OpenProved(ctx, doc.Body, dataintegrity.Suites{suite}, w.signer.Method.DID(), url, credential.Keys{Resolver: own{w.signer}, At: w.now()})
	if err != nil {
		t.Fatal(err)
	}
	if on, err := l.Bits.Set(ref.Index); err != nil || !on || !l.Issued.Equal(doc.Issued) || !l.Has(bitstring.Revocation) {
		t.Errorf("%v %v, issued %v", on, err, l.Issued)
	}
	plain, err := w.pub.Bitstring(ctx, ref.List, Revocation)
	if err != nil || !plain.Issued.After(doc.Issued) || !plain.octets.Equal(doc.octets) {
		t.Errorf("the forms of one address are issued at %v and %v: %v", doc.Issued, plain.Issued, err)
	}
	_, err = w.pub.Proved(ctx, ref.List, "refresh")
	want(t, err, reason.ObjectUnknown)
	_, err = w.pub.Proved(ctx, ListID{1, 9}, Revocation)
	want(t, err, reason.ObjectUnknown)
}

func ExampleAsksForPast() {
	fmt.Println(AsksForPast("time=1686925000"), AsksForPast("a=1&time="), AsksForPast("times=1&atime=2"), AsksForPast(""))
	// Output: true true false false
}
