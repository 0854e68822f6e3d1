// SPDX-License-Identifier: Apache-2.0

package aries_test

import (
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/key"
)

// TestJudgeReadsOneWay: a member whose name differs in case from the one that Aries acts on does not
// tell us another key, another proof or another header than it verified with.
func TestJudgeReadsOneWay(t *testing.T) {
	victim, mallory := newParty(t, key.EdDSA), newParty(t, key.EdDSA)
	r := mathrand.New(mathrand.NewPCG(5, 6))
	doc := drawn(r, victim.id())
	doc["issuer"] = victim.id()
	forged := theirLDP(t, marshal(t, doc), mallory, vc11.Suite2020, verifiable.SignatureProofValue)
	alias := func(proof map[string]any) { proof["VERIFICATIONMETHOD"] = victim.Method.String() }
	for name, change := range map[string]func(map[string]any){
		"a method in capitals, in a set": func(o map[string]any) {
			alias(o["proof"].(map[string]any))
			o["proof"] = []any{o["proof"]}
		},
		"a method in capitals, two proofs": func(o map[string]any) {
			alias(o["proof"].(map[string]any))
			o["proof"] = []any{o["proof"], o["proof"]}
		},
		"no proof, and one in capitals": func(o map[string]any) {
			alias(o["proof"].(map[string]any))
			o["pROOF"], o["proof"] = o["proof"], []any{}
		},
		"a proof in capitals alone": func(o map[string]any) {
			o["pROOF"] = map[string]any{"verificationMethod": victim.Method.String()}
			delete(o, "proof")
		},
		"a foreign proof, and one in small letters behind it": func(o map[string]any) {
			o["proof"] = []any{o["proof"]}
			o["proOf"] = []any{map[string]any{"verificationMethod": victim.Method.String()}}
		},
	} {
		o := tree(t, forged)
		change(o)
		got := aries.Judge(t.Context(), marshal(t, o), reader(), aries.NewVerifier(contexts()))
		if got.Verified {
			t.Errorf("%s: verified by %s as a credential of the victim", name, strings.Join(got.By, " and "))
		}
	}
}
