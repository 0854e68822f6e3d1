// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/verifier"
)

// valuesOf returns the values of a claim of the leaf query in dc+sd-jwt.
func valuesOf(q dcql.Query, id string) []string {
	var out []string
	for _, c := range q.Find("delegation").Claims {
		for _, v := range c.Values {
			if text, ok := v.Text(); ok && c.ID == id {
				out = append(out, text)
			}
		}
	}
	return out
}

// TestQuery shows that a wallet is asked for exactly what one access needs.
func TestQuery(t *testing.T) {
	w := newWorld(t)
	a := booking()
	a.Resource, a.Action = "gp-record", "view"
	q := w.ask(a).request.Query
	if got := valuesOf(q, "resource"); !slices.Equal(got, []string{"gp-record"}) {
		t.Errorf("resource: %v", got)
	}
	if got := valuesOf(q, "below"); !slices.Equal(got, []string{"gp-record/test-results"}) {
		t.Errorf("below: %v", got)
	}
	if got := valuesOf(q, "action"); !slices.Equal(got, []string{"view"}) {
		t.Errorf("action: %v", got)
	}
	if got := q.Find("delegation").ClaimSets; len(got) != 4 || !slices.Equal(got[0], []string{"resource", "action", "assurance"}) {
		t.Errorf("claim sets: %v", got)
	}
	a.Resource = "gp-record/test-results/blood"
	q = w.ask(a).request.Query
	if got := valuesOf(q, "resource"); !slices.Equal(got, []string{"gp-record/test-results/blood", "gp-record/test-results", "gp-record"}) || valuesOf(q, "below") != nil {
		t.Errorf("ancestors: %v", got)
	}
	parents := q.Find("parents")
	if !parents.Multiple || parents.Bound() || !q.Find("delegation").Bound() || q.Sets[0].Must() != true || q.Sets[1].Must() {
		t.Errorf("%+v", q.Sets)
	}
	w.framework = newFramework() // without a floor the assurance at issue is nobody's business
	w.framework.Accreditations[0].MinAssurance = ""
	if got := w.ask(booking()).request.Query.Find("delegation").ClaimSets; len(got) != 1 {
		t.Errorf("claim sets: %v", got)
	}
}

// TestQueryIsBounded asks under a framework that knows more paths than fit.
func TestQueryIsBounded(t *testing.T) {
	w := newWorld(t)
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("gp-record/part-%03d", i))
	}
	w.framework.Accreditations = append(w.framework.Accreditations, trustframework.Accreditation{Resources: many}, trustframework.Accreditation{Resources: many})
	a := booking()
	a.Resource, a.Action = "gp-record", "view"
	if got := valuesOf(w.ask(a).request.Query, "below"); len(got) != 64 || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != 64 {
		t.Errorf("%d paths are asked for", len(got))
	}
}

// TestQuerySchema validates what is asked for against the published schema, which knows dc+sd-jwt alone.
func TestQuerySchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(shared.Open(t, "vectors/oidf-json-schemas/oid4vp/dcql_request.json")))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("https://schema.test/dcql", doc))
	schema, err := c.Compile("https://schema.test/dcql")
	must(t, err)
	w := newWorld(t)
	cfg := w.cfg
	cfg.Formats = w.formats[:1]
	w.start(cfg)
	q := w.ask(booking()).request.Query
	raw, err := q.Marshal()
	must(t, err)
	asked, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	must(t, err)
	if err := schema.Validate(asked); err != nil {
		t.Errorf("%v\n%s", err, raw)
	}
}

// TestOpenAPI checks that the description is JSON and knows every path for services.
func TestOpenAPI(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	must(t, json.Unmarshal(verifier.OpenAPI(), &doc))
	for _, path := range []string{"/v1/requests", "/v1/requests/{id}", "/access/v1/evaluation"} {
		if doc.Paths[path] == nil || doc.OpenAPI[:3] != "3.1" {
			t.Errorf("%s is not described", path)
		}
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"principal":"p","resource":"a/b","action":"view","purpose":"u","controller":"c","categories":[],"record_window":{"from":"2020-01-01","to":"2026-01-01"}}`))
	f.Add([]byte(`{"principal":null}`))
	f.Add([]byte(`{"principal":"p","resource":"a/b","action":"view","purpose":"u","controller":"c","flow":"same_device","redirect_uri":"https://service.test/"}`))
	f.Add([]byte(`{"principal":"p","resource":"a/b","action":"view","purpose":"u","controller":"c","flow":null,"redirect_uri":null}`))
	f.Add([]byte(`{"Access":{"principal":"p"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := verifier.ReadRequest(raw)
		if err != nil {
			if reason.Of(err) == reason.InternalIndeterminate {
				t.Fatal(err)
			}
			return
		}
		if r.Principal == "" || r.Resource == "" || r.Action == "" || r.Purpose == "" || r.Controller == "" || r.Flow == verifier.HandedOver {
			t.Fatalf("%+v", r)
		}
		again, err := strictjson.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.ReadRequest(again); err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, again)
		}
	})
}

func FuzzReadEvaluation(f *testing.F) {
	f.Add([]byte(evaluation(`"delegation_handle":"dh_x"`)))
	f.Add([]byte(evaluation(`"vp_token":{"a":["x"]},"request_id":"r"`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := verifier.ReadEvaluation(raw)
		if err == nil && (e.Subject == nil || e.Action == nil || e.Resource == nil || (e.Context.Handle == "") == (len(e.Context.Token) == 0)) {
			t.Fatalf("%s", raw)
		}
	})
}
