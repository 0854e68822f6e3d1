// SPDX-License-Identifier: Apache-2.0

// Package jose reads and writes compact JWS under one closed header policy (RFC 7515, RFC 8725).
package jose

import (
	"context"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one token and one key set.
const (
	MaxToken = 1 << 20 // bytes of a token
	MaxKeyID = 512     // bytes of kid
	MaxKeys  = 64      // keys of a key set
	MaxChain = 6       // certificates of x5c (security.md §5.3)
)

// KeySource says where the key of a kind of token may come from. The zero KeySource is FromKeyID.
type KeySource uint8

// The key sources. In all of them jku and x5u are refused, and x5c in all but FromIssuer.
const (
	FromKeyID   KeySource = iota // kid is required; jwk is refused
	FromContext                  // the caller knows the key; kid is optional and informative, jwk refused
	FromHeader                   // exactly one of jwk and kid: proofs of possession only
	FromIssuer                   // kid, x5c or both; jwk is refused. The caller knows which of them the issuer may use
)

// Policy is what one kind of token must look like. The zero Policy accepts no typ.
type Policy struct {
	Type string    // the one typ, lower case, without "application/" (RFC 7515 §4.1.9)
	Key  KeySource // where the key comes from
}

// Header is the part of a JOSE header that is read or written.
type Header struct {
	Algorithm   key.Algorithm
	Type        string   // as in Policy when read, whatever the spelling was
	ContentType string   // cty as received
	KeyID       string   // "" where there is none
	Key         *key.JWK // only with FromHeader
	X5C         []byte   // x5c as received, strict JSON for ReadX5C and of WriteX5C; only with FromIssuer, nil where there is none
}

// Public returns the key that the header carries in jwk, which Parse has checked, or
// jose.kid_invalid if it carries none. Such a key says who signed, never that they may.
func (h Header) Public() (key.Public, error) {
	if h.Key == nil {
		return key.Public{}, reason.New(reason.JOSEKidInvalid, "the header has no jwk")
	}
	return h.Key.Public()
}

// Token is a compact JWS whose form and header were checked and whose signature was not.
// It keeps a part of the bytes that Parse was given, which must not change while it is used.
type Token struct {
	Header  Header
	payload []byte // decoded
	signed  []byte // header.payload as received
	sig     []byte
}

// Parse splits token and checks its form and its header under p. It verifies no signature and
// does not look into the payload.
//
// More than MaxToken bytes are limit.body, more than three parts limit.token_parts, fewer
// jose.header_invalid, a JSON serialization jose.serialization_forbidden, text that is not
// strict base64url jose.base64_invalid. The header is strict JSON with the codes of strictjson;
// unknown members are passed over. Then, in this order: an alg that is absent or no string is
// jose.header_invalid, one outside the allow-list jose.alg_forbidden (RFC 8725 §3.1); crit, b64
// and zip in any form are jose.crit_unsupported (RFC 7515 §4.1.11); another typ than p.Type, or
// none, is jose.typ_mismatch (RFC 8725 §3.11); a nested token (cty JWT) is limit.nesting, for it
// would never be opened; jku, x5u, x5c unless p.Key is FromIssuer, and jwk unless p.Key is FromHeader,
// are jose.header_key_forbidden (RFC 8725 §3.10); a kid that is missing where it is due, or
// unfit for a key's name, is jose.kid_invalid. With FromHeader anything but exactly one of jwk
// and kid is proof.key_ambiguous, and jwk has the codes of ReadJWK.
func Parse(token []byte, p Policy) (Token, error) { return parse(token, p) }

// Verify checks the signature with k and returns the payload, which exists for callers only then.
// An alg that is not k's is jose.alg_key_mismatch; a bad signature credential.signature_invalid.
func (t Token) Verify(k key.Public) ([]byte, error) {
	if k.IsZero() || k.Algorithm() != t.Header.Algorithm {
		return nil, reason.New(reason.JOSEAlgKeyMismatch, "")
	}
	if err := k.Verify(t.signed, t.sig); err != nil {
		return nil, err
	}
	return t.payload, nil
}

// Unverified returns the payload before any signature was checked: to learn who claims to
// have signed, never to act on.
func (t Token) Unverified() []byte { return t.payload }

// Sign makes a compact JWS of payload. The algorithm is the signer's; h.Algorithm is ignored.
// A header that Parse would refuse is refused with the same code: no typ, a kid that is unfit,
// jwk beside kid or x5c, jwk with a private member, an x5c that ReadX5C would refuse.
func Sign(ctx context.Context, h Header, payload []byte, by key.Signer) ([]byte, error) {
	return AppendSigned(ctx, nil, h, payload, by)
}

// AppendSigned is Sign behind what dst holds already. With an error it returns nil.
func AppendSigned(ctx context.Context, dst []byte, h Header, payload []byte, by key.Signer) ([]byte, error) {
	return appendSigned(ctx, dst, h, payload, by)
}

// ProofRefusal returns err, a refusal of Parse, as key proofs and attestations of keys have it (OpenID4VCI
// 1.0 appendices D and F): another typ or alg is proof.typ, a header with more than one key
// proof.key_ambiguous. Any other is itself.
func ProofRefusal(err error) error {
	switch reason.Of(err) {
	case reason.JOSETypMismatch, reason.JOSEAlgForbidden:
		return reason.Wrap(reason.ProofTyp, "", err)
	case reason.JOSEKidInvalid:
		return reason.Wrap(reason.ProofKeyAmbiguous, "", err)
	}
	return err
}
