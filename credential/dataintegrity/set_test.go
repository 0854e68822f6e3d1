// SPDX-License-Identifier: Apache-2.0

package dataintegrity_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// add signs doc with one more proof, by by.
func (k *kit) add(t testing.TB, doc []byte, id string, by did.Signer, previous ...string) []byte {
	t.Helper()
	o := k.options()
	o.ID, o.Previous = id, previous
	signed, err := dataintegrity.Sign(context.Background(), doc, k.suite, o, by)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// proofs returns the proofs of signed, and of with a document with those of them.
func proofs(t testing.TB, signed []byte) (raw [][]byte, with func(order ...int) []byte) {
	t.Helper()
	unsecured, values, err := dataintegrity.Split(signed)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		raw = append(raw, v)
	}
	return raw, func(order ...int) []byte {
		var chosen [][]byte
		for _, i := range order {
			chosen = append(chosen, raw[i])
		}
		joined, err := dataintegrity.Join(unsecured, chosen...)
		if err != nil {
			t.Fatal(err)
		}
		return joined
	}
}

func TestProofSets(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		two := k.add(t, k.add(t, document(), "", k.Issuer), "", k.Attacker)
		raw, with := proofs(t, two)
		k.want.Controller = ""
		k.refused(t, "both verify", two, "")
		k.refused(t, "in the other order", with(1, 0), "")
		k.refused(t, "one alone", with(1), "")
		broken := bytes.Replace(raw[1], []byte("2026-11-22T09"), []byte("2026-11-22T08"), 1)
		unsecured, _, _ := dataintegrity.Split(two)
		for i, set := range [][][]byte{{raw[0], broken}, {broken, raw[0]}} {
			joined, err := dataintegrity.Join(unsecured, set...)
			if err != nil {
				t.Fatal(err)
			}
			_, err = k.verify(joined)
			refusedAs(t, "one is broken", err, reason.DIProofSet)
			if want := fmt.Sprintf("proof %d of 2", 2-i); !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not name %s", err, want)
			}
			cause := errors.Unwrap(err)
			if reason.Of(cause) != reason.CredentialSignatureInvalid {
				t.Errorf("the cause is %v", cause)
			}
		}
		k.want.Controller = k.Issuer.Method.DID().String()
		k.refused(t, "one is another's", two, reason.DIProofSet)
		k.refused(t, "the other's first", with(1, 0), reason.DIProofSet)
	})
}

func TestSetsAreBounded(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	raw, _ := proofs(t, k.signed)
	set := func(n int) []byte {
		list := "[" + strings.TrimSuffix(strings.Repeat(string(raw[0])+",", n), ",") + "]"
		return bytes.Replace(k.signed, raw[0], []byte(list), 1)
	}
	k.refused(t, "at the bound", set(dataintegrity.MaxProofs), "")
	k.refused(t, "beyond the bound", set(dataintegrity.MaxProofs+1), reason.DIProofSet)
	k.refused(t, "at the bound of counting", set(dataintegrity.MaxSet), reason.DIProofSet)
	k.refused(t, "beyond the bound of counting", set(dataintegrity.MaxSet+1), reason.LimitMembers)
	k.refused(t, "a thousand", set(1000), reason.LimitMembers)
	_, err := dataintegrity.Sign(context.Background(), set(dataintegrity.MaxProofs), k.suite, k.options(), k.Issuer)
	refusedAs(t, "one more", err, reason.DIProofSet)
	unsecured, _, _ := dataintegrity.Split(k.signed)
	_, err = dataintegrity.Join(unsecured, slices.Repeat(raw, dataintegrity.MaxProofs+1)...)
	refusedAs(t, "join too many", err, reason.DIProofSet)
	_, err = dataintegrity.Join(k.signed, raw[0])
	refusedAs(t, "join to a proof", err, reason.DIProofSet)
	_, err = dataintegrity.Join(unsecured)
	refusedAs(t, "join nothing", err, reason.DIProofSet)
}

