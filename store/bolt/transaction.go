// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"encoding/binary"
	"errors"
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
	if err := t.forget(o.key); err != nil {
		return err
	}
	if o.raw == nil {
		return t.records.Delete([]byte(o.key))
	}
	r := record{crc: binary.BigEndian.Uint32(o.raw), expires: o.expires}
	t.sum.add(r)
	if r.expiring() != 0 {
		if err := t.index.Put(indexKey(o.key, r.expires), nil); err != nil {
			return err
		}
	}
	return t.records.Put([]byte(o.key), o.raw)
}

// forget takes the record of key, expired or not, out of the index and the checksum.
func (t *transaction) forget(key string) error {
	raw := t.records.Get([]byte(key))
	if raw == nil {
		return nil
	}
	r, err := decode(key, raw)
	if err != nil {
		return err
	}
	t.sum.remove(r)
	if r.expiring() == 0 {
		return nil
	}
	return t.index.Delete(indexKey(key, r.expires))
}

// sweep removes a bounded number of records that have expired, oldest first.
func (t *transaction) sweep() error {
	var due []string
	c := t.index.Cursor()
	for k, _ := c.First(); k != nil && len(due) < SweepLimit && !t.now.Before(expiry(k)); k, _ = c.Next() {
		due = append(due, string(k[expirySize:]))
	}
	for _, key := range due {
		// Whatever the index says, the record itself decides: a live one is an error.
		if version, err := t.version(key); err != nil || version != 0 {
			return errors.Join(err, errors.New("the expiry index names a record that has not expired"))
		}
		if err := t.apply(op{key: key}); err != nil {
			return err
		}
	}
	return nil
}
