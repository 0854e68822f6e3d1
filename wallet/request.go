// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// request is a request that was checked, with who asks.
type request struct {
	*vp.Request
	verifier trustframework.Verifier
}

// fetch reads the request behind link and checks who asks: a verifier that the framework lists, in
// a request object signed by it, at its own origin, for an access that it is registered for, with
// the answer to its own origin.
func (w *Wallet) fetch(ctx context.Context, link string) (*request, error) {
	f, err := w.framework()
	if err != nil {
		return nil, err
	}
	l, err := readLink(f, link)
	if err != nil {
		return nil, err
	}
	v, err := verifierAt(f, l)
	if err != nil {
		return nil, err
	}
	answer, err := w.cfg.Remote.Get(ctx, l.RequestURI, safehttp.Want{MediaTypes: []string{vp.MediaTypeRequest}, MaxBytes: MaxAnswer})
	if err != nil {
		return nil, refusedByVerifier(err)
	}
	r, err := vp.OpenRequest(ctx, answer.Body, l.ClientID, w.keys())
	if err != nil {
		return nil, err
	}
	return &request{r, v}, entitled(r, v)
}

// readLink reads what a service hands out: an openid4vp:// link, or the bare https address of
// the request object, whose client is then the one verifier that the framework lists at that origin.
func readLink(f *trustframework.Framework, link string) (vp.Link, error) {
	if !strings.HasPrefix(link, "https://") {
		return vp.ParseLink(link)
	}
	for _, v := range f.Verifiers {
		if len(link) <= vp.MaxLink && atOrigin(v.ID, link) {
			return vp.Link{ClientID: vp.PrefixDID + v.ID, RequestURI: link}, nil
		}
	}
	return vp.Link{}, reason.New(reason.VerifierNotEntitled, "the trust framework lists no service at this address")
}

// verifierAt checks that the framework knows the verifier, and that the request lies at its own origin.
func verifierAt(f *trustframework.Framework, l vp.Link) (trustframework.Verifier, error) {
	var none trustframework.Verifier
	id, err := vp.VerifierDID(l.ClientID)
	if err != nil {
		return none, err
	}
	v, known := f.Verifier(id.String())
	if !known {
		return none, reason.New(reason.VerifierNotEntitled, "the trust framework does not know the service that asks")
	}
	if !atOrigin(v.ID, l.RequestURI) {
		return none, reason.New(reason.RequestClientID, "the request lies at another host than the service's own")
	}
	return v, nil
}

// entitled refuses a request for more than is registered for v. One that does not say what
// access it is for can be held against nothing, and is refused too.
func entitled(r *vp.Request, v trustframework.Verifier) error {
	if !atOrigin(v.ID, r.ResponseURI) {
		return reason.New(reason.RequestClientID, "the answer would go to another host than the service's own")
	}
	a := r.Access
	if a == nil {
		return reason.New(reason.VerifierNotEntitled, "the service does not say what it asks for, and for what purpose")
	}
	if !v.Entitled(a.Controller, a.Purpose, a.Resource) {
		return reason.New(reason.VerifierNotEntitled, "the service asks for more than it is registered for")
	}
	return nil
}

// restrained refuses a query that asks to see what the access does not need: a permission for
// another resource or action, the number by which others know the principal, the evidence
// (security.md §3, function creep).
func restrained(s credential.Selection, c *credential.Credential, a *vp.Access) error {
	if slices.ContainsFunc(s.Claims, func(claim credential.Claim) bool { return claim != credential.ClaimAssurance }) {
		return reason.New(reason.VerifierNotEntitled, "the service asks for facts that this access does not need")
	}
	for _, p := range c.Permissions {
		if slices.Contains(s.Permissions, p.ID) && !concerns(p, a) {
			return reason.New(reason.VerifierNotEntitled, "the service asks to see permissions that this access does not need")
		}
	}
	return nil
}

// concerns reports whether p has to do with access a: it covers the resource, or is for a part of it.
func concerns(p credential.Permission, a *vp.Access) bool {
	return slices.Contains(p.Actions, a.Action) &&
		(delegation.Covers(p.Resource, a.Resource) || delegation.Covers(a.Resource, p.Resource))
}
