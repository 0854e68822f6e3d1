// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// answer is what two implementers who read delegation.md must agree on, and the permission of
// the root by which uses are counted.
type answer struct {
	Outcome        string
	Reason         reason.Code
	Obligations    []string
	NarrowTo       []string
	Permission     string
	RootPermission string
}

func deny(why reason.Code) *answer { return &answer{Outcome: "deny", Reason: why} }

// link is a link with the permissions that were disclosed.
type link struct {
	delegation.Link
	*credential.Credential
	permissions []*permission
}

// opinion is one decision in the making.
type opinion struct {
	w      delegation.World
	p      delegation.Presentation
	r      delegation.Request
	fw     *trustframework.Framework
	policy trustframework.ControllerPolicy
	rel    trustframework.Relationship
	links  []*link
	acc    *accreditation         // of the root's issuer
	macc   map[int]*accreditation // of the mediator who signed link i
	ages   []time.Duration        // the noted ages
	read   func(raw string) *limits
}

// decide is §7: the first failing check ends the decision.
func decide(w delegation.World, p delegation.Presentation, r delegation.Request, read func(string) *limits) answer {
	o := &opinion{w: w, p: p, r: r, fw: w.Framework, macc: map[int]*accreditation{}, read: read}
	for _, step := range []func() *answer{o.request, o.presentation, o.eachLink, o.assembly, o.trust, o.status, o.chain, o.presenter, o.authority} {
		if a := step(); a != nil {
			return *a
		}
	}
	panic("the last step always answers")
}

// request is S1.
func (o *opinion) request() *answer {
	var known bool
	o.policy, known = o.fw.Controllers[o.r.Controller]
	w := o.r.Window
	switch {
	case o.r.Fault != "":
		return deny(o.r.Fault) // S1.1, a member malformed that the types cannot hold
	case o.r.Principal == "" || o.r.Resource == "" || o.r.Action == "":
		return deny("request.malformed") // S1.1
	case o.r.Assurance != "" && !slices.Contains(levels[:], o.r.Assurance) || o.r.UsesSoFar < 0:
		return deny("request.malformed") // S1.1
	case w != nil && *w != (delegation.Window{}) && (!isDate(w.From) || !isDate(w.To) || w.From > w.To):
		return deny("request.malformed") // S1.1
	case o.r.Purpose == "":
		return deny("request.purpose_missing") // S1.2
	case o.r.Controller == "":
		return deny("request.controller_missing") // S1.3
	case !known:
		return deny("controller.unknown") // S1.4
	}
	return nil
}

// presentation is S2.
func (o *opinion) presentation() *answer {
	const passed = delegation.Passed
	switch proof := o.p.Proof; {
	case proof.Nonce != passed:
		return deny("presentation.nonce_mismatch") // S2.1
	case proof.Audience != passed:
		return deny("presentation.audience_mismatch") // S2.2
	case proof.Unused != passed:
		return deny("presentation.replayed") // S2.3
	case proof.Fresh != passed:
		return deny("presentation.stale") // S2.4
	case proof.Holder != passed:
		return deny("presentation.holder_binding_failed") // S2.5
	case len(o.p.Chain) == 0:
		return deny("presentation.no_delegation") // S2.6
	case len(o.p.Chain) > o.fw.Limits.MaxChainLinks:
		return deny("chain.too_long") // S2.7
	case o.p.Incomplete:
		return deny("chain.parent_missing") // S2.8
	}
	o.disclose() // S2.9
	return nil
}

// disclose is S2.9: what was not disclosed does not exist for any later step.
func (o *opinion) disclose() {
	var all []*permission
	for _, l := range o.p.Chain {
		shown, some := o.p.Disclosed[l.Name]
		mine := &link{Link: l, Credential: l.Credential}
		o.links = append(o.links, mine)
		if l.Credential == nil {
			continue
		}
		for i := range l.Credential.Permissions {
			p := &l.Credential.Permissions[i]
			if !some || slices.Contains(shown, p.ID) {
				mine.permissions = append(mine.permissions, &permission{Permission: p, limits: o.read(string(p.Constraint.Raw))})
			}
		}
		all = append(all, mine.permissions...)
	}
	u := universeOf(all)
	for _, p := range all {
		p.allowed = u.allowed(p)
	}
}

