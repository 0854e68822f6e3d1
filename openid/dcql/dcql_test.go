// SPDX-License-Identifier: Apache-2.0

package dcql_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/internal/conformance"
	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

type object = map[string]any

// identity is a small credential that the queries of the specification ask for.
func identity(vct string) dcql.Candidate {
	return dcql.Candidate{Format: "dc+sd-jwt", Types: []string{vct}, Bound: true, Claims: object{
		"given_name": "Tom", "family_name": "Doe", "postal_code": "90210", "locality": "Larkhill", "region": "Moor", "date_of_birth": "1980-01-01",
		"address": object{"street_address": "1 Moor Road"}, "is_over_65": false, "points": int64(7), "nationalities": []any{"British", "Betelgeusian"},
		"degrees": []any{object{"type": "Bachelor", "year": int64(2001)}, object{"type": "Master", "year": int64(2003)}},
	}}
}

const pid = "https://credentials.example.com/identity_credential"

func names(paths []dcql.Path) string {
	raw, err := json.Marshal(paths)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(raw), `"`, "")
}

// TestVectorsQueries reads the examples of the specification, writes them again, and evaluates them.
func TestVectorsQueries(t *testing.T) {
	want := map[string]string{
		"simple.json/my_credential":                "[[family_name],[given_name],[address,street_address]]",
		"claims_alternatives.json/pid":             "[[family_name],[locality],[region],[date_of_birth]]",
		"value_matching_simple.json/my_credential": "[[family_name],[given_name],[address,street_address],[postal_code]]",
		"multi_credentials.json/pid":               "[[given_name],[family_name],[address,street_address]]",
		"credentials_alternatives.json/pid":        "[[given_name],[family_name],[address,street_address]]",
		"multi_credentials.json/mdl":               "[[org.iso.7367.1,vehicle_holder],[org.iso.18013.5.1,given_name]]",
		"simple_mdoc.json/my_credential":           "[[org.iso.7367.1,vehicle_holder],[org.iso.18013.5.1,given_name]]",
	}
	car := dcql.Candidate{Format: "mso_mdoc", Types: []string{"org.iso.7367.1.mVRC"}, Bound: true,
		Claims: object{"org.iso.7367.1": object{"vehicle_holder": "Doe"}, "org.iso.18013.5.1": object{"given_name": "Tom"}}}
	files, err := filepath.Glob(filepath.Join(shared.Dir(t, "vectors/openid4vp-1.0"), "query_lang", "*.json"))
	if err != nil || len(files) != 7 {
		t.Fatalf("%d files %v", len(files), err)
	}
	for _, more := range []string{"dcql_jwt_vc.json", "dcql_ldp_vc.json"} {
		files = append(files, filepath.Join(shared.Dir(t, "vectors/openid4vp-1.0"), "request", more))
	}
	found := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		q, err := dcql.Parse(raw)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		again, err := q.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tree(t, raw), tree(t, again)); diff != "" {
			t.Errorf("%s is written otherwise: %s", file, diff)
		}
		for _, c := range q.Credentials {
			for _, have := range []dcql.Candidate{identity(pid), car} {
				if show, ok, err := c.Match(have); ok && err == nil {
					found[filepath.Base(file)+"/"+c.ID] = names(show)
				}
			}
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	conformance.Record(t, conformance.Row{Standard: "OpenID4VP 1.0", Part: "§6 DCQL, examples, evaluated", Source: "openid4vp-1.0", Run: len(files), Passed: len(files)})
}

