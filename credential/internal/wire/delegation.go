// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// Delegation reads the object that says what is delegated. A member that it does not know goes
// to other, which reports whether it took it.
func (r *Reader) Delegation(value []byte, s Spelling, c *credential.Credential, other func(strictjson.Member) bool) {
	var have seen
	r.object(value, "delegation", func(m strictjson.Member) {
		f := s.find(m.Name, relationship, fieldCount)
		if f == fieldCount {
			if !other(m) {
				r.Invalid("unknown member of delegation")
			}
			return
		}
		have.add(f)
		r.delegationMember(f, m.Value, s, c)
	})
	if have.lacks(relationship, legalBasis, grantedBy, jurisdiction, purpose, dataController, redelegation, prohibition, permission) {
		r.Invalid("a member of delegation is missing")
	}
}

func (r *Reader) delegationMember(f field, v strictjson.Value, s Spelling, c *credential.Credential) {
	name := s.name(f)
	switch f {
	case relationship:
		c.Relationship = r.Text(v, name)
	case legalBasis:
		c.LegalBasis = r.Text(v, name)
	case grantedBy:
		c.GrantedBy = r.Text(v, name)
	case identityAssurance:
		c.Assurance = r.Assurance(v)
	case jurisdiction:
		c.Jurisdiction = r.List(v, name)
	case purpose:
		c.Purposes = r.List(v, name)
	case dataController:
		c.Controllers = r.List(v, name)
	case reviewBy:
		c.ReviewBy = r.Time(v, name)
	case transitionAt:
		c.TransitionAt = r.Time(v, name)
	case redelegation:
		c.Redelegation = r.redelegation(v)
	case prohibition:
		c.Prohibitions = r.prohibitions(v)
	case parent:
		c.Parent = r.parent(v)
	case permission:
		c.Permissions = r.permissions(v, s)
	}
}

func (r *Reader) redelegation(v strictjson.Value) (out credential.Redelegation) {
	depth := false
	r.object(v, "redelegation", func(m strictjson.Member) {
		switch string(m.Name) {
		case "maxDepth":
			n, err := strictjson.Int(m.Value)
			depth = err == nil
			out.MaxDepth = int(n)
		case "kinds":
			out.Kinds = r.List(m.Value, "kinds")
		default:
			r.Invalid("unknown member of redelegation")
		}
	})
	if !depth {
		r.Invalid("maxDepth")
	}
	return out
}

func (r *Reader) prohibitions(v strictjson.Value) []credential.Prohibition {
	list := make([]credential.Prohibition, 0, count(v, credential.MaxList))
	r.array(v, "prohibition", credential.MaxList, func(v strictjson.Value) {
		var p credential.Prohibition
		resource, actions := false, false
		r.object(v, "prohibition", func(m strictjson.Member) {
			switch string(m.Name) {
			case "resource":
				p.Resource, resource = r.Text(m.Value, "prohibition"), true
			case "actions":
				p.Actions, actions = r.List(m.Value, "prohibition"), true
			default:
				r.Invalid("unknown member of prohibition")
			}
		})
		if !resource || !actions {
			r.Invalid("prohibition")
		}
		list = append(list, p)
	})
	return list
}

// parent reads the link above; null counts as absent.
func (r *Reader) parent(v strictjson.Value) *credential.Parent {
	if string(v) == "null" {
		return nil
	}
	p := new(credential.Parent)
	r.texts(v, "parent", 2, []string{"id", "digest"}, &p.ID, &p.Digest)
	return p
}

// permissions reads the list. In SD-JWT VC it passes over those that are hidden, and notes in
// Places where the others stand.
func (r *Reader) permissions(v strictjson.Value, s Spelling) []credential.Permission {
	var list []credential.Permission
	if s == Camel {
		// Each closes two objects, itself and its constraint: counting them reads nothing twice.
		list = make([]credential.Permission, 0, min(bytes.Count(v, []byte("}"))/2, credential.MaxPermissions))
	}
	pos := 0
	r.array(v, "permission", credential.MaxPermissions, func(v strictjson.Value) {
		if s == Camel || !isHidden(v) {
			list = append(list, r.Permission(v, s))
		}
		if s == Snake && len(list) > len(r.Places) {
			r.Places = append(r.Places, pos)
		}
		pos++
	})
	return list
}

