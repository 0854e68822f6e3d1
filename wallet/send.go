// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Fact is one thing that would leave the wallet.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Chain bool   `json:"chain,omitempty"` // of a link above the holder's own
}

// facts lists everything of c that p would show: what is always in the clear, then what is
// disclosed, then the links above.
func (p *Prepared) facts(c *credential.Credential) []Fact {
	out := []Fact{
		{Name: "you", Value: c.Delegate.ID},
		{Name: "acting for", Value: c.OnBehalfOf.ID},
		{Name: "relationship", Value: c.Relationship},
		{Name: "legal basis", Value: c.LegalBasis},
		{Name: "granted by", Value: c.GrantedBy},
		{Name: "issuer", Value: c.Issuer},
		{Name: "valid", Value: c.ValidFrom.Format(time.DateOnly) + " to " + c.ValidUntil.Format(time.DateOnly)},
		{Name: "for", Value: strings.Join(c.Purposes, ", ")},
		{Name: "at", Value: strings.Join(c.Controllers, ", ")},
		{Name: "in", Value: strings.Join(c.Jurisdiction, ", ")},
		{Name: "may be passed on", Value: strconv.Itoa(c.Redelegation.MaxDepth) + " times"},
	}
	for _, prohibition := range c.Prohibitions {
		out = append(out, Fact{Name: "not allowed", Value: prohibition.Resource + ": " + strings.Join(prohibition.Actions, ", ")})
	}
	for _, perm := range c.Permissions {
		for _, id := range p.leaf.Permissions {
			if id == perm.ID {
				out = append(out, Fact{Name: "permission", Value: perm.Resource + ": " + strings.Join(perm.Actions, ", ")})
			}
		}
	}
	for _, claim := range p.leaf.Claims {
		out = append(out, Fact{Name: string(claim), Value: claimValue(c, claim)})
	}
	for _, a := range p.parents {
		out = append(out, Fact{Name: "link above", Value: strconv.Itoa(len(a.sel.Permissions)) + " permission(s)", Chain: true})
	}
	return out
}

func claimValue(c *credential.Credential, claim credential.Claim) string {
	switch {
	case claim == credential.ClaimAssurance && c.Assurance != nil:
		return "how surely you were identified (" + c.Assurance.Delegate + ")"
	case claim == credential.ClaimIdentifier && c.OnBehalfOf.Identifier != nil:
		return c.OnBehalfOf.Identifier.Value
	}
	return "shown"
}

// Told is what the service's gateway said to the delegate.
type Told struct {
	Outcome     string      `json:"outcome"` // "" where the gateway does not tell
	Reason      reason.Code `json:"reason,omitempty"`
	Text        string      `json:"text,omitempty"`
	Evaluation  string      `json:"evaluation_id,omitempty"`
	Obligations []string    `json:"obligations,omitempty"`
	NarrowTo    []string    `json:"narrow_to,omitempty"`
}

// Send answers the request if the person agreed, and tells the service that it was declined if not.
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
	answer, err := p.w.cfg.Remote.Post(ctx, p.request.ResponseURI, formType, []byte(form.Encode()), safehttp.Want{
		MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer,
	})
	if err != nil {
		return Told{}, refusedByVerifier(err)
	}
	var reply struct {
		Told Told `json:"delegation_decision"`
	}
	return reply.Told, strictjson.Unmarshal(answer.Body, &reply)
}

// token makes the vp_token: the leaf with a holder proof over audience and nonce, the links
// above without.
func (p *Prepared) token(ctx context.Context) (map[string][]string, error) {
	format := p.w.cfg.Formats.Named(p.Consent.Credential.Format)
	presenter, ok := format.(credential.Presenter)
	if !ok {
		return nil, reason.New(reason.KBMissing, "this format cannot be presented")
	}
	binding := credential.Binding{Audience: p.request.ClientID, Nonce: p.request.Nonce, At: p.w.cfg.Now()}
	leaf, err := presenter.Present(ctx, p.leaf, binding, p.w.signer)
	if err != nil {
		return nil, err
	}
	token := map[string][]string{p.leafID: {string(leaf)}}
	for _, a := range p.parents {
		above, ok := a.format.(credential.Presenter)
		if !ok {
			return nil, reason.New(reason.KBMissing, "this format cannot be presented")
		}
		raw, err := above.Disclose(a.sel)
		if err != nil {
			return nil, err
		}
		token[a.query] = append(token[a.query], string(raw))
	}
	return token, nil
}

// refusedByVerifier turns an answer into words for the person.
func refusedByVerifier(err error) error {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return unreachable("the service", err)
	}
	var problem struct {
		Reason reason.Code `json:"reason"`
		Title  string      `json:"title"`
	}
	if strictjson.Unmarshal(refusal.Body, &problem) != nil {
		problem.Reason = ""
	}
	switch {
	case problem.Reason != "":
		return reason.New(problem.Reason, "the service refused the presentation")
	case refusal.Status == 404:
		return reason.New(reason.RequestConsumed, "the request was opened before or has expired; ask the service for a new one")
	case refusal.Status >= 500:
		return reason.Wrap(reason.FetchLimit, "the service cannot decide now; try again later", err)
	}
	return reason.Wrap(reason.PresentationHolderBindingFailed, "the service refused the presentation", err)
}
