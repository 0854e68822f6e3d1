// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Office is the surgery's operator, who talks to the issuer's admin API.
type Office struct {
	http   *safehttp.Client
	origin string
	token  string
}

// Service is a relying service of the surgery, which asks the gateway.
type Service struct {
	http   *safehttp.Client
	origin string
	token  string
}

// Office returns the surgery's operator.
func (w *World) Office() (*Office, error) {
	c, err := w.Client()
	return &Office{c, w.Issuer, w.IssuerToken}, err
}

// Service returns a relying service.
func (w *World) Service() (*Service, error) {
	c, err := w.Client()
	return &Service{c, w.Gateway, w.GatewayToken}, err
}

// Offer is a grant that waits to be collected.
type Offer struct {
	ID    string `json:"id"`
	Offer struct {
		URI    string `json:"uri"`
		TxCode string `json:"tx_code"`
	} `json:"offer"`
}

// Grant posts a grant and returns the offer.
func (o *Office) Grant(ctx context.Context, grant []byte) (Offer, error) {
	var out Offer
	err := post(ctx, o.http, o.origin+"/admin/v1/delegations", o.token, grant, &out)
	return out, err
}

// Revoke takes a delegation back for good. When it returns nil, the revocation is durable.
func (o *Office) Revoke(ctx context.Context, id string) error {
	var out struct{}
	return post(ctx, o.http, o.origin+"/admin/v1/delegations/"+id+"/revoke", o.token, []byte(`{"reason":"withdrawn-by-principal"}`), &out)
}

// Asked is a request that waits for a wallet.
type Asked struct {
	ID       string `json:"id"`
	DeepLink string `json:"deeplink"`
}

// Decision is what the gateway tells the service.
type Decision struct {
	Outcome     string      `json:"outcome"`
	Reason      reason.Code `json:"reason"`
	Obligations []string    `json:"obligations"`
	NarrowTo    []string    `json:"narrowTo"`
	Evaluation  string      `json:"evaluation_id"`
}

// Progress is how far a request has come.
type Progress struct {
	State    string    `json:"state"`
	Decision *Decision `json:"decision"`
	Handle   string    `json:"handle"`
}

// Ask asks the gateway for a request about one access of the sandbox's principal.
func (s *Service) Ask(ctx context.Context, resource, action string) (Asked, error) {
	body, err := strictjson.Marshal(map[string]any{
		"principal": PrincipalURN, "resource": resource, "action": action, "purpose": Purpose, "controller": Controller,
		"jurisdiction": Jurisdiction, "assurance": "high",
	})
	if err != nil {
		return Asked{}, err
	}
	var out Asked
	err = post(ctx, s.http, s.origin+"/v1/requests", s.token, body, &out)
	return out, err
}

// Result reads how far request id has come.
func (s *Service) Result(ctx context.Context, id string) (Progress, error) {
	var out Progress
	answer, err := s.http.Get(ctx, s.origin+"/v1/requests/"+id, safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Header: bearer(s.token),
	})
	if err != nil {
		return out, told(err)
	}
	err = strictjson.Unmarshal(answer.Body, &out)
	return out, err
}

func bearer(token string) map[string][]string {
	return map[string][]string{"Authorization": {"Bearer " + token}}
}

// post sends a JSON body under a key of its own and reads the JSON answer.
func post(ctx context.Context, c *safehttp.Client, url, token string, body []byte, into any) error {
	header := bearer(token)
	header["Idempotency-Key"] = []string{rand.Text()}
	answer, err := c.Post(ctx, url, "application/json", body, safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 1 << 20, Statuses: []int{200, 201}, Header: header,
	})
	if err != nil {
		return told(err)
	}
	return strictjson.Unmarshal(answer.Body, into)
}

// told turns an answer that refuses into the refusal.
func told(err error) error {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return err
	}
	var problem struct {
		Reason reason.Code `json:"reason"`
	}
	if strictjson.Unmarshal(refusal.Body, &problem) == nil && problem.Reason != "" {
		return reason.Wrap(problem.Reason, "", err)
	}
	return fmt.Errorf("world: the server answered with status %d: %w", refusal.Status, err)
}
