// SPDX-License-Identifier: Apache-2.0

// Package vci has the messages of OpenID4VCI 1.0: metadata, offers, tokens, key proofs and
// credential requests, built and parsed. It is pure.
package vci

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Names of the protocol.
const (
	Scheme             = "openid-credential-offer"                              // §4.1
	GrantPreAuthorized = "urn:ietf:params:oauth:grant-type:pre-authorized_code" // §4.1.1
	MaxOffer           = 16 << 10                                               // bytes of an offer and of its link
)

// Offer invites a wallet to collect a credential (§4.1.1).
type Offer struct {
	Issuer         string   `json:"credential_issuer"`
	Configurations []string `json:"credential_configuration_ids"`
	Grants         Grants   `json:"grants,omitzero"`
}

// Grants holds the ways to a token.
type Grants struct {
	AuthorizationCode *AuthorizationCode `json:"authorization_code,omitzero"`
	PreAuthorized     *PreAuthorized     `json:"urn:ietf:params:oauth:grant-type:pre-authorized_code,omitempty"`
}

// AuthorizationCode says that the person signs in at the issuer (§4.1.1). The wallet sends IssuerState
// back as it was.
type AuthorizationCode struct {
	IssuerState string `json:"issuer_state,omitempty"`
	Server      string `json:"authorization_server,omitempty"`
}

// PreAuthorized is a code that was given to the right person already (§4.1.1).
type PreAuthorized struct {
	Code   string  `json:"pre-authorized_code"`
	TxCode *TxCode `json:"tx_code,omitzero"` // {} is present, and says that a code is needed
	Server string  `json:"authorization_server,omitempty"`
}

// TxCode describes a code that travels by another channel. Description is at most 300 characters.
type TxCode struct {
	InputMode   string `json:"input_mode,omitempty"` // numeric (default) or text
	Length      int    `json:"length,omitzero"`
	Description string `json:"description,omitempty"`
}

// OfferLink is an offer by value or by reference; exactly one member is set.
type OfferLink struct {
	Offer *Offer
	URI   string
}

// String writes the link for a QR code or a click.
func (l OfferLink) String() string {
	q := url.Values{}
	if l.Offer != nil {
		raw, err := strictjson.Marshal(l.Offer)
		if err != nil {
			panic(err) // a struct of strings and ints can always be written
		}
		q.Set("credential_offer", string(raw))
	} else {
		q.Set("credential_offer_uri", l.URI)
	}
	return Scheme + "://?" + q.Encode()
}

// ParseOfferLink reads a link. One that holds both forms, or neither, is response.ambiguous.
func ParseOfferLink(s string) (OfferLink, error) {
	if len(s) > MaxOffer {
		return OfferLink{}, reason.New(reason.OfferUntrusted, "the offer is too long")
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != Scheme {
		return OfferLink{}, reason.New(reason.OfferUntrusted, "not an openid-credential-offer:// link")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(q["credential_offer"]) > 1 || len(q["credential_offer_uri"]) > 1 {
		return OfferLink{}, reason.New(reason.HTTPDuplicateParam, "the link's query cannot be read")
	}
	if q.Has("credential_offer") == q.Has("credential_offer_uri") {
		return OfferLink{}, reason.New(reason.ResponseAmbiguous, "a link holds one of credential_offer and credential_offer_uri")
	}
	if q.Has("credential_offer_uri") {
		return refLink(q.Get("credential_offer_uri"))
	}
	offer, err := ParseOffer([]byte(q.Get("credential_offer")))
	return OfferLink{Offer: offer}, err
}

func refLink(ref string) (OfferLink, error) {
	u, err := url.Parse(ref)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return OfferLink{}, reason.New(reason.OfferUntrusted, "credential_offer_uri is not an https address")
	}
	return OfferLink{URI: ref}, nil
}

// ParseOffer reads and checks an offer.
func ParseOffer(raw []byte) (*Offer, error) {
	if len(raw) > MaxOffer {
		return nil, reason.New(reason.OfferUntrusted, "the offer is too long")
	}
	o := new(Offer)
	if err := strictjson.Unmarshal(raw, o); err != nil {
		return nil, err
	}
	if err := CheckIssuer(o.Issuer); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, id := range o.Configurations {
		if id == "" || seen[id] {
			return nil, reason.New(reason.JSONMemberMissing, "credential_configuration_ids are empty or repeated")
		}
		seen[id] = true
	}
	if len(seen) == 0 {
		return nil, reason.New(reason.JSONMemberMissing, "credential_configuration_ids is empty")
	}
	return o, o.Grants.check()
}

func (g Grants) check() error {
	p := g.PreAuthorized
	if p == nil {
		return nil
	}
	if p.Code == "" {
		return reason.New(reason.JSONMemberMissing, "pre-authorized_code is empty")
	}
	if t := p.TxCode; t != nil && (t.Length < 0 || t.Length > 64 || len(t.Description) > 4*300 ||
		t.InputMode != "" && t.InputMode != "numeric" && t.InputMode != "text") {
		return reason.New(reason.GrantTxCode, "tx_code is described in a way that cannot be met")
	}
	return nil
}

// CheckIssuer checks a credential issuer identifier: https, no query, no fragment (§12.2.1).
func CheckIssuer(id string) error {
	u, err := url.Parse(id)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || len(id) > 2048 {
		return reason.New(reason.IssuerMetadataInvalid, "a credential issuer is an https address without query and fragment")
	}
	return nil
}

// WellKnown returns the address of a metadata document called name, such as
// "openid-credential-issuer": inserted between host and path of id (§12.2.2, RFC 8414 §3.1).
func WellKnown(id, name string) string {
	u, err := url.Parse(id)
	if err != nil {
		return ""
	}
	path := u.Path
	if path == "/" {
		path = ""
	}
	return u.Scheme + "://" + u.Host + "/.well-known/" + name + path
}
