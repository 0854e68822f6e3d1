// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/reason"
)

// result is a published resolution result, less what implementations add.
type result struct {
	Document any `json:"didDocument"`
	Metadata struct {
		VersionID   string    `json:"versionId"`
		VersionTime time.Time `json:"versionTime"`
		Created     time.Time `json:"created"`
		Updated     time.Time `json:"updated"`
		Deactivated bool      `json:"deactivated"`
	} `json:"didDocumentMetadata"`
}

// vector is one published log with its proofs of witnesses.
type vector struct {
	dir, name    string // "scenario/implementation"
	log, witness []byte
	id           did.DID
}

func vectors(t *testing.T) []vector {
	t.Helper()
	root := shared.Dir(t, "vectors/didwebvh")
	paths, err := filepath.Glob(filepath.Join(root, "*", "*", "did.jsonl"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no logs: %v", err)
	}
	var out []vector
	for _, path := range paths {
		dir := filepath.Dir(path)
		v := vector{dir: dir, name: filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir), log: file(t, path)}
		if w := filepath.Join(dir, "did-witness.json"); exists(w) {
			v.witness = file(t, w)
		}
		var last struct {
			State struct {
				ID string `json:"id"`
			} `json:"state"`
		}
		lines := lines(v.log)
		if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil {
			t.Fatal(err)
		}
		v.id = mustParse(t, last.State.ID)
		out = append(out, v)
	}
	return out
}

func file(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func lines(log []byte) [][]byte { return bytes.Split(bytes.TrimSpace(log), []byte("\n")) }

func (v vector) describe(t *testing.T, log []byte, o did.Options) (did.Description, error) {
	t.Helper()
	h := newHost(t)
	h.put(t, v.id, log, v.witness)
	return h.resolver(t).Describe(t.Context(), v.id, o)
}

// departure names the clause by which a published result is not ours, "" if it is to be ours.
func (v vector) departure(file string) string {
	switch {
	case strings.HasPrefix(v.name, "witness-") && strings.HasSuffix(v.name, "/rust"):
		return "rust"
	case strings.HasPrefix(v.name, "witness-update/"):
		return "update"
	case v.name == "multi-update/python" && file != "resolutionResult.json":
		return "latest"
	case strings.HasPrefix(v.name, "multi-update/") && file != "resolutionResult.json" && v.name != "multi-update/rust":
		return "updated"
	case v.name == "deactivate/java":
		return "services"
	}
	return ""
}

// refused reports whether the log is not resolved in the first place.
func (v vector) refused() bool {
	why := v.departure("resolutionResult.json")
	return why == "rust" || why == "update"
}

func TestVectorsResolution(t *testing.T) {
	run, passed := 0, 0
	departed := map[string]int{}
	for _, v := range vectors(t) {
		for name, o := range map[string]did.Options{
			"resolutionResult.json": {}, "resolutionResult.1.json": {VersionNumber: 1}, "resolutionResult.2.json": {VersionNumber: 2},
		} {
			path := filepath.Join(v.dir, name)
			if !exists(path) {
				continue
			}
			run++
			got, err := v.describe(t, v.log, o)
			var want result
			if err := json.Unmarshal(file(t, path), &want); err != nil {
				t.Fatal(err)
			}
			switch why := v.departure(name); why {
			case "rust", "update":
				if reason.Of(err) != reason.WebVHWitness {
					t.Errorf("%s %s: %v", v.name, name, err)
				}
				departed[why]++
				continue
			case "updated":
				if want.Metadata.Updated.Equal(got.Metadata.Updated) {
					t.Errorf("%s %s: updated is as published", v.name, name)
				}
				want.Metadata.Updated = got.Metadata.Updated
				departed[why]++
			case "services":
				want.Document.(map[string]any)["service"] = implicitServices(v.id)
				departed[why]++
			case "latest":
				if want.Metadata.VersionID == got.Metadata.VersionID || got.Metadata.VersionNumber != o.VersionNumber {
					t.Errorf("%s %s: version %s", v.name, name, got.Metadata.VersionID)
				}
				departed[why]++
				continue
			default:
				passed++
			}
			if err != nil {
				t.Errorf("%s %s: %v", v.name, name, err)
				continue
			}
			compare(t, v, name, want, got)
		}
	}
	conformance.Record(t, conformance.Row{
		Standard: "did:webvh 1.0", Part: "Read (Resolve): document and metadata", Source: "didwebvh", Run: run, Passed: passed,
		Departures: []conformance.Departure{
			{Cases: departed["update"], Why: "refused: an entry that replaces the witnesses has proofs of the new ones alone, and Witness Lists says that the new list becomes active after the entry has been published"},
			{Cases: departed["rust"], Why: "refused: witnesses are named by a bare multikey, and The witness Parameter says that the id is a did:key DID"},
			{Cases: departed["updated"], Why: "updated of an older version is that of the last valid entry (Read, metadata), not of the version"},
			{Cases: departed["latest"], Why: "the version asked for is given (Reading did:webvh DID URLs); the published result is that of the latest"},
			{Cases: departed["services"], Why: "implicit services are shown of a deactivated DID too (DID URL Resolution)"},
		},
	})
}

func compare(t *testing.T, v vector, name string, want result, got did.Description) {
	t.Helper()
	var have result
	if err := json.Unmarshal(got.Document, &have.Document); err != nil {
		t.Fatal(err)
	}
	m := &have.Metadata
	m.VersionID, m.VersionTime, m.Deactivated = got.Metadata.VersionID, got.Metadata.VersionTime, got.Metadata.Deactivated
	m.Created, m.Updated = got.Metadata.Created, got.Metadata.Updated
	want.Document, have.Document = absolute(want.Document, v.id), absolute(have.Document, v.id)
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("%s %s (-published +ours):\n%s", v.name, name, d)
	}
}

