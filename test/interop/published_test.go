// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/test/interop/page"
)

const base = "https://issuer.example.org/status"

// office is an issuer's publisher, with one credential in each state.
type office struct {
	*publisher.Publisher
	book                      *publisher.Book
	by                        party
	valid, suspended, revoked publisher.Ref
}

func newOffice(t *testing.T, suite string) *office {
	t.Helper()
	store, err := memory.New(memory.Config{Now: now})
	check(t, err)
	book, err := publisher.NewBook(store)
	check(t, err)
	alloc, err := publisher.NewAllocator(publisher.AllocatorConfig{Store: store, Rand: rand.Reader, Epoch: 1})
	check(t, err)
	o := &office{book: book, by: newParty(t, key.EdDSA)}
	s, err := dataintegrity.Suite(suite, jsonld.Closed)
	check(t, err)
	o.Publisher, err = publisher.New(publisher.Config{
		Book: book, Store: store, Signer: func() (did.Signer, error) { return o.by.Signer, nil }, Base: base, Suite: s, Now: now, TTL: time.Hour,
	})
	check(t, err)
	for _, ref := range []*publisher.Ref{&o.valid, &o.suspended, &o.revoked} {
		*ref, err = alloc.Allocate(t.Context())
		check(t, err)
	}
	check(t, book.Set(t.Context(), []publisher.Ref{o.suspended}, status.Suspended))
	check(t, book.Set(t.Context(), []publisher.Ref{o.revoked}, status.Revoked))
	return o
}

// published has the other side read what our publisher serves, which packs its lists in pieces.
func (s *session) published(t *testing.T) {
	for _, suite := range []string{dataintegrity.EdDSARDFC, dataintegrity.EdDSAJCS} {
		o := newOffice(t, suite)
		s.publishedToken(t, o)
		for _, purpose := range []publisher.Purpose{bitstring.Revocation, bitstring.Suspension} {
			s.publishedBits(t, o, purpose)
			s.publishedProof(t, o, suite, purpose)
		}
	}
}

func (s *session) publishedToken(t *testing.T, o *office) {
	const format = "statuslist+jwt"
	doc, err := o.Token(t.Context(), o.valid.List)
	check(t, err)
	var got struct{ Values []uint8 }
	s.must(t, "tokenlist.read", request{
		"jwt": string(doc.Body), "key": o.by.public(), "now": nowText(), "indices": []uint64{o.valid.Index, o.suspended.Index, o.revoked.Index},
	}, &got)
	if fmt.Sprint(got.Values) != "[0 2 1]" {
		t.Errorf("theirs reads %v", got.Values)
	}
	s.tally.Accepted(format, page.Outward)
}

func (s *session) publishedBits(t *testing.T, o *office, purpose publisher.Purpose) {
	doc, err := o.Bitstring(t.Context(), o.valid.List, purpose)
	check(t, err)
	var got struct{ Set []bool }
	s.must(t, "bitstring.read", request{
		"jwt": string(doc.Body), "key": o.by.public(), "now": nowText(), "indices": []uint64{o.valid.Index, o.suspended.Index, o.revoked.Index},
	}, &got)
	want := []bool{false, purpose == bitstring.Suspension, purpose == bitstring.Revocation}
	if fmt.Sprint(got.Set) != fmt.Sprint(want) {
		t.Errorf("%s: theirs reads %v", purpose, got.Set)
	}
	s.tally.Accepted(bitsFormat, page.Outward)
}

const provedFormat = "BitstringStatusListCredential (Data Integrity)"

