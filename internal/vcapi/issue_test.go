// SPDX-License-Identifier: Apache-2.0

package vcapi_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/vcapi"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// TestIssuers is requirement 176: the names, their keys, and that they stay.
func TestIssuers(t *testing.T) {
	s := start(t)
	prefixes := map[string]string{
		"eddsa-rdfc-2022": "z6Mk", "eddsa-jcs-2022": "z6Mk", "ecdsa-rdfc-2019-P-256": "zDna", "ecdsa-rdfc-2019-P-384": "z82L",
		"ecdsa-jcs-2019-P-256": "zDna", "ecdsa-jcs-2019-P-384": "z82L", "ecdsa-sd-2023-P-256": "zDna", "bbs-2023": "zUC7",
	}
	seen := map[string]bool{}
	for name, prefix := range prefixes {
		id := s.dids[name]
		if !strings.HasPrefix(id, "did:key:"+prefix) || seen[id] {
			t.Errorf("%s: %q", name, id)
		}
		seen[id] = true
		method, _ := s.issue(name, s.degree(name), nil)["proof"].(doc)["verificationMethod"].(string)
		if method != id+"#"+strings.TrimPrefix(id, "did:key:") {
			t.Errorf("%s: verification method %q", name, method)
		}
	}
	if len(s.dids) != len(prefixes) {
		t.Errorf("%d issuers", len(s.dids))
	}
	listed, err := vcapi.DIDs(t.Context(), s.dir, rand.Reader)
	if err != nil || cmp.Diff(s.dids, listed) != "" {
		t.Errorf("%v %v", err, listed)
	}
	info, err := os.Stat(filepath.Join(s.dir, "keys.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

func TestKeysStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vcapi")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	before, err := vcapi.DIDs(t.Context(), dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := open(t, dir, "https://a.example")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, dir, "https://a.example")
	if diff := cmp.Diff(before, second.DIDs()); diff != "" || cmp.Diff(first.DIDs(), second.DIDs()) != "" {
		t.Error(diff)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys.json"), []byte(`{"eddsa-rdfc-2022":{"kty":"EC"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vcapi.DIDs(t.Context(), dir, rand.Reader); err == nil {
		t.Error("a broken key was taken or replaced")
	}
}

// TestIssue is requirements 178 and 183: every issuer signs both versions, changes nothing and the
// result verifies.
func TestIssue(t *testing.T) {
	s := start(t)
	for _, name := range s.names() {
		for version, given := range map[string]doc{"2.0": s.degree(name), "1.1": s.degreeV1(name)} {
			t.Run(name+" "+version, func(t *testing.T) {
				s := s.on(t)
				got := s.issue(name, given, nil)
				s.verifies("issued", s.shown(name, got))
				unchanged(t, name, version, given, got)
			})
		}
	}
}

// on returns s for a subtest.
func (s *server) on(t testing.TB) *server {
	c := *s
	c.t = t
	return &c
}

// unchanged wants got to be given with a proof, a status where requirement 182 says so, and the
// context of proofs where those of version 1.1 lack it.
func unchanged(t *testing.T, name, version string, given, got doc) {
	t.Helper()
	rest := clone(t, got)
	delete(rest, "proof")
	if name == "eddsa-rdfc-2022" && version == "2.0" {
		delete(rest, "credentialStatus")
	}
	want := clone(t, given)
	if version == "1.1" && !strings.Contains(name, "jcs") {
		want["@context"] = append(want["@context"].([]any), "https://w3id.org/security/data-integrity/v2")
	}
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Error(diff)
	}
}

// TestIssuerMember is requirement 177.
func TestIssuerMember(t *testing.T) {
	s := start(t)
	const name = "ecdsa-jcs-2019-P-256"
	own := s.dids[name]
	for what, c := range map[string]struct{ given, want any }{
		"its own":           {own, own},
		"another's did:key": {s.dids["eddsa-jcs-2022"], own},
		"an https URL":      {"https://issuer.example/", own},
		"an object": {
			doc{"id": s.dids["eddsa-jcs-2022"], "name": "University", "description": "Old"},
			doc{"id": own, "name": "University", "description": "Old"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			s, d := s.on(t), s.degree(name)
			d["issuer"] = c.given
			for _, options := range []doc{nil, {}} {
				vc := s.issue(name, d, options)
				if diff := cmp.Diff(c.want, vc["issuer"]); diff != "" {
					t.Error(diff)
				}
				s.verifies("issued", vc)
			}
		})
	}
}

// TestIssueRefused is requirement 178: one member missing or mistyped at a time, for each issuer.
func TestIssueRefused(t *testing.T) {
	s := start(t)
	values := map[string][]any{
		"@context":          {nil, 4, true, "https://www.w3.org/ns/credentials/examples/v2", doc{}, []any{}, []any{4}, []any{nil}},
		"type":              {nil, 4, true, doc{}, []any{}, []any{4}, []any{nil}, []any{"Nobody"}},
		"issuer":            {nil, 4, true, []any{}, doc{}, "nobody", doc{"id": nil}},
		"credentialSubject": {nil, 4, true, []any{}, doc{}, "did:example:subject", []any{doc{}}},
	}
	for _, name := range s.names() {
		for version, d := range map[string]doc{"2.0": s.degree(name), "1.1": s.degreeV1(name)} {
			t.Run(name+" "+version, func(t *testing.T) {
				s := s.on(t)
				cases := values
				if version == "1.1" {
					cases = map[string][]any{"issuanceDate": {nil, 4, "yesterday"}}
				}
				for member, wrong := range cases {
					without := clone(t, d)
					delete(without, member)
					s.refused("without "+member, s.post(s.issuePath(name), doc{"credential": without}), "")
					for _, v := range wrong {
						changed := clone(t, d)
						changed[member] = v
						s.refused(member, s.post(s.issuePath(name), doc{"credential": changed}), "")
					}
				}
			})
		}
	}
}

// TestIssueUndefined is requirements 4 and 51: what JSON-LD would drop is not signed as JSON-LD.
func TestIssueUndefined(t *testing.T) {
	s := start(t)
	for _, name := range s.names() {
		if strings.Contains(name, "jcs") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s, d := s.on(t), s.degree(name)
			d["@context"] = []any{"https://www.w3.org/ns/credentials/v2"}
			d["type"] = "VerifiableCredential"
			d["credentialSubject"] = doc{"id": "did:example:subject", "shoeSize": 44}
			s.refused("undefined", s.post(s.issuePath(name), doc{"credential": d}), reason.JSONLDUndefinedTerm)
			d["@context"] = []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"}
			s.verifies("with the context of undefined terms", s.shown(name, s.issue(name, d, nil)))
		})
	}
}

