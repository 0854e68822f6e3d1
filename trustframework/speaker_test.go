// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"testing"

	"github.com/behalf-id/behalf/trustframework"
)

// TestStatusSpeaker shows who may say whether a credential still holds.
func TestStatusSpeaker(t *testing.T) {
	const (
		issuer, other, person = "did:web:issuer.example", "did:web:other.example", "did:key:zPerson"
		list                  = "https://issuer.example/status/1"
	)
	one := func(hosts ...string) *trustframework.Framework {
		f := &trustframework.Framework{Parties: map[string]trustframework.Party{issuer: {StatusHosts: []string{"https://issuer.example"}}}}
		if len(hosts) > 0 {
			f.Parties[other] = trustframework.Party{StatusHosts: hosts}
		}
		return f
	}
	for name, c := range map[string]struct {
		f            *trustframework.Framework
		issuer, list string
		speaker      string // "" for nobody
	}{
		"a party speaks for itself":            {one(), issuer, list, issuer},
		"wherever its list lies":               {one("https://else.example"), issuer, "https://else.example/1", issuer},
		"a person's link is hosted":            {one("https://else.example"), person, list, issuer},
		"at the other's host":                  {one("https://else.example"), person, "https://else.example/1", other},
		"at nobody's host":                     {one(), person, "https://else.example/1", ""},
		"another port is another origin":       {one(), person, "https://issuer.example:443/1", ""},
		"another scheme":                       {one(), person, "http://issuer.example/1", ""},
		"upper case":                           {one(), person, "https://ISSUER.example/1", ""},
		"with a user":                          {one(), person, "https://issuer.example@attacker.example/1", ""},
		"two parties on one origin are nobody": {one("https://issuer.example"), person, list, ""},
		"and each still speaks for itself":     {one("https://issuer.example"), issuer, list, issuer},
		"no address":                           {one(), person, "", ""},
		"not an address":                       {one(), person, "https://[", ""},
		"a framework without parties":          {&trustframework.Framework{}, person, list, ""},
	} {
		got, ok := c.f.StatusSpeaker(c.issuer, c.list)
		if ok != (c.speaker != "") || ok && got != c.speaker {
			t.Errorf("%s: %q %t, want %q", name, got, ok, c.speaker)
		}
	}
}
