// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Link is how a request reaches a wallet (§5): by reference to the request object, or by value, signed or
// not. Exactly one of RequestURI, Object and Unsigned is there.
type Link struct {
	ClientID   string
	RequestURI string
	Method     string // request_uri_method: MethodPost, or MethodGet or "" for GET (§5.10)
	Object     string // the signed request object
	Unsigned   string // the query of the link: parameters for ReadUnsigned
}

// Values of request_uri_method.
const (
	MethodGet  = "get"
	MethodPost = "post"
)

// Bounds of a link.
const (
	MaxLink    = 4096     // bytes of one by reference
	MaxByValue = 64 << 10 // bytes of one by value
)

// String writes the link for a QR code or a click, as openid4vp://?client_id=…&request_uri=….
func (l Link) String() string {
	if l.Unsigned != "" {
		return Scheme + "://?" + l.Unsigned
	}
	q := url.Values{"client_id": {l.ClientID}}
	for name, value := range map[string]string{"request_uri": l.RequestURI, "request_uri_method": l.Method, "request": l.Object} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return Scheme + "://?" + q.Encode()
}

// UnsignedLink returns the link for a request that is never signed.
func UnsignedLink(r *Request) (Link, error) {
	q, err := r.Values()
	if err != nil {
		return Link{}, err
	}
	return Link{ClientID: r.ClientID, Unsigned: q.Encode()}, nil
}

// ParseLink reads a link. One that is neither by reference nor signed is request.unsigned, unless its
// client can only be so; a client that nobody could be is request.client_id; a parameter that appears
// twice is http.duplicate_param; what is no link, holds a request twice, refers to anything but an https
// address, or asks for another method than get and post is request.invalid.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxByValue {
		return Link{}, invalid("the link is too long")
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != Scheme && u.Scheme != SchemeHAIP {
		return Link{}, invalid("not an openid4vp:// link")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Link{}, invalid("the link's query cannot be read")
	}
	for _, values := range q {
		if len(values) > 1 {
			return Link{}, reason.New(reason.HTTPDuplicateParam, "a parameter appears twice")
		}
	}
	return readLink(q)
}

func readLink(q url.Values) (Link, error) {
	l := Link{ClientID: q.Get("client_id"), RequestURI: q.Get("request_uri"), Method: q.Get("request_uri_method"), Object: q.Get("request")}
	client, err := ParseClient(l.ClientID)
	if err != nil {
		return Link{}, err
	}
	switch {
	case l.RequestURI == "" && l.Method != "", l.Method != "" && l.Method != MethodGet && l.Method != MethodPost:
		return Link{}, invalid("request_uri_method is neither get nor post")
	case l.RequestURI != "" && l.Object != "":
		return Link{}, invalid("the link holds a request and refers to one")
	case l.RequestURI != "" && (len(l.String()) > MaxLink || !isHTTPS(l.RequestURI)):
		return Link{}, invalid("request_uri is not an https address")
	case l.RequestURI != "" || l.Object != "":
		return l, nil
	case client.Signed():
		return Link{}, reason.New(reason.RequestUnsigned, "the link holds no signed request, and no reference to one")
	}
	return Link{ClientID: l.ClientID, Unsigned: q.Encode()}, nil
}

// Claimed returns the client identifier that a request object gives itself, before any signature was
// checked: to find out who claims to ask where a link does not say it, and then to open it as theirs. What
// is no request object is request.unsigned.
func Claimed(raw []byte) (string, error) {
	token, err := jose.Parse(raw, jose.Policy{Type: TypeRequest, Key: jose.FromIssuer})
	if err != nil {
		return "", unsigned(err)
	}
	var claims struct {
		ClientID string `json:"client_id"`
	}
	if err := strictjson.Unmarshal(token.Unverified(), &claims); err != nil {
		return "", tooLong(err)
	}
	return claims.ClientID, nil
}
