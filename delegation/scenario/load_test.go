// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// small is a whole file in which the only scenario, s1, is permitted. MORE is
// what a test adds to that scenario.
const small = `{"format":"delegation-scenarios/1",
"defaults":{
 "now":"2026-11-22T10:00:00Z",
 "trustFramework":{"id":"tf","version":1,"asOf":"2026-11-22T09:55:00Z","maxAgeSeconds":3600,"anchors":["anchor"],
  "limits":{"maxChainLinks":3,"maxAccreditationPath":4},
  "relationships":{"adult":{"legalBases":["consent"],"maxRedelegation":1}},
  "accreditations":[{"id":"a","issuer":"proxy","accreditedBy":"anchor","status":"active","from":"2025-01-01T00:00:00Z",
   "until":"2030-01-01T00:00:00Z","types":["DelegationCredential","WorkgroupMembershipCredential"]}]},
 "controllerPolicy":{"gp":{"proxyable":["*"],"byRisk":{"routine":{"statusMaxAge":3600}}}},
 "status":{"default":{"state":"valid","ageSeconds":60}},
 "restrictions":[],
 "present":{"presenter":"bob","chain":["root"],"supporting":[],"faults":[]},
 "request":{"principal":"alice","resource":"appointments","action":"book","purpose":"family","controller":"gp","categories":[]}},
"credentials":{"root":{"type":"DelegationCredential","issuer":"proxy","grantedBy":"alice","onBehalfOf":"alice",
  "delegate":{"id":"bob","kind":"person"},"relationship":"adult","legalBasis":"consent","jurisdiction":[],
  "validFrom":"2026-06-01T00:00:00Z","validUntil":"2027-06-01T00:00:00Z","purposes":["family"],"controllers":["gp"],
  "redelegation":{"maxDepth":1},"prohibitions":[],
  "permissions":[{"id":"p1","resource":"appointments","actions":["book"],"risk":"routine","constraint":{}}]},
 "child":{"type":"DelegationCredential","issuer":"bob","grantedBy":"bob","onBehalfOf":"alice",
  "delegate":{"id":"carol","kind":"person"},"relationship":"adult","legalBasis":"consent","jurisdiction":[],
  "validFrom":"2026-06-01T00:00:00Z","validUntil":"2027-06-01T00:00:00Z","purposes":["family"],"controllers":["gp"],
  "redelegation":{"maxDepth":0},"prohibitions":[],"parent":"root",
  "permissions":[{"id":"c1","resource":"appointments","actions":["book"],"risk":"routine","constraint":{}}]},
 "member":{"type":"WorkgroupMembershipCredential","issuer":"proxy","subject":"eve","workgroup":"ward",
  "validFrom":"2026-01-01T00:00:00Z","validUntil":"2027-01-01T00:00:00Z"}},
"scenarios":[{"id":"s1","area":"single","title":"t"MORE,"expect":{"outcome":"permit","reason":"ok","obligations":[]}}],
"reasonCodes":["ok","request.malformed"]}`

// with is small with further members of its scenario.
func with(more string) []byte { return []byte(strings.Replace(small, "MORE", more, 1)) }

func decide(t *testing.T, more string) delegation.Decision {
	t.Helper()
	f, err := Load(with(more))
	if err != nil {
		t.Fatalf("%s: %v", more, err)
	}
	return f.Cases()[0].Decide()
}

