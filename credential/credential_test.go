// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func TestParseTime(t *testing.T) {
	for s, want := range map[string]string{
		"2026-06-01T00:00:00Z": "2026-06-01T00:00:00Z", "2026-06-01T00:00:00+01:00": "2026-05-31T23:00:00Z",
		"2024-02-29T23:59:59.5-00:30": "2024-03-01T00:29:59.5Z", "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
		"2026-06-01T00:00:00.123456789Z": "2026-06-01T00:00:00.123456789Z",
	} {
		got, err := credential.ParseTime(s)
		if err != nil || string(credential.AppendTime(nil, got)) != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "2026-06-01", "2026-06-01T00:00:00", "2026-06-01t00:00:00Z", "2026-06-01T00:00:00z", "2026-06-01T00:00:60Z",
		"2026-06-01T24:00:00Z", "2026-02-29T00:00:00Z", "2026-06-31T00:00:00Z", "10000-01-01T00:00:00Z", "26-06-01T00:00:00Z", "0000-01-01T00:00:00Z",
		"2026-06-01T00:00:00,5Z", "2026-06-01T00:00:00.Z", "2026-06-01T00:00:00.1234567891Z", "2026-06-01T00:00:00+0100", "2026-06-01T00:00:00+24:00",
		"2026-06-01T00:00:00+01:60", "2026-06-01 00:00:00Z", " 2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z ", "2026-6-1T00:00:00Z", "2026-06-01T0:00:00Z",
		"0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026-06-01T00:00:0xZ",
	} {
		if _, err := credential.ParseTime(s); reason.Of(err) != reason.CredentialSchemaInvalid {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestParseTimeAgreesWithTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])`).Draw(t, "time")
		want, wrong := time.Parse(time.RFC3339, s)
		got, err := credential.ParseTime(s)
		if (err == nil) != (wrong == nil) || err == nil && !got.Equal(want) {
			t.Fatalf("%s: got %v, %v, want %v, %v", s, got, err, want, wrong)
		}
	})
}

func TestIsResource(t *testing.T) {
	for _, s := range []string{"a", "gp-record/test-results", "a/b/c/d/e/f/g/h", strings.Repeat("a", 128), "A_9"} {
		if !credential.IsResource(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", "/", "*", "a/*", "/a", "a/", "a//b", "a/b/c/d/e/f/g/h/i", strings.Repeat("a", 129), "é", "a b", "a.b", "../a", "a%2fb"} {
		if credential.IsResource(s) {
			t.Errorf("%q is accepted", s)
		}
	}
}

// TestVoid has every line of void in delegation.md §2.4, and its neighbours that hold.
func TestVoid(t *testing.T) {
	for _, s := range []string{
		`{}`, `{"dateFrom":null,"dateTo":null,"excludeCategories":null,"includeCategories":null,"minAssurance":null,"requires":null,"maxUses":null}`,
		`{"dateFrom":"2024-02-29","dateTo":"2024-02-29"}`, `{"includeCategories":["a"]}`, `{"excludeCategories":[]}`, `{"maxUses":1}`,
		`{"requires":["confirm","human-approval","step-up:high","warn:x","anything","notify:principal"]}`, `{"minAssurance":"substantial"}`,
	} {
		if c := credential.ParseConstraint([]byte(s)); c.Void {
			t.Errorf("%s is void", s)
		}
	}
	for _, s := range []string{
		`{"moon":1}`, `{"moon":null}`, `{"DateFrom":"2024-01-01"}`, `{"includeCategories":[]}`, `{"includeCategories":"a"}`, `{"excludeCategories":{}}`,
		`{"excludeCategories":[1]}`, `{"requires":"confirm"}`, `{"requires":[null]}`, `{"dateFrom":"2024-1-1"}`, `{"dateFrom":"2023-02-29"}`, `{"dateTo":7}`,
		`{"dateTo":""}`, `{"dateFrom":"2024-01-02","dateTo":"2024-01-01"}`, `{"minAssurance":"very-high"}`, `{"minAssurance":""}`, `{"minAssurance":7}`,
		`{"maxUses":0}`, `{"maxUses":-1}`, `{"maxUses":1.5}`, `{"maxUses":"3"}`, `{"maxUses":[]}`, `{"requires":["confirm-x"]}`,
		`{"requires":["human-approval:2"]}`, `{"requires":["step-up"]}`, `{"requires":["step-up:very-high"]}`, `{"requires":["step-up:"]}`, `[]`, `7`,
	} {
		if c := credential.ParseConstraint([]byte(s)); !c.Void {
			t.Errorf("%s is not void", s)
		}
	}
}

func delegation(t *testing.T) *credential.Credential {
	return fixture.Token(fixture.New(t, key.EdDSA).Delegation(t))
}

func TestLint(t *testing.T) {
	if err := credential.Lint(delegation(t)); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(c *credential.Credential){
		"id": func(c *credential.Credential) { c.ID = "no URI" }, "issuer": func(c *credential.Credential) { c.Issuer = "https://a.example" },
		"delegate": func(c *credential.Credential) { c.Delegate.ID = "" }, "kind": func(c *credential.Credential) { c.Delegate.Kind = "robot" },
		"operator": func(c *credential.Credential) { c.Delegate.OperatedBy = "x" }, "window": func(c *credential.Credential) { c.ValidUntil = c.ValidFrom },
		"zero time": func(c *credential.Credential) { c.ValidUntil = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"principal": func(c *credential.Credential) { c.OnBehalfOf.ID = "" }, "identifier": func(c *credential.Credential) { c.OnBehalfOf.Identifier.Value = "" },
		"relationship": func(c *credential.Credential) { c.Relationship = "" }, "basis": func(c *credential.Credential) { c.LegalBasis = "" },
		"grantor": func(c *credential.Credential) { c.GrantedBy = "" }, "depth": func(c *credential.Credential) { c.Redelegation.MaxDepth = -1 },
		"list": func(c *credential.Credential) { c.Purposes = []string{""} }, "long list": func(c *credential.Credential) { c.Purposes = strings.Split(strings.Repeat("a", 65), "") },
		"prohibition": func(c *credential.Credential) { c.Prohibitions[0].Resource = "*" }, "parent": func(c *credential.Credential) { c.Parent = &credential.Parent{ID: "x"} },
		"status": func(c *credential.Credential) { c.Status = nil }, "status kind": func(c *credential.Credential) { c.Status[0].Kind = 0 },
		"status index": func(c *credential.Credential) { c.Status[0].Index = 1 << 60 }, "risk": func(c *credential.Credential) { c.Permissions[0].Risk = "none" },
		"wildcard": func(c *credential.Credential) { c.Permissions[0].Resource = "*" }, "twice": func(c *credential.Credential) { c.Permissions[0].ID = "p2" },
		"not text": func(c *credential.Credential) { c.Permissions[2].Constraint.Exclude[0] = "\xff" }, "action": func(c *credential.Credential) { c.Permissions[0].Actions[0] = "fly" },
		"prohibited action": func(c *credential.Credential) { c.Prohibitions[0].Actions[0] = "fly" }, "workgroup": func(c *credential.Credential) { c.Workgroup = "x" },
		"evidence": func(c *credential.Credential) { c.Evidence[0].ID = "" }, "assurance": func(c *credential.Credential) { c.Assurance.Scheme = strings.Repeat("a", 2049) },
		"another type": func(c *credential.Credential) { c.Type = credential.TypeIdentityBinding },
	} {
		c := delegation(t)
		if change(c); reason.Of(credential.Lint(c)) != reason.CredentialSchemaInvalid {
			t.Errorf("%s: %v", what, credential.Lint(c))
		}
	}
	c := delegation(t)
	c.Permissions[0].Constraint.MaxUses = -1
	if got := reason.Of(credential.Lint(c)); got != reason.CredentialUnknownConstraint {
		t.Error("a void constraint: ", got)
	}
	if credential.Check(c) != nil {
		t.Error("readers refuse a void constraint")
	}
	if c.Type = "Other"; reason.Of(credential.Check(c)) != reason.CredentialTypeUnknown || credential.Check(nil) == nil {
		t.Error("a foreign type passes")
	}
}

func TestNewID(t *testing.T) {
	form := regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := make(map[string]bool)
	for range 1000 {
		id, err := credential.NewID(rand.Reader)
		if err != nil || !form.MatchString(id) || seen[id] || !credential.IsURI(id) {
			t.Fatal(id, err)
		}
		seen[id] = true
	}
	if id, err := credential.NewID(bytes.NewReader(nil)); err == nil || id != "" {
		t.Error("an id without randomness")
	}
}

// hollow is a format that finds nothing and says so without an error.
type hollow struct{ credential.Format }

func (hollow) Name() string { return "hollow" }
func (hollow) Open(context.Context, []byte, credential.Keys) (credential.Opened, error) {
	return credential.Opened{}, nil
}

type mute struct {
	hollow
	credential.Presenter
}

func (mute) OpenPresentation(context.Context, []byte, credential.Binding, credential.Keys) (credential.Opened, did.DID, error) {
	return credential.Opened{Credential: new(credential.Credential), Digest: "x"}, did.DID{}, nil
}

// TestNothingIsNotVerified has formats that return neither a result nor an error.
func TestNothingIsNotVerified(t *testing.T) {
	ctx, b := context.Background(), fixture.New(t, key.EdDSA).Binding
	if v, err := credential.Open(ctx, hollow{}, nil, credential.Keys{}); err == nil || v.Credential() != nil {
		t.Error("an empty result is verified")
	}
	if _, err := credential.OpenPresentation(ctx, hollow{}, nil, b, credential.Keys{}); reason.Of(err) != reason.KBMissing {
		t.Error(err)
	}
	if p, err := credential.OpenPresentation(ctx, mute{}, nil, b, credential.Keys{}); err == nil || !p.Holder().IsZero() {
		t.Error("nobody is a holder")
	}
	for _, b := range []credential.Binding{{}, {Audience: b.Audience, At: b.At}, {Nonce: b.Nonce, At: b.At}, {Audience: b.Audience, Nonce: b.Nonce}} {
		if _, err := credential.OpenPresentation(ctx, mute{}, nil, b, credential.Keys{}); reason.Of(err) != reason.KBMissing {
			t.Error(err)
		}
	}
	link := &credential.LinkError{Err: reason.New(reason.CredentialSignatureInvalid, "")}
	if reason.Of(link) != reason.CredentialSignatureInvalid || !errors.Is(link, link.Err) {
		t.Error("a link error hides its refusal")
	}
}
