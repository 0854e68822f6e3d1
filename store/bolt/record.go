// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"go.etcd.io/bbolt"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// A record is crc(4) version(8) flags(1) expires(12: seconds, nanoseconds) value, big endian;
// the checksum covers the key too, so that a record under another's key is found out.
const (
	headSize    = 4 + 8 + 1 + expirySize
	expirySize  = 12
	flagExpires = 1
)

var errChecksum = errors.New("checksum does not match") // never changed

// record is a stored entry without its key; value still lies in the file's mapping.
type record struct {
	crc     uint32
	version uint64
	expires time.Time
	value   []byte
}

func encode(e store.Entry, version uint64) []byte {
	raw := make([]byte, headSize, headSize+len(e.Value))
	binary.BigEndian.PutUint64(raw[4:], version)
	if !e.Expires.IsZero() {
		raw[12] = flagExpires
		putExpiry(raw[13:], e.Expires)
	}
	raw = append(raw, e.Value...)
	binary.BigEndian.PutUint32(raw, crc(e.Key, raw[4:]))
	return raw
}

func decode(key string, raw []byte) (record, error) {
	if len(raw) < headSize || raw[12] > flagExpires {
		return record{}, corrupt(key)
	}
	r := record{crc: binary.BigEndian.Uint32(raw), version: binary.BigEndian.Uint64(raw[4:]), value: raw[headSize:]}
	if r.crc != crc(key, raw[4:]) {
		return record{}, corrupt(key)
	}
	if raw[12] == flagExpires {
		r.expires = expiry(raw[13:])
	}
	return r, nil
}

func (r record) live(now time.Time) bool { return r.expires.IsZero() || now.Before(r.expires) }

// entry returns r as an entry that owns its value.
func (r record) entry(key string) store.Entry {
	return store.Entry{Key: key, Value: append([]byte{}, r.value...), Version: r.version, Expires: r.expires}
}

// lookup returns the live entry of key.
func lookup(tx *bbolt.Tx, key string, now time.Time) (store.Entry, error) {
	raw := tx.Bucket(recordsBucket()).Get([]byte(key))
	if raw == nil {
		return store.Entry{}, store.ErrNotFound
	}
	r, err := decode(key, raw)
	if err != nil {
		return store.Entry{}, err
	}
	if !r.live(now) {
		return store.Entry{}, store.ErrNotFound
	}
	return r.entry(key), nil
}

// putExpiry writes t so that byte order is order in time, before 1970 too.
func putExpiry(to []byte, t time.Time) {
	binary.BigEndian.PutUint64(to, uint64(t.Unix())^1<<63)
	binary.BigEndian.PutUint32(to[8:], uint32(t.Nanosecond()))
}

func expiry(from []byte) time.Time {
	seconds := int64(binary.BigEndian.Uint64(from) ^ 1<<63)
	return time.Unix(seconds, int64(binary.BigEndian.Uint32(from[8:]))).UTC()
}

// indexKey is where the expiry bucket names a record that expires.
func indexKey(key string, expires time.Time) []byte {
	at := make([]byte, expirySize, expirySize+len(key))
	putExpiry(at, expires)
	return append(at, key...)
}

func crc(key string, rest []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // a shared table: this does not build one
	return crc32.Update(crc32.Checksum([]byte(key), table), table, rest)
}

// corrupt names the record in the cause alone, which is only logged.
func corrupt(key string) error {
	return reason.Wrap(reason.StorageCorrupt, "a record fails its checksum: restore the store file from a backup",
		fmt.Errorf("record %q: %w", key, errChecksum))
}

// checksum stands for the set of all records: it finds a record that is lost, which the
// checksum within a record cannot.
type checksum struct{ count, expiring, sum uint64 }

const checksumSize = 3*8 + 4

func (c *checksum) add(r record)    { c.count++; c.sum += uint64(r.crc); c.expiring += r.expiring() }
func (c *checksum) remove(r record) { c.count--; c.sum -= uint64(r.crc); c.expiring -= r.expiring() }

func (r record) expiring() uint64 {
	if r.expires.IsZero() {
		return 0
	}
	return 1
}

func (c checksum) encode() []byte {
	raw := make([]byte, checksumSize)
	binary.BigEndian.PutUint64(raw[4:], c.count)
	binary.BigEndian.PutUint64(raw[12:], c.expiring)
	binary.BigEndian.PutUint64(raw[20:], c.sum)
	binary.BigEndian.PutUint32(raw, crc("", raw[4:]))
	return raw
}

func decodeChecksum(raw []byte) (checksum, bool) {
	if len(raw) != checksumSize || binary.BigEndian.Uint32(raw) != crc("", raw[4:]) {
		return checksum{}, false
	}
	return checksum{
		count:    binary.BigEndian.Uint64(raw[4:]),
		expiring: binary.BigEndian.Uint64(raw[12:]),
		sum:      binary.BigEndian.Uint64(raw[20:]),
	}, true
}
