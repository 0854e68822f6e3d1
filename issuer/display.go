// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/behalf-id/behalf/openid/dcql"
)

// Texts are words for people in one language. What is left out is not shown in it, but for the name of
// the issuer, which is then Config.Name.
type Texts struct {
	Name        string            // of the issuer
	Credential  string            // what a delegation credential is called
	Description string            // what it is for
	Claims      map[string]string // what its claims are called, by the keys of ClaimKeys
}

// Bounds of what people are shown.
const (
	MaxLocales = 32   // languages
	MaxWords   = 1000 // bytes in one text
	english    = "en-GB"
)

// claimName is a claim of a delegation credential: its key in Texts, where it stands in each family of
// formats, whether it is always there, and its name in English.
type claimName struct {
	key       string
	sdjwt     dcql.Path // into a dc+sd-jwt
	subject   dcql.Path // below credentialSubject of the W3C formats
	mandatory bool
	english   string
}

// claimNames returns the claims that people are told of, in the order in which they are shown.
func claimNames() []claimName {
	in := func(words ...string) (path dcql.Path) {
		for _, w := range words {
			path = append(path, dcql.Member(w))
		}
		return path
	}
	return []claimName{
		{"onBehalfOf", in("on_behalf_of", "id"), in("onBehalfOf", "id"), true, "On behalf of"},
		{"identifier", in("on_behalf_of", "identifier"), in("onBehalfOf", "identifier"), false, "Identifier of the person"},
		{"permission", in("delegation", "permission"), in("delegation", "permission"), true, "What it allows"},
		{"prohibition", in("delegation", "prohibition"), in("delegation", "prohibition"), true, "What it does not allow"},
		{"relationship", in("delegation", "relationship"), in("delegation", "relationship"), true, "Relationship"},
		{"legalBasis", in("delegation", "legal_basis"), in("delegation", "legalBasis"), true, "Legal basis"},
		{"grantedBy", in("delegation", "granted_by"), in("delegation", "grantedBy"), true, "Granted by"},
		{"jurisdiction", in("delegation", "jurisdiction"), in("delegation", "jurisdiction"), true, "Where it holds"},
		{"purpose", in("delegation", "purpose"), in("delegation", "purpose"), true, "Purposes"},
		{"dataController", in("delegation", "data_controller"), in("delegation", "dataController"), true, "Services"},
		{"reviewBy", in("delegation", "review_by"), in("delegation", "reviewBy"), false, "To be reviewed by"},
		{"redelegation", in("delegation", "redelegation"), in("delegation", "redelegation"), true, "Whether it may be passed on"},
		{"identityAssurance", in("delegation", "identity_assurance"), in("delegation", "identityAssurance"), false, "How identities were checked"},
	}
}

// ClaimKeys returns the keys of Texts.Claims.
func ClaimKeys() []string {
	var out []string
	for _, c := range claimNames() {
		out = append(out, c.key)
	}
	return out
}

// englishTexts are shown where the operator wrote none in English.
func englishTexts() Texts {
	t := Texts{
		Credential:  "Permission to act for someone",
		Description: "Shows that you may do the named things for another person.",
		Claims:      map[string]string{},
	}
	for _, c := range claimNames() {
		t.Claims[c.key] = c.english
	}
	return t
}

// localised is Texts with the language they are in.
type localised struct {
	locale string
	Texts
}

// texts returns the words for people in every language, English first where the operator wrote
// nothing else for it, in an order that does not change.
func (c Config) texts() []localised {
	first := localised{english, englishTexts()}
	if own, there := c.Display[english]; there {
		first.Texts = own.over(first.Texts)
	}
	first.Name = c.Name
	if own := c.Display[english].Name; own != "" {
		first.Name = own
	}
	out := []localised{first}
	for _, locale := range slices.Sorted(maps.Keys(c.Display)) {
		if locale == english {
			continue
		}
		one := localised{locale, c.Display[locale]}
		if one.Name == "" {
			one.Name = c.Name
		}
		out = append(out, one)
	}
	return out
}

// over returns t with the words of other where t has none.
func (t Texts) over(other Texts) Texts {
	out := other
	out.Claims = maps.Clone(other.Claims)
	if t.Credential != "" {
		out.Credential = t.Credential
	}
	if t.Description != "" {
		out.Description = t.Description
	}
	maps.Copy(out.Claims, t.Claims)
	return out
}

func (c Config) checkDisplay() error {
	if len(c.Display) > MaxLocales {
		return errors.New("config: Display has too many languages")
	}
	known := ClaimKeys()
	for locale, t := range c.Display {
		if !isLocale(locale) {
			return fmt.Errorf("config: Display: %.40q is not a language such as cy-GB", locale)
		}
		if max(len(t.Name), len(t.Credential), len(t.Description)) > MaxWords {
			return fmt.Errorf("config: Display %s: a text is too long", locale)
		}
		for key, name := range t.Claims {
			if !slices.Contains(known, key) || name == "" || len(name) > MaxWords {
				return fmt.Errorf("config: Display %s: claim %.40q is not known, or its name empty or too long", locale, key)
			}
		}
	}
	return nil
}

// isLocale reports whether s looks like a language tag: letters and digits in groups of at most eight,
// the first a language (RFC 5646 §2.1).
func isLocale(s string) bool {
	group := 0
	for k := range len(s) {
		switch b := s[k]; {
		case b == '-' && group > 0:
			group = 0
			continue
		case (b|0x20) >= 'a' && (b|0x20) <= 'z', b >= '0' && b <= '9' && k > group:
		default:
			return false
		}
		if group++; group > 8 {
			return false
		}
	}
	return group > 0 && len(s) >= 2 && len(s) <= 35
}
