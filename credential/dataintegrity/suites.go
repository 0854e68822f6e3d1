// SPDX-License-Identifier: Apache-2.0

package dataintegrity

import (
	"context"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// The cryptosuites of this package.
const (
	EdDSARDFC = "eddsa-rdfc-2022" // VC-DI-EDDSA 1.0 §3.2
	EdDSAJCS  = "eddsa-jcs-2022"  // VC-DI-EDDSA 1.0 §3.3
	ECDSARDFC = "ecdsa-rdfc-2019" // VC-DI-ECDSA 1.0 §3.2
	ECDSAJCS  = "ecdsa-jcs-2019"  // VC-DI-ECDSA 1.0 §3.3
)

// Suite returns the cryptosuite called name, one of those above; another name is di.suite. p says
// which contexts the suites with RDF take; those with JCS read none.
func Suite(name string, p jsonld.Profile) (Cryptosuite, error) {
	switch name {
	case EdDSARDFC, ECDSARDFC:
		return rdf{suite{name}, p}, nil
	case EdDSAJCS, ECDSAJCS:
		return jcs{suite{name}}, nil
	}
	return nil, reason.New(reason.DISuite, "the suite is unknown")
}

// Takes reports whether the suite called name, one of those above, signs and verifies with keys for
// alg: Ed25519 for one half of them, P-256 and P-384 for the other. No other suite takes any.
func Takes(name string, alg key.Algorithm) bool {
	switch name {
	case EdDSARDFC, EdDSAJCS:
		return alg == key.EdDSA
	case ECDSARDFC, ECDSAJCS:
		return alg == key.ES256 || alg == key.ES384
	}
	return false
}

// Alike returns the suite of the same canonical form as the one called name that takes keys for alg,
// "" where there is none.
func Alike(name string, alg key.Algorithm) string {
	for _, form := range [...][2]string{{EdDSARDFC, ECDSARDFC}, {EdDSAJCS, ECDSAJCS}} {
		for _, s := range form {
			if (name == form[0] || name == form[1]) && Takes(s, alg) {
				return s
			}
		}
	}
	return ""
}

// suite is what the four have in common.
type suite struct{ name string }

// Name implements Cryptosuite.
func (s suite) Name() string { return s.name }

// Fits implements Cryptosuite.
func (s suite) Fits(m Method) bool { return Takes(s.name, m.Key.Algorithm()) }

func (s suite) create(ctx context.Context, data []byte, by did.Signer) (string, error) {
	signature, err := by.Sign(ctx, data)
	if err != nil {
		return "", err
	}
	return multiformat.Encode(multiformat.Base58BTC, signature)
}

func (s suite) verify(data []byte, proofValue string, k key.Public) error {
	signature, err := multiformat.Decode(multiformat.Base58BTC, proofValue)
	if err != nil {
		return reason.Wrap(reason.DIProofValue, "the value is not base58btc", err)
	}
	if len(signature) != size(k) {
		return reason.New(reason.DIProofValue, "the value is not as long as a signature of the key")
	}
	return k.Verify(data, signature)
}

// size returns the bytes of a signature by k.
func size(k key.Public) int {
	if k.Algorithm() == key.ES384 {
		return 96
	}
	return 64
}

// hashOf returns the hash function that goes with k (VC-DI-ECDSA 1.0 §3.2.3), 0 for no key.
func hashOf(k key.Public) rdfc.Hash {
	switch k.Algorithm() {
	case key.EdDSA, key.ES256:
		return rdfc.SHA256
	case key.ES384:
		return rdfc.SHA384
	}
	return 0
}

// rdf is the suites that canonicalize RDF.
type rdf struct {
	suite
	profile jsonld.Profile
}

// Create implements Cryptosuite.
func (s rdf) Create(ctx context.Context, unsecured, config []byte, by did.Signer) (string, error) {
	data, err := RDFHashData(unsecured, config, s.profile, hashOf(by.Public()))
	if err != nil {
		return "", err
	}
	return s.create(ctx, data, by)
}

// Verify implements Cryptosuite.
func (s rdf) Verify(_ context.Context, unsecured, config []byte, proofValue string, m Method) error {
	data, err := RDFHashData(unsecured, config, s.profile, hashOf(m.Key))
	if err != nil {
		return err
	}
	return s.verify(data, proofValue, m.Key)
}

// jcs is the suites that canonicalize JSON.
type jcs struct{ suite }

// RepeatsContext implements Contextual.
func (jcs) RepeatsContext() {}

// Create implements Cryptosuite.
func (s jcs) Create(ctx context.Context, unsecured, config []byte, by did.Signer) (string, error) {
	data, err := JCSHashData(unsecured, config, hashOf(by.Public()))
	if err != nil {
		return "", err
	}
	return s.create(ctx, data, by)
}

// Verify implements Cryptosuite.
func (s jcs) Verify(_ context.Context, unsecured, config []byte, proofValue string, m Method) error {
	data, err := JCSHashData(unsecured, config, hashOf(m.Key))
	if err != nil {
		return err
	}
	return s.verify(data, proofValue, m.Key)
}

// verifyCanonical is Verify of p, the one proof of document, which is in canonical form with it and
// is of members. Without a member it still is, so that nothing need be written down to hash it.
func (s jcs) verifyCanonical(document []byte, members []strictjson.Member, p *proof, m Method) error {
	h, err := hasher(hashOf(m.Key))
	if err != nil {
		return err
	}
	data := make([]byte, 0, 2*h.Size())
	whole := writeWithout(h, p.raw, p.members, "proofValue")
	data = h.Sum(data)
	h.Reset()
	if !writeWithout(h, document, members, "proof") || !whole {
		return reason.New(reason.InternalIndeterminate, "the members are not those of the document")
	}
	return s.verify(h.Sum(data), p.value, m.Key)
}
