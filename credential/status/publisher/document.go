// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Document is a signed list as it is served. It is never changed.
type Document struct {
	Body      []byte
	MediaType string
	ETag      string        // strong, with its quotes
	Issued    time.Time     // iat or validFrom: rises with each Document of a list
	MaxAge    time.Duration // for Cache-Control: well within the list's ttl

	octets     wire.Octets // what was signed
	generation uint64      // of the Book before it was read
	checked    time.Time   // when the state was last seen to be this
	by         did.Signer
	url        string              // of the list
	ttl        time.Duration       // of the list
	past       []version           // oldest first
	header     map[string][]string // of every answer about it, in canonical form
	deltas     *deltas
}

// document returns the list called n as it must be published now.
func (p *Publisher) document(ctx context.Context, n name) (*Document, error) {
	s, err := p.slot(ctx, n)
	if err != nil {
		return nil, err
	}
	by, err := p.cfg.Signer()
	if err != nil {
		return nil, err
	}
	if by.Signer == nil || by.Method.DID().IsZero() {
		return nil, reason.New(reason.InternalIndeterminate, "there is no key to sign status lists with")
	}
	if d := s.doc.Load(); p.current(d, n, by) {
		return d, nil
	}
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, reason.Wrap(reason.StatusUnavailable, "the caller gave up waiting for the list", ctx.Err())
	}
	if d := s.doc.Load(); p.current(d, n, by) {
		return d, nil
	}
	d, err := p.renew(ctx, n, s.doc.Load(), by)
	if err != nil {
		return nil, err
	}
	s.doc.Store(d)
	return d, nil
}

// slot returns the place of n. Only lists that exist get one, so that requests for others cost no memory.
func (p *Publisher) slot(ctx context.Context, n name) (*slot, error) {
	p.mu.Lock()
	s := p.slots[n]
	p.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if _, err := p.cfg.Book.meta(ctx, n.list); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slots[n] == nil {
		p.slots[n] = &slot{turn: make(chan struct{}, 1)}
		p.slots[n].turn <- struct{}{}
	}
	return p.slots[n], nil
}

// current reports whether d can be served without looking at the store.
func (p *Publisher) current(d *Document, n name, by did.Signer) bool {
	if d == nil {
		return false
	}
	since := p.cfg.Now().Sub(d.checked)
	return since >= 0 && since < CheckEvery && p.young(d, by) && d.generation == p.cfg.Book.generation(n.list)
}

// young reports whether d need not be signed anew if the state is still the same.
func (p *Publisher) young(d *Document, by did.Signer) bool {
	return d.by.Method == by.Method && p.cfg.Now().Sub(d.Issued) < p.cfg.Renew
}

// renew returns old if the state is the one that it has and it is young, else a new Document.
// The issue time is taken before the state is read, so whatever was committed before that time is
// in the list that bears it.
func (p *Publisher) renew(ctx context.Context, n name, old *Document, by did.Signer) (*Document, error) {
	now, generation := p.cfg.Now(), p.cfg.Book.generation(n.list)
	var before wire.Octets
	wait := patience
	if old == nil {
		wait = 0 // there is nothing to serve meanwhile
	} else {
		before = old.octets
		same, err := p.unchanged(ctx, n, old, now, generation)
		if err != nil || same != nil && p.young(old, by) {
			return same, err
		}
	}
	issued, err := p.date(ctx, n, now, wait)
	if errors.Is(err, errAhead) {
		return old, nil // for a moment: signed anew as soon as the clock has caught up
	}
	if err != nil {
		return nil, err
	}
	octets, err := p.content(ctx, n, before, issued)
	if err != nil {
		return nil, err
	}
	d := &Document{
		Issued: issued, MaxAge: min(p.cfg.Renew, p.cfg.TTL/20), octets: octets, generation: generation, checked: now,
		by: by, url: p.url(n), ttl: p.cfg.TTL, deltas: &deltas{},
	}
	if err := p.sign(ctx, n, d); err != nil {
		return nil, err
	}
	d.tag()
	d.past = old.history(d)
	return d, nil
}

// unchanged returns old, checked now, if it has the state that there is, else nil. Decoys are looked
// at as of the date of old, if that is ahead, because what they showed then must stay.
func (p *Publisher) unchanged(ctx context.Context, n name, old *Document, now time.Time, generation uint64) (*Document, error) {
	at := now
	if old.Issued.After(at) {
		at = old.Issued
	}
	octets, err := p.content(ctx, n, old.octets, at)
	if err != nil || !octets.Equal(old.octets) {
		return nil, err
	}
	same := *old
	same.checked, same.generation = now, generation
	return &same, nil
}

