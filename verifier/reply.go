// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// reply is what the wallet reads. Wallets of others ignore the extension and see an empty result.
type reply struct {
	vp.Result
	Decision ToDelegate `json:"delegation_decision"`
}

// ToDelegate is a decision in the words for delegates (delegation.md §15).
type ToDelegate struct {
	Outcome     string      `json:"outcome"`
	Reason      reason.Code `json:"reason,omitempty"`
	Text        string      `json:"text"`
	Evaluation  string      `json:"evaluation_id"`
	Obligations []string    `json:"obligations,omitempty"`
	NarrowTo    []string    `json:"narrow_to,omitempty"`
}

func (d Decided) delegateReply() reply {
	v := delegation.DelegateView(d.Decision)
	return reply{Result: vp.Result{RedirectURI: d.codes.redirect, Confirmation: d.codes.confirmation}, Decision: ToDelegate{
		Outcome: v.Outcome.String(), Reason: v.Reason, Text: v.Text, Evaluation: d.Evaluation,
		Obligations: v.Obligations, NarrowTo: v.NarrowTo,
	}}
}
