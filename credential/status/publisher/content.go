// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/behalf-id/behalf/credential/status/internal/wire"
)

// content returns what the list called n is to hold at a time, decoys among it. What it has in common
// with before, its last content, is shared.
func (p *Publisher) content(ctx context.Context, n name, before wire.Octets, at time.Time) (wire.Octets, error) {
	decoys, err := p.schedule(ctx, n.list)
	if err != nil {
		return wire.Octets{}, err
	}
	packed, err := p.cfg.Book.all(ctx, n.list)
	if err != nil {
		return wire.Octets{}, err
	}
	decoys.show(packed, at)
	if n.purpose == "" {
		return before.With(packed), nil
	}
	return before.With(extract(packed, n.purpose)), nil
}

// extract turns the packed state, 2 bits each from the least significant bit on, into the bits of
// one purpose from the most significant bit on. It takes 32 at a time, as almost all are valid; the
// length of packed is a multiple of chunkSize.
func extract(packed []byte, purpose Purpose) []byte {
	const low = 0x5555555555555555 // the lower bit of each value
	set := make([]byte, len(packed)/width)
	for at := 0; at < len(packed); at += 8 {
		word := binary.LittleEndian.Uint64(packed[at:])
		if word == 0 {
			continue
		}
		first, second := word&low, word>>1&low
		found := first &^ second // tokenlist.ValueInvalid
		if purpose == Suspension {
			found = second &^ first // tokenlist.ValueSuspended
		}
		for ; found != 0; found &= found - 1 {
			place := at*8/width + bits.TrailingZeros64(found)/width
			set[place/8] |= 0x80 >> (place % 8)
		}
	}
	return set
}
