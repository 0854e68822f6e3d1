// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// ClientID is what a wallet without an Attester calls itself to authorization servers.
const ClientID = "behalf-wallet"

// tokenSlack is how long before its end an access token is not used any more.
const tokenSlack = 10 * time.Second

// Attester lets the provider of a wallet vouch for it (attestation-based client authentication, as
// HAIP 1.0 §4.3 asks for). A program that embeds the wallet gives one.
type Attester interface {
	// ClientID returns the client identifier that the attestation is for.
	ClientID() string
	// Attest returns the attestation, and the proof that the wallet holds its key, for the
	// authorization server of that identifier. challenge is the server's, "" if it gave none.
	Attest(ctx context.Context, server, challenge string) (attestation, proof string, err error)
}

// session is what a wallet does at one issuer. The tokens of it are used there and nowhere else.
type session struct {
	w            *Wallet
	origin       string // the credential issuer identifier
	issuer, name string // its DID, and its name in the framework
	meta         *vci.IssuerMetadata
	server       *vci.ServerMetadata
	grant        granted
	bound        *key.Private // grant.Bound; nil: bearer tokens
	details      []vci.Detail // that the last token answer came with

	nonces map[string]string // for DPoP, by the origin that gave them
}

// begin reads the metadata of the issuer at origin, which the framework accredits, and of its
// authorization server: the one that an offer names, "" for the one there is.
func (w *Wallet) begin(ctx context.Context, issuer, origin, server string) (*session, error) {
	s := &session{w: w, origin: origin, issuer: issuer, name: w.nameOf(issuer, ""), nonces: map[string]string{}}
	raw, err := s.get(ctx, vci.WellKnown(origin, "openid-credential-issuer"))
	if err != nil {
		return nil, err
	}
	if s.meta, err = vci.ParseIssuerMetadata(raw, origin); err != nil {
		return nil, err
	}
	if s.meta.NonceEndpoint == "" {
		return nil, reason.New(reason.IssuerMetadataInvalid, "the issuer has no nonce endpoint")
	}
	at, err := s.meta.Server(server)
	if err != nil {
		return nil, err
	}
	if at != origin {
		// Who is another party is said by the framework alone, and it knows of no servers apart.
		return nil, reason.New(reason.IssuerMetadataInvalid, "an authorization server other than the issuer is not supported")
	}
	if raw, err = s.get(ctx, vci.WellKnown(at, "oauth-authorization-server")); err != nil {
		return nil, err
	}
	if s.server, err = vci.ParseServerMetadata(raw, at); err != nil {
		return nil, err
	}
	s.grant = granted{Origin: origin, Issuer: issuer, Name: s.name, Since: w.cfg.Now(), Client: w.clientID()}
	return s, nil
}

// clientID returns what this wallet is called where it has to say so.
func (w *Wallet) clientID() string {
	if w.cfg.Attester != nil {
		return w.cfg.Attester.ClientID()
	}
	return ClientID
}

// bind makes the key that tokens will be bound to, wherever the server can bind them.
func (s *session) bind() (err error) {
	if !slices.Contains(s.server.DPoPAlgorithms, string(key.ES256)) {
		return nil
	}
	if s.bound, err = key.Generate(key.ES256, s.w.cfg.Random); err != nil {
		return err
	}
	j := s.bound.JWK()
	s.grant.Bound = &j
	return nil
}

// resume goes on with what was granted before.
func (s *session) resume(g granted) (err error) {
	s.grant = g
	if g.Bound != nil {
		s.bound, err = g.Bound.Private(s.w.cfg.Random)
	}
	return err
}

// redeem gets tokens. Tokens that are not bound to our key, where one was named, are not used.
func (s *session) redeem(ctx context.Context, t vci.TokenRequest) error {
	now := s.w.cfg.Now()
	answer, err := s.client(ctx, s.server.TokenEndpoint, t.Form())
	if err != nil {
		return err
	}
	got, err := vci.ParseTokenResponse(answer)
	if err != nil {
		return err
	}
	if (got.TokenType == vci.DPoP) != (s.bound != nil) {
		return reason.New(reason.TokenInvalid, "the issuer gave a token of another type than was asked for")
	}
	s.details = got.Details
	s.grant.Access, s.grant.Expires = got.AccessToken, now.Add(time.Duration(min(got.ExpiresIn, maxTokenLife))*time.Second)
	if got.RefreshToken != "" {
		s.grant.Refresh = got.RefreshToken
	}
	return nil
}

// maxTokenLife bounds what an issuer says of the life of a token: a day in seconds.
const maxTokenLife = 24 * 60 * 60

// refresh gets a fresh access token, and keeps a refresh token that came with it before anything
// else is done: the one before may be of no use any more.
func (s *session) refresh(ctx context.Context) error {
	if s.grant.Refresh == "" {
		return reason.New(reason.GrantInvalid, "the issuer gave nothing by which more could be had; ask it for a new offer")
	}
	t := vci.TokenRequest{Grant: vci.GrantRefreshToken, RefreshToken: s.grant.Refresh, ClientID: s.grant.Client}
	if err := s.redeem(ctx, t); err != nil {
		return err
	}
	return s.w.cfg.Vault.grant(&s.grant)
}

