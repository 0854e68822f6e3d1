// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/reason"
)

// Person is who signed in, in the words of the OpenID provider that says so. Issuer and Subject
// together name an account; Name is for showing it to its owner, and decides nothing.
type Person struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
	Name    string `json:"name,omitempty"`
}

// SignIn lets an OpenID provider say who a person is. It is safe for concurrent use.
type SignIn interface {
	// Begin returns the address at the provider where a person signs in. state and nonce come back:
	// state in the callback's query, nonce inside what the provider signs.
	Begin(ctx context.Context, state, nonce string) (url string, err error)
	// Finish returns who signed in, from the callback's query and the nonce that was given to Begin.
	// A person who declined, and everything that does not fit, is an error.
	Finish(ctx context.Context, callback url.Values, nonce string) (Person, error)
}

// Conformance is a profile of OpenID4VCI that an issuer holds wallets to. The zero Conformance is
// OpenID4VCI 1.0 itself.
type Conformance string

// HAIP is the OpenID4VC High Assurance Interoperability Profile 1.0: pushed authorization requests,
// DPoP and wallet attestations are demanded.
const HAIP Conformance = "haip"

// Presented is what one request presents to be let in.
type Presented struct {
	Scheme string // of the Authorization field: Bearer or DPoP; "" if there is none
	Token  string // the access token
	Proof  string // the DPoP field; "" if there is none
	Method string // of the request
	URL    string // of the endpoint, under Config.Origin, without query

	Attestation string // the OAuth-Client-Attestation field; "" if there is none
	PoP         string // the OAuth-Client-Attestation-PoP field; "" if there is none
}

// authorization is what was allowed to one client, once: every access token is issued from one, and
// ends with it. It is filed under the digest of a secret that only a refresh token holds.
type authorization struct {
	Delegations []string  `json:"delegations"`
	Identifiers []string  `json:"identifiers"`          // credential identifiers: see credentialIdentifier
	Details     bool      `json:"details,omitempty"`    // the token answers named the identifiers
	Client      string    `json:"client,omitempty"`     // client_id; "" for anonymous pre-authorized access
	Thumbprint  string    `json:"thumbprint,omitempty"` // of the DPoP key; "" for bearer tokens
	Instance    string    `json:"instance,omitempty"`   // thumbprint of the attested key of the wallet
	Refresh     string    `json:"refresh,omitempty"`    // digest of the refresh token in force
	Ended       bool      `json:"ended,omitempty"`      // a code or refresh token of it was used twice
	Expires     time.Time `json:"expires"`
}

// accessToken is what an access token stands for. Of its record, Collected alone changes.
type accessToken struct {
	Grant     string    `json:"grant"`               // key of its authorization, the same for all tokens of one
	Collected []string  `json:"collected,omitempty"` // credential identifiers
	Expires   time.Time `json:"expires"`

	Identifiers []string `json:"-"` // credential identifiers that it may collect
	Details     bool     `json:"-"` // the wallet was told the identifiers, and must use them (OpenID4VCI 1.0 §8.2)
	Client      string   `json:"-"` // client_id, "" for anonymous access
	Thumbprint  string   `json:"-"` // of the DPoP key, "" for a bearer token

	version uint64
	key     string
}

// credentialIdentifier names one credential of one delegation in token answers and credential
// requests.
func credentialIdentifier(delegation, configuration string) string {
	return delegation + "." + configuration
}

// splitIdentifier returns the parts of a credential identifier.
func splitIdentifier(id string) (delegation, configuration string, ok bool) {
	return strings.Cut(id, ".")
}

// identifiersOf returns the credential identifiers of d, one for each of its formats.
func identifiersOf(d *Delegation) []string {
	var out []string
	for _, c := range configurationIDs(d.Request.Formats) {
		out = append(out, credentialIdentifier(d.ID, c))
	}
	return out
}

// mayCollect says whether t allows the credential that identifier names.
func (t *accessToken) mayCollect(identifier string) bool {
	return slices.Contains(t.Identifiers, identifier)
}

// authorized returns what the access token of a request stands for. One that was not issued, has
// ended, or comes with another scheme than its own is token.invalid; a token that is bound to a key
// is dpop.key_mismatch without a proof by that key, and dpop.invalid with a proof that is not good
// (RFC 9449 §7). The proof is spent.
func (i *Issuer) authorized(ctx context.Context, p Presented) (*accessToken, error) {
	t, err := i.tokenOf(ctx, p.Token)
	if err != nil {
		return nil, err
	}
	switch bearer := strings.EqualFold(p.Scheme, vci.Bearer); {
	case t.Thumbprint == "" && bearer:
		return t, nil
	case t.Thumbprint != "" && bearer:
		return nil, spoken{reason.New(reason.DPoPKeyMismatch, "a token that is bound to a key comes without it"), "invalid_token"}
	case t.Thumbprint == "" || !strings.EqualFold(p.Scheme, vci.DPoP):
		return nil, reason.New(reason.TokenInvalid, "the access token comes with another scheme than its own")
	}
	proof, err := i.openDPoP(p, p.Token)
	if err != nil {
		return nil, err
	}
	if !sameText(proof.Thumbprint, t.Thumbprint) {
		return nil, spoken{reason.New(reason.DPoPKeyMismatch, "the proof is made with another key than the token's"), "invalid_token"}
	}
	return t, i.spendNow(ctx, onceOnly(proof))
}

// tokenOf returns what an access token stands for, whoever presents it.
func (i *Issuer) tokenOf(ctx context.Context, secret string) (*accessToken, error) {
	if secret == "" || len(secret) > maxSecret {
		return nil, reason.New(reason.TokenInvalid, "no access token")
	}
	t := new(accessToken)
	e, err := i.get(ctx, digestKey(prefixToken, secret), t, reason.TokenInvalid)
	if err != nil {
		return nil, err
	}
	var a authorization
	if _, err := i.get(ctx, t.Grant, &a, reason.TokenInvalid); err != nil {
		return nil, err
	}
	if !i.cfg.Now().Before(t.Expires) || a.Ended {
		return nil, reason.New(reason.TokenInvalid, "the access token has ended")
	}
	t.key, t.version = e.Key, e.Version
	t.Identifiers, t.Details = a.Identifiers, a.Details
	t.Client, t.Thumbprint = a.Client, a.Thumbprint
	return t, nil
}
