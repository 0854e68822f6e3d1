// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"slices"

	"github.com/behalf-id/behalf/internal/strictjson"
)

// FormatInfoJWT is the format of verifier_info that is a signed statement in a JWT (§5.1).
const FormatInfoJWT = "jwt"

// Bounds of verifier_info.
const (
	MaxInfo      = 8        // entries
	maxInfoBytes = 64 << 10 // bytes of one entry
)

// VerifierInfo is what others attest of the verifier (§5.1). It is kept as it was given: who knows
// who may attest, checks it.
type VerifierInfo struct {
	Format      string           `json:"format"`
	Data        strictjson.Value `json:"data"` // a string or an object
	Credentials []string         `json:"credential_ids,omitempty"`
}

// InfoJWT returns the entry for a JWT.
func InfoJWT(token string) (VerifierInfo, error) {
	data, err := strictjson.Marshal(token)
	return VerifierInfo{Format: FormatInfoJWT, Data: data}, err
}

// JWT returns the JWT of an entry of format jwt, and whether it is one.
func (v VerifierInfo) JWT() (string, bool) {
	if v.Format != FormatInfoJWT {
		return "", false
	}
	token, err := strictjson.String(v.Data)
	return token, err == nil
}

func (r *Request) checkInfo() error {
	if len(r.VerifierInfo) > MaxInfo {
		return invalid("verifier_info has too many entries")
	}
	for _, v := range r.VerifierInfo {
		if kind := v.Data.Kind(); v.Format == "" || kind != '"' && kind != '{' || len(v.Data) > maxInfoBytes {
			return invalid("an entry of verifier_info has no format, or no data that can be read")
		}
		if slices.ContainsFunc(v.Credentials, func(id string) bool { return r.Query.Find(id) == nil }) {
			return invalid("verifier_info for a credential that is not asked for")
		}
	}
	return nil
}
