// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"net/url"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// OfferView is what a person sees before anything is collected.
type OfferView struct {
	Issuer string      // name of the issuer in the trust framework
	Origin string      // its address
	TxCode *vci.TxCode // nil: no transaction code is needed
}

// Receive collects the credentials of an offer (OpenID4VCI 1.0, pre-authorized code flow). accept
// is asked once, after the issuer was found in the framework and before anything is sent; it returns the
// transaction code, or an error that ends it. What comes is opened and checked before it is
// stored, and is durable when Receive returns.
func (w *Wallet) Receive(ctx context.Context, link string, accept func(OfferView) (txCode string, err error)) ([]*Entry, error) {
	offer, err := w.readOffer(ctx, link)
	if err != nil {
		return nil, err
	}
	issuer, name, err := w.issuerAt(offer.Issuer)
	if err != nil {
		return nil, err
	}
	grant := offer.Grants.PreAuthorized
	if grant == nil {
		return nil, reason.New(reason.OfferUntrusted, "the offer has no pre-authorized code; this wallet knows no other way yet")
	}
	tx, err := accept(OfferView{Issuer: name, Origin: offer.Issuer, TxCode: grant.TxCode})
	if err != nil {
		return nil, err
	}
	c := collection{w: w, offer: offer, issuer: issuer}
	if err := c.begin(ctx, vci.TokenRequest{Code: grant.Code, TxCode: tx}); err != nil {
		return nil, err
	}
	return c.collect(ctx)
}

func (w *Wallet) readOffer(ctx context.Context, link string) (*vci.Offer, error) {
	l, err := vci.ParseOfferLink(link)
	if err != nil || l.Offer != nil {
		return l.Offer, err
	}
	u, err := url.Parse(l.URI)
	if err != nil || !w.cfg.Framework().DIDHostAllowed(u.Host) {
		return nil, reason.New(reason.OfferUntrusted, "the offer lies at a host that the trust framework does not list")
	}
	answer, err := w.cfg.Remote.Get(ctx, l.URI, safehttp.Want{MediaTypes: []string{"application/json"}, MaxBytes: vci.MaxOffer})
	if err != nil {
		return nil, unreachable("the offer", err)
	}
	return vci.ParseOffer(answer.Body)
}

// issuerAt returns the party whose did:web document lies at the origin of a credential issuer, if
// the framework accredits it to issue delegations.
func (w *Wallet) issuerAt(origin string) (id, name string, err error) {
	f := w.cfg.Framework()
	if f.Unavailable {
		return "", "", reason.New(reason.TrustRegistryUnavailable, "the trust registry cannot be reached; try again later")
	}
	for _, a := range f.Accreditations {
		if slices.Contains(a.Types, credential.TypeDelegation) && originOf(a.Issuer) == origin {
			p, _ := f.Party(a.Issuer)
			return a.Issuer, p.Name, nil
		}
	}
	return "", "", reason.New(reason.OfferUntrusted, "the trust framework does not know this issuer")
}

// originOf returns the https origin of a did:web without a path, "" for anything else.
func originOf(id string) string {
	d, err := did.Parse(id)
	if err != nil || d.Method() != "web" {
		return ""
	}
	text, err := didweb.URL(d)
	if err != nil {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Path != "/.well-known/did.json" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// collection is one offer being collected.
type collection struct {
	w      *Wallet
	offer  *vci.Offer
	issuer string
	meta   *vci.IssuerMetadata
	token  vci.TokenResponse
}

// begin reads the issuer's metadata and redeems the code.
func (c *collection) begin(ctx context.Context, t vci.TokenRequest) error {
	raw, err := c.get(ctx, "openid-credential-issuer")
	if err != nil {
		return err
	}
	if c.meta, err = vci.ParseIssuerMetadata(raw, c.offer.Issuer); err != nil {
		return err
	}
	if raw, err = c.get(ctx, "oauth-authorization-server"); err != nil {
		return err
	}
	server, err := vci.ParseServerMetadata(raw, c.offer.Issuer)
	if err != nil {
		return err
	}
	body, err := c.post(ctx, server.TokenEndpoint, formType, []byte(t.Form().Encode()))
	if err != nil {
		return err
	}
	c.token, err = vci.ParseTokenResponse(body)
	return err
}

// collect asks for every configuration of the offer that this wallet knows the format of.
func (c *collection) collect(ctx context.Context) ([]*Entry, error) {
	var out []*Entry
	for _, id := range c.offer.Configurations {
		configuration, known := c.meta.Configurations[id]
		if !known || c.w.cfg.Formats.Named(securing(configuration.Format)) == nil {
			continue
		}
		e, err := c.one(ctx, id)
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, reason.New(reason.CredentialUnexpected, "the offer holds no credential of a format that this wallet knows")
	}
	return out, nil
}

func (c *collection) one(ctx context.Context, configuration string) (*Entry, error) {
	raw, err := c.post(ctx, c.meta.NonceEndpoint, jsonType, nil)
	if err != nil {
		return nil, err
	}
	nonce, err := vci.ParseNonce(raw)
	if err != nil {
		return nil, err
	}
	proof, err := vci.Proof{Issuer: c.offer.Issuer, Nonce: nonce, At: c.w.cfg.Now()}.Sign(ctx, c.w.signer)
	if err != nil {
		return nil, err
	}
	body, err := strictjson.Marshal(vci.CredentialRequest{Configuration: configuration, Proofs: &vci.Proofs{JWT: []string{string(proof)}}})
	if err != nil {
		return nil, err
	}
	if raw, err = c.post(ctx, c.meta.CredentialEndpoint, jsonType, body); err != nil {
		return nil, err
	}
	response, err := vci.ParseCredentialResponse(raw)
	if err != nil {
		return nil, err
	}
	if len(response.Credentials) != 1 {
		return nil, reason.New(reason.CredentialUnexpected, "the issuer gave several credentials for one key")
	}
	e, err := c.w.keep(ctx, []byte(response.Credentials[0].Credential), nil, c.issuer)
	if err == nil && c.meta.NotificationEndpoint != "" && response.NotificationID != "" {
		c.notify(ctx, response.NotificationID)
	}
	return e, err
}

// notify tells the issuer that the credential is stored. Nothing depends on it.
func (c *collection) notify(ctx context.Context, id string) {
	body, err := strictjson.Marshal(map[string]string{"notification_id": id, "event": "credential_accepted"})
	if err == nil {
		_, _ = c.w.cfg.Remote.Post(ctx, c.meta.NotificationEndpoint, jsonType, body, safehttp.Want{
			MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer, Statuses: []int{204}, Header: c.bearer(),
		})
	}
}

// keep opens a credential from issuer ("" for one that a person signed), checks that it is ours and
// stores it.
func (w *Wallet) keep(ctx context.Context, raw []byte, parents []string, issuer string) (*Entry, error) {
	v, err := w.open(ctx, raw)
	if err != nil {
		return nil, err
	}
	c := v.Credential()
	switch {
	case c.Type != credential.TypeDelegation:
		return nil, reason.New(reason.CredentialUnexpected, "not a delegation credential")
	case issuer != "" && c.Issuer != issuer:
		return nil, reason.New(reason.CredentialUnexpected, "the credential is signed by another issuer than the offer's")
	case c.Delegate.ID != w.DID().String():
		return nil, reason.New(reason.CredentialUnexpected, "the credential is for another holder")
	}
	h := &held{Format: v.Format(), Raw: string(raw), Parents: parents, Received: w.cfg.Now(), Statement: *c}
	if err := w.cfg.Vault.add(h); err != nil {
		return nil, err
	}
	return w.show(h), nil
}
