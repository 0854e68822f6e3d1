// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Asked is a request that waits for a wallet.
type Asked struct {
	ID         string    `json:"id"`
	RequestURI string    `json:"request_uri,omitempty"` // absent where the link holds the whole request
	DeepLink   string    `json:"deeplink"`
	Page       string    `json:"page,omitempty"` // for the browser that began, where the request has a flow and a redirect URI
	Expires    time.Time `json:"expires_at"`
}

// Ask makes an OpenID4VP request for exactly what r needs. It refuses an access that lacks what
// a decision needs, one at a controller without a policy here (controller.unknown), one that the framework does
// not register this gateway for (a NotEntitled, verifier.not_entitled), any while there is no
// framework (trust.registry_unavailable), and a redirect URI that is not registered (redirect.not_registered).
func (g *Gateway) Ask(ctx context.Context, r Request) (Asked, error) {
	if err := errors.Join(r.check(), g.checkFlow(r)); err != nil {
		return Asked{}, err
	}
	f := g.framework()
	if _, known := f.Controllers[r.Controller]; !known && !f.Unavailable {
		return Asked{}, reason.New(reason.ControllerUnknown, "the framework has no policy of this controller")
	}
	q, err := query(r.Access, f, g.words(f), g.formats())
	if err != nil {
		return Asked{}, err
	}
	if err := g.entitled(f, r.Access, q); err != nil {
		return Asked{}, err
	}
	s, err := g.newSession(r, q)
	if err != nil {
		return Asked{}, err
	}
	if err := g.step(ctx, s, reason.StorageUnavailable); err != nil {
		return Asked{}, err
	}
	asked := Asked{ID: s.ID, RequestURI: g.requestURI(s.ID), Expires: s.Expires}
	if asked.DeepLink, err = g.link(s); err != nil {
		return Asked{}, err
	}
	switch {
	case g.byValue(): // too long for a page and its QR code
		asked.RequestURI = ""
	case s.Redirect != "": // without a way back, whoever sends the page on could read what came of it
		asked.Page = g.cfg.Origin + pagePath(s.ID)
	}
	return asked, nil
}

func (g *Gateway) requestURI(id string) string { return g.cfg.Origin + "/vp/request/" + id }

// link is what opens a wallet with the request of s: all of it for a client that does not sign, else a reference,
// which a wallet fetches best by a POST with a nonce of its own (OpenID4VP 1.0 §5.10); GET does too.
func (g *Gateway) link(s *session) (string, error) {
	if !g.byValue() {
		return vp.Link{ClientID: g.clientID, RequestURI: g.requestURI(s.ID), Method: vp.MethodPost}.String(), nil
	}
	r, err := g.requestOf(s)
	if err != nil {
		return "", err
	}
	l, err := vp.UnsignedLink(r)
	return l.String(), err
}

// formats are those that are asked for.
func (g *Gateway) formats() credential.Formats { return g.cfg.Protocol.formats(g.cfg.Formats) }

// pagePath is the path of the page of session id.
func pagePath(id string) string { return "/r/" + id }

// RequestObject hands out the signed request object of session id, once (OpenID4VP 1.0 §5.7).
// A second fetch, and one after the session's end, is request.consumed. walletNonce is what a
// wallet sent with its POST to be signed with the request (§5.10), or "".
func (g *Gateway) RequestObject(ctx context.Context, id, walletNonce string) ([]byte, error) {
	if !vp.WalletNonce(walletNonce) {
		return nil, reason.New(reason.RequestConsumed, "wallet_nonce is too long or not URL-safe")
	}
	sign, err := g.signer()
	if err != nil {
		return nil, err // before the fetch is spent: a gateway that cannot sign yet is asked again
	}
	s, err := g.fetch(ctx, id)
	if err != nil {
		return nil, err
	}
	now := g.cfg.Now()
	expires := now.Add(vp.RequestLife)
	if s.Expires.Before(expires) {
		expires = s.Expires
	}
	r, err := g.requestOf(s)
	if err != nil {
		return nil, err
	}
	r.Audience, r.IssuedAt, r.Expires, r.WalletNonce = vp.AudienceStatic, now.Unix(), expires.Unix(), walletNonce
	if said := g.cfg.Attestation(); said != "" {
		info, err := vp.InfoJWT(said)
		if err != nil {
			return nil, err
		}
		r.VerifierInfo = []vp.VerifierInfo{info}
	}
	return sign(ctx, r)
}

