// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
)

// Bounds of one question to a controller's service.
const (
	RestrictionsTimeout   = 2 * time.Second // for the whole answer; a part of DecideTimeout
	MaxRestrictionsAnswer = 1 << 20         // bytes of it
)

// Poster sends a body and returns the answer; *safehttp.Client is the one there is.
type Poster interface {
	Post(ctx context.Context, url, contentType string, body []byte, want safehttp.Want) (safehttp.Response, error)
}

// HTTPRestrictionsConfig says where a controller's service is. Every member is required.
type HTTPRestrictionsConfig struct {
	URL    string       // https, without anything about a person in it
	Token  web.Secret   // the bearer token that the service knows this gateway by
	Client Poster       // reaches URL
	Logger *slog.Logger // why the service could not be asked: codes, never a person
}

// HTTPRestrictions asks a controller's service what is in force, anew at each decision:
//
//	POST URL
//	Authorization: Bearer …
//	Content-Type: application/json
//
//	{"principal": "…"}
//
// and reads the answer, 200 with application/json:
//
//	{"restrictions": [{"principal": "…", "delegate": "…", "resource": "…", "kind": "…"}]}
//
// delegate and resource may be left out. The principal is in the body, as addresses end up in logs.
// An answer that did not come in time, is not of this form to the last member, lists a person who
// was not asked about, or was kept by a cache on the way is an error. Nothing is ever kept here.
type HTTPRestrictions struct{ cfg HTTPRestrictionsConfig }

// NewHTTPRestrictions checks cfg. A part that is missing is an error.
func NewHTTPRestrictions(cfg HTTPRestrictionsConfig) (*HTTPRestrictions, error) {
	if cfg.URL == "" || cfg.Token.Reveal() == "" || cfg.Client == nil || cfg.Logger == nil {
		return nil, errors.New("verifier: URL, Token, Client or Logger of the restrictions is missing")
	}
	return &HTTPRestrictions{cfg}, nil
}

// InForce implements Restrictions.
func (h *HTTPRestrictions) InForce(ctx context.Context, principal string) ([]delegation.Restriction, error) {
	if h == nil || h.cfg.Client == nil {
		return nil, errors.New("a source of restrictions that New did not make")
	}
	ctx, cancel := context.WithTimeout(ctx, RestrictionsTimeout)
	defer cancel()
	all, err := h.ask(ctx, principal)
	if err != nil {
		h.cfg.Logger.WarnContext(ctx, "the restrictions cannot be read", "reason", reason.Of(err), "detail", obstacle(err))
		return nil, err
	}
	return all, nil
}

// obstacle says what has no code: it holds neither address nor answer.
func obstacle(err error) string {
	if status, ok := errors.AsType[*safehttp.StatusError](err); ok {
		return status.Error()
	}
	if errors.Is(err, safehttp.ErrUnreachable) {
		return safehttp.ErrUnreachable.Error()
	}
	return "the answer is not of the form agreed"
}

func (h *HTTPRestrictions) ask(ctx context.Context, principal string) ([]delegation.Restriction, error) {
	body, err := strictjson.Marshal(struct {
		Principal string `json:"principal"`
	}{principal})
	if err != nil {
		return nil, err
	}
	got, err := h.cfg.Client.Post(ctx, h.cfg.URL, "application/json", body, safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: MaxRestrictionsAnswer,
		Header: http.Header{"Authorization": {"Bearer " + h.cfg.Token.Reveal()}, "Cache-Control": {"no-store"}},
	})
	if err != nil {
		return nil, err
	}
	if got.Age > 0 {
		return nil, errors.New("the answer was kept by a cache")
	}
	return readAnswer(got.Body, principal)
}

// readAnswer reads what the service says about principal.
func readAnswer(raw []byte, principal string) ([]delegation.Restriction, error) {
	var answer struct {
		Restrictions strictjson.Value `json:"restrictions"`
	}
	if err := strictjson.UnmarshalClosed(raw, &answer); err != nil {
		return nil, err
	}
	all, err := readRestrictions(answer.Restrictions)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Principal != principal {
			return nil, errors.New("the answer lists a person who was not asked about")
		}
	}
	return all, nil
}