// fresh makes sure that there is an access token that can be used now.
func (s *session) fresh(ctx context.Context) error {
	if s.grant.Access != "" && (s.grant.Expires.IsZero() || s.w.cfg.Now().Add(tokenSlack).Before(s.grant.Expires)) {
		return nil
	}
	return s.refresh(ctx)
}

// client posts a form to an endpoint of the authorization server, as the client that this wallet is.
func (s *session) client(ctx context.Context, endpoint string, form url.Values) ([]byte, error) {
	want := safehttp.Want{Statuses: []int{200, 201}, Header: map[string][]string{}}
	if a := s.w.cfg.Attester; a != nil && s.attests() {
		challenge, err := s.challenge(ctx)
		if err != nil {
			return nil, err
		}
		attestation, proof, err := a.Attest(ctx, s.server.Issuer, challenge)
		if err != nil {
			return nil, err
		}
		want.Header[attest.HeaderClient], want.Header[attest.HeaderPoP] = []string{attestation}, []string{proof}
	}
	answer, err := s.post(ctx, endpoint, formType, []byte(form.Encode()), want, "")
	return answer.Body, err
}

// attests reports whether the server takes attestations of clients.
func (s *session) attests() bool {
	return slices.Contains(s.server.ClientAuthentication, attest.Method)
}

// challenge asks the server for a challenge, where it gives some.
func (s *session) challenge(ctx context.Context) (string, error) {
	if s.server.ChallengeEndpoint == "" {
		return "", nil
	}
	answer, err := s.post(ctx, s.server.ChallengeEndpoint, formType, nil, safehttp.Want{}, "")
	if err != nil {
		return "", err
	}
	var c struct {
		Challenge string `json:"attestation_challenge"`
	}
	if err := strictjson.Unmarshal(answer.Body, &c); err != nil {
		return "", err
	}
	return c.Challenge, nil
}

// protected posts to an endpoint of the issuer, with the access token.
func (s *session) protected(ctx context.Context, endpoint, contentType string, body []byte, statuses ...int) (safehttp.Response, error) {
	return s.post(ctx, endpoint, contentType, body, safehttp.Want{Statuses: statuses, Header: map[string][]string{}}, s.grant.Access)
}

// post sends body with what proves our key (RFC 9449), once more where the server wants its nonce in it.
func (s *session) post(ctx context.Context, endpoint, contentType string, body []byte, want safehttp.Want, token string) (safehttp.Response, error) {
	want.MediaTypes, want.MaxBytes = []string{jsonType, jwtType}, MaxAnswer
	var answer safehttp.Response
	for try := range 2 {
		err := s.prove(ctx, endpoint, &want, token)
		if err != nil {
			return safehttp.Response{}, err
		}
		answer, err = s.w.cfg.Remote.Post(ctx, endpoint, contentType, body, want)
		refusal, refused := errors.AsType[*safehttp.StatusError](err)
		if !refused {
			s.noteNonce(endpoint, answer.Header)
			return answer, err
		}
		again := s.noteNonce(endpoint, refusal.Header) && wantsNonce(refusal)
		if s.bound == nil || !again || try > 0 {
			return safehttp.Response{}, err
		}
	}
	return answer, nil
}

// prove puts the token and the proof into the header of a request.
func (s *session) prove(ctx context.Context, endpoint string, want *safehttp.Want, token string) error {
	scheme := vci.Bearer
	if s.bound != nil && want.Header != nil {
		proof, err := dpop.Proof{Method: "POST", URL: endpoint, AccessToken: token, Nonce: s.nonces[originAt(endpoint)], At: s.w.cfg.Now()}.
			Sign(ctx, s.bound, s.w.cfg.Random)
		if err != nil {
			return err
		}
		scheme, want.Header["Dpop"] = vci.DPoP, []string{proof}
	}
	if token != "" {
		want.Header["Authorization"] = []string{scheme + " " + token}
	}
	return nil
}

// noteNonce keeps the nonce that a server wants to see next, and reports whether there was one.
func (s *session) noteNonce(endpoint string, header map[string][]string) bool {
	given := header["Dpop-Nonce"]
	if len(given) != 1 || given[0] == "" || len(given[0]) > dpop.MaxNonce {
		return false
	}
	s.nonces[originAt(endpoint)] = given[0]
	return true
}

// wantsNonce reports whether a refusal asks for the server's nonce (RFC 9449 §8, §9).
func wantsNonce(e *safehttp.StatusError) bool {
	const code = "use_dpop_nonce"
	said := e.Header.Get("Www-Authenticate")
	return e.Status == 400 && vci.ParseError(e.Body).Code == code || e.Status == 401 && strings.Contains(said, `error="`+code+`"`)
}

// originAt returns scheme and host of an address.
func originAt(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (s *session) get(ctx context.Context, address string) ([]byte, error) {
	answer, err := s.w.cfg.Remote.Get(ctx, address, safehttp.Want{MediaTypes: []string{jsonType}, MaxBytes: vci.MaxMetadata})
	if err != nil {
		return nil, refusedByIssuer(err)
	}
	return answer.Body, nil
}
