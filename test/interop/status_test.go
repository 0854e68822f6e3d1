// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/test/interop/page"
)

// entries is how many entries lists have: the fewest that are accepted.
const entries = tokenlist.MinEntries

// set puts value at index i of packed values of width bits, the first in the lowest bits
// (draft-ietf-oauth-status-list §4.1).
func set(data []byte, width int, i uint64, value uint8) {
	at := i * uint64(width)
	data[at/8] |= value << (at % 8)
}

// ourTokenList returns a list of two bits by by with the values, signed.
func ourTokenList(t *testing.T, by party, values map[uint64]uint8) string {
	t.Helper()
	return tokenListOf(t, by, 2, values)
}

func tokenListOf(t *testing.T, by party, width int, values map[uint64]uint8) string {
	t.Helper()
	data := make([]byte, entries*width/8)
	for i, v := range values {
		set(data, width, i, v)
	}
	packed, err := tokenlist.Pack(width, data)
	check(t, err)
	raw, err := tokenlist.Seal(t.Context(), tokenlist.List{
		Subject: listURL, Issued: now(), Expires: now().Add(time.Hour), TTL: time.Minute, Bits: packed,
	}, by.Signer)
	check(t, err)
	return string(raw)
}

// tokenList has @sd-jwt/jwt-status-list read and write our Token Status Lists.
func (s *session) tokenList(t *testing.T) {
	for _, alg := range algorithms() {
		c := newCast(t, alg)
		for _, width := range []int{1, 2, 4, 8} {
			values := map[uint64]uint8{0: 1, 1: 0, index: uint8(1<<width - 1), entries - 1: 1}
			t.Run(fmt.Sprintf("%s/%d", alg, width), func(t *testing.T) {
				s.tokenOutward(t, c, width, values)
				s.tokenInward(t, c, width, values)
			})
		}
	}
}

func (s *session) tokenOutward(t *testing.T, c cast, width int, values map[uint64]uint8) {
	const format = "statuslist+jwt"
	raw := tokenListOf(t, c.issuer, width, values)
	ask := func(raw string, by party) request {
		return request{"jwt": raw, "key": by.public(), "now": nowText(), "indices": []uint64{0, 1, index, entries - 1}}
	}
	var got struct {
		Sub          string
		Bits, Length int
		Values       []uint8
	}
	s.must(t, "tokenlist.read", ask(raw, c.issuer), &got)
	if got.Sub != listURL || got.Bits != width || got.Length != entries {
		t.Errorf("theirs reads %+v", got)
	}
	for i, at := range []uint64{0, 1, index, entries - 1} {
		if got.Values[i] != values[at] {
			t.Errorf("theirs reads %d at %d", got.Values[i], at)
		}
	}
	s.tally.Accepted(format, page.Outward)
	for _, forged := range jwtForgeries(t, raw, listURL) {
		s.refused(t, format, "tokenlist.read", ask(forged, c.issuer))
	}
	s.refused(t, format, "tokenlist.read", ask(raw, c.other))
	late := ask(raw, c.issuer)
	late["now"] = now().Add(2 * time.Hour).Format(time.RFC3339)
	s.refused(t, format, "tokenlist.read", late)
}

func (s *session) tokenInward(t *testing.T, c cast, width int, values map[uint64]uint8) {
	const format = "statuslist+jwt"
	open := func(raw string) (tokenlist.List, error) {
		sealed, err := tokenlist.Parse([]byte(raw))
		if err != nil {
			return tokenlist.List{}, err
		}
		return sealed.Open(c.issuer.Public(), listURL)
	}
	list := func(by party, length int, sub string) (raw string) {
		s.must(t, "tokenlist.create", request{
			"length": length, "bits": width, "values": values, "kid": c.issuer.Method.String(), "key": by.secret(),
			"claims": map[string]any{"sub": sub, "iat": now().Unix(), "exp": now().Add(time.Hour).Unix(), "ttl": 60},
		}, &raw)
		return raw
	}
	raw := list(c.issuer, entries, listURL)
	got, err := open(raw)
	check(t, err)
	for at, want := range values {
		if v, err := got.Bits.Value(at); err != nil || v != want {
			t.Errorf("we read %d at %d: %v", v, at, err)
		}
	}
	if got.TTL != time.Minute || !got.Expires.Equal(now().Add(time.Hour)) || got.Bits.Len() != entries {
		t.Errorf("we read %v, %v, %d", got.TTL, got.Expires, got.Bits.Len())
	}
	s.tally.Accepted(format, page.Inward)
	forgeries := jwtForgeries(t, raw, listURL)
	forgeries["another's key"] = list(c.other, entries, listURL)
	forgeries["another list"] = list(c.issuer, entries, listURL+"x")
	for name, forged := range forgeries {
		_, err := open(forged)
		s.refusedHere(t, format, name, err)
	}
}