// eachLink is S3, root first.
func (o *opinion) eachLink() *answer {
	now := o.w.Now
	for _, l := range o.links {
		switch {
		case l.Signature != delegation.Passed:
			return deny("credential.signature_invalid") // S3.1
		case l.Credential == nil:
			return deny(l.Fault) // nothing of it could be read (§2.6)
		case l.Type != "DelegationCredential":
			return deny("credential.type_unknown") // S3.2
		case l.Fault != "":
			return deny(l.Fault) // S3.3, found while the wire form was mapped (§2.6)
		case malformedLink(l.Credential):
			return deny("credential.schema_invalid") // S3.3
		case malformedPermissions(l.permissions):
			return deny("credential.schema_invalid") // S3.4
		case !l.ValidFrom.Before(l.ValidUntil):
			return deny("credential.schema_invalid") // S3.5
		case now.Before(l.ValidFrom):
			return deny("credential.not_yet_valid") // S3.6
		case !now.Before(l.ValidUntil):
			return deny("credential.expired") // S3.7
		}
	}
	return nil
}

// malformedLink is S3.3. A nil list is one that is absent.
func malformedLink(c *credential.Credential) bool {
	for _, text := range []string{c.Issuer, c.GrantedBy, c.OnBehalfOf.ID, c.Relationship, c.LegalBasis, c.Delegate.ID} {
		if text == "" {
			return true
		}
	}
	if c.ValidFrom.IsZero() || c.ValidUntil.IsZero() || c.Jurisdiction == nil || c.Purposes == nil || c.Controllers == nil {
		return true
	}
	if c.Prohibitions == nil || c.Permissions == nil || c.Redelegation.MaxDepth < 0 {
		return true
	}
	if !slices.Contains([]string{"person", "organisation", "workgroup", "agent"}, c.Delegate.Kind) {
		return true
	}
	return slices.ContainsFunc(c.Prohibitions, func(p credential.Prohibition) bool {
		return p.Actions == nil || p.Resource == "" || p.Resource == "/" || strings.Contains(p.Resource, "*")
	})
}

// malformedPermissions is S3.4.
func malformedPermissions(list []*permission) bool {
	for i, p := range list {
		if p.ID == "" || p.Resource == "" || p.Actions == nil || strings.Contains(p.Resource, "*") || p.Resource == "/" {
			return true
		}
		if !slices.Contains([]string{"routine", "sensitive", "high"}, p.Risk) {
			return true
		}
		if slices.ContainsFunc(list[:i], func(q *permission) bool { return q.ID == p.ID }) {
			return true
		}
	}
	return false
}

// assembly is S3b.
func (o *opinion) assembly() *answer {
	if o.links[0].Credential.Parent != nil {
		return deny("chain.parent_missing")
	}
	for _, c := range o.links[1:] {
		switch c.Link.Parent {
		case delegation.NotNamed:
			return deny("chain.parent_missing")
		case delegation.NamedByID:
			return deny("chain.digest_mismatch")
		}
	}
	return nil
}

func selfIssued(root *link) bool { return root.Issuer == root.OnBehalfOf.ID }

// trust is S4.
func (o *opinion) trust() *answer {
	root := o.links[0]
	var known bool
	o.rel, known = o.fw.Relationships[root.Relationship]
	switch {
	case o.fw.Unavailable:
		return deny("trust.registry_unavailable") // S4.1
	case o.w.Now.Sub(o.fw.AsOf) > time.Duration(o.fw.MaxAgeSeconds)*time.Second:
		return deny("trust.registry_stale") // S4.2
	case !known:
		return deny("trust.relationship_unknown") // S4.3
	case !slices.Contains(o.rel.LegalBases, root.LegalBasis):
		return deny("trust.legal_basis_mismatch") // S4.4
	case selfIssued(root) && !o.rel.SelfIssue:
		return deny("trust.self_issued_forbidden") // S4.5
	}
	if why := o.rootIssuer(root); why != "" {
		return deny(why) // S4.6, S4.7
	}
	return o.relationshipRules(root)
}

