// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/test/interop/page"
)

// queries are DCQL queries for one credential called "q", of which some are met by some statements.
func queries() []string {
	const one = `{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{"vct_values":["%s"]}%s}]}`
	out := []string{fmt.Sprintf(one, "https://example.org/vct/unknown/1", "")}
	for _, vct := range []string{credential.VCTDelegation, credential.VCTWorkgroupMembership} {
		for _, claims := range []string{
			``,
			`,"claims":[{"path":["sub"]}]`,
			`,"claims":[{"path":["workgroup"],"values":["urn:example:workgroup:7"]}]`,
			`,"claims":[{"path":["workgroup"],"values":["urn:example:workgroup:8"]}]`,
			`,"claims":[{"path":["on_behalf_of","identifier","value"],"values":["9000000009"]}]`,
			`,"claims":[{"path":["on_behalf_of","identifier","value"],"values":["9000000001","9000000009"]}]`,
			`,"claims":[{"path":["delegation","permission",null,"resource"],"values":["appointments"]}]`,
			`,"claims":[{"path":["delegation","permission",0,"resource"],"values":["appointments"]}]`,
			`,"claims":[{"path":["delegation","permission",2,"resource"]}]`,
			`,"claims":[{"path":["delegation","permission",9,"resource"]}]`,
			`,"claims":[{"path":["delegation","permission","resource"]}]`,
			`,"claims":[{"path":["delegation","redelegation","max_depth"],"values":[1]}]`,
			`,"claims":[{"path":["delegation","redelegation","max_depth"],"values":["1"]}]`,
			`,"claims":[{"id":"a","path":["parent"]},{"id":"b","path":["sub"]}],"claim_sets":[["a"],["b"]]`,
			`,"claims":[{"id":"a","path":["parent"]},{"id":"b","path":["absent"]}],"claim_sets":[["a"],["b"]]`,
		} {
			out = append(out, fmt.Sprintf(one, vct, claims))
		}
	}
	return out
}

// query compares what a DCQL query finds, here and in the package dcql.
func (s *session) query(t *testing.T) {
	const format = "DCQL over dc+sd-jwt"
	f, err := sdjwt.New(sdjwt.Config{Random: rand.Reader, Now: now, Holders: didkey.New()})
	check(t, err)
	c := newCast(t, key.ES256)
	for name, statement := range statements(c, single()) {
		raw, err := f.Seal(t.Context(), statement, c.issuer.Signer)
		check(t, err)
		claims, err := sdjwt.Claims(raw)
		check(t, err)
		for _, q := range queries() {
			theirs := s.finds(t, q, credential.VCT(statement.Type), claims)
			ours := finds(t, q, credential.VCT(statement.Type), claims)
			switch {
			case ours != theirs:
				t.Errorf("%s: we find %v, theirs %v: %s", name, ours, theirs, q)
			case ours:
				s.tally.Accepted(format, page.Outward)
				s.tally.Accepted(format, page.Inward)
			default:
				s.tally.Refused(format, page.Outward)
				s.tally.Refused(format, page.Inward)
			}
		}
	}
}

func (s *session) finds(t *testing.T, query, vct string, claims []byte) bool {
	t.Helper()
	var got struct {
		Satisfied bool
		Matches   map[string][]int
	}
	s.must(t, "dcql.match", request{
		"query": json.RawMessage(query), "credentials": []any{map[string]any{"vct": vct, "claims": json.RawMessage(claims)}},
	}, &got)
	if got.Satisfied != slices.Equal(got.Matches["q"], []int{0}) {
		t.Errorf("theirs contradicts itself: %+v", got)
	}
	return got.Satisfied
}

func finds(t *testing.T, query, vct string, claims []byte) bool {
	t.Helper()
	q, err := dcql.Parse([]byte(query))
	check(t, err)
	var tree any
	d := json.NewDecoder(strings.NewReader(string(claims)))
	d.UseNumber()
	check(t, d.Decode(&tree))
	_, ok, err := q.Find("q").Match(dcql.Candidate{Format: "dc+sd-jwt", Types: []string{vct}, Bound: true, Claims: integers(tree)})
	check(t, err)
	return ok
}

// integers returns the tree with int64 in place of numbers, which are all whole here.
func integers(v any) any {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		return n
	case map[string]any:
		for name := range v {
			v[name] = integers(v[name])
		}
	case []any:
		for i := range v {
			v[i] = integers(v[i])
		}
	}
	return v
}
