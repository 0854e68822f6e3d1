// SPDX-License-Identifier: Apache-2.0

package dcql_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

func parse(t testing.TB, text string) *dcql.Query {
	t.Helper()
	q, err := dcql.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// alternatives is the example of OpenID4VP 1.0 appendix D with three ways to show who one is.
const alternatives = `{"credentials":[
	{"id":"pid","format":"dc+sd-jwt","meta":{"vct_values":["pid"]},"claims":[{"path":["given_name"]}]},
	{"id":"name","format":"dc+sd-jwt","meta":{"vct_values":["name"]},"claims":[{"path":["given_name"]}]},
	{"id":"home","format":"dc+sd-jwt","meta":{"vct_values":["home"]},"multiple":true},
	{"id":"nice","format":"dc+sd-jwt","meta":{"vct_values":["nice"]}}],
	"credential_sets":[{"options":[["pid"],["name","home"]]},{"options":[["nice"]],"required":false}]}`

func having(types ...string) []dcql.Candidate {
	var out []dcql.Candidate
	for _, t := range types {
		out = append(out, dcql.Candidate{Format: "dc+sd-jwt", Types: []string{t}, Bound: true, Claims: object{"given_name": "Tom"}})
	}
	return out
}

func TestAnswer(t *testing.T) {
	q := parse(t, alternatives)
	for name, c := range map[string]struct {
		have      []string
		options   string
		satisfied bool
	}{
		"all":        {[]string{"nice", "home", "pid", "name", "home"}, `[[["pid"],["name","home"]],[["nice"]]]`, true},
		"preferred":  {[]string{"pid"}, `[[["pid"]],[]]`, true},
		"second way": {[]string{"home", "name"}, `[[["name","home"]],[]]`, true},
		"half":       {[]string{"name", "nice"}, `[[],[["nice"]]]`, false},
		"nothing":    {nil, `[[],[]]`, false},
	} {
		got, err := dcql.Answer(q, having(c.have...))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(got.Options())
		if err != nil || string(raw) != c.options || got.Satisfied() != c.satisfied {
			t.Errorf("%s: %s %t %v, want %s", name, raw, got.Satisfied(), err, c.options)
		}
	}
	got, err := dcql.Answer(q, having("home", "pid", "home"))
	if err != nil {
		t.Fatal(err)
	}
	want := []dcql.Fit{{Candidate: 0}, {Candidate: 2}}
	if diff := cmp.Diff(want, got.Of("home")); diff != "" || len(got.Of("nice")) != 0 || len(got.Choices) != 2 || got.Choices[0].Query.ID != "pid" {
		t.Errorf("choices: %s %+v", diff, got.Choices)
	}
	if show := got.Of("pid")[0].Show; names(show) != "[[given_name]]" {
		t.Errorf("shown: %s", names(show))
	}
	every := parse(t, `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["pid"]}},{"id":"b","format":"dc+sd-jwt","meta":{"vct_values":["home"]}}]}`)
	for have, ok := range map[string]bool{"pid home": true, "pid": false} {
		got, err := dcql.Answer(every, having(strings.Fields(have)...))
		if err != nil || got.Satisfied() != ok || (len(got.Options()[0]) == 1) != ok {
			t.Errorf("%s: %v %v", have, got.Options(), err)
		}
	}
	var zero dcql.Answers
	if zero.Satisfied() || zero.Options() != nil {
		t.Error("no query is satisfied")
	}
}

// TestAttacks has WAL-05: queries that blow up are refused, and what is evaluated at all takes few steps.
func TestAttacks(t *testing.T) {
	sets := func(n int) string {
		var all []string
		for range n {
			all = append(all, `{"options":[["a"],["b"]]}`)
		}
		return `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["pid"]}},{"id":"b","format":"dc+sd-jwt","meta":{"vct_values":["pid"]}}],"credential_sets":[` + strings.Join(all, ",") + `]}`
	}
	claims := func(credentials, each int) string {
		claim := strings.TrimSuffix(strings.Repeat(`{"path":["given_name"]},`, each), ",")
		var all []string
		for i := range credentials {
			all = append(all, fmt.Sprintf(`{"id":"c%d","format":"dc+sd-jwt","meta":{"vct_values":["pid"]},"claims":[%s]}`, i, claim))
		}
		return `{"credentials":[` + strings.Join(all, ",") + `]}`
	}
	t.Run("WAL-05", func(t *testing.T) {
		for name, text := range map[string]string{
			"a 2^20 combinations":         sets(20),
			"b 10,000 claims":             claims(1, 10_000),
			"b 10,000 claims, spread":     claims(32, 313),
			"b 10,000 credentials":        claims(10_000, 1),
			"c 1 MiB":                     `{"credentials":[{"id":"a","format":"` + strings.Repeat("x", 1<<20) + `"}]}`,
			"c 1 MiB of members":          claims(9000, 1),
			"a in one set":                `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["pid"]}}],"credential_sets":[{"options":[` + strings.TrimSuffix(strings.Repeat(`["a"],`, 33), ",") + `]}]}`,
			"a one option with very many": `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["pid"]}}],"credential_sets":[{"options":[[` + strings.TrimSuffix(strings.Repeat(`"a",`, 33), ",") + `]]}]}`,
			"b 10,000 values":             `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["pid"]},"claims":[{"path":["x"],"values":[` + strings.TrimSuffix(strings.Repeat(`"x",`, 10_000), ",") + `]}]}]}`,
		} {
			if _, err := dcql.Parse([]byte(text)); reason.Of(err) != reason.LimitQuery {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := dcql.Parse([]byte(sets(12))); err != nil {
			t.Errorf("4,096 combinations: %v", err)
		}
		t.Run("evaluations", countEvaluations)
	})
}

// countEvaluations gives queries at the bounds, as costly as they can be, to a small and to a large wallet.
func countEvaluations(t *testing.T) {
	values := strings.TrimSuffix(strings.Repeat(`"y",`, dcql.MaxValues), ",")
	claim := strings.TrimSuffix(strings.Repeat(`{"path":["list",null],"values":[`+values+`]},`, dcql.MaxClaims), ",")
	one := func(id int) string {
		return fmt.Sprintf(`{"id":"c%d","format":"dc+sd-jwt","meta":{"vct_values":["pid"]},"claims":[%s]}`, id, claim)
	}
	costly := parse(t, `{"credentials":[`+one(0)+`,`+one(1)+`]}`)
	list := make([]any, 1000)
	for i := range list {
		list[i] = "x"
	}
	have := func(n int) []dcql.Candidate {
		all := having(strings.Fields(strings.Repeat("pid ", n))...)
		for i := range all {
			all[i].Claims = object{"list": list}
		}
		return all
	}
	for n, most := range map[int]int{1: 10_000, 39: 10_000, 1000: 256_000} {
		got, err := dcql.Answer(costly, have(n))
		if reason.Of(err) != reason.LimitQuery || got.Steps > most || got.Steps < most/2 || got.Choices != nil || got.Satisfied() {
			t.Errorf("%d credentials: %d steps, %v", n, got.Steps, err)
		}
	}
	got, err := dcql.Answer(parse(t, alternatives), having("pid", "name", "home", "nice"))
	if err != nil || got.Steps == 0 || got.Steps > 10 {
		t.Errorf("a small query took %d steps, %v", got.Steps, err)
	}
}

// TestAnswerIsMatch is a property: Answer finds what Match finds for each, no more and no less, within the bound.
func TestAnswerIsMatch(t *testing.T) {
	q := parse(t, alternatives)
	rapid.Check(t, func(t *rapid.T) {
		have := having(rapid.SliceOfN(rapid.SampledFrom([]string{"pid", "name", "home", "nice", "other"}), 0, 50).Draw(t, "types")...)
		for i := range have {
			have[i].Bound = rapid.Bool().Draw(t, "bound")
		}
		got, err := dcql.Answer(q, have)
		if err != nil || got.Steps > max(dcql.MaxWork, dcql.WorkEach*len(have)) {
			t.Fatal(got.Steps, err)
		}
		for i := range q.Credentials {
			c := &q.Credentials[i]
			var want []dcql.Fit
			for at, h := range have {
				if show, ok, err := c.Match(h); ok && err == nil {
					want = append(want, dcql.Fit{Candidate: at, Show: show})
				}
			}
			if diff := cmp.Diff(want, got.Of(c.ID), cmp.AllowUnexported(dcql.Step{})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// BenchmarkAnswer1000 evaluates the query of an access on 1,000 delegations: goal 20 ms (issue 5).
func BenchmarkAnswer1000(b *testing.B) {
	q := parse(b, `{"credentials":[
		{"id":"leaf","format":"dc+sd-jwt","meta":{"vct_values":["d"]},"claims":[
			{"id":"r","path":["delegation","permission",null,"resource"],"values":["appointments/gp","appointments"]},
			{"id":"a","path":["delegation","permission",null,"action",null],"values":["book"]},
			{"id":"s","path":["delegation","identity_assurance"]}],"claim_sets":[["r","a","s"],["r","a"]]},
		{"id":"other","format":"jwt_vc_json","meta":{"type_values":[["D"]]}}],"credential_sets":[{"options":[["leaf"],["other"]]}]}`)
	permission := func(resource string) any {
		return object{"id": "x", "resource": resource, "action": []any{"view", "book", "cancel"}, "risk": "routine"}
	}
	have := having(strings.Fields(strings.Repeat("d ", 1000))...)
	for i := range have {
		have[i].Claims = object{"delegation": object{"permission": []any{permission("gp-record"), permission("prescriptions"), permission("appointments")}}}
	}
	b.ReportAllocs()
	for b.Loop() {
		got, err := dcql.Answer(q, have)
		if err != nil || len(got.Of("leaf")) != 1000 {
			b.Fatal(err)
		}
	}
}
