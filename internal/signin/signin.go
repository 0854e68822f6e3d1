// SPDX-License-Identifier: Apache-2.0

// Package signin signs people in at an OpenID provider: the authorization code flow of OpenID
// Connect Core 1.0 with PKCE, state and nonce, and nothing else.
package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of what a provider says and of how long it is believed.
const (
	MaxAnswer     = 1 << 20          // bytes of its metadata, keys and token answers
	MaxIDToken    = 16 << 10         // bytes of an ID token
	MaxSubject    = 255              // bytes of sub (OpenID Connect Core 1.0 §2)
	MaxName       = 128              // bytes of a person's name; a longer one is cut off
	MaxCode       = 2048             // bytes of the provider's authorization code
	MetadataLife  = time.Hour        // of the provider's metadata and keys
	RetryAfter    = 5 * time.Second  // that a provider whose metadata could not be had is left alone
	MaxIssueAge   = 10 * time.Minute // since an ID token was made
	maxSkew       = 60 * time.Second // between the provider's clock and ours
	verifierBytes = 32
)

// Config is what a Provider is made of. Every member is required but Secret and Algorithms.
type Config struct {
	Issuer     string           // the provider's issuer identifier, an https address
	ClientID   string           // what the provider calls this server
	Secret     string           // of this server at the provider; "" where PKCE alone protects the code
	Redirect   string           // where the provider sends the browser back to, as it is registered there
	Algorithms []string         // of ID tokens; nil: ES256, ES384 and EdDSA. The provider's metadata adds none.
	Fetch      *safehttp.Client // reaches the provider
	Now        func() time.Time // the clock
	Random     io.Reader        // for the key that PKCE verifiers are made with
}

// Account is who signed in: the account Subject at the provider Issuer. Name is for showing it to
// its owner; it is not unique and decides nothing.
type Account struct{ Issuer, Subject, Name string }

// Provider is an OpenID provider as this server sees it. It is safe for concurrent use.
type Provider struct {
	cfg    Config
	client library
	key    [verifierBytes]byte // PKCE verifiers are made with it; a restart ends what was begun

	turn   chan struct{} // holds one while somebody looks at what follows
	known  *metadata
	failed error     // of the last discovery
	retry  time.Time // until when failed is the answer
}

// metadata is what discovery found.
type metadata struct {
	endpoint oauth2.Endpoint
	verifier *oidc.IDTokenVerifier
	issParam bool // answers carry iss (RFC 9207)
	until    time.Time
}

// New checks cfg and returns its provider. It touches no network: the provider is discovered when
// somebody first signs in, and again after MetadataLife.
func New(cfg Config) (*Provider, error) {
	switch {
	case !https(cfg.Issuer) || !https(cfg.Redirect):
		return nil, errors.New("signin: Issuer or Redirect is not an https address")
	case cfg.ClientID == "":
		return nil, errors.New("signin: ClientID is missing")
	case cfg.Fetch == nil || cfg.Now == nil || cfg.Random == nil:
		return nil, errors.New("signin: Fetch, Now or Random is missing")
	}
	if len(cfg.Algorithms) == 0 {
		cfg.Algorithms = []string{oidc.ES256, oidc.ES384, oidc.EdDSA}
	}
	for _, alg := range cfg.Algorithms {
		if !slices.Contains(Algorithms(), alg) {
			return nil, errors.New("signin: " + alg + " is not an algorithm that an ID token may have")
		}
	}
	p := &Provider{cfg: cfg, turn: make(chan struct{}, 1)}
	if _, err := io.ReadFull(cfg.Random, p.key[:]); err != nil {
		return nil, err
	}
	var err error
	p.client, err = newLibrary(cfg.Fetch)
	return p, err
}

// Algorithms returns what Config.Algorithms may name: signatures with public keys alone.
func Algorithms() []string {
	return []string{oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA, oidc.PS256, oidc.PS384, oidc.PS512, oidc.RS256, oidc.RS384, oidc.RS512}
}

func https(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" && u.Opaque == ""
}

// Begin returns the address at the provider where a person signs in. state and nonce must be
// unguessable and used once; the caller keeps both beside what binds them to the browser.
func (p *Provider) Begin(ctx context.Context, state, nonce string) (string, error) {
	if state == "" || nonce == "" {
		return "", reason.New(reason.InternalIndeterminate, "signin: no state or no nonce")
	}
	m, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(m).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(p.verifier(nonce))), nil
}

