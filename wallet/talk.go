// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Media types that are sent and understood.
const (
	formType    = "application/x-www-form-urlencoded"
	jsonType    = "application/json"
	jwtType     = "application/jwt"
	problemType = "application/problem+json"
)

// securing returns the securing format behind a format identifier of OpenID4VCI and OpenID4VP.
func securing(id string) string {
	if id == vp.FormatVCJWT {
		return "vc+jwt"
	}
	return id
}

func (c *collection) get(ctx context.Context, document string) ([]byte, error) {
	answer, err := c.w.cfg.Remote.Get(ctx, vci.WellKnown(c.offer.Issuer, document), safehttp.Want{
		MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer,
	})
	if err != nil {
		return nil, unreachable("the issuer", err)
	}
	return answer.Body, nil
}

func (c *collection) post(ctx context.Context, url, contentType string, body []byte) ([]byte, error) {
	answer, err := c.w.cfg.Remote.Post(ctx, url, contentType, body, safehttp.Want{
		MediaTypes: []string{jsonType}, MaxBytes: MaxAnswer, Header: c.bearer(),
	})
	if err != nil {
		return nil, refusedByIssuer(err)
	}
	return answer.Body, nil
}

// bearer returns the header with the access token, nil before there is one.
func (c *collection) bearer() map[string][]string {
	if c.token.AccessToken == "" {
		return nil
	}
	return map[string][]string{"Authorization": {"Bearer " + c.token.AccessToken}}
}

// refusedByIssuer turns an answer into words for the person.
func refusedByIssuer(err error) error {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return unreachable("the issuer", err)
	}
	switch e := vci.ParseError(refusal.Body); e.Code {
	case "invalid_grant":
		return invalidGrant(refusal.Body)
	case "invalid_request":
		return reason.Wrap(reason.GrantInvalid, "the issuer did not understand the request", err)
	case "":
		return reason.Wrap(reason.FetchLimit, fmt.Sprintf("the issuer answered with status %d; try again later", refusal.Status), err)
	default:
		return reason.Wrap(reason.GrantInvalid, "the issuer refused; ask it for a new offer", err)
	}
}

// invalidGrant tells apart what an issuer lets a wallet tell apart.
func invalidGrant(body []byte) error {
	var ours struct {
		Reason reason.Code `json:"reason"`
	}
	if err := strictjson.Unmarshal(body, &ours); err != nil {
		ours.Reason = ""
	}
	switch ours.Reason {
	case reason.GrantTxCode, reason.GrantTxCodeLocked:
		return reason.New(ours.Reason, "the transaction code was not accepted; after five wrong ones ask for a new offer")
	}
	return reason.New(reason.GrantInvalid, "the offer has expired, was collected before, or the transaction code is wrong; ask the issuer for a new one")
}

// unreachable turns a failed fetch into words that say what to do.
func unreachable(what string, err error) error {
	if errors.Is(err, safehttp.ErrUnreachable) {
		return reason.Wrap(reason.FetchLimit, what+" cannot be reached; check the connection and try again", err)
	}
	return err
}
