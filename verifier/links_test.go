// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// TestParentThatCannotBeRead gives a chain that lacks a link the reason for which the one that was shown could
// not be read: it may be the one.
func TestParentThatCannotBeRead(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		c := w.grow(format, 2, honest)
		s := w.ask(booking())
		token := map[string][]string{
			queryOf(format):   {w.showAny(s, format, c.raw[1], c.holders[1])},
			parentsOf(format): {w.discloseAny(format, c.raw[0])},
		}
		w.docs.hook = func(id did.DID) (*did.Document, error, bool) {
			return nil, reason.New(reason.FetchNotAllowed, ""), id.String() == issuerID
		}
		w.expect(w.post(s, token), reason.FetchNotAllowed)
	}
}

// TestParentByIDAndDigest takes a link for the parent only if both its id and its digest are named.
func TestParentByIDAndDigest(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		renamed := w.grow(format, 2, func(i int, c *credential.Credential, by did.Signer) did.Signer {
			if i == 1 {
				c.Parent.ID = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-2f4f8d3f4abc"
			}
			return by
		})
		w.expect(w.sendChain(w.ask(booking()), format, renamed), reason.ChainParentMissing)
	}
}

// TestEvidence has the audit leaf bind all that was shown: other credentials are other evidence.
func TestEvidence(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWorld(t)
		c := w.grow(format, 2, honest)
		root := w.discloseAny(format, c.raw[0])
		stranger := w.discloseAny(format, w.seal(format, w.stranger(format), w.issuer))
		seen := map[string]bool{}
		for _, parents := range [][]string{{root}, {root, stranger}} {
			s := w.ask(booking())
			w.expect(w.post(s, map[string][]string{queryOf(format): {w.showAny(s, format, c.raw[1], c.holders[1])}, parentsOf(format): parents}), reason.OK)
			seen[w.leaf(w.leaves()).Evidence] = true
		}
		other := w.grow(format, 2, honest)
		w.expect(w.sendChain(w.ask(booking()), format, other), reason.OK)
		seen[w.leaf(w.leaves()).Evidence] = true
		if len(seen) != 3 || seen[""] {
			t.Errorf("%s: %d kinds of evidence", format, len(seen))
		}
	}
}

// TestTooManyRestrictions denies where a source has more than can be gone through, and not one sooner.
func TestTooManyRestrictions(t *testing.T) {
	for n, want := range map[int]reason.Code{verifier.MaxRestrictions: reason.OK, verifier.MaxRestrictions + 1: reason.InternalIndeterminate} {
		w := newWorld(t)
		w.restrictions.list = make([]delegation.Restriction, n)
		for i := range w.restrictions.list {
			w.restrictions.list[i] = delegation.Restriction{Principal: principal, Delegate: "did:example:another", Kind: "court-order"}
		}
		s := w.ask(booking())
		w.expect(w.post(s, map[string][]string{"delegation": {w.show(s, sd, w.seal(sd, w.root(sd), w.issuer), w.bob)}}), want)
	}
}
