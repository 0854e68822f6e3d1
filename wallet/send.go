// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of what a gateway tells.
const (
	maxTold     = 64 << 10 // bytes of its answer
	maxToldText = 2048     // bytes of its sentence
	maxToldList = 64       // entries of a list
)

// Told is what the service's gateway said to the delegate. Its texts come from outside.
type Told struct {
	Outcome     string      `json:"outcome"` // as delegation.Outcome writes it; "" where the gateway does not tell
	Reason      reason.Code `json:"reason,omitempty"`
	Text        string      `json:"text,omitempty"`
	Evaluation  string      `json:"evaluation_id,omitempty"`
	Obligations []string    `json:"obligations,omitempty"`
	NarrowTo    []string    `json:"narrow_to,omitempty"`
}

// Permitted reports whether the gateway said that the access is allowed.
func (t Told) Permitted() bool {
	return t.Outcome == delegation.Permit.String() || t.Outcome == delegation.PermitWithObligations.String()
}

// check refuses an answer that no gateway would give, and takes a reason that we do not know away.
func (t *Told) check() error {
	outcomes := []string{
		"", delegation.Deny.String(), delegation.RequestPermission.String(), delegation.StepUp.String(),
		delegation.PermitWithObligations.String(), delegation.Permit.String(),
	}
	if !slices.Contains(outcomes, t.Outcome) || len(t.Text) > maxToldText || len(t.Evaluation) > maxToldText ||
		len(t.Obligations) > maxToldList || len(t.NarrowTo) > maxToldList {
		return reason.New(reason.FetchLimit, "the service took the presentation, and what it says about it cannot be read")
	}
	if _, known := reason.Lookup(t.Reason); !known {
		t.Reason = ""
	}
	return nil
}

// Send answers the request if the person agreed, and tells the service that it was declined if not
// (OpenID4VP 1.0 §8.2, §8.5). What leaves is what Consent lists, with a holder proof over the
// service's identifier and nonce. A presentation that the service refuses is an error with the
// service's reason; a decision against it is no error.
func (p *Prepared) Send(ctx context.Context, c Choice) (Told, error) {
	response := vp.Response{State: p.request.State, Error: "access_denied"}
	if c == Agree {
		token, err := p.token(ctx)
		if err != nil {
			return Told{}, err
		}
		response = vp.Response{State: p.request.State, Token: token}
	}
	form, err := response.Form()
	if err != nil {
		return Told{}, err
	}
	answer, err := p.w.post(ctx, p.request.ResponseURI, formType, []byte(form.Encode()), safehttp.Want{MaxBytes: maxTold})
	if err != nil {
		return Told{}, refusedByVerifier(err)
	}
	var reply struct {
		Told Told `json:"delegation_decision"`
	}
	if err := strictjson.Unmarshal(answer, &reply); err != nil {
		return Told{}, err
	}
	return reply.Told, reply.Told.check()
}

// token makes the vp_token: with a holder proof over audience and nonce on the leaf, or for a link
// of a workgroup on the membership, and none on all the rest.
func (p *Prepared) token(ctx context.Context) (map[string][]string, error) {
	binding := credential.Binding{Audience: p.request.ClientID, Nonce: p.request.Nonce, At: p.w.cfg.Now()}
	token := map[string][]string{}
	for _, a := range slices.Concat([]part{p.leaf}, p.parents, p.beside) {
		raw := a.shown.Raw
		if a.proved {
			presenter, err := p.w.presenter(a.format)
			if err != nil {
				return nil, err
			}
			if raw, err = presenter.Present(ctx, a.shown, binding, p.w.keyring.inUse); err != nil {
				return nil, err
			}
		}
		token[a.query] = append(token[a.query], string(raw))
	}
	return token, nil
}
