// SPDX-License-Identifier: Apache-2.0

package aries_test

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"

	ariesdid "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	arieskey "github.com/hyperledger/aries-framework-go/pkg/vdr/key"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/test/interop/page"
)

// didKey compares the documents of did:key: identifier, method, key and what it may be used for.
func (s *session) didKey(t *testing.T) {
	for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
		for range each {
			s.sameDocument(t, alg, newParty(t, alg))
		}
	}
}

func (s *session) sameDocument(t *testing.T, alg key.Algorithm, p party) {
	format := "did:key, " + string(alg)
	theirs, err := arieskey.New().Read(p.id())
	check(t, err)
	doc := theirs.DIDDocument
	ours, err := didkey.New().Resolve(t.Context(), p.Method.DID())
	check(t, err)
	if doc.ID != ours.ID.String() || len(doc.VerificationMethod) != 1 || len(ours.Methods) != 1 || doc.VerificationMethod[0].ID != ours.Methods[0].ID.String() {
		t.Fatalf("theirs has %s, ours %s", doc.VerificationMethod[0].ID, ours.Methods[0].ID)
	}
	if got := theirKey(t, alg, &doc.VerificationMethod[0]); !got.Equal(ours.Methods[0].Key) || !got.Equal(p.Public()) {
		t.Error("another key")
	}
	for _, r := range []struct {
		name   did.Relationship
		theirs []ariesdid.Verification
	}{{did.Authentication, doc.Authentication}, {did.AssertionMethod, doc.AssertionMethod}} {
		_, err := ours.Key(ours.Methods[0].ID, r.name, now())
		if err != nil || len(r.theirs) != 1 {
			t.Errorf("%s: theirs %d, ours %v", r.name, len(r.theirs), err)
		}
	}
	s.tally.Accepted(format, page.Outward)
	s.tally.Accepted(format, page.Inward)
	s.broken(t, format, p.id())
}

// broken tries identifiers that are none.
func (s *session) broken(t *testing.T, format, id string) {
	for _, bad := range []string{id[:len(id)-4], id[:len("did:key:z")] + "1" + id[len("did:key:z"):], "did:key:u" + id[len("did:key:z"):]} {
		if _, err := arieskey.New().Read(bad); err == nil {
			t.Errorf("Aries resolves %s", bad)
		} else {
			s.tally.Refused(format, page.Outward)
		}
		parsed, err := did.Parse(bad)
		if err == nil {
			_, err = didkey.New().Resolve(t.Context(), parsed)
		}
		if err == nil {
			t.Errorf("we resolve %s", bad)
		} else {
			s.tally.Refused(format, page.Inward)
		}
	}
}

func theirKey(t *testing.T, alg key.Algorithm, m *ariesdid.VerificationMethod) key.Public {
	t.Helper()
	if alg == key.EdDSA {
		if len(m.Value) != 32 {
			t.Fatalf("a key of %d bytes", len(m.Value))
		}
		return must(t)(key.New(ed25519.PublicKey(m.Value)))
	}
	raw, err := m.JSONWebKey().MarshalJSON()
	check(t, err)
	var j key.JWK
	check(t, json.Unmarshal(raw, &j))
	return must(t)(j.Public())
}

func must(t *testing.T) func(key.Public, error) key.Public {
	return func(k key.Public, err error) key.Public {
		t.Helper()
		check(t, err)
		return k
	}
}