// tag gives d its ETag and the header of its answers, which are made once so that an answer that
// nothing has changed allocates nothing.
func (d *Document) tag() {
	sum := sha256.Sum256(d.Body)
	d.ETag = `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
	d.header = map[string][]string{
		"Etag":                        {d.ETag},
		"Cache-Control":               {"public, max-age=" + strconv.FormatInt(int64(d.MaxAge/time.Second), 10) + ", must-revalidate"},
		"Access-Control-Allow-Origin": {"*"},
		"Vary":                        {"Accept"},
	}
}

// errAhead says that so many lists were signed within seconds that their dates have run ahead of the clock.
var errAhead = errors.New("publisher: the dates of lists are ahead of the clock")

// patience is how long the clock may need to catch up. Dates that are further ahead than that
// beyond MaxAhead mean that the clock was set back; then waiting for it would hold back revocations.
const patience = 2 * time.Second

// dated is the record of the issue time that was given to a list last.
type dated struct {
	Issued int64 `json:"issued"`
}

// date returns an issue time, in whole seconds, that no list called n has or had, over restarts
// and other processes, and that is later than all of them. It is errAhead if the clock will have
// caught up with it within wait.
func (p *Publisher) date(ctx context.Context, n name, now time.Time, wait time.Duration) (time.Time, error) {
	key := n.list.key("issued") + "/" + string(n.purpose)
	for range MaxTries {
		var d dated
		version, err := readRecord(ctx, p.cfg.Store, key, &d)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return time.Time{}, err
		}
		d.Issued = max(now.Unix(), d.Issued+1)
		issued := time.Unix(d.Issued, 0).UTC()
		if ahead := issued.Sub(now); ahead > MaxAhead && ahead <= MaxAhead+wait {
			return time.Time{}, errAhead
		}
		change, err := record(key, d, version)
		if err != nil {
			return time.Time{}, err
		}
		err = p.cfg.Store.Commit(ctx, change)
		if _, conflict := store.IsConflict(err); !conflict {
			return issued, err
		}
	}
	return time.Time{}, reason.New(reason.StorageUnavailable, "the issue time of a status list is contended")
}

// sign fills Body and MediaType, and opens what it signed before anyone sees it: issue.self_check.
func (p *Publisher) sign(ctx context.Context, n name, d *Document) error {
	var back wire.Octets
	var err error
	switch {
	case n.purpose == "":
		back, err = p.signToken(ctx, d)
	case n.proved:
		back, err = p.proveBitstring(ctx, n, d)
	default:
		back, err = p.signBitstring(ctx, n, d)
	}
	if err == nil && !back.Equal(d.octets) {
		return unopened(nil)
	}
	return err
}

func (p *Publisher) signToken(ctx context.Context, d *Document) (wire.Octets, error) {
	values, err := tokenlist.Of(width, d.octets)
	if err != nil {
		return wire.Octets{}, err
	}
	l := tokenlist.List{
		Subject: d.url, Issued: d.Issued, Expires: d.Issued.Add(d.ttl), TTL: d.ttl, Bits: values, Aggregation: p.aggregationURL(),
	}
	if d.Body, err = tokenlist.Seal(ctx, l, d.by); err != nil {
		return wire.Octets{}, err
	}
	d.MediaType = tokenlist.MediaType
	sealed, err := tokenlist.Parse(d.Body)
	if err != nil {
		return wire.Octets{}, unopened(err)
	}
	back, err := sealed.Open(d.by.Public(), d.url)
	if err != nil {
		return wire.Octets{}, unopened(err)
	}
	return back.Bits.Octets(), nil
}

func (d *Document) bitstring(n name) bitstring.List {
	return bitstring.List{
		ID: d.url, Issued: d.Issued, Expires: d.Issued.Add(d.ttl), TTL: d.ttl,
		Purposes: []string{string(n.purpose)}, Bits: bitstring.Of(d.octets),
	}
}

func (p *Publisher) signBitstring(ctx context.Context, n name, d *Document) (wire.Octets, error) {
	var err error
	if d.Body, err = bitstring.Seal(ctx, d.bitstring(n), d.by); err != nil {
		return wire.Octets{}, err
	}
	d.MediaType = bitstring.MediaType
	sealed, err := bitstring.Parse(d.Body)
	if err != nil {
		return wire.Octets{}, unopened(err)
	}
	back, err := sealed.Open(d.by.Public(), d.url)
	if err != nil {
		return wire.Octets{}, unopened(err)
	}
	return back.Bits.Octets(), nil
}

func (p *Publisher) proveBitstring(ctx context.Context, n name, d *Document) (wire.Octets, error) {
	var err error
	if d.Body, err = bitstring.Prove(ctx, d.bitstring(n), p.cfg.Suite, d.by); err != nil {
		return wire.Octets{}, err
	}
	d.MediaType = bitstring.MediaTypeProved
	id := d.by.Method.DID()
	keys := credential.Keys{Resolver: own{d.by}, At: d.Issued}
	back, err := bitstring.OpenProved(ctx, d.Body, dataintegrity.Suites{p.cfg.Suite}, id, d.url, keys)
	if err != nil {
		return wire.Octets{}, unopened(err)
	}
	return back.Bits.Octets(), nil
}

// own resolves the signer's DID to the key that it signs with, to check what it signed.
type own struct{ by did.Signer }

// Resolve implements did.Resolver.
func (o own) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	fragment := o.by.Method.Fragment()
	return &did.Document{
		ID: id, Methods: []did.Method{{ID: o.by.Method, Key: o.by.Public()}},
		Purposes: map[did.Relationship][]string{did.AssertionMethod: {fragment}},
	}, nil
}

func unopened(err error) error {
	return reason.Wrap(reason.IssueSelfCheck, "a signed status list does not open", err)
}