// rootIssuer is S4.6 for a root that the principal issued and S4.7 for every other.
func (o *opinion) rootIssuer(root *link) (why reason.Code) {
	if !selfIssued(root) {
		o.acc, why = o.accreditationFor(root, false)
		return why
	}
	o.acc = &accreditation{selfIssued: true, maxRisk: o.rel.MaxRisk}
	if o.acc.maxRisk == "" {
		o.acc.maxRisk = "high"
	}
	if !o.noteFreshest("IdentityBindingCredential", root.Issuer, "") {
		return "trust.principal_unbound"
	}
	return ""
}

// relationshipRules is S4.8 to S4.13.
func (o *opinion) relationshipRules(root *link) *answer {
	const day = 24 * time.Hour
	rel := o.rel
	switch {
	case rel.MaxValidityDays > 0 && root.ValidUntil.Sub(root.ValidFrom) > time.Duration(rel.MaxValidityDays)*day:
		return deny("trust.validity_too_long") // S4.8
	case len(rel.DelegateKinds) > 0 && !slices.Contains(rel.DelegateKinds, root.Delegate.Kind):
		return deny("trust.delegate_kind") // S4.9
	case rel.TransitionRequired && (root.TransitionAt.IsZero() || root.ValidUntil.After(root.TransitionAt)):
		return deny("trust.relationship_rule") // S4.10
	case rel.SeparationOfDuties && root.GrantedBy == root.Delegate.ID:
		return deny("trust.separation_of_duties") // S4.11
	case rel.ReviewRequired && root.ReviewBy.IsZero():
		return deny("trust.relationship_rule") // S4.12
	}
	for _, l := range o.links {
		if o.r.Jurisdiction != "" && !slices.Contains(l.Jurisdiction, o.r.Jurisdiction) {
			return deny("trust.jurisdiction") // S4.13
		}
	}
	return nil
}

// noteFreshest notes the age of the freshest supporting credential that counts (§4.5).
func (o *opinion) noteFreshest(kind, subject, workgroup string) (some bool) {
	var ages []time.Duration
	for _, s := range o.p.Supporting {
		c, status := s.Credential, o.w.Status[s.Name]
		if c.Type == kind && c.Delegate.ID == subject && (workgroup == "" || c.Workgroup == workgroup) &&
			s.Signature == delegation.Passed && !o.w.Now.Before(c.ValidFrom) && o.w.Now.Before(c.ValidUntil) &&
			status.State == "valid" && o.accredited(c.Issuer, kind, c.ValidFrom) {
			ages = append(ages, status.Age)
		}
	}
	if len(ages) > 0 {
		o.ages = append(o.ages, slices.Min(ages))
	}
	return len(ages) > 0
}

// status is S5, root to leaf.
func (o *opinion) status() *answer {
	for _, l := range o.links {
		status := o.w.Status[l.Name]
		switch status.State {
		case "revoked":
			return deny("status.revoked")
		case "suspended":
			return deny("status.suspended")
		case "valid":
			o.ages = append(o.ages, status.Age)
		default:
			return deny("status.unavailable")
		}
	}
	return nil
}

// presenter is S7.
func (o *opinion) presenter() *answer {
	leaf := o.links[len(o.links)-1]
	if leaf.Delegate.Kind == "workgroup" {
		if !o.noteFreshest("WorkgroupMembershipCredential", o.p.Presenter, leaf.Delegate.ID) {
			return deny("presentation.not_a_member")
		}
		return nil
	}
	if o.p.Presenter != leaf.Delegate.ID {
		return deny("presentation.holder_binding_failed")
	}
	return nil
}
