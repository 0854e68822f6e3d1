// SPDX-License-Identifier: Apache-2.0

package bbs

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
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
	doc       *document
	secured   proofMember
	proof     baseProof
	signature signature
	public    Public
	header    []byte // presentation header
	sel       selection
	messages  []string // all that are signed one by one
	labels    map[int]int
	mandatory []int // indexes of mandatory statements among those shown
	disclosed []int // indexes of the others shown, among messages
}

func newDisclosure(base []byte, p Presentation) (*disclosure, error) {
	if err := strictjson.Check(base); err != nil {
		return nil, err
	}
	root, count, err := parseTree(base)
	if err != nil {
		return nil, err
	}
	d := &disclosure{header: p.Header}
	if len(p.Header) > MaxHeader {
		return nil, reason.New(reason.LimitMembers, "the presentation header")
	}
	if d.secured, err = findProof(root); err != nil {
		return nil, err
	}
	if d.proof, err = decodeBase(d.secured.text); err != nil {
		return nil, err
	}
	if len(d.proof.mandatory)+len(p.Selective) == 0 {
		return nil, reason.New(reason.QueryUnsatisfied, "nothing is to be disclosed")
	}
	key := d.proof.hmacKey
	if d.doc, err = newDocument(root.without("proof"), count, p.Profile, token(key), shuffledLabels(key)); err != nil {
		return nil, err
	}
	mandatory, err := d.doc.group(d.proof.mandatory, reason.DIProofValue)
	if err != nil {
		return nil, err
	}
	if err := d.signed(mandatory); err != nil {
		return nil, err
	}
	return d, d.choose(mandatory, p.Selective)
}

// signed checks that the base proof is one of the document, with the mandatory statements at the
// indexes given.
func (d *disclosure) signed(mandatory []int) (err error) {
	d.messages = pick(d.doc.lines, others(mandatory, len(d.doc.lines)))
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

// choose works out what selective adds to the mandatory statements.
func (d *disclosure) choose(mandatory []int, selective []string) (err error) {
	d.sel, err = selectAll(d.doc.root, d.doc.count, slices.Concat(d.proof.mandatory, selective), reason.QueryUnsatisfied)
	if err != nil {
		return err
	}
	quads, err := d.doc.quads(d.sel)
	if err != nil {
		return err
	}
	shown, err := d.doc.find(quads, reason.QueryUnsatisfied)
	if err != nil {
		return err
	}
	for at, n := range shown {
		before, must := slices.BinarySearch(mandatory, n)
		if must {
			d.mandatory = append(d.mandatory, at)
		} else {
			d.disclosed = append(d.disclosed, n-before)
		}
	}
	if len(d.mandatory) != len(mandatory) {
		return reason.New(reason.QueryUnsatisfied, "a part without the mandatory statements")
	}
	d.labels, err = shownLabels(quads, d.doc.labels)
	return err
}

func (d *disclosure) hidden() int { return len(d.messages) - len(d.disclosed) }

// prove returns the part with its proof. random has proofScalars and one more for each message
// that is hidden.
func (d *disclosure) prove(random []*scalar) ([]byte, error) {
	known := statement{
		public: d.public, header: d.proof.header, presentationHeader: d.header,
		disclosed: d.disclosed, messages: pick(d.messages, d.disclosed), hidden: d.hidden(),
	}
	text, err := derivedProof{known.prove(d.signature, d.messages, random), d.labels, d.mandatory, d.disclosed, d.header}.encode()
	if err != nil {
		return nil, err
	}
	w := writer{sel: d.sel}
	w.write(d.doc.root, false)
	return d.secured.attach(w.out, text), nil
}

// shownLabels returns the label map for a verifier, who knows the canonical labels of what is
// shown alone (VC-DI-BBS 1.0 §3.3.3).
func shownLabels(quads []rdfc.Quad, labels map[string]string) (map[int]int, error) {
	canonical, err := canonicalLabels(quads)
	if err != nil {
		return nil, err
	}
	out := make(map[int]int, len(canonical))
	for label, c14n := range canonical {
		n, ok := canonicalNumber(c14n)
		to, err := strconv.Atoi(strings.TrimPrefix(labels[label], "b"))
		if err != nil || !ok {
			return nil, reason.Wrap(reason.DIProofValue, "a label", err)
		}
		out[n] = to
	}
	return out, nil
}
