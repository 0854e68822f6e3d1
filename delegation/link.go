// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// The kinds of delegate (S3.3).
const (
	person       = "person"
	organisation = "organisation"
	workgroup    = "workgroup"
	agent        = "agent"
)

// link is a Link with what the decision worked out about it.
type link struct {
	*Link
	permissions []credential.Permission // those disclosed
	mediator    *ceiling                // macc of S6.7; nil where the grantor signed
}

// links is S3: all of it for one link before the next. Of each link the first fault counts.
func (e *evaluation) links() {
	for i := range e.chain {
		l := &e.chain[i]
		rule, code := e.linkFault(l)
		e.trace.inTurn(l, rule, code)
		if code == "" {
			e.until(l.Credential.ValidUntil, endOfLink, l.Name)
			e.agent = e.agent || l.Credential.Delegate.Kind == agent
			continue
		}
		e.noteInterval(l, code)
		e.fail(code, l)
	}
}

// linkFault returns the first rule of S3 that l breaks, and the reason; both "" for none.
func (e *evaluation) linkFault(l *link) (rule string, code reason.Code) {
	c := l.Credential
	switch {
	case l.Signature != Passed:
		return "S3.1", signatureFault(l.Fault)
	case c != nil && c.Type != credential.TypeDelegation:
		return "S3.2", reason.CredentialTypeUnknown
	case l.Fault != "":
		return "S3.3", mappingFault(l.Fault)
	case c == nil || formMalformed(c):
		return "S3.3", reason.CredentialSchemaInvalid
	case permissionsMalformed(l.permissions):
		return "S3.4", reason.CredentialSchemaInvalid
	case !c.ValidFrom.Before(c.ValidUntil):
		return "S3.5", reason.CredentialSchemaInvalid
	case e.now.Before(c.ValidFrom):
		return "S3.6", reason.CredentialNotYetValid
	case !e.now.Before(c.ValidUntil):
		return "S3.7", reason.CredentialExpired
	}
	return "", ""
}

// signatureFault is S3.1. Where the reader has a finer word than the decision has, such as
// key.controller_mismatch, that is the reason; a fault of form would stand at S3.3 only.
func signatureFault(fault reason.Code) reason.Code {
	if e, ok := reason.Lookup(fault); ok && !e.Decision {
		return fault
	}
	return reason.CredentialSignatureInvalid
}

// mappingFault never lets a fault pass for success, whatever a reader wrote into it.
func mappingFault(fault reason.Code) reason.Code {
	if _, ok := reason.Lookup(fault); !ok || fault == reason.OK {
		return reason.CredentialSchemaInvalid
	}
	return fault
}

// noteInterval keeps the dates that a delegate is shown (§15).
func (e *evaluation) noteInterval(l *link, code reason.Code) {
	first := len(e.found.codes) == 0
	if first && (code == reason.CredentialNotYetValid || code == reason.CredentialExpired) {
		e.notBefore, e.notAfter = l.Credential.ValidFrom, l.Credential.ValidUntil
	}
}

// formMalformed is S3.3 for what a Credential can hold: an empty string, a zero time and a nil
// list are absent.
func formMalformed(c *credential.Credential) bool {
	return c.Issuer == "" || c.GrantedBy == "" || c.OnBehalfOf.ID == "" ||
		c.Relationship == "" || c.LegalBasis == "" ||
		c.ValidFrom.IsZero() || c.ValidUntil.IsZero() ||
		c.Jurisdiction == nil || c.Purposes == nil || c.Controllers == nil ||
		c.Prohibitions == nil || c.Permissions == nil ||
		c.Delegate.ID == "" || !knownKind(c.Delegate.Kind) ||
		c.Redelegation.MaxDepth < 0 ||
		slices.ContainsFunc(c.Prohibitions, prohibitionMalformed)
}

func knownKind(kind string) bool {
	return kind == person || kind == organisation || kind == workgroup || kind == agent
}

func prohibitionMalformed(p credential.Prohibition) bool {
	return resourceMalformed(p.Resource) || p.Actions == nil
}

// permissionsMalformed is S3.4.
func permissionsMalformed(ps []credential.Permission) bool {
	for i := range ps {
		p := &ps[i]
		if p.ID == "" || resourceMalformed(p.Resource) || p.Actions == nil || riskRank(p.Risk) == noRank {
			return true
		}
		for j := range i {
			if ps[j].ID == p.ID {
				return true
			}
		}
	}
	return false
}

// assembly is S3b, before any trust question.
func (e *evaluation) assembly() {
	root := &e.chain[0]
	e.when("S3b", root.Credential.Parent != nil, reason.ChainParentMissing, root)
	for i := 1; i < len(e.chain); i++ {
		code := e.misplaced(i)
		e.when("S3b", code != "", code, &e.chain[i])
	}
}

// misplaced returns why link i does not follow the one above it, "" if it does.
func (e *evaluation) misplaced(i int) reason.Code {
	c := &e.chain[i]
	switch {
	case c.Credential.Parent == nil || c.Parent != NamedByDigest && c.Parent != NamedByID:
		return reason.ChainParentMissing
	case c.Parent == NamedByID:
		return reason.ChainDigestMismatch
	case e.named(c.Name, i):
		return reason.ChainCycle
	}
	return ""
}

// named reports whether one of the first n links has the name. Status and disclosures are kept by
// name, and a delegate names their own link: without this, a link could speak for the one above it.
func (e *evaluation) named(name string, n int) bool {
	return slices.ContainsFunc(e.chain[:n], func(l link) bool { return l.Name == name })
}
