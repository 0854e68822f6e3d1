// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Lives of the steps of the authorization code flow.
const (
	PushedLife  = 90 * time.Second // of a pushed authorization request
	SigningLife = 10 * time.Minute // for a person to sign in, and again to answer the question for consent
	CodeLife    = 60 * time.Second // of an authorization code
	codeKept    = time.Hour        // that a used code is remembered, so that a second use is noticed
)

// maxScopes bounds the scopes of one request that are looked at.
const maxScopes = 64

// asked is an authorization request that was checked: what is left of it for the steps to come.
type asked struct {
	ID             string   `json:"id"` // drawn here
	Client         string   `json:"c"`
	Redirect       string   `json:"r"`
	State          string   `json:"s,omitempty"`
	Challenge      string   `json:"p"`           // of PKCE
	Configurations []string `json:"o,omitempty"` // that were asked for; nil: all that IssuerState names
	IssuerState    string   `json:"i,omitempty"`
	Thumbprint     string   `json:"d,omitempty"` // of the DPoP key that must redeem the code
	Instance       string   `json:"w,omitempty"` // of the attested key that must
}

// scopeOf returns the scope of a credential configuration, which is its id (OpenID4VCI 1.0 §5.1.2).
func scopeOf(configuration string) string { return configuration }

// ask checks an authorization request of c. A redirect URI that is not the client's is
// redirect.not_registered: then, and where the client is not known, nothing may be redirected.
func (i *Issuer) ask(a vci.AuthorizationRequest, c caller) (asked, error) {
	if err := i.mayRedirect(c, a.RedirectURI); err != nil {
		return asked{}, err
	}
	q := asked{
		Client: c.client, Redirect: a.RedirectURI, State: a.State, Challenge: a.Challenge, IssuerState: a.IssuerState,
		Thumbprint: c.thumbprint, Instance: c.instance,
	}
	var err error
	if q.ID, err = i.secret(); err != nil {
		return q, err
	}
	if q.Configurations, err = i.configurationsAsked(a.Scope, a.Details); err != nil {
		return q, err
	}
	switch {
	case len(q.Configurations) == 0 && q.IssuerState == "":
		return q, spoken{reason.New(reason.GrantInvalid, "neither scope nor authorization_details say what is asked for"), "invalid_scope"}
	case a.Resource != "" && a.Resource != i.cfg.Origin:
		return q, spoken{reason.New(reason.GrantInvalid, "resource is another than this issuer"), "invalid_target"}
	case a.DPoPKey != "" && q.Thumbprint != "" && a.DPoPKey != q.Thumbprint:
		return q, reason.New(reason.DPoPKeyMismatch, "dpop_jkt is another key than that of the proof")
	}
	if a.DPoPKey != "" {
		q.Thumbprint = a.DPoPKey
	}
	return q, nil
}

// configurationsAsked returns the credential configurations that a request names, by scope and by
// authorization details (OpenID4VCI 1.0 §5.1.1, §5.1.2). A scope that is not known is passed over
// beside one that is (RFC 6749 §3.3); details about what is not known are refused (RFC 9396 §5).
func (i *Issuer) configurationsAsked(scope string, details []vci.Detail) ([]string, error) {
	var out []string
	for _, d := range details {
		if !i.issues(d.Configuration) || len(d.Locations) > 0 && !slices.Contains(d.Locations, i.cfg.Origin) {
			return nil, spoken{reason.New(reason.GrantInvalid, "authorization_details are about no credential of this issuer"), "invalid_authorization_details"}
		}
		if !slices.Contains(out, d.Configuration) {
			out = append(out, d.Configuration)
		}
	}
	if strings.Count(scope, " ") >= maxScopes {
		return nil, spoken{reason.New(reason.GrantInvalid, "scope is too long"), "invalid_scope"}
	}
	for _, f := range i.cfg.Formats {
		id := configurationIDs([]string{f.Name()})[0]
		if slices.Contains(strings.Fields(scope), scopeOf(id)) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(out) == 0 && scope != "" {
		return nil, spoken{reason.New(reason.GrantInvalid, "scope names no credential of this issuer"), "invalid_scope"}
	}
	return out, nil
}

// issues reports whether there is a credential configuration called id.
func (i *Issuer) issues(id string) bool {
	name, known := formatOf(id)
	return known && i.cfg.Formats.Named(name) != nil
}

// Push takes a pushed authorization request (RFC 9126 §2). The answer refers to it for PushedLife
// and for one use. p is the HTTP request: what it proves is what must redeem the code.
func (i *Issuer) Push(ctx context.Context, a vci.AuthorizationRequest, p Presented) (vci.Pushed, error) {
	if i.cfg.SignIn == nil {
		return vci.Pushed{}, noCodeFlow()
	}
	c, err := i.callerOfPush(ctx, p, a.ClientID)
	if err != nil {
		return vci.Pushed{}, err
	}
	q, err := i.ask(a, c)
	if err != nil {
		return vci.Pushed{}, err
	}
	reference, err := i.box(forPushed, q, i.cfg.Now().Add(PushedLife))
	if err != nil {
		return vci.Pushed{}, err
	}
	if len(vci.PushedPrefix)+len(reference) > vci.MaxRedirect {
		return vci.Pushed{}, reason.New(reason.GrantInvalid, "the request is too long")
	}
	// What is bound to a key must not be pushed twice with one proof. Who proves nothing writes nothing.
	var steps changes
	if err := i.spendAll(ctx, c.single, &steps); err != nil {
		return vci.Pushed{}, err
	}
	if len(steps.list) > 0 {
		if err := i.commit(ctx, steps); err != nil {
			return vci.Pushed{}, c.lost(err)
		}
	}
	i.cfg.Logger.InfoContext(ctx, "authorization request pushed")
	return vci.Pushed{RequestURI: vci.PushedPrefix + reference, ExpiresIn: int64(PushedLife / time.Second)}, nil
}

// callerOfPush is caller, but that a DPoP proof is never demanded of a pushed request: the key may be
// named by dpop_jkt, or when the code is redeemed.
func (i *Issuer) callerOfPush(ctx context.Context, p Presented, clientID string) (caller, error) {
	c := caller{client: clientID}
	if len(clientID) > MaxClientID {
		return c, reason.New(reason.GrantInvalid, "client_id is too long")
	}
	if err := i.attested(ctx, p, &c); err != nil {
		return c, err
	}
	return c, i.bound(p, &c)
}

// pushed returns the request that a reference of Push stands for, to the client that pushed it. One that
// is not known, has ended or was used is refused as ErrRequestURI.
func (i *Issuer) pushed(ctx context.Context, client, reference string) (asked, error) {
	unknown := reason.Wrap(reason.GrantInvalid, "this request_uri is not known, was used or has ended", vci.ErrRequestURI)
	var q asked
	box, ok := strings.CutPrefix(reference, vci.PushedPrefix)
	if !ok || !i.unbox(forPushed, box, &q) || q.Client != client {
		return asked{}, unknown
	}
	return q, i.spendNow(ctx, single{forPushed, q.ID, i.cfg.Now().Add(PushedLife), unknown})
}

func noCodeFlow() error {
	return spoken{reason.New(reason.GrantInvalid, "this issuer has no authorization code flow"), "unauthorized_client"}
}
