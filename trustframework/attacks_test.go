// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"strings"
	"testing"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

// TestAttacks holds the rows of attacks.json in the category registry that a framework and its
// snapshot decide by themselves. The others are elsewhere: REG-01, REG-02 and REG-03 are answers
// of delegation.Decide; REG-04 is a race in the gateway; REG-05 and REG-07 need a reader with a
// memory (trustframework/client); REG-13 is the wallet's. REG-11 asks for an approval by a second
// person, which this registry does not have yet: its one admin token is all its authority, and
// a write without it is refused (trustframework/registry).
func TestAttacks(t *testing.T) {
	t.Run("REG-06", attackSignature)
	t.Run("REG-09", attackLookAlike)
	t.Run("REG-14", attackPersonalData)
}

// wantRow wants the code, and the problem type and status that its row states.
func wantRow(t *testing.T, err error, code reason.Code, problem string, status int) {
	t.Helper()
	if reason.Of(err) != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e, _ := reason.Lookup(code); e.Problem != problem || e.Status != status {
		t.Fatalf("%s is %s %d", code, e.Problem, e.Status)
	}
}

// Threshold cases (d) and (e) do not arise: a snapshot is a compact token and has one signature,
// and a list of trusted keys may not hold one key twice.
func attackSignature(t *testing.T) {
	k, other := signer(t), signer(t)
	good := seal(t, draft(1, ""), k)
	if _, err := trustframework.Open(good, trust(k), now()); err != nil {
		t.Fatalf("base case: %v", err)
	}
	header, rest, _ := strings.Cut(string(good), ".")
	body, _, _ := strings.Cut(rest, ".")
	none := "eyJhbGciOiJub25lIiwidHlwIjoidHJ1c3QtZnJhbWV3b3JrK2p3dCIsImtpZCI6ImRpZDp3ZWI6cmVnaXN0cnkuZXhhbXBsZS5vcmcjazEifQ" // alg none, right typ and kid
	for name, raw := range map[string]string{
		"a unsigned":        header + "." + body + ".",
		"a payload alone":   body,
		"b unknown key":     string(seal(t, draft(1, ""), other)),
		"c alg none":        none + "." + body + ".",
		"c alg none signed": none + string(good[len(header):]),
		"e name of one key": string(seal(t, draft(1, ""), renamed(t, other, k))),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := trustframework.Open([]byte(raw), trust(k), now())
			wantRow(t, err, reason.RegistrySignature, "dependency-failed", 503)
		})
	}
	if _, err := trustframework.Open(good, nil, now()); reason.Of(err) != reason.RegistrySignature {
		t.Fatalf("without trusted keys: %v", err)
	}
	if _, err := trustframework.Open(good, []key.Public{{}}, now()); reason.Of(err) != reason.RegistrySignature {
		t.Fatalf("with the zero key: %v", err)
	}
}