// implicitServices returns the services that the specification adds to the documents of a DID of example.com.
func implicitServices(id did.DID) []any {
	return []any{
		map[string]any{"id": id.String() + "#files", "type": "relativeRef", "serviceEndpoint": "https://example.com/"},
		map[string]any{
			"@context": "https://identity.foundation/linked-vp/contexts/v1", "id": id.String() + "#whois",
			"type": "LinkedVerifiablePresentation", "serviceEndpoint": "https://example.com/whois.vp",
		},
	}
}

// absolute makes relative ids absolute, and gives addresses of a host their path.
func absolute(v any, id did.DID) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = absolute(member, id)
			if s, ok := member.(string); ok && name == "serviceEndpoint" && strings.Count(s, "/") == 2 {
				v[name] = s + "/"
			}
		}
	case []any:
		for i := range v {
			v[i] = absolute(v[i], id)
		}
	case string:
		if strings.HasPrefix(v, "#") {
			return id.String() + v
		}
	}
	return v
}

// What gateways act on is stricter than what is shown: every method needs its controller.
func TestVectorsDocuments(t *testing.T) {
	run, passed := 0, 0
	departed := map[reason.Code]int{}
	for _, v := range vectors(t) {
		if v.refused() {
			continue
		}
		run++
		h := newHost(t)
		h.put(t, v.id, v.log, v.witness)
		d, err := h.resolver(t).Resolve(t.Context(), v.id)
		switch {
		case err == nil:
			passed++
			if len(d.Methods) == 0 || d.ID != v.id || len(d.Purposes[did.Authentication]) == 0 {
				t.Errorf("%s: %+v", v.name, d)
			}
		default:
			departed[reason.Of(err)]++
		}
	}
	want := map[reason.Code]int{reason.WebVHTime: 5, reason.JSONMemberMissing: 22, reason.DIDDocumentMismatch: 1}
	if d := cmp.Diff(want, departed); d != "" {
		t.Error(d)
	}
	conformance.Record(t, conformance.Row{
		Standard: "did:webvh 1.0", Part: "Read (Resolve): keys to verify with", Source: "didwebvh", Run: run, Passed: passed,
		Departures: []conformance.Departure{
			{Cases: departed[reason.WebVHTime], Why: "refused: the keys of a deactivated DID verify nothing (Deactivate; conformance list 105)"},
			{Cases: departed[reason.JSONMemberMissing], Why: "refused: a verification method has no controller, which Controlled Identifiers 1.0 §2.2 requires"},
			{Cases: departed[reason.DIDDocumentMismatch], Why: "refused: a moved document keeps verification methods with the id of the old DID (conformance list 89)"},
		},
	})
}

// Every log breaks when it is tampered with.
func TestVectorsBroken(t *testing.T) {
	run, refused := 0, 0
	for _, v := range vectors(t) {
		if v.refused() {
			continue
		}
		for name, log := range tampered(t, v.log) {
			run++
			if d, err := v.describe(t, log, did.Options{}); err == nil || d.Document != nil {
				t.Errorf("%s: %s is accepted", v.name, name)
				continue
			}
			refused++
		}
	}
	conformance.Record(t, conformance.Row{
		Standard: "did:webvh 1.0", Part: "Read (Resolve): tampered logs", Source: "didwebvh", Run: run, Refused: refused,
	})
}

func tampered(t *testing.T, log []byte) map[string][]byte {
	t.Helper()
	all := lines(log)
	join := func(l ...[]byte) []byte { return append(bytes.Join(l, []byte("\n")), '\n') }
	change := func(i int, old, new string) []byte {
		out := bytes.Clone(log)
		line := bytes.Replace(all[i], []byte(old), []byte(new), 1)
		if bytes.Equal(line, all[i]) {
			t.Fatalf("nothing to change in line %d", i)
		}
		return bytes.Replace(out, all[i], line, 1)
	}
	out := map[string][]byte{}
	for i := range all {
		n := string(rune('1' + i))
		out["a byte of the state of line "+n] = change(i, `w3.org/ns/did/v1`, `w3.org/ns/did/v2`)
		out["another key for line "+n] = change(i, "did:key:z6Mk", "did:key:z6Mj")
		out["a byte of the signature of line "+n] = flipProof(t, log, all[i])
	}
	out["the first line removed"] = join(all[1:]...)
	if len(all) > 1 {
		swapped := append([][]byte{all[1], all[0]}, all[2:]...)
		out["two lines swapped"] = join(swapped...)
		out["the first line repeated"] = join(append([][]byte{all[0]}, all...)...)
	}
	return out
}

func flipProof(t *testing.T, log, line []byte) []byte {
	t.Helper()
	at := bytes.LastIndex(line, []byte(`"proofValue"`)) + len(`"proofValue":"z123456`)
	for line[at] == '"' || line[at] == ' ' {
		at++
	}
	other := bytes.Clone(line)
	other[at] = '2'
	if line[at] == '2' {
		other[at] = '3'
	}
	return bytes.Replace(bytes.Clone(log), line, other, 1)
}
