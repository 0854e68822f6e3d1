// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/internal/sample"
)

type spoil struct {
	path string
	code reason.Code
	do   func(f *trustframework.Framework)
}

func acc(do func(a *trustframework.Accreditation)) func(f *trustframework.Framework) {
	return func(f *trustframework.Framework) { do(&f.Accreditations[0]) }
}

func policy(do func(p *trustframework.ControllerPolicy)) func(f *trustframework.Framework) {
	return func(f *trustframework.Framework) {
		p := f.Controllers[sample.Practice]
		do(&p)
		f.Controllers[sample.Practice] = p
	}
}

func relation(do func(r *trustframework.Relationship)) func(f *trustframework.Framework) {
	return func(f *trustframework.Framework) {
		r := f.Relationships["adult-to-adult"]
		do(&r)
		f.Relationships["adult-to-adult"] = r
	}
}

func party(do func(p *trustframework.Party)) func(f *trustframework.Framework) {
	return func(f *trustframework.Framework) {
		p := f.Parties[sample.Issuer]
		do(&p)
		f.Parties[sample.Issuer] = p
	}
}

const (
	atRelation = `relationships["adult-to-adult"]`
	atPolicy   = `controllers["` + sample.Practice + `"]`
)

func structural() map[string]spoil {
	return map[string]spoil{
		"no id":                {"id", reason.JSONMemberMissing, func(f *trustframework.Framework) { f.ID = "" }},
		"unavailable":          {"unavailable", reason.JSONType, func(f *trustframework.Framework) { f.Unavailable = true }},
		"no max age":           {"maxAgeSeconds", reason.JSONType, func(f *trustframework.Framework) { f.MaxAgeSeconds = 0 }},
		"max age above hard":   {"maxAgeSeconds", reason.JSONType, func(f *trustframework.Framework) { f.MaxAgeSeconds = 3601 }},
		"no chain limit":       {"limits.maxChainLinks", reason.JSONType, func(f *trustframework.Framework) { f.Limits.MaxChainLinks = 0 }},
		"path limit too high":  {"limits.maxAccreditationPath", reason.JSONType, func(f *trustframework.Framework) { f.Limits.MaxAccreditationPath = 17 }},
		"no anchors":           {"anchors", reason.JSONMemberMissing, func(f *trustframework.Framework) { f.Anchors = nil }},
		"negative version":     {"version", reason.JSONType, func(f *trustframework.Framework) { f.Version = -1 }},
		"unknown status":       {"accreditations[0].status", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Status = "paused" })},
		"no status":            {"accreditations[0].status", reason.JSONMemberMissing, acc(func(a *trustframework.Accreditation) { a.Status = "" })},
		"no id of entry":       {"accreditations[0].id", reason.JSONMemberMissing, acc(func(a *trustframework.Accreditation) { a.ID = "" })},
		"no types":             {"accreditations[0].types", reason.JSONMemberMissing, acc(func(a *trustframework.Accreditation) { a.Types = nil })},
		"unknown type":         {"accreditations[0].types[0]", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Types = []string{"AgeCredential"} })},
		"star as a type":       {"accreditations[0].types[0]", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Types = []string{"*"} })},
		"no from":              {"accreditations[0].from", reason.JSONMemberMissing, acc(func(a *trustframework.Accreditation) { a.From = time.Time{} })},
		"no until":             {"accreditations[0].until", reason.JSONMemberMissing, acc(func(a *trustframework.Accreditation) { a.Until = time.Time{} })},
		"empty interval":       {"accreditations[0].until", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Until = a.From })},
		"retired without when": {"accreditations[0].retiredAt", reason.JSONMemberMissing, acc(func(a *trustframework.Accreditation) { a.Status = "retired" })},
		"retired before from": {"accreditations[0].retiredAt", reason.JSONType, acc(func(a *trustframework.Accreditation) {
			a.Status, a.RetiredAt = "retired", a.From.Add(-1)
		})},
		"active with retiredAt": {"accreditations[0].retiredAt", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.RetiredAt = a.Until })},
		"unknown risk":          {"accreditations[0].maxRisk", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.MaxRisk = "extreme" })},
		"unknown level":         {"accreditations[0].minAssurance", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.MinAssurance = "very-high" })},
		"issuer is no DID":      {"accreditations[0].issuer", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Issuer = "proxy-service" })},
		"issuer of odd method":  {"accreditations[0].issuer", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Issuer = "did:example:proxy" })},
		"accreditor is no DID":  {"accreditations[0].accreditedBy", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.AccreditedBy = "did:web" })},
		"path with dots":        {"accreditations[0].resources[0]", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Resources = []string{"a/../b"} })},
		"root path":             {"accreditations[0].resources[0]", reason.RegistryWildcard, acc(func(a *trustframework.Accreditation) { a.Resources = []string{"/"} })},
		"long path":             {"accreditations[0].resources[0]", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Resources = []string{strings.Repeat("a/", 8) + "a"} })},
	}
}

