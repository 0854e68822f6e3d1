// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"bytes"
	"context"
	"slices"
	"strconv"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

// Pointers into a delegation credential in W3C form.
const (
	pointerSubject    = "/credentialSubject"
	pointerIdentifier = pointerSubject + "/onBehalfOf/identifier"
	pointerDelegation = pointerSubject + "/delegation"
	pointerAssurance  = pointerDelegation + "/identityAssurance"
	pointerPermission = pointerDelegation + "/permission/"
	pointerEvidence   = "/evidence"
)

// limiting returns the pointers to every limiting member that c has (delegation.md §3.3).
func limiting(c *credential.Credential) []string {
	pointers := []string{
		"/@context", "/id", "/type", "/issuer", "/validFrom", "/validUntil", "/credentialStatus", pointerSubject + "/id",
	}
	if c.Type == credential.TypeDelegation {
		pointers = append(pointers, "/credentialSchema",
			pointerSubject+"/type", pointerSubject+"/delegateKind", pointerSubject+"/onBehalfOf/id",
			pointerDelegation+"/type", pointerDelegation+"/relationship", pointerDelegation+"/legalBasis",
			pointerDelegation+"/grantedBy", pointerDelegation+"/jurisdiction", pointerDelegation+"/purpose",
			pointerDelegation+"/dataController", pointerDelegation+"/redelegation", pointerDelegation+"/prohibition")
	}
	for _, optional := range []struct {
		pointer string
		present bool
	}{
		{"/termsOfUse", c.Framework != ""},
		{pointerSubject + "/workgroup", c.Workgroup != ""},
		{pointerSubject + "/operatedBy", c.Delegate.OperatedBy != ""},
		{pointerDelegation + "/reviewBy", !c.ReviewBy.IsZero()},
		{pointerDelegation + "/transitionAt", !c.TransitionAt.IsZero()},
		{pointerDelegation + "/parent", c.Parent != nil},
	} {
		if optional.present {
			pointers = append(pointers, optional.pointer)
		}
	}
	return pointers
}

// chosen returns the pointers to what s shows of c beyond the limiting members.
func chosen(c *credential.Credential, s credential.Selection) []string {
	var pointers []string
	for i := range c.Permissions {
		if slices.Contains(s.Permissions, c.Permissions[i].ID) {
			pointers = append(pointers, pointerPermission+strconv.Itoa(i))
		}
	}
	for _, claim := range s.Claims {
		switch claim {
		case credential.ClaimIdentifier:
			pointers = append(pointers, pointerIdentifier)
		case credential.ClaimAssurance:
			pointers = append(pointers, pointerAssurance)
		case credential.ClaimEvidence:
			pointers = append(pointers, pointerEvidence)
		}
	}
	return pointers
}

// Whole returns raw, a credential as it was sealed, in the form in which Open takes it: with
// ecdsa-sd-2023 all of it is disclosed, as Open refuses base proofs; otherwise it is raw itself. It
// is for the issuer and the holder, who check what they have before it is presented.
func (f *Format) Whole(raw []byte) ([]byte, error) {
	if f.selective == nil {
		return raw, nil
	}
	return ecdsasd.Derive(context.Background(), raw, []string{""}, jsonld.Closed)
}

// derive returns base with exactly what s chooses beyond the limiting members. RDF has no empty
// lists, so that one permission at least must be shown. What was derived before is returned as it
// is, if it shows no more.
func derive(base []byte, c *credential.Credential, s credential.Selection) ([]byte, error) {
	if c.Type == credential.TypeDelegation && len(s.Permissions) == 0 {
		return nil, reason.New(reason.QueryUnsatisfied, "no permission is to be shown")
	}
	derived, err := ecdsasd.Derive(context.Background(), base, chosen(c, s), jsonld.Closed)
	if reason.Of(err) == reason.DIProofValue && !beyond(c, s) {
		return bytes.Clone(base), nil
	}
	return derived, err
}

// beyond reports whether c shows more than s chooses.
func beyond(c *credential.Credential, s credential.Selection) bool {
	return slices.ContainsFunc(c.Permissions, func(p credential.Permission) bool { return !slices.Contains(s.Permissions, p.ID) }) ||
		c.OnBehalfOf.Identifier != nil && !slices.Contains(s.Claims, credential.ClaimIdentifier) ||
		c.Assurance != nil && !slices.Contains(s.Claims, credential.ClaimAssurance) ||
		len(c.Evidence) > 0 && !slices.Contains(s.Claims, credential.ClaimEvidence)
}

// covered refuses a credential of which the holder was free to hide a limiting member.
func (m *message) covered() error {
	if m.format.selective == nil || m.late != nil {
		return nil
	}
	return ecdsasd.MandatoryCovers(m.raw, limiting(m.c), jsonld.Closed)
}
