// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/shared"
)

// TestVectors compares what the mandatory pointers of the published documents lead to.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		row     conformance.Row
		folders map[string]string // folder of the steps -> file of the pointers; "" where they differ from those of the steps
	}{
		{conformance.Row{Standard: "Data Integrity ECDSA Cryptosuites 1.0", Part: "§3.4.10 JSON pointers, ecdsa-sd-2023", Source: "w3c-vc-di-ecdsa"},
			map[string]string{"ecdsa-sd-2023/employ": "employMandatory.json", "ecdsa-sd-2023/prc": "prCredMandatory.json"}},
		{conformance.Row{Standard: "Data Integrity BBS Cryptosuites 1.0", Part: "§3.4.2 JSON pointers, bbs-2023", Source: "w3c-vc-di-bbs"},
			map[string]string{".": "", "prc": "prCredMandatory.json"}},
	} {
		for folder, pointers := range c.folders {
			t.Run(c.row.Source+"/"+folder, func(t *testing.T) {
				c.row.Run++
				root := "vectors/" + c.row.Source + "/"
				var want []pair
				parse(t, shared.Open(t, root+folder+"/addPointerValues.json"), &want)
				have := lookUp(t, shared.Open(t, root+folder+"/addSignedSDBase.json"), published(t, root, pointers, want))
				if diff := cmp.Diff(want, have); diff != "" {
					t.Fatal(diff)
				}
				c.row.Passed++
			})
		}
		conformance.Record(t, c.row)
	}
}

// pair is a pointer and the value that it leads to.
type pair struct {
	Pointer string
	Value   any
}

// published returns the pointers in the file called name, or those of pairs.
func published(t *testing.T, root, name string, pairs []pair) (pointers []string) {
	t.Helper()
	if name != "" {
		parse(t, shared.Open(t, root+name), &pointers)
		return pointers
	}
	for _, p := range pairs {
		pointers = append(pointers, p.Pointer)
	}
	return pointers
}

// lookUp returns what each of pointers leads to in secured. Published pointers that are relative to
// the subject are taken from there.
func lookUp(t *testing.T, secured []byte, pointers []string) []pair {
	t.Helper()
	unsecured, _, err := dataintegrity.Split(secured)
	if err != nil {
		t.Fatal(err)
	}
	root, _, err := parseTree(unsecured)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]pair, len(pointers))
	for i, p := range pointers {
		path, err := parsePointer(p)
		if err != nil || len(path) == 0 {
			t.Fatal(p, err)
		}
		at := root
		if at.step(path[0]) == nil {
			at = at.step("credentialSubject")
		}
		if at = at.walk(path); at == nil {
			t.Fatalf("%s leads nowhere", p)
		}
		var to writer
		to.write(at, true)
		out[i].Pointer = p
		parse(t, to.out, &out[i].Value)
	}
	return out
}

func parse(t *testing.T, raw []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}