// isHidden reports whether v is an array element whose value is a disclosure (RFC 9901 §4.2.4.2).
func isHidden(v strictjson.Value) bool {
	for m, err := range strictjson.Members(v) {
		return err == nil && string(m.Name) == "..."
	}
	return false
}

// Permission reads one permission: all of its five members.
func (r *Reader) Permission(v []byte, s Spelling) (p credential.Permission) {
	var have uint8
	r.object(v, "permission", func(m strictjson.Member) {
		switch string(m.Name) {
		case "id":
			p.ID, have = r.Text(m.Value, "permission"), have|1
		case "resource":
			p.Resource, have = r.Text(m.Value, "permission"), have|2
		case "action":
			p.Actions, have = r.List(m.Value, "permission"), have|4
		case "risk":
			p.Risk, have = r.Text(m.Value, "permission"), have|8
		case "constraint":
			p.Constraint, have = r.constraint(m.Value), have|16
		case "type":
			if have |= 32; s == Snake {
				r.Invalid("unknown member of permission")
			}
			r.Const(m.Value, "Permission", "permission")
		default:
			r.Invalid("unknown member of permission")
		}
	})
	if s == Snake {
		have |= 32
	}
	if have != 63 || p.ID == "" {
		r.Invalid("a member of permission is missing")
	}
	return p
}

func (r *Reader) constraint(v strictjson.Value) credential.Constraint {
	if v[0] != '{' {
		r.Invalid("constraint")
		return credential.Constraint{Void: true}
	}
	return credential.ReadConstraint(&r.text, v)
}

// Identifier reads {system, value}.
func (r *Reader) Identifier(v []byte) *credential.Identifier {
	i := new(credential.Identifier)
	r.texts(v, "identifier", 2, []string{"system", "value"}, &i.System, &i.Value)
	return i
}

// Assurance reads the levels at issue; null counts as absent, for the whole and for a level.
func (r *Reader) Assurance(v []byte) *credential.Assurance {
	if string(v) == "null" {
		return nil
	}
	a := new(credential.Assurance)
	r.object(v, "identity assurance", func(m strictjson.Member) {
		level := string(m.Value) != "null"
		switch string(m.Name) {
		case "principal":
			if level {
				a.Principal = r.Text(m.Value, "identity assurance")
			}
		case "delegate":
			if level {
				a.Delegate = r.Text(m.Value, "identity assurance")
			}
		case "scheme":
			a.Scheme = r.Text(m.Value, "identity assurance")
		default:
			r.Invalid("unknown member of identity assurance")
		}
	})
	return a
}

// Evidence reads the list of records that the issuer keeps.
func (r *Reader) Evidence(v []byte) []credential.Evidence {
	list := make([]credential.Evidence, 0, count(v, credential.MaxList))
	names := []string{"id", "type", "digestSRI", "legalBasisCode"}
	r.array(v, "evidence", credential.MaxList, func(v strictjson.Value) {
		var e credential.Evidence
		r.texts(v, "evidence", 2, names, &e.ID, &e.Type, &e.DigestSRI, &e.LegalBasisCode)
		list = append(list, e)
	})
	return list
}

// Principal reads who is acted for. A member that it does not know goes to other.
func (r *Reader) Principal(v []byte, c *credential.Credential, other func(strictjson.Member) bool) {
	id := false
	r.object(v, "principal", func(m strictjson.Member) {
		switch string(m.Name) {
		case "id":
			c.OnBehalfOf.ID, id = r.Text(m.Value, "principal"), true
		case "identifier":
			c.OnBehalfOf.Identifier = r.Identifier(m.Value)
		default:
			if !other(m) {
				r.Invalid("unknown member of the principal")
			}
		}
	})
	if !id {
		r.Invalid("principal")
	}
}

// Delegate reads a member that stands beside the delegate's id and reports whether it was one.
func (r *Reader) Delegate(m strictjson.Member, s Spelling, c *credential.Credential, have *Members) bool {
	switch s.find(m.Name, delegateKind, onBehalfOf) {
	case delegateKind:
		c.Delegate.Kind = r.Text(m.Value, "delegate kind")
		*have |= HasKind
	case operatedBy:
		if c.Delegate.OperatedBy = r.Text(m.Value, "operator"); c.Delegate.OperatedBy == "" {
			r.Invalid("operator")
		}
		*have |= HasOperator
	default:
		return false
	}
	return true
}
