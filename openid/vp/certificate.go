// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/reason"
)

// leafOf parses the first of certificates that are to be sent.
func leafOf(ders [][]byte) (*x509.Certificate, error) {
	if len(ders) == 0 || len(ders) > jose.MaxChain {
		return nil, badChain("no certificate, or too many", nil)
	}
	leaf, err := x509.ParseCertificate(ders[0])
	if err != nil {
		return nil, badChain("not a certificate", err)
	}
	return leaf, nil
}

// certified refuses a client that is not the subject of leaf (§5.9.3): its SHA-256, or a DNS name of it,
// octet by octet and without wildcards.
func (c Client) certified(leaf *x509.Certificate) error {
	switch {
	case c.Prefix == PrefixX509Hash && ClientX509Hash(leaf.Raw) == c.Prefix+c.Value:
	case c.Prefix == PrefixX509DNS && slices.Contains(leaf.DNSNames, c.Value):
	default:
		return badClient("the certificate is not the client's", nil)
	}
	return nil
}

// signer refuses a chain that is not one of somebody who signs requests at the instant at. HAIP 1.0 §5
// forbids a certificate that vouches for itself, and so do we under every prefix.
func signer(chain jose.Chain, at time.Time) error {
	switch leaf := chain[0]; {
	case at.Before(leaf.NotBefore) || at.After(leaf.NotAfter):
		return badChain("the certificate is past its time, or not yet in it", nil)
	case leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil: // whatever it calls its issuer
		return badChain("the certificate vouches for itself", nil)
	}
	return chain.Signs()
}

func badChain(detail string, err error) error {
	return reason.Wrap(reason.X509ChainInvalid, detail, err)
}