// bitstringList has @digitalbazaar/vc-bitstring-status-list read and write our lists as vc+jwt.
func (s *session) bitstringList(t *testing.T) {
	for _, alg := range algorithms() {
		c := newCast(t, alg)
		for _, purpose := range []string{bitstring.Revocation, bitstring.Suspension} {
			t.Run(string(alg)+"/"+purpose, func(t *testing.T) {
				s.bitsOutward(t, c, purpose)
				s.bitsInward(t, c, purpose)
			})
		}
	}
}

const bitsFormat = "BitstringStatusListCredential (vc+jwt)"

func (s *session) bitsOutward(t *testing.T, c cast, purpose string) {
	data := make([]byte, entries/8)
	for _, i := range []int{0, index} {
		data[i/8] |= 1 << (7 - i%8)
	}
	raw, err := bitstring.Seal(t.Context(), bitstring.List{
		ID: listURL, Issued: now(), Expires: now().Add(time.Hour), TTL: time.Minute, Purposes: []string{purpose}, Bits: bitstring.Pack(data),
	}, c.issuer.Signer)
	check(t, err)
	ask := func(raw string, by party) request {
		return request{"jwt": raw, "key": by.public(), "now": nowText(), "indices": []int{0, 1, index, entries - 1}}
	}
	var got struct {
		ID, Purpose string
		Length      int
		Set         []bool
	}
	s.must(t, "bitstring.read", ask(string(raw), c.issuer), &got)
	if got.ID != listURL || got.Purpose != purpose || got.Length != entries || fmt.Sprint(got.Set) != "[true false true false]" {
		t.Errorf("theirs reads %+v", got)
	}
	s.tally.Accepted(bitsFormat, page.Outward)
	for _, forged := range jwtForgeries(t, string(raw), listURL) {
		s.refused(t, bitsFormat, "bitstring.read", ask(forged, c.issuer))
	}
	s.refused(t, bitsFormat, "bitstring.read", ask(string(raw), c.other))
}

func (s *session) bitsInward(t *testing.T, c cast, purpose string) {
	open := func(raw string) (bitstring.List, error) {
		sealed, err := bitstring.Parse([]byte(raw))
		if err != nil {
			return bitstring.List{}, err
		}
		return sealed.Open(c.issuer.Public(), listURL)
	}
	list := func(by party, id, issuer string) (raw string) {
		s.must(t, "bitstring.create", request{
			"id": id, "length": entries, "set": []int{0, index}, "purpose": purpose, "kid": c.issuer.Method.String(), "key": by.secret(),
			"members": map[string]string{"issuer": issuer, "validFrom": nowText(), "validUntil": now().Add(time.Hour).Format(time.RFC3339)},
		}, &raw)
		return raw
	}
	raw := list(c.issuer, listURL, c.issuer.id())
	got, err := open(raw)
	check(t, err)
	for i, want := range map[uint64]bool{0: true, 1: false, index: true, entries - 1: false} {
		if v, err := got.Bits.Set(i); err != nil || v != want {
			t.Errorf("we read %v at %d: %v", v, i, err)
		}
	}
	if !got.Has(purpose) || got.Bits.Len() != entries {
		t.Errorf("we read %v, %d", got.Purposes, got.Bits.Len())
	}
	s.tally.Accepted(bitsFormat, page.Inward)
	forgeries := jwtForgeries(t, raw, listURL)
	forgeries["another's key"] = list(c.other, listURL, c.issuer.id())
	forgeries["another list"] = list(c.issuer, listURL+"x", c.issuer.id())
	forgeries["another issuer"] = list(c.issuer, listURL, c.other.id())
	for name, forged := range forgeries {
		_, err := open(forged)
		s.refusedHere(t, bitsFormat, name, err)
	}
}
