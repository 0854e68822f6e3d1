// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// OverAsked is the refusal of a request that asks for more than the service is registered for, or than
// the access needs. Its code is verifier.not_entitled.
type OverAsked struct {
	// TooMuch names what is too much: "controller", "purpose", "resource" of the access; "identifier",
	// "evidence" of the delegation; "permission" and its resource. It may hold text from outside.
	TooMuch []string
	refusal error
}

// Error returns the text of the refusal.
func (o *OverAsked) Error() string { return o.refusal.Error() }

// Unwrap returns the refusal.
func (o *OverAsked) Unwrap() error { return o.refusal }

// overAsked refuses what is too much, in words that name no resource: they may be logged.
func overAsked(what string, tooMuch ...string) error {
	return &OverAsked{tooMuch, reason.New(reason.VerifierNotEntitled, what)}
}

// admitted refuses a request whose answer would go elsewhere than to v, one whose attestation is not of v,
// and one for more than is registered for v, which v is told.
func (w *Wallet) admitted(ctx context.Context, r *vp.Request, v trustframework.Verifier) (*request, error) {
	if !atOrigin(v.ID, r.ResponseURI) {
		return nil, reason.New(reason.RequestClientID, "the answer would go to another host than the service's own")
	}
	made, err := w.allowed(r, v)
	if err != nil {
		w.tell(ctx, r.ResponseURI, vp.Response{State: r.State, Error: vp.ErrorAccessDenied})
	}
	return made, err
}

// allowed refuses what v may not ask for.
func (w *Wallet) allowed(r *vp.Request, v trustframework.Verifier) (*request, error) {
	if err := w.attested(r, v); err != nil {
		return nil, err
	}
	a, err := accessOf(r, v)
	if err != nil {
		return nil, err
	}
	if tooMuch := unregistered(v, a); len(tooMuch) > 0 {
		return nil, overAsked("the service asks for more than it is registered for: "+strings.Join(tooMuch, ", "), tooMuch...)
	}
	if tooMuch := unneeded(r, v, a); len(tooMuch) > 0 {
		return nil, overAsked("the service asks for facts that this access does not need: "+strings.Join(tooMuch, ", "), tooMuch...)
	}
	return &request{r, v, a}, nil
}

// attested checks what the trust registry attests of the service, where a request brings it along
// (verifier_info). What v may do, the framework that the wallet reads decides all the same; but a service
// that shows a forged attestation, an old one or another's is not answered. Statements of others are
// passed over.
func (w *Wallet) attested(r *vp.Request, v trustframework.Verifier) error {
	for _, info := range r.VerifierInfo {
		token, ok := info.JWT()
		if !ok || anothers(token) {
			continue
		}
		trusted, err := trustframework.TrustedKeys(w.cfg.Vault.home.Settings.Trusted)
		if err != nil {
			return err
		}
		a, err := trustframework.OpenAttestation([]byte(token), trusted, w.cfg.Now())
		if err != nil {
			return reason.Wrap(reason.Of(err), "what the service shows as attested by the trust registry is not", err)
		}
		if a.Verifier.ID != v.ID {
			return reason.New(reason.VerifierNotEntitled, "the service shows the attestation of another one")
		}
	}
	return nil
}

// anothers reports whether token says of itself that it is a statement of another kind than a registry's attestation.
// Others sign by algorithms and with members of their own, so that nothing but typ is read.
func anothers(token string) bool {
	if len(token) > trustframework.MaxAttestation {
		return false
	}
	head, _, _ := strings.Cut(token, ".")
	raw, err := jose.AppendDecode(nil, []byte(head))
	var h struct {
		Type string `json:"typ"`
	}
	if err != nil || strictjson.Unmarshal(raw, &h) != nil {
		return false
	}
	typ := strings.ToLower(h.Type)
	return strings.TrimPrefix(typ, "application/") != trustframework.AttestationType
}

// accessOf returns what r is for: as the service says or, where it says nothing, as the framework does, if
// there is only one purpose and one controller that the service may have. Without a purpose there is
// nothing that a person could agree to; and resource and action are names, never a sentence of the service's own
// among what the person reads.
func accessOf(r *vp.Request, v trustframework.Verifier) (vp.Access, error) {
	a, err := r.Accessing()
	switch {
	case err != nil:
		return vp.Access{}, err
	case a != nil && !unsaid(*a) && !(credential.IsResource(a.Resource) && credential.IsResource(a.Action)):
		return vp.Access{}, reason.New(reason.RequestInvalid, "the service says what it wants to do in words that are no resource and action")
	case a != nil:
		return *a, nil
	case len(v.Purposes) == 1 && len(v.Controllers) == 1:
		return vp.Access{Purpose: v.Purposes[0], Controller: v.Controllers[0]}, nil
	}
	return vp.Access{}, reason.New(reason.VerifierNotEntitled, "the service does not say what it asks for, and for what purpose")
}

// unsaid reports whether a is left open by the service: it says neither resource nor action.
func unsaid(a vp.Access) bool { return a.Resource == "" && a.Action == "" }

// unregistered names what of a is not registered for v. Where the service leaves the resource open, each
// permission that would be shown is held against the registration instead.
func unregistered(v trustframework.Verifier, a vp.Access) []string {
	parts := v.Unregistered(a.Controller, a.Purpose, a.Resource)
	if unsaid(a) {
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == trustframework.PartResource })
	}
	return parts
}

// unneeded names the facts beyond permissions and assurance that r asks to see and v is not registered
// for (security.md §3, function creep): the number by which others know the principal, the evidence.
func unneeded(r *vp.Request, v trustframework.Verifier, a vp.Access) (tooMuch []string) {
	for i := range r.Query.Credentials {
		for _, claim := range vp.Asked(&r.Query.Credentials[i]) {
			if fact := string(claim); !v.MayAsk(a.Purpose, fact) && !slices.Contains(tooMuch, fact) {
				tooMuch = append(tooMuch, fact)
			}
		}
	}
	return tooMuch
}

// restrained refuses to show permissions of c that r does not need: for another resource or action.
func (r *request) restrained(s credential.Selection, c *credential.Credential) error {
	var tooMuch []string
	for _, p := range c.Permissions {
		if slices.Contains(s.Permissions, p.ID) && !r.concerns(p) {
			tooMuch = append(tooMuch, "permission "+p.Resource)
		}
	}
	if len(tooMuch) > 0 {
		return overAsked("the service asks to see permissions that this access does not need", tooMuch...)
	}
	return nil
}

// concerns reports whether p has to do with the access: it covers the resource, or is for a part of it.
// For an access that the service leaves open, all that it is registered for will do.
func (r *request) concerns(p credential.Permission) bool {
	a := r.access
	if !unsaid(a) {
		return slices.Contains(p.Actions, a.Action) && related(p.Resource, a.Resource)
	}
	return r.verifier.Entitled(a.Controller, a.Purpose, p.Resource) ||
		slices.ContainsFunc(r.verifier.Resources, func(registered string) bool { return related(p.Resource, registered) })
}

func related(a, b string) bool { return delegation.Covers(a, b) || delegation.Covers(b, a) }
