// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"net/url"
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
	maxToldCode = 32       // bytes of a confirmation code
)

// Told is what the service's gateway said to the delegate. Its texts come from outside.
type Told struct {
	Outcome     string      `json:"outcome"` // as delegation.Outcome writes it; "" where the gateway does not tell
	Reason      reason.Code `json:"reason,omitempty"`
	Text        string      `json:"text,omitempty"`
	Evaluation  string      `json:"evaluation_id,omitempty"`
	Obligations []string    `json:"obligations,omitempty"`
	NarrowTo    []string    `json:"narrow_to,omitempty"`

	// Confirmation is what the person enters on the device on which the request began, "" where nothing
	// has to be.
	Confirmation string `json:"confirmation_code,omitempty"`
	// RedirectURI is the https address to which the person goes on, in the browser where the request
	// began; "" where there is none. The wallet does not follow it.
	RedirectURI string `json:"redirect_uri,omitempty"`
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
		len(t.Obligations) > maxToldList || len(t.NarrowTo) > maxToldList || len(t.Confirmation) > maxToldCode || !goesOn(t.RedirectURI) {
		return reason.New(reason.FetchLimit, "the service took the presentation, and what it says about it cannot be read")
	}
	if _, known := reason.Lookup(t.Reason); !known {
		t.Reason = ""
	}
	return nil
}

// goesOn reports whether a person may be sent on to address: nowhere, or to an https one.
func goesOn(address string) bool {
	u, err := url.Parse(address)
	return address == "" || err == nil && len(address) <= maxToldText && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// Send answers the request if the person agreed, and tells the service that it was declined if not
// (OpenID4VP 1.0 §8.2, §8.5). What leaves is what Consent lists, with a holder proof over the
// service's identifier and nonce, encrypted where the service wants it so. A presentation that the service
// refuses is an error with the service's reason; a decision against it is no error. Where there are several
// for whom one could act, and the person has not said for whom, nothing leaves: query.unsatisfied; and neither does
// a one-time copy that another service was shown since Prepare (privacy.reuse), or that was removed (object.unknown).
func (p *Prepared) Send(ctx context.Context, c Choice) (Told, error) {
	response := vp.Response{State: p.request.State, Error: vp.ErrorAccessDenied}
	if c == Agree {
		if p.undecided {
			return Told{}, reason.New(reason.QueryUnsatisfied, "credentials for several people would do; say for whom you act")
		}
		token, err := p.token(ctx)
		if err != nil {
			return Told{}, err
		}
		response = vp.Response{State: p.request.State, Token: token}
	}
	form, err := response.FormFor(p.request.Request)
	if err != nil {
		return Told{}, err
	}
	if c == Agree {
		if err := p.mark(); err != nil {
			return Told{}, err
		}
	}
	answer, err := p.w.post(ctx, p.request.ResponseURI, formType, []byte(form.Encode()), safehttp.Want{MaxBytes: maxTold})
	if err != nil {
		return Told{}, refusedByVerifier(err)
	}
	var reply struct {
		vp.Result
		Told Told `json:"delegation_decision"`
	}
	if err := strictjson.Unmarshal(answer, &reply); err != nil {
		return Told{}, err
	}
	reply.Told.Confirmation, reply.Told.RedirectURI = reply.Result.Confirmation, reply.Result.RedirectURI
	return reply.Told, reply.Told.check()
}

// token makes the vp_token: with a holder proof over audience and nonce on the leaf, or for a link
// of a workgroup on the membership, and none on all the rest.
func (p *Prepared) token(ctx context.Context) (map[string][]string, error) {
	token := map[string][]string{}
	for _, a := range slices.Concat([]part{p.leaf}, p.parents, p.beside) {
		raw := a.shown.Raw
		if a.holder != "" {
			var err error
			if raw, err = p.proved(ctx, a); err != nil {
				return nil, err
			}
		}
		token[a.query] = append(token[a.query], string(raw))
	}
	return token, nil
}

// proved makes the holder proof of a part, over the transactions that name its query.
func (p *Prepared) proved(ctx context.Context, a part) ([]byte, error) {
	presenter, err := p.w.presenter(a.format)
	if err != nil {
		return nil, err
	}
	signer, err := p.w.signerOf(a.holder)
	if err != nil {
		return nil, err
	}
	binding := credential.Binding{Audience: p.request.ClientID, Nonce: p.request.Nonce, At: p.w.cfg.Now()}
	if binding.TransactionData, err = p.request.TransactionFor(a.query); err != nil {
		return nil, err
	}
	return presenter.Present(ctx, a.shown, binding, signer)
}
