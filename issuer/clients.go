// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/openid/attest"
	"github.com/behalf-id/behalf/openid/dpop"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// Bounds of what the issuer knows of wallets.
const (
	MaxWallets   = 256 // wallets that are known by name
	MaxRedirects = 16  // redirect URIs of one of them
	MaxClientID  = 256 // bytes of a client_id
)

// Wallet is a client that the operator knows: a public client with a name, and with the addresses
// that its codes may be sent to.
type Wallet struct {
	Name      string   // for people, on the page that asks for consent
	Redirects []string // redirect URIs, each the whole address; of a loopback one the port may be any
}

func (c Config) checkOAuth() error {
	switch {
	case c.SignIn != nil && c.Pages == nil:
		return errors.New("config: SignIn needs Pages")
	case len(c.Wallets) > MaxWallets:
		return errors.New("config: too many Wallets")
	}
	for id, w := range c.Wallets {
		if id == "" || len(id) > MaxClientID || w.Name == "" || len(w.Name) > MaxName || len(w.Redirects) == 0 || len(w.Redirects) > MaxRedirects {
			return fmt.Errorf("config: wallet %.40q lacks a name or redirects, or has too many", id)
		}
		for _, uri := range w.Redirects {
			if err := vci.CheckRedirect(uri); err != nil {
				return fmt.Errorf("config: wallet %.40q: %w", id, err)
			}
		}
	}
	return nil
}

// caller is who makes a request to the authorization server, as far as that was proved.
type caller struct {
	client     string   // client_id: proved where instance is set, and else what the request says
	instance   string   // thumbprint of the attested key of the wallet; "" without an attestation
	thumbprint string   // of the DPoP key; "" without a proof
	single     []single // what must not come again
}

// single is something that is good for one request.
type single struct {
	kind    purpose
	id      string
	until   time.Time // when it would be refused by itself
	refusal error     // of a second use
}

// caller checks who makes the request p, which says that it is the client clientID. What it
// proves itself with is spent by whatever commit acts on the request: see spendAll.
func (i *Issuer) caller(ctx context.Context, p Presented, clientID string) (caller, error) {
	c := caller{client: clientID}
	if len(clientID) > MaxClientID {
		return c, reason.New(reason.GrantInvalid, "client_id is too long")
	}
	if err := i.attested(ctx, p, &c); err != nil {
		return c, err
	}
	if p.Proof == "" && i.cfg.Profile == HAIP {
		return c, reason.New(reason.DPoPInvalid, "a DPoP proof is demanded")
	}
	return c, i.bound(p, &c)
}

// bound checks the DPoP proof of a request to the authorization server, if it has one.
func (i *Issuer) bound(p Presented, c *caller) error {
	if p.Proof == "" {
		return nil
	}
	proof, err := i.openDPoP(p, "")
	if err != nil {
		return err
	}
	c.thumbprint = proof.Thumbprint
	c.single = append(c.single, onceOnly(proof))
	return nil
}

// lost returns the refusal of a commit that another request with the same proof won.
func (c caller) lost(err error) error {
	if _, conflict := store.IsConflict(err); conflict && len(c.single) > 0 {
		return c.single[len(c.single)-1].refusal
	}
	return err
}

// openDPoP checks the DPoP proof of a request that carries the access token, if there is one.
func (i *Issuer) openDPoP(p Presented, token string) (dpop.Opened, error) {
	return dpop.Open(p.Proof, dpop.Expect{
		Method: p.Method, URL: p.URL, AccessToken: token, At: i.cfg.Now(),
		Nonce: func(nonce string) error { _, err := i.openNonce(forDPoP, nonce); return err },
	})
}

// onceOnly is what keeps a proof from being used twice: the pair of key and jti (RFC 9449 §11.1).
func onceOnly(proof dpop.Opened) single {
	return single{forDPoP, proof.Thumbprint + "." + proof.ID, proof.Expires(), reason.New(reason.DPoPInvalid, "the proof was used before")}
}

// attested checks a wallet attestation and its proof of possession, if the request has them and this
// issuer takes them.
func (i *Issuer) attested(ctx context.Context, p Presented, c *caller) error {
	if i.cfg.Providers == nil || i.cfg.Profile != HAIP && p.Attestation == "" && p.PoP == "" {
		return nil
	}
	got, err := attest.OpenClient(ctx, p.Attestation, p.PoP, attest.Expect{
		Audience: i.cfg.Origin, ClientID: c.client, Providers: i.cfg.Providers, At: i.cfg.Now(),
		Challenge: func(challenge string) error { _, err := i.openNonce(forWallet, challenge); return err },
	})
	if err != nil {
		return err
	}
	c.client, c.instance = got.ID, got.Key.Thumbprint()
	c.single = append(c.single, single{
		forWallet, c.instance + "." + got.ProofID, got.ProofExpires, reason.New(reason.ClientAttestation, "the proof of possession was used before"),
	})
	return nil
}

// Challenge returns a challenge for the proof of possession of a wallet attestation. It is good for
// NonceLife and for this process; a proof of possession is spent by its own jti.
func (i *Issuer) Challenge() (string, error) { return i.newNonce(forWallet) }

// mayRedirect refuses a redirect URI that c may not have codes sent to (RFC 9700 §2.1).
//
// A wallet that the operator knows has its own addresses and no others. One that is attested names
// its own address in a pushed request, as RFC 9126 §2.4 lets authenticated clients. Any other is
// nobody that we know: its codes go to no place but the device that the browser is on.
func (i *Issuer) mayRedirect(c caller, uri string) error {
	if err := vci.CheckRedirect(uri); err != nil {
		return reason.Wrap(reason.RedirectNotRegistered, "redirect_uri takes no codes", err)
	}
	if known, found := i.cfg.Wallets[c.client]; found {
		if slices.ContainsFunc(known.Redirects, func(r string) bool { return sameRedirect(r, uri) }) {
			return nil
		}
		return reason.New(reason.RedirectNotRegistered, "redirect_uri is none of this wallet's")
	}
	if c.instance != "" || loopback(uri) {
		return nil
	}
	return reason.New(reason.RedirectNotRegistered, "this wallet is not known here: its redirect_uri must be http://127.0.0.1 or http://[::1], with any port")
}

// sameRedirect compares whole texts, but for the port of a loopback address, which the system gives
// to an app when it needs one (RFC 8252 §7.3).
func sameRedirect(registered, uri string) bool {
	if registered == uri {
		return true
	}
	return loopback(registered) && loopback(uri) && withoutPort(registered) == withoutPort(uri)
}

func loopback(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
}

func withoutPort(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return uri
	}
	u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	return u.String()
}

// nameOf returns what a wallet is called on the page that asks for consent. One that the operator does
// not know is shown by where its codes go, which was checked, and then by what it calls itself.
func (i *Issuer) nameOf(q asked) string {
	if known, found := i.cfg.Wallets[q.Client]; found {
		return known.Name
	}
	to, err := url.Parse(q.Redirect)
	if err != nil {
		return q.Client
	}
	at := to.Host
	if at == "" {
		at = to.Scheme
	}
	return at + " (" + q.Client + ")"
}