func tree(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// credentialOf returns a query for one identity credential with the given further members.
func credentialOf(t *testing.T, more string) dcql.Credential {
	t.Helper()
	q, err := dcql.Parse([]byte(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["` + pid + `"]}` + more + `}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return q.Credentials[0]
}

func TestMatch(t *testing.T) {
	for name, c := range map[string]struct{ query, want string }{ // want "" stands for no match
		"no claims":           {``, "null"},
		"item":                {`,"claims":[{"path":["nationalities",1]}]`, "[[nationalities,1]]"},
		"item beyond":         {`,"claims":[{"path":["nationalities",2]}]`, ""},
		"every":               {`,"claims":[{"path":["nationalities",null]}]`, "[[nationalities,0],[nationalities,1]]"},
		"every with value":    {`,"claims":[{"path":["nationalities",null],"values":["British"]}]`, "[[nationalities,0]]"},
		"below every":         {`,"claims":[{"path":["degrees",null,"type"],"values":["Master"]}]`, "[[degrees,1,type]]"},
		"jointly":             {`,"claims":[{"path":["degrees",null,"type"],"values":["Master"]},{"path":["degrees",null,"year"]}]`, "[[degrees,1,type],[degrees,1,year]]"},
		"jointly none":        {`,"claims":[{"path":["degrees",null,"type"],"values":["Master"]},{"path":["degrees",null,"year"],"values":[2001]}]`, ""},
		"integer":             {`,"claims":[{"path":["points"],"values":[7]}]`, "[[points]]"},
		"integer as text":     {`,"claims":[{"path":["points"],"values":["7"]}]`, ""},
		"boolean":             {`,"claims":[{"path":["is_over_65"],"values":[false]}]`, "[[is_over_65]]"},
		"boolean as text":     {`,"claims":[{"path":["is_over_65"],"values":["false"]}]`, ""},
		"decomposed letter":   {`,"claims":[{"path":["family_name"],"values":["Doe\u0301"]}]`, ""},
		"other case":          {`,"claims":[{"path":["family_name"],"values":["doe"]}]`, ""},
		"name in array":       {`,"claims":[{"path":["nationalities","x"]}]`, ""},
		"index in object":     {`,"claims":[{"path":["address",0]}]`, ""},
		"every in object":     {`,"claims":[{"path":["address",null]}]`, ""},
		"whole object":        {`,"claims":[{"path":["address"]}]`, "[[address]]"},
		"beyond a leaf":       {`,"claims":[{"path":["family_name","x"]}]`, ""},
		"second set":          {`,"claims":[{"id":"x","path":["absent"]},{"id":"y","path":["region"]}],"claim_sets":[["x","y"],["y"]]`, "[[region]]"},
		"no set":              {`,"claims":[{"id":"x","path":["absent"]}],"claim_sets":[["x"]]`, ""},
		"trusted authorities": {`,"trusted_authorities":[{"type":"aki","values":["x"]}]`, ""},
	} {
		query := credentialOf(t, c.query)
		show, ok, err := query.Match(identity(pid))
		got := ""
		if ok {
			got = names(show)
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
		}
	}
	plain := credentialOf(t, "")
	for name, have := range map[string]dcql.Candidate{
		"type": identity("https://credentials.example.com/identity"), "prefix": identity(pid + "/1"), "case": identity(strings.ToUpper(pid)), "no type": {Format: "dc+sd-jwt", Bound: true},
		"format": {Format: "jwt_vc_json", Types: []string{pid}, Bound: true}, "unbound": {Format: "dc+sd-jwt", Types: []string{pid}},
	} {
		if _, ok, _ := plain.Match(have); ok {
			t.Errorf("%s matches", name)
		}
	}
	free := credentialOf(t, `,"require_cryptographic_holder_binding":false`)
	if _, ok, _ := free.Match(dcql.Candidate{Format: "dc+sd-jwt", Types: []string{pid}}); !ok {
		t.Error("a query without holder binding needs one")
	}
}

func TestParseRefuses(t *testing.T) {
	one := func(more string) string {
		return `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]}` + more + `}]}`
	}
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	for name, c := range map[string]struct {
		query string
		want  reason.Code
	}{
		"good":                {one(""), ""},
		"unknown member":      {one(`,"x":1`), ""},
		"empty":               {`{}`, reason.RequestInvalid},
		"no credentials":      {`{"credentials":[]}`, reason.RequestInvalid},
		"array":               {`[]`, reason.JSONType},
		"null":                {`null`, reason.JSONType},
		"no id":               {`{"credentials":[{"format":"dc+sd-jwt","meta":{"vct_values":["x"]}}]}`, reason.RequestInvalid},
		"id of odd letters":   {`{"credentials":[{"id":"a b","format":"dc+sd-jwt","meta":{"vct_values":["x"]}}]}`, reason.RequestInvalid},
		"same id":             {`{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"d"}},{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"d"}}]}`, reason.RequestInvalid},
		"no format":           {`{"credentials":[{"id":"a","meta":{}}]}`, reason.RequestInvalid},
		"no vct":              {`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{}}]}`, reason.RequestInvalid},
		"no types":            {`{"credentials":[{"id":"a","format":"jwt_vc_json","meta":{}}]}`, reason.RequestInvalid},
		"empty claims":        {one(`,"claims":[]`), reason.RequestInvalid},
		"empty sets":          {one(`,"claims":[{"id":"c","path":["x"]}],"claim_sets":[]`), reason.RequestInvalid},
		"empty set":           {one(`,"claims":[{"id":"c","path":["x"]}],"claim_sets":[[]]`), reason.RequestInvalid},
		"set of nothing":      {one(`,"claims":[{"id":"c","path":["x"]}],"claim_sets":[["d"]]`), reason.RequestInvalid},
		"sets without ids":    {one(`,"claims":[{"path":["x"]}],"claim_sets":[["c"]]`), reason.RequestInvalid},
		"sets without claims": {one(`,"claim_sets":[["c"]]`), reason.RequestInvalid},
		"empty path":          {one(`,"claims":[{"path":[]}]`), reason.RequestInvalid},
		"negative index":      {one(`,"claims":[{"path":["x",-1]}]`), reason.RequestInvalid},
		"fraction":            {one(`,"claims":[{"path":["x",1.5]}]`), reason.RequestInvalid},
		"boolean step":        {one(`,"claims":[{"path":[true]}]`), reason.JSONType},
		"null value":          {one(`,"claims":[{"path":["x"],"values":[null]}]`), reason.JSONType},
		"fraction value":      {one(`,"claims":[{"path":["x"],"values":[1.5]}]`), reason.JSONNumberForm},
		"empty options":       {`{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"d"}}],"credential_sets":[{"options":[]}]}`, reason.RequestInvalid},
		"unknown option":      {`{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"d"}}],"credential_sets":[{"options":[["b"]]}]}`, reason.RequestInvalid},
		"no credential sets":  {`{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"d"}}],"credential_sets":[]}`, reason.RequestInvalid},
		"authority":           {one(`,"trusted_authorities":[{"type":"aki"}]`), reason.RequestInvalid},
		"no authorities":      {one(`,"trusted_authorities":[]`), reason.RequestInvalid},
		"many claims":         {one(`,"claims":[` + many(dcql.MaxClaims+1, `{"path":["x"]}`) + `]`), reason.LimitQuery},
		"long path":           {one(`,"claims":[{"path":[` + many(dcql.MaxPath+1, `"x"`) + `]}]`), reason.LimitQuery},
		"many values":         {one(`,"claims":[{"path":["x"],"values":[` + many(dcql.MaxValues+1, `"x"`) + `]}]`), reason.LimitQuery},
		"duplicate member":    {one(`,"id":"b"`), reason.JSONDuplicateName},
		"no values":           {one(`,"claims":[{"path":["x"],"values":[]}]`), reason.RequestInvalid},
		"no doctype":          {`{"credentials":[{"id":"a","format":"mso_mdoc","meta":{}}]}`, reason.RequestInvalid},
		"empty type list":     {`{"credentials":[{"id":"a","format":"ldp_vc","meta":{"type_values":[[]]}}]}`, reason.RequestInvalid},
		"many authorities":    {one(`,"trusted_authorities":[{"type":"aki","values":[` + many(dcql.MaxValues+1, `"x"`) + `]}]`), reason.LimitQuery},
		"many types":          {`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":[` + many(dcql.MaxValues+1, `"x"`) + `]}}]}`, reason.LimitQuery},
	} {
		_, err := dcql.Parse([]byte(c.query))
		if got := reason.Of(err); got != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestWork shows that no query costs more than MaxWork steps.
func TestWork(t *testing.T) {
	items := make([]any, 1000)
	for i := range items {
		items[i] = object{"a": "x", "list": []any{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}}
	}
	have := dcql.Candidate{Format: "dc+sd-jwt", Types: []string{pid}, Bound: true, Claims: object{"items": items}}
	for name, claims := range map[string]string{
		"many items":  `{"path":["items",null,"list",null],"values":["nothing"]}`,
		"many claims": strings.TrimSuffix(strings.Repeat(`{"path":["items",null,"a"],"values":["y"]},`, 64), ","),
		"many values": `{"path":["items",null,"a"],"values":[` + strings.TrimSuffix(strings.Repeat(`"y",`, 128), ",") + `]}`,
	} {
		query := credentialOf(t, `,"claims":[`+claims+`]`)
		if _, ok, err := query.Match(have); ok || reason.Of(err) != reason.LimitQuery {
			t.Errorf("%s: %t %v", name, ok, err)
		}
	}
}

func TestSatisfied(t *testing.T) {
	no := false
	q := dcql.Query{Credentials: []dcql.Credential{{ID: "a"}, {ID: "b"}, {ID: "c"}}}
	all := func(ids ...string) map[string]bool {
		out := map[string]bool{}
		for _, id := range ids {
			out[id] = true
		}
		return out
	}
	if !q.Satisfied(all("a", "b", "c")) || q.Satisfied(all("a", "b")) {
		t.Error("without sets everything is needed")
	}
	q.Sets = []dcql.Set{{Options: [][]string{{"a", "b"}, {"c"}}}, {Options: [][]string{{"b"}}, Required: &no}}
	for ids, want := range map[string]bool{"a b": true, "c": true, "a": false, "b": false, "": false, "a c": true} {
		if got := q.Satisfied(all(strings.Fields(ids)...)); got != want {
			t.Errorf("%q: %t", ids, got)
		}
	}
}

// TestShownIsThere is a property: what a match shows can be walked to, without Every, and has one of the values asked for.
func TestShownIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "items")
		items := make([]any, n)
		for i := range items {
			items[i] = object{"resource": rapid.SampledFrom([]string{"a", "a/b", "c"}).Draw(t, "resource"), "action": rapid.SliceOfN(rapid.SampledFrom([]any{"view", "book"}), 0, 3).Draw(t, "action")}
		}
		claims := []dcql.Claim{
			{Path: dcql.Path{dcql.Member("p"), dcql.Every(), dcql.Member("resource")}, Values: dcql.Strings("a")},
			{Path: dcql.Path{dcql.Member("p"), dcql.Every(), dcql.Member("action"), dcql.Every()}, Values: dcql.Strings("book")},
		}
		q, err := dcql.New(dcql.Query{Credentials: []dcql.Credential{{ID: "x", Format: "dc+sd-jwt", Meta: dcql.Meta{VCTValues: []string{"v"}}, Claims: claims}}})
		if err != nil {
			t.Fatal(err)
		}
		show, ok, err := q.Credentials[0].Match(dcql.Candidate{Format: "dc+sd-jwt", Types: []string{"v"}, Bound: true, Claims: object{"p": items}})
		want := false
		for _, item := range items {
			want = want || item.(object)["resource"] == "a" && slices.Contains(item.(object)["action"].([]any), any("book"))
		}
		if err != nil || ok != want {
			t.Fatalf("%t %v, want %t", ok, err, want)
		}
		for _, p := range show {
			i, isItem := p[1].Index()
			if !isItem || items[i].(object)["resource"] != "a" {
				t.Fatalf("%v is shown of %v", p, items)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]},"claims":[{"id":"c","path":["a",null,0],"values":["v",7,true]}],"claim_sets":[["c"]]}],"credential_sets":[{"options":[["a"]],"required":false}]}`))
	f.Add([]byte(`{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"x"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		q, err := dcql.Parse(raw)
		if err != nil {
			return
		}
		again, err := q.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		second, err := dcql.Parse(again)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, again)
		}
		if fmt.Sprint(q) == "" || len(second.Credentials) != len(q.Credentials) {
			t.Fatal("a query changed on its way")
		}
		for _, c := range q.Credentials {
			_, _, _ = c.Match(identity(pid))
		}
	})
}

// Example asks for permissions and takes those items of the array alone that meet both claims.
func Example() {
	q, err := dcql.Parse([]byte(`{"credentials":[{"id":"delegation","format":"dc+sd-jwt","meta":{"vct_values":["https://example.org/vct/delegation/1"]},
		"claims":[{"path":["permission",null,"resource"],"values":["appointments"]},{"path":["permission",null,"action",null],"values":["book"]}]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	show, ok, err := q.Find("delegation").Match(dcql.Candidate{Format: "dc+sd-jwt", Types: []string{"https://example.org/vct/delegation/1"}, Bound: true,
		Claims: map[string]any{"permission": []any{
			map[string]any{"resource": "gp-record", "action": []any{"view"}},
			map[string]any{"resource": "appointments", "action": []any{"view", "book"}},
		}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, err := json.Marshal(show)
	fmt.Println(ok, string(raw), err)
	// Output: true [["permission",1,"resource"],["permission",1,"action",1]] <nil>
}
