// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"slices"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// Bounds of the metadata of a verifier.
const (
	MaxKeys        = 16 // keys to encrypt to
	MaxEncryptions = 16 // names of content encryption algorithms
)

// Metadata is what the verifier says of itself (§5.1). Name is shown only together with what
// the trust framework says.
type Metadata struct {
	Name        string             `json:"client_name,omitempty"`
	Formats     map[string]Formats `json:"vp_formats_supported,omitempty"`
	Keys        KeySet             `json:"jwks,omitzero"`                                     // to encrypt the answer to
	Encryptions []string           `json:"encrypted_response_enc_values_supported,omitempty"` // absent: A128GCM
}

// KeySet is a set of keys as it was received: those that we cannot use among them.
type KeySet struct {
	Keys []strictjson.Value `json:"keys"`
}

// IsZero reports whether there is no set of keys.
func (s KeySet) IsZero() bool { return s.Keys == nil }

// Formats lists the algorithms that the verifier takes for one format (appendix B).
type Formats struct {
	SDJWTAlgorithms  []string `json:"sd-jwt_alg_values,omitempty"`
	KBAlgorithms     []string `json:"kb-jwt_alg_values,omitempty"`
	Algorithms       []string `json:"alg_values,omitempty"`
	ProofTypes       []string `json:"proof_type_values,omitempty"`
	Cryptosuites     []string `json:"cryptosuite_values,omitempty"`
	IssuerAlgorithms []int    `json:"issuerauth_alg_values,omitempty"` // of mso_mdoc
	DeviceAlgorithms []int    `json:"deviceauth_alg_values,omitempty"` // of mso_mdoc
}

// EncryptTo adds the public half of with to the keys, and says that every algorithm of enc will do.
func (m *Metadata) EncryptTo(with *jwe.Private, enc ...jwe.Encryption) {
	m.Keys.Keys = append(m.Keys.Keys, strictjson.Value(with.Public().JWK()))
	for _, e := range enc {
		m.Encryptions = append(m.Encryptions, string(e))
	}
}

func (m *Metadata) check() error {
	if len(m.Keys.Keys) > MaxKeys || len(m.Encryptions) > MaxEncryptions {
		return invalid("client_metadata has too many keys or algorithms")
	}
	return nil
}

// recipient returns the first key that can be encrypted to, and how (§8.3). Keys of another kind, curve,
// algorithm or use, and those that lack alg or kid, are passed over.
func (m *Metadata) recipient() (jwe.Recipient, jwe.Encryption, error) {
	enc, err := m.encryption()
	if err != nil {
		return jwe.Recipient{}, "", err
	}
	for _, raw := range m.Keys.Keys {
		var named struct {
			Algorithm string `json:"alg"`
			KeyID     string `json:"kid"`
		}
		if strictjson.Unmarshal(raw, &named) != nil || named.Algorithm != jwe.Algorithm || named.KeyID == "" {
			continue
		}
		if to, err := jwe.ReadRecipient(raw); err == nil {
			return to, enc, nil
		}
	}
	return jwe.Recipient{}, "", invalid("the service wants an encrypted answer, and gives no key that can be used")
}

// encryption returns the strongest algorithm that both know.
func (m *Metadata) encryption() (jwe.Encryption, error) {
	switch {
	case slices.Contains(m.Encryptions, string(jwe.A256GCM)):
		return jwe.A256GCM, nil
	case len(m.Encryptions) == 0, slices.Contains(m.Encryptions, string(jwe.A128GCM)):
		return jwe.A128GCM, nil
	}
	return "", invalid("the service wants an answer encrypted as this wallet cannot")
}