// Finish returns who signed in, from the query that the browser came back with and the nonce of
// Begin. The caller has compared state. A person or provider that declined is token.scope; an answer
// that does not fit, or an ID token that is not good (OpenID Connect Core 1.0 §3.1.3.7), is
// token.invalid; a provider that cannot be reached is what package safehttp says.
func (p *Provider) Finish(ctx context.Context, callback url.Values, nonce string) (Account, error) {
	if nonce == "" {
		return Account{}, reason.New(reason.InternalIndeterminate, "signin: no nonce")
	}
	m, err := p.discover(ctx)
	if err != nil {
		return Account{}, err
	}
	if err := p.fits(m, callback); err != nil {
		return Account{}, err
	}
	tokens, err := p.oauth(m).Exchange(p.client.context(ctx), callback.Get("code"), oauth2.VerifierOption(p.verifier(nonce)))
	if err != nil {
		return Account{}, failed("the provider gave no tokens for its code", err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" || len(raw) > MaxIDToken {
		return Account{}, reason.New(reason.TokenInvalid, "the provider gave no ID token, or too long a one")
	}
	token, err := m.verifier.Verify(p.client.context(ctx), raw)
	if err != nil {
		return Account{}, failed("the ID token is not good", err)
	}
	return p.account(token, nonce)
}

// fits checks the callback before anything is sent to the provider.
func (p *Provider) fits(m *metadata, callback url.Values) error {
	iss, code := callback.Get("iss"), callback.Get("code")
	switch {
	case len(callback["code"]) > 1 || len(callback["iss"]) > 1 || len(callback["error"]) > 1:
		return reason.New(reason.TokenInvalid, "the provider's answer says something twice")
	case iss != "" && iss != p.cfg.Issuer, iss == "" && m.issParam:
		return reason.New(reason.TokenInvalid, "the answer is another provider's")
	case callback.Has("error"):
		return reason.New(reason.TokenScope, "the person did not sign in")
	case code == "" || len(code) > MaxCode:
		return reason.New(reason.TokenInvalid, "the provider's answer has no code, or too long a one")
	}
	return nil
}

// claims is what is read of an ID token beyond what the library checks.
type claims struct {
	Nonce      string `json:"nonce"`
	Authorized string `json:"azp"`
	Name       string `json:"name"`
	User       string `json:"preferred_username"`
}

// account checks what the library leaves to its caller (OpenID Connect Core 1.0 §3.1.3.7, items 4,
// 5, 10 and 11).
func (p *Provider) account(token *oidc.IDToken, nonce string) (Account, error) {
	var raw kept
	var c claims
	if err := token.Claims(&raw); err != nil {
		return Account{}, failed("the ID token cannot be read", err)
	}
	if err := strictjson.Unmarshal(raw, &c); err != nil {
		return Account{}, reason.Wrap(reason.TokenInvalid, "the ID token cannot be read", err)
	}
	now := p.cfg.Now()
	switch {
	case !hmac.Equal([]byte(c.Nonce), []byte(nonce)):
		return Account{}, reason.New(reason.TokenInvalid, "the ID token is for another sign-in")
	case c.Authorized != "" && c.Authorized != p.cfg.ClientID, c.Authorized == "" && len(token.Audience) > 1:
		return Account{}, reason.New(reason.TokenInvalid, "the ID token is for another party too")
	case token.IssuedAt.After(now.Add(maxSkew)) || token.IssuedAt.Before(now.Add(-MaxIssueAge)):
		return Account{}, reason.New(reason.TokenInvalid, "the ID token is from another time")
	case token.Issuer != p.cfg.Issuer || token.Subject == "" || len(token.Subject) > MaxSubject:
		return Account{}, reason.New(reason.TokenInvalid, "the ID token names no account")
	}
	name := c.Name
	if name == "" {
		name = c.User
	}
	if len(name) > MaxName {
		name = strings.ToValidUTF8(name[:MaxName], "")
	}
	return Account{Issuer: token.Issuer, Subject: token.Subject, Name: name}, nil
}

// kept takes JSON as it stands, for a reader that is strict.
type kept []byte

// UnmarshalJSON implements the interface by which the library hands JSON on.
func (k *kept) UnmarshalJSON(raw []byte) error {
	*k = append((*k)[:0], raw...)
	return nil
}

// verifier returns the PKCE verifier of a sign-in (RFC 7636 §4.1): who knows the nonce, which the
// browser sees, does not know it.
func (p *Provider) verifier(nonce string) string {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(nonce))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (p *Provider) oauth(m *metadata) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.Secret, Endpoint: m.endpoint, RedirectURL: p.cfg.Redirect,
		Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
}

// failed gives an error of the library a code, if what it met had none.
func failed(detail string, err error) error {
	if refused, ok := errors.AsType[*reason.Error](err); ok {
		return refused // without the words of the library, which hold addresses
	}
	if errors.Is(err, safehttp.ErrUnreachable) {
		return reason.Wrap(reason.InternalIndeterminate, "the OpenID provider cannot be reached", err)
	}
	return reason.Wrap(reason.TokenInvalid, detail, err)
}
