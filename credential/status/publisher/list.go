// SPDX-License-Identifier: Apache-2.0

// Package publisher is the issuer's side of status: it hands out indices, keeps the state of each and publishes signed lists.
//
// One index serves the Token Status List and both Bitstring Status Lists of the same number.
//
// What a list shows to somebody who watches it: its length is fixed and indices are given in a secret
// order, so neither tells how many were given, when, or to whom. One index in DecoyShare is a decoy: it
// is never given, and shows revocations and suspensions at times that only the list's seed tells. So the
// number of entries that are set, the size of the list and a single change say little of how many
// credentials were revoked; many changes within a short time still stand out.
package publisher

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Prefix begins the keys of all records of this package.
const Prefix = "status/"

// Sizes of lists.
const (
	DefaultCapacity = 1 << 17 // indices of a list: the fewest that hide a holder
	MaxCapacity     = 1 << 20 // beyond it several lists are better
	BlockSize       = 1024    // indices that are leased at once
	MaxLists        = 1 << 16 // lists of one epoch
	seedSize        = 32
)

// ListID names a list. The zero ListID names none.
type ListID struct {
	Epoch  uint32 // the life of the store that the list was begun in
	Serial uint32 // from 1
}

// ParseListID reads what String writes, in that form alone; else object.unknown.
func ParseListID(s string) (ListID, error) {
	epoch, serial, _ := strings.Cut(s, "-")
	e, errE := strconv.ParseUint(epoch, 10, 32)
	n, errN := strconv.ParseUint(serial, 10, 32)
	id := ListID{uint32(e), uint32(n)}
	if errE != nil || errN != nil || !id.is(s) || id.Epoch == 0 || id.Serial == 0 {
		return ListID{}, reason.New(reason.ObjectUnknown, "no such status list")
	}
	return id, nil
}

// String returns the id as addresses hold it, such as "1-7".
func (id ListID) String() string { return string(id.append(nil)) }

func (id ListID) append(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, uint64(id.Epoch), 10), '-')
	return strconv.AppendUint(dst, uint64(id.Serial), 10)
}

// is reports whether String is s.
func (id ListID) is(s string) bool {
	var room [21]byte
	return string(id.append(room[:0])) == s
}

// MarshalText writes String.
func (id ListID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ListID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseListID(string(text))
	return err
}

// Ref is one index in one list. It is given to one copy of one credential and to no other, ever.
type Ref struct {
	List  ListID `json:"list"`
	Index uint64 `json:"index"`
}

// meta is what a list keeps for its life. It is written once, with the list's first lease.
type meta struct {
	Capacity uint64 `json:"capacity"`
	Seed     []byte `json:"seed"`             // of the order in which its indices are leased; secret
	Decoys   uint64 `json:"decoys,omitempty"` // indices at the end of that order which are never leased
}

// key returns the key of a record of the list. Numbers are of fixed width, so that keys sort.
func (id ListID) key(kind string) string {
	return fmt.Sprintf("%s%s/%08x-%08x", Prefix, kind, id.Epoch, id.Serial)
}

// parseKey reads the end of a key that key wrote.
func parseKey(s string) (ListID, bool) {
	epoch, serial, _ := strings.Cut(s, "-")
	e, errE := strconv.ParseUint(epoch, 16, 32)
	n, errN := strconv.ParseUint(serial, 16, 32)
	id := ListID{uint32(e), uint32(n)}
	return id, errE == nil && errN == nil && id.key("") == Prefix+"/"+s
}

// readMeta returns the record of the list, or object.unknown.
func readMeta(ctx context.Context, s store.Store, id ListID) (meta, error) {
	var m meta
	_, err := readRecord(ctx, s, id.key("list"), &m)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return meta{}, reason.New(reason.ObjectUnknown, "no such status list")
	case err != nil:
		return meta{}, err
	case checkCapacity(m.Capacity) != nil || len(m.Seed) != seedSize || m.Decoys > m.Capacity/2:
		return meta{}, reason.New(reason.StorageCorrupt, "the record of a status list is not one")
	}
	return m, nil
}

func checkCapacity(n uint64) error {
	if n < DefaultCapacity || n > MaxCapacity || n%perChunk != 0 {
		return fmt.Errorf("publisher: a capacity is %d to %d in steps of %d", DefaultCapacity, MaxCapacity, perChunk)
	}
	return nil
}

// readRecord decodes the record at key into v and returns its version.
func readRecord(ctx context.Context, s store.Store, key string, v any) (uint64, error) {
	e, err := s.Get(ctx, key)
	if err != nil {
		return 0, err
	}
	if err := strictjson.Unmarshal(e.Value, v); err != nil {
		return 0, reason.Wrap(reason.StorageCorrupt, "a status record cannot be read", err)
	}
	return e.Version, nil
}

// record returns the change that writes v at key over version.
func record(key string, v any, version uint64) (store.Change, error) {
	value, err := strictjson.Marshal(v)
	if err != nil {
		return store.Change{}, err
	}
	return store.Change{Entry: store.Entry{Key: key, Value: value, Version: version}}, nil
}
