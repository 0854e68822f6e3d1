// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"context"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// TestNoTransaction has no place for transaction data (VP-17): neither made nor taken.
func TestNoTransaction(t *testing.T) {
	g := newForge(t)
	asked := g.w.Binding
	asked.TransactionData = []string{"eyJ0eXBlIjoiYSJ9"}
	if _, err := g.f.Present(context.Background(), credential.Selection{Raw: []byte(g.credential())}, asked, g.w.Holder); reason.Of(err) != reason.KBTransactionData {
		t.Error("a proof is made without what was agreed to: ", err)
	}
	if _, err := credential.OpenPresentation(context.Background(), g.f, g.raw(), asked, g.w.Keys); reason.Of(err) != reason.KBTransactionData {
		t.Error("a proof is taken without what was agreed to: ", err)
	}
}
