// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxPresentations is the number of presentations that one response may carry, counted before
// any signature is looked at (security.md §5.3).
const MaxPresentations = 32

// Response is what a wallet posts back with direct_post (§8.1, §8.2): presentations by the id
// of the credential query that they answer, or an error.
type Response struct {
	State       string
	Token       map[string][]string
	Error       string // access_denied and the like, §8.5; then Token is nil
	Description string // for a log, never shown as if we had said it
}

// Result is what the verifier answers to a good post (§8.2).
type Result struct {
	RedirectURI string `json:"redirect_uri,omitempty"`
}

// Form returns the response as form fields.
func (r Response) Form() (url.Values, error) {
	out := url.Values{}
	if r.State != "" {
		out.Set("state", r.State)
	}
	if r.Error != "" {
		out.Set("error", r.Error)
		return out, nil
	}
	token := make(map[string][]strictjson.Value, len(r.Token))
	for id, list := range r.Token {
		for _, secured := range list {
			v, err := credential.SecuredJSON(secured)
			if err != nil {
				return nil, err
			}
			token[id] = append(token[id], v)
		}
	}
	text, err := strictjson.Marshal(token)
	if err != nil {
		return nil, err
	}
	out.Set("vp_token", string(text))
	return out, nil
}

// ParseResponse reads form fields, of which none may appear twice (http.duplicate_param).
// A form that holds both an answer and an error, or neither, is response.ambiguous; an answer
// that is encrypted is response.key_unknown, as nothing was asked for encrypted.
func ParseResponse(form url.Values) (Response, error) {
	for _, values := range form {
		if len(values) > 1 {
			return Response{}, reason.New(reason.HTTPDuplicateParam, "a form field appears twice")
		}
	}
	if form.Has("response") {
		return Response{}, reason.New(reason.ResponseKeyUnknown, "no encrypted response was asked for")
	}
	r := Response{State: form.Get("state"), Error: form.Get("error")}
	if form.Has("vp_token") == form.Has("error") {
		return Response{}, reason.New(reason.ResponseAmbiguous, "exactly one of vp_token and error is needed")
	}
	if r.Error != "" {
		return r, nil
	}
	var err error
	r.Token, err = ParseToken([]byte(form.Get("vp_token")))
	return r, err
}

// More separators than MaxPresentations presentations can hold: two tokens of three parts each, and
// twice as many disclosures as any may have (security.md §5.3), whose own reader says more exactly
// what is wrong with fewer.
const (
	maxDots   = MaxPresentations * 4
	maxTildes = MaxPresentations * 2 * 256
	maxRaw    = 1 << 15 // of either, in the whole text with what JSON objects hold
)

// flooded counts separators before anything is read.
func flooded(raw []byte) error {
	if bytes.Count(raw, []byte{'.'}) > maxRaw {
		return tooManyParts()
	}
	if bytes.Count(raw, []byte{'~'}) > maxRaw {
		return tooManyDisclosures()
	}
	return nil
}

func tooManyParts() error {
	return reason.New(reason.LimitTokenParts, "the presentations have too many parts")
}

func tooManyDisclosures() error {
	return reason.New(reason.LimitDisclosures, "the presentations have too many disclosures")
}

// flood counts the separators of presentations that are tokens, before any is split or decoded.
type flood struct{ dots, tildes int }

func (f *flood) add(presentation string) error {
	if strings.HasPrefix(presentation, "{") {
		return nil
	}
	f.dots += strings.Count(presentation, ".")
	f.tildes += strings.Count(presentation, "~")
	if f.dots > maxDots {
		return tooManyParts()
	}
	if f.tildes > maxTildes {
		return tooManyDisclosures()
	}
	return nil
}

// ParseToken reads a vp_token: an object of non-empty arrays, whose items are strings or, in ldp_vc,
// objects, which are kept as they were received (§8.1). More than MaxPresentations is limit.chain.
// A token that is no object, such as one in the older form of a bare presentation, is
// response.ambiguous.
func ParseToken(raw []byte) (map[string][]string, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, reason.New(reason.ResponseAmbiguous, "vp_token is not an object")
	}
	if err := flooded(raw); err != nil {
		return nil, err
	}
	var lists map[string][]strictjson.Value
	if err := strictjson.Unmarshal(raw, &lists); err != nil {
		return nil, err
	}
	n := 0
	for _, list := range lists {
		if n += len(list); len(list) == 0 {
			return nil, reason.New(reason.ResponseAmbiguous, "an answer without a presentation")
		}
	}
	switch {
	case n == 0:
		return nil, reason.New(reason.ResponseAmbiguous, "vp_token is empty")
	case n > MaxPresentations:
		return nil, reason.New(reason.LimitChain, "too many presentations")
	}
	return readToken(lists)
}

func readToken(lists map[string][]strictjson.Value) (map[string][]string, error) {
	token := make(map[string][]string, len(lists))
	var all flood
	for id, list := range lists {
		for _, v := range list {
			secured, err := credential.ReadSecured(v)
			if err != nil {
				return nil, err
			}
			if err := all.add(secured); err != nil {
				return nil, err
			}
			token[id] = append(token[id], secured)
		}
	}
	return token, nil
}