func TestLoadRefuses(t *testing.T) {
	edit := func(old, new string) []byte { return []byte(strings.Replace(string(with("")), old, new, 1)) }
	for name, raw := range map[string][]byte{
		"delegation-scenarios/2": edit("delegation-scenarios/1", "delegation-scenarios/2"),
		"unknown member":         edit(`"format"`, `"odd":1,"format"`),
		"odder":                  edit(`"title":"t"`, `"title":"t","odder":1`),
		"area \"odd\"":           edit(`"area":"single"`, `"area":"odd"`),
		"outcome \"allow\"":      edit(`"outcome":"permit"`, `"outcome":"allow"`),
		"reason \"no.such\"":     edit(`"reason":"ok"`, `"reason":"no.such"`),
		"reason \"cli.args\"":    edit(`"reason":"ok"`, `"reason":"cli.args"`),
		"\"status.stale\"":       edit(`"reason":"ok"`, `"reason":"status.stale"`),
		"\"audit.fork\"":         edit(`"request.malformed"]`, `"audit.fork"]`),
		"given twice":            edit(`"scenarios":[`, `"scenarios":[{"id":"s1","area":"single","expect":{"outcome":"permit","reason":"ok"}},`),
		"id missing":             edit(`"id":"s1"`, `"id":""`),
		"fault \"noise\"":        with(`,"present":{"faults":["noise"]}`),
		"signature:nobody":       with(`,"present":{"faults":["signature:nobody"]}`),
		"digest:":                with(`,"present":{"faults":["digest:"]}`),
		"supporting":             with(`,"present":{"supporting":["nobody"]}`),
		"chains":                 with(`,"present":{"chains":["root"]}`),
		"purposse":               with(`,"request":{"purposse":"family"}`),
		"no credential: \"x\"":   with(`,"given":{"credentials":{"root":{"$base":"x"}}}`),
		"purposess":              with(`,"given":{"credentials":{"root":{"purposess":[]}}}`),
		"worlds":                 with(`,"given":{"worlds":{}}`),
		"maxRiks":                with(`,"given":{"world":{"trustFramework":{"maxRiks":1}}}`),
		"object is due":          with(`,"given":{"credentials":{"root":5}}`),
		"names of a list":        with(`,"given":{"credentials":[]}`),
		"scenario s1":            with(`,"given":{"world":{"now":"yesterday"}}`),
		"present of a list":      with(`,"present":[]`),
		"request of a list":      with(`,"request":[]`),
		"twice":                  with(`,"title":"t"`),
		"syntax":                 []byte(`{`),
	} {
		f, err := Load(raw)
		if err == nil || f != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if !strings.Contains(name, " of a ") && !strings.Contains(name, "syntax") && !strings.Contains(name, "unknown member") &&
			name != "twice" && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error does not name it: %v", name, err)
		}
	}
	if _, err := Load(make([]byte, MaxFile+1)); reason.Of(err) != reason.LimitBody {
		t.Errorf("too large: %v", err)
	}
}

// Members for with that change the root, the root's only permission, its constraint, the world.
func cred(patch string) string { return `,"given":{"credentials":{"root":` + patch + `}}` }
func perm(p string) string     { return cred(`{"permissions":[` + p + `]}`) }
func inWorld(w string) string  { return `,"given":{"world":` + w + `}` }
func limit(c string) string {
	return perm(`{"id":"p1","resource":"appointments","actions":["book"],"risk":"routine","constraint":` + c + `}`)
}

// TestMapping changes one thing of the permitted scenario at a time. A case without a code must
// not load.
func TestMapping(t *testing.T) {
	for _, list := range []map[string]reason.Code{
		presentCases(), credentialCases(), permissionCases(), worldCases(), requestCases(),
	} {
		for more, want := range list {
			f, err := Load(with(more))
			if want == "" && err == nil || want != "" && err != nil {
				t.Errorf("%s: %v", more, err)
				continue
			}
			if want == "" {
				continue
			}
			if d := f.Cases()[0].Decide(); d.Reason != want {
				t.Errorf("%s: %v %s, want %s", more, d.Outcome, d.Reason, want)
			}
		}
	}
}

