// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// request is S1.
func (e *evaluation) request() {
	r := e.asked
	e.when("S1.1", requestMalformed(r), reason.RequestMalformed, nil)
	e.when("S1.2", r.Purpose == "", reason.RequestPurposeMissing, nil)
	e.when("S1.3", r.Controller == "", reason.RequestControllerMissing, nil)
	if r.Controller != "" {
		e.readPolicy()
	}
}

func requestMalformed(r *Request) bool {
	return r.Fault != "" ||
		r.Principal == "" || r.Resource == "" || r.Action == "" ||
		r.UsesSoFar < 0 ||
		r.Assurance != "" && assuranceRank(r.Assurance) == noRank ||
		windowMalformed(r.Window)
}

// windowMalformed takes the zero Window for none, as an empty object in a request is.
func windowMalformed(w *Window) bool {
	if w == nil || *w == (Window{}) {
		return false
	}
	return !credential.IsDate(w.From) || !credential.IsDate(w.To) || w.From > w.To
}

// window returns the record window that is asked for, nil if none is.
func (r *Request) window() *Window {
	if r.Window == nil || *r.Window == (Window{}) {
		return nil
	}
	return r.Window
}

// readPolicy is S1.4. A controller is unknown to a registry that is there; where there is none,
// that is what must be said, and nothing further can be checked.
func (e *evaluation) readPolicy() {
	if e.framework == nil || e.framework.Unavailable && e.framework.Controllers == nil {
		e.when("S1.4", true, reason.TrustRegistryUnavailable, nil)
		return
	}
	policy, ok := e.framework.Controllers[e.asked.Controller]
	e.when("S1.4", !ok, reason.ControllerUnknown, nil)
	e.policy = policy
}
