// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

const (
	leafVersion = 1
	saltSize    = 32        // bytes of chance in a leaf, so that a hash alone confirms no guess
	maxLeaf     = 1024      // bytes of a stored leaf; the largest that Append can make is smaller
	maxInteger  = 1<<53 - 1 // the largest integer that JSON readers agree on (RFC 8785 §3.2.2.3)
)

// Leaf is one record of the log as it is stored. Hash is the SHA-256, base64url without padding,
// of the leaf's canonical JSON (RFC 8785) without the hash; Prev is the hash of the leaf before,
// and is empty in the first.
type Leaf struct {
	Seq         uint64
	Time        time.Time // whole seconds, UTC, never before the leaf before
	Type        Type
	ID          string
	Outcome     string
	Reasons     []reason.Code
	MoreReasons int // how many more reasons there were than are listed
	Subject     Tag
	Actor       Tag
	Evidence    string
	Framework   int
	StatusAge   time.Duration
	Flow        string
	Salt        string
	Prev        string
	Hash        string
}

// wire is the JSON of a leaf. Its members stand in the order of RFC 8785 and hold nothing but
// ASCII that needs no escape and integers, so what is written is canonical as it is.
type wire struct {
	Actor       Tag           `json:"actor,omitzero"`
	Evidence    string        `json:"evidence,omitzero"`
	Flow        string        `json:"flow,omitzero"`
	Framework   int           `json:"framework,omitzero"`
	Hash        string        `json:"hash,omitzero"`
	ID          string        `json:"id"`
	MoreReasons int           `json:"more,omitzero"`
	Outcome     string        `json:"outcome,omitzero"`
	Prev        string        `json:"prev,omitzero"`
	Reasons     []reason.Code `json:"reasons,omitempty"`
	Salt        string        `json:"salt"`
	Seq         uint64        `json:"seq"`
	StatusAge   int64         `json:"status_age,omitzero"`
	Subject     Tag           `json:"subject,omitzero"`
	Time        int64         `json:"time"`
	Type        Type          `json:"type"`
	Version     int           `json:"v"`
}

// seal sets the hash of l and returns the leaf as it is stored.
func (l *Leaf) seal() ([]byte, error) {
	l.Hash = ""
	raw, err := json.Marshal(l.wire())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	l.Hash = base64.RawURLEncoding.EncodeToString(sum[:])
	return json.Marshal(l.wire())
}

func (l *Leaf) wire() wire {
	return wire{
		Actor: l.Actor, Evidence: l.Evidence, Flow: l.Flow, Framework: l.Framework, Hash: l.Hash, ID: l.ID,
		MoreReasons: l.MoreReasons, Outcome: l.Outcome, Prev: l.Prev, Reasons: l.Reasons, Salt: l.Salt,
		Seq: l.Seq, StatusAge: int64(l.StatusAge / time.Second), Subject: l.Subject, Time: l.Time.Unix(),
		Type: l.Type, Version: leafVersion,
	}
}

// parseLeaf reads a stored leaf. It accepts exactly what seal writes, byte for byte, so that no
// two records have one meaning.
func parseLeaf(raw []byte) (Leaf, error) {
	var w wire
	if len(raw) > maxLeaf {
		return Leaf{}, fmt.Errorf("%d bytes, at most %d", len(raw), maxLeaf)
	}
	if err := json.Unmarshal(raw, &w, json.RejectUnknownMembers(true)); err != nil {
		return Leaf{}, errors.New("not the JSON of a leaf") // the cause would quote the input
	}
	const maxAge = int64(1<<63-1) / int64(time.Second)
	if w.Version != leafVersion || w.Seq == 0 || w.Seq > maxInteger || w.StatusAge < 0 || w.StatusAge > maxAge {
		return Leaf{}, errors.New("a number out of bounds")
	}
	l := Leaf{
		Seq: w.Seq, Time: time.Unix(w.Time, 0).UTC(), Type: w.Type, ID: w.ID, Outcome: w.Outcome,
		Reasons: w.Reasons, MoreReasons: w.MoreReasons, Subject: w.Subject, Actor: w.Actor, Evidence: w.Evidence, Flow: w.Flow,
		Framework: w.Framework, StatusAge: time.Duration(w.StatusAge) * time.Second, Salt: w.Salt, Prev: w.Prev,
	}
	again, err := l.seal()
	if err != nil || !bytes.Equal(again, raw) {
		return Leaf{}, errors.New("its hash does not match")
	}
	return l, nil
}

func headKey(prefix string) string             { return prefix + "head" }
func leafKey(prefix string, seq uint64) string { return fmt.Sprintf("%sleaf/%016x", prefix, seq) }
func tagKeyKey(prefix string) string           { return prefix + "tag-key" }

// readLeaf returns leaf seq, and whether there is one.
func readLeaf(ctx context.Context, cfg Config, seq uint64) (Leaf, bool, error) {
	e, err := cfg.Store.Get(ctx, leafKey(cfg.Prefix, seq))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Leaf{}, false, nil
	case err != nil:
		return Leaf{}, false, unavailable("the store could not be read", err)
	}
	l, err := parseLeaf(e.Value)
	if err != nil || l.Seq != seq {
		return Leaf{}, false, inconsistent(seq, "it is not as it was written")
	}
	return l, true, nil
}
