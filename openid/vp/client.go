// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"crypto/sha256"
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/reason"
)

// Client identifier prefixes (§5.9.3). Of those of the specification verifier_attestation and
// openid_federation are not spoken here, and neither is a client without a prefix.
const (
	PrefixDID         = "decentralized_identifier:" // and a DID: signed with a key of its document
	PrefixX509DNS     = "x509_san_dns:"             // and a host name: signed with a certificate for it
	PrefixX509Hash    = "x509_hash:"                // and the SHA-256 of the certificate, in base64url
	PrefixRedirectURI = "redirect_uri:"             // and the address of the answer: never signed
)

// Client is a client identifier taken apart. The zero Client is nobody. Only ParseClient makes one.
type Client struct {
	Prefix string // one of the prefixes
	Value  string // the rest
	did    did.DID
}

// ParseClient reads a client identifier; one with another prefix, or none, is request.client_id.
func ParseClient(clientID string) (Client, error) {
	prefix, value, found := strings.Cut(clientID, ":")
	c := Client{Prefix: prefix + ":", Value: value}
	if !found || value == "" || len(clientID) > MaxURI {
		return Client{}, badClient("client_id has no prefix", nil)
	}
	switch c.Prefix {
	case PrefixDID:
		id, err := did.Parse(value)
		if err != nil {
			return Client{}, badClient("client_id is not a DID", err)
		}
		c.did = id
	case PrefixX509DNS:
		if strings.ContainsAny(value, "/:@*") {
			return Client{}, badClient("client_id is not a host name", nil)
		}
	case PrefixX509Hash:
		if raw, err := jose.AppendDecode(nil, []byte(value)); err != nil || len(raw) != sha256.Size {
			return Client{}, badClient("client_id is not a SHA-256", nil)
		}
	case PrefixRedirectURI:
		if !isHTTPS(value) {
			return Client{}, badClient("client_id is not an https address", nil)
		}
	case "verifier_attestation:", "openid_federation:":
		return Client{}, badClient("client_id has the prefix "+c.Prefix+" which is not spoken here", nil)
	default:
		return Client{}, badClient("client_id has a prefix that nobody knows", nil)
	}
	return c, nil
}

// ClientID returns the client identifier of the verifier with DID id.
func ClientID(id did.DID) string { return PrefixDID + id.String() }

// ClientX509Hash returns the client identifier of whoever signs with the certificate in DER.
func ClientX509Hash(leaf []byte) string {
	sum := sha256.Sum256(leaf)
	return PrefixX509Hash + string(jose.AppendEncode(nil, sum[:]))
}

// DID returns the DID of a client with PrefixDID, the zero DID for any other.
func (c Client) DID() did.DID { return c.did }

// Signed reports whether requests of c are signed.
func (c Client) Signed() bool { return c.Prefix != "" && c.Prefix != PrefixRedirectURI }

// permits reports whether an answer may go to responseURI, as far as the identifier tells (§5.9.3): of
// a DID and of a hash it tells nothing.
func (c Client) permits(responseURI string) bool {
	switch c.Prefix {
	case PrefixRedirectURI:
		return responseURI == c.Value
	case PrefixX509DNS:
		u, err := url.Parse(responseURI)
		return err == nil && u.Hostname() == c.Value
	}
	return c.Prefix != ""
}

func badClient(detail string, err error) error {
	return reason.Wrap(reason.RequestClientID, detail, err)
}