func attackLookAlike(t *testing.T) {
	for name, second := range map[string]string{
		"other case":        "did:web:Proxy.example.org",
		"percent-encoding":  "did:web:proxy%2Eexample.org",
		"encoded twice":     "did:web:proxy%252Eexample.org",
		"trailing dot":      "did:web:proxy.example.org.",
		"homoglyph":         "did:web:pr\u043exy.example.org",
		"encoded homoglyph": "did:web:pr%D0%BExy.example.org",
		"digit for letter":  "did:web:pr0xy.example.org",
	} {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			a := f.Accreditations[0]
			a.ID, a.Issuer = "acc-second", second
			f.Accreditations = append(f.Accreditations, a)
			wantRow(t, trustframework.Validate(f), reason.RegistryIdentifierAmbiguous, "conflict", 409)

			f = sample.Framework()
			f.Verifiers[0].ID = second
			wantRow(t, trustframework.Validate(f), reason.RegistryIdentifierAmbiguous, "conflict", 409)

			f = sample.Framework()
			f.Parties[second] = trustframework.Party{Name: "Another"}
			wantRow(t, trustframework.Validate(f), reason.RegistryIdentifierAmbiguous, "conflict", 409)
		})
	}
	for name, do := range map[string]func(f *trustframework.Framework){
		"accreditation twice": func(f *trustframework.Framework) { f.Accreditations = append(f.Accreditations, f.Accreditations[0]) },
		"verifier twice":      func(f *trustframework.Framework) { f.Verifiers = append(f.Verifiers, f.Verifiers[0]) },
		"anchor twice":        func(f *trustframework.Framework) { f.Anchors = append(f.Anchors, f.Anchors[0]) },
		"relationship case": func(f *trustframework.Framework) {
			f.Relationships["Adult-to-adult"] = f.Relationships["adult-to-adult"]
		},
		"controller case": acc(func(a *trustframework.Accreditation) { a.Controllers = []string{strings.ToUpper(sample.Practice)} }),
	} {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			do(f)
			wantRow(t, trustframework.Validate(f), reason.RegistryIdentifierAmbiguous, "conflict", 409)
		})
	}
	f := sample.Framework() // one party may have several accreditations, and codes with 0 and O are two
	a := f.Accreditations[0]
	a.ID, a.Controllers = "acc-second", []string{"RO1", "R01"}
	f.Accreditations = append(f.Accreditations, a)
	f.Parties["did:web:directory.example.org:RO1"] = trustframework.Party{Name: "One"}
	f.Parties["did:web:directory.example.org:R01"] = trustframework.Party{Name: "Another"}
	if err := trustframework.Validate(f); err != nil {
		t.Fatal(err)
	}
}

func attackPersonalData(t *testing.T) {
	for name, do := range map[string]func(f *trustframework.Framework){
		"issuer with a wallet's key": acc(func(a *trustframework.Accreditation) {
			a.Issuer = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
		}),
		"issuer by did:jwk":            acc(func(a *trustframework.Accreditation) { a.Issuer = "did:jwk:eyJ" }),
		"accreditor with a key":        acc(func(a *trustframework.Accreditation) { a.AccreditedBy = "did:key:z6MkhaXgBZDvotDkL5257" }),
		"verifier with a key":          func(f *trustframework.Framework) { f.Verifiers[0].ID = "did:key:z6MkhaXgBZDvotDkL5257" },
		"party with a key":             func(f *trustframework.Framework) { f.Parties["did:jwk:eyJ"] = trustframework.Party{Name: "X"} },
		"controller with a key":        acc(func(a *trustframework.Accreditation) { a.Controllers = []string{"did:key:z6MkhaXgBZDvotDkL5257"} }),
		"anchor by did:jwk":            func(f *trustframework.Framework) { f.Anchors = append(f.Anchors, "did:jwk:eyJ") },
		"record number in a name":      party(func(p *trustframework.Party) { p.Name = "Alice 900 000 0009" }),
		"record number with hyphens":   party(func(p *trustframework.Party) { p.Name = "900-000-0009" }),
		"address in a name":            func(f *trustframework.Framework) { f.Verifiers[0].Name = "alice@example.org" },
		"record number as an id":       acc(func(a *trustframework.Accreditation) { a.ID = "acc-9000000009" }),
		"record number in a DID":       acc(func(a *trustframework.Accreditation) { a.Issuer = "did:web:people.example.org:9000000009" }),
		"record number encoded in DID": acc(func(a *trustframework.Accreditation) { a.Issuer = "did:web:people.example.org:%39000000009" }),
	} {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			do(f)
			wantRow(t, trustframework.Validate(f), reason.RegistryPersonalData, "request-invalid", 422)
		})
	}
	f := sample.Framework()
	f.Anchors = append(f.Anchors, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
	f.Accreditations[0].AccreditedBy = f.Anchors[1]
	f.Accreditations[0].ID = "acc-1234567890" // ten digits with a wrong check digit are no such number
	if err := trustframework.Validate(f); err != nil {
		t.Fatalf("an anchor with a did:key: %v", err)
	}
}
