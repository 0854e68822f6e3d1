// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/trustframework"
)

// world is the five world defaults of a file.
type world struct {
	Now              time.Time                                  `json:"now"`
	TrustFramework   *trustframework.Framework                  `json:"trustFramework"`
	ControllerPolicy map[string]trustframework.ControllerPolicy `json:"controllerPolicy"`
	Status           map[string]status                          `json:"status"`
	Restrictions     []delegation.Restriction                   `json:"restrictions"`
}

// status is an entry of the member "status". An own entry replaces that of "default" whole.
type status struct {
	State      string `json:"state"`
	AgeSeconds int64  `json:"ageSeconds"`
}

// world is step 1 of §17.
func (d *document) world(s *entry, lib library) (delegation.World, error) {
	w, err := d.readWorld(s)
	if err != nil {
		return delegation.World{}, err
	}
	out := delegation.World{Now: w.Now, Framework: w.framework(), Restrictions: w.Restrictions}
	out.Status = make(map[string]delegation.Status, len(lib))
	for name := range lib {
		st, own := w.Status[name]
		if !own {
			st = w.Status["default"]
		}
		out.Status[name] = delegation.Status{State: st.State, Age: time.Duration(st.AgeSeconds) * time.Second}
	}
	return out, nil
}

func (d *document) readWorld(s *entry) (*world, error) {
	base := object{}
	for name, v := range map[string]strictjson.Value{
		"now": d.Defaults.Now, "trustFramework": d.Defaults.TrustFramework,
		"controllerPolicy": d.Defaults.ControllerPolicy, "status": d.Defaults.Status,
		"restrictions": d.Defaults.Restrictions,
	} {
		if !isNull(v) {
			base[name] = v
		}
	}
	start, err := strictjson.Marshal(base)
	if err != nil {
		return nil, err
	}
	merged, err := merge(start, s.Given.World)
	if err != nil {
		return nil, err
	}
	w := &world{}
	return w, strictjson.UnmarshalClosed(merged, w)
}

// framework puts the policies into the framework, where the decision looks for them. A value
// outside its list makes the registry unavailable (§4).
func (w *world) framework() *trustframework.Framework {
	f := w.TrustFramework
	if f == nil {
		return nil
	}
	f.Controllers = w.ControllerPolicy
	if f.Controllers == nil {
		f.Controllers = map[string]trustframework.ControllerPolicy{}
	}
	if slices.ContainsFunc(f.Accreditations, entryMalformed) {
		f.Unavailable = true
	}
	for _, rel := range f.Relationships {
		if !anyOf(rel.MaxRisk, "", "routine", "sensitive", "high") {
			f.Unavailable = true
		}
	}
	return f
}

func entryMalformed(a trustframework.Accreditation) bool {
	for _, typ := range a.Types {
		if !anyOf(typ, "Accreditation", credential.TypeDelegation, credential.TypeIdentityBinding, credential.TypeWorkgroupMembership) {
			return true
		}
	}
	return !anyOf(a.Status, trustframework.Active, trustframework.Suspended, trustframework.Revoked, trustframework.Retired) ||
		!anyOf(a.MaxRisk, "", "routine", "sensitive", "high") ||
		!anyOf(a.MinAssurance, "", "low", "substantial", "high")
}

func anyOf(s string, known ...string) bool { return contains(known, s) }
