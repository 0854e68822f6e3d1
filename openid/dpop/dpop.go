// SPDX-License-Identifier: Apache-2.0

// Package dpop makes and checks DPoP proofs: who sends this request holds this key (RFC 9449).
// It is pure: remembering which proofs were seen, and which nonces were given, is the caller's.
package dpop

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Type is the typ of a proof (RFC 9449 §4.2).
const Type = "dpop+jwt"

// Bounds on one proof.
const (
	MaxProof = 8 << 10 // bytes
	MaxID    = 256     // bytes of jti
	MaxNonce = 512     // bytes of nonce
	MaxURL   = 2048    // bytes of htu
	idBytes  = 16      // random bytes of the jti of our own proofs
)

// Window of a proof's iat, as for key proofs (security.md §5.2).
const (
	MaxAge   = 300 * time.Second
	MaxAhead = 60 * time.Second
)

// ErrNonce is in the chain of a refusal whose one cause is the nonce: the proof is good but for it, so
// that the answer is use_dpop_nonce and a fresh one (RFC 9449 §8).
var ErrNonce = errors.New("dpop: another nonce is needed")

// Proof is what a client states about one request.
type Proof struct {
	Method      string // of the request, such as POST
	URL         string // of the request; query and fragment are left out of the proof
	AccessToken string // "" where none is sent with the request
	Nonce       string // as the server gave it, "" if it gave none
	At          time.Time
}

// claims is the payload of a proof (RFC 9449 §4.2).
type claims struct {
	ID          string `json:"jti"`
	Method      string `json:"htm"`
	URL         string `json:"htu"`
	IssuedAt    *int64 `json:"iat"`
	AccessToken string `json:"ath,omitempty"`
	Nonce       string `json:"nonce,omitempty"`
}

// Sign makes the proof, with a fresh jti out of random. A URL that is no http or https one, and
// an error of random, are errors.
func (p Proof) Sign(ctx context.Context, by key.Signer, random io.Reader) (string, error) {
	if by == nil || random == nil {
		return "", reason.New(reason.InternalIndeterminate, "dpop: no key or no random source")
	}
	target, ok := normal(p.URL)
	if !ok || p.Method == "" {
		return "", refuse("the request has no address or method", nil)
	}
	id := make([]byte, idBytes)
	if _, err := io.ReadFull(random, id); err != nil {
		return "", err
	}
	at := p.At.Unix()
	c := claims{ID: base64.RawURLEncoding.EncodeToString(id), Method: p.Method, URL: target, IssuedAt: &at, Nonce: p.Nonce}
	if p.AccessToken != "" {
		c.AccessToken = tokenHash(p.AccessToken)
	}
	payload, err := strictjson.Marshal(c)
	if err != nil {
		return "", err
	}
	jwk := by.Public().JWK()
	raw, err := jose.Sign(ctx, jose.Header{Type: Type, Key: &jwk}, payload, by)
	return string(raw), err
}

// Expect is the request that a proof must be for.
type Expect struct {
	Method      string // of the request as received
	URL         string // that the client called, as it sees the server
	AccessToken string // that came with the request, "" if none did
	At          time.Time
	// Nonce says whether the proof's nonce, "" if it has none, is one that was given and is still
	// good. It must not be nil; a server that gives none answers nil to "".
	Nonce func(nonce string) error
}

// Opened is what a good proof says. Whoever opened it must still see that ID was not used before
// with this key within the window, and that the key is the one that a token is bound to
// (RFC 9449 §4.3, §11.1).
type Opened struct {
	Thumbprint string // of the key (RFC 7638), which is jkt of a bound token
	ID         string // jti
	IssuedAt   time.Time
}

// Expires returns when a proof is too old whatever it says: till then its ID must be remembered.
func (o Opened) Expires() time.Time { return o.IssuedAt.Add(MaxAge + time.Second) }

// Open checks a proof, the value of the one DPoP header of a request, in the order of RFC 9449
// §4.3. Everything that is wrong with it is dpop.invalid; ErrNonce is in the chain where all is
// right but the nonce. No proof at all ("") is dpop.invalid.
func Open(raw string, want Expect) (Opened, error) {
	if want.Nonce == nil {
		return Opened{}, refuse("nobody judges nonces", nil)
	}
	if raw == "" || len(raw) > MaxProof {
		return Opened{}, refuse("the proof is missing or too long", nil)
	}
	token, err := jose.Parse([]byte(raw), jose.Policy{Type: Type, Key: jose.FromHeader})
	if err != nil {
		return Opened{}, refuse("not a proof of this kind", err)
	}
	k, err := token.Header.Public()
	if err != nil {
		return Opened{}, refuse("the header has no key", err)
	}
	payload, err := token.Verify(k)
	if err != nil {
		return Opened{}, refuse("the signature is not good", err)
	}
	var c claims
	if err := strictjson.Unmarshal(payload, &c); err != nil {
		return Opened{}, refuse("the claims cannot be read", err)
	}
	if err := c.check(want); err != nil {
		return Opened{}, err
	}
	return Opened{Thumbprint: k.Thumbprint(), ID: c.ID, IssuedAt: time.Unix(*c.IssuedAt, 0)}, nil
}

func (c claims) check(want Expect) error {
	switch {
	case c.ID == "" || len(c.ID) > MaxID:
		return refuse("jti is missing or too long", nil)
	case c.Method == "" || c.Method != want.Method:
		return refuse("htm is not the method", nil)
	case !sameTarget(c.URL, want.URL):
		return refuse("htu is not the address", nil)
	case c.IssuedAt == nil:
		return refuse("iat is missing", nil)
	}
	made := time.Unix(*c.IssuedAt, 0)
	switch {
	case made.Before(want.At.Add(-MaxAge)) || made.After(want.At.Add(MaxAhead)):
		return refuse("iat is outside the window; check the clock of this device", nil)
	case want.AccessToken == "" && c.AccessToken != "":
		return refuse("ath without an access token", nil)
	case want.AccessToken != "" && c.AccessToken != tokenHash(want.AccessToken):
		return refuse("ath is not of the access token", nil)
	case len(c.Nonce) > MaxNonce:
		return refuse("nonce is too long", nil)
	}
	if err := want.Nonce(c.Nonce); err != nil {
		return refuse("nonce", errors.Join(ErrNonce, err))
	}
	return nil
}

// tokenHash is ath (RFC 9449 §4.2).
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func refuse(detail string, err error) error { return reason.Wrap(reason.DPoPInvalid, detail, err) }
