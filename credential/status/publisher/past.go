// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/behalf-id/behalf/credential/status/delta"
)

// Bounds of what is remembered of a list to make deltas of.
const (
	MaxPast  = 64   // versions
	MaxFlown = 4096 // bits that changed over all of them
	maxTags  = 4096 // bytes of an If-None-Match that is looked at
)

// StatusDelta is the HTTP status of an answer that is a delta (RFC 3229 §10.4.1): no cache that does
// not know it keeps it.
const StatusDelta = 226

// version is a list that was published before.
type version struct {
	tag    string
	issued time.Time
	flips  []uint32 // what changed from it to the next
}

// deltas holds those that were signed of one Document, at most MaxPast.
type deltas struct {
	mu   sync.Mutex
	made map[string]*Document // by the tag of the version that they start from
}

// history returns the past of now, which follows d.
func (d *Document) history(now *Document) []version {
	if d == nil || d.octets.Len() != now.octets.Len() {
		return nil
	}
	past := append(slices.Clone(d.past), version{d.ETag, d.Issued, d.octets.Flips(now.octets)})
	flown, first := 0, len(past)
	for first > 0 && len(past)-first < MaxPast && flown+len(past[first-1].flips) <= MaxFlown {
		first--
		flown += len(past[first].flips)
	}
	return slices.Clone(past[first:])
}

// Since returns what to answer a request for d with: d itself, or, where the request's header accept
// takes delta.MediaType and ifNoneMatch names a version that is remembered, the delta from that, to be
// served with StatusDelta, with the ETag of d and without being stored. A peer that does not know of
// deltas is never sent one, and one that does need not get one: so it is no promise. A delta that is not
// much smaller than the list is not made.
func (d *Document) Since(ctx context.Context, accept, ifNoneMatch string) (*Document, error) {
	if len(ifNoneMatch) > maxTags || len(d.past) == 0 || d.named(ifNoneMatch) || !accepts(accept, delta.MediaType) {
		return d, nil
	}
	at := slices.IndexFunc(d.past, func(v version) bool { return strings.Contains(ifNoneMatch, v.tag) })
	if at < 0 {
		return d, nil
	}
	d.deltas.mu.Lock()
	defer d.deltas.mu.Unlock()
	if made := d.deltas.made[d.past[at].tag]; made != nil {
		return made, nil
	}
	made, err := d.since(ctx, d.past[at:])
	if err != nil {
		return nil, err
	}
	if 2*len(made.Body) > len(d.Body) {
		made = d
	}
	if d.deltas.made == nil {
		d.deltas.made = make(map[string]*Document)
	}
	d.deltas.made[d.past[at].tag] = made
	return made, nil
}

// named reports whether an If-None-Match names d or anything at all. Our tags are part of no other.
func (d *Document) named(ifNoneMatch string) bool {
	return ifNoneMatch != "" && len(ifNoneMatch) <= maxTags && (ifNoneMatch == "*" || strings.Contains(ifNoneMatch, d.ETag))
}

// maxAccepted is the number of media types of an Accept that are looked at.
const maxAccepted = 16

// accepts reports whether an Accept names mediaType itself, whatever weight it gives it.
func accepts(header, mediaType string) bool {
	for range maxAccepted {
		item, rest, more := strings.Cut(header, ",")
		name, _, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), mediaType) {
			return true
		}
		if !more {
			return false
		}
		header = rest
	}
	return false
}

// since signs the delta that leads over all of past to d.
func (d *Document) since(ctx context.Context, past []version) (*Document, error) {
	change := delta.Delta{
		List: d.url, From: past[0].issued, To: d.Issued, TTL: d.ttl, Size: d.octets.Len(), Root: d.octets.Root(), Flips: overall(past),
	}
	body, err := delta.Seal(ctx, change, d.by)
	if err != nil {
		return nil, err
	}
	sealed, err := delta.Parse(body)
	if err != nil {
		return nil, unopened(err)
	}
	back, err := sealed.Open(d.by.Public(), d.url)
	if err != nil || !slices.Equal(back.Flips, change.Flips) || back.Root != change.Root {
		return nil, unopened(err)
	}
	return &Document{Body: body, MediaType: delta.MediaType, ETag: d.ETag, Issued: d.Issued}, nil
}

// overall returns the bits that differ between the first of past and the last of it: those that
// changed an odd number of times.
func overall(past []version) []uint32 {
	var all []uint32
	for _, v := range past {
		all = append(all, v.flips...)
	}
	slices.Sort(all)
	kept := all[:0]
	for i := 0; i < len(all); {
		run := i
		for run < len(all) && all[run] == all[i] {
			run++
		}
		if (run-i)%2 == 1 {
			kept = append(kept, all[i])
		}
		i = run
	}
	return kept
}

// Compact returns d in its most compact form: the delta from the empty list, which delta.Delta.Whole
// reads. It is no standard form, and no handler here serves it.
func (d *Document) Compact(ctx context.Context) (*Document, error) {
	whole, err := delta.New(d.url, time.Time{}, d.octets, d.Issued, d.octets, d.ttl)
	if err != nil {
		return nil, err
	}
	body, err := delta.Seal(ctx, whole, d.by)
	if err != nil {
		return nil, err
	}
	compact := &Document{Body: body, MediaType: delta.MediaType, Issued: d.Issued, MaxAge: d.MaxAge}
	compact.tag()
	return compact, nil
}

// AsksForPast reports whether the query of a request asks for a list as it was at another time
// (draft-ietf-oauth-status-list §8.4). Those are not kept; the answer is status 501.
func AsksForPast(query string) bool {
	for pair := range strings.SplitSeq(query, "&") {
		if name, _, _ := strings.Cut(pair, "="); name == "time" {
			return true
		}
	}
	return false
}
