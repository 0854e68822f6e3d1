// SPDX-License-Identifier: Apache-2.0

package status_test

import (
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TestAttacks holds the rows of category status that are about entries: their forms, and what a wallet
// holds. The others are in snapshot (lists) and publisher (the issuer's side).
func TestAttacks(t *testing.T) {
	t.Run("STS-04", attackIndexForms)
	t.Run("STS-16", func(t *testing.T) {
		ref := func(list string) credential.StatusRef {
			return credential.StatusRef{Kind: credential.TokenStatusList, List: "https://issuer.test/status/" + list}
		}
		one := func(lists ...string) (refs []credential.StatusRef) {
			for _, l := range lists {
				refs = append(refs, ref(l))
			}
			return refs
		}
		for name, c := range map[string]struct {
			held [][]credential.StatusRef
			code reason.Code
		}{
			"a list for each of three":     {[][]credential.StatusRef{one("a"), one("b"), one("c")}, reason.PrivacyUniqueList},
			"a list for each of two":       {[][]credential.StatusRef{one("a"), one("b")}, reason.PrivacyUniqueList},
			"two lists for each of two":    {[][]credential.StatusRef{one("a-r", "a-s"), one("b-r", "b-s")}, reason.PrivacyUniqueList},
			"one list named twice by each": {[][]credential.StatusRef{one("a", "a"), one("b", "b")}, reason.PrivacyUniqueList},
			"one without status among two": {[][]credential.StatusRef{one("a"), nil, one("b")}, reason.PrivacyUniqueList},
			"one list for all":             {[][]credential.StatusRef{one("a"), one("a"), one("a")}, ""},
			"two of three share":           {[][]credential.StatusRef{one("a"), one("b"), one("a")}, ""},
			"a shared list beside own":     {[][]credential.StatusRef{one("a", "x"), one("b", "x")}, ""},
			"one credential":               {[][]credential.StatusRef{one("a", "b")}, ""},
			"one with status":              {[][]credential.StatusRef{one("a"), nil, nil}, ""},
			"none":                         {nil, ""},
		} {
			if err := status.Unique(c.held); reason.Of(err) != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
	})
}

// attackIndexForms: for a Bitstring Status List a decimal string is the only form of an index, for a
// Token Status List a JSON integer.
func attackIndexForms(t *testing.T) {
	for value, c := range map[string]struct{ text, number reason.Code }{
		`-1`:                     {reason.CredentialSchemaInvalid, reason.StatusIndex},
		`"-1"`:                   {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`"1e3"`:                  {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`1e3`:                    {reason.CredentialSchemaInvalid, reason.StatusIndex},
		`" 5"`:                   {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`"05"`:                   {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`05`:                     {reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		`5.0`:                    {reason.CredentialSchemaInvalid, reason.StatusIndex},
		`"5.0"`:                  {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`"\u0665"`:               {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`"٥"`:                    {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`""`:                     {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`null`:                   {reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		`1.5`:                    {reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		`true`:                   {reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		`[5]`:                    {reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		``:                       {reason.CredentialSchemaInvalid, reason.CredentialSchemaInvalid},
		`-0`:                     {reason.CredentialSchemaInvalid, reason.StatusIndex},
		`18446744073709551616`:   {reason.CredentialSchemaInvalid, reason.StatusIndex},
		`"18446744073709551616"`: {reason.StatusIndex, reason.CredentialSchemaInvalid},
		`9007199254740992`:       {reason.CredentialSchemaInvalid, reason.StatusIndex},
		`"5"`:                    {"", reason.CredentialSchemaInvalid},
		`5`:                      {reason.CredentialSchemaInvalid, ""},
	} {
		n, err := status.TextIndex(strictjson.Value(value))
		if reason.Of(err) != c.text || err == nil && n != 5 {
			t.Errorf("%s in a bitstring entry: %d, %v, want %s", value, n, err, c.text)
		}
		n, err = status.NumberIndex(strictjson.Value(value))
		if reason.Of(err) != c.number || err == nil && n != 5 {
			t.Errorf("%s in a token reference: %d, %v, want %s", value, n, err, c.number)
		}
	}
	if n, err := status.TextIndex(strictjson.Value(`"18446744073709551615"`)); err != nil || n != 1<<64-1 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := status.NumberIndex(strictjson.Value(`0`)); err != nil || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
}

func FuzzIndex(f *testing.F) {
	for _, value := range []string{`5`, `"5"`, `-1`, `5.0`, `1e400`, `"05"`, ``} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		text, errText := status.TextIndex(value)
		number, errNumber := status.NumberIndex(value)
		if errText == nil && errNumber == nil {
			t.Fatalf("%q is both: %d and %d", value, text, number)
		}
		for _, err := range []error{errText, errNumber} {
			if code := reason.Of(err); err != nil && code != reason.StatusIndex && code != reason.CredentialSchemaInvalid {
				t.Fatal(err)
			}
		}
	})
}
