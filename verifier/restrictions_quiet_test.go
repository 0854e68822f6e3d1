// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/verifier"
)

// TestRestrictionComesBeforeOffers shows that a restriction is not given away by what is offered
// instead: where a step-up, a narrower request, a journey or an obligation would have come, a delegate
// sees the same octets as where the resource is offered to nobody.
func TestRestrictionComesBeforeOffers(t *testing.T) {
	for name, c := range map[string]struct {
		asked  verifier.Access
		root   edit
		policy []string // requestable
		want   string   // without either refusal
	}{
		"step-up":    {lowly(booking()), constrained(`{"minAssurance":"high"}`), nil, "step_up"},
		"narrower":   {to("appointments", "view"), grants("appointments/own", "view"), nil, "deny"},
		"journey":    {to("appointments", "view"), grants("prescriptions", "view"), []string{"appointments"}, "request_permission"},
		"obligation": {unsorted(booking()), constrained(`{"excludeCategories":["x"]}`), nil, "permit_with_obligations"},
	} {
		for _, format := range []string{sd, vc} {
			t.Run(name+" "+format, func(t *testing.T) {
				seen := map[string]string{}
				for _, r := range append(refusals(), refusal{"free", "", nil, func(*world) {}}) {
					w := newWorld(t)
					p := w.framework.Controllers[controller]
					p.Requestable = c.policy
					w.framework.Controllers[controller] = p
					w.framework.Accreditations[0].Resources = append(w.framework.Accreditations[0].Resources, "appointments/own")
					r.set(w)
					root := w.root(format)
					then(c.root, r.root)(root)
					s := w.ask(c.asked)
					got := w.post(s, map[string][]string{queryOf(format): {w.showAny(s, format, w.seal(format, root, w.issuer), w.bob)}})
					if r.name == "free" {
						if got.outcome != c.want {
							t.Errorf("without a refusal: %+v", got)
						}
						continue
					}
					if got.code != r.code {
						t.Errorf("%s: %+v", r.name, got)
					}
					seen[ids(got.body)] = r.name
				}
				if len(seen) != 1 {
					t.Errorf("a delegate can tell apart: %v", seen)
				}
			})
		}
	}
}

func constrained(text string) edit {
	return func(c *credential.Credential) {
		c.Permissions[0].Constraint = credential.ParseConstraint([]byte(text))
	}
}

func lowly(a verifier.Access) verifier.Access {
	a.Assurance = "low"
	return a
}

func unsorted(a verifier.Access) verifier.Access {
	a.Categories = nil
	return a
}
