// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"strings"

	"github.com/behalf-id/behalf/internal/jwe"
)

// WalletMetadata is what a wallet says of itself where a verifier lets it (§10, RFC 8414). It says no more
// than which software could say the same.
type WalletMetadata struct {
	Formats              map[string]Formats `json:"vp_formats_supported"`
	Prefixes             []string           `json:"client_id_prefixes_supported"`
	ResponseTypes        []string           `json:"response_types_supported"`
	ResponseModes        []string           `json:"response_modes_supported"`
	SigningAlgorithms    []string           `json:"request_object_signing_alg_values_supported"`
	EncryptionAlgorithms []string           `json:"authorization_encryption_alg_values_supported"`
	Encryptions          []string           `json:"authorization_encryption_enc_values_supported"`
}

// NewWalletMetadata returns the metadata of a wallet that presents the formats.
func NewWalletMetadata(formats map[string]Formats) WalletMetadata {
	m := WalletMetadata{
		Formats: formats, ResponseTypes: []string{ResponseTypeVP}, ResponseModes: []string{ModeDirectPost, ModeDirectPostJWT},
		SigningAlgorithms: []string{"ES256", "ES384", "EdDSA"}, EncryptionAlgorithms: []string{jwe.Algorithm},
		Encryptions: []string{string(jwe.A128GCM), string(jwe.A256GCM)},
	}
	for _, prefix := range []string{PrefixDID, PrefixX509DNS, PrefixX509Hash} {
		m.Prefixes = append(m.Prefixes, strings.TrimSuffix(prefix, ":"))
	}
	return m
}
