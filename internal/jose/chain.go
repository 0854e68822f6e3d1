// SPDX-License-Identifier: Apache-2.0

package jose

import (
	"bytes"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Leaf is the certificate of a signer whose path was checked. Only OpenChain makes one.
type Leaf struct {
	Certificate *x509.Certificate
	Key         key.Public // the certificate's
}

// OpenChain returns the first certificate of x5c, as received, if the path from it leads in the
// order of x5c to one of anchors, every certificate is good at the instant at, and the first is one of
// a signer (RFC 5280 §6). Whose it is, Names says.
//
// A path to none of anchors, a self-signed look-alike among them, is x509.untrusted_root. The rest
// is x509.chain_invalid: time, CA flag, path length, name constraints, order, a certificate too
// many, the anchor itself in x5c, a key or signature outside the allow-list.
func OpenChain(x5c []byte, anchors []*x509.Certificate, at time.Time) (Leaf, error) {
	chain, err := readChain(x5c)
	if err != nil {
		return Leaf{}, err
	}
	leaf := chain[0]
	paths, err := leaf.Verify(x509.VerifyOptions{
		Roots: poolOf(anchors), Intermediates: poolOf(chain[1:]), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) && !endsAt(chain[len(chain)-1], anchors) {
		return Leaf{}, reason.Wrap(reason.X509UntrustedRoot, "", err)
	}
	if err != nil {
		return Leaf{}, badChain("a certificate is not good", err)
	}
	if !slices.ContainsFunc(paths, func(p []*x509.Certificate) bool { return inOrder(p, chain) }) {
		return Leaf{}, badChain("x5c is not the path to the anchor", nil)
	}
	if leaf.IsCA || leaf.KeyUsage != 0 && leaf.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return Leaf{}, badChain("the first certificate is not one of a signer", nil)
	}
	k, err := key.New(leaf.PublicKey)
	if err != nil {
		return Leaf{}, badChain("a key outside the allow-list", err)
	}
	return Leaf{leaf, k}, nil
}

// Names reports whether the subject alternative names of l hold issuer, octet by octet: as a URI, or
// as a DNS name that is the host of an https issuer (SD-JWT VC, "x5c").
func (l Leaf) Names(issuer string) bool {
	if l.Certificate == nil {
		return false
	}
	if slices.ContainsFunc(l.Certificate.URIs, func(u *url.URL) bool { return u.String() == issuer }) {
		return true
	}
	host, ok := strings.CutPrefix(issuer, "https://")
	host, _, _ = strings.Cut(host, "/")
	return ok && host != "" && slices.Contains(l.Certificate.DNSNames, host)
}

// readChain parses x5c and holds every key in it to the allow-list, so that only signatures of the
// allow-list are computed.
func readChain(x5c []byte) ([]*x509.Certificate, error) {
	if len(x5c) == 0 {
		return nil, badChain("the issuer signs with certificates, and there are none", nil)
	}
	ders, err := ReadX5C(x5c)
	if err != nil {
		return nil, err
	}
	chain := make([]*x509.Certificate, 0, len(ders))
	for _, der := range ders {
		c, err := parseCertificate(der)
		if err != nil {
			return nil, badChain("not a certificate of the allow-list", err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// parseCertificate parses der and refuses a key that is not of P-256, P-384 or Ed25519.
func parseCertificate(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if _, err := key.New(c.PublicKey); err != nil {
		return nil, err
	}
	return c, nil
}

// endsAt reports whether one of anchors signed last. If so, what the library found no way through
// is broken below the anchor.
func endsAt(last *x509.Certificate, anchors []*x509.Certificate) bool {
	return slices.ContainsFunc(anchors, func(a *x509.Certificate) bool {
		return bytes.Equal(a.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(a) == nil
	})
}

func poolOf(list []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range list {
		pool.AddCert(c)
	}
	return pool
}

// inOrder reports whether path is chain and one anchor behind it.
func inOrder(path, chain []*x509.Certificate) bool {
	if len(path) != len(chain)+1 {
		return false
	}
	for i, c := range chain {
		if !bytes.Equal(path[i].Raw, c.Raw) {
			return false
		}
	}
	return true
}

func badChain(detail string, err error) error {
	return reason.Wrap(reason.X509ChainInvalid, detail, err)
}
