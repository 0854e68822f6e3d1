// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/openid/dcql"
)

// Format identifiers of OpenID4VP 1.0 appendix B. FormatVCJWT stands for credentials secured
// with VC-JOSE-COSE, vc+jwt, whose presentations are vp+jwt; FormatLDP for those secured with Data
// Integrity, whatever the cryptosuite.
const (
	FormatSDJWT = "dc+sd-jwt"
	FormatVCJWT = "jwt_vc_json"
	FormatLDP   = "ldp_vc"
)

// FormatID returns the format identifier for a securing format of ours, "" for one that has none.
func FormatID(format string) string {
	switch format {
	case "dc+sd-jwt":
		return FormatSDJWT
	case "vc+jwt":
		return FormatVCJWT
	case "eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019", selectiveSuite:
		return FormatLDP
	}
	return ""
}

const selectiveSuite = "ecdsa-sd-2023"

// Selective reports whether a securing format of ours can hold back a part of a credential.
func Selective(format string) bool { return format == FormatSDJWT || format == selectiveSuite }

// W3C reports whether the credentials of a format are written in the W3C data model, in whose
// spelling a query then names their members and types.
func W3C(format string) bool { return format == FormatVCJWT || format == FormatLDP }

// spelling is how one format writes the members that a query may name.
type spelling struct {
	holder            dcql.Path // the object that holds onBehalfOf and delegation
	onBehalfOf        string
	identityAssurance string
	controller        string
	legalBasis        string
	grantedBy         string
	evidence          dcql.Path
}

func spellingOf(format string) spelling {
	if W3C(format) {
		return spelling{dcql.Path{dcql.Member("credentialSubject")}, "onBehalfOf", "identityAssurance", "dataController", "legalBasis", "grantedBy",
			dcql.Path{dcql.Member("evidence")}}
	}
	return spelling{nil, "on_behalf_of", "identity_assurance", "data_controller", "legal_basis", "granted_by",
		dcql.Path{dcql.Member("delegation"), dcql.Member("evidence")}}
}

// DelegationPath returns the path to a member of the delegation in the spelling of format: one of
// "permission", "purpose", "jurisdiction", "identityAssurance", "dataController", then rest.
func DelegationPath(format, name string, rest ...dcql.Step) dcql.Path {
	s := spellingOf(format)
	switch name {
	case "identityAssurance":
		name = s.identityAssurance
	case "dataController":
		name = s.controller
	}
	p := append(dcql.Path{}, s.holder...)
	return append(append(p, dcql.Member("delegation"), dcql.Member(name)), rest...)
}

// Candidate returns c as a query sees it: only what c holds, so that a verifier's evaluation rests on
// what was verified and a wallet's on what can be shown. bound says whether a holder proof is there
// or can be made.
func Candidate(c *credential.Credential, format string, bound bool) dcql.Candidate {
	s := spellingOf(format)
	onBehalfOf := map[string]any{"id": c.OnBehalfOf.ID}
	if id := c.OnBehalfOf.Identifier; id != nil {
		onBehalfOf["identifier"] = map[string]any{"system": id.System, "value": id.Value}
	}
	delegation := map[string]any{
		"relationship": c.Relationship,
		s.legalBasis:   c.LegalBasis,
		s.grantedBy:    c.GrantedBy,
		"jurisdiction": list(c.Jurisdiction),
		"purpose":      list(c.Purposes),
		s.controller:   list(c.Controllers),
		"permission":   permissions(c.Permissions),
	}
	if a := c.Assurance; a != nil {
		delegation[s.identityAssurance] = map[string]any{"principal": a.Principal, "delegate": a.Delegate}
	}
	claims := map[string]any{s.onBehalfOf: onBehalfOf, "delegation": delegation}
	beside := delegation // where the evidence stands
	if len(s.holder) > 0 {
		claims["id"] = c.Delegate.ID
		claims = map[string]any{"credentialSubject": claims, "issuer": c.Issuer}
		beside = claims
	} else {
		claims["iss"], claims["sub"] = c.Issuer, c.Delegate.ID
	}
	if len(c.Evidence) > 0 {
		beside["evidence"] = evidence(c.Evidence)
	}
	return dcql.Candidate{Format: format, Types: types(c, format), Bound: bound, Claims: claims}
}

