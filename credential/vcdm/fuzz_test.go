// SPDX-License-Identifier: Apache-2.0

package vcdm_test

import (
	"errors"
	"testing"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/reason"
)

// FuzzCheck shows that any bytes give a summary or a named refusal, and that a credential that passes
// says who issued it about what.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		credentialV2, credentialV1, presentationV2, envelopeV2, `{}`, `[]`, `null`, ``,
		`{"@context":["https://www.w3.org/ns/credentials/v2",{"a":{"@id":"@type"}}],"type":"VerifiableCredential","issuer":"a:b","credentialSubject":[{"a":1}]}`,
		`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiableCredential","issuer":"a:b","credentialSubject":{"id":"a:b"},"relatedResource":{"id":"a:b","digestMultibase":"z1"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := vcdm.CheckCredential(raw, open())
		if err == nil && (s.Issuer == "" || s.Version == 0 || len(s.Types) == 0) {
			t.Errorf("passed with %+v", s)
		}
		named(t, err)
		s, err = vcdm.CheckPresentation(raw, open())
		if err == nil && (s.Version == 0 || len(s.Types) == 0) {
			t.Errorf("passed with %+v", s)
		}
		named(t, err)
		if e, err := vcdm.OpenEnvelopedCredential(raw); err == nil && (e.IsZero() || e.Content == "") {
			t.Error("an empty envelope")
		}
	})
}

func named(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*reason.Error](err); err != nil && !ok {
		t.Errorf("a refusal without a name: %v", err)
	}
}
