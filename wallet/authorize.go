// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Apply asks the credential issuer at an address for delegations without an offer of it: the person
// signs in there, chooses, and what is granted comes as with Receive, which has the refusals too.
func (w *Wallet) Apply(ctx context.Context, issuer string, by Collector) (Collected, error) {
	if by.Accept == nil {
		return Collected{}, wrong("nobody was asked")
	}
	if by.SignIn == nil {
		return Collected{}, needsSignIn()
	}
	if err := vci.CheckIssuer(issuer); err != nil {
		return Collected{}, wrong("an issuer is an https address, such as https://surgery.example")
	}
	f, err := w.framework()
	if err != nil {
		return Collected{}, err
	}
	id, err := w.issuerAt(f, issuer)
	if err != nil {
		return Collected{}, err
	}
	tx, err := by.Accept(OfferView{Issuer: w.nameOf(id, ""), Origin: issuer, SignIn: true})
	if err != nil {
		return Collected{}, err
	}
	if err := checkTxCode(nil, tx); err != nil {
		return Collected{}, err
	}
	s, err := w.begin(ctx, id, issuer, "")
	if err != nil {
		return Collected{}, err
	}
	wanted, err := s.wanted(s.preferred())
	if err != nil {
		return Collected{}, err
	}
	return s.collect(ctx, wanted, by, func() error { return s.signIn(ctx, by.SignIn, s.byScope(wanted), "") })
}

// preferred returns the configuration of a delegation in the format that shows the least, by the order
// of vp's formats: one, so that the same delegation is not issued several times.
func (s *session) preferred() []string {
	for _, format := range []string{vp.FormatSDJWT, vp.FormatVCJWT, vp.FormatLDP} {
		var ids []string
		for id, c := range s.meta.Configurations {
			if c.Format == format && typeOf(c) == credential.TypeDelegation && s.w.understands(format) {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			slices.Sort(ids)
			return ids[:1]
		}
	}
	return nil
}

// byDetails asks for configurations by authorization_details, if the server knows them, else by scope.
func (s *session) byDetails(wanted []string) vci.AuthorizationRequest {
	if len(s.server.DetailTypes) > 0 && !slices.Contains(s.server.DetailTypes, vci.DetailType) {
		return s.byScope(wanted)
	}
	var a vci.AuthorizationRequest
	for _, id := range wanted {
		a.Details = append(a.Details, vci.Detail{Type: vci.DetailType, Configuration: id})
	}
	return a
}

// byScope asks for configurations by their scopes, and by authorization_details where one has none.
func (s *session) byScope(wanted []string) vci.AuthorizationRequest {
	var scopes []string
	for _, id := range wanted {
		scope := s.meta.Configurations[id].Scope
		if scope == "" {
			var a vci.AuthorizationRequest
			for _, id := range wanted {
				a.Details = append(a.Details, vci.Detail{Type: vci.DetailType, Configuration: id})
			}
			return a
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return vci.AuthorizationRequest{Scope: strings.Join(scopes, " ")}
}

// signIn gets tokens by the authorization code flow (§5): the request is pushed wherever that is offered
// (RFC 9126), always with PKCE (RFC 7636), and bound to the key that tokens will be bound to. What
// comes back must be an answer to this request, of this server (RFC 9207).
func (s *session) signIn(ctx context.Context, by SignIn, a vci.AuthorizationRequest, issuerState string) error {
	if err := s.server.CheckCodeFlow(); err != nil {
		return err
	}
	a.ClientID, a.RedirectURI, a.IssuerState = s.grant.Client, by.Redirect(), issuerState
	if err := vci.CheckRedirect(a.RedirectURI); err != nil {
		return err
	}
	verifier, err := vci.NewVerifier(s.w.cfg.Random)
	if err != nil {
		return err
	}
	state, err := vci.NewVerifier(s.w.cfg.Random) // as unguessable as the other, and never sent along with it
	if err != nil {
		return err
	}
	a.Challenge, a.State = verifier.Challenge(), string(state)
	if s.bound != nil {
		a.DPoPKey = s.bound.Public().Thumbprint()
	}
	address, err := s.authorizeAt(ctx, a)
	if err != nil {
		return err
	}
	came, err := by.Authorize(ctx, address)
	if err != nil {
		return err
	}
	answer, err := vci.ParseAuthorizationResponse(came, a.State, s.server)
	if err != nil {
		return signInRefused(err)
	}
	return s.redeem(ctx, vci.TokenRequest{
		Grant: vci.GrantAuthorizationCode, Code: answer.Code, RedirectURI: a.RedirectURI, Verifier: verifier, ClientID: a.ClientID,
	})
}

// authorizeAt returns where the browser goes.
func (s *session) authorizeAt(ctx context.Context, a vci.AuthorizationRequest) (string, error) {
	if s.server.PushedEndpoint == "" {
		return vci.PlainAuthorizeURL(s.server.AuthorizationEndpoint, a)
	}
	raw, err := s.client(ctx, s.server.PushedEndpoint, a.Form())
	if err != nil {
		return "", err
	}
	pushed, err := vci.ParsePushed(raw)
	if err != nil {
		return "", err
	}
	return vci.AuthorizeURL(s.server.AuthorizationEndpoint, a.ClientID, pushed)
}

// signInRefused gives words to an answer that holds no code.
func signInRefused(err error) error {
	switch code := reason.Of(err); code {
	case reason.GrantInvalid:
		return reason.Wrap(code, "the issuer gave nothing: it refused, or the sign-in was broken off", err)
	case reason.SessionUnknown, reason.IssuerMetadataInvalid:
		return reason.Wrap(code, "what came back from the sign-in is not an answer to it; nothing was collected", err)
	default:
		return err
	}
}