// entries spoils what stands beside and below the accreditations.
func entries() map[string]spoil {
	return map[string]spoil{
		"blank in a word":  {"accreditations[0].purposes[0]", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Purposes = []string{"care "} })},
		"hidden character": {"accreditations[0].purposes[0]", reason.JSONType, acc(func(a *trustframework.Accreditation) { a.Purposes = []string{"ca\u200bre"} })},
		"long list":        {"accreditations[0].purposes", reason.LimitMembers, acc(func(a *trustframework.Accreditation) { a.Purposes = make([]string, trustframework.MaxList+1) })},
		"long text":        {"accreditations[0].id", reason.LimitMembers, acc(func(a *trustframework.Accreditation) { a.ID = strings.Repeat("a", trustframework.MaxText+1) })},
		"no legal bases":   {atRelation + ".legalBases", reason.JSONMemberMissing, relation(func(r *trustframework.Relationship) { r.LegalBases = []string{} })},
		"unknown kind":     {atRelation + ".delegateKinds[0]", reason.JSONType, relation(func(r *trustframework.Relationship) { r.DelegateKinds = []string{"robot"} })},
		"negative depth":   {atRelation + ".maxRedelegation", reason.JSONType, relation(func(r *trustframework.Relationship) { r.MaxRedelegation = -1 })},
		"negative days":    {atRelation + ".maxValidityDays", reason.JSONType, relation(func(r *trustframework.Relationship) { r.MaxValidityDays = -1 })},
		"unknown ceiling":  {atRelation + ".maxRisk", reason.JSONType, relation(func(r *trustframework.Relationship) { r.MaxRisk = "none" })},
		"no proxyable":     {atPolicy + ".proxyable", reason.JSONMemberMissing, policy(func(p *trustframework.ControllerPolicy) { p.Proxyable = nil })},
		"class missing":    {atPolicy + ".byRisk.high", reason.JSONMemberMissing, policy(func(p *trustframework.ControllerPolicy) { delete(p.ByRisk, "high") })},
		"unknown class": {atPolicy + `.byRisk["worst"]`, reason.JSONType, policy(func(p *trustframework.ControllerPolicy) {
			p.ByRisk["worst"] = trustframework.RiskPolicy{StatusMaxAge: 1}
		})},
		"no status age": {atPolicy + `.byRisk["high"].statusMaxAge`, reason.JSONType, policy(func(p *trustframework.ControllerPolicy) { p.ByRisk["high"] = trustframework.RiskPolicy{} })},
		"status age over a day": {atPolicy + `.byRisk["high"].statusMaxAge`, reason.JSONType, policy(func(p *trustframework.ControllerPolicy) {
			p.ByRisk["high"] = trustframework.RiskPolicy{StatusMaxAge: trustframework.MaxStatusAge + 1}
		})},
		"unknown risk class": {atPolicy + `.risk["gp-record"]`, reason.JSONType, policy(func(p *trustframework.ControllerPolicy) { p.Risk["gp-record"] = "some" })},
		"agent risk":         {atPolicy + ".agent.maxRisk", reason.JSONType, policy(func(p *trustframework.ControllerPolicy) { p.Agent.MaxRisk = "any" })},
		"party without name": {"parties[0].name", reason.JSONMemberMissing, party(func(p *trustframework.Party) { p.Name = " " })},
		"host with path":     {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"a.example/x"} })},
		"host in capitals":   {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"A.example"} })},
		"host with dot":      {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"a.example."} })},
		"host with URL":      {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"https://a.example"} })},
		"port 443":           {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"a.example:443"} })},
		"port 0":             {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"a.example:0"} })},
		"port with zeros":    {"parties[0].didHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.DIDHosts = []string{"a.example:08443"} })},
		"plain http":         {"parties[0].statusHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.StatusHosts = []string{"http://a.example"} })},
		"origin with path":   {"parties[0].statusHosts[0]", reason.JSONType, party(func(p *trustframework.Party) { p.StatusHosts = []string{"https://a.example/status"} })},
		"no purposes":        {"verifiers[0].purposes", reason.JSONMemberMissing, func(f *trustframework.Framework) { f.Verifiers[0].Purposes = nil }},
	}
}

