// SPDX-License-Identifier: Apache-2.0

package dataintegrity_test

import (
	"context"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// foreign is a suite for keys that package key does not know. It reads the key out of the method.
type foreign struct{ seen []dataintegrity.Method }

func (*foreign) Name() string { return "foreign-2026" }

func (*foreign) Fits(m dataintegrity.Method) bool { return m.Key.IsZero() }

func (*foreign) Create(context.Context, []byte, []byte, did.Signer) (string, error) { return "u", nil }

func (f *foreign) Verify(_ context.Context, _, _ []byte, _ string, m dataintegrity.Method) error {
	f.seen = append(f.seen, m)
	return nil
}

// TestMethodsOfOtherKinds: of a did:key alone may the key be of another kind, as its document could
// say no more than its name.
func TestMethodsOfOtherKinds(t *testing.T) {
	bls, err := multiformat.Encode(multiformat.Base58BTC, append([]byte{0xeb, 0x01}, make([]byte, 96)...))
	if err != nil {
		t.Fatal(err)
	}
	suite := new(foreign)
	k := kitIn(t, fixture.New(t, key.EdDSA), dataintegrity.EdDSAJCS)
	verify := func(ss dataintegrity.Suites, name, method string) error {
		k.want.Controller = ""
		raw := k.proof(t, func(p map[string]any) {
			p["cryptosuite"], p["verificationMethod"] = name, method
			if name == suite.Name() {
				delete(p, "@context")
			}
		})
		_, err := ss.Verify(context.Background(), raw, k.want, k.Keys)
		return err
	}
	own := "did:key:" + bls + "#" + bls
	refusedAs(t, "its own", verify(dataintegrity.Suites{suite}, suite.Name(), own), "")
	if len(suite.seen) != 1 || suite.seen[0].URL.String() != own || !suite.seen[0].Key.IsZero() {
		t.Errorf("the suite saw %v", suite.seen)
	}
	refusedAs(t, "another fragment", verify(dataintegrity.Suites{suite}, suite.Name(), "did:key:"+bls+"#other"), reason.DIDKeyInvalid)
	refusedAs(t, "with a version", verify(dataintegrity.Suites{suite}, suite.Name(), "did:key:1:"+bls+"#1:"+bls), reason.DIDKeyInvalid)
	refusedAs(t, "a suite that knows no such key", verify(dataintegrity.Suites{k.suite}, k.suite.Name(), own), reason.DISuite)
	refusedAs(t, "no key", verify(dataintegrity.Suites{suite}, suite.Name(), "did:key:zx0l#zx0l"), reason.DIDKeyInvalid)
	short, err := multiformat.Encode(multiformat.Base58BTC, append([]byte{0xed, 0x01}, make([]byte, 31)...))
	if err != nil {
		t.Fatal(err)
	}
	refusedAs(t, "a bad key of a kind in use", verify(dataintegrity.Suites{suite}, suite.Name(), "did:key:"+short+"#"+short), reason.DIDKeyInvalid)
	refusedAs(t, "a key in use", verify(dataintegrity.Suites{suite}, suite.Name(), k.Issuer.Method.String()), reason.DISuite)
	refusedAs(t, "nothing accepted", verify(dataintegrity.Suites{nil}, suite.Name(), own), reason.DISuite)
	k.want.Purpose = did.CapabilityInvocation
	raw := k.proof(t, func(p map[string]any) {
		p["cryptosuite"], p["verificationMethod"], p["proofPurpose"] = suite.Name(), own, "capabilityInvocation"
		delete(p, "@context")
	})
	_, err = dataintegrity.Suites{suite}.Verify(context.Background(), raw, k.want, k.Keys)
	refusedAs(t, "another purpose", err, reason.KeyPurposeMismatch)
}
