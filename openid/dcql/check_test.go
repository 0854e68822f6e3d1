// SPDX-License-Identifier: Apache-2.0

package dcql_test

import (
	"testing"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
)

// TestCheck has JSN-14: values are compared as they are.
func TestCheck(t *testing.T) {
	q, err := dcql.Parse([]byte(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["v"]},"claims":[
		{"path":["name"],"values":["Jos\u00e9"]},{"path":["numbers",null],"values":["9434765919"]},{"path":["age"]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	have := func(change func(claims map[string]any)) dcql.Candidate {
		claims := map[string]any{"name": "Jos\u00e9", "numbers": []any{"1", "9434765919"}, "age": int64(7)}
		change(claims)
		return dcql.Candidate{Format: "dc+sd-jwt", Types: []string{"v"}, Bound: true, Claims: claims}
	}
	set := func(name string, v any) dcql.Candidate { return have(func(c map[string]any) { c[name] = v }) }
	other := set("age", int64(8))
	other.Types = []string{"w"}
	unbound := set("age", int64(8))
	unbound.Bound = false
	for name, c := range map[string]struct {
		have dcql.Candidate
		want reason.Code
	}{
		"base":                          {have(func(map[string]any) {}), ""},
		"JSN-14 decomposed":             {set("name", "Jose\u0301"), reason.QueryValueMismatch},
		"JSN-14 full-width digits":      {set("numbers", []any{"\uff19\uff14\uff13\uff14\uff17\uff16\uff15\uff19\uff11\uff19"}), reason.QueryValueMismatch},
		"JSN-14 look-alike":             {set("name", "J\u043es\u00e9"), reason.QueryValueMismatch},
		"JSN-14 zero width":             {set("name", "Jos\u00e9\u200b"), reason.QueryValueMismatch},
		"JSN-14 case":                   {set("name", "jos\u00e9"), reason.QueryValueMismatch},
		"number in place of its digits": {set("numbers", []any{int64(9434765919)}), reason.QueryValueMismatch},
		"absent":                        {have(func(c map[string]any) { delete(c, "age") }), reason.QueryUnsatisfied},
		"absent, with a value due":      {have(func(c map[string]any) { delete(c, "name") }), reason.QueryUnsatisfied},
		"another type":                  {other, reason.QueryTypeMismatch},
		"without a holder proof":        {unbound, reason.QueryUnsatisfied},
	} {
		if err := q.Credentials[0].Check(c.have); reason.Of(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