func TestProblems(t *testing.T) {
	if p := trustframework.Problems(sample.Framework()); len(p) != 0 {
		t.Fatalf("the sample is not valid: %v", p)
	}
	cases := structural()
	maps.Copy(cases, entries())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			c.do(f)
			wantOnly(t, f, c.path, c.code)
		})
	}
	if reason.Of(trustframework.Validate(nil)) != reason.JSONMemberMissing {
		t.Fatal("nil is valid")
	}
}

// wantOnly wants at least one problem, the first at path, all of the code, and Validate to agree.
func wantOnly(t *testing.T, f *trustframework.Framework, path string, code reason.Code) {
	t.Helper()
	got := trustframework.Problems(f)
	if len(got) == 0 {
		t.Fatal("no problem was found")
	}
	for _, p := range got {
		if p.Code != code {
			t.Errorf("%s is %s, want %s", p, p.Code, code)
		}
	}
	if got[0].Path != path {
		t.Errorf("the path is %s, want %s", got[0].Path, path)
	}
	if err := trustframework.Validate(f); reason.Of(err) != code {
		t.Errorf("Validate: %v", err)
	}
}

// A resource path may be "*" in lists; as a key of risk, a wildcard covers nothing (delegation.md
// §2.2), and prefixes cover nothing anywhere.
func TestWildcards(t *testing.T) {
	for name, c := range map[string]spoil{
		"star in risk":           {atPolicy + `.risk["*"]`, reason.RegistryWildcard, policy(func(p *trustframework.ControllerPolicy) { p.Risk["*"] = "high" })},
		"prefix resource":        {"accreditations[0].resources[0]", reason.RegistryWildcard, acc(func(a *trustframework.Accreditation) { a.Resources = []string{"gp-*"} })},
		"open path":              {"accreditations[0].resources[0]", reason.RegistryWildcard, acc(func(a *trustframework.Accreditation) { a.Resources = []string{"gp-record/"} })},
		"empty resource":         {"accreditations[0].resources[0]", reason.RegistryWildcard, acc(func(a *trustframework.Accreditation) { a.Resources = []string{""} })},
		"prefix controller":      {"accreditations[0].controllers[0]", reason.RegistryWildcard, acc(func(a *trustframework.Accreditation) { a.Controllers = []string{"https://d.example/*"} })},
		"star issuer":            {"accreditations[0].issuer", reason.RegistryWildcard, acc(func(a *trustframework.Accreditation) { a.Issuer = "did:web:*" })},
		"star legal basis":       {atRelation + ".legalBases[0]", reason.RegistryWildcard, relation(func(r *trustframework.Relationship) { r.LegalBases = []string{"*"} })},
		"star host":              {"parties[0].didHosts[0]", reason.RegistryWildcard, party(func(p *trustframework.Party) { p.DIDHosts = []string{"*.example.org"} })},
		"host suffix":            {"parties[0].didHosts[0]", reason.RegistryWildcard, party(func(p *trustframework.Party) { p.DIDHosts = []string{".example.org"} })},
		"star origin":            {"parties[0].statusHosts[0]", reason.RegistryWildcard, party(func(p *trustframework.Party) { p.StatusHosts = []string{"https://*"} })},
		"star purpose, verifier": {"verifiers[0].purposes[0]", reason.RegistryWildcard, func(f *trustframework.Framework) { f.Verifiers[0].Purposes = []string{"*"} }},
		"star anchor":            {"anchors[0]", reason.RegistryWildcard, func(f *trustframework.Framework) { f.Anchors = []string{"*"} }},
	} {
		t.Run(name, func(t *testing.T) {
			f := sample.Framework()
			c.do(f)
			wantOnly(t, f, c.path, c.code)
		})
	}
	f := sample.Framework()
	a := &f.Accreditations[0]
	for _, list := range []*[]string{&a.Relationships, &a.LegalBases, &a.Jurisdictions, &a.Controllers, &a.Purposes, &a.Resources, &a.Actions} {
		*list = []string{"*"}
	}
	f.Verifiers[0].Resources = []string{"*"}
	if err := trustframework.Validate(f); err != nil {
		t.Fatalf("a wildcard where it is allowed: %v", err)
	}
}

