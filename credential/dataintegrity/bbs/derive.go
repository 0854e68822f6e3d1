// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

// Presentation is what a holder derives a proof for.
type Presentation struct {
	Selective []string       // JSON pointers to what is shown beside what is mandatory
	Header    []byte         // bound into the proof, at most MaxHeader bytes; may be empty
	Profile   jsonld.Profile // contexts that the document may have
	Random    io.Reader      // due; fit for keys: with it known, or used twice, a proof tells what it hides
}

// Derive returns the part of base, a document with a base proof, that the mandatory pointers of
// its issuer and those of p select, with a derived proof (VC-DI-BBS 1.0 §3.3.3, §3.4.6). Two
// proofs of the same part do not show that they are of one base proof. Other proofs of base are
// left out, as they were made over all of it. A pointer of p that selects nothing, and no
// pointers at all, are query.unsatisfied; a proof that is no base proof of this suite, or not one
// of this document, di.proof_value, and one with a feature that is not supported di.suite; a
// document without exactly one proof of this suite is di.proof_missing or di.proof_set; no source
// of randomness is di.suite.
func Derive(ctx context.Context, base []byte, p Presentation) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.Random == nil {
		return nil, reason.New(reason.DISuite, "no source of randomness")
	}
	d, err := newDisclosure(base, p)
	if err != nil {
		return nil, err
	}
	random, err := randomScalars(p.Random, d.hidden()+proofScalars)
	if err != nil {
		return nil, err
	}
	return d.prove(random)
}

// proofScalars is how many random scalars a proof needs beside those for what is hidden.
const proofScalars = 5

// disclosure is a part of a document that is about to be shown.
type disclosure struct {
	secured   *disclose.Secured
	proof     baseProof
	signature signature
	public    Public
	header    []byte // presentation header
	part      disclose.Part
	messages  []string // all that are signed one by one
	labels    map[int]int
	mandatory []int // indexes of mandatory statements among those shown
	disclosed []int // indexes of the others shown, among messages
}

func newDisclosure(base []byte, p Presentation) (*disclosure, error) {
	if len(p.Header) > MaxHeader {
		return nil, reason.New(reason.LimitMembers, "the presentation header")
	}
	d := &disclosure{header: p.Header}
	var err error
	if d.secured, err = disclose.Read(base, Name); err != nil {
		return nil, err
	}
	if d.proof, err = decodeBase(d.secured.Value()); err != nil {
		return nil, err
	}
	if len(d.proof.mandatory)+len(p.Selective) == 0 {
		return nil, reason.New(reason.QueryUnsatisfied, "nothing is to be disclosed")
	}
	doc, err := d.secured.Open(p.Profile, d.proof.hmacKey, shuffledLabels(d.proof.hmacKey))
	if err != nil {
		return nil, err
	}
	mandatory, err := doc.Group(d.proof.mandatory, reason.DIProofValue)
	if err != nil {
		return nil, err
	}
	if err := d.signed(disclose.Pick(doc.Lines(), disclose.Others(mandatory, len(doc.Lines())))); err != nil {
		return nil, err
	}
	if d.part, err = doc.Select(slices.Concat(d.proof.mandatory, p.Selective)); err != nil {
		return nil, err
	}
	return d, d.choose(mandatory)
}

// signed checks that the base proof is one of the document, whose statements are messages but for
// the mandatory ones.
func (d *disclosure) signed(messages []string) (err error) {
	d.messages = messages
	if len(d.messages) > MaxStatements {
		return reason.New(reason.LimitMembers, "statements of a document")
	}
	if d.signature, err = readSignature(d.proof.signature); err != nil {
		return err
	}
	if d.public, err = readPublic(d.proof.public); err != nil {
		return reason.Wrap(reason.DIProofValue, "the key of the base proof", err)
	}
	if err := d.public.verify(d.signature, d.proof.header, d.messages); err != nil {
		return reason.Wrap(reason.DIProofValue, "the base proof is not one of this document", err)
	}
	return nil
}

// choose works out the indexes and labels of what is shown.
func (d *disclosure) choose(mandatory []int) (err error) {
	if d.mandatory, d.disclosed, err = d.part.Split(mandatory); err != nil {
		return err
	}
	texts, err := d.part.Labels()
	if err != nil {
		return err
	}
	d.labels = make(map[int]int, len(texts))
	for n, text := range texts {
		if d.labels[n], err = strconv.Atoi(strings.TrimPrefix(text, "b")); err != nil {
			return reason.Wrap(reason.DIProofValue, "a label", err)
		}
	}
	return nil
}

func (d *disclosure) hidden() int { return len(d.messages) - len(d.disclosed) }

// prove returns the part with its proof. random has proofScalars and one more for each message
// that is hidden.
func (d *disclosure) prove(random []*scalar) ([]byte, error) {
	known := statement{
		public: d.public, header: d.proof.header, presentationHeader: d.header,
		disclosed: d.disclosed, messages: disclose.Pick(d.messages, d.disclosed), hidden: d.hidden(),
	}
	text, err := derivedProof{known.prove(d.signature, d.messages, random), d.labels, d.mandatory, d.disclosed, d.header}.encode()
	if err != nil {
		return nil, err
	}
	return d.secured.Attach(d.part, text), nil
}
