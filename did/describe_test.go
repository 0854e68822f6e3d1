// SPDX-License-Identifier: Apache-2.0

package did_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// shown is a resolver that describes what it is asked for.
type shown struct{ source }

func (*shown) Describe(_ context.Context, id did.DID, o did.Options) (did.Description, error) {
	return did.Description{Document: []byte(id.String()), Metadata: did.Metadata{VersionID: o.VersionID}}, nil
}

func TestMuxDescribe(t *testing.T) {
	m, err := did.NewMux(map[string]did.Resolver{"web": &shown{}, "mute": &source{resolve: fetchedAt(start)}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.Describe(t.Context(), mustParse(t, practice), did.Options{VersionID: "7"})
	if err != nil || string(d.Document) != practice || d.Metadata.VersionID != "7" {
		t.Errorf("%+v, %v", d, err)
	}
	for s, feature := range map[string]bool{"did:mute:x": true, "did:other:x": false} {
		if _, err := m.Describe(t.Context(), mustParse(t, s), did.Options{}); reason.Of(err) != reason.DIDMethodUnsupported || errors.Is(err, did.ErrFeature) != feature {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := m.Describe(t.Context(), did.DID{}, did.Options{}); reason.Of(err) != reason.DIDSyntax {
		t.Errorf("zero DID: %v", err)
	}
	if _, err := (&did.Mux{}).Describe(t.Context(), mustParse(t, practice), did.Options{}); reason.Of(err) != reason.DIDMethodUnsupported {
		t.Errorf("zero Mux: %v", err)
	}
}

func TestVersioned(t *testing.T) {
	for _, o := range []did.Options{{VersionID: "1"}, {VersionTime: time.Unix(0, 0)}, {VersionNumber: 1}} {
		if !o.Versioned() {
			t.Errorf("%+v", o)
		}
	}
	if (did.Options{Type: did.Multikey, EncryptionKey: true}).Versioned() {
		t.Error("a form is a version")
	}
}

func TestCompose(t *testing.T) {
	id, jwk := mustParse(t, practice), text(t, generate(t, key.ES256).JWK())
	both := []did.Relationship{did.Authentication, did.KeyAgreement}
	raw, err := did.Compose(id, did.Material{Fragment: "k1", JWK: jwk, Relationships: both}, did.Material{Fragment: "k2", Multibase: "z6LS"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/jwk/v1","https://w3id.org/security/multikey/v1"],"id":"did:web:h.test",` +
		`"verificationMethod":[{"id":"did:web:h.test#k1","type":"JsonWebKey","controller":"did:web:h.test","publicKeyJwk":` + string(jwk) +
		`},{"id":"did:web:h.test#k2","type":"Multikey","controller":"did:web:h.test","publicKeyMultibase":"z6LS"}],` +
		`"authentication":["did:web:h.test#k1"],"keyAgreement":["did:web:h.test#k1"]}`
	if string(raw) != want {
		t.Errorf("%s", raw)
	}
	for name, c := range map[string]struct {
		m    did.Material
		want reason.Code
	}{
		"no key":      {did.Material{Fragment: "k"}, reason.KeyAmbiguous},
		"two keys":    {did.Material{Fragment: "k", Multibase: "z", JWK: jwk}, reason.KeyAmbiguous},
		"no fragment": {did.Material{Multibase: "z"}, reason.DIDSyntax},
		"for what":    {did.Material{Fragment: "k", Multibase: "z", Relationships: []did.Relationship{"x"}}, reason.KeyPurposeMismatch},
	} {
		if raw, err := did.Compose(id, c.m); reason.Of(err) != c.want || raw != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