func (s *session) publishedProof(t *testing.T, o *office, suite string, purpose publisher.Purpose) {
	doc, err := o.Proved(t.Context(), o.valid.List, purpose)
	check(t, err)
	for ref, want := range map[publisher.Ref]bool{o.valid: false, o.suspended: purpose == bitstring.Suspension, o.revoked: purpose == bitstring.Revocation} {
		set, err := s.checked(t, o.by.id(), suite, doc.Body, o.refs(ref), purpose)
		if err != nil || set != want {
			t.Errorf("%s: theirs reads %v: %v", purpose, set, err)
		}
	}
	s.tally.Accepted(provedFormat, page.Outward)
	for name, forged := range listForgeries(t, doc.Body, newParty(t, key.EdDSA)) {
		if _, err := s.checked(t, o.by.id(), suite, forged, o.refs(o.valid), purpose); err == nil {
			t.Errorf("theirs accepts a forged list: %s", name)
			continue
		}
		s.tally.Refused(provedFormat, page.Outward)
	}
}

func (o *office) refs(ref publisher.Ref) []credential.StatusRef { return o.BitstringRefs(ref) }

// checked has the other side check the status of a credential by issuer against a list with a proof.
func (s *session) checked(t *testing.T, issuer, suite string, list []byte, refs []credential.StatusRef, purpose publisher.Purpose) (bool, error) {
	t.Helper()
	var entries []any
	for _, r := range refs {
		if r.Purpose == string(purpose) {
			entries = append(entries, map[string]string{
				"id": fmt.Sprintf("%s#%d", r.List, r.Index), "type": "BitstringStatusListEntry", "statusPurpose": r.Purpose,
				"statusListIndex": fmt.Sprint(r.Index), "statusListCredential": r.List,
			})
		}
	}
	if len(entries) != 1 {
		t.Fatalf("%d entries", len(entries))
	}
	var got struct{ Results []bool }
	err := s.ask(t, "bitstring.check", request{"suite": suite, "list": json.RawMessage(list), "credential": map[string]any{
		"@context": []string{credential.ContextVC}, "type": []string{"VerifiableCredential"}, "issuer": issuer,
		"credentialSubject": map[string]string{"id": "urn:x:1"}, "credentialStatus": entries[0],
	}}, &got)
	return err == nil && len(got.Results) == 1 && got.Results[0], err
}

func listForgeries(t *testing.T, list []byte, other party) map[string][]byte {
	t.Helper()
	out := proofForgeries(t, list, other)
	subject := func(doc map[string]any) map[string]any { return doc["credentialSubject"].(map[string]any) }
	out["purpose of the list"] = edited(t, list, func(doc, _ map[string]any) { subject(doc)["statusPurpose"] = "message" })
	out["issuer"] = edited(t, list, func(doc, _ map[string]any) { doc["issuer"] = other.id() })
	out["date"] = edited(t, list, func(doc, _ map[string]any) { doc["validUntil"] = "2039-01-01T00:00:00Z" })
	return out
}

// provedList has the other side make a list with a proof.
func (s *session) provedList(t *testing.T) {
	for suite, algs := range wholeSuites() {
		verifier, err := dataintegrity.Suite(suite, jsonld.Closed)
		check(t, err)
		for _, alg := range algs {
			c := newCast(t, alg)
			open := func(raw []byte) (bitstring.List, error) {
				return bitstring.OpenProved(t.Context(), raw, dataintegrity.Suites{verifier}, c.issuer.Method.DID(), listURL, keys())
			}
			var text string
			s.must(t, "bitstring.create", request{
				"id": listURL, "length": entries, "set": []int{0, index}, "purpose": "revocation", "key": c.issuer.secret(), "suite": suite,
				"members": map[string]string{"issuer": c.issuer.id(), "validFrom": nowText(), "validUntil": now().Add(time.Hour).Format(time.RFC3339)},
			}, &text)
			got, err := open([]byte(text))
			check(t, err)
			for i, want := range map[uint64]bool{0: true, 1: false, index: true, entries - 1: false} {
				if v, err := got.Bits.Set(i); err != nil || v != want {
					t.Errorf("we read %v at %d: %v", v, i, err)
				}
			}
			s.tally.Accepted(provedFormat, page.Inward)
			for name, forged := range listForgeries(t, []byte(text), c.other) {
				_, err := open(forged)
				s.refusedHere(t, provedFormat, name, err)
			}
		}
	}
}
