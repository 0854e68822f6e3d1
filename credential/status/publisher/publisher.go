// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Times of a Publisher.
const (
	DefaultTTL = 300 * time.Second // Config.TTL if it is 0
	MinTTL     = 10 * time.Second
	MaxTTL     = 24 * time.Hour
	CheckEvery = time.Second     // how long a change that Committed was not told of stays unseen
	MaxAhead   = 5 * time.Second // how far ahead of the clock lists are dated when many are signed within a second
)

// Purpose is what a Bitstring Status List tells of.
type Purpose string

// The purposes; there is one Bitstring Status List for each.
const (
	Revocation Purpose = bitstring.Revocation
	Suspension Purpose = bitstring.Suspension
)

// Config is what a Publisher needs.
type Config struct {
	// Book knows the state; required.
	Book *Book
	// Store remembers the issue time of what was signed last, so that it never goes back; required.
	Store store.Store
	// Signer returns the key that signs lists now, with its verification method; required.
	Signer func() (did.Signer, error)
	// Base is the https address below which lists are served, without a slash at its end:
	// BASE/token/{list}, BASE/bitstring/{list} and BASE/aggregation; required.
	Base string
	// TTL is how long a list may be used after its issue: ttl, and exp or validUntil. 0 is
	// DefaultTTL; from MinTTL to MaxTTL.
	TTL time.Duration
	// Renew is the age at which a list is signed anew though nothing changed. 0 is a tenth of
	// TTL; at most half of it, so that no reader gets a list at the end of its life.
	Renew time.Duration
	// Suite, if it is not nil, makes the proofs of Bitstring Status Lists secured with Data
	// Integrity, which are published beside the others; it must fit the keys of Signer.
	Suite dataintegrity.Cryptosuite
	// Now is the clock; required.
	Now func() time.Time
}

// Publisher signs lists when they are asked for and keeps what it signed until the state has
// changed or Renew has passed. It is safe for concurrent use. Make one with New.
type Publisher struct {
	cfg Config

	mu     sync.Mutex
	slots  map[name]*slot
	decoys map[ListID]*schedule // of lists that have a slot

	all atomic.Pointer[Document] // the aggregation
}

// name names one published list; the zero Purpose is the Token Status List.
type name struct {
	list    ListID
	purpose Purpose
	proved  bool // secured with Data Integrity
}

// slot is the place of a published list.
type slot struct {
	doc  atomic.Pointer[Document]
	turn chan struct{} // holds one token; who has it may sign
}

// New returns a Publisher.
func New(cfg Config) (*Publisher, error) {
	if cfg.Book == nil || cfg.Store == nil || cfg.Signer == nil || cfg.Now == nil {
		return nil, errors.New("publisher: Config needs Book, Store, Signer and Now")
	}
	if u, err := url.Parse(cfg.Base); err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(cfg.Base, "?#@") || strings.HasSuffix(cfg.Base, "/") {
		return nil, errors.New("publisher: Config.Base must be an https address without query and slash at its end")
	}
	if cfg.TTL == 0 {
		cfg.TTL = DefaultTTL
	}
	if cfg.Renew == 0 {
		cfg.Renew = cfg.TTL / 10
	}
	if cfg.TTL < MinTTL || cfg.TTL > MaxTTL || cfg.Renew < time.Second || cfg.Renew > cfg.TTL/2 {
		return nil, errors.New("publisher: Config.TTL is 10 s to 24 h, and Config.Renew 1 s to half of it")
	}
	return &Publisher{cfg: cfg, slots: make(map[name]*slot), decoys: make(map[ListID]*schedule)}, nil
}

// Token returns the Token Status List of id: every state, in 2 bits each. An unknown list is object.unknown.
func (p *Publisher) Token(ctx context.Context, id ListID) (*Document, error) {
	return p.document(ctx, name{list: id})
}

// Bitstring returns the Bitstring Status List of id for purpose. An unknown list or purpose is object.unknown.
func (p *Publisher) Bitstring(ctx context.Context, id ListID, purpose Purpose) (*Document, error) {
	if purpose != Revocation && purpose != Suspension {
		return nil, reason.New(reason.ObjectUnknown, "no such status list")
	}
	return p.document(ctx, name{list: id, purpose: purpose})
}

// Proved returns the Bitstring Status List of id for purpose, secured with Data Integrity. It has the
// address of that of Bitstring. An unknown list or purpose, and everything if Config.Suite is nil, is object.unknown.
func (p *Publisher) Proved(ctx context.Context, id ListID, purpose Purpose) (*Document, error) {
	if p.cfg.Suite == nil || purpose != Revocation && purpose != Suspension {
		return nil, reason.New(reason.ObjectUnknown, "no such status list")
	}
	return p.document(ctx, name{id, purpose, true})
}

// TokenRef returns the status entry by which a credential points at ref in a Token Status List.
func (p *Publisher) TokenRef(ref Ref) credential.StatusRef {
	return credential.StatusRef{Kind: credential.TokenStatusList, List: p.url(name{list: ref.List}), Index: ref.Index}
}

// BitstringRefs returns the two status entries, for revocation and suspension, by which a
// credential points at ref in Bitstring Status Lists.
func (p *Publisher) BitstringRefs(ref Ref) []credential.StatusRef {
	refs := make([]credential.StatusRef, 0, 2)
	for _, purpose := range []Purpose{Revocation, Suspension} {
		refs = append(refs, credential.StatusRef{
			Kind: credential.BitstringStatusList, List: p.url(name{list: ref.List, purpose: purpose}), Index: ref.Index, Purpose: string(purpose),
		})
	}
	return refs
}

// ParseBitstringName reads the last part of the address of a Bitstring Status List, such as
// "1-7-revocation"; else object.unknown. That of a Token Status List is read by ParseListID.
func ParseBitstringName(s string) (ListID, Purpose, error) {
	for _, purpose := range []Purpose{Revocation, Suspension} {
		if list, ok := strings.CutSuffix(s, "-"+string(purpose)); ok {
			id, err := ParseListID(list)
			return id, purpose, err
		}
	}
	return ListID{}, "", reason.New(reason.ObjectUnknown, "no such status list")
}

// url returns where the list is served, which is its subject and id.
func (p *Publisher) url(n name) string {
	if n.purpose == "" {
		return p.cfg.Base + "/token/" + n.list.String()
	}
	return p.cfg.Base + "/bitstring/" + n.list.String() + "-" + string(n.purpose)
}
