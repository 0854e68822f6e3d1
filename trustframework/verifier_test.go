// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"crypto/elliptic"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

// TestClients has the further client identifiers that a framework may list, and those it may not.
func TestClients(t *testing.T) {
	anchor := ecAnchor(t, elliptic.P256(), true)
	hash := trustframework.ClientX509Hash + strings.Repeat("A", 43)
	const dns = trustframework.ClientX509DNS + "gateway.example.org"
	for name, c := range map[string]struct {
		clients, anchors []string
		at               string
		want             reason.Code
	}{
		"none":                    {nil, nil, "", ""},
		"hash":                    {[]string{hash}, nil, "", ""},
		"name":                    {[]string{dns}, []string{anchor}, "", ""},
		"both":                    {[]string{hash, dns}, []string{anchor}, "", ""},
		"name without anchors":    {[]string{dns}, nil, ".anchors", reason.JSONType},
		"anchors for a hash":      {[]string{hash}, []string{anchor}, ".anchors", reason.JSONType},
		"not an authority":        {[]string{dns}, []string{ecAnchor(t, elliptic.P256(), false)}, ".anchors", reason.JSONType},
		"name in capitals":        {[]string{trustframework.ClientX509DNS + "Gateway.example.org"}, []string{anchor}, ".clients[0]", reason.JSONType},
		"name with a port":        {[]string{dns + ":8443"}, []string{anchor}, ".clients[0]", reason.JSONType},
		"wildcard":                {[]string{trustframework.ClientX509DNS + "*.example.org"}, []string{anchor}, ".clients[0]", reason.JSONType},
		"hash too short":          {[]string{hash[:50]}, nil, ".clients[0]", reason.JSONType},
		"hash of another writing": {[]string{hash[:len(hash)-1] + "B"}, nil, ".clients[0]", reason.JSONType},
		"redirect_uri":            {[]string{"redirect_uri:https://gateway.example.org/vp"}, nil, ".clients[0]", reason.JSONType},
		"did":                     {[]string{trustframework.ClientDID + "did:web:gateway.example.org"}, nil, ".clients[0]", reason.JSONType},
		"twice":                   {[]string{hash, hash}, nil, ".clients[1]", reason.RegistryIdentifierAmbiguous},
		"too many":                {strings.Split(strings.Repeat(hash+" ", 9), " ")[:9], nil, ".clients", reason.LimitMembers},
	} {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			f.Verifiers[0].Clients, f.Verifiers[0].Anchors = c.clients, c.anchors
			problems := trustframework.Problems(f)
			if c.want == "" {
				if len(problems) > 0 {
					t.Fatalf("%v", problems)
				}
				return
			}
			for _, p := range problems {
				if p.Path == "verifiers[0]"+c.at && p.Code == c.want {
					return
				}
			}
			t.Errorf("want %s at %s, got %v", c.want, c.at, problems)
		})
	}
}

// TestClientOfTwo has one client identifier with two verifiers: whose facts would it be shown?
func TestClientOfTwo(t *testing.T) {
	f := sample.Framework()
	other := f.Verifiers[0]
	other.ID = "did:web:other.example.org"
	other.Clients = []string{trustframework.ClientX509Hash + strings.Repeat("A", 43)}
	f.Verifiers[0].Clients = other.Clients
	f.Verifiers = append(f.Verifiers, other)
	for _, p := range trustframework.Problems(f) {
		if p.Code == reason.RegistryIdentifierAmbiguous {
			return
		}
	}
	t.Error("a framework lists one client for two verifiers")
}

// TestVerifierByClient finds a verifier under each of its identifiers, and nobody under others.
func TestVerifierByClient(t *testing.T) {
	hash := trustframework.ClientX509Hash + strings.Repeat("A", 43)
	f := sample.Framework()
	f.Verifiers[0].Clients = []string{hash}
	id := f.Verifiers[0].ID
	for client, known := range map[string]bool{
		trustframework.ClientDID + id: true, hash: true,
		id: false, "": false, trustframework.ClientDID: false, hash[:len(hash)-1]: false, "redirect_uri:" + id: false,
		trustframework.ClientDID + "did:web:nobody.example.org": false,
	} {
		if v, ok := f.VerifierByClient(client); ok != known || known && v.ID != id {
			t.Errorf("%q: %v, %v", client, v.ID, ok)
		}
	}
	if _, ok := trustframework.Unavailable().VerifierByClient(hash); ok {
		t.Error("a framework that is unavailable knows a verifier")
	}
}

// TestMayAsk lets a verifier see what it is registered for, for that purpose, and nothing else.
func TestMayAsk(t *testing.T) {
	f := sample.Framework()
	v := &f.Verifiers[0]
	purpose := v.Purposes[0]
	v.Purposes = append(v.Purposes, "another")
	if v.MayAsk(purpose, trustframework.FactIdentifier) {
		t.Error("nothing was registered")
	}
	v.Facts = map[string][]string{purpose: {trustframework.FactIdentifier}}
	if problems := trustframework.Problems(f); len(problems) > 0 {
		t.Fatal(problems)
	}
	if !v.MayAsk(purpose, trustframework.FactIdentifier) || v.MayAsk(purpose, trustframework.FactEvidence) || v.MayAsk("another", trustframework.FactIdentifier) {
		t.Error("a fact is for the purpose that it is registered for")
	}
	for name, facts := range map[string]map[string][]string{
		"purpose of nobody": {"unknown": {trustframework.FactIdentifier}},
		"unknown fact":      {purpose: {"everything"}},
		"wildcard":          {purpose: {"*"}},
	} {
		v.Facts = facts
		if len(trustframework.Problems(f)) == 0 {
			t.Errorf("%s: the framework is valid", name)
		}
		if v.MayAsk("unknown", trustframework.FactIdentifier) {
			t.Errorf("%s: a purpose that is not the verifier's is asked for", name)
		}
	}
}

// TestUnregistered names each part of an access that is not registered; by no part is a verifier entitled.
func TestUnregistered(t *testing.T) {
	v := sample.Framework().Verifiers[0]
	for _, c := range []struct {
		controller, purpose, resource string
		want                          []string
	}{
		{sample.Practice, "family-requested", "appointments", nil},
		{sample.Practice, "family-requested", "gp-record", []string{trustframework.PartResource}},
		{sample.Practice, "family-requested", "", []string{trustframework.PartResource}},
		{sample.Practice, "research", "appointments", []string{trustframework.PartPurpose}},
		{"https://other.example.org", "family-requested", "gp-record", []string{trustframework.PartController}},
		{"", "", "", []string{trustframework.PartController, trustframework.PartPurpose}},
	} {
		got := v.Unregistered(c.controller, c.purpose, c.resource)
		if !slices.Equal(got, c.want) || v.Entitled(c.controller, c.purpose, c.resource) != (c.want == nil) {
			t.Errorf("%q for %q of %q: %v, want %v", c.resource, c.purpose, c.controller, got, c.want)
		}
	}
}
