// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// parseChain parses certificates and holds every key in them to the allow-list, so that only
// signatures of the allow-list are computed.
func parseChain(ders [][]byte) ([]*x509.Certificate, error) {
	chain := make([]*x509.Certificate, 0, len(ders))
	for _, der := range ders {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, badChain("not a certificate", err)
		}
		if _, err := key.New(c.PublicKey); err != nil {
			return nil, badChain("a key outside the allow-list", err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// leafOf parses the first of certificates that are to be sent.
func leafOf(ders [][]byte) (*x509.Certificate, error) {
	if len(ders) == 0 || len(ders) > jose.MaxChain {
		return nil, badChain("no certificate, or too many", nil)
	}
	chain, err := parseChain(ders[:1])
	if err != nil {
		return nil, err
	}
	return chain[0], nil
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

// signer refuses a certificate that is not one of somebody who signs requests at the instant at. HAIP
// 1.0 §5 forbids one that vouches for itself, and so do we under every prefix.
func signer(leaf *x509.Certificate, at time.Time) error {
	switch {
	case at.Before(leaf.NotBefore) || at.After(leaf.NotAfter):
		return badChain("the certificate is past its time, or not yet in it", nil)
	case leaf.IsCA || leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return badChain("the first certificate is not one of a signer", nil)
	case bytes.Equal(leaf.RawSubject, leaf.RawIssuer) && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil:
		return badChain("the certificate vouches for itself", nil)
	}
	return nil
}

// vouched refuses a chain that is not, in its order, the path to one of anchors, which is not part of
// it (RFC 5280 §6; HAIP 1.0 §5). A path to none of them is x509.untrusted_root.
func vouched(chain, anchors []*x509.Certificate, at time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, a := range anchors {
		if slices.ContainsFunc(chain, a.Equal) {
			return badChain("the anchor is part of x5c", nil)
		}
		roots.AddCert(a)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	paths, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) {
		return reason.Wrap(reason.X509UntrustedRoot, "nobody known vouches for the service", err)
	}
	if err != nil {
		return badChain("a certificate is not good", err)
	}
	if !slices.ContainsFunc(paths, func(p []*x509.Certificate) bool {
		return len(p) == len(chain)+1 && slices.EqualFunc(p[:len(chain)], chain, (*x509.Certificate).Equal)
	}) {
		return badChain("x5c is not the path to the anchor", nil)
	}
	return nil
}

func badChain(detail string, err error) error {
	return reason.Wrap(reason.X509ChainInvalid, detail, err)
}
