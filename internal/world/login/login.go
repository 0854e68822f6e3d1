// SPDX-License-Identifier: Apache-2.0

// Package login is an OpenID provider for a small world: two invented people with an account each,
// and one client, the issuer. It is real as far as its protocol goes, and made for tests and the
// sandbox alone: its passwords stand here to be read.
package login

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"
)

// Bounds of a Provider.
const (
	MaxPending = 1024             // sign-ins that have begun and not ended
	SignInLife = 10 * time.Minute // of one of them
	TokenLife  = 5 * time.Minute  // of an ID token
)

// ClientID is what the provider calls the issuer.
const ClientID = "behalf-issuer"

// User is an invented person with an account.
type User struct {
	Name     string // as others know them
	Username string // to sign in with
	Password string
	Subject  string // sub of the account
}

// Users returns who can sign in: the delegate of the sandbox's story, and a second carer.
func Users() []User {
	return []User{
		{Name: "Tom Hargreaves", Username: "tom", Password: "larch-hill-road", Subject: "account-tom-0077"},
		{Name: "June Finch", Username: "june", Password: "green-river-gate", Subject: "account-june-0078"},
	}
}

// Config is what a Provider is made of. Every member is required.
type Config struct {
	Listener net.Listener     // on a loopback address
	TLS      *tls.Config      // its certificate, which must be good for localhost
	Redirect string           // the issuer's address that the browser is sent back to
	Now      func() time.Time // the clock; the protocol library has the system's
	Logger   *slog.Logger
}

// Provider is an OpenID provider. Only Open makes one.
type Provider struct {
	cfg    Config
	issuer string
	secret string
	server server
}

// Open returns the provider of cfg, with keys and a client secret of its own. It answers from Serve on.
func Open(cfg Config) (*Provider, error) {
	switch {
	case cfg.Listener == nil || cfg.TLS == nil:
		return nil, errors.New("login: Listener or TLS is missing")
	case cfg.Now == nil || cfg.Logger == nil:
		return nil, errors.New("login: Now or Logger is missing")
	}
	if u, err := url.Parse(cfg.Redirect); err != nil || u.Scheme != "https" {
		return nil, errors.New("login: Redirect is not an https address")
	}
	at, ok := cfg.Listener.Addr().(*net.TCPAddr)
	if !ok || !at.IP.IsLoopback() {
		return nil, errors.New("login: the listener is not on a loopback address")
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, issuer: "https://localhost:" + strconv.Itoa(at.Port), secret: rand.Text()}
	p.server, err = p.newServer(newAccounts(p, private))
	return p, err
}

// Issuer returns the provider's issuer identifier, where it is also reached.
func (p *Provider) Issuer() string { return p.issuer }

// Host returns "host:port" of the provider, for those who list whom they may reach.
func (p *Provider) Host() string { return p.issuer[len("https://"):] }

// ClientSecret returns what the issuer authenticates with.
func (p *Provider) ClientSecret() string { return p.secret }
