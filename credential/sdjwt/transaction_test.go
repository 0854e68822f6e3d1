// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// attackTransaction has VP-17: what the holder agreed to is neither less nor more than what was asked.
func attackTransaction(t *testing.T) {
	const one, two = "eyJ0eXBlIjoiYSJ9", "eyJ0eXBlIjoiYiJ9"
	asked := func(hashes any, alg any) func(*forge) {
		return func(g *forge) {
			g.w.Binding.TransactionData = []string{one, two}
			if hashes != nil {
				g.kb["transaction_data_hashes"] = hashes
			}
			if alg != nil {
				g.kb["transaction_data_hashes_alg"] = alg
			}
		}
	}
	both := []string{hashOf(one), hashOf(two)}
	run(t,
		attack{"both", asked(both, nil), ""}, attack{"both, sha-256", asked(both, "sha-256"), ""},
		attack{"other order", asked([]string{both[1], both[0]}, nil), ""},
		attack{"none", asked(nil, nil), reason.KBTransactionData}, attack{"empty", asked([]string{}, nil), reason.KBTransactionData},
		attack{"one missing", asked(both[:1], nil), reason.KBTransactionData},
		attack{"one twice", asked([]string{both[0], both[0]}, nil), reason.KBTransactionData},
		attack{"another", asked([]string{both[0], hashOf("x")}, nil), reason.KBTransactionData},
		attack{"one more", asked(append(both, hashOf("x")), nil), reason.KBTransactionData},
		attack{"wrong alg", asked(both, "sha-512"), reason.KBTransactionData}, attack{"alg a number", asked(both, 256), reason.KBTransactionData},
		attack{"a string", asked(both[0], nil), reason.KBTransactionData}, attack{"numbers", asked([]int{1, 2}, nil), reason.KBTransactionData},
		attack{"hash of the decoded text", asked([]string{hashOf(`{"type":"a"}`), both[1]}, nil), reason.KBTransactionData},
		attack{"unrequested", set("kb", "transaction_data_hashes", both), reason.KBTransactionData},
		attack{"unrequested, empty", set("kb", "transaction_data_hashes", []string{}), reason.KBTransactionData},
		attack{"alg alone", set("kb", "transaction_data_hashes_alg", "sha-256"), reason.KBTransactionData},
		attack{"too many asked", func(g *forge) {
			g.w.Binding.TransactionData = strings.Split(strings.Repeat("a ", credential.MaxTransactions)+"a", " ")
		}, reason.KBTransactionData})
}

// TestTransaction shows that what Present makes is what OpenPresentation takes, and nothing else.
func TestTransaction(t *testing.T) {
	w := fixture.New(t, key.ES256)
	f := newFormat(t, w)
	raw := seal(t, f, w, fixture.Token(w.Delegation(t)))
	b := w.Binding
	b.TransactionData = []string{"eyJ0eXBlIjoiYSJ9", "eyJ0eXBlIjoiYiJ9"}
	shown, err := f.Present(context.Background(), credential.Selection{Raw: raw}, b, w.Holder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := credential.OpenPresentation(context.Background(), f, shown, b, w.Keys); err != nil {
		t.Error(err)
	}
	if _, err := credential.OpenPresentation(context.Background(), f, shown, w.Binding, w.Keys); reason.Of(err) != reason.KBTransactionData {
		t.Error("hashes that nobody asked for: ", err)
	}
	b.TransactionData = make([]string, credential.MaxTransactions+1)
	if _, err := f.Present(context.Background(), credential.Selection{Raw: raw}, b, w.Holder); reason.Of(err) != reason.KBTransactionData {
		t.Error("too many: ", err)
	}
}
