// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Receive collects the credentials of an offer (OpenID4VCI 1.0, pre-authorized code flow). accept
// is asked once, after the issuer was found accredited in the framework and before anything is sent; it returns
// the transaction code, "" where none is needed, or an error that ends it. Room on the disk is made
// sure of before the code is redeemed. What comes is opened and checked before it is stored, and is
// durable when Receive returns; entries beside an error were stored.
//
// Refusals: offer.untrusted, grant.tx_code, grant.tx_code_locked, grant.consumed, grant.invalid,
// issuer.metadata_invalid, credential.unexpected, storage.full, what the framework says of the
// issuer, and what the fetches refuse with.
func (w *Wallet) Receive(ctx context.Context, link string, by Collector) (Collected, error) {
	f, err := w.framework()
	if err != nil {
		return Collected{}, err
	}
	offer, err := w.readOffer(ctx, f, link)
	if err != nil {
		return Collected{}, err
	}
	issuer, err := w.issuerAt(f, offer.Issuer)
	if err != nil {
		return Collected{}, err
	}
	grant := offer.Grants.PreAuthorized
	if grant == nil {
		return Collected{}, reason.New(reason.OfferUntrusted, "the offer has no pre-authorized code; this wallet knows no other way yet")
	}
	name := w.nameOf(issuer, "")
	tx, err := by.Accept(OfferView{Issuer: name, Origin: offer.Issuer, TxCode: grant.TxCode})
	if err != nil {
		return Collected{}, err
	}
	if err := checkTxCode(grant.TxCode, tx); err != nil {
		return Collected{}, err
	}
	c := collection{w: w, offer: offer, issuer: issuer, name: name}
	if err := c.prepare(ctx); err != nil {
		return Collected{}, err
	}
	if err := c.redeem(ctx, vci.TokenRequest{Code: grant.Code, TxCode: tx}); err != nil {
		return Collected{}, err
	}
	got, err := c.collect(ctx)
	return Collected{Entries: got}, err
}

func (w *Wallet) readOffer(ctx context.Context, f *trustframework.Framework, link string) (*vci.Offer, error) {
	l, err := vci.ParseOfferLink(link)
	if err != nil || l.Offer != nil {
		return l.Offer, err
	}
	u, err := url.Parse(l.URI)
	if err != nil || !f.DIDHostAllowed(u.Host) {
		return nil, reason.New(reason.OfferUntrusted, "the offer lies at a host that the trust framework does not list")
	}
	answer, err := w.cfg.Remote.Get(ctx, l.URI, safehttp.Want{MediaTypes: []string{jsonType}, MaxBytes: vci.MaxOffer})
	if err != nil {
		return nil, refusedByIssuer(err)
	}
	return vci.ParseOffer(answer.Body)
}

// issuerAt returns the party whose did:web document lies at the origin of a credential issuer, if
// it may issue what a wallet holds now.
func (w *Wallet) issuerAt(f *trustframework.Framework, origin string) (string, error) {
	for _, a := range f.Accreditations {
		if originOf(a.Issuer) == origin && slices.ContainsFunc(heldTypes(), func(typ string) bool { return w.accredits(a, typ) }) {
			return a.Issuer, nil
		}
	}
	return "", reason.New(reason.OfferUntrusted, "the trust framework accredits no issuer of delegations at this address")
}

// accredits reports whether a lets its party issue credentials of a type now.
func (w *Wallet) accredits(a trustframework.Accreditation, typ string) bool {
	now := w.cfg.Now()
	return a.Status == trustframework.Active && slices.Contains(a.Types, typ) && !now.Before(a.From) && now.Before(a.Until)
}

