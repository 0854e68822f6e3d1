// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxPresentations is the number of presentations that one response may carry, counted before
// any signature is looked at (security.md §5.3).
const MaxPresentations = 32

// Errors that a wallet answers a request with (§8.5, RFC 6749 §4.1.2.1).
const (
	ErrorInvalidRequest     = "invalid_request"
	ErrorInvalidClient      = "invalid_client"
	ErrorAccessDenied       = "access_denied"
	ErrorFormats            = "vp_formats_not_supported"
	ErrorRequestURIMethod   = "invalid_request_uri_method"
	ErrorTransactionData    = "invalid_transaction_data"
	ErrorWalletUnavailable  = "wallet_unavailable"
	maxError, maxErrorWords = 64, 512 // bytes of a code and of its description, in an answer
)

// Response is what a wallet posts back (§8.1, §8.2, §8.3.1): presentations by the id of the credential
// query that they answer, or an error.
type Response struct {
	State       string
	Token       map[string][]string
	Error       string // access_denied and the like, §8.5; then Token is nil
	Description string // for a log, never shown as if we had said it
}

// Result is what the verifier answers to a good post (§8.2). Confirmation is an extension of ours for a
// request that came from another device: what the person types in there.
type Result struct {
	RedirectURI  string `json:"redirect_uri,omitempty"`
	Confirmation string `json:"confirmation_code,omitempty"`
}

// FormFor returns the response as form fields, encrypted if r asks for it. An error travels as it is:
// it shows nothing, and tells also a verifier to whose keys nothing can be encrypted. Where there is
// no such key, or an algorithm that nobody here speaks, an answer is request.invalid.
func (r Response) FormFor(asked *Request) (url.Values, error) {
	if !asked.Encrypted() || r.Error != "" {
		return r.Form()
	}
	to, enc, err := asked.Metadata.recipient()
	if err != nil {
		return nil, err
	}
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	plain, err := strictjson.Marshal(sealedResponse{State: r.State, Token: token})
	if err != nil {
		return nil, err
	}
	sealed, err := jwe.Encrypt(plain, to, enc, jwe.Header{})
	if err != nil {
		return nil, err
	}
	return url.Values{"response": {string(sealed)}}, nil
}

// sealedResponse is the content of an encrypted response (§8.3.1).
type sealedResponse struct {
	State       string           `json:"state,omitempty"`
	Token       strictjson.Value `json:"vp_token,omitempty"`
	Error       string           `json:"error,omitempty"`
	Description string           `json:"error_description,omitempty"`
}

// Form returns the response as form fields, unencrypted.
func (r Response) Form() (url.Values, error) {
	out := url.Values{}
	for name, value := range map[string]string{"state": r.State, "error": r.Error, "error_description": r.Description} {
		if value != "" {
			out.Set(name, value)
		}
	}
	if r.Error != "" {
		return out, nil
	}
	text, err := r.token()
	if err != nil {
		return nil, err
	}
	out.Set("vp_token", string(text))
	return out, nil
}

func (r Response) token() (strictjson.Value, error) {
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
	return strictjson.Marshal(token)
}

// ParseResponse reads form fields, of which none may appear twice (http.duplicate_param).
// A form that holds both an answer and an error, or neither, is response.ambiguous; an answer
// that is encrypted is response.key_unknown, as nothing was asked for encrypted.
func ParseResponse(form url.Values) (Response, error) {
	if err := once(form); err != nil {
		return Response{}, err
	}
	if form.Has("response") {
		return Response{}, reason.New(reason.ResponseKeyUnknown, "no encrypted response was asked for")
	}
	return Response{
		State: form.Get("state"), Error: form.Get("error"), Description: form.Get("error_description"),
	}.withToken(form.Has("error"), form.Has("vp_token"), []byte(form.Get("vp_token")))
}

// OpenResponse reads the form fields of an answer that was asked for encrypted to with, by one of the
// algorithms of accept (§8.3.1). One that comes unencrypted, unless it is an error, and one that is
// encrypted by another algorithm that is known, is response.encryption_required; one to another key
// response.key_unknown; one whose form holds more than it response.ambiguous; what does not decrypt has
// the codes of jwe.Decrypt, and the content those of ParseResponse.
func OpenResponse(form url.Values, with *jwe.Private, accept ...jwe.Encryption) (Response, error) {
	if err := once(form); err != nil {
		return Response{}, err
	}
	switch {
	case form.Has("response") && (form.Has("vp_token") || form.Has("error")):
		return Response{}, reason.New(reason.ResponseAmbiguous, "an encrypted response and a plain one")
	case !form.Has("response") && !form.Has("vp_token") && form.Has("error"):
		return ParseResponse(form)
	case !form.Has("response"):
		return Response{}, reason.New(reason.ResponseEncryptionRequired, "the response is not encrypted")
	}
	plain, err := decrypt([]byte(form.Get("response")), with, accept)
	if err != nil {
		return Response{}, err
	}
	var in struct {
		State       string           `json:"state"`
		Token       strictjson.Value `json:"vp_token"`
		Error       *string          `json:"error"`
		Description string           `json:"error_description"`
	}
	if err := strictjson.Unmarshal(plain, &in); err != nil {
		return Response{}, err
	}
	r := Response{State: in.State, Description: in.Description}
	if in.Error != nil {
		r.Error = *in.Error
	}
	return r.withToken(in.Error != nil, in.Token != nil, in.Token)
}

// decrypt opens an encrypted response. That it is to another key is told apart only for a key that has
// another name.
func decrypt(token []byte, with *jwe.Private, accept []jwe.Encryption) ([]byte, error) {
	plain, err := jwe.Decrypt(token, with, accept...)
	switch reason.Of(err) {
	case reason.JWEAlgForbidden:
		if _, other := jwe.Decrypt(token, with, jwe.A128GCM, jwe.A256GCM); reason.Of(other) != reason.JWEAlgForbidden {
			return nil, reason.Wrap(reason.ResponseEncryptionRequired, "encrypted by an algorithm that was not asked for", err)
		}
	case reason.JWEInvalid:
		if kid, failed := jwe.KeyID(token); failed == nil && kid != "" && kid != with.Public().KeyID() {
			return nil, reason.Wrap(reason.ResponseKeyUnknown, "encrypted to a key of another session", err)
		}
	}
	return plain, err
}

// once refuses a form in which a field appears twice.
func once(form url.Values) error {
	for _, values := range form {
		if len(values) > 1 {
			return reason.New(reason.HTTPDuplicateParam, "a form field appears twice")
		}
	}
	return nil
}

// withToken adds the token, if there is one, to r, which holds the rest.
func (r Response) withToken(hasError, hasToken bool, token []byte) (Response, error) {
	switch {
	case hasError == hasToken || hasError && r.Error == "":
		return Response{}, reason.New(reason.ResponseAmbiguous, "exactly one of vp_token and error is needed")
	case len(r.Error) > maxError || len(r.Description) > maxErrorWords:
		return Response{}, reason.New(reason.ResponseAmbiguous, "an error that is too long")
	case hasError:
		return r, nil
	}
	var err error
	r.Description = ""
	if r.Token, err = ParseToken(token); err != nil {
		return Response{}, err
	}
	return r, nil
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
