// SPDX-License-Identifier: Apache-2.0

package typemeta

import (
	"embed"

	"github.com/behalf-id/behalf/credential"
)

// documents are the types of this project. They are published at their vct as they are here; a byte
// that changes makes another type.
//
//go:embed documents/*.json
var documents embed.FS

// The integrity metadata of our documents, which issuers write as vct#integrity.
const (
	IntegrityDelegation          = "sha256-dWbFfP5gfQcAwdO31aF0XsZ4kCdmwxE5+3kVAHVPl28="
	IntegrityIdentityBinding     = "sha256-7ebqBFAnTt/rYV1Ci8GXo8JA6OI2m0FGCCR8p5Qgz24="
	IntegrityWorkgroupMembership = "sha256-J/col644wLUY+dRU27koqx6WTd265OiyGkuRPzMVDbs="
)

// Own returns the document of one of our types by its vct, a copy, or nil.
func Own(vct string) []byte {
	name := ""
	switch vct {
	case credential.VCTDelegation:
		name = "delegation-1"
	case credential.VCTIdentityBinding:
		name = "identity-binding-1"
	case credential.VCTWorkgroupMembership:
		name = "workgroup-membership-1"
	default:
		return nil
	}
	raw, err := documents.ReadFile("documents/" + name + ".json")
	if err != nil {
		return nil
	}
	return raw
}

// OwnIntegrity returns the integrity metadata of one of our types by its vct, or "".
func OwnIntegrity(vct string) string {
	switch vct {
	case credential.VCTDelegation:
		return IntegrityDelegation
	case credential.VCTIdentityBinding:
		return IntegrityIdentityBinding
	case credential.VCTWorkgroupMembership:
		return IntegrityWorkgroupMembership
	}
	return ""
}

// OwnFits reports whether stated is integrity metadata of our type vct.
func OwnFits(vct, stated string) bool {
	own := OwnIntegrity(vct)
	return own != "" && (stated == own || Fits(Own(vct), stated))
}
