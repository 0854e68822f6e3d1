// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// refreshHalf is the length of either half of a refresh token: a secret.
const refreshHalf = 22

// redeemCode gives tokens for an authorization code: to the client that asked, with its redirect URI,
// its PKCE verifier and, where the request was bound to keys, those keys (RFC 6749 §4.1.3, RFC 7636
// §4.6, RFC 9449 §10).
func (i *Issuer) redeemCode(ctx context.Context, r vci.TokenRequest, by caller, steps changes) (vci.TokenResponse, error) {
	var k authCode
	e, err := i.get(ctx, digestKey(prefixAuthCode, r.Code), &k, reason.GrantInvalid)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if k.Grant != "" {
		return vci.TokenResponse{}, i.end(ctx, k.Grant, "the code was used before: what it was redeemed for has ended")
	}
	if err := k.fits(r, by, i.cfg.Now()); err != nil {
		return vci.TokenResponse{}, err
	}
	identifiers, list, err := i.standing(ctx, k.Identifiers)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if len(list) == 0 {
		return vci.TokenResponse{}, reason.New(reason.GrantInvalid, "what was allowed was taken back or has ended")
	}
	a := authorization{Identifiers: identifiers, Details: true}
	for _, d := range list {
		a.Delegations = append(a.Delegations, d.ID)
	}
	if err := i.narrow(&a, r.Details); err != nil {
		return vci.TokenResponse{}, err
	}
	return i.give(ctx, a, by, list, steps, func(grant string) (store.Change, error) {
		k.Grant = grant
		return put(e.Key, e.Version, k, e.Expires)
	})
}

// fits refuses a code that comes from another than it was given to.
func (k authCode) fits(r vci.TokenRequest, by caller, now time.Time) error {
	q := k.Asked
	switch {
	case !now.Before(k.Expires):
		return reason.New(reason.GrantInvalid, "the code has ended")
	case by.client != q.Client:
		return reason.New(reason.GrantInvalid, "the code is another client's")
	case r.RedirectURI != q.Redirect:
		return reason.New(reason.GrantInvalid, "redirect_uri is not that of the request")
	case q.Thumbprint != "" && by.thumbprint != q.Thumbprint:
		return reason.New(reason.DPoPKeyMismatch, "the code is bound to another key")
	case q.Instance != "" && by.instance != q.Instance:
		return reason.New(reason.ClientAttestation, "the code is bound to another attested key")
	}
	return r.Verifier.Check(q.Challenge)
}

// standing returns the credential identifiers of which the delegation still stands, with those
// delegations.
func (i *Issuer) standing(ctx context.Context, identifiers []string) (still []string, list []*Delegation, err error) {
	known := map[string]bool{}
	for _, id := range identifiers {
		name, _, _ := splitIdentifier(id)
		stands, seen := known[name]
		if !seen {
			d, err := i.Delegation(ctx, name)
			if err != nil {
				return nil, nil, err
			}
			if stands = i.stands(d); stands {
				list = append(list, d)
			}
			known[name] = stands
		}
		if stands {
			still = append(still, id)
		}
	}
	return still, list, nil
}

// narrow limits a to the credential configurations that a token request names (OpenID4VCI 1.0 §6.1).
func (i *Issuer) narrow(a *authorization, details []vci.Detail) error {
	if len(details) == 0 {
		return nil
	}
	wanted, err := i.configurationsAsked("", details)
	if err != nil {
		return err
	}
	a.Details = true
	a.Identifiers = slices.DeleteFunc(a.Identifiers, func(id string) bool {
		_, configuration, _ := splitIdentifier(id)
		return !slices.Contains(wanted, configuration)
	})
	if len(a.Identifiers) == 0 {
		return spoken{reason.New(reason.GrantInvalid, "authorization_details are about nothing that was allowed"), "invalid_authorization_details"}
	}
	return nil
}

// give makes a first access token of a durable, in one commit with steps: for who made the request,
// bound to the keys that it proved. spent marks the authorization code, where a person signed in: that
// is recorded in the audit log.
func (i *Issuer) give(ctx context.Context, a authorization, by caller, list []*Delegation, steps changes, spent func(grant string) (store.Change, error)) (vci.TokenResponse, error) {
	family, err := i.secret()
	if err != nil {
		return vci.TokenResponse{}, err
	}
	a.Client, a.Instance, a.Thumbprint = by.client, by.instance, by.thumbprint
	until := i.cfg.Now().Add(TokenLife)
	a.Expires = until
	for _, d := range list {
		if d.State == Offered && (spent == nil || until.After(d.Collectable)) {
			d.Collectable = until
			steps.add(d.change())
		}
		if a.refreshable() && a.Expires.Before(d.Request.Grant.ValidUntil) {
			a.Expires = d.Request.Grant.ValidUntil
		}
	}
	grant := store.Entry{Key: digestKey(prefixGrant, family)}
	if spent == nil {
		return i.token(ctx, a, grant, family, steps, i.commit)
	}
	steps.add(spent(grant.Key))
	return i.token(ctx, a, grant, family, steps, func(ctx context.Context, steps changes) error {
		return i.recordGrant(ctx, a, list, steps)
	})
}

// refreshable says whether a may have refresh tokens: only what is bound to a key of the wallet, so
// that who finds one can do nothing with it (RFC 9700 §2.2.2).
func (a authorization) refreshable() bool { return a.Thumbprint != "" || a.Instance != "" }

