// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// fetch gets, verifies and decodes the list that want names, and records how new it is before
// anyone sees it.
func (s *Source) fetch(ctx context.Context, want id) (*list, error) {
	old := s.fresh(want)
	ask := safehttp.Want{MediaTypes: []string{mediaType(want.kind)}, MaxBytes: MaxBody}
	if old != nil {
		ask.ETag = old.etag
	}
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
	l, err := s.open(ctx, want, answer.Body)
	if err != nil {
		return nil, err
	}
	l.etag = answer.ETag
	return l, nil
}

// open verifies raw and decodes it.
func (s *Source) open(ctx context.Context, want id, raw []byte) (*list, error) {
	if want.kind == credential.TokenStatusList {
		return s.openToken(ctx, want, raw)
	}
	return s.openBitstring(ctx, want, raw)
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

func (s *Source) openBitstring(ctx context.Context, want id, raw []byte) (*list, error) {
	sealed, err := bitstring.Parse(raw)
	if err != nil {
		return nil, err
	}
	k, err := s.key(ctx, want, sealed.Method())
	if err != nil {
		return nil, err
	}
	b, err := sealed.Open(k, want.url)
	if err != nil {
		return nil, err
	}
	l := &list{kind: want.kind, bits: b, issued: b.Issued}
	return l, s.admit(ctx, want, l, times{b.NotBefore, b.Expires, b.TTL})
}

// key returns the key by which the list was signed, if it is one of who must have signed it.
func (s *Source) key(ctx context.Context, want id, method did.URL) (key.Public, error) {
	if method.DID() != want.signer {
		return key.Public{}, reason.New(reason.StatusIssuer, "the list is signed by another party")
	}
	doc, err := s.document(ctx, want.signer)
	if err != nil {
		return key.Public{}, reason.Wrap(reason.StatusUnavailable, "the document of who signs the list cannot be had", err)
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

func mediaType(kind credential.StatusKind) string {
	if kind == credential.TokenStatusList {
		return tokenlist.MediaType
	}
	return bitstring.MediaType
}

// unreachable keeps the codes by which the Fetcher refuses an address or an answer; all else means
// that there is no list.
func unreachable(err error) error {
	if e, ok := errors.AsType[*reason.Error](err); ok && strings.HasPrefix(string(e.Code), "fetch.") {
		return err
	}
	return reason.Wrap(reason.StatusUnavailable, "the list cannot be fetched", err)
}
