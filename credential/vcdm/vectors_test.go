// SPDX-License-Identifier: Apache-2.0

package vcdm_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/shared"
)

// TestVectorsModel holds every credential that the published vectors of the cryptosuites hold to the
// data model, as it is and with one required member taken out at a time.
func TestVectorsModel(t *testing.T) {
	for _, folder := range []string{"w3c-vc-di-eddsa", "w3c-vc-di-ecdsa", "w3c-vc-di-bbs"} {
		row := conformance.Row{Standard: "Verifiable Credentials Data Model 2.0", Part: "§4 credentials of the cryptosuites, 1.1 too", Source: folder}
		undated := 0
		for name, raw := range credentials(t, shared.Dir(t, "vectors/"+folder)) {
			s, err := vcdm.CheckCredential(raw, open())
			row.Run++
			if err != nil && strings.HasSuffix(err.Error(), "issuanceDate is missing") {
				undated++
				continue
			}
			if err != nil || s.Issuer == "" {
				t.Errorf("%s: %v", name, err)
				continue
			}
			row.Passed++
			required := []string{"@context", "type", "issuer", "credentialSubject"}
			if s.Version == vcdm.V1 {
				required = append(required, "issuanceDate")
			}
			for _, member := range required {
				if row.Run++; !refused(edit(t, string(raw), member, "")) {
					t.Errorf("%s without %s: taken", name, member)
					continue
				}
				row.Refused++
			}
		}
		if undated > 0 {
			row.Departures = []conformance.Departure{{Cases: undated, Why: "parts of credentials of version 1.1 that leave out the issuanceDate are refused: Verifiable Credentials Data Model 1.1 §4.6 requires it"}}
		}
		conformance.Record(t, row)
	}
}

func refused(raw []byte) bool {
	_, err := vcdm.CheckCredential(raw, open())
	return err != nil
}

// credentials returns the files below dir that hold a whole credential, by name. What is revealed of
// one and has no issuer yet, and the steps of a proof, are none.
func credentials(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var c struct {
			Type    any `json:"type"`
			Issuer  any `json:"issuer"`
			Subject any `json:"credentialSubject"`
		}
		if json.Unmarshal(raw, &c) != nil || c.Issuer == nil || c.Subject == nil {
			return nil
		}
		if types, _ := c.Type.([]any); slices.Contains(types, any(vcdm.TypeCredential)) {
			out[path] = raw
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
