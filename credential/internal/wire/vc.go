// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// ReadVC maps raw, a credential in the W3C Verifiable Credentials Data Model 2.0, to decision
// names and holds it to the closed schema of credential.Schema. What does not fit is
// credential.schema_invalid, a foreign type credential.type_unknown, a wrong @context
// vc.context_invalid, jsonld.context_inline_forbidden or jsonld.context_unknown; JSON that is
// not strict has its own codes. Top-level members named in beside belong to the securing
// mechanism and are passed over. With a refusal comes what was read, unless raw is no JSON
// object: enough to tell the credential apart from others, and nothing to act on.
func ReadVC(raw []byte, beside ...string) (*credential.Credential, error) {
	var room [RoomForMembers]strictjson.Member
	members, r, err := Check(raw, room[:0])
	if err != nil {
		return nil, err
	}
	return r.ReadVC(members, beside...)
}

// ReadMembersVC is ReadVC of what strictjson.CheckMembers gave for raw.
func ReadMembersVC(raw []byte, members []strictjson.Member, beside ...string) (*credential.Credential, error) {
	return ReaderOf(raw).ReadVC(members, beside...)
}

// ReadVC is the function ReadVC of the members that Check gave with r.
func (r *Reader) ReadVC(members []strictjson.Member, beside ...string) (*credential.Credential, error) {
	v := vcReader{Reader: r, c: new(credential.Credential), beside: beside}
	for _, m := range members {
		v.top(m)
	}
	more := HasContext | HasSubject
	if v.c.Type == credential.TypeDelegation {
		more |= HasSchema | hasSubjectType
	}
	v.Fit(v.c, v.have, more)
	v.checked()
	return v.c, v.err
}

const hasSubjectType = HasSubject << 1

// RoomForMembers is how many members a credential usually has at most: room not to allocate.
const RoomForMembers = 20

type vcReader struct {
	*Reader
	c      *credential.Credential
	have   Members
	beside []string
}

// checked adds the refusals that look at values, and lets a foreign type stand before all others.
func (v *vcReader) checked() {
	if v.err == nil {
		v.err = credential.Check(v.c)
	}
	if v.have&HasType != 0 && v.c.Type == "" && reason.Of(v.err) == reason.CredentialSchemaInvalid {
		v.err = reason.New(reason.CredentialTypeUnknown, "")
	}
}

func (v *vcReader) top(m strictjson.Member) {
	switch string(m.Name) {
	case "@context":
		v.context(m.Value)
	case "id":
		v.c.ID = v.note(HasID, m.Value, "id")
	case "type":
		v.types(m.Value)
	case "issuer":
		v.c.Issuer = v.note(HasIssuer, m.Value, "issuer")
	case "validFrom":
		v.c.ValidFrom = v.Time(m.Value, "validFrom")
		v.have |= HasFrom
	case "validUntil":
		v.c.ValidUntil = v.Time(m.Value, "validUntil")
		v.have |= HasUntil
	case "credentialSubject":
		v.subject(m.Value)
	case "credentialStatus":
		v.c.Status = v.status(m.Value)
		v.have |= HasStatus
	case "credentialSchema":
		v.schema(m.Value)
	case "termsOfUse":
		v.terms(m.Value)
	case "evidence":
		v.c.Evidence = v.Evidence(m.Value)
		v.have |= HasEvidence
	case "refreshService":
		v.refresh(m.Value)
	default:
		if !slices.Contains(v.beside, string(m.Name)) {
			v.Invalid("unknown member")
		}
	}
}

func (v *vcReader) note(bit Members, value strictjson.Value, name string) string {
	v.have |= bit
	return v.Text(value, name)
}

// context demands the two contexts of a delegation credential in their order.
func (v *vcReader) context(value strictjson.Value) {
	v.have |= HasContext
	n := 0
	for item, err := range strictjson.Items(value) {
		if err != nil {
			break
		}
		url, err := v.text.String(item)
		switch {
		case item[0] == '{':
			v.Fail(reason.New(reason.JSONLDContextInlineForbidden, ""))
		case n == 0 && url != credential.ContextVC, err != nil, n > 1:
			v.Fail(reason.New(reason.VCContextInvalid, ""))
		case n == 1 && url != credential.ContextDelegation:
			v.Fail(reason.New(reason.JSONLDContextUnknown, ""))
		}
		n++
	}
	if n != 2 {
		v.Fail(reason.New(reason.VCContextInvalid, ""))
	}
}

