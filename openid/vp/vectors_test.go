// SPDX-License-Identifier: Apache-2.0

package vp_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

const examples = "vectors/openid4vp-1.0/"

// sameAgain reads raw into v, writes it again and compares the JSON.
func sameAgain(t *testing.T, name string, raw []byte, v any) {
	t.Helper()
	must(t, strictjson.Unmarshal(raw, v))
	again, err := strictjson.Marshal(v)
	must(t, err)
	var a, b any
	must(t, json.Unmarshal(raw, &a))
	must(t, json.Unmarshal(again, &b))
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s is written otherwise: %s", name, diff)
	}
}

// TestVectorsMessages reads the messages among the specification's examples and writes them again. Queries are
// those of openid/dcql, credentials and holder proofs those of the formats.
func TestVectorsMessages(t *testing.T) {
	row := conformance.Row{Standard: "OpenID4VP 1.0", Part: "§5 requests and metadata, examples", Source: "openid4vp-1.0"}
	for _, name := range []string{"mso_mdoc", "sd_jwt_vc", "w3c_jwt", "w3c_ldp"} {
		sameAgain(t, name, shared.Open(t, examples+"client_metadata/"+name+"_verifier_metadata.json"), new(vp.Metadata))
		row.Run, row.Passed = row.Run+1, row.Passed+1
	}
	query := string(shared.Open(t, examples+"query_lang/simple.json"))
	example := string(shared.Open(t, examples+"request/request_object_client_id_did.json"))
	sameAgain(t, "request object", []byte(strings.Replace(example, "{ ... }", query, 1)), new(vp.Request))
	row.Run, row.Passed = row.Run+1, row.Passed+1

	header := shared.Open(t, examples+"request/request_header_client_id_did.json")
	token := append(jose.AppendEncode(nil, header), ".e30.AAAA"...)
	if _, err := jose.Parse(token, jose.Policy{Type: vp.TypeRequest}); reason.Of(err) != reason.JOSEAlgForbidden {
		t.Errorf("RS256: %v", err)
	}
	row.Run++
	row.Departures = append(row.Departures, conformance.Departure{Cases: 1, Why: "RS256 is not on the allow-list of ES256, ES384 and EdDSA (security.md §4.3); §5.9.3 leaves the algorithms to both sides"})

	for _, name := range []string{"signed_request_payload", "signed_request_payload_compact"} {
		example := string(shared.Open(t, examples+"digital_credentials_api/"+name+".json"))
		r := new(vp.Request)
		must(t, strictjson.Unmarshal([]byte(strings.Replace(example, "{...}", query, 1)), r))
		if r.Encrypted() || r.ResponseMode != "dc_api" || len(r.Metadata.Keys.Keys) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if _, err := r.Sign(t.Context(), signer(t)); err == nil {
			t.Errorf("%s is taken for a request that a wallet answers by post", name)
		}
		row.Run++
	}
	row.Departures = append(row.Departures, conformance.Departure{Cases: 2, Why: "requests over the Digital Credentials API (appendix A, optional) are read and refused: wallet and gateway speak direct_post alone"})
	conformance.Record(t, row)
}

// TestVectorsJSON reads the other examples, presentations and credentials with placeholders for what is signed,
// as the strict JSON that they have to be, and writes them again.
func TestVectorsJSON(t *testing.T) {
	row := conformance.Row{Standard: "OpenID4VP 1.0", Part: "appendix B examples of answers and credentials, as JSON", Source: "openid4vp-1.0"}
	for _, name := range []string{
		"credentials/jwt_vc", "credentials/ldp_vc", "credentials/sd_jwt_vc", "credentials/sd_jwt_vc_unsecured",
		"response/jwt_vc", "response/ldp_vc", "response/kb_jwt_unsecured", "digital_credentials_api/error_invalid_request",
	} {
		var tree map[string]any
		sameAgain(t, name, shared.Open(t, examples+name+".json"), &tree)
		row.Run, row.Passed = row.Run+1, row.Passed+1
	}
	conformance.Record(t, row)
}

// validator compiles a schema of the OpenID Foundation's conformance suite.
func validator(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Open(t, "vectors/oidf-json-schemas/oid4vp/"+name)))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource(name, doc))
	s, err := c.Compile(name)
	must(t, err)
	return s
}

func fits(t *testing.T, s *jsonschema.Schema, raw []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	must(t, err)
	return s.Validate(doc)
}

// TestVectorsSchemas holds what is written here, and the examples, against the schemas of the conformance suite.
func TestVectorsSchemas(t *testing.T) {
	row := conformance.Row{Standard: "OpenID4VP 1.0", Part: "schemas of DCQL and verifier_info", Source: "oidf-json-schemas"}
	query, info := validator(t, "dcql_request.json"), validator(t, "verifier_info.json")
	count := func(name string, err error) {
		row.Run++
		if row.Passed++; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(shared.Dir(t, "vectors/openid4vp-1.0"), "query_lang", "*.json"))
	must(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		count(file, fits(t, query, raw))
	}
	r := request(signer(t))
	token, err := vp.InfoJWT("a.b.c")
	must(t, err)
	r.VerifierInfo = []vp.VerifierInfo{token, {Format: "x", Data: strictjson.Value(`{"a":1}`), Credentials: []string{"a"}}}
	ours, err := r.Query.Marshal()
	must(t, err)
	count("our query", fits(t, query, ours))
	wrapped, err := strictjson.Marshal(map[string]any{"verifier_info": r.VerifierInfo})
	must(t, err)
	count("our verifier_info", fits(t, info, wrapped))
	for _, bad := range []string{`{"credentials":[]}`, `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{}}]}`} {
		if fits(t, query, []byte(bad)) == nil {
			t.Errorf("the schema takes %s", bad)
		}
		row.Run, row.Refused = row.Run+1, row.Refused+1
	}
	conformance.Record(t, row)
}
