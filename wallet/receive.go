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
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// Receive collects the credentials of an offer (OpenID4VCI 1.0 §4): with its pre-authorized code or,
// where it has none, after the person signed in at the issuer. Room on the disk is made sure of before
// a code, which works once, is redeemed. What comes is opened and checked before it is stored, and
// is durable when Receive returns; what is listed beside an error was stored.
//
// Refusals: offer.untrusted, grant.tx_code, grant.tx_code_locked, grant.consumed, grant.invalid,
// session.unknown and issuer.metadata_invalid (an answer that is another's), credential.unexpected,
// token.invalid, response.enc, response.encryption_required, storage.full, what the framework says of
// the issuer, and what the fetches refuse with.
func (w *Wallet) Receive(ctx context.Context, link string, by Collector) (Collected, error) {
	if by.Accept == nil {
		return Collected{}, wrong("nobody was asked")
	}
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
	pre, code := offer.Grants.PreAuthorized, offer.Grants.AuthorizationCode
	view := OfferView{Issuer: w.nameOf(issuer, ""), Origin: offer.Issuer, SignIn: pre == nil}
	named := ""
	switch {
	case pre != nil:
		view.TxCode, named = pre.TxCode, pre.Server
	case code == nil:
		return Collected{}, reason.New(reason.OfferUntrusted, "the offer does not say how it is collected")
	case by.SignIn == nil:
		return Collected{}, needsSignIn()
	default:
		named = code.Server
	}
	tx, err := by.Accept(view)
	if err != nil {
		return Collected{}, err
	}
	if pre != nil {
		if err := checkTxCode(pre.TxCode, tx); err != nil {
			return Collected{}, err
		}
	}
	s, err := w.begin(ctx, issuer, offer.Issuer, named)
	if err != nil {
		return Collected{}, err
	}
	wanted, err := s.wanted(offer.Configurations)
	if err != nil {
		return Collected{}, err
	}
	if pre != nil {
		return s.collect(ctx, wanted, by, func() error { return s.preAuthorized(ctx, pre.Code, tx) })
	}
	return s.collect(ctx, wanted, by, func() error { return s.signIn(ctx, by.SignIn, s.byDetails(wanted), code.IssuerState) })
}

func needsSignIn() error {
	return reason.New(reason.OfferUntrusted, "the person has to sign in at the issuer, and there is no browser to do it in")
}

