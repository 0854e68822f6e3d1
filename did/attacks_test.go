// SPDX-License-Identifier: Apache-2.0

package did_test

import (
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func TestAttacks(t *testing.T) {
	t.Run("JOS-12", attackKidOfAnother)
	t.Run("DID-06", attackDocumentIdentity)
	t.Run("DID-12", attackForms)
}

// A key identifier of another DID opens nothing, however good its signature is.
func attackKidOfAnother(t *testing.T) {
	d := mustRead(t, document(jwkMethod(generate(t, key.ES256), practice+"#k1")))
	if _, err := d.Key(mustURL(t, practice+"#k1"), did.AssertionMethod, start()); err != nil {
		t.Fatal(err)
	}
	_, err := d.Key(mustURL(t, "did:web:attacker.test#k1"), did.AssertionMethod, start())
	if reason.Of(err) != reason.KeyControllerMismatch {
		t.Error(err)
	}
}

func attackDocumentIdentity(t *testing.T) {
	k := generate(t, key.ES256)
	good := jwkMethod(k, practice+"#k1")
	if _, err := read(t, document(good)); err != nil {
		t.Fatal(err)
	}
	named := func(id string) object { d := document(good); d["id"] = id; return d }
	for name, doc := range map[string]object{
		"id of another":             named("did:web:attacker.test"),
		"id in another case":        named("did:web:H.test"),
		"id with an escape":         named("did:web:h%2Etest"),
		"id with a space":           named(practice + " "),
		"id with a fragment":        named(practice + "#"),
		"method of another DID":     document(good, jwkMethod(k, "did:web:attacker.test#k1")),
		"method id in another case": document(jwkMethod(k, "did:web:H.test#k1")),
		"method id used twice":      document(good, jwkMethod(generate(t, key.ES256), practice+"#k1")),
		"relative id":               named("#"),
		"relative method id":        document(jwkMethod(k, "#k1")),
		"method id without #":       document(jwkMethod(k, practice)),
	} {
		if d, err := read(t, doc); reason.Of(err) != reason.DIDDocumentMismatch || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func attackForms(t *testing.T) {
	m, err := did.NewMux(map[string]did.Resolver{"web": &source{resolve: fetchedAt(start)}})
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]reason.Code{
		"did:foo:x":      reason.DIDMethodUnsupported,
		"DID:web:h.test": reason.DIDSyntax,
		"did:WEB:h.test": reason.DIDSyntax,
		"did:web:h.test?versionTime=2026-01-01T00:00:00Z": reason.DIDMethodUnsupported,
		"did:web:h.test/path":                             reason.DIDMethodUnsupported,
		"did:web:h.test":                                  "",
	} {
		id, err := did.Parse(s)
		if err == nil {
			_, err = m.Resolve(t.Context(), id)
		}
		if reason.Of(err) != want {
			t.Errorf("%s: %v, want %q", s, err, want)
		}
	}
	if _, err := did.ParseURL("did:web:h.test/path#k1"); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("DID URL with a path: %v", err)
	}
	d := mustRead(t, document(jwkMethod(generate(t, key.ES256), practice+"#k1")))
	if _, err := d.Key(mustURL(t, practice+"#absent"), did.AssertionMethod, start()); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("absent fragment: %v", err)
	}
}
