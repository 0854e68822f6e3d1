// SPDX-License-Identifier: Apache-2.0

// Package bbs is the cryptosuite bbs-2023, whose proofs let a holder show some statements of a
// document and hide others without being recognised from one presentation to the next (VC-DI-BBS
// 1.0 §3.2 to §3.4), with the BBS signature scheme in the ciphersuite BLS12-381-SHA-256
// (draft-irtf-cfrg-bbs-signatures-08).
//
// The plain feature alone is supported. Proofs with holder binding or pseudonyms are refused by
// name. The suite is a Candidate Recommendation and the scheme an Internet-Draft: what is signed
// today may have to be issued again.
//
// Arithmetic with secrets is that of circl: multiplication of points by scalars and arithmetic of
// scalars take the same time whatever the numbers, reducing wide random numbers does not quite.
package bbs

import (
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/reason"
)

// Name is the value of the member cryptosuite.
const Name = "bbs-2023"

// Suite makes base proofs and verifies derived ones. It is a dataintegrity.Cryptosuite. The zero
// Suite takes the embedded contexts alone and makes no proofs.
type Suite struct {
	profile   jsonld.Profile
	random    io.Reader
	mandatory []string
}

var _ dataintegrity.Cryptosuite = (*Suite)(nil)

// New returns the suite for documents with the contexts that p allows. random feeds the secrets of
// base proofs: it must be fit for keys and safe for concurrent use. A Suite that only verifies may
// have nil.
func New(p jsonld.Profile, random io.Reader) *Suite { return &Suite{profile: p, random: random} }

// WithMandatory returns a Suite like s whose base proofs make what pointers select part of every
// derived document. Pointers are JSON pointers into the document (RFC 6901); there may be none.
func (s *Suite) WithMandatory(pointers []string) *Suite {
	out := *s
	out.mandatory = slices.Clone(pointers)
	return &out
}

// Name returns "bbs-2023".
func (s *Suite) Name() string { return Name }

// Fits reports whether m is a did:key of a BLS12-381 key in G2.
func (s *Suite) Fits(m dataintegrity.Method) bool {
	_, err := PublicOf(m.URL)
	return err == nil && m.Key.IsZero()
}

