// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// parties resolves the documents of signers, each with its one key for assertions and one for nothing.
type parties map[did.DID]*did.Document

func (p parties) Resolve(_ context.Context, id did.DID) (*did.Document, error) {
	if doc := p[id]; doc != nil {
		return doc, nil
	}
	return nil, reason.New(reason.DIDSyntax, "nobody")
}

func resolves(signers ...did.Signer) parties {
	p := parties{}
	for _, s := range signers {
		id := s.Method.DID()
		p[id] = &did.Document{
			ID: id, Methods: []did.Method{{ID: s.Method, Key: s.Public()}},
			Purposes: map[did.Relationship][]string{did.AssertionMethod: {"k1"}},
		}
	}
	return p
}

func suite(t *testing.T, name string) dataintegrity.Cryptosuite {
	t.Helper()
	s, err := dataintegrity.Suite(name, jsonld.Closed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var proofTime = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func provedList() List {
	data := make([]byte, MinEntries/8)
	data[100] = 3
	return List{ID: listURL, Issued: proofTime, NotBefore: proofTime, Expires: proofTime.Add(time.Hour), TTL: 300 * time.Second, Purposes: []string{Revocation}, Bits: Pack(data)}
}

// TestProved makes and opens a list with every suite that signs whole documents.
func TestProved(t *testing.T) {
	ctx := context.Background()
	for name, alg := range map[string]key.Algorithm{
		dataintegrity.EdDSARDFC: key.EdDSA, dataintegrity.EdDSAJCS: key.EdDSA, dataintegrity.ECDSARDFC: key.ES256, dataintegrity.ECDSAJCS: key.ES256,
	} {
		k, err := key.Generate(alg, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		method, err := did.ParseURL(issuerDID + "#k1")
		if err != nil {
			t.Fatal(err)
		}
		by, s, l := did.Signer{Signer: k, Method: method}, suite(t, name), provedList()
		raw, err := Prove(ctx, l, s, by)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		keys := credential.Keys{Resolver: resolves(by), At: proofTime}
		back, err := OpenProved(ctx, raw, dataintegrity.Suites{s}, method.DID(), listURL, keys)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(l, back, cmp.Comparer(func(a, b Bits) bool { return bytes.Equal(a.Bytes(), b.Bytes()) })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestProvedRefused changes one thing at a time.
func TestProvedRefused(t *testing.T) {
	ctx := context.Background()
	by, other := newSigner(t, issuerDID), newSigner(t, "did:web:other.test")
	s := suite(t, dataintegrity.EdDSAJCS)
	raw, err := Prove(ctx, provedList(), s, by)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := Prove(ctx, provedList(), s, other)
	if err != nil {
		t.Fatal(err)
	}
	short := provedList()
	short.Bits = Pack(make([]byte, MinEntries/8-1))
	shortRaw, err := Prove(ctx, short, s, by)
	if err != nil {
		t.Fatal(err)
	}
	bare, _, err := dataintegrity.Split(raw)
	if err != nil {
		t.Fatal(err)
	}
	ss, keys := dataintegrity.Suites{s}, credential.Keys{Resolver: resolves(by, other), At: proofTime}
	open := func(raw []byte, ss dataintegrity.Suites, url string, keys credential.Keys) error {
		_, err := OpenProved(ctx, raw, ss, by.Method.DID(), url, keys)
		return err
	}
	want(t, open(raw, ss, listURL, keys), "")
	want(t, open(raw, nil, listURL, keys), reason.StatusSignature)
	want(t, open(raw, ss, listURL+"x", keys), reason.StatusSubject)
	want(t, open(raw, ss, listURL, credential.Keys{Resolver: resolves(other), At: proofTime}), reason.StatusSignature)
	want(t, open(raw, ss, listURL, credential.Keys{Resolver: keys.Resolver, At: proofTime.Add(-time.Hour)}), reason.StatusSignature)
	want(t, open(foreign, ss, listURL, keys), reason.StatusIssuer)
	want(t, open(shortRaw, ss, listURL, keys), reason.StatusLength)
	want(t, open(bare, ss, listURL, keys), reason.StatusSignature)
	want(t, open(bytes.Replace(raw, []byte(`"ttl":300000`), []byte(`"ttl":300001`), 1), ss, listURL, keys), reason.StatusSignature)
	want(t, open(bytes.Repeat([]byte(" "), MaxProved+1), ss, listURL, keys), reason.StatusTooLarge)
	want(t, open([]byte("{"), ss, listURL, keys), reason.StatusSignature)
	// A credential of one issuer with the proof of another.
	lied := []byte(strings.Replace(string(bare), `"issuer":"`+issuerDID+`"`, `"issuer":"did:web:other.test"`, 1))
	lied, err = dataintegrity.Sign(ctx, lied, s, dataintegrity.Options{Created: proofTime, Purpose: did.AssertionMethod}, by)
	if err != nil {
		t.Fatal(err)
	}
	want(t, open(lied, ss, listURL, keys), reason.StatusIssuer)
}

// TestProvedTimes: a list is as old as the oldest of its proofs and lives no longer than any.
func TestProvedTimes(t *testing.T) {
	ctx := context.Background()
	by, s := newSigner(t, issuerDID), suite(t, dataintegrity.EdDSAJCS)
	l := provedList()
	l.Issued, l.Expires = proofTime.Add(-24*time.Hour), time.Time{}
	w, err := Prove(ctx, l, s, by)
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := dataintegrity.Split(w)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []dataintegrity.Options{
		{Created: proofTime.Add(-time.Minute), Expires: proofTime.Add(2 * time.Hour), Purpose: did.AssertionMethod},
		{Created: proofTime.Add(-2 * time.Minute), Expires: proofTime.Add(time.Hour), Purpose: did.AssertionMethod},
	} {
		if raw, err = dataintegrity.Sign(ctx, raw, s, o, by); err != nil {
			t.Fatal(err)
		}
	}
	got, err := OpenProved(ctx, raw, dataintegrity.Suites{s}, by.Method.DID(), listURL, credential.Keys{Resolver: resolves(by), At: proofTime})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Issued.Equal(proofTime.Add(-2*time.Minute)) || !got.NotBefore.Equal(l.Issued) || !got.Expires.Equal(proofTime.Add(time.Hour)) {
		t.Errorf("issued %v, not before %v, until %v", got.Issued, got.NotBefore, got.Expires)
	}
}
