// SPDX-License-Identifier: Apache-2.0

package trustframework_test

import (
	"regexp"
	"testing"

	"github.com/behalf-id/behalf/internal/shared"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/trustframework"
)

// The frameworks of the scenario file are read as they are, with names for DIDs; and with DIDs in
// place of the names a registry publishes them.
func TestScenarioFrameworks(t *testing.T) {
	raw := shared.Open(t, "scenarios/delegation.json")
	var file struct {
		Defaults struct {
			Framework strictjson.Value                           `json:"trustFramework"`
			Policy    map[string]trustframework.ControllerPolicy `json:"controllerPolicy"`
		} `json:"defaults"`
	}
	if err := strictjson.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	named, err := trustframework.Read(file.Defaults.Framework)
	if err != nil {
		t.Fatal(err)
	}
	if len(trustframework.Problems(named)) == 0 {
		t.Error("a registry would publish names in place of DIDs")
	}
	party := regexp.MustCompile(`"(trust-root|national-accreditor|proxy-service|hospital-trust|optician-chain)"`)
	f, err := trustframework.Read(party.ReplaceAll(file.Defaults.Framework, []byte(`"did:web:$1.example.org"`)))
	if err != nil {
		t.Fatal(err)
	}
	f.Controllers = file.Defaults.Policy
	if err := trustframework.Validate(f); err != nil {
		t.Fatal(err)
	}
	if len(f.Accreditations) < 4 || len(f.Relationships) < 8 || len(f.Controllers) == 0 {
		t.Fatal("the file holds less than it did")
	}
}
