// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"context"
	"crypto/subtle"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/reason"
)

// Proved is a document every proof of which was verified. Only Suites.Verify, Secured.Verify and
// Again make one; the zero Proved holds nothing.
type Proved struct {
	secured *Secured
	want    Expect
	methods []Method
}

// Document returns the document without proof, as it was verified: what may be acted on, instead
// of what was received. It must not be changed. It is nil for the zero Proved.
func (p Proved) Document() []byte {
	if p.secured == nil {
		return nil
	}
	return p.secured.Document()
}

// Proofs returns what the proofs say, in the order of the document.
func (p Proved) Proofs() []Proof {
	if p.secured == nil {
		return nil
	}
	return p.secured.Proofs()
}

// Verify checks every proof of secured, a JSON object, against want (VC Data Integrity 1.0 §4.4,
// §4.5): its form, its times at keys.At, its purpose, challenge and domain, its verification method
// in the document of the controller, and its value. One that fails makes all fail; in a set of
// several the failure of one is di.proof_set with the cause behind it, unless it is one of form.
func (ss Suites) Verify(ctx context.Context, secured []byte, want Expect, keys credential.Keys) (Proved, error) {
	members, err := checked(secured)
	if err != nil {
		return Proved{}, err
	}
	s, err := ss.Read(members)
	if err != nil {
		return Proved{}, err
	}
	return s.Verify(ctx, want, keys)
}

// Verify checks every proof of s as Suites.Verify does.
func (s *Secured) Verify(ctx context.Context, want Expect, keys credential.Keys) (Proved, error) {
	return Proved{secured: s, want: want}.Again(ctx, keys)
}

// Again checks all that Verify checks, at keys.At, but for the values of proofs whose verification
// method has the key with which they were verified before. The zero Proved is refused.
func (p Proved) Again(ctx context.Context, keys credential.Keys) (Proved, error) {
	if p.secured == nil || p.want.Purpose == "" || keys.Resolver == nil || keys.At.IsZero() {
		return Proved{}, reason.New(reason.InternalIndeterminate, "nothing to verify, or nothing to verify it with")
	}
	methods := make([]Method, len(p.secured.proofs))
	for i := range methods {
		m, err := p.one(ctx, i, keys)
		if err != nil {
			return Proved{}, p.secured.failed(i, err)
		}
		methods[i] = m
	}
	return Proved{p.secured, p.want, methods}, nil
}

// one checks the proof at i and returns its method.
func (p Proved) one(ctx context.Context, i int, keys credential.Keys) (Method, error) {
	proof, suite := p.secured.proofs[i], p.secured.suites[i]
	if err := p.want.options(&proof.Proof, keys.At); err != nil {
		return Method{}, err
	}
	m, err := resolve(ctx, keys, proof.Method, p.want.Purpose)
	if err != nil {
		return Method{}, err
	}
	if !suite.Fits(m) {
		return Method{}, reason.New(reason.DISuite, "the key is not one of the suite")
	}
	if p.methods != nil && unchanged(p.methods[i], m) {
		return m, nil
	}
	return m, p.secured.value(ctx, i, m)
}

// value checks the value of the proof at i with the key of m.
func (s *Secured) value(ctx context.Context, i int, m Method) error {
	p := s.proofs[i]
	if j, ok := s.suites[i].(jcs); ok && s.canonical != nil && len(s.proofs) == 1 {
		return j.verifyCanonical(s.canonical, s.canonicalMembers, p, m)
	}
	config := p.config
	if _, contextual := s.suites[i].(Contextual); contextual {
		config = p.contextual
	}
	return s.suites[i].Verify(ctx, s.over(p), config(), p.value, m)
}

// unchanged reports whether now is the method and key that was used before.
func unchanged(before, now Method) bool {
	return before.URL == now.URL && (before.Key.Equal(now.Key) || before.Key.IsZero() && now.Key.IsZero())
}

// options holds what a proof says to what is expected.
func (want Expect) options(p *Proof, now time.Time) error {
	switch {
	case p.Purpose != want.Purpose:
		return reason.New(reason.DIPurpose, "the proof is for another purpose")
	case p.Created.Sub(now) > Ahead:
		return reason.New(reason.DITime, "the proof was made in the future")
	case !p.Expires.IsZero() && !now.Before(p.Expires):
		return reason.New(reason.DITime, "the proof is no longer good")
	case want.Challenge != "" && subtle.ConstantTimeCompare([]byte(want.Challenge), []byte(p.Challenge)) != 1:
		return reason.New(reason.PresentationNonceMismatch, "")
	case want.Domain != "" && (len(p.Domain) != 1 || p.Domain[0] != want.Domain):
		return reason.New(reason.PresentationAudienceMismatch, "")
	case want.Controller != "" && p.Method.DID().String() != want.Controller:
		return reason.New(reason.KeyControllerMismatch, "the key belongs to another DID")
	}
	return nil
}

// resolve finds the key of u in the document of its controller, where it must be listed under
// purpose. A did:key whose key is of a kind that package key does not know is a method without
// key: its document could say no more than its name does.
func resolve(ctx context.Context, keys credential.Keys, u did.URL, purpose did.Relationship) (Method, error) {
	doc, err := keys.Resolver.Resolve(ctx, u.DID())
	if err == nil {
		var m = Method{URL: u}
		if m.Key, err = doc.Key(u, purpose, keys.At); err == nil {
			return m, nil
		}
	}
	switch {
	case !otherKind(u, err):
		return Method{}, err
	case purpose != did.AssertionMethod && purpose != did.Authentication: // those of every did:key
		return Method{}, reason.New(reason.KeyPurposeMismatch, "")
	}
	return Method{URL: u}, nil
}

// otherKind reports whether u is the one method of a did:key that was refused as err for the kind of
// its key. A did:key with a version has a method of another name.
func otherKind(u did.URL, err error) bool {
	id := u.DID().ID()
	return errors.Is(err, multiformat.ErrKeyType) && u.DID().Method() == "key" && u.Fragment() == id && !strings.Contains(id, ":")
}

// failed names the proof of a set that did not verify.
func (s *Secured) failed(i int, err error) error {
	if len(s.proofs) == 1 {
		return err
	}
	switch reason.Of(err) {
	case reason.CredentialSignatureInvalid, reason.DIProofValue, reason.DISuite, reason.DIPurpose, reason.DITime,
		reason.KeyControllerMismatch, reason.KeyPurposeMismatch, reason.KeyRevoked, reason.KeyOutsideValidity:
		return reason.Wrap(reason.DIProofSet, "proof "+strconv.Itoa(i+1)+" of "+strconv.Itoa(len(s.proofs)), err)
	}
	return err
}
