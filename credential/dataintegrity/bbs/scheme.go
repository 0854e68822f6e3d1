// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"crypto"
	"encoding/binary"
	"io"
	"slices"

	"github.com/cloudflare/circl/ecc/bls12381"
	"github.com/cloudflare/circl/expander"

	"github.com/behalf-id/behalf/reason"
)

// The ciphersuite BLS12-381-SHA-256 and the interface H2G_HM2S of the BBS Signature Scheme
// (draft-irtf-cfrg-bbs-signatures-08 §6.2.2, §3.6).
const (
	suiteID   = "BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_"
	apiID     = suiteID + "H2G_HM2S_"
	expandLen = 48
)

// Lengths in bytes.
const (
	scalarSize    = bls12381.ScalarSize
	pointSize     = bls12381.G1SizeCompressed
	signatureSize = pointSize + scalarSize
	publicSize    = bls12381.G2SizeCompressed
)

type (
	scalar = bls12381.Scalar
	point  = bls12381.G1
)

// hashToScalar is hash_to_scalar (§4.2.1).
func hashToScalar(message []byte, dst string) *scalar {
	return reduce(expander.NewExpanderMD(crypto.SHA256, []byte(dst)).Expand(message, expandLen))
}

func reduce(wide []byte) *scalar {
	s := new(scalar)
	s.SetBytes(wide)
	return s
}

// generators are the points that messages are bound to: q for the domain, h for the messages.
type generators struct {
	p1, q *point
	h     []*point
}

// newGenerators is create_generators for n messages (§4.1.1). The base point P1 is the first
// generator of another seed (§6.2.2).
func newGenerators(n int) generators {
	all := createGenerators("MESSAGE_GENERATOR_SEED", n+1)
	return generators{p1: createGenerators("BP_MESSAGE_GENERATOR_SEED", 1)[0], q: all[0], h: all[1:]}
}

func createGenerators(seed string, n int) []*point {
	expand := expander.NewExpanderMD(crypto.SHA256, []byte(apiID+"SIG_GENERATOR_SEED_"))
	v := expand.Expand([]byte(apiID+seed), expandLen)
	out := make([]*point, n)
	for i := range out {
		v = expand.Expand(binary.BigEndian.AppendUint64(v, uint64(i+1)), expandLen)
		out[i] = new(point)
		out[i].Hash(v, []byte(apiID+"SIG_GENERATOR_DST_"))
	}
	return out
}

// toScalars is messages_to_scalars (§4.1.2).
func toScalars(messages []string) []*scalar {
	out := make([]*scalar, len(messages))
	for i, m := range messages {
		out[i] = hashToScalar([]byte(m), apiID+"MAP_MSG_TO_SCALAR_AS_HASH_")
	}
	return out
}

// domain is calculate_domain (§4.2.2).
func (g generators) domain(public, header []byte) *scalar {
	in := binary.BigEndian.AppendUint64(slices.Clone(public), uint64(len(g.h)))
	in = appendPoints(in, g.q)
	in = appendPoints(in, g.h...)
	in = append(in, apiID...)
	in = binary.BigEndian.AppendUint64(in, uint64(len(header)))
	return hashToScalar(append(in, header...), apiID+"H2S_")
}

func appendPoints(dst []byte, points ...*point) []byte {
	for _, p := range points {
		dst = append(dst, p.BytesCompressed()...)
	}
	return dst
}

// appendScalars writes scalars in big-endian form. Writing one cannot fail.
func appendScalars(dst []byte, scalars ...*scalar) []byte {
	for _, s := range scalars {
		raw, _ := s.MarshalBinary()
		dst = append(dst, raw...)
	}
	return dst
}

// addMul adds k·p to sum.
func addMul(sum *point, k *scalar, p *point) {
	var t point
	t.ScalarMult(k, p)
	sum.Add(sum, &t)
}

// bind returns P1 + domain·Q1 + Σ messages[i]·H[i], for the messages that are not nil.
func (g generators) bind(domain *scalar, messages []*scalar) *point {
	b := *g.p1
	addMul(&b, domain, g.q)
	for i, m := range messages {
		if m != nil {
			addMul(&b, m, g.h[i])
		}
	}
	return &b
}

// sign is CoreSign (§3.6.1). It is deterministic.
func (k *Key) sign(header []byte, messages []string) []byte {
	g, m := newGenerators(len(messages)), toScalars(messages)
	domain := g.domain(k.public, header)
	in := appendScalars(nil, k.secret)
	in = appendScalars(in, m...)
	in = appendScalars(in, domain)
	e := hashToScalar(in, apiID+"H2S_")
	var inverse scalar
	inverse.Add(k.secret, e)
	inverse.Inv(&inverse)
	var a point
	a.ScalarMult(&inverse, g.bind(domain, m))
	return appendScalars(appendPoints(nil, &a), e)
}

// signature is a BBS signature (§4.2.4.2).
type signature struct {
	a *point
	e *scalar
}

func readSignature(raw []byte) (signature, error) {
	points, scalars, ok := read(raw, 1)
	if !ok || len(scalars) != 1 {
		return signature{}, reason.New(reason.DIProofValue, "not a BBS signature")
	}
	return signature{points[0], scalars[0]}, nil
}

// read reads n points and then scalars up to the end. It reports false for a point that is not in
// its group or is the identity, and for a scalar that is zero or not below the order.
func read(raw []byte, n int) (points []*point, scalars []*scalar, ok bool) {
	if len(raw) < n*pointSize || (len(raw)-n*pointSize)%scalarSize != 0 {
		return nil, nil, false
	}
	for chunk := range slices.Chunk(raw[:n*pointSize], pointSize) {
		p := new(point)
		if chunk[0]&0x80 == 0 || p.SetBytes(chunk) != nil || p.IsIdentity() {
			return nil, nil, false
		}
		points = append(points, p)
	}
	for chunk := range slices.Chunk(raw[n*pointSize:], scalarSize) {
		s := new(scalar)
		if s.UnmarshalBinary(chunk) != nil || s.IsZero() == 1 {
			return nil, nil, false
		}
		scalars = append(scalars, s)
	}
	return points, scalars, true
}

// verify is CoreVerify (§3.6.2).
func (p Public) verify(sig signature, header []byte, messages []string) error {
	g := newGenerators(len(messages))
	b := g.bind(g.domain(p.raw, header), toScalars(messages))
	var right bls12381.G2
	right.ScalarMult(sig.e, bls12381.G2Generator())
	right.Add(&right, p.point)
	return equal(sig.a, &right, b)
}

// equal returns nil if e(a, w) = e(b, generator of G2).
func equal(a *point, w *bls12381.G2, b *point) error {
	product := bls12381.ProdPairFrac([]*point{a, b}, []*bls12381.G2{w, bls12381.G2Generator()}, []int{1, -1})
	if !product.IsIdentity() {
		return reason.New(reason.CredentialSignatureInvalid, "")
	}
	return nil
}

// randomScalars returns n scalars out of random (§4.2.1 of the draft says how many bytes each
// needs to be without bias).
func randomScalars(random io.Reader, n int) ([]*scalar, error) {
	wide := make([]byte, n*expandLen)
	if _, err := io.ReadFull(random, wide); err != nil {
		return nil, err
	}
	out := make([]*scalar, 0, n)
	for chunk := range slices.Chunk(wide, expandLen) {
		out = append(out, reduce(chunk))
	}
	return out, nil
}
