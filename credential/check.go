// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"strings"
	"unicode/utf8"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Check returns what every reader refuses in the values of c, whatever the format: a member
// that is missing, malformed or out of bounds is credential.schema_invalid, a type that is not
// known credential.type_unknown. A void constraint passes: it voids its permission alone.
func Check(c *Credential) error {
	if err := CheckLimiting(c); err != nil {
		return err
	}
	return CheckGranting(c)
}

// CheckLimiting is Check of the limiting members, which no format hides.
func CheckLimiting(c *Credential) error {
	if c == nil {
		return invalid("no credential")
	}
	switch c.Type {
	case TypeDelegation:
		return first(c.common(), c.delegation())
	case TypeIdentityBinding:
		return first(c.common(), c.onlyIf(c.Workgroup == ""))
	case TypeWorkgroupMembership:
		return first(c.common(), need(isText(c.Workgroup), "workgroup"), c.onlyIf(true))
	}
	return reason.New(reason.CredentialTypeUnknown, "")
}

// CheckGranting is Check of the members that a format may hide, as far as they are shown.
func CheckGranting(c *Credential) error {
	if i := c.OnBehalfOf.Identifier; i != nil && (!isText(i.System) || !isText(i.Value)) {
		return invalid("identifier")
	}
	if a := c.Assurance; a != nil && !(isShort(a.Principal) && isShort(a.Delegate) && isShort(a.Scheme)) {
		return invalid("identity assurance")
	}
	if len(c.Evidence) > MaxList {
		return invalid("evidence")
	}
	for _, e := range c.Evidence {
		if !isText(e.ID) || !isText(e.Type) || !isShort(e.DigestSRI) || !isShort(e.LegalBasisCode) {
			return invalid("evidence")
		}
	}
	return checkPermissions(c.Permissions)
}

// common checks what credentials of every type have.
func (c *Credential) common() error {
	return first(
		need(IsURI(c.ID), "id"),
		need(isDID(c.Issuer), "issuer"),
		need(isDID(c.Delegate.ID), "delegate"),
		need(inYears(c.ValidFrom) && inYears(c.ValidUntil) && c.ValidFrom.Before(c.ValidUntil), "validity"),
		need(isShort(c.Framework) && isShort(c.Policy) && (c.Refresh == "" || IsURI(c.Refresh)), "trust framework"),
		need(c.Policy == "" || c.Framework != "", "trust framework"),
		checkStatus(c.Status))
}

// onlyIf checks that a supporting credential says nothing that only a delegation may say.
func (c *Credential) onlyIf(ok bool) error {
	return need(ok && c.Delegate.Kind == "" && c.OnBehalfOf.ID == "" && c.Relationship == "" && c.GrantedBy == "" &&
		c.Parent == nil && len(c.Permissions) == 0 && len(c.Evidence) == 0, "a member of another type")
}

func (c *Credential) delegation() error {
	return first(
		need(c.Workgroup == "", "workgroup"),
		need(isKind(c.Delegate.Kind), "delegate kind"),
		need(c.Delegate.OperatedBy == "" || isDID(c.Delegate.OperatedBy), "operator"),
		need(isText(c.OnBehalfOf.ID), "principal"),
		need(isText(c.Relationship), "relationship"),
		need(isText(c.LegalBasis), "legal basis"),
		need(isText(c.GrantedBy), "granted by"),
		need(isList(c.Jurisdiction), "jurisdiction"),
		need(isList(c.Purposes), "purpose"),
		need(isList(c.Controllers), "data controller"),
		need(c.ReviewBy.IsZero() || inYears(c.ReviewBy), "review"),
		need(c.TransitionAt.IsZero() || inYears(c.TransitionAt), "transition"),
		need(c.Redelegation.MaxDepth >= 0 && c.Redelegation.MaxDepth <= strictjson.MaxInteger, "redelegation"),
		need(isList(c.Redelegation.Kinds), "redelegation"),
		need(c.Parent == nil || isText(c.Parent.ID) && isText(c.Parent.Digest), "parent"),
		checkProhibitions(c.Prohibitions))
}

func checkStatus(refs []StatusRef) error {
	if len(refs) == 0 || len(refs) > 2 {
		return invalid("status")
	}
	for _, r := range refs {
		kind := r.Kind == TokenStatusList && r.Purpose == "" || r.Kind == BitstringStatusList && r.Purpose != ""
		if !kind || !IsURI(r.List) || r.Index > MaxStatusIndex {
			return invalid("status")
		}
	}
	return nil
}

func checkProhibitions(ps []Prohibition) error {
	if len(ps) > MaxList {
		return invalid("prohibition")
	}
	for _, p := range ps {
		if !IsResource(p.Resource) || !isList(p.Actions) {
			return invalid("prohibition")
		}
	}
	return nil
}

func checkPermissions(ps []Permission) error {
	if len(ps) > MaxPermissions {
		return invalid("permission")
	}
	for i := range ps {
		p := &ps[i]
		if !isText(p.ID) || !IsResource(p.Resource) || !isList(p.Actions) || !isRisk(p.Risk) {
			return invalid("permission")
		}
		if !p.Constraint.writable() {
			return invalid("constraint")
		}
		for j := range i {
			if ps[j].ID == p.ID {
				return invalid("two permissions have one id")
			}
		}
	}
	return nil
}

// IsResource reports whether s is a resource path: seg *("/" seg), seg = 1*[A-Za-z0-9_-], at
// most MaxPathSegments segments and MaxResource bytes (security.md §4.2).
func IsResource(s string) bool {
	if s == "" || len(s) > MaxResource || strings.Count(s, "/") >= MaxPathSegments {
		return false
	}
	empty := true
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/' && empty:
			return false
		case c == '/':
			empty = true
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-':
			empty = false
		default:
			return false
		}
	}
	return !empty
}

// IsURI reports whether s is an absolute URI by its outer form: a scheme in lower case, a colon
// and at least one character, all of them printable ASCII without space, quote, <, > and \.
func IsURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || len(s) > MaxText || scheme[0] < 'a' || scheme[0] > 'z' {
		return false
	}
	for i := range len(scheme) {
		c := scheme[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '.' && c != '-' {
			return false
		}
	}
	for i := range len(rest) {
		switch c := rest[i]; {
		case c <= ' ' || c > '~' || c == '"' || c == '<' || c == '>' || c == '\\':
			return false
		}
	}
	return true
}

func isDID(s string) bool {
	_, err := did.Parse(s)
	return err == nil
}

// isText reports whether s is text of one to MaxText code points.
func isText(s string) bool { return s != "" && isShort(s) }

// isShort reports whether s is text of at most MaxText code points.
func isShort(s string) bool {
	return utf8.ValidString(s) && (len(s) <= MaxText || utf8.RuneCountInString(s) <= MaxText)
}

func isList(list []string) bool {
	for _, s := range list {
		if !isText(s) {
			return false
		}
	}
	return len(list) <= MaxList
}

func isKind(s string) bool {
	return s == "person" || s == "organisation" || s == "workgroup" || s == "agent"
}

func isRisk(s string) bool { return s == "routine" || s == "sensitive" || s == "high" }

func need(ok bool, what string) error {
	if ok {
		return nil
	}
	return invalid(what)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