// TestIssueAgain is the end of requirement 178: a proof that is there is never taken off.
func TestIssueAgain(t *testing.T) {
	s := start(t)
	const name = "eddsa-jcs-2022"
	once := s.issue(name, s.degree(name), nil)
	twice := s.issue(name, once, nil)
	if proofs, ok := twice["proof"].([]any); !ok || len(proofs) != 2 {
		t.Errorf("%v", twice["proof"])
	}
	s.verifies("a set of proofs", twice)
	a := s.post(s.issuePath("ecdsa-jcs-2019-P-256"), doc{"credential": once})
	s.refused("another issuer", a, reason.KeyControllerMismatch)
	for _, proof := range []any{nil, 4, "proof", []any{}} {
		bad := clone(t, once)
		bad["proof"] = proof
		s.refused("a proof that is none", s.post(s.issuePath(name), doc{"credential": bad}), "")
	}
}

// TestMandatory shows that mandatory parts are in what is derived, and no others but those chosen.
func TestMandatory(t *testing.T) {
	s := start(t)
	for _, name := range s.names() {
		if !selective(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := s.on(t)
			base := s.issue(name, s.degree(name), doc{"mandatoryPointers": []string{"/issuer", "/validFrom"}})
			derive := func(pointers any) answer {
				return s.post("/credentials/derive", doc{"verifiableCredential": base, "options": doc{"selectivePointers": pointers}})
			}
			a := derive([]string{"/credentialSubject/degree/name"})
			if a.status != http.StatusCreated {
				t.Fatalf("%d %s", a.status, a.body)
			}
			d := parse(t, string(a.body))
			if d["verifiableCredential"] != nil || d["issuer"] == nil || d["validFrom"] == nil || a.member(t, "credentialSubject", "id") == nil ||
				a.member(t, "credentialSubject", "degree", "name") != "Bachelor of Science" {
				t.Errorf("%s", a.body)
			}
			s.verifies("derived", d)
			s.refused("the base proof", s.verify(base, nil), reason.DIBaseProof)
			s.refused("a pointer to nothing", derive([]string{"/nothing"}), reason.QueryUnsatisfied)
			s.refused("a pointer that is none", derive([]any{4}), "")
			s.refused("pointers that are no array", derive("/issuer"), reason.JSONType)
			s.refused("derived again", s.post("/credentials/derive", doc{"verifiableCredential": d, "options": doc{"selectivePointers": []string{"/issuer"}}}), "")
			s.refused("a mandatory pointer to nothing", s.post(s.issuePath(name), doc{
				"credential": s.degree(name), "options": doc{"mandatoryPointers": []string{"/nothing"}},
			}), "")
			bare := s.issue(name, s.degree(name), nil)
			s.refused("no pointers at all", s.post("/credentials/derive", doc{"verifiableCredential": bare, "options": doc{"selectivePointers": []string{}}}), "")
			s.refused("no options", s.post("/credentials/derive", doc{"verifiableCredential": bare}), "")
		})
	}
	plain := s.issue("eddsa-jcs-2022", s.degree("eddsa-jcs-2022"), nil)
	pointers := doc{"selectivePointers": []string{"/issuer"}}
	s.refused("another suite", s.post("/credentials/derive", doc{"verifiableCredential": plain, "options": pointers}), reason.DISuite)
	s.refused("no proof", s.post("/credentials/derive", doc{"verifiableCredential": s.degree("eddsa-jcs-2022"), "options": pointers}), reason.DIProofMissing)
	s.refused("two proofs", s.post("/credentials/derive", doc{"verifiableCredential": s.issue("eddsa-jcs-2022", plain, nil), "options": pointers}), reason.DIProofSet)
}

