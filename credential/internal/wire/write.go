// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"strconv"

	"github.com/behalf-id/behalf/credential"
)

// WriteVC writes c as ReadVC reads it: compact JSON, "@context" first. It refuses what every
// reader would, and status entries other than the pair of Bitstring Status List.
func WriteVC(c *credential.Credential) ([]byte, error) {
	if err := credential.Check(c); err != nil {
		return nil, err
	}
	if !isPair(c.Status) {
		return nil, Invalid("status is not a pair for revocation and suspension")
	}
	o := Open(make([]byte, 0, 1536+384*len(c.Permissions)))
	o.List("@context", []string{credential.ContextVC, credential.ContextDelegation})
	o.Text("id", c.ID)
	o.List("type", []string{"VerifiableCredential", c.Type})
	o.Text("issuer", c.Issuer)
	o.Time("validFrom", c.ValidFrom)
	o.Time("validUntil", c.ValidUntil)
	o.Name("credentialSubject")
	o.Buf = appendSubject(o.Buf, c)
	o.Name("credentialStatus")
	o.Buf = appendStatus(o.Buf, c.Status)
	appendInformative(&o, c)
	return o.Close(), nil
}

func isPair(refs []credential.StatusRef) bool {
	if len(refs) != 2 || refs[0].Purpose == refs[1].Purpose || refs[0].List == refs[1].List && refs[0].Index == refs[1].Index {
		return false
	}
	for _, r := range refs {
		if r.Kind != credential.BitstringStatusList || r.Purpose != "revocation" && r.Purpose != "suspension" {
			return false
		}
	}
	return true
}

func appendSubject(dst []byte, c *credential.Credential) []byte {
	o := Open(dst)
	o.Text("id", c.Delegate.ID)
	if c.Type != credential.TypeDelegation {
		o.Optional("workgroup", c.Workgroup)
		return o.Close()
	}
	o.Text("type", "Delegate")
	o.Delegate(c, Camel)
	o.Name("onBehalfOf")
	p := Open(o.Buf)
	p.Text("id", c.OnBehalfOf.ID)
	if c.OnBehalfOf.Identifier != nil {
		p.Name("identifier")
		p.Buf = AppendIdentifier(p.Buf, c.OnBehalfOf.Identifier)
	}
	o.Buf = p.Close()
	o.Name("delegation")
	d := Open(o.Buf)
	d.Text("type", "Delegation")
	d.Limits(c, Camel)
	if c.Assurance != nil {
		d.Name("identityAssurance")
		d.Buf = AppendAssurance(d.Buf, c.Assurance)
	}
	d.Name("permission")
	d.Buf = appendPermissions(d.Buf, c.Permissions)
	o.Buf = d.Close()
	return o.Close()
}

// Delegate appends what stands beside the delegate's id.
func (o *Object) Delegate(c *credential.Credential, s Spelling) {
	o.Text(s.name(delegateKind), c.Delegate.Kind)
	o.Optional(s.name(operatedBy), c.Delegate.OperatedBy)
}

// Limits appends the limiting members of delegation.
func (o *Object) Limits(c *credential.Credential, s Spelling) {
	o.Text(s.name(relationship), c.Relationship)
	o.Text(s.name(legalBasis), c.LegalBasis)
	o.Text(s.name(grantedBy), c.GrantedBy)
	o.List(s.name(jurisdiction), c.Jurisdiction)
	o.List(s.name(purpose), c.Purposes)
	o.List(s.name(dataController), c.Controllers)
	o.Time(s.name(reviewBy), c.ReviewBy)
	o.Time(s.name(transitionAt), c.TransitionAt)
	o.Name(s.name(redelegation))
	o.Buf = appendRedelegation(o.Buf, c.Redelegation)
	o.Name(s.name(prohibition))
	o.Buf = appendProhibitions(o.Buf, c.Prohibitions)
	if c.Parent != nil {
		o.Name(s.name(parent))
		p := Open(o.Buf)
		p.Text("id", c.Parent.ID)
		p.Text("digest", c.Parent.Digest)
		o.Buf = p.Close()
	}
}

func appendRedelegation(dst []byte, r credential.Redelegation) []byte {
	o := Open(dst)
	o.Int("maxDepth", int64(r.MaxDepth))
	if r.Kinds != nil {
		o.List("kinds", r.Kinds)
	}
	return o.Close()
}

