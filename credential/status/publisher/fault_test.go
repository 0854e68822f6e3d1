// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// odd is a signer that fails, or signs with another key than it says.
type odd struct {
	key.Signer
	fail error
	with key.Signer
}

func (o odd) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if o.fail != nil {
		return nil, o.fail
	}
	return o.with.Sign(ctx, message)
}

// TestOddSigner: a list, a proof or a delta that cannot be signed, or does not open, is not published.
func TestOddSigner(t *testing.T) {
	gone := errors.New("the module is gone")
	suite, err := dataintegrity.Suite(dataintegrity.ECDSAJCS, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fail error
		code reason.Code
	}{"fails": {gone, ""}, "another key": {nil, reason.IssueSelfCheck}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ctx := context.Background()
			ref := w.allocate()
			old, _ := w.token(ref.List)
			w.set(status.Revoked, ref)
			w.add(time.Second)
			doc, _ := w.token(ref.List)
			good := w.signer
			w.signer = did.Signer{Signer: odd{good.Signer, c.fail, newSigner(t, "k2").Signer}, Method: newSigner(t, "k3").Method}
			cfg := w.config()
			cfg.Suite = suite
			if w.pub, err = New(cfg); err != nil {
				t.Fatal(err)
			}
			doc.by = w.signer
			calls := map[string]func() (*Document, error){
				"token":     func() (*Document, error) { return w.pub.Token(ctx, ref.List) },
				"bitstring": func() (*Document, error) { return w.pub.Bitstring(ctx, ref.List, Revocation) },
				"proved":    func() (*Document, error) { return w.pub.Proved(ctx, ref.List, Revocation) },
				"delta":     func() (*Document, error) { return doc.Since(ctx, both, old.ETag) },
				"compact":   func() (*Document, error) { return doc.Compact(ctx) },
			}
			for what, call := range calls {
				if what == "compact" && c.fail == nil {
					continue // it is opened by who reads it
				}
				got, err := call()
				if got != nil || err == nil || reason.Of(err) != c.code && reason.Of(err) != reason.InternalIndeterminate || c.fail != nil && !errors.Is(err, gone) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if got := get(w.handler(), "/token/1-1"); got.StatusCode < 500 {
				t.Errorf("served with %d", got.StatusCode)
			}
		})
	}
}

// TestNothingBegins: a list is not published before it is recorded that it was.
func TestNothingBegins(t *testing.T) {
	w := newWorld(t)
	ref := w.allocate()
	w.store.set(errDisk, false)
	_, err := w.pub.Token(context.Background(), ref.List)
	want(t, err, reason.StorageUnavailable)
	w.store.set(nil, false)
	if _, err := w.pub.Token(context.Background(), ref.List); err != nil {
		t.Error(err)
	}
}

// deaf is a store that cannot be scanned.
type deaf struct{ store.Store }

func (deaf) Scan(context.Context, string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) { yield(store.Entry{}, errDisk) }
}

// TestAggregationFaults: an aggregation is whole or not at all.
func TestAggregationFaults(t *testing.T) {
	w := newWorld(t)
	w.allocate()
	ctx := context.Background()
	if err := w.store.Commit(ctx, store.Change{Entry: store.Entry{Key: Prefix + "list/x", Value: []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	_, err := w.pub.Aggregation(ctx)
	want(t, err, reason.StorageCorrupt)
	cfg := w.config()
	cfg.Store = deaf{w.store}
	if w.pub, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	_, err = w.pub.Aggregation(ctx)
	want(t, err, reason.StorageUnavailable)
	if got := get(w.handler(), "/aggregation"); got.StatusCode != 503 {
		t.Errorf("served with %d", got.StatusCode)
	}
}
