// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// rawRequest is step 3 of §17 for the request.
func (d *document) rawRequest(s *entry) (object, error) {
	merged, err := merge(d.Defaults.Request, s.Request)
	if err != nil {
		return nil, err
	}
	o, err := read(merged)
	if err != nil {
		return nil, err
	}
	for _, name := range s.RequestOmit {
		delete(o, name)
	}
	return o, nil
}

// request maps o to decision names.
func (o object) request() (delegation.Request, error) {
	m := mapping{}
	for name, v := range o {
		if !m.member(name, v) {
			return delegation.Request{}, malformed("request has the unknown member", name)
		}
	}
	return m.request, nil
}

// mapping is a request while it is read.
type mapping struct{ request delegation.Request }

// member sets one member; a value of the wrong type is the request's fault, not the file's. It
// is false for a member that there is not.
func (m *mapping) member(name string, v strictjson.Value) bool {
	r := &m.request
	switch name {
	case "principal":
		m.text(&r.Principal, v)
	case "resource":
		m.text(&r.Resource, v)
	case "action":
		m.text(&r.Action, v)
	case "purpose":
		m.text(&r.Purpose, v)
	case "controller":
		m.text(&r.Controller, v)
	case "jurisdiction":
		m.text(&r.Jurisdiction, v)
	case "assurance":
		m.assurance(v)
	case "categories":
		m.texts(&r.Categories, v)
	case "satisfied":
		m.texts(&r.Satisfied, v)
	case "supportedObligations":
		m.texts(&r.SupportedObligations, v)
	case "recordWindow":
		m.window(v)
	case "usesSoFar":
		m.uses(v)
	default:
		return false
	}
	return true
}

func (m *mapping) when(bad bool) {
	if bad {
		m.request.Fault = reason.RequestMalformed
	}
}

func (m *mapping) text(out *string, v strictjson.Value) {
	*out = text(v)
	m.when(*out == "" && !isNull(v) && string(v) != `""`)
}

// assurance may be absent; an empty one is an unknown level.
func (m *mapping) assurance(v strictjson.Value) {
	m.request.Assurance = text(v)
	m.when(m.request.Assurance == "" && !isNull(v))
}

func (m *mapping) texts(out *[]string, v strictjson.Value) {
	*out = texts(v)
	m.when(*out == nil && !isNull(v))
}

func (m *mapping) uses(v strictjson.Value) {
	if isNull(v) {
		return
	}
	n := integer(v)
	m.when(n < 0)
	m.request.UsesSoFar = max(n, 0)
}

// window takes an empty object for no window; one end alone is left for the decision to refuse.
func (m *mapping) window(v strictjson.Value) {
	if isNull(v) {
		return
	}
	o, err := read(v)
	m.when(err != nil)
	if len(o) == 0 {
		return
	}
	w := &delegation.Window{}
	for name, end := range o {
		switch name {
		case "from":
			m.text(&w.From, end)
		case "to":
			m.text(&w.To, end)
		default:
			m.when(true)
		}
	}
	m.when(w.From == "" || w.To == "")
	m.request.Window = w
}
