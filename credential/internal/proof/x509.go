// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"crypto/x509"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// ChainKey returns the key of the first certificate of x5c, as received, if jose.OpenChain finds its
// path to one of anchors good at the instant at, with its codes, and the certificate names issuer;
// one that does not is x509.chain_invalid (SD-JWT VC, "x5c").
func ChainKey(x5c []byte, anchors []*x509.Certificate, issuer string, at time.Time) (key.Public, error) {
	leaf, err := jose.OpenChain(x5c, anchors, at)
	if err != nil {
		return key.Public{}, err
	}
	if !leaf.Names(issuer) {
		return key.Public{}, reason.New(reason.X509ChainInvalid, "the certificate is not the issuer's")
	}
	return leaf.Key, nil
}
