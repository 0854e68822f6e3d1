// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
)

// Configuration describes one kind of credential that is issued (§12.2.4). Of one in a format that
// is not known here only Format and Other are set.
type Configuration struct {
	Format            string                 `json:"format"`
	VCT               string                 `json:"vct,omitempty"`
	Definition        *Definition            `json:"credential_definition,omitempty"`
	Scope             string                 `json:"scope,omitempty"`
	BindingMethods    []string               `json:"cryptographic_binding_methods_supported,omitempty"`
	SigningAlgorithms []string               `json:"credential_signing_alg_values_supported,omitempty"`
	ProofTypes        map[string]ProofType   `json:"proof_types_supported,omitempty"`
	Metadata          *ConfigurationMetadata `json:"credential_metadata,omitempty"`
	Other             strictjson.Value       `json:"-"` // all of it, as received
}

// Definition names W3C credential types.
type Definition struct {
	Context []string `json:"@context,omitempty"`
	Type    []string `json:"type"`
}

// ProofType says what one type of key proof must be like.
type ProofType struct {
	Algorithms  []string              `json:"proof_signing_alg_values_supported"`
	Attestation *RequiredAttestations `json:"key_attestations_required,omitzero"` // {}: any attestation will do
}

// RequiredAttestations says that keys must be attested, and at which of these levels (appendix D).
// Empty, they must be attested at any.
type RequiredAttestations struct {
	Storage        []string `json:"key_storage,omitempty"`
	Authentication []string `json:"user_authentication,omitempty"`
}

// ConfigurationMetadata holds words for people.
type ConfigurationMetadata struct {
	Display []Display `json:"display,omitempty"`
	Claims  []Claim   `json:"claims,omitempty"`
}

// Display is a name for people, and how it looks, in one language (§12.2.4). An issuer has Name,
// Locale and Logo, a claim Name and Locale. Images are never fetched.
type Display struct {
	Name            string `json:"name,omitempty"`
	Locale          string `json:"locale,omitempty"` // BCP 47
	Logo            *Image `json:"logo,omitempty"`
	Description     string `json:"description,omitempty"`
	BackgroundColor string `json:"background_color,omitempty"`
	BackgroundImage *Image `json:"background_image,omitempty"`
	TextColor       string `json:"text_color,omitempty"`
}

// Image points to one.
type Image struct {
	URI     string `json:"uri"`
	AltText string `json:"alt_text,omitempty"`
}

// Claim describes a claim of a credential, or asks for one (appendices B.2 and C).
type Claim struct {
	Path      dcql.Path `json:"path"`
	Mandatory bool      `json:"mandatory,omitzero"`
	Display   []Display `json:"display,omitempty"`
}

// wireConfiguration has the members without the methods.
type wireConfiguration Configuration

// MarshalJSON writes c, or c.Other where that is set.
func (c Configuration) MarshalJSON() ([]byte, error) {
	if c.Other != nil {
		return c.Other, nil
	}
	return strictjson.Marshal(wireConfiguration(c))
}

// UnmarshalJSON reads c. Of a format that is not known here nothing but the format is looked at: its
// members may have other types.
func (c *Configuration) UnmarshalJSON(raw []byte) error {
	var said struct {
		Format string `json:"format"`
	}
	if err := strictjson.Unmarshal(raw, &said); err != nil {
		return err
	}
	switch said.Format {
	case "dc+sd-jwt", "jwt_vc_json", "ldp_vc":
		return strictjson.Unmarshal(raw, (*wireConfiguration)(c))
	}
	*c = Configuration{Format: said.Format, Other: append(strictjson.Value(nil), raw...)}
	return nil
}

func (c Configuration) check() error {
	switch {
	case c.Format == "":
		return bad("format is missing")
	case c.Other != nil:
		return nil
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
	return c.Metadata.check()
}

func (m *ConfigurationMetadata) check() error {
	if m == nil {
		return nil
	}
	if len(m.Display) > MaxDisplays || len(m.Claims) > MaxClaims {
		return bad("too many languages or claims")
	}
	return checkClaims(m.Claims)
}

// checkClaims refuses empty and repeated paths, and a path that goes on below itself by name where
// another one has items (appendix C).
func checkClaims(claims []Claim) error {
	seen := map[string]bool{}
	for _, c := range claims {
		path, err := strictjson.Marshal(c.Path)
		if err != nil || len(c.Path) == 0 || seen[string(path)] || len(c.Display) > MaxDisplays {
			return bad("a claim has no path, or the path of another")
		}
		seen[string(path)] = true
	}
	return contradict(claims)
}

// contradict refuses two paths of which one goes on by a name where the other goes on by an item: no
// value is an object and an array.
func contradict(claims []Claim) error {
	byName := map[string]bool{}
	for _, c := range claims {
		for i, step := range c.Path {
			before, err := strictjson.Marshal(c.Path[:i])
			if err != nil {
				return bad("a path that cannot be written")
			}
			_, name := step.Name()
			if was, ok := byName[string(before)]; ok && was != name {
				return bad("two paths of claims contradict one another")
			}
			byName[string(before)] = name
		}
	}
	return nil
}
