// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/credential/sdjwt/typemeta"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestTypeMetadata holds what Seal makes to the type that its vct#integrity names.
func TestTypeMetadata(t *testing.T) {
	w := fixture.New(t, key.ES256)
	set, err := typemeta.New(typemeta.Config{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := process(w, seal(t, newFormat(t, w), w, fixture.Token(w.Delegation(t))), Name)
	if err != nil {
		t.Fatal(err)
	}
	claims := tree(t, got.Claims).(object)
	typ, err := set.Resolve(t.Context(), claims["vct"].(string), claims["vct#integrity"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if err := typ.CheckIssued(got.Claims, got.Disclosed); err != nil {
		t.Error(err)
	}
	if err := typ.CheckIssued(got.Claims, append(got.Disclosed, "/delegation/relationship")); reason.Of(err) != reason.CredentialSchemaInvalid {
		t.Error("a limiting member that is hidden: ", err)
	}
	if typ.VCTs[0] != credential.VCTDelegation || len(got.Disclosed) != 10 {
		t.Error(typ.VCTs, got.Disclosed)
	}
}

// TestIntegrity opens a credential whose vct#integrity is that of our document, in any hash, or
// absent, and no other.
func TestIntegrity(t *testing.T) {
	own := typemeta.Own(credential.VCTDelegation)
	long := sha512.Sum512(own)
	good := typemeta.IntegrityDelegation
	run(t,
		attack{"ours", set("claims", "vct#integrity", good), ""},
		attack{"absent", without("claims", "vct#integrity"), ""},
		attack{"sha512", set("claims", "vct#integrity", "sha512-"+base64.StdEncoding.EncodeToString(long[:])), ""},
		attack{"of another type", set("claims", "vct#integrity", typemeta.IntegrityIdentityBinding), reason.CredentialSchemaInvalid},
		attack{"of another document", set("claims", "vct#integrity", strings.Replace(good, "d", "e", 1)), reason.CredentialSchemaInvalid},
		attack{"no hash", set("claims", "vct#integrity", "x"), reason.CredentialSchemaInvalid},
		attack{"empty", set("claims", "vct#integrity", ""), reason.CredentialSchemaInvalid},
		attack{"number", set("claims", "vct#integrity", 7), reason.CredentialSchemaInvalid})
}