// token adds a new access token, and refresh token, of a to steps and commits.
func (i *Issuer) token(ctx context.Context, a authorization, grant store.Entry, family string, steps changes, commit func(context.Context, changes) error) (vci.TokenResponse, error) {
	access, err := i.secret()
	if err != nil {
		return vci.TokenResponse{}, err
	}
	out := vci.TokenResponse{AccessToken: access, TokenType: vci.Bearer, ExpiresIn: int64(TokenLife / time.Second), Details: a.details()}
	if a.Thumbprint != "" {
		out.TokenType = vci.DPoP
	}
	if a.refreshable() {
		second, err := i.secret()
		if err != nil {
			return vci.TokenResponse{}, err
		}
		a.Refresh, out.RefreshToken = digest([]byte(second)), family+"."+second
	}
	until := i.cfg.Now().Add(TokenLife)
	steps.add(put(grant.Key, grant.Version, a, a.Expires))
	steps.add(put(digestKey(prefixToken, access), 0, accessToken{Grant: grant.Key, Expires: until}, until))
	if err := commit(ctx, steps); err != nil {
		return vci.TokenResponse{}, err
	}
	i.cfg.Logger.InfoContext(ctx, "token given", "delegations", len(a.Delegations), "bound", a.Thumbprint != "")
	return out, nil
}

// details are the authorization details of a token answer: the credential identifiers by their
// configurations (OpenID4VCI 1.0 §6.2).
func (a authorization) details() []vci.Detail {
	if !a.Details {
		return nil
	}
	var out []vci.Detail
	for _, id := range a.Identifiers {
		_, configuration, _ := splitIdentifier(id)
		at := slices.IndexFunc(out, func(d vci.Detail) bool { return d.Configuration == configuration })
		if at < 0 {
			at = len(out)
			out = append(out, vci.Detail{Type: vci.DetailType, Configuration: configuration})
		}
		out[at].Identifiers = append(out[at].Identifiers, id)
	}
	return out
}

// recordGrant commits steps with an audit leaf: a person signed in, and a wallet got a token for them.
func (i *Issuer) recordGrant(ctx context.Context, a authorization, list []*Delegation, steps changes) error {
	evidence, err := strictjson.Marshal(a.Identifiers)
	if err != nil || steps.err != nil {
		return reason.Wrap(reason.InternalIndeterminate, "a record could not be written", err)
	}
	d := list[0]
	e := i.event(audit.Authorize, d.ID, d.At(i.cfg.Now()), d.Request.Grant.OnBehalfOf.ID, "")
	e.Evidence = digest(evidence)
	_, err = i.cfg.Audit.Append(ctx, e, steps.list...)
	return err
}

// refresh gives new tokens for a refresh token to the client and the keys that it was given to. The
// old one is of no use from then on: whoever brings it ends the authorization, for it was stolen, or
// its successor was (RFC 9700 §4.14.2).
func (i *Issuer) refresh(ctx context.Context, r vci.TokenRequest, by caller, steps changes) (vci.TokenResponse, error) {
	unknown := reason.New(reason.GrantInvalid, "the refresh token is not known or has ended")
	family, second, _ := strings.Cut(r.RefreshToken, ".")
	if len(family) != refreshHalf || len(second) != refreshHalf {
		return vci.TokenResponse{}, unknown
	}
	var a authorization
	e, err := i.get(ctx, digestKey(prefixGrant, family), &a, reason.GrantInvalid)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	switch {
	case a.Ended || a.Refresh == "" || !i.cfg.Now().Before(a.Expires):
		return vci.TokenResponse{}, unknown
	case by.client != "" && by.client != a.Client:
		return vci.TokenResponse{}, reason.New(reason.GrantInvalid, "the refresh token is another client's")
	case by.thumbprint != a.Thumbprint:
		return vci.TokenResponse{}, reason.New(reason.DPoPKeyMismatch, "the refresh token is bound to another key")
	case a.Instance != "" && by.instance != a.Instance:
		return vci.TokenResponse{}, reason.New(reason.ClientAttestation, "the refresh token is bound to another attested key")
	case !sameText(digest([]byte(second)), a.Refresh):
		return vci.TokenResponse{}, i.end(ctx, e.Key, "the refresh token was used before: its authorization has ended")
	}
	still, _, err := i.standing(ctx, a.Identifiers)
	if err != nil {
		return vci.TokenResponse{}, err
	}
	if len(still) == 0 {
		return vci.TokenResponse{}, reason.New(reason.GrantInvalid, "what was allowed was taken back or has ended")
	}
	return i.token(ctx, a, e, family, steps, i.commit)
}

// end ends an authorization with all its tokens, and returns the refusal that says so.
func (i *Issuer) end(ctx context.Context, grant, detail string) error {
	refusal := reason.New(reason.GrantInvalid, detail)
	var a authorization
	e, err := i.get(ctx, grant, &a, reason.GrantInvalid)
	if reason.Of(err) == reason.GrantInvalid || err == nil && a.Ended {
		return refusal // it ended by itself, or before
	}
	if err != nil {
		return err
	}
	a.Ended, a.Refresh = true, ""
	var steps changes
	steps.add(put(e.Key, e.Version, a, e.Expires))
	if err := i.commit(ctx, steps); err != nil {
		return err
	}
	i.cfg.Logger.WarnContext(ctx, "an authorization was ended: something of it was used twice", "delegations", len(a.Delegations))
	return refusal
}
