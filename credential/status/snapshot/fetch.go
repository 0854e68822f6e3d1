// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/delta"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// fetch gets, verifies and decodes the list that want names, and records how new it is before
// anyone sees it. If a list is held, its changes will do; where they do not, for whatever reason, the
// whole list is asked for.
func (s *Source) fetch(ctx context.Context, want id) (*list, error) {
	old := s.fresh(want)
	ask := safehttp.Want{MediaTypes: mediaTypes(want.kind), MaxBytes: MaxBody}
	if old != nil && old.etag != "" {
		ask.ETag = old.etag
		ask.MediaTypes = append(ask.MediaTypes, delta.MediaType)
		ask.Statuses = []int{statusWhole, statusDelta}
	}
	l, err := s.ask(ctx, want, old, ask)
	if errors.Is(err, errDelta) {
		l, err = s.ask(ctx, want, nil, safehttp.Want{MediaTypes: mediaTypes(want.kind), MaxBytes: MaxBody})
	}
	return l, err
}

// The HTTP statuses of an answer: a list, or its changes (RFC 3229 §10.4.1).
const (
	statusWhole = 200
	statusDelta = 226
)

// errDelta says that a delta could not be followed.
var errDelta = errors.New("snapshot: a delta does not follow the list that is held")

func (s *Source) ask(ctx context.Context, want id, old *list, ask safehttp.Want) (*list, error) {
	answer, err := s.cfg.Fetcher.Get(ctx, want.url, ask)
	if err != nil {
		return nil, unreachable(err)
	}
	if answer.NotModified {
		if old == nil || old.etag == "" {
			return nil, reason.New(reason.StatusUnavailable, "the host says that a list has not changed which is not held")
		}
		return old, nil
	}
	var l *list
	if answer.MediaType == delta.MediaType && old != nil {
		l, err = s.follow(ctx, want, old, answer.Body)
	} else {
		l, err = s.open(ctx, want, answer.Body)
	}
	if err != nil {
		return nil, err
	}
	l.etag = answer.ETag
	return l, nil
}

// follow applies raw, a delta, to old. It is held to all that a list is held to, and to be the next of old.
func (s *Source) follow(ctx context.Context, want id, old *list, raw []byte) (*list, error) {
	l, err := s.next(ctx, want, old, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDelta, err)
	}
	return l, nil
}

func (s *Source) next(ctx context.Context, want id, old *list, raw []byte) (*list, error) {
	sealed, err := delta.Parse(raw)
	if err != nil {
		return nil, err
	}
	k, err := s.key(ctx, want, sealed.Method())
	if err != nil {
		return nil, err
	}
	d, err := sealed.Open(k, want.url)
	if err != nil {
		return nil, err
	}
	if !d.From.Equal(old.issued) {
		return nil, wire.Malformed("a delta does not start from the list that is held", nil)
	}
	octets, err := d.Apply(old.octets())
	if err != nil {
		return nil, err
	}
	l := *old
	l.issued = d.To
	if want.kind == credential.TokenStatusList {
		l.token, err = tokenlist.Of(old.token.Width(), octets)
	} else {
		l.bits.Issued, l.bits.Bits = d.To, bitstring.Of(octets)
	}
	if err != nil {
		return nil, err
	}
	return &l, s.admit(ctx, want, &l, times{ttl: d.TTL, expires: d.To.Add(d.TTL)})
}

// open verifies raw and decodes it.
func (s *Source) open(ctx context.Context, want id, raw []byte) (*list, error) {
	if want.kind == credential.TokenStatusList {
		return s.openToken(ctx, want, raw)
	}
	b, err := s.openBitstring(ctx, want, raw)
	if err != nil {
		return nil, err
	}
	l := &list{kind: want.kind, bits: b, issued: b.Issued}
	if b.TTL == 0 {
		l.renew = bitstring.DefaultTTL
	}
	return l, s.admit(ctx, want, l, times{b.NotBefore, b.Expires, b.TTL})
}