// types finds which of our types the credential has; a subtype may stand beside it.
func (v *vcReader) types(value strictjson.Value) {
	base := false
	for _, t := range v.List(value, "type") {
		v.have |= HasType
		switch t {
		case "VerifiableCredential":
			base = true
		case credential.TypeDelegation, credential.TypeIdentityBinding, credential.TypeWorkgroupMembership:
			if v.c.Type != "" {
				v.Invalid("type")
			}
			v.c.Type = t
		}
	}
	if !base {
		v.Invalid("type")
	}
}

func (v *vcReader) subject(value strictjson.Value) {
	v.have |= HasSubject
	none := func(strictjson.Member) bool { return false }
	v.object(value, "credentialSubject", func(m strictjson.Member) {
		switch string(m.Name) {
		case "id":
			v.c.Delegate.ID = v.note(HasDelegate, m.Value, "delegate")
		case "type":
			v.Const(m.Value, "Delegate", "credentialSubject")
			v.have |= hasSubjectType
		case "onBehalfOf":
			v.Principal(m.Value, v.c, none)
			v.have |= HasPrincipal
		case "delegation":
			v.delegation(m.Value)
		case "workgroup":
			v.c.Workgroup = v.note(HasWorkgroup, m.Value, "workgroup")
		default:
			if !v.Delegate(m, Camel, v.c, &v.have) {
				v.Invalid("unknown member of credentialSubject")
			}
		}
	})
}

func (v *vcReader) delegation(value strictjson.Value) {
	typed := false
	v.Delegation(value, Camel, v.c, func(m strictjson.Member) bool {
		if string(m.Name) != "type" {
			return false
		}
		v.Const(m.Value, "Delegation", "delegation")
		typed = true
		return true
	})
	if !typed {
		v.Invalid("delegation")
	}
	v.have |= HasDelegation
}

// status reads the pair of entries, one for revocation and one for suspension (Bitstring Status List 1.0
// §2.1). Entries with one id would be one node in RDF, whose lists and indexes a holder could exchange
// without breaking a proof.
func (v *vcReader) status(value strictjson.Value) []credential.StatusRef {
	refs, ids := make([]credential.StatusRef, 0, 2), []string{"none:1", "none:2"} // the member is optional
	v.array(value, "credentialStatus", len(ids), func(item strictjson.Value) {
		refs = append(refs, v.statusEntry(item, &ids[len(refs)]))
	})
	if len(refs) != 2 || refs[0].Purpose == refs[1].Purpose || ids[0] == ids[1] {
		v.Invalid("credentialStatus")
	}
	return refs
}

// statusEntry reads an entry, and its id into id, which is some URI before.
func (v *vcReader) statusEntry(item strictjson.Value, id *string) credential.StatusRef {
	ref := credential.StatusRef{Kind: credential.BitstringStatusList}
	var kind, index string
	v.texts(item, "credentialStatus", 4,
		[]string{"type", "statusPurpose", "statusListIndex", "statusListCredential", "id"},
		&kind, &ref.Purpose, &index, &ref.List, id)
	n, ok := decimal(index)
	if ref.Index = n; !ok {
		v.Fail(reason.New(reason.StatusIndex, "statusListIndex is not a decimal number in its one form"))
	}
	purpose := ref.Purpose == "revocation" || ref.Purpose == "suspension"
	if !purpose || kind != "BitstringStatusListEntry" || !credential.IsURI(*id) {
		v.Invalid("credentialStatus")
	}
	return ref
}

// decimal reads a canonical decimal number up to credential.MaxStatusIndex.
func decimal(s string) (n uint64, ok bool) {
	if s == "" || len(s) > len("999999999999999") || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, true
}

func (v *vcReader) schema(value strictjson.Value) {
	var id, kind string
	v.texts(value, "credentialSchema", 2, []string{"id", "type"}, &id, &kind)
	if id != credential.SchemaID || kind != "JsonSchema" {
		v.Invalid("credentialSchema")
	}
	v.have |= HasSchema
}

func (v *vcReader) terms(value strictjson.Value) {
	var kind string
	v.texts(value, "termsOfUse", 2, []string{"type", "trustFramework", "policyId"}, &kind, &v.c.Framework, &v.c.Policy)
	if kind != "TrustFrameworkPolicy" || v.c.Framework == "" {
		v.Invalid("termsOfUse")
	}
}

func (v *vcReader) refresh(value strictjson.Value) {
	var kind string
	v.texts(value, "refreshService", 2, []string{"id", "type"}, &v.c.Refresh, &kind)
	if kind != "DelegationRefreshService" || v.c.Refresh == "" {
		v.Invalid("refreshService")
	}
}
