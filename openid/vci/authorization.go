// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxRedirect is the number of bytes of a redirect URI.
const MaxRedirect = 2048

// AuthorizationRequest asks for an authorization code (§5.1, RFC 6749 §4.1.1). PKCE with S256 is a part
// of every one.
type AuthorizationRequest struct {
	ClientID    string
	RedirectURI string
	Scope       string // configurations by their scopes, separated by spaces
	State       string
	Challenge   string   // code_challenge
	IssuerState string   // of the offer, as it was
	Resource    string   // RFC 8707; the credential issuer, where its server serves several
	DPoPKey     string   // dpop_jkt, the thumbprint of the key to come (RFC 9449 §10)
	Details     []Detail // configurations by their ids
}

// Form returns the request as form fields, to be pushed or to be put into a query.
func (a AuthorizationRequest) Form() url.Values {
	out := url.Values{"response_type": {"code"}, "code_challenge_method": {MethodS256}}
	for name, value := range map[string]string{
		"client_id": a.ClientID, "redirect_uri": a.RedirectURI, "scope": a.Scope, "state": a.State,
		"code_challenge": a.Challenge, "issuer_state": a.IssuerState, "resource": a.Resource, "dpop_jkt": a.DPoPKey,
		"authorization_details": WriteDetails(a.Details),
	} {
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

// ParseAuthorizationRequest reads form fields or a query, of which none may appear twice
// (http.duplicate_param). A response type but code, no client_id, a redirect_uri that is missing or no
// plain https or loopback address, no PKCE challenge and any method but S256, request_uri in
// a pushed request, and values that are too long are grant.invalid; unknown fields are ignored.
// Whether the redirect URI is the client's is the caller's affair.
func ParseAuthorizationRequest(form url.Values) (AuthorizationRequest, error) {
	if err := once(form); err != nil {
		return AuthorizationRequest{}, err
	}
	a := AuthorizationRequest{
		ClientID: form.Get("client_id"), RedirectURI: form.Get("redirect_uri"), Scope: form.Get("scope"), State: form.Get("state"),
		Challenge: form.Get("code_challenge"), IssuerState: form.Get("issuer_state"), Resource: form.Get("resource"), DPoPKey: form.Get("dpop_jkt"),
	}
	switch {
	case form.Get("response_type") != "code":
		return AuthorizationRequest{}, invalid("response_type is not code")
	case form.Has("request_uri") || form.Has("request"):
		return AuthorizationRequest{}, invalid("a request by reference in a request (RFC 9126 §2.1)")
	case form.Get("code_challenge_method") != MethodS256 || !isChallenge(a.Challenge):
		return AuthorizationRequest{}, invalid("PKCE with S256 is needed")
	case a.ClientID == "" || len(a.ClientID) > MaxRedirect:
		return AuthorizationRequest{}, invalid("client_id is missing or too long")
	case len(a.Scope) > MaxDetailBytes || len(a.State) > MaxRedirect || len(a.IssuerState) > MaxRedirect || len(a.Resource) > MaxRedirect || len(a.DPoPKey) > MaxName:
		return AuthorizationRequest{}, invalid("a field is too long")
	}
	if err := CheckRedirect(a.RedirectURI); err != nil {
		return AuthorizationRequest{}, err
	}
	if form.Has("authorization_details") {
		var err error
		if a.Details, err = ParseDetails(form.Get("authorization_details")); err != nil {
			return AuthorizationRequest{}, err
		}
	}
	return a, nil
}

// CheckRedirect refuses a redirect URI to which a code must not be sent: any but an address with a
// scheme and something behind it, without fragment and user. http is for loopback addresses (RFC 8252
// §7.3); a scheme of an app must have a dot (§7.1), which keeps javascript and data out.
func CheckRedirect(uri string) error {
	u, err := url.Parse(uri)
	if err != nil || uri == "" || len(uri) > MaxRedirect || u.Fragment != "" || u.User != nil {
		return invalid("redirect_uri is missing or malformed")
	}
	switch u.Scheme {
	case "https":
		if u.Host != "" {
			return nil
		}
	case "http":
		if h := u.Hostname(); h == "127.0.0.1" || h == "::1" {
			return nil
		}
	default:
		if isAppScheme(u.Scheme) {
			return nil
		}
	}
	return invalid("redirect_uri is of a scheme that takes no codes")
}

// isAppScheme reports whether a scheme is a reverse domain name.
func isAppScheme(scheme string) bool {
	for i := 1; i < len(scheme)-1; i++ {
		if scheme[i] == '.' {
			return true
		}
	}
	return false
}

// Pushed is the answer to a pushed authorization request (RFC 9126 §2.2).
type Pushed struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// PushedPrefix stands before the reference of a pushed request (RFC 9126 §2.2).
const PushedPrefix = "urn:ietf:params:oauth:request_uri:"

// ParsePushed reads the answer; one without reference or life is grant.invalid.
func ParsePushed(raw []byte) (Pushed, error) {
	var p Pushed
	if err := strictjson.Unmarshal(raw, &p); err != nil {
		return Pushed{}, err
	}
	if p.RequestURI == "" || len(p.RequestURI) > MaxRedirect || p.ExpiresIn <= 0 {
		return Pushed{}, invalid("the request was pushed and not taken")
	}
	return p, nil
}

// AuthorizeURL returns where a browser begins with a pushed request: only client_id and request_uri go
// through it (RFC 9126 §4). endpoint is the authorization endpoint, of which a query is kept.
func AuthorizeURL(endpoint, clientID string, p Pushed) (string, error) {
	return withQuery(endpoint, url.Values{"client_id": {clientID}, "request_uri": {p.RequestURI}})
}

// PlainAuthorizeURL returns where a browser begins with a request that was not pushed.
func PlainAuthorizeURL(endpoint string, a AuthorizationRequest) (string, error) {
	return withQuery(endpoint, a.Form())
}

// ParseAuthorize reads the query of the authorization endpoint for a pushed request: client_id and
// request_uri. Anything else in it is ignored (RFC 9126 §4); none of them, or one twice, is
// grant.invalid.
func ParseAuthorize(query url.Values) (clientID, requestURI string, err error) {
	if err := once(query); err != nil {
		return "", "", err
	}
	clientID, requestURI = query.Get("client_id"), query.Get("request_uri")
	if clientID == "" || requestURI == "" || len(clientID) > MaxRedirect || len(requestURI) > MaxRedirect {
		return "", "", invalid("client_id or request_uri is missing or too long")
	}
	return clientID, requestURI, nil
}

// withQuery adds fields to the query of an address.
func withQuery(address string, fields url.Values) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", invalid("not an address")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", invalid("not a query")
	}
	for name, values := range fields {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// once refuses a form in which a field appears twice (RFC 6749 §3.1).
func once(form url.Values) error {
	for _, values := range form {
		if len(values) > 1 {
			return reason.New(reason.HTTPDuplicateParam, "a form field appears twice")
		}
	}
	return nil
}

func invalid(detail string) error { return reason.New(reason.GrantInvalid, detail) }
