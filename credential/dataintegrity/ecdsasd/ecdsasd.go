// SPDX-License-Identifier: Apache-2.0

// Package ecdsasd is the cryptosuite ecdsa-sd-2023, whose proofs let a holder show some statements
// of a document and hide others (VC-DI-ECDSA 1.0 §3.4 to §3.6).
//
// The issuer makes a base proof with Suite.Create and gives it to the holder alone: it has the key
// that hides the labels. The holder makes a derived proof of it with Derive for each presentation.
// Suite.Verify takes derived proofs only.
package ecdsasd

import (
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/internal/disclose"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Name is the value of the member cryptosuite.
const Name = "ecdsa-sd-2023"

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

// Name returns "ecdsa-sd-2023".
func (s *Suite) Name() string { return Name }

// Fits reports whether the key of m is one of P-256, the only curve of this suite.
func (s *Suite) Fits(m dataintegrity.Method) bool { return m.Key.Algorithm() == key.ES256 }

// Create returns a base proof over unsecured and config, signed by by (VC-DI-ECDSA 1.0 §3.6.1 to
// §3.6.5). Each statement that is not mandatory is signed by a key pair made for this proof, of
// which only the public half is kept. A pointer that selects nothing, or a part of a JSON literal,
// is credential.schema_invalid, and so is a document with lists, maps or labels of blank nodes,
// of which parts could not be told apart. Documents too large for a proof are limit.members. A key
// of another curve is di.suite.
func (s *Suite) Create(ctx context.Context, unsecured, config []byte, by did.Signer) (string, error) {
	if s.random == nil || by.Signer == nil {
		return "", reason.New(reason.DISuite, "no source of randomness or no key")
	}
	var fresh secrets
	if _, err := io.ReadFull(s.random, fresh.hmacKey[:]); err != nil {
		return "", err
	}
	pair, err := key.Generate(key.ES256, s.random)
	if err != nil {
		return "", err
	}
	fresh.pair = pair
	return s.create(ctx, unsecured, config, by, fresh)
}

// secrets are fresh for each base proof. The private half of pair is dropped with it.
type secrets struct {
	hmacKey [hmacSize]byte
	pair    key.Signer
}

func (s *Suite) create(ctx context.Context, unsecured, config []byte, by did.Signer, fresh secrets) (string, error) {
	if by.Public().Algorithm() != key.ES256 {
		return "", reason.New(reason.DISuite, "this suite signs with P-256")
	}
	doc, err := disclose.Open(unsecured, s.profile, fresh.hmacKey[:], disclose.HMACLabels(fresh.hmacKey[:]))
	if err != nil {
		return "", err
	}
	lines := doc.Lines()
	mandatory, err := doc.Group(s.mandatory, reason.CredentialSchemaInvalid)
	if err != nil {
		return "", err
	}
	if len(lines) > maxLines || len(lines)-len(mandatory) > MaxStatements {
		return "", reason.New(reason.LimitMembers, "statements of a document")
	}
	proofHash, err := dataintegrity.ConfigHash(unsecured, config, s.profile, rdfc.SHA256)
	if err != nil {
		return "", err
	}
	proof := baseProof{hmacKey: fresh.hmacKey[:], mandatory: s.mandatory}
	if proof.public, err = encodePublic(fresh.pair.Public()); err != nil {
		return "", err
	}
	if proof.signatures, err = signEach(ctx, disclose.Pick(lines, disclose.Others(mandatory, len(lines))), fresh.pair); err != nil {
		return "", err
	}
	if proof.signature, err = by.Sign(ctx, signData(proofHash, proof.public, disclose.Pick(lines, mandatory))); err != nil {
		return "", err
	}
	return proof.encode()
}

// signEach signs each line by itself (VC-DI-ECDSA 1.0 §3.6.5).
func signEach(ctx context.Context, lines []string, pair key.Signer) ([][]byte, error) {
	out := make([][]byte, len(lines))
	for i, line := range lines {
		signature, err := pair.Sign(ctx, []byte(line))
		if err != nil {
			return nil, err
		}
		out[i] = signature
	}
	return out, nil
}

// Verify returns nil if proofValue is a derived proof of unsecured and config under the key of m
// (VC-DI-ECDSA 1.0 §3.5.9, §3.6.7). A base proof is di.base_proof; a proof of another form, with
// another number of signatures than statements or with labels that are not those of the document
// di.proof_value; and one of which any signature does not verify credential.signature_invalid.
func (s *Suite) Verify(_ context.Context, unsecured, config []byte, proofValue string, m dataintegrity.Method) error {
	proof, err := decodeDerived(proofValue)
	if err != nil {
		return err
	}
	if !s.Fits(m) {
		return reason.New(reason.DISuite, "this suite verifies with P-256")
	}
	pair, err := decodePublic(proof.public)
	if err != nil {
		return err
	}
	lines, mandatory, err := proof.shown(unsecured, s.profile)
	if err != nil {
		return err
	}
	proofHash, err := dataintegrity.ConfigHash(unsecured, config, s.profile, rdfc.SHA256)
	if err != nil {
		return err
	}
	if err := m.Key.Verify(signData(proofHash, proof.public, disclose.Pick(lines, mandatory)), proof.signature); err != nil {
		return err
	}
	for i, line := range disclose.Pick(lines, disclose.Others(mandatory, len(lines))) {
		if err := pair.Verify([]byte(line), proof.signatures[i]); err != nil {
			return err
		}
	}
	return nil
}

// shown returns the statements of doc with the labels of the proof, and the indexes of the
// mandatory ones, ascending. Each statement has its signature then, or is mandatory.
func (d derivedProof) shown(doc []byte, p jsonld.Profile) (lines []string, mandatory []int, err error) {
	label, err := d.labeler()
	if err != nil {
		return nil, nil, err
	}
	if lines, err = disclose.Lines(doc, p, label); err != nil {
		return nil, nil, err
	}
	mandatory = slices.Sorted(slices.Values(d.mandatory))
	ok := len(slices.Compact(mandatory)) == len(d.mandatory) && len(lines)-len(mandatory) == len(d.signatures)
	if n := len(mandatory); !ok || n > 0 && mandatory[n-1] >= len(lines) {
		return nil, nil, reason.New(reason.DIProofValue, "indexes or signatures do not fit the statements")
	}
	return lines, mandatory, nil
}

// labeler returns what gives the blank nodes of a document the labels of the proof, which are
// HMACs (VC-DI-ECDSA 1.0 §3.5.6).
func (d derivedProof) labeler() (disclose.Labeler, error) {
	labels := make(map[int]string, len(d.labels))
	for n, mac := range d.labels {
		text, err := multiformat.Encode(multiformat.Base64URL, mac)
		if err != nil {
			return nil, err
		}
		labels[n] = text
	}
	return disclose.GivenLabels(labels), nil
}

// signData returns what the base signature is made over (VC-DI-ECDSA 1.0 §3.5.1).
func signData(proofHash, public []byte, mandatory []string) []byte {
	mandatoryHash := sha256.Sum256([]byte(strings.Join(mandatory, "")))
	return slices.Concat(proofHash, public, mandatoryHash[:])
}
