// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

func TestSecuredTravels(t *testing.T) {
	for _, c := range []struct{ secured, json string }{
		{"a.b.c~d~", `"a.b.c~d~"`},
		{`{ "proof":{} }`, `{ "proof":{} }`},
	} {
		v, err := credential.SecuredJSON(c.secured)
		if err != nil || string(v) != c.json {
			t.Errorf("SecuredJSON(%s) = %s, %v; want %s", c.secured, v, err, c.json)
		}
		back, err := credential.ReadSecured(v)
		if err != nil || back != c.secured {
			t.Errorf("ReadSecured(%s) = %s, %v", v, back, err)
		}
	}
	if _, err := credential.SecuredJSON(`{"a":1,"a":2}`); reason.Of(err) != reason.JSONDuplicateName {
		t.Errorf("an object with a name twice: %v", err)
	}
}

func TestReadSecuredRefuses(t *testing.T) {
	for value, want := range map[string]reason.Code{
		`"{\"payload\":\"\"}"`: reason.JOSESerializationForbidden,
		`["a.b.c"]`:            reason.JSONType,
		`7`:                    reason.JSONType,
		`null`:                 reason.JSONType,
	} {
		if got, err := credential.ReadSecured(strictjson.Value(value)); reason.Of(err) != want {
			t.Errorf("ReadSecured(%s) = %q, %v; want %s", value, got, err, want)
		}
	}
}
