// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
)

// Fact is one thing that a credential says. Value may hold text from outside: escape it for a terminal.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Above int    `json:"above,omitzero"` // 0: of the credential itself; n: of the n-th link above it; -n: of the n-th beside it
}

// factList gathers facts of one link.
type factList struct {
	above int
	list  []Fact
}

func (f *factList) add(name string, values ...string) {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	if len(values) > 0 {
		f.list = append(f.list, Fact{name, strings.Join(values, ", "), f.above})
	}
}

// facts lists everything that c says: no member of credential.Credential is left out.
func facts(c *credential.Credential, above int) []Fact {
	f := &factList{above: above}
	f.add(map[bool]string{true: "you", false: "held by"}[above == 0], c.Delegate.ID)
	f.add("as", words(c.Delegate.Kind))
	f.add("operated by", c.Delegate.OperatedBy)
	f.add("workgroup", c.Workgroup)
	f.add("acting for", c.OnBehalfOf.ID)
	if id := c.OnBehalfOf.Identifier; id != nil {
		f.add("their number", id.Value+" ("+id.System+")")
	}
	f.add("relationship", words(c.Relationship))
	f.add("legal basis", words(c.LegalBasis))
	f.add("granted by", c.GrantedBy)
	f.add("issuer", c.Issuer)
	for _, p := range c.Permissions {
		f.add("permission", allowed(p))
	}
	for _, p := range c.Prohibitions {
		f.add("not allowed", p.Resource+": "+strings.Join(p.Actions, ", "))
	}
	f.add("for", c.Purposes...)
	f.add("at", c.Controllers...)
	f.add("in", c.Jurisdiction...)
	f.add("may be passed on", onward(c.Redelegation))
	f.times(c)
	f.background(c)
	return f.list
}

func (f *factList) times(c *credential.Credential) {
	f.add("valid", c.ValidFrom.Format(time.RFC3339)+" to "+c.ValidUntil.Format(time.RFC3339))
	if !c.ReviewBy.IsZero() {
		f.add("to be reviewed by", c.ReviewBy.Format(time.RFC3339))
	}
	if !c.TransitionAt.IsZero() {
		f.add("changes at", c.TransitionAt.Format(time.RFC3339))
	}
}

// background is what a person rarely reads, and what leaves all the same.
func (f *factList) background(c *credential.Credential) {
	if a := c.Assurance; a != nil {
		f.add("how surely people were identified", "they: "+a.Principal+", you: "+a.Delegate, a.Scheme)
	}
	for _, e := range c.Evidence {
		f.add("record behind it", e.Type, e.ID, e.LegalBasisCode, e.DigestSRI)
	}
	f.add("trust framework", c.Framework, c.Policy)
	f.add("renewed at", c.Refresh)
	f.add("kind of credential", c.Type)
	f.add("number of the credential", c.ID)
	if c.Parent != nil {
		f.add("rests on", c.Parent.ID, c.Parent.Digest)
	}
	for _, s := range c.Status {
		f.add("place in a status list", strings.TrimSpace(fmt.Sprintf("%s#%d %s", s.List, s.Index, s.Purpose)))
	}
}

// words writes a name of the vocabulary as words.
func words(name string) string { return strings.ReplaceAll(name, "-", " ") }

func allowed(p credential.Permission) string {
	text := p.Resource + ": " + strings.Join(p.Actions, ", ") + " (" + p.Risk + ")"
	if raw := string(p.Constraint.Raw); raw != "" && raw != "{}" {
		text += " if " + raw
	}
	return text + " [" + p.ID + "]"
}

func onward(r credential.Redelegation) string {
	switch {
	case r.MaxDepth == 0:
		return "no"
	case r.Kinds == nil:
		return howOften(r.MaxDepth) + ", to a person"
	}
	return howOften(r.MaxDepth) + ", to: " + strings.Join(r.Kinds, ", ")
}