// requestOf returns what is asked in s, but for what only a signature gives a meaning to.
func (g *Gateway) requestOf(s *session) (*vp.Request, error) {
	r := &vp.Request{
		ClientID: g.clientOf(s.ID), ResponseType: vp.ResponseTypeVP, ResponseMode: vp.ModeDirectPost, ResponseURI: g.responseURI(s.ID),
		Nonce: s.Nonce, State: s.State, Query: s.Query, Metadata: g.metadata(), TransactionData: s.Transaction, Access: s.Access.shown(),
	}
	if s.Sealing != nil {
		k, err := s.Sealing.private()
		if err != nil {
			return nil, err
		}
		r.ResponseMode = vp.ModeDirectPostJWT
		r.Metadata.EncryptTo(k, s.Sealing.Encryptions...)
	}
	return r, nil
}

// metadata says which formats and algorithms are taken (OpenID4VP 1.0 §5.1, appendix B).
func (g *Gateway) metadata() vp.Metadata {
	algorithms := []string{"ES256", "ES384", "EdDSA"}
	m := vp.Metadata{Name: g.cfg.Name, Formats: map[string]vp.Formats{}}
	for _, f := range g.formats() {
		switch id := vp.FormatID(f.Name()); id {
		case vp.FormatSDJWT:
			m.Formats[id] = vp.Formats{SDJWTAlgorithms: algorithms, KBAlgorithms: algorithms}
		case vp.FormatLDP:
			suites := append(m.Formats[id].Cryptosuites, f.Name())
			m.Formats[id] = vp.Formats{ProofTypes: []string{dataintegrity.Type}, Cryptosuites: suites}
		default:
			m.Formats[id] = vp.Formats{Algorithms: algorithms}
		}
	}
	return m
}

// How far a request has come, as services and pages are told.
const (
	statePending   = "pending"   // no wallet has answered
	statePresented = "presented" // told to pages alone: a wallet has answered, and a code is waited for
	stateDecided   = "decided"
	stateExpired   = "expired"
)

// Progress is how far a request has come, as its service reads it.
type Progress struct {
	State    string  `json:"state"` // pending, decided, expired
	Flow     Flow    `json:"flow"`
	Decision *Answer `json:"decision,omitempty"`
	Handle   string  `json:"handle,omitempty"` // for AuthZEN evaluations, for HandleLife at most
}

// Progress returns how far request id has come. One that is not there is object.unknown. A decision is told
// as the flow of the request has it: with the codes c that the device that began has, else it is
// session.response_code_required, session.cross_device_unconfirmed or session.response_code_invalid. A
// response code opens the decision once, for one reader.
func (g *Gateway) Progress(ctx context.Context, id string, c Codes) (Progress, error) {
	s, err := g.load(ctx, id)
	if reason.Of(err) == reason.SessionUnknown {
		return Progress{}, reason.New(reason.ObjectUnknown, "no such request")
	}
	if err == nil && s.Stage == stageDecided {
		err = g.release(ctx, s, c)
	}
	switch {
	case err != nil:
		return Progress{}, err
	case s.Stage == stageDecided && !s.Decision.Expires.IsZero() && !g.cfg.Now().Before(s.Decision.Expires):
		return Progress{State: stateExpired, Flow: s.Flow}, nil // a permit that no longer holds is not told
	case s.Stage == stageDecided:
		return Progress{State: stateDecided, Flow: s.Flow, Decision: s.Decision, Handle: s.Handle}, nil
	case g.cfg.Now().Before(s.Expires):
		return Progress{State: statePending, Flow: s.Flow}, nil
	}
	return Progress{State: stateExpired, Flow: s.Flow}, nil
}