// TestProofChains removes, changes and turns around what a later proof was made over.
func TestProofChains(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		chain := k.add(t, k.add(t, k.add(t, document(), "urn:x:1", k.Issuer), "urn:x:2", k.Issuer), "urn:x:3", k.Issuer, "urn:x:1", "urn:x:2")
		raw, with := proofs(t, chain)
		k.refused(t, "the chain", chain, "")
		k.refused(t, "in another order", with(2, 1, 0), "")
		k.refused(t, "without the last", with(0, 1), "")
		k.refused(t, "without one", with(0, 2), reason.DIChain)
		k.refused(t, "without all", with(2), reason.DIChain)
		k.refused(t, "one twice", with(0, 0, 1, 2), reason.DIChain)
		unsecured, _, _ := dataintegrity.Split(chain)
		other := k.add(t, document(), "urn:x:2", k.Issuer)
		others, _ := proofs(t, k.replaceIn(t, other, `"created"`, `"nonce":"n","created"`))
		joined, err := dataintegrity.Join(unsecured, raw[0], others[0], raw[2])
		if err != nil {
			t.Fatal(err)
		}
		k.refused(t, "another in the place of one", joined, reason.DIProofSet)
	})
}

func (k *kit) replaceIn(t testing.TB, signed []byte, old, new string) []byte {
	t.Helper()
	out := bytes.Replace(signed, []byte(old), []byte(new), 1)
	if bytes.Equal(out, signed) {
		t.Fatalf("there is no %s", old)
	}
	return out
}

func TestCycles(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	raw, _ := proofs(t, k.signed)
	proof := func(id string, previous ...string) []byte {
		list, err := strictjson.Marshal(previous)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Replace(raw[0], []byte(`{`), []byte(`{"id":"`+id+`","previousProof":`+string(list)+`,`), 1)
	}
	unsecured, _, _ := dataintegrity.Split(k.signed)
	for what, set := range map[string][][]byte{
		"itself":     {proof("urn:x:1", "urn:x:1")},
		"two":        {proof("urn:x:1", "urn:x:2"), proof("urn:x:2", "urn:x:1")},
		"three":      {proof("urn:x:1", "urn:x:2"), proof("urn:x:2", "urn:x:3"), proof("urn:x:3", "urn:x:1")},
		"beside one": {raw[0], proof("urn:x:1", "urn:x:2"), proof("urn:x:2", "urn:x:1")},
	} {
		joined, err := dataintegrity.Join(unsecured, set...)
		if err != nil {
			t.Fatal(err)
		}
		k.refused(t, what, joined, reason.DIChain)
	}
}

func TestSignRefuses(t *testing.T) {
	k := newKit(t, dataintegrity.EdDSAJCS, key.EdDSA)
	purpose := did.AssertionMethod
	for what, c := range map[string]struct {
		doc  string
		o    dataintegrity.Options
		code reason.Code
	}{
		"no purpose":      {`{}`, dataintegrity.Options{}, reason.DIPurpose},
		"no URL":          {`{}`, dataintegrity.Options{Purpose: purpose, ID: "x"}, reason.DIProofOptions},
		"empty domain":    {`{}`, dataintegrity.Options{Purpose: purpose, Domain: []string{""}}, reason.DIProofOptions},
		"domain twice":    {`{}`, dataintegrity.Options{Purpose: purpose, Domain: []string{"a", "a"}}, reason.DIProofOptions},
		"long challenge":  {`{}`, dataintegrity.Options{Purpose: purpose, Challenge: strings.Repeat("x", 4096)}, reason.DIProofOptions},
		"absent previous": {`{}`, dataintegrity.Options{Purpose: purpose, Previous: []string{"urn:x:y"}}, reason.DIChain},
		"no object":       {`[]`, dataintegrity.Options{Purpose: purpose}, reason.JSONType},
		"no JSON":         {`{`, dataintegrity.Options{Purpose: purpose}, reason.JSONSyntax},
		"malformed proof": {`{"proof":{"x":1}}`, dataintegrity.Options{Purpose: purpose}, reason.DIProofOptions},
		"null proof":      {`{"proof":null}`, dataintegrity.Options{Purpose: purpose}, reason.DIProofMissing},
	} {
		_, err := dataintegrity.Sign(context.Background(), []byte(c.doc), k.suite, c.o, k.Issuer)
		refusedAs(t, what, err, c.code)
	}
	first := k.add(t, document(), "urn:x:1", k.Issuer)
	_, err := dataintegrity.Sign(context.Background(), first, k.suite, dataintegrity.Options{Purpose: purpose, ID: "urn:x:1"}, k.Issuer)
	refusedAs(t, "one id twice", err, reason.DIChain)
	_, err = dataintegrity.Sign(context.Background(), first, nil, k.options(), k.Issuer)
	refusedAs(t, "no suite", err, reason.DISuite)
	_, err = dataintegrity.Sign(context.Background(), first, k.suite, k.options(), did.Signer{})
	refusedAs(t, "no signer", err, reason.DISuite)
}
