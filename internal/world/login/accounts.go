// SPDX-License-Identifier: Apache-2.0

package login

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// accounts is what the protocol library keeps its state in. It is all in memory: a restart ends
// every sign-in.
type accounts struct {
	provider *Provider
	key      signingKey

	mu      sync.Mutex
	pending map[string]*signIn
}

// signIn is one sign-in on its way.
type signIn struct {
	oidc.AuthRequest
	id      string
	code    string
	begun   time.Time
	subject string    // "" until somebody signed in
	at      time.Time // when they did
}

func newAccounts(p *Provider, private *ecdsa.PrivateKey) *accounts {
	return &accounts{provider: p, key: signingKey{id: "login-1", private: private}, pending: map[string]*signIn{}}
}

var errUnknown = errors.New("login: no such sign-in, account or client")

// enter lets a person into a sign-in. It says no more than whether name and password fit.
func (a *accounts) enter(id, username, password string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.pending[id]
	if s == nil || a.over(s) {
		return false
	}
	for _, u := range Users() {
		if u.Username == username && subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1 {
			s.subject, s.at = u.Subject, a.provider.cfg.Now()
			return true
		}
	}
	return false
}

func (a *accounts) over(s *signIn) bool {
	return !a.provider.cfg.Now().Before(s.begun.Add(SignInLife))
}

// CreateAuthRequest implements op.AuthStorage.
func (a *accounts) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, s := range a.pending {
		if a.over(s) {
			delete(a.pending, id)
		}
	}
	if len(a.pending) >= MaxPending {
		return nil, errors.New("login: too many sign-ins at once")
	}
	s := &signIn{AuthRequest: *r, id: rand.Text(), begun: a.provider.cfg.Now()}
	a.pending[s.id] = s
	return s, nil
}

// AuthRequestByID implements op.AuthStorage.
func (a *accounts) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.pending[id]; s != nil && !a.over(s) {
		return s.copied(), nil
	}
	return nil, errUnknown
}

// AuthRequestByCode implements op.AuthStorage.
func (a *accounts) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.pending {
		if code != "" && s.code == code && !a.over(s) {
			return s.copied(), nil
		}
	}
	return nil, errUnknown
}

// SaveAuthCode implements op.AuthStorage.
func (a *accounts) SaveAuthCode(_ context.Context, id, code string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.pending[id]; s != nil {
		s.code = code
		return nil
	}
	return errUnknown
}

// DeleteAuthRequest implements op.AuthStorage: the library calls it when a code was redeemed.
func (a *accounts) DeleteAuthRequest(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pending, id)
	return nil
}

// CreateAccessToken implements op.AuthStorage. Nothing takes the token: the ID token is what counts.
func (a *accounts) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), a.provider.cfg.Now().Add(TokenLife), nil
}

// CreateAccessAndRefreshTokens implements op.AuthStorage.
func (a *accounts) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errUnknown
}

// TokenRequestByRefreshToken implements op.AuthStorage.
func (a *accounts) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, op.ErrInvalidRefreshToken
}

// TerminateSession implements op.AuthStorage. There are no sessions: everybody signs in each time.
func (a *accounts) TerminateSession(context.Context, string, string) error { return nil }

// RevokeToken implements op.AuthStorage.
func (a *accounts) RevokeToken(context.Context, string, string, string) *oidc.Error { return nil }

// GetRefreshTokenInfo implements op.AuthStorage.
func (a *accounts) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

// SigningKey implements op.AuthStorage.
func (a *accounts) SigningKey(context.Context) (op.SigningKey, error) { return a.key, nil }

// SignatureAlgorithms implements op.AuthStorage.
func (a *accounts) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{a.key.SignatureAlgorithm()}, nil
}

// KeySet implements op.AuthStorage.
func (a *accounts) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{a.key}}, nil
}

// GetClientByClientID implements op.OPStorage.
func (a *accounts) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != ClientID {
		return nil, errUnknown
	}
	return client{a.provider}, nil
}

// AuthorizeClientIDSecret implements op.OPStorage.
func (a *accounts) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(a.provider.secret)) != 1 {
		return errUnknown
	}
	return nil
}

// SetUserinfoFromScopes implements op.OPStorage; SetUserinfoFromRequest does its work.
func (a *accounts) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest: it is where the ID token gets the name.
func (a *accounts) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	for _, u := range Users() {
		if u.Subject == r.GetSubject() && slices.Contains(scopes, oidc.ScopeProfile) {
			info.Subject, info.Name, info.PreferredUsername = u.Subject, u.Name, u.Username
		}
	}
	return nil
}

// SetUserinfoFromToken implements op.OPStorage.
func (a *accounts) SetUserinfoFromToken(context.Context, *oidc.UserInfo, string, string, string) error {
	return errUnknown
}

// SetIntrospectionFromToken implements op.OPStorage.
func (a *accounts) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errUnknown
}

// GetPrivateClaimsFromScopes implements op.OPStorage.
func (a *accounts) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return map[string]any{}, nil
}

// GetKeyByIDAndClientID implements op.OPStorage.
func (a *accounts) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnknown
}

// ValidateJWTProfileScopes implements op.OPStorage.
func (a *accounts) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errUnknown
}

// Health implements op.Storage.
func (a *accounts) Health(context.Context) error { return nil }
