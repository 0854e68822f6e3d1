// SPDX-License-Identifier: Apache-2.0

package strictjson_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TestContextTerms shows that the terms of a context are told apart by case, as JSON-LD does, and that
// nothing else is, in no reader, however many names there are.
func TestContextTerms(t *testing.T) {
	var many strings.Builder
	for i := range 40 {
		fmt.Fprintf(&many, `"t%d":0,`, i)
	}
	for text, want := range map[string]reason.Code{
		`{"@context":{"Degree":"a:b","degree":"a:c"}}`:                       "",
		`{"@context":["a:b",{"Degree":{"@context":{"X":"a:x","x":"a:y"}}}]}`: "",
		`{"@context":{` + many.String() + `"T1":0}}`:                         "",
		`{"@context":{"degree":"a:b","degree":"a:c"}}`:                       reason.JSONDuplicateName,
		`{"@context":{` + many.String() + `"t1":0}}`:                         reason.JSONDuplicateName,
		`{"@context":{},"Degree":1,"degree":2}`:                              reason.JSONCaseVariant,
		`{"a":{"@context":{"X":"a:x","x":"a:y"}},"b":{"X":1,"x":2}}`:         reason.JSONCaseVariant,
		`{"@Context":{"X":1,"x":2}}`:                                         reason.JSONCaseVariant,
		`{"@context":{},"@Context":{}}`:                                      reason.JSONCaseVariant,
		`{` + many.String() + `"T1":0}`:                                      reason.JSONCaseVariant,
		`{"\u0040context":{"X":"a:x","x":"a:y"}}`:                            "",
	} {
		if err := strictjson.Check([]byte(text)); reason.Of(err) != want && (want != "" || err != nil) {
			t.Errorf("Check %s: %v, want %q", text, err, want)
		}
		if _, err := strictjson.CheckMembers([]byte(text), nil); reason.Of(err) != want && (want != "" || err != nil) {
			t.Errorf("CheckMembers %s: %v, want %q", text, err, want)
		}
	}
}
