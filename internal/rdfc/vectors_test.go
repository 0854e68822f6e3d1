// SPDX-License-Identifier: Apache-2.0

package rdfc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/shared"
)

// vector is an entry of the manifest.
type vector struct {
	ID            string `json:"id"`
	Type          string `json:"type"`
	Action        string `json:"action"`
	Result        string `json:"result"`
	HashAlgorithm string `json:"hashAlgorithm"`
}

func TestVectors(t *testing.T) {
	dir := shared.Dir(t, "vectors/w3c-rdf-canon")
	var manifest struct{ Entries []vector }
	if err := json.Unmarshal(read(t, dir, "manifest.jsonld"), &manifest); err != nil {
		t.Fatal(err)
	}
	rows := map[string]*conformance.Row{
		"rdfc:RDFC10EvalTest": {Part: "§4.4 canonicalization, §5 canonical N-Quads"},
		"rdfc:RDFC10MapTest":  {Part: "§4.4 issued identifiers map"},
	}
	for _, v := range manifest.Entries {
		row := rows[v.Type]
		if row == nil {
			t.Fatalf("%s: unknown type %s", v.ID, v.Type)
		}
		row.Run++
		t.Run(v.ID, func(t *testing.T) {
			canonical := canonicalize(t, read(t, dir, v.Action), hashOf(t, v.HashAlgorithm))
			want := read(t, dir, v.Result)
			if v.Type == "rdfc:RDFC10EvalTest" {
				if diff := cmp.Diff(string(want), string(canonical.Bytes())); diff != "" {
					t.Fatalf("canonical form (-want +got):\n%s", diff)
				}
			} else {
				var labels map[string]string
				if err := json.Unmarshal(want, &labels); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(labels, canonical.Labels); diff != "" {
					t.Fatalf("issued identifiers (-want +got):\n%s", diff)
				}
			}
			row.Passed++
		})
	}
	for _, row := range rows {
		row.Standard, row.Source = "RDF Dataset Canonicalization 1.0", "w3c-rdf-canon"
		conformance.Record(t, *row)
	}
}

func hashOf(t *testing.T, name string) rdfc.Hash {
	t.Helper()
	switch name {
	case "", "SHA256":
		return rdfc.SHA256
	case "SHA384":
		return rdfc.SHA384
	}
	t.Fatalf("unknown hash function %s", name)
	return 0
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func canonicalize(t testing.TB, nquads []byte, h rdfc.Hash) rdfc.Canonical {
	t.Helper()
	quads, err := rdfc.Parse(nquads)
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := rdfc.Canonicalize(quads, h)
	if err != nil {
		t.Fatal(err)
	}
	return canonical
}