// TestBodies is requirement 179, for each call.
func TestBodies(t *testing.T) {
	s := start(t)
	long := []byte(`{"a":"` + strings.Repeat("a", web.MaxBody) + `"}`)
	for path, member := range map[string]string{
		s.issuePath("eddsa-jcs-2022"): "credential", "/credentials/verify": "verifiableCredential",
		"/credentials/derive": "verifiableCredential", "/presentations/verify": "verifiablePresentation",
	} {
		for what, body := range map[string]string{
			"no body": "", "not JSON": "{", "an array": "[]", "a string": `"x"`, "null": "null", "empty": "{}",
			"a name twice": `{"` + member + `":{},"` + member + `":{}}`,
			"null in it":   `{"` + member + `":null}`, "a string in it": `{"` + member + `":"x"}`, "an array in it": `{"` + member + `":[]}`,
			"options a string": `{"` + member + `":{},"options":"x"}`, "options null": `{"` + member + `":{},"options":null}`,
			"two values": `{"` + member + `":{}}{}`, "bytes that are no text": "{\"" + member + "\":\"\xff\"}",
		} {
			t.Run(path+" "+what, func(t *testing.T) {
				a := s.on(t).send(http.MethodPost, path, "application/json", []byte(body))
				if a.status != http.StatusBadRequest || a.code(t) == "" {
					t.Errorf("%d %s", a.status, a.body)
				}
				if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Content-Type") != "application/json" {
					t.Errorf("%v", a.header)
				}
				if strings.HasSuffix(path, "verify") && a.member(t, "verified") != false {
					t.Errorf("%s", a.body)
				}
			})
		}
		if a := s.send(http.MethodPost, path, "application/json", long); a.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s too long: %d", path, a.status)
		}
		if a := s.send(http.MethodPost, path, "text/plain", []byte(`{}`)); a.status != http.StatusBadRequest {
			t.Errorf("%s of another type: %d", path, a.status)
		}
		if a := s.send(http.MethodGet, path, "", nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s GET: %d", path, a.status)
		}
	}
	if a := s.post(s.issuePath("nobody"), doc{"credential": s.degree("eddsa-jcs-2022")}); a.status != http.StatusNotFound {
		t.Errorf("no such issuer: %d %s", a.status, a.body)
	}
	if a := s.send(http.MethodGet, "/status/1", "", nil); a.status != http.StatusNotFound {
		t.Errorf("no list yet: %d %s", a.status, a.body)
	}
	a := s.verify(s.degree("eddsa-jcs-2022"), nil)
	if bytes.Contains(a.body, []byte("Bachelor")) || bytes.Contains(a.body, []byte("did:example")) {
		t.Errorf("a refusal repeats claims: %s", a.body)
	}
}

// TestDepth shows that nesting costs no stack.
func TestDepth(t *testing.T) {
	s := start(t)
	deep := strings.Repeat(`{"a":`, 32<<10) + "1" + strings.Repeat("}", 32<<10)
	a := s.send(http.MethodPost, "/credentials/verify", "application/json", []byte(`{"verifiableCredential":`+deep+`}`))
	s.refused("nested", a, reason.LimitNesting)
	var v any
	if json.Unmarshal(a.body, &v) != nil {
		t.Errorf("%s", a.body)
	}
}

// TestPoison is requirement 69 over the wire: blank nodes that all point to one another are given up.
func TestPoison(t *testing.T) {
	s := start(t)
	const name, nodes = "eddsa-rdfc-2022", 10
	d := s.degree(name)
	d["@context"] = []any{"https://www.w3.org/ns/credentials/v2", doc{"p": doc{"@id": "https://example.org/#p", "@type": "@id"}}}
	d["type"] = "VerifiableCredential"
	var graph []any
	for i := range nodes {
		var others []any
		for j := range nodes {
			if i != j {
				others = append(others, "_:b"+string(rune('0'+j)))
			}
		}
		graph = append(graph, doc{"@id": "_:b" + string(rune('0'+i)), "p": others})
	}
	d["credentialSubject"] = doc{"id": "did:example:subject", "p": graph}
	a := s.post(s.issuePath(name), doc{"credential": d})
	s.refused("poison", a, reason.LimitCanonicalization)
}
