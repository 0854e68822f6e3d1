// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// The readers below return the zero value for what is absent, null or of another type. The
// decision takes an empty string, a zero time and a nil list of a limiting member for absent;
// where zero would be a good value, the caller notes the fault.

func text(v strictjson.Value) string {
	var s string
	if isNull(v) || strictjson.Unmarshal(v, &s) != nil {
		return ""
	}
	return s
}

func texts(v strictjson.Value) []string {
	var list []string
	if isNull(v) || strictjson.Unmarshal(v, &list) != nil {
		return nil
	}
	return list
}

// integer returns noInteger if v is none.
func integer(v strictjson.Value) int {
	var n int
	if isNull(v) || strictjson.Unmarshal(v, &n) != nil {
		return noInteger
	}
	return n
}

const noInteger = -1 << 62

// objects returns nil unless v is an array of objects.
func objects(v strictjson.Value) []object {
	var list []strictjson.Value
	if isNull(v) || strictjson.Unmarshal(v, &list) != nil {
		return nil
	}
	all := make([]object, 0, len(list))
	for _, item := range list {
		o, err := read(item)
		if err != nil {
			return nil
		}
		all = append(all, o)
	}
	return all
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// credential maps o to decision names. Permissions that are not shown are left as they are: a
// fault in them does not exist for the decision. The fault is "" where all of o could be mapped.
func (o object) credential(name string, isShown func(id string) bool) (*credential.Credential, reason.Code) {
	c := &credential.Credential{
		ID:           name,
		Type:         text(o["type"]),
		Issuer:       text(o["issuer"]),
		GrantedBy:    text(o["grantedBy"]),
		OnBehalfOf:   credential.Principal{ID: text(o["onBehalfOf"])},
		Relationship: text(o["relationship"]),
		LegalBasis:   text(o["legalBasis"]),
		ValidFrom:    instant(o["validFrom"]),
		ValidUntil:   instant(o["validUntil"]),
		ReviewBy:     instant(o["reviewBy"]),
		TransitionAt: instant(o["transitionAt"]),
		Jurisdiction: texts(o["jurisdiction"]),
		Purposes:     texts(o["purposes"]),
		Controllers:  texts(o["controllers"]),
		Prohibitions: prohibitions(o["prohibitions"]),
		Assurance:    assurance(o["assurance"]),
	}
	if !isNull(o["parent"]) {
		c.Parent = &credential.Parent{ID: text(o["parent"])}
	}
	if d, err := read(o["delegate"]); err == nil {
		c.Delegate = credential.Delegate{ID: text(d["id"]), Kind: text(d["kind"]), OperatedBy: text(o["operatedBy"])}
	}
	bad := !isNull(o["reviewBy"]) && c.ReviewBy.IsZero() || !isNull(o["transitionAt"]) && c.TransitionAt.IsZero()
	bad = !redelegation(o["redelegation"], &c.Redelegation) || bad
	bad = !permissions(o["permissions"], isShown, &c.Permissions) || bad
	if bad {
		return c, reason.CredentialSchemaInvalid
	}
	return c, ""
}

// supporting maps o as a supporting credential. What it lacks keeps it from counting.
func (o object) supporting() *credential.Credential {
	return &credential.Credential{
		Type:       text(o["type"]),
		Issuer:     text(o["issuer"]),
		ValidFrom:  instant(o["validFrom"]),
		ValidUntil: instant(o["validUntil"]),
		Delegate:   credential.Delegate{ID: text(o["subject"])},
		Workgroup:  text(o["workgroup"]),
	}
}

func redelegation(v strictjson.Value, out *credential.Redelegation) bool {
	o, err := read(v)
	if err != nil {
		return false
	}
	out.MaxDepth = integer(o["maxDepth"])
	out.Kinds = texts(o["kinds"])
	return out.MaxDepth >= 0 && (isNull(o["kinds"]) || out.Kinds != nil)
}

func prohibitions(v strictjson.Value) []credential.Prohibition {
	all := objects(v)
	if all == nil {
		return nil
	}
	list := make([]credential.Prohibition, 0, len(all))
	for _, o := range all {
		list = append(list, credential.Prohibition{Resource: text(o["resource"]), Actions: texts(o["actions"])})
	}
	return list
}

// assurance is nil if it is withheld; a level that is missing counts as low.
func assurance(v strictjson.Value) *credential.Assurance {
	o, err := read(v)
	if err != nil || isNull(v) {
		return nil
	}
	return &credential.Assurance{Principal: text(o["principal"]), Delegate: text(o["delegate"])}
}

// permissions maps the permissions of v, and is false if one that is shown could not be mapped.
func permissions(v strictjson.Value, isShown func(id string) bool, out *[]credential.Permission) bool {
	all := objects(v)
	if all == nil {
		return false
	}
	good := true
	*out = make([]credential.Permission, 0, len(all))
	for _, o := range all {
		p := credential.Permission{
			ID:       text(o["id"]),
			Resource: text(o["resource"]),
			Actions:  texts(o["actions"]),
			Risk:     text(o["risk"]),
		}
		mapped := !isNull(o["constraint"]) && o["constraint"].Kind() == '{'
		if mapped {
			p.Constraint = credential.ParseConstraint(o["constraint"])
		}
		good = good && (mapped || !isShown(p.ID))
		*out = append(*out, p)
	}
	return good
}
