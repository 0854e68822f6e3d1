// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"net/url"
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on metadata.
const (
	MaxMetadata       = 512 << 10 // bytes
	MaxServers        = 16        // authorization servers
	MaxConfigurations = 256       // of credentials
	MaxDisplays       = 64        // languages
	MaxClaims         = 512       // described claims of one configuration
)

// IssuerMetadata is what a credential issuer says of itself (§12.2.4).
type IssuerMetadata struct {
	Issuer               string                      `json:"credential_issuer"`
	AuthorizationServers []string                    `json:"authorization_servers,omitempty"`
	CredentialEndpoint   string                      `json:"credential_endpoint"`
	NonceEndpoint        string                      `json:"nonce_endpoint,omitempty"`
	DeferredEndpoint     string                      `json:"deferred_credential_endpoint,omitempty"`
	NotificationEndpoint string                      `json:"notification_endpoint,omitempty"`
	StatusLists          string                      `json:"status_list_aggregation_endpoint,omitempty"` // Token Status List §9
	RequestEncryption    *RequestEncryption          `json:"credential_request_encryption,omitempty"`
	ResponseEncryption   *ResponseEncryptionMetadata `json:"credential_response_encryption,omitempty"`
	Batch                *Batch                      `json:"batch_credential_issuance,omitempty"`
	Display              []Display                   `json:"display,omitempty"`
	Configurations       map[string]Configuration    `json:"credential_configurations_supported"`
}

// Batch says how many key proofs one request may hold, at least 2.
type Batch struct {
	Size int `json:"batch_size"`
}

// RequestEncryption says how credential requests may be encrypted to the issuer.
type RequestEncryption struct {
	Keys     KeySet   `json:"jwks"`
	Enc      []string `json:"enc_values_supported"`
	Zip      []string `json:"zip_values_supported,omitempty"` // read, and never used
	Required bool     `json:"encryption_required"`
}

// KeySet is a set of JWKs of any kind, as received.
type KeySet struct {
	Keys []strictjson.Value `json:"keys"`
}

// ResponseEncryptionMetadata says how an issuer can encrypt credential responses.
type ResponseEncryptionMetadata struct {
	Alg      []string `json:"alg_values_supported"`
	Enc      []string `json:"enc_values_supported"`
	Zip      []string `json:"zip_values_supported,omitempty"` // read, and never used
	Required bool     `json:"encryption_required"`
}

// ParseIssuerMetadata reads metadata and checks that it is that of issuer and whole; what is
// not is issuer.metadata_invalid, more than MaxMetadata bytes limit.body. Configurations of formats
// that are not known here are kept and not checked.
func ParseIssuerMetadata(raw []byte, issuer string) (*IssuerMetadata, error) {
	if len(raw) > MaxMetadata {
		return nil, reason.New(reason.LimitBody, "the metadata is too long")
	}
	m := new(IssuerMetadata)
	if err := strictjson.Unmarshal(raw, m); err != nil {
		return nil, err
	}
	if m.Issuer != issuer || CheckIssuer(m.Issuer) != nil {
		return nil, bad("the metadata is another issuer's")
	}
	return m, m.check()
}

func (m *IssuerMetadata) check() error {
	for _, endpoint := range []string{m.CredentialEndpoint, m.NonceEndpoint, m.DeferredEndpoint, m.NotificationEndpoint, m.StatusLists} {
		if endpoint != "" && !sameOrigin(m.Issuer, endpoint) {
			return bad("an endpoint is on another host than the issuer")
		}
	}
	switch {
	case m.CredentialEndpoint == "" || len(m.Configurations) == 0:
		return bad("credential_endpoint or the configurations are missing")
	case len(m.Configurations) > MaxConfigurations || len(m.AuthorizationServers) > MaxServers || len(m.Display) > MaxDisplays:
		return bad("too many configurations, servers or languages")
	case m.AuthorizationServers != nil && len(m.AuthorizationServers) == 0:
		return bad("authorization_servers is empty")
	case slices.ContainsFunc(m.AuthorizationServers, func(s string) bool { return CheckIssuer(s) != nil }):
		return bad("an authorization server is no https address")
	case m.Batch != nil && m.Batch.Size < 2:
		return bad("batch_size is less than 2")
	}
	if err := m.checkEncryption(); err != nil {
		return err
	}
	for _, c := range m.Configurations {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *IssuerMetadata) checkEncryption() error {
	if r := m.RequestEncryption; r != nil && (len(r.Keys.Keys) == 0 || len(r.Keys.Keys) > MaxServers || len(r.Enc) == 0) {
		return bad("credential_request_encryption has no keys or no algorithms")
	}
	if r := m.ResponseEncryption; r != nil && (len(r.Alg) == 0 || len(r.Enc) == 0) {
		return bad("credential_response_encryption has no algorithms")
	}
	return nil
}

// Server returns the authorization server to ask for a token: the one that the grant of an offer
// names, which must be one of the metadata; else the only one there is; else, without a list, the
// issuer itself (§12.2.4, §4.1.1). No choice among several is issuer.metadata_invalid.
func (m *IssuerMetadata) Server(offered string) (string, error) {
	list := m.AuthorizationServers
	if len(list) == 0 {
		list = []string{m.Issuer}
	}
	switch {
	case offered == "" && len(list) == 1:
		return list[0], nil
	case slices.Contains(list, offered):
		return offered, nil
	}
	return "", bad("the offer does not say which authorization server to use")
}

func sameOrigin(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && ub.User == nil && ub.Fragment == "" && ua.Scheme == ub.Scheme && ua.Host == ub.Host && ub.Scheme == "https"
}

func bad(detail string) error { return reason.New(reason.IssuerMetadataInvalid, detail) }
