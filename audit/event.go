// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Type says what an event is. The zero Type is refused.
type Type string

// The types of events, a closed set.
const (
	Decision  Type = "decision"  // a gateway decided a request
	Host      Type = "host"      // an issuer gave a person-issued link its status entry
	Offer     Type = "offer"     // an issuer recorded a grant and offered its credential
	Authorize Type = "authorize" // an issuer gave a wallet a token for a person who signed in
	Issue     Type = "issue"     // an issuer is about to sign a credential
	Defer     Type = "defer"     // an issuer recorded a credential request that waits for review
	Review    Type = "review"    // an operator approved or declined what waits
	Suspend   Type = "suspend"   // a credential was suspended
	Resume    Type = "resume"    // a suspended credential is valid again
	Revoke    Type = "revoke"    // a credential was revoked
	Rotate    Type = "rotate"    // a signing key was replaced
	Framework Type = "framework" // a new version of the trust framework was applied
	Erase     Type = "erase"     // a subject's keys were destroyed; it names nobody
	Query     Type = "query"     // a subject's trail was read

	OverrideApprove Type = "override-approve" // a second one of the staff agreed to go on beside a denial
	OverrideUse     Type = "override-use"     // one of the staff went on beside a denial
)

// Bounds of an event.
const (
	MaxID      = 64 // bytes of Event.ID
	MaxOutcome = 32 // bytes of Event.Outcome
	MaxFlow    = 16 // bytes of Event.Flow
	MaxReasons = 4  // reasons that a leaf lists; further ones are counted
)

// Event is what a leaf testifies to. It names no person: identifiers come as tags and evidence
// as digests, and the texts are bounded to alphabets in which little else can be said.
type Event struct {
	Type      Type          // required
	ID        string        // evaluation or issuance id, of A-Z a-z 0-9 . _ -; required
	Outcome   string        // such as "permit_with_obligations", of a-z 0-9 _ -
	Reasons   []reason.Code // the primary one first
	Subject   Tag           // the principal, by Tagger.Subject
	Actor     Tag           // the delegate, by Tagger.Actor
	Evidence  string        // SHA-256 of what was presented or signed, base64url without padding
	Framework int           // version of the trust framework that was used
	StatusAge time.Duration // of the oldest status that was used, kept in whole seconds
	Flow      string        // how the request reached its wallet, such as "cross_device", of a-z 0-9 _ -
}

// draft returns the leaf of e as far as it is known before the leaf has a place in the chain.
func (e Event) draft() (Leaf, error) {
	if err := e.check(); err != nil {
		return Leaf{}, err
	}
	listed := min(len(e.Reasons), MaxReasons)
	return Leaf{
		Type: e.Type, ID: e.ID, Outcome: e.Outcome,
		Reasons: append([]reason.Code(nil), e.Reasons[:listed]...), MoreReasons: len(e.Reasons) - listed,
		Subject: e.Subject, Actor: e.Actor, Evidence: e.Evidence,
		Framework: e.Framework, StatusAge: e.StatusAge.Truncate(time.Second), Flow: e.Flow,
	}, nil
}

func (e Event) check() error {
	switch {
	case !e.Type.known():
		return fmt.Errorf("no event type %.20q", string(e.Type))
	case e.ID == "" || len(e.ID) > MaxID || !consists(e.ID, idByte):
		return fmt.Errorf("an id has 1 to %d bytes of A-Z a-z 0-9 . _ -", MaxID)
	case len(e.Outcome) > MaxOutcome || !consists(e.Outcome, wordByte):
		return fmt.Errorf("an outcome has at most %d bytes of a-z 0-9 _ -", MaxOutcome)
	case len(e.Flow) > MaxFlow || !consists(e.Flow, wordByte):
		return fmt.Errorf("a flow has at most %d bytes of a-z 0-9 _ -", MaxFlow)
	case e.Subject != "" && !e.Subject.wellFormed(), e.Actor != "" && !e.Actor.wellFormed():
		return errors.New("a tag that no Tagger made")
	case e.Evidence != "" && !digestForm(e.Evidence, 32):
		return errors.New("evidence is a SHA-256 in base64url without padding")
	case e.Framework < 0 || e.Framework > maxInteger || e.StatusAge < 0:
		return errors.New("a negative version or age")
	}
	for _, c := range e.Reasons {
		if _, known := reason.Lookup(c); !known {
			return errors.New("a reason without an entry")
		}
	}
	return nil
}

func (t Type) known() bool {
	switch t {
	case Decision, Host, Offer, Authorize, Issue, Defer, Review, Suspend, Resume, Revoke, Rotate, Framework, Erase, Query, OverrideApprove, OverrideUse:
		return true
	}
	return false
}

func consists(s string, of func(byte) bool) bool {
	for i := range len(s) {
		if !of(s[i]) {
			return false
		}
	}
	return true
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_' || b == '-'
}

func idByte(b byte) bool { return wordByte(b) || b >= 'A' && b <= 'Z' || b == '.' }

// digestForm reports whether s is canonical base64url, without padding, of so many bytes.
func digestForm(s string, bytes int) bool {
	if len(s) != base64.RawURLEncoding.EncodedLen(bytes) || !consists(s, idByte) {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil
}
