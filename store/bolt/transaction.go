// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/store"
)

// transaction applies requests within one bbolt transaction and keeps the expiry index and the
// checksum of all records in step with them.
type transaction struct {
	records, index, state *bbolt.Bucket
	sum                   checksum
	now                   time.Time
}

func newTransaction(tx *bbolt.Tx, sum checksum, now time.Time) *transaction {
	return &transaction{
		records: tx.Bucket(recordsBucket()), index: tx.Bucket(expiryBucket()), state: tx.Bucket(stateBucket()),
		sum: sum, now: now,
	}
}

// run applies each request that fits what is stored, those before it included, and sets the
// result of each. It says whether anything was changed; its error means that nothing may be kept.
func (t *transaction) run(batch []*request, results []error) (changed bool, err error) {
	for i, r := range batch {
		if results[i] = t.fits(r); results[i] != nil {
			continue
		}
		for _, o := range r.ops {
			if err := t.apply(o); err != nil {
				return false, err
			}
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	if err := t.sweep(); err != nil {
		return false, err
	}
	return true, t.state.Put(sumKey(), t.sum.encode())
}

// fits looks at every version before anything is changed, so that a request is applied whole.
func (t *transaction) fits(r *request) error {
	for _, o := range r.ops {
		version, err := t.version(o.key)
		if err != nil {
			return err
		}
		if version != o.want {
			return &store.ConflictError{Key: o.key}
		}
	}
	return nil
}

func (t *transaction) version(key string) (uint64, error) {
	raw := t.records.Get([]byte(key))
	if raw == nil {
		return 0, nil
	}
	r, err := decode(key, raw)
	if err != nil || !r.live(t.now) {
		return 0, err
	}
	return r.version, nil
}

func (t *transaction) apply(o op) error {
	if err := t.remove(o.key); err != nil || o.raw == nil {
		return err
	}
	r, err := decode(o.key, o.raw)
	if err != nil {
		return err
	}
	t.sum.add(r)
	if !r.expires.IsZero() {
		if err := t.index.Put(indexKey(o.key, r.expires), nil); err != nil {
			return err
		}
	}
	return t.records.Put([]byte(o.key), o.raw)
}

// remove deletes the record of key, expired or not, if there is one.
func (t *transaction) remove(key string) error {
	raw := t.records.Get([]byte(key))
	if raw == nil {
		return nil
	}
	r, err := decode(key, raw)
	if err != nil {
		return err
	}
	t.sum.remove(r)
	if !r.expires.IsZero() {
		if err := t.index.Delete(indexKey(key, r.expires)); err != nil {
			return err
		}
	}
	return t.records.Delete([]byte(key))
}

// sweep removes a bounded number of records that have expired, oldest first.
func (t *transaction) sweep() error {
	var due [][]byte
	c := t.index.Cursor()
	for k, _ := c.First(); k != nil && len(due) < SweepLimit && !t.now.Before(expiry(k)); k, _ = c.Next() {
		due = append(due, bytes.Clone(k))
	}
	for _, k := range due {
		if err := t.remove(string(k[expirySize:])); err != nil {
			return err
		}
	}
	return nil
}