func presentCases() map[string]reason.Code {
	return map[string]reason.Code{
		"":                                                          reason.OK,
		`,"about":0`:                                                "",
		`,"present":{"presenter":null}`:                             reason.PresentationHolderBindingFailed,
		`,"present":{"chain":null}`:                                 reason.PresentationNoDelegation,
		`,"present":{"chain":["root","nobody"]}`:                    reason.ChainParentMissing,
		`,"present":{"disclosed":{"root":[]}}`:                      reason.AuthorityResourceNotGranted,
		`,"present":{"faults":["nonce"]}`:                           reason.PresentationNonceMismatch,
		`,"present":{"faults":["audience"]}`:                        reason.PresentationAudienceMismatch,
		`,"present":{"faults":["replay"]}`:                          reason.PresentationReplayed,
		`,"present":{"faults":["stale"]}`:                           reason.PresentationStale,
		`,"present":{"faults":["holder-signature"]}`:                reason.PresentationHolderBindingFailed,
		`,"present":{"faults":["signature:root"]}`:                  reason.CredentialSignatureInvalid,
		`,"present":{"faults":["signature:child","digest:child"]}`:  reason.OK,
		`,"present":{"chain":["root","child"],"presenter":"carol"}`: reason.OK,
		`,"present":{"chain":["root","child"],"presenter":"carol","faults":["digest:child"]}`:                                                                                 reason.ChainDigestMismatch,
		`,"present":{"chain":["root","root"]}`:                                                                                                                                reason.ChainParentMissing,
		`,"given":{"credentials":{"root":{"delegate":{"id":"ward","kind":"workgroup"}}}},"present":{"presenter":"eve","supporting":["member"]}`:                               reason.OK,
		`,"given":{"credentials":{"root":{"delegate":{"id":"ward","kind":"workgroup"}}}},"present":{"presenter":"eve","supporting":["member"],"faults":["signature:member"]}`: reason.PresentationNotAMember,
	}
}

func credentialCases() map[string]reason.Code {
	const invalid = reason.CredentialSchemaInvalid
	return map[string]reason.Code{
		cred(`{"purposes":null}`):                                invalid,
		cred(`{"purposes":"family"}`):                            invalid,
		cred(`{"purposes":[1]}`):                                 invalid,
		cred(`{"issuer":5}`):                                     invalid,
		cred(`{"type":null}`):                                    reason.CredentialTypeUnknown,
		cred(`{"type":7}`):                                       reason.CredentialTypeUnknown,
		cred(`{"delegate":null}`):                                invalid,
		cred(`{"delegate":[]}`):                                  invalid,
		cred(`{"redelegation":null}`):                            invalid,
		cred(`{"redelegation":[]}`):                              invalid,
		cred(`{"validFrom":"2026"}`):                             invalid,
		cred(`{"validUntil":1}`):                                 invalid,
		cred(`{"reviewBy":"soon"}`):                              invalid,
		cred(`{"transitionAt":1}`):                               invalid,
		cred(`{"prohibitions":{}}`):                              invalid,
		cred(`{"prohibitions":[1]}`):                             invalid,
		cred(`{"permissions":null}`):                             invalid,
		cred(`{"permissions":[1]}`):                              invalid,
		cred(`{"parent":"x"}`):                                   reason.ChainParentMissing,
		cred(`{"parent":5}`):                                     reason.ChainParentMissing,
		cred(`null`):                                             reason.PresentationNoDelegation,
		cred(`{"$base":"child"}`):                                reason.ChainParentMissing,
		cred(`{"assurance":"high"}`):                             reason.OK,
		cred(`{"assurance":{"principal":null}}`):                 reason.OK,
		cred(`{"redelegation":{"maxDepth":null}}`):               invalid,
		cred(`{"redelegation":{"maxDepth":-1}}`):                 invalid,
		cred(`{"redelegation":{"maxDepth":0.5}}`):                invalid,
		cred(`{"redelegation":{"maxDepth":"1"}}`):                invalid,
		cred(`{"redelegation":{"kinds":"person"}}`):              invalid,
		cred(`{"redelegation":{"kinds":[]}}`):                    reason.OK,
		cred(`{"validFrom":"2026-06-01t00:00:00z"}`):             invalid,
		cred(`{"validFrom":"2026-06-01T00:00:00"}`):              invalid,
		cred(`{"validFrom":"2026-06-01T01:00:00+01:00"}`):        reason.OK,
		cred(`{"prohibitions":[{"resource":"x"}]}`):              invalid,
		cred(`{"prohibitions":[{"resource":"x","actions":[]}]}`): reason.OK,
	}
}