// Create returns a base proof over unsecured and config, signed by by, whose Signer must be a *Key:
// another is di.suite (VC-DI-BBS 1.0 §3.4.1 to §3.4.5). A pointer that selects nothing, or a part
// of a JSON literal, is credential.schema_invalid, and so is a document with lists, maps or labels
// of blank nodes, of which parts could not be told apart. Documents too large for a proof are
// limit.members.
func (s *Suite) Create(ctx context.Context, unsecured, config []byte, by did.Signer) (string, error) {
	k, ok := by.Signer.(*Key)
	if s.random == nil || !ok || k == nil || k.secret == nil {
		return "", reason.New(reason.DISuite, "no source of randomness or not a BBS key")
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var fresh [hmacSize]byte
	if _, err := io.ReadFull(s.random, fresh[:]); err != nil {
		return "", err
	}
	return s.create(unsecured, config, k, fresh[:])
}

func (s *Suite) create(unsecured, config []byte, k *Key, hmacKey []byte) (string, error) {
	doc, err := disclose.Open(unsecured, s.profile, hmacKey, shuffledLabels(hmacKey))
	if err != nil {
		return "", err
	}
	lines := doc.Lines()
	mandatory, err := doc.Group(s.mandatory, reason.CredentialSchemaInvalid)
	if err != nil {
		return "", err
	}
	messages := disclose.Pick(lines, disclose.Others(mandatory, len(lines)))
	if len(lines) > maxLines || len(messages) > MaxStatements {
		return "", reason.New(reason.LimitMembers, "statements of a document")
	}
	header, err := s.header(unsecured, config, disclose.Pick(lines, mandatory))
	if err != nil {
		return "", err
	}
	return baseProof{k.sign(header, messages), header, k.public, hmacKey, s.mandatory}.encode()
}

// header returns the BBS header: what is signed beside the statements (VC-DI-BBS 1.0 §3.4.5).
func (s *Suite) header(doc, config []byte, mandatory []string) ([]byte, error) {
	proofHash, err := dataintegrity.ConfigHash(doc, config, s.profile, rdfc.SHA256)
	if err != nil {
		return nil, err
	}
	mandatoryHash := sha256.Sum256([]byte(strings.Join(mandatory, "")))
	return slices.Concat(proofHash, mandatoryHash[:]), nil
}

// Verify returns nil if proofValue is a derived proof of unsecured and config under the key of m
// (VC-DI-BBS 1.0 §3.3.8, §3.4.7). A base proof is di.base_proof; a proof with a feature that is not
// supported di.suite; one of another form, or with indexes or labels that do not fit the document,
// di.proof_value; and one that does not verify credential.signature_invalid. The presentation
// header is part of the proof: PresentationHeader returns it.
func (s *Suite) Verify(_ context.Context, unsecured, config []byte, proofValue string, m dataintegrity.Method) error {
	d, err := decodeDerived(proofValue)
	if err != nil {
		return err
	}
	public, err := PublicOf(m.URL)
	if err != nil {
		return reason.Wrap(reason.DISuite, "this suite verifies with BLS12-381", err)
	}
	inner, err := readProof(d.proof)
	if err != nil {
		return err
	}
	lines, mandatory, err := d.shown(unsecured, s.profile, len(inner.mHat))
	if err != nil {
		return err
	}
	header, err := s.header(unsecured, config, disclose.Pick(lines, mandatory))
	if err != nil {
		return err
	}
	return statement{
		public: public, header: header, presentationHeader: d.presentationHeader, disclosed: d.selective,
		messages: disclose.Pick(lines, disclose.Others(mandatory, len(lines))), hidden: len(inner.mHat),
	}.verify(inner)
}

// PresentationHeader returns the presentation header that proofValue, a derived proof, was made
// for. It is known to be the holder's only after Verify. Errors are those of Verify.
func PresentationHeader(proofValue string) ([]byte, error) {
	d, err := decodeDerived(proofValue)
	if err != nil {
		return nil, err
	}
	return d.presentationHeader, nil
}

// shown returns the statements of doc with the labels of the proof, and the indexes of the
// mandatory ones, ascending. Each of the others has its index among all that were signed then,
// hidden of which are not shown.
func (d derivedProof) shown(doc []byte, p jsonld.Profile, hidden int) (lines []string, mandatory []int, err error) {
	if lines, err = disclose.Lines(doc, p, d.labeler()); err != nil {
		return nil, nil, err
	}
	fits := ascend(d.mandatory, len(lines)) && ascend(d.selective, len(d.selective)+hidden)
	if !fits || len(lines)-len(d.mandatory) != len(d.selective) || len(d.selective)+hidden > MaxStatements {
		return nil, nil, reason.New(reason.DIProofValue, "the indexes do not fit the statements")
	}
	return lines, d.mandatory, nil
}

// ascend reports whether indexes ascend strictly and stay below n.
func ascend(indexes []int, n int) bool {
	for i, index := range indexes {
		if index >= n || i > 0 && index <= indexes[i-1] {
			return false
		}
	}
	return true
}

// labeler returns what gives the blank nodes of a document the labels of the proof (VC-DI-BBS 1.0
// §3.3.5).
func (d derivedProof) labeler() disclose.Labeler {
	labels := make(map[int]string, len(d.labels))
	for n, to := range d.labels {
		labels[n] = "b" + strconv.Itoa(to)
	}
	return disclose.GivenLabels(labels)
}

// shuffledLabels returns the Labeler that numbers blank nodes in the order of the HMACs of their
// canonical labels under key (VC-DI-BBS 1.0 §3.2.1).
func shuffledLabels(key []byte) disclose.Labeler {
	return func(canonical map[string]string) (map[string]string, error) {
		of, err := disclose.HMACLabels(key)(canonical)
		if err != nil {
			return nil, err
		}
		macs := slices.Sorted(maps.Values(of))
		for label, mac := range of {
			n, _ := slices.BinarySearch(macs, mac)
			of[label] = "b" + strconv.Itoa(n)
		}
		return of, nil
	}
}
