// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"encoding/binary"

	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/reason"
)

// statement is what a proof of knowledge is about: who signed, under which header, and which of
// how many messages are disclosed.
type statement struct {
	public             Public
	header             []byte
	presentationHeader []byte
	disclosed          []int    // indexes, ascending
	messages           []string // the disclosed ones
	hidden             int      // how many are not disclosed
}

// others returns the indexes of the messages that are not disclosed.
func (s statement) others() []int { return disclose.Others(s.disclosed, len(s.disclosed)+s.hidden) }

// initial is what prover and verifier hash to the challenge (§3.7.1).
type initial struct {
	abar, bbar, d, t1, t2 *point
	domain                *scalar
}

// prove is CoreProofGen (§3.6.3). all is every message, and random has 5 scalars and one more for
// each message that is not disclosed, none of which is ever used again.
func (s statement) prove(sig signature, all []string, random []*scalar) []byte {
	g, m := newGenerators(len(all)), toScalars(all)
	r1, r2, eTilde, r1Tilde, r3Tilde, mTilde := random[0], random[1], random[2], random[3], random[4], random[5:]
	domain := g.domain(s.public.raw, s.header)
	var d, abar, bbar, t1, t2 point
	d.ScalarMult(r2, g.bind(domain, m))
	var k scalar
	k.Mul(r1, r2)
	abar.ScalarMult(&k, sig.a)
	k.Set(sig.e)
	k.Neg()
	bbar.ScalarMult(r1, &d)
	addMul(&bbar, &k, &abar)
	t1.ScalarMult(eTilde, &abar)
	addMul(&t1, r1Tilde, &d)
	t2.ScalarMult(r3Tilde, &d)
	undisclosed := s.others()
	for i, j := range undisclosed {
		addMul(&t2, mTilde[i], g.h[j])
	}
	c := s.challenge(initial{&abar, &bbar, &d, &t1, &t2, domain}, m)
	var r3 scalar
	r3.Inv(r2)
	out := appendPoints(nil, &abar, &bbar, &d)
	out = appendScalars(out, plus(eTilde, sig.e, c), minus(r1Tilde, r1, c), minus(r3Tilde, &r3, c))
	for i, j := range undisclosed {
		out = appendScalars(out, plus(mTilde[i], m[j], c))
	}
	return appendScalars(out, c)
}

// plus returns blind + value·c.
func plus(blind, value, c *scalar) *scalar {
	out := new(scalar)
	out.Mul(value, c)
	out.Add(out, blind)
	return out
}

// minus returns blind − value·c.
func minus(blind, value, c *scalar) *scalar {
	out := new(scalar)
	out.Mul(value, c)
	out.Sub(blind, out)
	return out
}

// challenge is ProofChallengeCalculate (§3.7.4). m has a scalar for each disclosed index.
func (s statement) challenge(in initial, m []*scalar) *scalar {
	out := binary.BigEndian.AppendUint64(nil, uint64(len(s.disclosed)))
	for _, i := range s.disclosed {
		out = appendScalars(binary.BigEndian.AppendUint64(out, uint64(i)), m[i])
	}
	out = appendPoints(out, in.abar, in.bbar, in.d, in.t1, in.t2)
	out = appendScalars(out, in.domain)
	out = binary.BigEndian.AppendUint64(out, uint64(len(s.presentationHeader)))
	return hashToScalar(append(out, s.presentationHeader...), apiID+"H2S_")
}

// proof is a proof of knowledge (§4.2.4.3).
type proof struct {
	abar, bbar, d      *point
	eHat, r1Hat, r3Hat *scalar
	mHat               []*scalar // one for each message that is not disclosed
	c                  *scalar
}

// minScalars is the number of scalars in a proof that discloses everything.
const minScalars = 4

func readProof(raw []byte) (proof, error) {
	points, s, ok := read(raw, 3)
	if !ok || len(s) < minScalars {
		return proof{}, reason.New(reason.DIProofValue, "not a BBS proof")
	}
	last := len(s) - 1
	return proof{points[0], points[1], points[2], s[0], s[1], s[2], s[3:last], s[last]}, nil
}

// verify is CoreProofVerify (§3.6.4). s.hidden must be the number of messages that p hides.
func (s statement) verify(p proof) error {
	all := len(s.disclosed) + s.hidden
	g, m := newGenerators(all), make([]*scalar, all)
	for i, known := range toScalars(s.messages) {
		m[s.disclosed[i]] = known
	}
	domain := g.domain(s.public.raw, s.header)
	var t1, t2 point
	t1.ScalarMult(p.c, p.bbar)
	addMul(&t1, p.eHat, p.abar)
	addMul(&t1, p.r1Hat, p.d)
	t2.ScalarMult(p.c, g.bind(domain, m))
	addMul(&t2, p.r3Hat, p.d)
	for i, j := range s.others() {
		addMul(&t2, p.mHat[i], g.h[j])
	}
	c := s.challenge(initial{p.abar, p.bbar, p.d, &t1, &t2, domain}, m)
	if c.IsEqual(p.c) != 1 {
		return reason.New(reason.CredentialSignatureInvalid, "")
	}
	return equal(p.abar, s.public.point, p.bbar)
}