func permissionCases() map[string]reason.Code {
	const invalid = reason.CredentialSchemaInvalid
	return map[string]reason.Code{
		perm(`{"id":"p1","resource":"a","actions":["b"],"risk":"routine"}`):                   invalid,
		perm(`{"id":"p1","resource":"a","actions":["b"],"risk":"routine","constraint":[]}`):   invalid,
		perm(`{"id":"p1","resource":"a","actions":["b"],"risk":"routine","constraint":null}`): invalid,
		perm(`{"id":"p1","resource":"a","actions":"b","risk":"routine","constraint":{}}`):     invalid,
		perm(`{"id":1,"resource":"a","actions":["b"],"risk":"routine","constraint":{}}`):      invalid,
		perm(`{"id":"p1","resource":"a","actions":["b"],"risk":null,"constraint":{}}`):        invalid,
		limit(`{"odd":null}`):                               reason.CredentialUnknownConstraint,
		limit(`{"maxUses":null,"dateFrom":null}`):           reason.OK,
		limit(`{"requires":null,"includeCategories":null}`): reason.OK,
		limit(`{"maxUses":0}`):                              reason.CredentialUnknownConstraint,
		limit(`{"maxUses":"3"}`):                            reason.CredentialUnknownConstraint,
		limit(`{"maxUses":1.5}`):                            reason.CredentialUnknownConstraint,
		limit(`{"maxUses":1}`):                              reason.OK,
		limit(`{"dateFrom":""}`):                            reason.CredentialUnknownConstraint,
		limit(`{"dateTo":20240101}`):                        reason.CredentialUnknownConstraint,
		limit(`{"minAssurance":""}`):                        reason.CredentialUnknownConstraint,
		limit(`{"excludeCategories":"x"}`):                  reason.CredentialUnknownConstraint,
		limit(`{"includeCategories":[]}`):                   reason.CredentialUnknownConstraint,
		limit(`{"requires":[1]}`):                           reason.CredentialUnknownConstraint,
		limit(`{"requires":{}}`):                            reason.CredentialUnknownConstraint,
	}
}

func worldCases() map[string]reason.Code {
	return map[string]reason.Code{
		inWorld(`{"status":{"root":{"ageSeconds":1}}}`):                               reason.StatusUnavailable,
		inWorld(`{"status":{"default":null}}`):                                        reason.StatusUnavailable,
		inWorld(`{"status":{"default":{"ageSeconds":3601}}}`):                         reason.StatusStale,
		inWorld(`{"status":{"child":{"state":"revoked"}}}`):                           reason.OK,
		inWorld(`{"restrictions":[{"principal":"alice","kind":"deceased"}]}`):         reason.ControllerRestriction,
		inWorld(`{"now":"2027-06-01T00:00:00Z"}`):                                     reason.CredentialExpired,
		inWorld(`{"now":null}`):                                                       reason.CredentialNotYetValid,
		inWorld(`{"trustFramework":null}`):                                            reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"unavailable":true}}`):                            reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"unavailable":true},"controllerPolicy":null}`):    reason.ControllerUnknown,
		inWorld(`{"trustFramework":{"relationships":{"adult":{"maxRisk":"grave"}}}}`): reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"accreditations":[{"id":"a","issuer":"p","accreditedBy":"anchor","status":"odd","types":[]}]}}`):                         reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"accreditations":[{"id":"a","issuer":"p","accreditedBy":"anchor","status":"active","types":["Odd"]}]}}`):                 reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"accreditations":[{"id":"a","issuer":"p","accreditedBy":"anchor","status":"active","types":[],"maxRisk":"odd"}]}}`):      reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"accreditations":[{"id":"a","issuer":"p","accreditedBy":"anchor","status":"active","types":[],"minAssurance":"odd"}]}}`): reason.TrustRegistryUnavailable,
		inWorld(`{"trustFramework":{"accreditations":[]}}`): reason.TrustIssuerUnknown,
		inWorld(`{"controllerPolicy":{"gp":null}}`):         reason.ControllerUnknown,
	}
}

