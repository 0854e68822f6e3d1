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
	chain, err := ReadChain(x5c)
	if err != nil {
		return Leaf{}, err
	}
	if err := chain.LeadsTo(anchors, at); err != nil {
		return Leaf{}, err
	}
	if err := chain.Signs(); err != nil {
		return Leaf{}, err
	}
	leaf := chain[0]
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

// Chain is the certificates of an x5c, the first that of who signs: parsed, each with a key of the
// allow-list, and not trusted yet. It has one at least.
type Chain []*x509.Certificate

// ReadChain parses x5c, as received. It holds every key in it to the allow-list, so that only signatures
// of the allow-list are computed; what is none, or another key's, is x509.chain_invalid.
func ReadChain(x5c []byte) (Chain, error) {
	if len(x5c) == 0 {
		return nil, badChain("the issuer signs with certificates, and there are none", nil)
	}
	ders, err := ReadX5C(x5c)
	if err != nil {
		return nil, err
	}
	chain := make(Chain, 0, len(ders))
	for _, der := range ders {
		c, err := parseCertificate(der)
		if err != nil {
			return nil, badChain("not a certificate of the allow-list", err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// LeadsTo refuses a chain that is not, in its order and without the anchor, the path to one of anchors,
// with every certificate good at the instant at (RFC 5280 §6). A path to none of them is
// x509.untrusted_root, the rest x509.chain_invalid.
func (c Chain) LeadsTo(anchors []*x509.Certificate, at time.Time) error {
	paths, err := c[0].Verify(x509.VerifyOptions{
		Roots: poolOf(anchors), Intermediates: poolOf(c[1:]), CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if unknown := (x509.UnknownAuthorityError{}); errors.As(err, &unknown) && !endsAt(c[len(c)-1], anchors) {
		return reason.Wrap(reason.X509UntrustedRoot, "", err)
	}
	if err != nil {
		return badChain("a certificate is not good", err)
	}
	if !slices.ContainsFunc(paths, func(p []*x509.Certificate) bool { return inOrder(p, c) }) {
		return badChain("x5c is not the path to the anchor", nil)
	}
	return nil
}

// Signs refuses a chain whose first certificate is not one of a signer: an authority's, or one for other
// uses. It is x509.chain_invalid.
func (c Chain) Signs() error {
	if c[0].IsCA || c[0].KeyUsage != 0 && c[0].KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return badChain("the first certificate is not one of a signer", nil)
	}
	return nil
}

// AuthorityKeys returns the key identifiers of the authorities on x5c, as received: base64url without
// padding, each once (OpenID4VP 1.0 §6.1.1.1). It believes what stands there. An x5c that cannot be read is
// x509.chain_invalid.
func AuthorityKeys(x5c []byte) ([]string, error) {
	ders, err := ReadX5C(x5c)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, der := range ders {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, badChain("not a certificate", err)
		}
		if id := string(AppendEncode(nil, c.AuthorityKeyId)); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
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
