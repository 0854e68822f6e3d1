// SPDX-License-Identifier: Apache-2.0

package ecdsasd_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	domain "github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestEngine signs, derives and verifies through the engine of Data Integrity.
func TestEngine(t *testing.T) {
	ctx, now := context.Background(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	k, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by, err := didkey.Signer(k)
	if err != nil {
		t.Fatal(err)
	}
	suite := ecdsasd.New(jsonld.Closed, rand.Reader).WithMandatory(limiting)
	options := dataintegrity.Options{Created: now, Expires: now.Add(time.Hour), Purpose: did.AssertionMethod}
	base, err := dataintegrity.Sign(ctx, []byte(credential), suite, options, by)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := ecdsasd.Derive(ctx, base, selective, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	suites, expect := dataintegrity.Suites{suite}, dataintegrity.Expect{Purpose: did.AssertionMethod}
	keys := domain.Keys{Resolver: didkey.New(), At: now}
	if _, err := suites.Verify(ctx, shown, expect, keys); err != nil {
		t.Error(err)
	}
	_, err = suites.Verify(ctx, base, expect, keys)
	want(t, err, reason.DIBaseProof)
	keys.At = now.Add(time.Hour)
	_, err = suites.Verify(ctx, shown, expect, keys)
	want(t, err, reason.DITime)
	ed, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by, err = didkey.Signer(ed); err != nil {
		t.Fatal(err)
	}
	_, err = dataintegrity.Sign(ctx, []byte(credential), suite, options, by)
	want(t, err, reason.DISuite)
}