func types(c *credential.Credential, format string) []string {
	if W3C(format) {
		return []string{"VerifiableCredential", c.Type}
	}
	if vct := credential.VCT(c.Type); vct != "" {
		return []string{vct}
	}
	return nil
}

func permissions(ps []credential.Permission) []any {
	out := make([]any, len(ps))
	for i, p := range ps {
		out[i] = map[string]any{"id": p.ID, "resource": p.Resource, "action": list(p.Actions), "risk": p.Risk}
	}
	return out
}

func evidence(records []credential.Evidence) []any {
	out := make([]any, len(records))
	for i, e := range records {
		one := map[string]any{}
		for name, text := range map[string]string{"id": e.ID, "type": e.Type, "digestSRI": e.DigestSRI, "legalBasisCode": e.LegalBasisCode} {
			if text != "" {
				one[name] = text
			}
		}
		out[i] = one
	}
	return out
}

func list(ss []string) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = s
	}
	return out
}

// Selection turns the paths that a query asks to be shown into the least that has to be
// disclosed of c, whose secured form is raw.
func Selection(c *credential.Credential, format string, raw []byte, show []dcql.Path) credential.Selection {
	s := spellingOf(format)
	out := credential.Selection{Raw: raw}
	seen := map[int]bool{}
	claims := map[credential.Claim]bool{}
	for _, p := range show {
		if begins(p, s.evidence) {
			claims[credential.ClaimEvidence] = true
			continue
		}
		p = p[min(len(p), len(s.holder)):]
		switch {
		case under(p, s.onBehalfOf, "identifier"):
			claims[credential.ClaimIdentifier] = true
		case under(p, "delegation", s.identityAssurance):
			claims[credential.ClaimAssurance] = true
		case under(p, "delegation", "permission") && len(p) > 2:
			if i, ok := p[2].Index(); ok && i < len(c.Permissions) && !seen[i] {
				seen[i] = true
				out.Permissions = append(out.Permissions, c.Permissions[i].ID)
			}
		}
	}
	for _, claim := range []credential.Claim{credential.ClaimIdentifier, credential.ClaimAssurance, credential.ClaimEvidence} {
		if claims[claim] {
			out.Claims = append(out.Claims, claim)
		}
	}
	return out
}

// under reports whether p leads into the member called second of the member called first, or
// to the whole of first.
func under(p dcql.Path, first, second string) bool {
	if len(p) < 2 || p[0] != dcql.Member(first) {
		return false
	}
	return p[1] == dcql.Member(second)
}

func begins(p, head dcql.Path) bool { return len(p) >= len(head) && slices.Equal(p[:len(head)], head) }

// Asked returns the members beyond permissions and assurance that a credential query asks to see, or that
// lie in what it asks to see, each once and in this order: ClaimIdentifier, ClaimEvidence. It does not
// matter in which claim set, or whether a credential holds them: it is about who asks.
func Asked(q *dcql.Credential) []credential.Claim {
	s := spellingOf(q.Format)
	var out []credential.Claim
	for _, fact := range []struct {
		claim credential.Claim
		at    dcql.Path
	}{{credential.ClaimIdentifier, s.identifier()}, {credential.ClaimEvidence, s.evidence}} {
		if slices.ContainsFunc(q.Claims, func(c dcql.Claim) bool { return begins(c.Path, fact.at) || begins(fact.at, c.Path) }) {
			out = append(out, fact.claim)
		}
	}
	return out
}

// Stray reports whether a credential query asks to see anything that lies neither in permissions and
// assurance nor in a member that Asked knows: what no verifier can be registered for.
func Stray(q *dcql.Credential) bool {
	s := spellingOf(q.Format)
	known := []dcql.Path{DelegationPath(q.Format, "permission"), DelegationPath(q.Format, "identityAssurance"), s.identifier(), s.evidence}
	return slices.ContainsFunc(q.Claims, func(c dcql.Claim) bool {
		return !slices.ContainsFunc(known, func(head dcql.Path) bool { return begins(c.Path, head) })
	})
}

// identifier is the path to the number of the principal in some system.
func (s spelling) identifier() dcql.Path {
	return append(slices.Clone(s.holder), dcql.Member(s.onBehalfOf), dcql.Member("identifier"))
}
