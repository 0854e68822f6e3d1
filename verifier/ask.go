// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Asked is a request that waits for a wallet.
type Asked struct {
	ID         string    `json:"id"`
	RequestURI string    `json:"request_uri"`
	DeepLink   string    `json:"deeplink"`
	Expires    time.Time `json:"expires_at"`
}

// Ask makes an OpenID4VP request for exactly what a needs. It refuses an access that lacks what
// a decision needs, and one at a controller without a policy here (controller.unknown).
func (g *Gateway) Ask(ctx context.Context, a Access) (Asked, error) {
	if err := a.check(); err != nil {
		return Asked{}, err
	}
	f := g.framework()
	if _, known := f.Controllers[a.Controller]; !known && !f.Unavailable {
		return Asked{}, reason.New(reason.ControllerUnknown, "the framework has no policy of this controller")
	}
	q, err := query(a, f, g.words(f), g.cfg.Formats)
	if err != nil {
		return Asked{}, err
	}
	s, err := g.newSession(a, q)
	if err != nil {
		return Asked{}, err
	}
	if err := g.step(ctx, s, reason.StorageUnavailable); err != nil {
		return Asked{}, err
	}
	uri := g.cfg.Origin + "/vp/request/" + s.ID
	return Asked{
		ID: s.ID, RequestURI: uri, Expires: s.Expires,
		DeepLink: vp.Link{ClientID: g.clientID, RequestURI: uri}.String(),
	}, nil
}

// RequestObject hands out the signed request object of session id, once (OpenID4VP 1.0 §5.7).
// A second fetch, and one after the session's end, is request.consumed. walletNonce is what a
// wallet sent with its POST to be signed with the request (§5.10), or "".
func (g *Gateway) RequestObject(ctx context.Context, id, walletNonce string) ([]byte, error) {
	if !vp.WalletNonce(walletNonce) {
		return nil, reason.New(reason.RequestConsumed, "wallet_nonce is too long or not URL-safe")
	}
	by, err := g.cfg.Signer()
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
	r := vp.Request{
		ClientID: g.clientID, ResponseType: vp.ResponseTypeVP, ResponseMode: vp.ModeDirectPost,
		ResponseURI: g.cfg.Origin + "/vp/response/" + s.ID, Audience: vp.AudienceStatic,
		Nonce: s.Nonce, State: s.State, IssuedAt: now.Unix(), Expires: expires.Unix(),
		Query: s.Query, Metadata: g.metadata(), Access: s.Access.shown(), WalletNonce: walletNonce,
	}
	return r.Sign(ctx, by)
}

// metadata says which formats and algorithms are taken (OpenID4VP 1.0 §5.1, appendix B).
func (g *Gateway) metadata() vp.Metadata {
	algorithms := []string{"ES256", "ES384", "EdDSA"}
	m := vp.Metadata{Name: g.cfg.Name, Formats: map[string]vp.Formats{}}
	for _, f := range g.cfg.Formats {
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

// Progress is how far a request has come, as its service reads it.
type Progress struct {
	State    string  `json:"state"` // pending, decided, expired
	Decision *Answer `json:"decision,omitempty"`
	Handle   string  `json:"handle,omitempty"` // for AuthZEN evaluations, for HandleLife at most
}

// Progress returns how far request id has come. One that is not there is object.unknown.
func (g *Gateway) Progress(ctx context.Context, id string) (Progress, error) {
	s, err := g.load(ctx, id)
	if reason.Of(err) == reason.SessionUnknown {
		return Progress{}, reason.New(reason.ObjectUnknown, "no such request")
	}
	switch {
	case err != nil:
		return Progress{}, err
	case s.Stage == stageDecided && !s.Decision.Expires.IsZero() && !g.cfg.Now().Before(s.Decision.Expires):
		return Progress{State: "expired"}, nil // a permit that no longer holds is not told
	case s.Stage == stageDecided:
		return Progress{State: "decided", Decision: s.Decision, Handle: s.Handle}, nil
	case g.cfg.Now().Before(s.Expires):
		return Progress{State: "pending"}, nil
	}
	return Progress{State: "expired"}, nil
}