// collect gets tokens by grant and, with them, what is wanted.
func (s *session) collect(ctx context.Context, wanted []string, by Collector, grant func() error) (Collected, error) {
	if err := s.w.cfg.Vault.room(max(1, by.Copies)); err != nil {
		return Collected{}, err
	}
	if err := s.bind(); err != nil {
		return Collected{}, err
	}
	if err := grant(); err != nil {
		return Collected{}, refusedByIssuer(err)
	}
	orders, err := s.orders(wanted)
	if err != nil {
		return Collected{}, err
	}
	var out Collected
	for _, o := range orders {
		if o.proven, err = s.keysFor(by.Copies); err != nil {
			return out, err
		}
		got, err := s.fill(ctx, o, s.w.olderKeys()...)
		out.Entries, out.Pending = append(out.Entries, got.Entries...), append(out.Pending, got.Pending...)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// preAuthorized redeems the code of an offer (§6.1).
func (s *session) preAuthorized(ctx context.Context, code, tx string) error {
	if s.server.AnonymousPre && s.w.cfg.Attester == nil {
		s.grant.Client = ""
	}
	return s.redeem(ctx, vci.TokenRequest{Grant: vci.GrantPreAuthorized, Code: code, TxCode: tx, ClientID: s.grant.Client})
}

func (w *Wallet) readOffer(ctx context.Context, f *trustframework.Framework, link string) (*vci.Offer, error) {
	l, err := vci.ParseOfferLink(link)
	if code := reason.Of(err); code == reason.JSONSyntax || code == reason.HTTPDuplicateParam {
		return nil, reason.Wrap(code, "the link of the offer is damaged, or a part is missing; copy the whole of it, and put it in quotes", err)
	}
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

// issuerAt returns the party at the origin of a credential issuer, which is where its did:web document
// lies or what it is called, if it may issue what a wallet holds now.
func (w *Wallet) issuerAt(f *trustframework.Framework, origin string) (string, error) {
	for _, a := range f.Accreditations {
		at := a.Issuer == origin || originOf(a.Issuer) == origin
		if at && slices.ContainsFunc(heldTypes(), func(typ string) bool { return w.accredits(a, typ) }) {
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

// wanted returns those of the offered configurations that can be held, and that the framework lets the
// issuer issue.
func (s *session) wanted(offered []string) ([]string, error) {
	refused := unexpected("the offer holds no credential of a type and format that this wallet knows")
	var out []string
	for _, id := range offered {
		conf := s.meta.Configurations[id]
		switch typ := typeOf(conf); {
		case typ == "" || !s.w.understands(conf.Format):
		case s.w.issuable(s.issuer, typ) != "":
			refused = reason.New(reason.OfferUntrusted, "the trust framework does not accredit the issuer for what it offers")
		default:
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		return nil, refused
	}
	return out, nil
}

func unexpected(detail string) error { return reason.New(reason.CredentialUnexpected, detail) }

// one opens a credential that an issuer gave, and refuses what was not asked for (OpenID4VCI 1.0
// §8.3, and attack WAL-06) or what services would refuse by the framework. Whether it is for a key of
// ours the caller finds out.
func (s *session) one(ctx context.Context, raw []byte, asked vci.Configuration) (*held, error) {
	w := s.w
	keys, signers := w.taking()
	v, err := w.open(ctx, raw, keys)
	if err != nil {
		return nil, err
	}
	got, now := v.Credential(), keys.At
	switch {
	case vp.FormatID(v.Format()) != asked.Format || asked.Format == vp.FormatLDP && !slices.Contains(asked.SigningAlgorithms, v.Format()):
		return nil, unexpected("the credential is of another format than the one asked for")
	case got.Type != typeOf(asked):
		return nil, unexpected("the credential is of another type than the one asked for")
	case got.Issuer != s.issuer:
		return nil, unexpected("the credential is signed by another issuer than the offer's")
	case !boundToItsDelegate(v):
		return nil, unexpected(boundToAnother)
	case got.Parent != nil:
		return nil, unexpected("the credential rests on another one that did not come along")
	case !now.Before(got.ValidUntil):
		return nil, unexpected("the credential has expired already")
	}
	if code := w.distrust(got); code != "" {
		return nil, reason.New(code, "services would refuse this credential: it goes beyond what its issuer may grant")
	}
	if state, _, err := w.stateOf(ctx, got.Issuer, got); err == nil && state == status.Revoked {
		return nil, unexpected("the credential is revoked already")
	}
	pins, err := signers.pins()
	return &held{
		Format: v.Format(), Raw: string(raw), Signers: pins, Authorities: signers.authorities(), Received: now, Issuer: s.name, Statement: statementOf(got),
	}, err
}

const boundToAnother = "the credential is bound to another key than that of who it is for; it could never be presented"

// boundToItsDelegate reports whether v can be presented by its delegate, who is a key of a wallet: the key in
// cnf, in a format that has one, is that key.
func boundToItsDelegate(v credential.Verified) bool {
	k := v.Holder()
	if k.IsZero() {
		return true
	}
	id, _ := didkey.FromKey(k)
	return id.String() == v.Credential().Delegate.ID
}

// distrust returns why services would refuse c as the root of a delegation, "" if they would not.
// A permission with a constraint that nobody understands grants nothing, and spoils no other. A wallet
// without Config.Issuers finds issuers' keys by their DIDs, which services do not where the framework
// pins another way.
func (w *Wallet) distrust(c *credential.Credential) reason.Code {
	if w.cfg.Issuers == nil && w.cfg.Framework().Parties[c.Issuer].IssuerKeys.By() != trustframework.ByDID {
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
