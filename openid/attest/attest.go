// SPDX-License-Identifier: Apache-2.0

// Package attest makes and checks what a wallet's provider vouches for: that a client is a wallet of
// its (OAuth 2.0 Attestation-Based Client Authentication, as HAIP 1.0 §4.4.1 and OpenID4VCI 1.0
// appendix E use it), and where keys are kept (key attestations, appendix D). It is pure but for
// what Providers does.
package attest

import (
	"context"
	"errors"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// The kinds of tokens, by typ.
const (
	TypeClient = "oauth-client-attestation+jwt"     // of a wallet's provider, about a client and its key
	TypePoP    = "oauth-client-attestation-pop+jwt" // of the client, with that key
	TypeKeys   = "key-attestation+jwt"              // of a wallet's provider, about keys
)

// The headers of a request in which they travel, and the one in which a server gives a challenge.
const (
	HeaderClient    = "OAuth-Client-Attestation"
	HeaderPoP       = "OAuth-Client-Attestation-PoP"
	HeaderChallenge = "OAuth-Client-Attestation-Challenge"
)

// Method is the client authentication method in metadata (token_endpoint_auth_methods_supported).
const Method = "attest_jwt_client_auth"

// Bounds on one token.
const (
	MaxToken = 32 << 10 // bytes; certificates and up to MaxKeys keys fit
	MaxID    = 256      // bytes of jti
	MaxText  = 2048     // bytes of sub, iss and challenge
	MaxKeys  = 100      // attested keys of one token, as many as a batch has
)

// Windows of time.
const (
	Skew      = 60 * time.Second  // by which clocks may differ
	PoPMaxAge = 300 * time.Second // of a proof of possession, as of other proofs
)

// ErrChallenge is in the chain of a refusal whose one cause is the challenge: all else is good, so that
// the answer is use_attestation_challenge and a fresh one.
var ErrChallenge = errors.New("attest: another challenge is needed")

// Claim says who is said to have signed an attestation. Nothing of it is verified.
type Claim struct {
	Issuer string // iss, "" where there is none
	KeyID  string // kid, "" where there is none
	X5C    []byte // x5c as received, nil where there is none
}

// Providers knows whose attestations count. List is one that is made of DIDs and certificates.
type Providers interface {
	// Key returns the key that c names, if it is a provider's at the instant at.
	Key(ctx context.Context, c Claim, at time.Time) (key.Public, error)
}

// Expect says which client attestations a server takes.
type Expect struct {
	Audience  string // the issuer identifier of the authorization server, the one aud
	ClientID  string // client_id of the request, "" where it has none
	Providers Providers
	At        time.Time
	// Challenge says whether the challenge of the proof, "" if it has none, is one that was given and
	// is still good. It must not be nil; a server that gives none answers nil to "".
	Challenge func(challenge string) error
}

// Client is who authenticated. Whoever opened it must still see that ProofID was not used before with
// this key, and remember it till ProofExpires.
type Client struct {
	ID           string     // client_id, the sub of the attestation
	Key          key.Public // of this instance of the wallet
	Expires      time.Time  // of the attestation
	ProofID      string     // jti of the proof of possession
	ProofExpires time.Time
}

type confirmation struct {
	JWK strictjson.Value `json:"jwk"`
}

type clientClaims struct {
	Issuer   string        `json:"iss,omitempty"`
	ClientID string        `json:"sub"`
	Expires  *int64        `json:"exp"`
	IssuedAt *int64        `json:"iat,omitempty"`
	Begins   *int64        `json:"nbf,omitempty"`
	Confirm  *confirmation `json:"cnf"`
}

type popClaims struct {
	Issuer    string           `json:"iss,omitempty"` // the client, in drafts before the seventh
	Audience  strictjson.Value `json:"aud"`
	ID        string           `json:"jti"`
	IssuedAt  *int64           `json:"iat"`
	Expires   *int64           `json:"exp,omitempty"`
	Challenge string           `json:"challenge,omitempty"`
}

// OpenClient checks the values of HeaderClient and HeaderPoP. An audience that is not the one text
// want.Audience is client.aud; everything else that is wrong is client.attestation, with
// ErrChallenge in the chain where all is right but the challenge.
func OpenClient(ctx context.Context, attestation, pop string, want Expect) (Client, error) {
	if want.Providers == nil || want.Challenge == nil || want.Audience == "" {
		return Client{}, refuse("client attestations are not taken here", nil)
	}
	c, err := openAttestation(ctx, attestation, want)
	if err != nil {
		return Client{}, err
	}
	if want.ClientID != "" && want.ClientID != c.ID {
		return Client{}, refuse("the attestation is of another client", nil)
	}
	return c, c.openPoP(pop, want)
}

func openAttestation(ctx context.Context, raw string, want Expect) (Client, error) {
	payload, err := signedBy(ctx, raw, TypeClient, want.Providers, want.At)
	if err != nil {
		return Client{}, refuse("the attestation is not good", err)
	}
	var c clientClaims
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return Client{}, refuse("the claims cannot be read", err)
	}
	if err := current(c.IssuedAt, c.Begins, c.Expires, want.At); err != nil {
		return Client{}, refuse("the attestation is not in force", err)
	}
	if c.ClientID == "" || len(c.ClientID) > MaxText || c.Expires == nil || c.Confirm == nil {
		return Client{}, refuse("sub, exp or cnf is missing", nil)
	}
	k, err := jose.ReadJWK(c.Confirm.JWK)
	if err != nil {
		return Client{}, refuse("cnf has no key of the allow-list", err)
	}
	return Client{ID: c.ClientID, Key: k, Expires: time.Unix(*c.Expires, 0)}, nil
}