func (s *Source) openToken(ctx context.Context, want id, raw []byte) (*list, error) {
	sealed, err := tokenlist.Parse(raw)
	if err != nil {
		return nil, err
	}
	k, err := s.key(ctx, want, sealed.Method())
	if err != nil {
		return nil, err
	}
	t, err := sealed.Open(k, want.url)
	if err != nil {
		return nil, err
	}
	l := &list{kind: want.kind, token: t.Bits, issued: t.Issued}
	return l, s.admit(ctx, want, l, times{ttl: t.TTL, expires: t.Expires})
}

// openBitstring takes either form of a list credential: a JWT never begins with a brace.
func (s *Source) openBitstring(ctx context.Context, want id, raw []byte) (bitstring.List, error) {
	if bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return s.openProved(ctx, want, raw)
	}
	sealed, err := bitstring.Parse(raw)
	if err != nil {
		return bitstring.List{}, err
	}
	k, err := s.key(ctx, want, sealed.Method())
	if err != nil {
		return bitstring.List{}, err
	}
	return sealed.Open(k, want.url)
}

func (s *Source) openProved(ctx context.Context, want id, raw []byte) (bitstring.List, error) {
	doc, err := s.document(ctx, want.signer)
	if err != nil {
		return bitstring.List{}, undocumented(err)
	}
	keys := credential.Keys{Resolver: resolved{doc}, At: s.cfg.Now()}
	return bitstring.OpenProved(ctx, raw, s.cfg.Proofs, want.signer, want.url, keys)
}

// resolved is a document that was resolved already.
type resolved struct{ doc *did.Document }

// Resolve implements did.Resolver.
func (r resolved) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if id != r.doc.ID {
		return nil, reason.New(reason.StatusIssuer, "the list is signed by another party")
	}
	return r.doc, nil
}

func undocumented(err error) error {
	return reason.Wrap(reason.StatusUnavailable, "the document of who signs the list cannot be had", err)
}

// key returns the key by which the list was signed, if it is one of who must have signed it.
func (s *Source) key(ctx context.Context, want id, method did.URL) (key.Public, error) {
	if method.DID() != want.signer {
		return key.Public{}, reason.New(reason.StatusIssuer, "the list is signed by another party")
	}
	doc, err := s.document(ctx, want.signer)
	if err != nil {
		return key.Public{}, undocumented(err)
	}
	k, err := doc.Key(method, did.AssertionMethod, s.cfg.Now())
	if err != nil {
		return key.Public{}, reason.Wrap(reason.StatusSignature, "the list is not signed with a key for it", err)
	}
	return k, nil
}

// documentAge is how old the document of a list's signer may be when a list is checked, if it can
// be had anew: so the keys by which credentials are verified live as long as the list does, also
// when the issuer stops answering in between.
const documentAge = 10 * time.Second

// freshener is the ability of a resolver to ask again for what it holds; *did.Cache has it.
type freshener interface {
	ResolveWithin(ctx context.Context, id did.DID, maxAge time.Duration) (*did.Document, error)
}

// document returns the document of who signs a list, as fresh as it can be had.
func (s *Source) document(ctx context.Context, signer did.DID) (*did.Document, error) {
	if f, ok := s.cfg.Resolver.(freshener); ok {
		if doc, err := f.ResolveWithin(ctx, signer, documentAge); err == nil {
			return doc, nil
		}
	}
	return s.cfg.Resolver.Resolve(ctx, signer)
}

// fresh returns the list that is held and may be used now, or nil. Unlike held it is no question.
func (s *Source) fresh(want id) *list {
	if e := (*s.lists.Load())[want]; e != nil {
		if l := e.current.Load(); l.usable(s.cfg.Now()) {
			return l
		}
	}
	return nil
}

// mediaTypes returns the media types of a whole list, that which is wanted most first.
func mediaTypes(kind credential.StatusKind) []string {
	if kind == credential.TokenStatusList {
		return []string{tokenlist.MediaType}
	}
	return []string{bitstring.MediaType, bitstring.MediaTypeProved}
}

// unreachable keeps the codes by which the Fetcher refuses an address or an answer; all else means
// that there is no list.
func unreachable(err error) error {
	if e, ok := errors.AsType[*reason.Error](err); ok && strings.HasPrefix(string(e.Code), "fetch.") {
		return err
	}
	return reason.Wrap(reason.StatusUnavailable, "the list cannot be fetched", err)
}