func appendProhibitions(dst []byte, ps []credential.Prohibition) []byte {
	dst = append(dst, '[')
	for i, p := range ps {
		if i > 0 {
			dst = append(dst, ',')
		}
		o := Open(dst)
		o.Text("resource", p.Resource)
		o.List("actions", p.Actions)
		dst = o.Close()
	}
	return append(dst, ']')
}

func appendPermissions(dst []byte, ps []credential.Permission) []byte {
	dst = append(dst, '[')
	for i := range ps {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendPermission(dst, &ps[i], Camel)
	}
	return append(dst, ']')
}

// AppendPermission appends p as a JSON object.
func AppendPermission(dst []byte, p *credential.Permission, s Spelling) []byte {
	o := Open(dst)
	o.Text("id", p.ID)
	if s == Camel {
		o.Text("type", "Permission")
	}
	o.Text("resource", p.Resource)
	o.List("action", p.Actions)
	o.Text("risk", p.Risk)
	o.Name("constraint")
	o.Buf = appendConstraint(o.Buf, &p.Constraint)
	return o.Close()
}

// appendConstraint appends c: its members, or what was received where it is void.
func appendConstraint(dst []byte, c *credential.Constraint) []byte {
	if c.Void && len(c.Raw) > 0 {
		return append(dst, c.Raw...)
	}
	o := Open(dst)
	o.Optional("dateFrom", c.DateFrom)
	o.Optional("dateTo", c.DateTo)
	if len(c.Exclude) > 0 {
		o.List("excludeCategories", c.Exclude)
	}
	if c.Include != nil {
		o.List("includeCategories", c.Include)
	}
	o.Optional("minAssurance", c.MinAssurance)
	if len(c.Requires) > 0 {
		o.List("requires", c.Requires)
	}
	if c.MaxUses != 0 {
		o.Int("maxUses", int64(c.MaxUses))
	}
	return o.Close()
}

// AppendIdentifier appends i as a JSON object.
func AppendIdentifier(dst []byte, i *credential.Identifier) []byte {
	o := Open(dst)
	o.Text("system", i.System)
	o.Text("value", i.Value)
	return o.Close()
}

// AppendAssurance appends a as a JSON object.
func AppendAssurance(dst []byte, a *credential.Assurance) []byte {
	o := Open(dst)
	o.Optional("principal", a.Principal)
	o.Optional("delegate", a.Delegate)
	o.Optional("scheme", a.Scheme)
	return o.Close()
}

// AppendEvidence appends list as a JSON array.
func AppendEvidence(dst []byte, list []credential.Evidence) []byte {
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		o := Open(dst)
		o.Text("id", e.ID)
		o.Text("type", e.Type)
		o.Optional("digestSRI", e.DigestSRI)
		o.Optional("legalBasisCode", e.LegalBasisCode)
		dst = o.Close()
	}
	return append(dst, ']')
}

func appendStatus(dst []byte, refs []credential.StatusRef) []byte {
	dst = append(dst, '[')
	for i, r := range refs {
		if i > 0 {
			dst = append(dst, ',')
		}
		index := strconv.FormatUint(r.Index, 10)
		o := Open(dst)
		o.Text("id", r.List+"#"+index)
		o.Text("type", "BitstringStatusListEntry")
		o.Text("statusPurpose", r.Purpose)
		o.Text("statusListIndex", index)
		o.Text("statusListCredential", r.List)
		dst = o.Close()
	}
	return append(dst, ']')
}

// appendInformative appends the members that never decide.
func appendInformative(o *Object, c *credential.Credential) {
	if c.Type == credential.TypeDelegation {
		o.Name("credentialSchema")
		s := Open(o.Buf)
		s.Text("id", credential.SchemaID)
		s.Text("type", "JsonSchema")
		o.Buf = s.Close()
	}
	if c.Framework != "" {
		o.Name("termsOfUse")
		t := Open(o.Buf)
		t.Text("type", "TrustFrameworkPolicy")
		t.Text("trustFramework", c.Framework)
		t.Optional("policyId", c.Policy)
		o.Buf = t.Close()
	}
	if len(c.Evidence) > 0 {
		o.Name("evidence")
		o.Buf = AppendEvidence(o.Buf, c.Evidence)
	}
	if c.Refresh != "" {
		o.Name("refreshService")
		r := Open(o.Buf)
		r.Text("id", c.Refresh)
		r.Text("type", "DelegationRefreshService")
		o.Buf = r.Close()
	}
}
