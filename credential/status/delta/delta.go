// SPDX-License-Identifier: Apache-2.0

// Package delta is what changes between two versions of a status list, signed by whoever signs the list.
//
// A delta is an addition to the standard forms for readers that poll often, and never required of
// anybody. Beside a list it holds {list, from, to, flipped bits, root of the result}: some 150 bytes
// and two for each revocation, instead of the list. Measured from the empty list it is the list
// itself in its most compact form.
package delta

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Names and bounds of a delta.
const (
	Type      = "status-delta+jws" // typ of the token, whose payload is no JSON
	MediaType = "application/" + Type
	MaxURL    = 2048 // bytes of the list's URL
	MaxFlips  = 1 << 20
	version   = 1
)

// Delta leads from one version of a list to a later one.
type Delta struct {
	List  string            // URL of the list
	From  time.Time         // when the version that it starts from was issued; zero: the empty list, of zeros
	To    time.Time         // when the version that it leads to was issued
	TTL   time.Duration     // how long that may be used after To; to the second, at most MaxTTL
	Size  int               // octets of both, after decompression
	Root  [sha256.Size]byte // root of the result
	Flips []uint32          // the bits that change, as wire.Octets.Flips gives them
}

// MaxTTL is the longest TTL.
const MaxTTL = 24 * time.Hour

// New returns the delta that leads from the version of list issued at from, which had octets old, to
// that issued at to, which has octets now. The zero from, with no old, makes the compact form of the whole list.
// A list that has changed its length, or in more than MaxFlips places, is status.too_large.
func New(list string, from time.Time, old wire.Octets, to time.Time, now wire.Octets, ttl time.Duration) (Delta, error) {
	if from.IsZero() {
		old = wire.NewOctets(make([]byte, now.Len()))
	}
	if old.Len() != now.Len() {
		return Delta{}, reason.New(reason.StatusTooLarge, "the list has another length")
	}
	d := Delta{List: list, From: from, To: to, TTL: ttl, Size: now.Len(), Root: now.Root(), Flips: old.Flips(now)}
	if len(d.Flips) > MaxFlips {
		return Delta{}, reason.New(reason.StatusTooLarge, "the list has changed in too many places")
	}
	return d, nil
}

// Apply returns what old, issued at d.From, becomes. Any fault, among them that the result does not
// have the root that was signed, is status.encoding: then the whole list is to be fetched.
func (d Delta) Apply(old wire.Octets) (wire.Octets, error) {
	if old.Len() != d.Size {
		return wire.Octets{}, wire.Malformed("a delta is for a list of another length", nil)
	}
	now, err := old.Flip(d.Flips)
	if err != nil {
		return wire.Octets{}, err
	}
	if now.Root() != d.Root {
		return wire.Octets{}, wire.Malformed("a delta does not lead to the root that it states", nil)
	}
	return now, nil
}

// Whole returns the list that a delta from the empty list leads to. Another delta is status.encoding.
func (d Delta) Whole() (wire.Octets, error) {
	if !d.From.IsZero() || d.Size > wire.MaxList {
		return wire.Octets{}, wire.Malformed("a delta does not start from the empty list", nil)
	}
	return d.Apply(wire.NewOctets(make([]byte, d.Size)))
}

// Seal signs d as by. The payload is: one octet of version, From and To in seconds and TTL in seconds
// as 8, 8 and 4 octets, most significant first, Root, the length of List and Size as varints, List,
// and Flips as AppendGaps writes them.
func Seal(ctx context.Context, d Delta, by did.Signer) ([]byte, error) {
	payload, err := d.payload()
	if err != nil {
		return nil, err
	}
	return jose.Sign(ctx, jose.Header{Type: Type, KeyID: by.Method.String()}, payload, by)
}

func (d Delta) payload() ([]byte, error) {
	if len(d.List) == 0 || len(d.List) > MaxURL || d.TTL < 0 || d.TTL > MaxTTL || len(d.Flips) > MaxFlips {
		return nil, wire.Malformed("a delta is out of bounds", nil)
	}
	out := make([]byte, 0, 64+len(d.List)+4*len(d.Flips))
	out = append(out, version)
	out = binary.BigEndian.AppendUint64(out, uint64(wire.NumericDate(d.From)))
	out = binary.BigEndian.AppendUint64(out, uint64(wire.NumericDate(d.To)))
	out = binary.BigEndian.AppendUint32(out, uint32(d.TTL/time.Second))
	out = append(out, d.Root[:]...)
	out = binary.AppendUvarint(out, uint64(len(d.List)))
	out = binary.AppendUvarint(out, uint64(d.Size))
	out = append(out, d.List...)
	return AppendGaps(out, d.Flips), nil
}

// Sealed is a delta whose form was checked and whose signature was not.
type Sealed struct{ sealed wire.Sealed }

// Parse reads the form of a delta: status.too_large if it is too long, status.issuer if it brings
// its own key, else status.signature.
func Parse(raw []byte) (Sealed, error) {
	s, err := wire.Parse(raw, Type)
	return Sealed{s}, err
}

// Method returns the verification method that the delta claims to be signed with.
func (s Sealed) Method() did.URL { return s.sealed.Method() }

// Open verifies the signature with k, the key of Method, and reads the delta, which must be of the
// list at url. It looks at no clock.
//
// Errors: status.signature, status.subject (of another list), status.encoding.
func (s Sealed) Open(k key.Public, url string) (Delta, error) {
	payload, err := s.sealed.Open(k)
	if err != nil {
		return Delta{}, err
	}
	d, err := read(payload)
	switch {
	case err != nil:
		return Delta{}, err
	case d.List != url:
		return Delta{}, reason.New(reason.StatusSubject, "the delta is of another list")
	}
	return d, nil
}

// fixed is the number of octets before the first varint.
const fixed = 1 + 8 + 8 + 4 + sha256.Size

// latest is the last second that a delta may be of: the end of the year 9999.
const latest = 253402300799

func read(payload []byte) (Delta, error) {
	if len(payload) < fixed || payload[0] != version {
		return Delta{}, wire.Malformed("not a delta of a known version", nil)
	}
	from, to := binary.BigEndian.Uint64(payload[1:]), binary.BigEndian.Uint64(payload[9:])
	ttl := time.Duration(binary.BigEndian.Uint32(payload[17:])) * time.Second
	if to > latest || from >= to || ttl > MaxTTL {
		return Delta{}, wire.Malformed("the times of a delta are out of bounds or order", nil)
	}
	d := Delta{From: wire.Instant(int64(from)), To: wire.Instant(int64(to)), TTL: ttl}
	rest := payload[copy(d.Root[:], payload[21:])+21:]
	length, n := binary.Uvarint(rest)
	if n <= 0 || length == 0 || length > MaxURL {
		return Delta{}, wire.Malformed("a delta names no list", nil)
	}
	size, m := binary.Uvarint(rest[n:])
	if m <= 0 || size > wire.MaxList || uint64(len(rest)-n-m) < length {
		return Delta{}, wire.Malformed("the length of a list is out of bounds, or a delta is cut short", nil)
	}
	rest = rest[n+m:]
	d.List, d.Size = string(rest[:length]), int(size)
	var err error
	d.Flips, err = ReadGaps(rest[length:], size*8)
	return d, err
}
