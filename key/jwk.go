// SPDX-License-Identifier: Apache-2.0

package key

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/behalf-id/behalf/reason"
)

// JWK holds the members of a JSON Web Key that this package reads and writes
// (RFC 7517, RFC 7518 §6.2, RFC 8037 §2). Which JSON reader fills it is the caller's affair;
// D is for keys at rest alone and never leaves the process on the wire.
type JWK struct {
	Kty string `json:"kty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	D   string `json:"d,omitempty"`
	Kid string `json:"kid,omitempty"`
	Alg string `json:"alg,omitempty"`
	Use string `json:"use,omitempty"`
}

// JWK returns p as a JWK with kty, crv, x and, for EC, y alone. The zero Public gives the zero JWK.
func (p Public) JWK() JWK {
	switch p.alg {
	case EdDSA:
		return JWK{Kty: "OKP", Crv: "Ed25519", X: b64(p.ed)}
	case ES256, ES384:
		size := (len(p.point) - 1) / 2
		return JWK{Kty: "EC", Crv: p.ec.Curve.Params().Name, X: b64(p.point[1 : 1+size]), Y: b64(p.point[1+size:])}
	}
	return JWK{}
}

// Public reads j as a public key. Private members are key.private_material, a key marked for
// something else than signatures (use) is key.ambiguous; a kty, crv or alg outside the
// allow-list, a coordinate of the wrong length and a point off the curve are key.weak.
func (j JWK) Public() (Public, error) {
	if j.D != "" {
		return Public{}, reason.New(reason.KeyPrivateMaterial, "a public key holds d")
	}
	return j.public()
}

func (j JWK) public() (Public, error) {
	if j.Use != "" && j.Use != "sig" {
		return Public{}, reason.New(reason.KeyAmbiguous, "the key is not for signatures")
	}
	p, err := j.point()
	if err != nil {
		return Public{}, err
	}
	if j.Alg != "" && j.Alg != string(p.alg) && (p.alg != EdDSA || j.Alg != "Ed25519") {
		return Public{}, reason.New(reason.KeyWeak, "alg of the key does not fit its curve")
	}
	return p, nil
}

func (j JWK) point() (Public, error) {
	switch {
	case j.Kty == "OKP" && j.Crv == "Ed25519" && j.Y == "":
		x, err := unb64(j.X, ed25519.PublicKeySize)
		if err != nil {
			return Public{}, err
		}
		return New(ed25519.PublicKey(x))
	case j.Kty == "EC" && j.Crv == "P-256":
		return j.ec(elliptic.P256(), sizeP256)
	case j.Kty == "EC" && j.Crv == "P-384":
		return j.ec(elliptic.P384(), sizeP384)
	}
	return Public{}, reason.New(reason.KeyWeak, "kty and crv are not P-256, P-384 or Ed25519")
}

func (j JWK) ec(c elliptic.Curve, size int) (Public, error) {
	x, err := unb64(j.X, size)
	if err != nil {
		return Public{}, err
	}
	y, err := unb64(j.Y, size)
	if err != nil {
		return Public{}, err
	}
	point := make([]byte, 0, 1+2*size)
	point = append(append(append(point, 4), x...), y...)
	return parseEC(c, point)
}

// Thumbprint returns the SHA-256 JWK thumbprint, base64url without padding (RFC 7638 §3).
func (p Public) Thumbprint() string {
	j := p.JWK()
	text := `{"crv":"` + j.Crv + `","kty":"` + j.Kty + `","x":"` + j.X + `"`
	if j.Y != "" {
		text += `,"y":"` + j.Y + `"`
	}
	d := sha256.Sum256([]byte(text + "}"))
	return b64(d[:])
}

// JWK returns p with its private member d, for a key file that is encrypted at rest. The zero
// Private gives the zero JWK.
func (p *Private) JWK() JWK {
	j := p.Public().JWK()
	switch p.Public().alg {
	case ES256, ES384:
		d, _ := p.secret().ec.Bytes() // checked when p was made
		j.D = b64(d)
	case EdDSA:
		j.D = b64(p.secret().ed.Seed())
	}
	return j
}

// Private reads j as a private key whose public half must be the one j states, else key.weak.
// random feeds the signatures that need it; nil is refused.
func (j JWK) Private(random io.Reader) (*Private, error) {
	if random == nil {
		return nil, errors.New("key: there is no source of randomness")
	}
	pub, err := j.public()
	if err != nil {
		return nil, err
	}
	priv, err := j.private(pub, random)
	if err != nil {
		return nil, err
	}
	if !priv.public.Equal(pub) {
		return nil, reason.New(reason.KeyWeak, "private and public half do not belong together")
	}
	return priv, nil
}

func (j JWK) private(pub Public, random io.Reader) (*Private, error) {
	size := sizeP256
	if pub.alg == ES384 {
		size = sizeP384
	}
	d, err := unb64(j.D, size) // an Ed25519 seed has the 32 bytes of a P-256 scalar
	if err != nil {
		return nil, err
	}
	if pub.alg == EdDSA {
		return newEd25519(d, random)
	}
	return newECPrivate(pub.ec.Curve, d, random)
}

// Format writes the kind of key alone, whatever the verb: d must not come into a log.
func (j JWK) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, j.String()) }

// String returns the kind of key alone.
func (j JWK) String() string { return "[jwk " + j.Crv + "]" }

// LogValue logs the kind of key alone.
func (j JWK) LogValue() slog.Value { return slog.StringValue(j.String()) }

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// unb64 reads unpadded canonical base64url of exactly size bytes.
func unb64(s string, size int) ([]byte, error) {
	if len(s) != base64.RawURLEncoding.EncodedLen(size) {
		return nil, reason.New(reason.KeyWeak, "key member has the wrong length")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	// A line break, which the library passes over, makes the result too short.
	if err != nil || len(raw) != size {
		return nil, reason.Wrap(reason.KeyWeak, "key member is not base64url", err)
	}
	return raw, nil
}