// openPoP checks a proof of possession and notes its jti in c.
func (c *Client) openPoP(raw string, want Expect) error {
	if raw == "" || len(raw) > MaxToken {
		return refuse("the proof of possession is missing or too long", nil)
	}
	token, err := jose.Parse([]byte(raw), jose.Policy{Type: TypePoP, Key: jose.FromContext})
	if err != nil {
		return refuse("not a proof of possession", err)
	}
	payload, err := token.Verify(c.Key)
	if err != nil {
		return refuse("the proof is not made with the attested key", err)
	}
	var p popClaims
	if err := strictjson.Unmarshal(payload, &p); err != nil {
		return refuse("the claims of the proof cannot be read", err)
	}
	return c.check(p, want)
}

func (c *Client) check(p popClaims, want Expect) error {
	audience, err := strictjson.String(p.Audience) // an array, and nothing, are no text
	switch {
	case err != nil || audience != want.Audience:
		return reason.New(reason.ClientAud, "aud is not exactly the issuer identifier")
	case p.Issuer != "" && p.Issuer != c.ID:
		return refuse("the proof is of another client", nil)
	case p.ID == "" || len(p.ID) > MaxID || len(p.Challenge) > MaxText:
		return refuse("jti is missing, or jti or challenge is too long", nil)
	case p.IssuedAt == nil:
		return refuse("iat is missing", nil)
	}
	made := time.Unix(*p.IssuedAt, 0)
	if made.Before(want.At.Add(-PoPMaxAge)) {
		return refuse("the proof is too old; check the clock of this device", nil)
	}
	if err := current(p.IssuedAt, nil, p.Expires, want.At); err != nil {
		return refuse("the proof is not in force; check the clock of this device", err)
	}
	if err := want.Challenge(p.Challenge); err != nil {
		return refuse("challenge", errors.Join(ErrChallenge, err))
	}
	c.ProofID, c.ProofExpires = p.ID, made.Add(PoPMaxAge+time.Second)
	return nil
}

// signedBy checks the signature of a provider and returns the payload.
func signedBy(ctx context.Context, raw, typ string, by Providers, at time.Time) ([]byte, error) {
	if raw == "" || len(raw) > MaxToken {
		return nil, reason.New(reason.LimitBody, "the attestation is missing or too long")
	}
	token, err := jose.Parse([]byte(raw), jose.Policy{Type: typ, Key: jose.FromIssuer})
	if err != nil {
		return nil, err
	}
	var said struct {
		Issuer string `json:"iss"`
	}
	if err := strictjson.Unmarshal(token.Unverified(), &said); err != nil {
		return nil, err
	}
	k, err := by.Key(ctx, Claim{Issuer: said.Issuer, KeyID: token.Header.KeyID, X5C: token.Header.X5C}, at)
	if err != nil {
		return nil, err
	}
	return token.Verify(k)
}

// current refuses what is not in force at the instant at; nil is no limit.
func current(issued, begins, expires *int64, at time.Time) error {
	for _, from := range [...]*int64{issued, begins} {
		if from != nil && time.Unix(*from, 0).After(at.Add(Skew)) {
			return reason.New(reason.ProofIat, "not yet in force")
		}
	}
	if expires != nil && !time.Unix(*expires, 0).After(at.Add(-Skew)) {
		return reason.New(reason.ProofIat, "no longer in force")
	}
	return nil
}

func refuse(detail string, err error) error {
	return reason.Wrap(reason.ClientAttestation, detail, err)
}
