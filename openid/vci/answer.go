// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"net/url"

	"github.com/behalf-id/behalf/reason"
)

// AuthorizationResponse is what comes back to the redirect URI of a client (§5.2, RFC 6749 §4.1.2). It
// holds a code or, where Refusal has a code, none.
type AuthorizationResponse struct {
	Code    string
	State   string
	Issuer  string // iss, the authorization server (RFC 9207)
	Refusal Error
}

// Redirect returns redirectURI with the answer in its query.
func (a AuthorizationResponse) Redirect(redirectURI string) (string, error) {
	fields := url.Values{}
	for name, value := range map[string]string{
		"code": a.Code, "state": a.State, "iss": a.Issuer, "error": a.Refusal.Code, "error_description": a.Refusal.Description,
	} {
		if value != "" {
			fields.Set(name, value)
		}
	}
	return withQuery(redirectURI, fields)
}

// ParseAuthorizationResponse reads the query that came to the redirect URI, for a request with state
// that went to server. A field that appears twice is http.duplicate_param; another state
// session.unknown; an iss that is not server's, or missing where server says that it sends it,
// issuer.metadata_invalid: the answer is one of another server, mixed up (RFC 9207 §2.4). A
// refusal, which is an Error in the chain, and an answer with neither code nor refusal are
// grant.invalid.
func ParseAuthorizationResponse(query url.Values, state string, server *ServerMetadata) (AuthorizationResponse, error) {
	if err := once(query); err != nil {
		return AuthorizationResponse{}, err
	}
	a := AuthorizationResponse{
		Code: query.Get("code"), State: query.Get("state"), Issuer: query.Get("iss"),
		Refusal: Error{Code: query.Get("error"), Description: query.Get("error_description")},
	}
	switch {
	case state == "" || a.State != state:
		return AuthorizationResponse{}, reason.New(reason.SessionUnknown, "the answer is to another request")
	case server == nil || a.Issuer != "" && a.Issuer != server.Issuer || a.Issuer == "" && server.AnswersWithIssuer:
		return AuthorizationResponse{}, bad("the answer is of another authorization server")
	case a.Refusal.Code != "":
		return AuthorizationResponse{}, reason.Wrap(reason.GrantInvalid, "the issuer refused", a.Refusal)
	case a.Code == "" || len(a.Code) > MaxRedirect:
		return AuthorizationResponse{}, invalid("there is no code, or one that is too long")
	}
	return a, nil
}
