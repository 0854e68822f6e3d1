// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// sessionPrefix is where sessions live in the store: prefix and id.
const sessionPrefix = "gateway/session/"

// stage is how far a session has come. A session only moves forward, one Commit a step.
type stage string

const (
	stageOpen    stage = "open"    // made, the request object not fetched yet
	stageFetched stage = "fetched" // the request object was handed out
	stageSpent   stage = "spent"   // an answer came; the nonce is spent
	stageDecided stage = "decided" // the decision is durable
)

// session is one request to a wallet. It names itself, so that a store that mixes up replies
// is noticed.
type session struct {
	ID       string     `json:"id"`
	Stage    stage      `json:"stage"`
	Nonce    string     `json:"nonce"`
	State    string     `json:"state"`
	Expires  time.Time  `json:"expires"` // an answer must come before
	Access   Access     `json:"access"`
	Query    dcql.Query `json:"query"`
	Decision *Answer    `json:"decision,omitempty"`
	Handle   string     `json:"handle,omitempty"` // by which the service may ask again about what was verified

	Flow         Flow     `json:"flow"`
	Redirect     string   `json:"redirect,omitempty"`    // registered; where the browser goes afterwards
	Sealing      *sealing `json:"sealing,omitempty"`     // what the answer is to be encrypted to; nil: not at all
	Transaction  []string `json:"transaction,omitempty"` // what holder proofs are to be made over
	Browser      lock     `json:"browser,omitzero"`      // the browser that began, once it has opened the page
	Response     lock     `json:"response,omitzero"`     // what opens the decision, where the flow has such a code
	Confirmation lock     `json:"confirmation,omitzero"` // likewise

	version uint64
}

// newSession returns a session that is not stored yet.
func (g *Gateway) newSession(r Request, q *dcql.Query) (*session, error) {
	var names [3]string
	for i := range names {
		name, err := token(g.cfg.Random)
		if err != nil {
			return nil, err
		}
		names[i] = name
	}
	sealing, err := g.newSealing()
	if err != nil {
		return nil, err
	}
	transaction, err := g.transactions(r.Access, q)
	if err != nil {
		return nil, err
	}
	s := &session{
		ID: names[0], Stage: stageOpen, Nonce: names[1], State: names[2],
		Expires: g.cfg.Now().Add(SessionLife), Access: r.Access, Query: *q,
		Flow: cmp.Or(r.Flow, HandedOver), Redirect: r.RedirectURI, Sealing: sealing, Transaction: transaction,
	}
	if g.byValue() {
		s.Stage = stageFetched // with the link
	}
	return s, nil
}

// token returns 128 random bits as text.
func token(random io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", reason.Wrap(reason.InternalIndeterminate, "no randomness", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// change returns s as a step of a Commit.
func (s *session) change() (store.Change, error) {
	raw, err := strictjson.Marshal(s)
	if err != nil {
		return store.Change{}, err
	}
	return store.Change{Entry: store.Entry{
		Key: sessionPrefix + s.ID, Value: raw, Version: s.version, Expires: s.Expires.Add(DecisionKept),
	}}, nil
}

// save makes s durable at its next version; another's step in between is a conflict.
func (g *Gateway) save(ctx context.Context, s *session) error {
	c, err := s.change()
	if err != nil {
		return err
	}
	if err := g.cfg.Store.Commit(ctx, c); err != nil {
		return err
	}
	s.version++
	return nil
}

// load returns the session called id. One that is not there is session.unknown.
func (g *Gateway) load(ctx context.Context, id string) (*session, error) {
	if len(id) != 22 {
		return nil, reason.New(reason.SessionUnknown, "no such session; ask the service for a new request")
	}
	e, err := g.cfg.Store.Get(ctx, sessionPrefix+id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, reason.New(reason.SessionUnknown, "no such session; ask the service for a new request")
	}
	if err != nil {
		return nil, reason.Wrap(reason.StorageUnavailable, "", err)
	}
	s := &session{version: e.Version}
	if err := strictjson.Unmarshal(e.Value, s); err != nil {
		return nil, reason.Wrap(reason.StorageCorrupt, "", err)
	}
	if s.ID != id {
		return nil, reason.New(reason.SessionStoreMismatch, "")
	}
	return s, nil
}

// fetch marks the request object as handed out; it is handed out once.
func (g *Gateway) fetch(ctx context.Context, id string) (*session, error) {
	s, err := g.move(ctx, id, reason.RequestConsumed, func(s *session) error {
		if s.Stage != stageOpen || !g.cfg.Now().Before(s.Expires) {
			return reason.New(reason.RequestConsumed, "the request was fetched before, or its time is over")
		}
		s.Stage = stageFetched
		return nil
	})
	if reason.Of(err) == reason.SessionUnknown {
		return nil, reason.Wrap(reason.RequestConsumed, "", err)
	}
	return s, err
}

// spend takes the one right to answer s, unless the answer does not fit s. Of any number of callers one wins; what it does
// with the right does not matter afterwards.
func (g *Gateway) spend(ctx context.Context, id string, fits func(*session) error) (*session, error) {
	return g.move(ctx, id, reason.PresentationReplayed, func(s *session) error {
		refused := fits(s)
		switch {
		case reason.Of(refused) == reason.SessionUnknown || !g.cfg.Now().Before(s.Expires):
			return reason.New(reason.SessionUnknown, "no such session, or its time is over")
		case s.Stage == stageSpent || s.Stage == stageDecided:
			return reason.New(reason.PresentationReplayed, "this request was answered before")
		case s.Stage != stageFetched: // nobody knows the nonce yet
			return reason.New(reason.SessionUnknown, "the request was not fetched yet")
		case refused != nil:
			return refused
		}
		s.Stage = stageSpent
		return nil
	})
}

// maxSteps is how often a step is tried that others came in between of.
const maxSteps = 4

// move loads session id, has how change it or refuse, and makes the change durable. Where another changed the session
// meanwhile, such as the browser that opened its page, how looks at it anew; whoever moved it on is seen there.
func (g *Gateway) move(ctx context.Context, id string, lost reason.Code, how func(*session) error) (*session, error) {
	for range maxSteps {
		s, err := g.load(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := how(s); err != nil {
			return nil, err
		}
		err = g.save(ctx, s)
		if _, conflict := store.IsConflict(err); conflict {
			continue
		}
		if err != nil {
			return nil, reason.Wrap(reason.StorageUnavailable, "", err)
		}
		return s, nil
	}
	return nil, reason.New(lost, "another was first")
}

// step saves s, where losing to another caller is a refusal of its own.
func (g *Gateway) step(ctx context.Context, s *session, lost reason.Code) error {
	err := g.save(ctx, s)
	if _, conflict := store.IsConflict(err); conflict {
		return reason.New(lost, "another was first")
	}
	if err != nil {
		return reason.Wrap(reason.StorageUnavailable, "", err)
	}
	return nil
}

// sameText compares secrets without telling by its duration how much of them is equal.
func sameText(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return a != "" && subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
