// SPDX-License-Identifier: Apache-2.0

package did_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

func mustParse(t testing.TB, s string) did.DID {
	t.Helper()
	id, err := did.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return id
}

func mustURL(t testing.TB, s string) did.URL {
	t.Helper()
	u, err := did.ParseURL(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}

func TestParse(t *testing.T) {
	for s, want := range map[string]reason.Code{
		"did:web:h.test":                "",
		"did:web:h.test%3A8443:a:b_c.d": "",
		"did:webvh:Qm123:h.test%3A8443": "",
		"did:example:a":                 "",
		"did:x9:A-._z:0":                "",
		"did:key:z6Mk":                  "",
		"":                              reason.DIDSyntax,
		"did":                           reason.DIDSyntax,
		"did:":                          reason.DIDSyntax,
		"did:example":                   reason.DIDSyntax,
		"did:example:":                  reason.DIDSyntax,
		"did::a":                        reason.DIDSyntax,
		"did:example:a:":                reason.DIDSyntax,
		"did:example::a":                reason.DIDSyntax,
		"did:example:a::b":              reason.DIDSyntax,
		"not-a-did":                     reason.DIDSyntax,
		"not-a-did?x":                   reason.DIDSyntax,
		" did:example:a":                reason.DIDSyntax,
		"did:example:a ":                reason.DIDSyntax,
		"did:example:a\n":               reason.DIDSyntax,
		"did:example:a\x00":             reason.DIDSyntax,
		"DID:web:h.test":                reason.DIDSyntax,
		"did:WEB:h.test":                reason.DIDSyntax,
		"did:we-b:h.test":               reason.DIDSyntax,
		"did:web:h.t\u0435st":           reason.DIDSyntax, // Cyrillic e
		"did:web:user@h.test":           reason.DIDSyntax,
		"did:web:[::1]":                 reason.DIDSyntax,
		"did:web:h.test%3a8443":         reason.DIDSyntax, // one DID, one spelling
		"did:web:h.test%":               reason.DIDSyntax,
		"did:web:h.test%3":              reason.DIDSyntax,
		"did:web:h.test%:3A":            reason.DIDSyntax,
		"did:web:h.test%G0":             reason.DIDSyntax,
		"did:key:z6Mk%3A":               reason.DIDSyntax,
		"did:example:a%20b":             reason.DIDSyntax,
		"did:example:a~b":               reason.DIDSyntax,
		"did:example:a+b":               reason.DIDSyntax,
		"did:example:a/b":               reason.DIDMethodUnsupported,
		"did:example:a?b":               reason.DIDMethodUnsupported,
		"did:example:a#b":               reason.DIDMethodUnsupported,
		"did:example:" + strings.Repeat("a", 2036): "",
		"did:example:" + strings.Repeat("a", 2037): reason.DIDSyntax,
	} {
		id, err := did.Parse(s)
		if got := reason.Of(err); got != want {
			t.Errorf("%.80q: %q, want %q", s, got, want)
		}
		if (err == nil) == id.IsZero() || err == nil && id.String() != s {
			t.Errorf("%.80q: parsed as %q", s, id)
		}
	}
}

func TestParts(t *testing.T) {
	id := mustParse(t, "did:web:h.test%3A8443:a")
	if id.Method() != "web" || id.ID() != "h.test%3A8443:a" {
		t.Errorf("method %q, id %q", id.Method(), id.ID())
	}
	u := mustURL(t, "did:web:h.test#k-1")
	if u.DID() != mustParse(t, "did:web:h.test") || u.Fragment() != "k-1" || u.String() != "did:web:h.test#k-1" || u.IsZero() {
		t.Errorf("parts of %q: %q %q", u, u.DID(), u.Fragment())
	}
	if !(did.URL{}).IsZero() || !(did.DID{}).IsZero() {
		t.Error("zero values name something")
	}
}

func TestParseURL(t *testing.T) {
	for s, want := range map[string]reason.Code{
		"did:web:h.test#k1":        "",
		"did:key:zA#zA":            "",
		"did:web:h.test#a:b-c_d.e": "",
		"did:web:h.test":           reason.DIDMethodUnsupported,
		"did:web:h.test?v=1#k":     reason.DIDMethodUnsupported,
		"did:web:h.test/p#k":       reason.DIDMethodUnsupported,
		"did:web:h.test#":          reason.DIDSyntax,
		"did:web:h.test#k#l":       reason.DIDSyntax,
		"did:web:h.test#k/l":       reason.DIDSyntax,
		"did:web:h.test#%41":       reason.DIDSyntax,
		"did:web:h.test#k\n":       reason.DIDSyntax,
		"#k":                       reason.DIDSyntax,
		"not-a-did#k":              reason.DIDSyntax,
		"not-a-did/p#k":            reason.DIDSyntax,
		"x' OR '1'='1":             reason.DIDSyntax,
		"did:web:h.test#" + strings.Repeat("k", did.MaxLength): reason.DIDSyntax,
	} {
		u, err := did.ParseURL(s)
		if got := reason.Of(err); got != want || (err == nil) == u.IsZero() {
			t.Errorf("%.80q: %q, want %q", s, got, want)
		}
	}
}

func TestWithFragment(t *testing.T) {
	id := mustParse(t, "did:web:h.test")
	if u, err := id.WithFragment("k1"); err != nil || u != mustURL(t, "did:web:h.test#k1") {
		t.Errorf("%q, %v", u, err)
	}
	for _, f := range []string{"", "#k", "k/", "k%20", strings.Repeat("k", did.MaxLength)} {
		if _, err := id.WithFragment(f); reason.Of(err) != reason.DIDSyntax {
			t.Errorf("fragment %.20q: %v", f, err)
		}
	}
	if _, err := (did.DID{}).WithFragment("k"); reason.Of(err) != reason.DIDSyntax {
		t.Errorf("zero DID: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"did:web:h.test%3A8443:a", "did:key:z6Mk", "did:example:", "did:web:h%3a", "did:web:a::b", "did:jwk:e30#0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := did.Parse(s)
		if err != nil {
			return
		}
		if id.String() != s || "did:"+id.Method()+":"+id.ID() != s || len(s) > did.MaxLength {
			t.Fatalf("%q is not its parts", s)
		}
		if strings.ContainsAny(s, "/?#@[]\\ \n\r\x00") || strings.HasSuffix(s, ":") || strings.Contains(s, "::") {
			t.Fatalf("%q is a DID", s)
		}
		if strings.Contains(s, "%") && !strings.HasPrefix(id.Method(), "web") {
			t.Fatalf("%q has an escape", s)
		}
	})
}

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{"did:web:h.test#k1", "did:key:z6Mk#z6Mk", "did:web:h.test?a#b", "#", "did:web:h.test#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := did.ParseURL(s)
		if err != nil {
			return
		}
		again, err := did.Parse(u.DID().String())
		if err != nil || again != u.DID() || u.String() != s || u.Fragment() == "" || strings.ContainsAny(u.Fragment(), "/?#%") {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

func ExampleParse() {
	id, err := did.Parse("did:web:practice.example%3A8443")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.Method(), id.ID())
	_, err = did.Parse("DID:web:practice.example")
	fmt.Println(reason.Of(err))
	// Output:
	// web practice.example%3A8443
	// did.syntax
}
