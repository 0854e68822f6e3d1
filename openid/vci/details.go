// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// DetailType is the type of authorization details that are about credentials (§5.1.1).
const DetailType = "openid_credential"

// Bounds on authorization details.
const (
	MaxDetails     = 16       // objects
	MaxDetailBytes = 16 << 10 // as JSON
	MaxIdentifiers = 256      // credential_identifiers of one object
	MaxName        = 512      // bytes of an id, a state, a code or a token
)

// Detail asks for one kind of credential in an authorization or token request; in a token answer it
// says which credentials the token is for (§5.1.1, §6.2, RFC 9396).
type Detail struct {
	Type          string   `json:"type"`
	Locations     []string `json:"locations,omitempty"`
	Configuration string   `json:"credential_configuration_id"`
	Claims        []Claim  `json:"claims,omitempty"`
	Identifiers   []string `json:"credential_identifiers,omitempty"` // in answers alone
}

// ParseDetails reads authorization_details as they stand in a form field. Types but DetailType,
// more than MaxDetails and a configuration that is missing are grant.invalid.
func ParseDetails(raw string) ([]Detail, error) {
	if len(raw) > MaxDetailBytes {
		return nil, reason.New(reason.GrantInvalid, "authorization_details are too long")
	}
	var list []Detail
	if err := strictjson.Unmarshal([]byte(raw), &list); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > MaxDetails {
		return nil, reason.New(reason.GrantInvalid, "authorization_details are empty or too many")
	}
	for _, d := range list {
		if d.Type != DetailType || d.Configuration == "" || len(d.Configuration) > MaxName || len(d.Identifiers) > 0 {
			return nil, reason.New(reason.GrantInvalid, "authorization_details of another type, or without credential_configuration_id")
		}
	}
	return list, nil
}

// WriteDetails is what ParseDetails reads; "" for none.
func WriteDetails(list []Detail) string {
	if len(list) == 0 {
		return ""
	}
	raw, err := strictjson.Marshal(list)
	if err != nil {
		panic(err) // texts and paths can always be written
	}
	return string(raw)
}

// checkGranted holds the details of a token answer to their form.
func checkGranted(list []Detail) error {
	if len(list) > MaxDetails {
		return reason.New(reason.TokenInvalid, "too many authorization_details")
	}
	for _, d := range list {
		if d.Type == DetailType && (len(d.Identifiers) == 0 || len(d.Identifiers) > MaxIdentifiers) {
			return reason.New(reason.TokenInvalid, "authorization_details without credential_identifiers")
		}
	}
	return nil
}
