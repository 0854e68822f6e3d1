// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

func TestHosts(t *testing.T) {
	f := sample.Framework()
	for host, want := range map[string]bool{
		"proxy.example.org": true, "PROXY.example.org": false, "proxy.example.org:443": false,
		"proxy.example.org.": false, "example.org": false, "evil.proxy.example.org": false, "": false,
	} {
		if got := f.DIDHostAllowed(host); got != want {
			t.Errorf("DIDHostAllowed(%q) = %v", host, got)
		}
	}
	for url, want := range map[string]bool{
		"https://proxy.example.org/status/7":       true,
		"https://proxy.example.org":                true,
		"https://status.example.org:8443/7?x=y":    true,
		"https://status.example.org/7":             false,
		"https://proxy.example.org:443/7":          false,
		"http://proxy.example.org/7":               false,
		"https://user@proxy.example.org/7":         false,
		"https://proxy.example.org@evil.example/7": false,
		"https://proxy.example.org/7#1":            false,
		"https://proxy.example.org.evil.example/7": false,
		"https:proxy.example.org/7":                false,
		"//proxy.example.org/7":                    false,
		"":                                         false,
		"https://proxy.example.org/" + strings.Repeat("a", trustframework.MaxURL): false,
	} {
		if got := f.StatusHostAllowed(sample.Issuer, url); got != want {
			t.Errorf("StatusHostAllowed(%.60q) = %v", url, got)
		}
	}
	if f.StatusHostAllowed(sample.Gateway, "https://proxy.example.org/7") {
		t.Error("one issuer's host is allowed for another")
	}
}

func TestLookups(t *testing.T) {
	f := sample.Framework()
	if p, ok := f.Party(sample.Issuer); !ok || p.Name != "Proxy Service" {
		t.Error("the party is not found")
	}
	if _, ok := f.Party(sample.Gateway); ok {
		t.Error("a party that is not listed")
	}
	v, ok := f.Verifier(sample.Gateway)
	if !ok || v.Name != "Patient App" {
		t.Error("the verifier is not found")
	}
	if _, ok := f.Verifier(sample.Issuer); ok {
		t.Error("a verifier that is not listed")
	}
	for _, c := range []struct {
		controller, purpose, resource string
		want                          bool
	}{
		{sample.Practice, "family-requested", "appointments", true},
		{sample.Practice, "family-requested", "appointments/gp/slot-9", true},
		{sample.Practice, "family-requested", "appointments-archive", false},
		{sample.Practice, "family-requested", "gp-record", false},
		{sample.Practice, "family-requested", "", false},
		{sample.Practice, "research", "appointments", false},
		{"another", "family-requested", "appointments", false},
	} {
		if got := v.Entitled(c.controller, c.purpose, c.resource); got != c.want {
			t.Errorf("%v: %v", c, got)
		}
	}
	v.Resources = []string{"*"}
	if !v.Entitled(sample.Practice, "family-requested", "gp-record") || v.Entitled(sample.Practice, "family-requested", "") {
		t.Error("the wildcard among resources")
	}
	if (trustframework.Verifier{}).Entitled("", "", "") {
		t.Error("the zero verifier is entitled")
	}
}

// Nothing is found in a framework that is unavailable, whatever else it holds.
func TestUnavailableAllowsNothing(t *testing.T) {
	full := sample.Framework()
	full.Unavailable = true
	for name, f := range map[string]*trustframework.Framework{"nil": nil, "none": trustframework.Unavailable(), "full": full} {
		_, party := f.Party(sample.Issuer)
		_, verifier := f.Verifier(sample.Gateway)
		if party || verifier || f.DIDHostAllowed("proxy.example.org") || f.StatusHostAllowed(sample.Issuer, "https://proxy.example.org/7") {
			t.Errorf("%s: something was found", name)
		}
		if err := f.Usable(now()); reason.Of(err) != reason.TrustRegistryUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUsable(t *testing.T) {
	f := sample.Framework()
	f.AsOf = now()
	if err := f.Usable(now().Add(time.Hour)); err != nil {
		t.Errorf("exactly as old as allowed: %v", err)
	}
	if err := f.Usable(now().Add(time.Hour + 1)); reason.Of(err) != reason.TrustRegistryStale {
		t.Errorf("older: %v", err)
	}
}
