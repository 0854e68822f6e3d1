// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/vp"
)

// NotTold is what is passed on of the number by which others know the principal.
const NotTold = "not told"

// Terms is what a holder sees before they sign something for somebody else: what they hold beside
// what they pass on. Texts may come from outside: escape them for a terminal.
type Terms struct {
	Credential  *Entry   `json:"credential"` // what is held
	To          string   `json:"to"`         // DID of who may act
	Kind        string   `json:"kind"`
	OperatedBy  string   `json:"operated_by,omitempty"`
	Limits      []Limit  `json:"limits"`
	LeftOut     []string `json:"left_out,omitempty"` // permissions held of which nothing is passed on
	Whole       bool     `json:"whole"`              // the format can hold nothing back: they read all of what is held
	TakenBackBy []string `json:"can_be_taken_back_by"`
}

// Limit is one thing that a delegation says, as it is held and as it is passed on.
type Limit struct {
	Of     string `json:"of,omitempty"` // resource of the permission that is passed on; "": all of them
	Name   string `json:"name"`
	Held   string `json:"held"`
	Passed string `json:"passed_on"`
}

// Narrowed reports whether less is passed on than is held.
func (l Limit) Narrowed() bool { return l.Held != l.Passed }

// terms says what child, whose permissions are within those of from, passes on of e.
func (w *Wallet) terms(e *Entry, chain []credential.Verified, child *credential.Credential, from []credential.Permission) Terms {
	above := chain[len(chain)-1].Credential()
	t := Terms{
		Credential: e, To: child.Delegate.ID, Kind: child.Delegate.Kind, OperatedBy: child.Delegate.OperatedBy,
		Whole: !vp.Selective(e.Format), TakenBackBy: w.entitled(chain),
	}
	for i, p := range child.Permissions {
		t.permission(from[i], p)
	}
	t.add("", "acting for", above.OnBehalfOf.ID, child.OnBehalfOf.ID)
	t.add("", "until", instant(above.ValidUntil), instant(child.ValidUntil))
	t.add("", "may be passed on", onward(above.Redelegation), onward(child.Redelegation))
	t.add("", "for", words(strings.Join(above.Purposes, ", ")), words(strings.Join(child.Purposes, ", ")))
	t.add("", "at", strings.Join(above.Controllers, ", "), strings.Join(child.Controllers, ", "))
	t.add("", "in", strings.Join(above.Jurisdiction, ", "), strings.Join(child.Jurisdiction, ", "))
	t.add("", "not allowed", prohibited(above), prohibited(child))
	if id := above.OnBehalfOf.Identifier; id != nil {
		t.add("", "their number", id.Value, map[bool]string{true: id.Value, false: NotTold}[t.Whole])
	}
	for _, p := range above.Permissions {
		if !p.Constraint.Void && !used(from, p.ID) {
			t.LeftOut = append(t.LeftOut, p.Resource+": "+strings.Join(p.Actions, ", "))
		}
	}
	return t
}

func used(from []credential.Permission, id string) bool {
	for _, p := range from {
		if p.ID == id {
			return true
		}
	}
	return false
}

// add notes a limit that either side has.
func (t *Terms) add(of, name, held, passed string) {
	if held != "" || passed != "" {
		t.Limits = append(t.Limits, Limit{of, name, held, passed})
	}
}

// permission notes the limits of one permission and of the one held that it is within.
func (t *Terms) permission(held, passed credential.Permission) {
	of, h, p := passed.Resource, held.Constraint, passed.Constraint
	t.add(of, "resource", held.Resource, passed.Resource)
	t.add(of, "may", strings.Join(held.Actions, ", "), strings.Join(passed.Actions, ", "))
	t.add(of, "records", between(h), between(p))
	t.add(of, "no records of", strings.Join(h.Exclude, ", "), strings.Join(p.Exclude, ", "))
	t.add(of, "only records of", strings.Join(h.Include, ", "), strings.Join(p.Include, ", "))
	t.add(of, "signed in at least", h.MinAssurance, p.MinAssurance)
	t.add(of, "on condition of", strings.Join(h.Requires, ", "), strings.Join(p.Requires, ", "))
	t.add(of, "uses, of all together", uses(h), uses(p))
}

func between(c credential.Constraint) string {
	switch {
	case c.DateFrom == "" && c.DateTo == "":
		return ""
	case c.DateTo == "":
		return "from " + c.DateFrom
	case c.DateFrom == "":
		return "to " + c.DateTo
	}
	return c.DateFrom + " to " + c.DateTo
}

func uses(c credential.Constraint) string {
	if c.MaxUses == 0 {
		return ""
	}
	return strconv.Itoa(c.MaxUses)
}

func prohibited(c *credential.Credential) string {
	var out []string
	for _, p := range c.Prohibitions {
		out = append(out, p.Resource+": "+strings.Join(p.Actions, ", "))
	}
	return strings.Join(out, "; ")
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// entitled names everybody who can take back a link below chain (delegation.md §12), as the issuer
// that hosts its status goes by.
func (w *Wallet) entitled(chain []credential.Verified) []string {
	out := []string{"you"}
	for _, v := range chain[1:] {
		out = append(out, v.Credential().Issuer+", who had it before you")
	}
	root := chain[0].Credential()
	name := w.nameOf(root.Issuer, "")
	out = append(out, name)
	if root.GrantedBy != root.OnBehalfOf.ID && signs(root.GrantedBy) {
		out = append(out, root.GrantedBy+", who granted it")
	}
	if signs(root.OnBehalfOf.ID) {
		out = append(out, root.OnBehalfOf.ID+", for whom you act")
	} else {
		out = append(out, "the person for whom you act, through "+name)
	}
	if slices.ContainsFunc(w.cfg.Framework().Anchors, signs) {
		out = append(out, "the operator of the trust framework")
	}
	return out
}

// signs reports whether id is the DID of somebody who can ask the issuer under a key of their own.
func signs(id string) bool {
	d, err := did.Parse(id)
	return err == nil && (d.Method() == "key" || d.Method() == "jwk")
}