// checkTxCode refuses a code that the issuer would count as a wrong try, before it is sent.
func checkTxCode(want *vci.TxCode, code string) error {
	switch {
	case want == nil && code != "":
		return reason.New(reason.GrantTxCode, "this offer takes no transaction code; leave it out")
	case want != nil && code == "":
		return reason.New(reason.GrantTxCode, "the offer needs a transaction code, which came by another way than the offer")
	case want == nil:
		return nil
	case want.Length > 0 && utf8.RuneCountInString(code) != want.Length, want.InputMode != "text" && !digits(code):
		return reason.New(reason.GrantTxCode, "the transaction code is not of the form that the issuer uses; check it")
	}
	return nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// collection is one offer being collected.
type collection struct {
	w            *Wallet
	offer        *vci.Offer
	issuer, name string // the issuer's DID, and its name in the framework
	meta         *vci.IssuerMetadata
	server       *vci.ServerMetadata
	token        vci.TokenResponse
	wanted       []string // configurations of a format that is known
}

// prepare does everything that can fail before the code, which works once, is spent.
func (c *collection) prepare(ctx context.Context) error {
	raw, err := c.get(ctx, "openid-credential-issuer")
	if err != nil {
		return err
	}
	if c.meta, err = vci.ParseIssuerMetadata(raw, c.offer.Issuer); err != nil {
		return err
	}
	if c.meta.NonceEndpoint == "" {
		return reason.New(reason.IssuerMetadataInvalid, "the issuer has no nonce endpoint")
	}
	if raw, err = c.get(ctx, "oauth-authorization-server"); err != nil {
		return err
	}
	if c.server, err = vci.ParseServerMetadata(raw, c.offer.Issuer); err != nil {
		return err
	}
	refused := unexpected("the offer holds no credential of a type and format that this wallet knows")
	for _, id := range c.offer.Configurations {
		conf := c.meta.Configurations[id]
		switch typ := typeOf(conf); {
		case typ == "" || !c.w.understands(conf.Format):
		case c.w.issuable(c.issuer, typ) != "":
			refused = reason.New(reason.OfferUntrusted, "the trust framework does not accredit the issuer for what it offers")
		default:
			c.wanted = append(c.wanted, id)
		}
	}
	if len(c.wanted) == 0 {
		return refused
	}
	return c.w.cfg.Vault.room()
}

func (c *collection) redeem(ctx context.Context, t vci.TokenRequest) error {
	body, err := c.post(ctx, c.server.TokenEndpoint, formType, []byte(t.Form().Encode()))
	if err != nil {
		return err
	}
	c.token, err = vci.ParseTokenResponse(body)
	return err
}

func (c *collection) collect(ctx context.Context) ([]*Entry, error) {
	var out []*Entry
	for _, id := range c.wanted {
		e, err := c.one(ctx, id)
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (c *collection) one(ctx context.Context, configuration string) (*Entry, error) {
	body, err := c.request(ctx, configuration)
	if err != nil {
		return nil, err
	}
	raw, err := c.post(ctx, c.meta.CredentialEndpoint, jsonType, body)
	if err != nil {
		return nil, err
	}
	response, err := vci.ParseCredentialResponse(raw)
	if err != nil {
		return nil, err
	}
	if len(response.Credentials) != 1 {
		return nil, unexpected("the issuer gave several credentials for one key")
	}
	h, err := c.check(ctx, []byte(response.Credentials[0].Credential), c.meta.Configurations[configuration])
	if err != nil {
		return nil, err
	}
	if err := c.w.cfg.Vault.add(h); err != nil {
		return nil, err
	}
	if c.meta.NotificationEndpoint != "" && response.NotificationID != "" {
		c.notify(ctx, response.NotificationID)
	}
	return c.w.show(h), nil
}

// request makes a credential request with a proof of the holder's key over a fresh nonce.
func (c *collection) request(ctx context.Context, configuration string) ([]byte, error) {
	raw, err := c.post(ctx, c.meta.NonceEndpoint, jsonType, nil)
	if err != nil {
		return nil, err
	}
	nonce, err := vci.ParseNonce(raw)
	if err != nil {
		return nil, err
	}
	proof, err := vci.Proof{Issuer: c.offer.Issuer, Nonce: nonce, At: c.w.cfg.Now()}.Sign(ctx, c.w.keyring.inUse)
	if err != nil {
		return nil, err
	}
	return strictjson.Marshal(vci.CredentialRequest{Configuration: configuration, Proofs: &vci.Proofs{JWT: []string{string(proof)}}})
}

func unexpected(detail string) error { return reason.New(reason.CredentialUnexpected, detail) }

// check opens what the issuer gave and refuses what was not asked for (OpenID4VCI 1.0 §8.3, and
// attack WAL-06), or what services would refuse by the framework.
func (c *collection) check(ctx context.Context, raw []byte, asked vci.Configuration) (*held, error) {
	keys, signers := c.w.taking()
	v, err := c.w.open(ctx, raw, keys)
	if err != nil {
		return nil, err
	}
	got, now := v.Credential(), keys.At
	switch {
	case vp.FormatID(v.Format()) != asked.Format || asked.Format == vp.FormatLDP && !slices.Contains(asked.SigningAlgorithms, v.Format()):
		return nil, unexpected("the credential is of another format than the one asked for")
	case got.Type != typeOf(asked):
		return nil, unexpected("the credential is of another type than the one asked for")
	case got.Issuer != c.issuer:
		return nil, unexpected("the credential is signed by another issuer than the offer's")
	case got.Delegate.ID != c.w.DID().String():
		return nil, unexpected("the credential is for another holder")
	case got.Parent != nil:
		return nil, unexpected("the credential rests on another one that did not come along")
	case !now.Before(got.ValidUntil):
		return nil, unexpected("the credential has expired already")
	}
	if code := c.w.distrust(got); code != "" {
		return nil, reason.New(code, "services would refuse this credential: it goes beyond what its issuer may grant")
	}
	if state, _, err := c.w.stateOf(ctx, got.Issuer, got); err == nil && state == status.Revoked {
		return nil, unexpected("the credential is revoked already")
	}
	pins, err := signers.pins()
	return &held{Format: v.Format(), Raw: string(raw), Signers: pins, Received: now, Issuer: c.name, Statement: statementOf(got)}, err
}

// distrust returns why services would refuse c as the root of a delegation, "" if they would not.
// A permission with a constraint that nobody understands grants nothing, and spoils no other. A wallet
// finds issuers' keys by their DIDs, which services do not where the framework pins another way.
func (w *Wallet) distrust(c *credential.Credential) reason.Code {
	if w.cfg.Framework().Parties[c.Issuer].IssuerKeys.By() != trustframework.ByDID {
		return reason.KeyControllerMismatch
	}
	if isSupporting(c.Type) {
		return w.issuable(c.Issuer, c.Type)
	}
	for _, code := range delegation.CheckRoot(w.cfg.Framework(), c, w.cfg.Now()) {
		if code != reason.CredentialUnknownConstraint {
			return code
		}
	}
	return ""
}

// notify tells the issuer that the credential is stored. Nothing depends on it.
func (c *collection) notify(ctx context.Context, id string) {
	body, err := strictjson.Marshal(map[string]string{"notification_id": id, "event": "credential_accepted"})
	if err == nil {
		_, _ = c.w.post(ctx, c.meta.NotificationEndpoint, jsonType, body, safehttp.Want{Statuses: []int{204}, Header: c.bearer()})
	}
}

func (c *collection) get(ctx context.Context, document string) ([]byte, error) {
	answer, err := c.w.cfg.Remote.Get(ctx, vci.WellKnown(c.offer.Issuer, document), safehttp.Want{
		MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer,
	})
	if err != nil {
		return nil, refusedByIssuer(err)
	}
	return answer.Body, nil
}

func (c *collection) post(ctx context.Context, url, contentType string, body []byte) ([]byte, error) {
	answer, err := c.w.post(ctx, url, contentType, body, safehttp.Want{Header: c.bearer()})
	if err != nil {
		return nil, refusedByIssuer(err)
	}
	return answer, nil
}

// bearer returns the header with the access token, nil before there is one.
func (c *collection) bearer() map[string][]string {
	if c.token.AccessToken == "" {
		return nil
	}
	return map[string][]string{"Authorization": {"Bearer " + c.token.AccessToken}}
}
