// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/cbor"
	"github.com/behalf-id/behalf/internal/jsonld"
)

// BenchmarkRawSignES256 is one bare signature of the library over one statement. A base proof
// needs one for each statement that is not mandatory and one more (performance.md).
func BenchmarkRawSignES256(b *testing.B) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 150)
	for b.Loop() {
		sum := sha256.Sum256(message)
		if _, err := ecdsa.SignASN1(rand.Reader, k, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIssueECDSASD makes a base proof of a delegation. The figure statements is the number of
// signatures in it but for the base signature.
func BenchmarkIssueECDSASD(b *testing.B) {
	i := newIssuer(b, limiting)
	suite, ctx := ecdsasd.New(jsonld.Closed, rand.Reader).WithMandatory(limiting), context.Background()
	r := cbor.NewReader(value(b, i.base(credential))[3:])
	r.Array(5)
	r.Bytes()
	r.Bytes()
	r.Bytes()
	statements := r.Array(ecdsasd.MaxStatements)
	for b.Loop() {
		if _, err := suite.Create(ctx, []byte(credential), []byte(config), did.Signer{Signer: i.key}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(statements), "statements")
}

// BenchmarkDerive is what a wallet does for one presentation.
func BenchmarkDerive(b *testing.B) {
	i := newIssuer(b, limiting)
	base := i.base(credential)
	for b.Loop() {
		i.derive(base, selective...)
	}
}

// BenchmarkVerify is what a gateway does with it.
func BenchmarkVerify(b *testing.B) {
	i := newIssuer(b, limiting)
	unsecured, proofs, err := dataintegrity.Split(i.derive(i.base(credential), selective...))
	if err != nil {
		b.Fatal(err)
	}
	config, value, err := dataintegrity.SplitProof(proofs[0])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := i.suite.Verify(context.Background(), unsecured, config, value, dataintegrity.Method{Key: i.key.Public()}); err != nil {
			b.Fatal(err)
		}
	}
}