// Edge E2 of delegation.md §18, at all three places, and the exact forms that pass.
func TestBlockingWords(t *testing.T) {
	places := map[string]func(word string) func(f *trustframework.Framework){
		atRelation + ".mandatoryRequires[0]": func(word string) func(f *trustframework.Framework) {
			return relation(func(r *trustframework.Relationship) { r.MandatoryRequires = []string{word} })
		},
		atPolicy + `.byRisk["routine"].requires[0]`: func(word string) func(f *trustframework.Framework) {
			return policy(func(p *trustframework.ControllerPolicy) {
				p.ByRisk["routine"] = trustframework.RiskPolicy{StatusMaxAge: 1, Requires: []string{word}}
			})
		},
		atPolicy + ".agent.requires[0]": func(word string) func(f *trustframework.Framework) {
			return policy(func(p *trustframework.ControllerPolicy) { p.Agent.Requires = []string{word} })
		},
	}
	for path, put := range places {
		for _, word := range []string{"confirm-x", "human-approval:2", "step-up", "step-up:very-high", "step-up:", "confirmation", "step-upx"} {
			f := sample.Framework()
			put(word)(f)
			if got := trustframework.Problems(f); len(got) != 1 || got[0].Path != path || got[0].Code != reason.JSONType {
				t.Errorf("%s at %s: %v", word, path, got)
			}
		}
		for _, word := range []string{"confirm", "human-approval", "step-up:low", "step-up:substantial", "step-up:high", "warn:x", "notify:principal", "custom"} {
			f := sample.Framework()
			put(word)(f)
			if err := trustframework.Validate(f); err != nil {
				t.Errorf("%s at %s: %v", word, path, err)
			}
		}
	}
}

// Every entry is looked at: one bad entry among N, at every place, is found there.
func TestEveryEntryIsLookedAt(t *testing.T) {
	for n := 1; n <= 8; n++ {
		for bad := range n {
			f := sample.Framework()
			one := f.Accreditations[0]
			f.Accreditations = nil
			for i := range n {
				one.ID = fmt.Sprintf("acc-%c", 'a'+i)
				f.Accreditations = append(f.Accreditations, one)
			}
			f.Accreditations[bad].Status = "unheard"
			wantOnly(t, f, fmt.Sprintf("accreditations[%d].status", bad), reason.JSONType)
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	f := sample.Framework()
	f.Accreditations = make([]trustframework.Accreditation, trustframework.MaxEntries+1)
	if got := trustframework.Problems(f); len(got) != trustframework.MaxProblems {
		t.Fatalf("%d problems", len(got))
	}
	if got := trustframework.Problems(f)[0]; got.Code != reason.LimitMembers || got.Path != "accreditations" {
		t.Fatalf("first: %v", got)
	}
}

// The detail goes to logs: it names places, never what stands there.
func TestDetailsHoldNoIdentifiers(t *testing.T) {
	f := sample.Framework()
	f.Parties["did:key:z6MkSomebody"] = trustframework.Party{Name: "Ms Example 9000000009"}
	f.Accreditations[0].Issuer = "did:jwk:somebody"
	err := trustframework.Validate(f)
	if err == nil || strings.Contains(err.Error(), "did:key:z") || strings.Contains(err.Error(), "somebody") || strings.Contains(err.Error(), "Example 9") {
		t.Fatal(err)
	}
}

// One machine with a server on each port is a framework too: the sandbox's.
func TestLoopbackParties(t *testing.T) {
	f := sample.Framework()
	for port := 8441; port < 8445; port++ {
		f.Parties[fmt.Sprintf("did:web:127.0.0.1%%3A%d", port)] = trustframework.Party{
			Name: "Server", DIDHosts: []string{fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("localhost:%d", port)},
			StatusHosts: []string{fmt.Sprintf("https://127.0.0.1:%d", port)},
		}
	}
	if err := trustframework.Validate(f); err != nil {
		t.Fatal(err)
	}
	if !f.DIDHostAllowed("127.0.0.1:8442") || f.DIDHostAllowed("127.0.0.1") || f.DIDHostAllowed("127.0.0.1:8445") {
		t.Fatal("ports are not told apart")
	}
}
