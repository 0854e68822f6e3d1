// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds of a staff override (security.md §5.2).
const (
	OverrideLife   = 60 * time.Minute // from its request to its approval, and from there to its use
	OverrideKept   = 24 * time.Hour   // how long after that a late or second use is still known as one
	MaxStaffID     = 256              // bytes that name one of the staff
	MaxOverrideWhy = 64               // bytes of the reason
	MaxOverrideSay = 1024             // bytes of the note
)

// OverrideAsk is what one of the staff asks for: to go on in an emergency though Request was denied.
// The gateway neither learns nor decides what is then done; it keeps the record of it. Who the staff
// are is the word of the service that holds the token: one person has one name there.
type OverrideAsk struct {
	Request    string `json:"request_id"`    // that was denied here, and can still be read
	Evaluation string `json:"evaluation_id"` // of its denial
	Requester  string `json:"requester"`     // visible ASCII; letter case makes no difference
	Reason     string `json:"reason"`        // a word of the deployment's own, of a-z 0-9 _ -
	Note       string `json:"note,omitempty"`
}

// Override is a staff override as far as it has come. It never changes a decision: nothing that
// decides reads it. When it was used, this is all that is left of the names: the gateway keeps
// pseudonyms in its audit log alone.
type Override struct {
	ID         string    `json:"id"`
	Evaluation string    `json:"evaluation_id"`
	State      string    `json:"state"` // requested, approved, override_recorded
	Requester  string    `json:"requester,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Note       string    `json:"note,omitempty"`
	Approver   string    `json:"approver,omitempty"`
	Expires    time.Time `json:"expires_at"` // the next step must come before
	Used       time.Time `json:"used_at,omitzero"`
}

// The states of an override.
const (
	overrideRequested = "requested"
	overrideApproved  = "approved"
	overrideRecorded  = "override_recorded"
)

// overridePrefix is where overrides live in the store: prefix and id.
const overridePrefix = "gateway/override/"

// overrideRecord is an override as it is stored. Who the access was about goes when it is used,
// with the names of the staff.
type overrideRecord struct {
	Override  Override `json:"override"`
	Principal string   `json:"principal,omitempty"`
	version   uint64
}

// AskOverride records that one of the staff asks for an override. Nothing is audited before
// another one approves.
//
// Errors: request.malformed for a member that is missing or too long, breakglass.conditions
// without a reason or for an access that was not denied, object.unknown for one that is not known
// here or no longer, storage.unavailable.
func (g *Gateway) AskOverride(ctx context.Context, a OverrideAsk) (Override, error) {
	if err := a.check(); err != nil {
		return Override{}, err
	}
	s, err := g.denied(ctx, a)
	if err != nil {
		return Override{}, err
	}
	id, err := token(g.cfg.Random)
	if err != nil {
		return Override{}, err
	}
	r := overrideRecord{Principal: s.Access.Principal, Override: Override{
		ID: "ov_" + id, Evaluation: a.Evaluation, State: overrideRequested, Requester: a.Requester,
		Reason: a.Reason, Note: a.Note, Expires: g.cfg.Now().Add(OverrideLife),
	}}
	c, err := r.change()
	if err != nil {
		return Override{}, err
	}
	if err := g.cfg.Store.Commit(ctx, c); err != nil {
		return Override{}, reason.Wrap(reason.StorageUnavailable, "", err)
	}
	g.loud(ctx, r.Override)
	return r.Override, nil
}

// ApproveOverride records that another one of the staff agrees. It is in the audit log before it
// returns, and good for OverrideLife.
//
// Errors: breakglass.conditions if the approver is the requester, or it was approved or used
// before, or its time is over; request.malformed, object.unknown, storage.unavailable,
// audit.unavailable.
func (g *Gateway) ApproveOverride(ctx context.Context, id, approver string) (Override, error) {
	return g.advance(ctx, id, approver, audit.OverrideApprove, func(r *overrideRecord) error {
		switch {
		case strings.EqualFold(approver, r.Override.Requester):
			return conditions("an override needs a second person")
		case r.Override.State != overrideRequested:
			return conditions("it was approved or used before")
		}
		r.Override.State, r.Override.Approver = overrideApproved, approver
		r.Override.Expires = g.cfg.Now().Add(OverrideLife)
		return nil
	})
}

// UseOverride records that the requester goes on now. Of any number of callers one wins. The
// names are forgotten here with the use; the answer is the one copy of them.
//
// Errors: breakglass.conditions if it was not approved or was used before, or its time is over, or
// another than the requester uses it; else as ApproveOverride.
func (g *Gateway) UseOverride(ctx context.Context, id, requester string) (Override, error) {
	return g.advance(ctx, id, requester, audit.OverrideUse, func(r *overrideRecord) error {
		switch {
		case r.Override.State == overrideRecorded:
			return conditions("it was used before")
		case r.Override.State != overrideApproved:
			return conditions("no second person has approved it")
		case !strings.EqualFold(requester, r.Override.Requester):
			return conditions("it is another's")
		}
		r.Override.State, r.Override.Used = overrideRecorded, g.cfg.Now()
		return nil
	})
}

// advance does one step of an override: the record as it is then, and the leaf that testifies to
// it, are durable in one commit.
func (g *Gateway) advance(ctx context.Context, id, who string, step audit.Type, change func(*overrideRecord) error) (Override, error) {
	if !isStaff(who) {
		return Override{}, reason.New(reason.RequestMalformed, "who does it is 1 to 256 visible characters")
	}
	r, err := g.loadOverride(ctx, id)
	if err != nil {
		return Override{}, err
	}
	if !g.cfg.Now().Before(r.Override.Expires) && r.Override.State != overrideRecorded {
		return Override{}, conditions("its time is over")
	}
	if err := change(r); err != nil {
		return Override{}, err
	}
	told, event := r.Override, g.overrideEvent(r, who, step)
	if event.Evidence, err = told.digest(); err != nil {
		return Override{}, err
	}
	if told.State == overrideRecorded {
		r.forget()
	}
	c, err := r.change()
	if err != nil {
		return Override{}, err
	}
	if err := g.attest(ctx, event, c); err != nil {
		return Override{}, err
	}
	g.loud(ctx, told)
	return told, nil
}

// attest commits c with its leaf. Another caller in between was first: that is a condition too.
func (g *Gateway) attest(ctx context.Context, e audit.Event, c store.Change) error {
	_, err := g.cfg.Audit.Append(ctx, e, c)
	if _, conflict := store.IsConflict(err); conflict {
		return conditions("another was first")
	}
	if err != nil {
		return reason.Wrap(reason.AuditUnavailable, "the override could not be recorded", err)
	}
	return nil
}

// overrideEvent is the leaf of one step. It has the id of the denial, so that both are found together.
func (g *Gateway) overrideEvent(r *overrideRecord, who string, step audit.Type) audit.Event {
	now := g.cfg.Now()
	return audit.Event{
		Type: step, ID: r.Override.Evaluation, Outcome: r.Override.State,
		Subject: g.cfg.Tags.Subject(now, r.Principal), Actor: g.cfg.Tags.Actor(now, strings.ToLower(who)),
	}
}

// digest binds all that was said to the leaf. The id, which is random, keeps others from guessing.
func (o Override) digest() (string, error) {
	raw, err := strictjson.Marshal(o)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(h[:]), nil
}

// loud has every step in the log where operators look: ids, never a name.
func (g *Gateway) loud(ctx context.Context, o Override) {
	g.cfg.Logger.WarnContext(ctx, "staff override", "override", o.ID, "evaluation", o.Evaluation, "state", o.State, "why", o.Reason)
}

// denied returns the session that a names, if it ended in the denial that a names.
func (g *Gateway) denied(ctx context.Context, a OverrideAsk) (*session, error) {
	s, err := g.load(ctx, a.Request)
	if reason.Of(err) == reason.SessionUnknown || err == nil && (s.Decision == nil || s.Decision.Evaluation != a.Evaluation) {
		return nil, reason.New(reason.ObjectUnknown, "no such denial is known here, or no longer")
	}
	if err != nil {
		return nil, err
	}
	if s.Decision.Outcome != delegation.Deny.String() {
		return nil, conditions("the access was not denied")
	}
	return s, nil
}

func (a OverrideAsk) check() error {
	switch {
	case !isStaff(a.Requester) || len(a.Note) > MaxOverrideSay:
		return reason.New(reason.RequestMalformed, "requester is 1 to 256 visible characters, note at most 1024 bytes")
	case a.Reason == "":
		return conditions("an override needs a reason")
	case len(a.Reason) > MaxOverrideWhy || strings.ContainsFunc(a.Reason, notWord):
		return reason.New(reason.RequestMalformed, "reason is 1 to 64 of a-z 0-9 _ -")
	}
	return nil
}

func notWord(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
}

func isStaff(who string) bool {
	return who != "" && len(who) <= MaxStaffID && !strings.ContainsFunc(who, func(r rune) bool { return r <= ' ' || r > '~' })
}

func conditions(detail string) error { return reason.New(reason.BreakglassConditions, detail) }

func (g *Gateway) loadOverride(ctx context.Context, id string) (*overrideRecord, error) {
	if len(id) != len("ov_")+22 {
		return nil, reason.New(reason.ObjectUnknown, "no such override")
	}
	e, err := g.cfg.Store.Get(ctx, overridePrefix+id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, reason.New(reason.ObjectUnknown, "no such override")
	}
	if err != nil {
		return nil, reason.Wrap(reason.StorageUnavailable, "", err)
	}
	r := &overrideRecord{version: e.Version}
	if err := strictjson.Unmarshal(e.Value, r); err != nil || r.Override.ID != id {
		return nil, reason.Wrap(reason.StorageCorrupt, "", err)
	}
	return r, nil
}

// forget leaves what is needed to know a second use.
func (r *overrideRecord) forget() {
	o := r.Override
	r.Principal, r.Override = "", Override{ID: o.ID, Evaluation: o.Evaluation, State: o.State, Expires: o.Expires, Used: o.Used}
}

// change returns r as a step of a Commit.
func (r *overrideRecord) change() (store.Change, error) {
	raw, err := strictjson.Marshal(r)
	return store.Change{Entry: store.Entry{
		Key: overridePrefix + r.Override.ID, Value: raw, Version: r.version, Expires: r.Override.Expires.Add(OverrideKept),
	}}, err
}
