// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"strings"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/dcql"
)

// maxHeader is the bytes that the header of a credential may have, encoded: six certificates fit.
const maxHeader = 64 << 10

// WithAuthorities returns c with the key identifiers of the authorities on the certificate chain of
// secured, from which c was made: what the query's trusted_authorities of type aki are held against
// (§6.1.1.1). It believes what stands there; who signed is checked elsewhere. A credential without x5c, and
// one that cannot be read, has none.
func WithAuthorities(c dcql.Candidate, secured string) dcql.Candidate {
	header, _, ok := strings.Cut(secured, ".")
	if !ok || len(header) > maxHeader {
		return c
	}
	raw, err := jose.AppendDecode(nil, []byte(header))
	if err != nil {
		return c
	}
	var h struct {
		X5C strictjson.Value `json:"x5c"`
	}
	if strictjson.Unmarshal(raw, &h) != nil || h.X5C == nil {
		return c
	}
	if found, err := jose.AuthorityKeys(h.X5C); err == nil {
		c.AuthorityKeys = found
	}
	return c
}
