// SPDX-License-Identifier: Apache-2.0

package key

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"io"

	"github.com/behalf-id/behalf/reason"
)

// Private is a Signer whose key is held in memory. It prints as "[private key]".
type Private struct {
	public Public
	signer crypto.Signer
	rand   io.Reader
}

// Generate makes a key for alg out of random.
func Generate(alg Algorithm, random io.Reader) (*Private, error) {
	switch alg {
	case ES256:
		return generateEC(elliptic.P256(), random)
	case ES384:
		return generateEC(elliptic.P384(), random)
	case EdDSA:
		_, k, err := ed25519.GenerateKey(random)
		if err != nil {
			return nil, err
		}
		return newPrivate(k, random)
	}
	return nil, reason.New(reason.JOSEAlgForbidden, "no key can be made for this algorithm")
}

// Public returns the key that verifies what Sign makes.
func (p *Private) Public() Public { return p.public }

// Sign implements Signer. The context is not used: nothing here waits.
func (p *Private) Sign(_ context.Context, message []byte) ([]byte, error) {
	switch k := p.signer.(type) {
	case *ecdsa.PrivateKey:
		return p.signEC(k, message)
	case ed25519.PrivateKey:
		return ed25519.Sign(k, message), nil
	}
	return nil, reason.New(reason.KeyWeak, "the zero key signs nothing")
}

// String hides the key from logs and error texts; GoString does so for %#v.
func (p *Private) String() string   { return "[private key]" }
func (p *Private) GoString() string { return "[private key]" }

func (p *Private) signEC(k *ecdsa.PrivateKey, message []byte) ([]byte, error) {
	var digest []byte
	if p.public.alg == ES256 {
		d := sha256.Sum256(message)
		digest = d[:]
	} else {
		d := sha512.Sum384(message)
		digest = d[:]
	}
	r, s, err := ecdsa.Sign(p.rand, k, digest)
	if err != nil {
		return nil, err
	}
	size := (k.Curve.Params().BitSize + 7) / 8
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

func generateEC(c elliptic.Curve, random io.Reader) (*Private, error) {
	k, err := ecdsa.GenerateKey(c, random)
	if err != nil {
		return nil, err
	}
	return newPrivate(k, random)
}

func newPrivate(k crypto.Signer, random io.Reader) (*Private, error) {
	pub, err := New(k.Public())
	if err != nil {
		return nil, err
	}
	return &Private{public: pub, signer: k, rand: random}, nil
}