func requestCases() map[string]reason.Code {
	return map[string]reason.Code{
		`,"request":{"resource":5}`:                                                    reason.RequestMalformed,
		`,"request":{"purpose":5}`:                                                     reason.RequestMalformed,
		`,"request":{"purpose":null}`:                                                  reason.RequestPurposeMissing,
		`,"request":{"controller":""}`:                                                 reason.RequestControllerMissing,
		`,"request":{"jurisdiction":""}`:                                               reason.OK,
		`,"request":{"jurisdiction":"GB-ENG"}`:                                         reason.TrustJurisdiction,
		`,"request":{"assurance":""}`:                                                  reason.RequestMalformed,
		`,"request":{"assurance":"top"}`:                                               reason.RequestMalformed,
		`,"request":{"categories":"x"}`:                                                reason.RequestMalformed,
		`,"request":{"satisfied":[1]}`:                                                 reason.RequestMalformed,
		`,"request":{"usesSoFar":-1}`:                                                  reason.RequestMalformed,
		`,"request":{"usesSoFar":"1"}`:                                                 reason.RequestMalformed,
		`,"request":{"usesSoFar":null}`:                                                reason.OK,
		`,"request":{"recordWindow":{}}`:                                               reason.OK,
		`,"request":{"recordWindow":[]}`:                                               reason.RequestMalformed,
		`,"request":{"recordWindow":{"from":"2024-01-01"}}`:                            reason.RequestMalformed,
		`,"request":{"recordWindow":{"from":1,"to":2}}`:                                reason.RequestMalformed,
		`,"request":{"recordWindow":{"from":"2024-01-01","to":"2024-01-02","at":"x"}}`: reason.RequestMalformed,
		`,"request":{"recordWindow":{"from":"2024-01-01","to":"2024-01-02"}}`:          reason.OK,
		`,"requestOmit":["action"]`:                                                    reason.RequestMalformed,
	}
}

// TestHiddenFaultDoesNotCount holds S2.9 before S3.4.
func TestHiddenFaultDoesNotCount(t *testing.T) {
	const more = `,"given":{"credentials":{"root":{"permissions":[
		{"id":"p1","resource":"appointments","actions":["book"],"risk":"routine","constraint":{}},
		{"id":"p2","resource":"appointments","actions":["book"],"risk":"routine"}]}}}`
	if d := decide(t, more); d.Reason != reason.CredentialSchemaInvalid {
		t.Errorf("shown: %s", d.Reason)
	}
	if d := decide(t, more+`,"present":{"disclosed":{"root":["p1"]}}`); d.Reason != reason.OK {
		t.Errorf("hidden: %s", d.Reason)
	}
}

