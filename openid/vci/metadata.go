// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// IssuerMetadata is what a credential issuer says of itself (§12.2.4).
type IssuerMetadata struct {
	Issuer               string                   `json:"credential_issuer"`
	AuthorizationServers []string                 `json:"authorization_servers,omitempty"`
	CredentialEndpoint   string                   `json:"credential_endpoint"`
	NonceEndpoint        string                   `json:"nonce_endpoint,omitempty"`
	NotificationEndpoint string                   `json:"notification_endpoint,omitempty"`
	StatusLists          string                   `json:"status_list_aggregation_endpoint,omitempty"` // Token Status List §9
	Batch                *Batch                   `json:"batch_credential_issuance,omitempty"`
	Display              []Display                `json:"display,omitempty"`
	Configurations       map[string]Configuration `json:"credential_configurations_supported"`
}

// Batch says how many key proofs one request may hold.
type Batch struct {
	Size int `json:"batch_size"`
}

// Display is a name for people, in one language.
type Display struct {
	Name   string `json:"name"`
	Locale string `json:"locale,omitempty"`
}

// Configuration describes one kind of credential that is issued (§12.2.4).
type Configuration struct {
	Format            string                 `json:"format"`
	VCT               string                 `json:"vct,omitempty"`
	Definition        *Definition            `json:"credential_definition,omitempty"`
	Scope             string                 `json:"scope,omitempty"`
	BindingMethods    []string               `json:"cryptographic_binding_methods_supported,omitempty"`
	SigningAlgorithms []string               `json:"credential_signing_alg_values_supported,omitempty"`
	ProofTypes        map[string]ProofType   `json:"proof_types_supported,omitempty"`
	Metadata          *ConfigurationMetadata `json:"credential_metadata,omitempty"`
}

// Definition names W3C credential types.
type Definition struct {
	Context []string `json:"@context,omitempty"`
	Type    []string `json:"type"`
}

// ProofType lists the algorithms of one type of key proof.
type ProofType struct {
	Algorithms []string `json:"proof_signing_alg_values_supported"`
}

// ConfigurationMetadata holds names for people.
type ConfigurationMetadata struct {
	Display []Display `json:"display,omitempty"`
}

// ServerMetadata is what the authorization server says of itself (RFC 8414 §2).
type ServerMetadata struct {
	Issuer        string   `json:"issuer"`
	TokenEndpoint string   `json:"token_endpoint"`
	ResponseTypes []string `json:"response_types_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	AnonymousPre  bool     `json:"pre-authorized_grant_anonymous_access_supported,omitzero"`
}

// ParseIssuerMetadata reads metadata and checks that it is that of issuer and whole; what is
// not is issuer.metadata_invalid.
func ParseIssuerMetadata(raw []byte, issuer string) (*IssuerMetadata, error) {
	m, err := readMetadata(raw)
	if err != nil {
		return nil, err
	}
	if m.Issuer != issuer || CheckIssuer(m.Issuer) != nil {
		return nil, bad("the metadata is another issuer's")
	}
	if len(m.AuthorizationServers) > 0 && (len(m.AuthorizationServers) != 1 || m.AuthorizationServers[0] != issuer) {
		return nil, bad("an authorization server other than the issuer is not supported")
	}
	for _, endpoint := range []string{m.CredentialEndpoint, m.NonceEndpoint, m.NotificationEndpoint} {
		if endpoint != "" && !sameOrigin(issuer, endpoint) {
			return nil, bad("an endpoint is on another host than the issuer")
		}
	}
	if m.CredentialEndpoint == "" || len(m.Configurations) == 0 {
		return nil, bad("credential_endpoint or the configurations are missing")
	}
	for _, c := range m.Configurations {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// readMetadata reads metadata. Of a configuration in a format that is not known here nothing but
// the format is read: its members may have other types.
func readMetadata(raw []byte) (*IssuerMetadata, error) {
	var outer struct {
		IssuerMetadata
		Configurations map[string]strictjson.Value `json:"credential_configurations_supported"`
	}
	if err := strictjson.Unmarshal(raw, &outer); err != nil {
		return nil, err
	}
	m := outer.IssuerMetadata
	m.Configurations = make(map[string]Configuration, len(outer.Configurations))
	for id, one := range outer.Configurations {
		var c Configuration
		var format struct {
			Format string `json:"format"`
		}
		if err := strictjson.Unmarshal(one, &format); err != nil {
			return nil, err
		}
		switch c.Format = format.Format; c.Format {
		case "dc+sd-jwt", "jwt_vc_json", "ldp_vc":
			if err := strictjson.Unmarshal(one, &c); err != nil {
				return nil, err
			}
		}
		m.Configurations[id] = c
	}
	return &m, nil
}

func (c Configuration) check() error {
	switch {
	case c.Format == "dc+sd-jwt" && c.VCT == "":
		return bad("vct is missing")
	case (c.Format == "jwt_vc_json" || c.Format == "ldp_vc") && (c.Definition == nil || len(c.Definition.Type) == 0):
		return bad("credential_definition is missing")
	case c.Format == "ldp_vc" && len(c.Definition.Context) == 0:
		return bad("credential_definition has no @context")
	case (len(c.BindingMethods) > 0) != (len(c.ProofTypes) > 0):
		return bad("binding methods and proof types come together")
	}
	for _, p := range c.ProofTypes {
		if len(p.Algorithms) == 0 {
			return bad("a proof type without algorithms")
		}
	}
	return nil
}

// ParseServerMetadata reads metadata and checks that it is that of issuer.
func ParseServerMetadata(raw []byte, issuer string) (*ServerMetadata, error) {
	m := new(ServerMetadata)
	if err := strictjson.Unmarshal(raw, m); err != nil {
		return nil, err
	}
	if m.Issuer != issuer || !sameOrigin(issuer, m.TokenEndpoint) {
		return nil, bad("the authorization server is another issuer's")
	}
	return m, nil
}

func sameOrigin(a, b string) bool {
	ua, errA := url.Parse(a)
	ub, errB := url.Parse(b)
	return errA == nil && errB == nil && ub.User == nil && ua.Scheme == ub.Scheme && ua.Host == ub.Host && ub.Scheme == "https"
}

func bad(detail string) error { return reason.New(reason.IssuerMetadataInvalid, detail) }
