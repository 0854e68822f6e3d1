// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"maps"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/test/interop/page"
)

// identifiers compares the documents of did:key and did:jwk with those of Digital Bazaar's drivers.
func (s *session) identifiers(t *testing.T) {
	for _, alg := range algorithms() {
		p := newParty(t, alg)
		var theirs struct{ JWK, Key string }
		s.must(t, "did.fromKey", request{"key": p.public()}, &theirs)
		if theirs.Key != p.id() {
			t.Errorf("%s: theirs calls the key %s", alg, theirs.Key)
		}
		s.resolved(t, p, p.id(), didkey.New())
		s.resolved(t, p, theirs.JWK, didjwk.New())
	}
}

// resolved compares the keys of a DID's document, ours and theirs, and tries DIDs that are none.
func (s *session) resolved(t *testing.T, p party, name string, ours did.Resolver) {
	t.Helper()
	id, err := did.Parse(name)
	check(t, err)
	doc, err := ours.Resolve(t.Context(), id)
	check(t, err)
	var theirs struct {
		Document struct {
			ID             string
			Authentication []any
		}
		Keys map[string]map[string]any
	}
	s.must(t, "did.document", request{"did": name}, &theirs)
	if theirs.Document.ID != doc.ID.String() || len(theirs.Document.Authentication) != 1 {
		t.Errorf("theirs is the document of %s", theirs.Document.ID)
	}
	for _, m := range doc.Methods {
		got := map[string]string{}
		for member, v := range theirs.Keys[m.ID.String()] {
			if text, ok := v.(string); ok && (member == "kty" || member == "crv" || member == "x" || member == "y") {
				got[member] = text
			}
		}
		if !maps.Equal(got, publicJWK(m.Key)) || !m.Key.Equal(p.Public()) {
			t.Errorf("%s: theirs has %v, ours %v", m.ID, got, publicJWK(m.Key))
		}
	}
	format := "did:" + id.Method() + " document"
	s.tally.Accepted(format, page.Outward)
	s.tally.Accepted(format, page.Inward)
	broken := name[:len(name)-3]
	s.refused(t, format, "did.document", request{"did": broken})
	short, err := did.Parse(broken)
	if err == nil {
		_, err = ours.Resolve(t.Context(), short)
	}
	s.refusedHere(t, format, "cut short", err)
}
