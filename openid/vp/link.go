// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"net/url"

	"github.com/behalf-id/behalf/reason"
)

// Link is how a request reaches a wallet: a reference to the request object (§5.7).
type Link struct {
	ClientID   string
	RequestURI string
}

// MaxLink is the number of bytes that a link may have.
const MaxLink = 4096

// String writes the link for a QR code or a click, as openid4vp://?client_id=…&request_uri=….
func (l Link) String() string {
	q := url.Values{"client_id": {l.ClientID}, "request_uri": {l.RequestURI}}
	return Scheme + "://?" + q.Encode()
}

// ParseLink reads a link. A request by value, an unsigned one and one without an https
// request_uri are refused, and so is a parameter that appears twice.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxLink {
		return Link{}, reason.New(reason.RequestInvalid, "the link is too long")
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != Scheme {
		return Link{}, reason.New(reason.RequestInvalid, "not an openid4vp:// link")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Link{}, reason.New(reason.RequestInvalid, "the link's query cannot be read")
	}
	for _, values := range q {
		if len(values) > 1 {
			return Link{}, reason.New(reason.HTTPDuplicateParam, "a parameter appears twice")
		}
	}
	l := Link{ClientID: q.Get("client_id"), RequestURI: q.Get("request_uri")}
	if l.RequestURI == "" {
		return Link{}, reason.New(reason.RequestUnsigned, "the link holds no reference to a signed request")
	}
	if ref, err := url.Parse(l.RequestURI); err != nil || ref.Scheme != "https" || ref.Host == "" || ref.User != nil {
		return Link{}, reason.New(reason.RequestInvalid, "request_uri is not an https address")
	}
	if _, err := VerifierDID(l.ClientID); err != nil {
		return Link{}, err
	}
	return l, nil
}