func TestPatchesFollowTheFile(t *testing.T) {
	const more = `,"given":{"credentials":{
		"z":{"$base":"root","delegate":{"id":"zed"}},
		"y":{"$base":"z","legalBasis":"other"},
		"z":{"legalBasis":"odd"}}}`
	if _, err := Load(with(more)); err == nil {
		t.Error("a credential changed twice was accepted")
	}
	const chain = `,"given":{"credentials":{
		"z":{"$base":"root","delegate":{"id":"zed"}},
		"root":{"delegate":{"id":"nobody"}},
		"a":{"$base":"z","purposes":["family","care"]},
		"b":{"$base":"root"}}},"present":{"chain":["a","b"],"presenter":"x"}`
	f, err := Load(with(chain))
	if err != nil {
		t.Fatal(err)
	}
	p := f.Cases()[0].Presentation
	got := []string{p.Chain[0].Credential.Delegate.ID, p.Chain[1].Credential.Delegate.ID, strings.Join(p.Chain[0].Credential.Purposes, "+")}
	if diff := cmp.Diff([]string{"zed", "nobody", "family+care"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheck(t *testing.T) {
	f, err := Load(with(""))
	if err != nil {
		t.Fatal(err)
	}
	c := f.Cases()[0]
	good := c.Decide()
	if err := c.Check(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(d *delegation.Decision){
		"outcome":     func(d *delegation.Decision) { d.Outcome = delegation.Deny },
		"reason":      func(d *delegation.Decision) { d.Reason = reason.StatusStale },
		"obligations": func(d *delegation.Decision) { d.Obligations = []string{"x"} },
		"narrowTo":    func(d *delegation.Decision) { d.NarrowTo = []string{"x"} },
	} {
		d := good
		change(&d)
		if err := c.Check(d); err == nil || !strings.Contains(err.Error(), "scenario s1: want {") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !slices.Equal(f.ReasonCodes(), []reason.Code{"ok", "request.malformed"}) {
		t.Errorf("%v", f.ReasonCodes())
	}
	if want := (Expectation{Outcome: delegation.Permit, Reason: reason.OK}); c.Expect.Outcome != want.Outcome || c.Expect.Reason != want.Reason {
		t.Errorf("%+v", c.Expect)
	}
	if got := c.Result(delegation.Decision{NarrowTo: []string{"a"}}).String(); got != `{"id":"s1","outcome":"deny","reason":"","obligations":[],"narrowTo":["a"]}` {
		t.Error(got)
	}
	e := expectation{Outcome: "permit", Obligations: []string{"b", "a", "b"}}.sorted()
	if !slices.Equal(e.Obligations, []string{"a", "b"}) {
		t.Errorf("obligations are not a set: %v", e.Obligations)
	}
}

// TestMergePatch runs the examples of RFC 7396, Appendix A, that begin with an object or absence.
func TestMergePatch(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{``, `{"a":1,"b":null}`, `{"a":1}`},
		{`{"a":1}`, ``, `{"a":1}`},
	} {
		got, err := merge(strictjson.Value(c[0]), strictjson.Value(c[1]))
		if err != nil || string(got) != c[2] {
			t.Errorf("%s with %s: %s %v, want %s", c[0], c[1], got, err, c[2])
		}
	}
}

func TestInstant(t *testing.T) {
	if got := instant(strictjson.Value(`"2026-06-01T01:00:00.5+01:00"`)); !got.Equal(time.Date(2026, 6, 1, 0, 0, 0, 5e8, time.UTC)) {
		t.Error(got)
	}
}

// FuzzLoad looks for panics, and for a case that is decided in two ways.
func FuzzLoad(f *testing.F) {
	f.Add(with(""))
	f.Add(with(`,"given":{"credentials":{"x":{"$base":"root"},"root":null}}`))
	f.Add(with(`,"present":{"chain":["root","child"],"faults":["digest:child"]}`))
	f.Add(with(`,"request":{"recordWindow":{"from":"2024-01-01","to":"2024-01-02"},"usesSoFar":3}`))
	f.Add(with(`,"given":{"world":{"status":{"root":{}},"restrictions":[{"principal":"alice","kind":"x"}]}}`))
	f.Add([]byte(`{"format":"delegation-scenarios/1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Load(raw)
		if err != nil {
			if file != nil {
				t.Error("a file beside an error")
			}
			return
		}
		for _, c := range file.Cases() {
			d := c.Decide()
			if diff := cmp.Diff(d, c.Decide()); diff != "" {
				t.Error(diff)
			}
			if !decides(d.Reason) {
				t.Errorf("reason %q", d.Reason)
			}
		}
	})
}
