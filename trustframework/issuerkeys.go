// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// How the keys of an issuer are found. One method per issuer, chosen here and by no message
// (delegation.md §3.2).
const (
	ByDID      = "did"      // the DID document of the issuer, the method where none is given
	ByX5C      = "x5c"      // certificates in the header, on a path to one of the anchors
	ByMetadata = "metadata" // JWT VC issuer metadata below /.well-known/jwt-vc-issuer of an https issuer
)

// Bounds on the anchors of one issuer.
const (
	MaxAnchors        = 8       // certificates
	MaxAnchorDER      = 4 << 10 // bytes of one
	maxHTTPSIssuer    = MaxText // bytes of an issuer that is no DID
	httpsIssuerPrefix = "https://"
)

// IssuerKeys pins how the keys of a party are found. The zero IssuerKeys is ByDID.
type IssuerKeys struct {
	Method  string   `json:"method"`
	Anchors []string `json:"anchors,omitempty"` // with x5c, and only then: certificates of authorities, base64 of DER as in x5c
}

// By returns the method, ByDID for the zero IssuerKeys.
func (k IssuerKeys) By() string {
	if k.Method == "" {
		return ByDID
	}
	return k.Method
}

// Certificates returns the anchors of k, parsed. One that is not the certificate of an authority with a
// key of P-256, P-384 or Ed25519 is x509.chain_invalid, and so are more than MaxAnchors.
func (k IssuerKeys) Certificates() ([]*x509.Certificate, error) {
	if len(k.Anchors) > MaxAnchors {
		return nil, reason.New(reason.X509ChainInvalid, fmt.Sprintf("more than %d anchors", MaxAnchors))
	}
	list := make([]*x509.Certificate, 0, len(k.Anchors))
	for _, text := range k.Anchors {
		c, err := anchor(text)
		if err != nil {
			return nil, reason.Wrap(reason.X509ChainInvalid, "an anchor is not the certificate of an authority", err)
		}
		list = append(list, c)
	}
	return list, nil
}

func anchor(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(der) > MaxAnchorDER || base64.StdEncoding.EncodedLen(len(der)) != len(text) {
		return nil, reason.Wrap(reason.X509ChainInvalid, "not base64 of at most 4 KiB", err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if !c.BasicConstraintsValid || !c.IsCA {
		return nil, reason.New(reason.X509ChainInvalid, "not an authority")
	}
	_, err = key.New(c.PublicKey)
	return c, err
}

// issuerKeys checks how the keys of party id are found.
func (c *checker) issuerKeys(path, id string, k IssuerKeys) {
	isURL := strings.HasPrefix(id, httpsIssuerPrefix)
	c.member(path+".method", k.By(), []string{ByDID, ByX5C, ByMetadata})
	if (k.By() == ByX5C) != (len(k.Anchors) > 0) {
		c.bad(path+".anchors", "are given exactly with the method x5c")
	}
	if k.Method == "" && len(k.Anchors) > 0 {
		c.missing(path + ".method")
	}
	if _, err := k.Certificates(); err != nil {
		c.bad(path+".anchors", "are not certificates of authorities with keys of the allow-list")
	}
	switch {
	case isURL && k.By() == ByDID:
		c.bad(path+".method", "is did, and the issuer has no DID")
	case !isURL && k.By() == ByMetadata:
		c.bad(path+".method", "is metadata, and the issuer has no https address")
	}
}

// issuer checks the identifier of who issues: an organisation's DID, or an https address without
// query and fragment, which must be a party whose keys are pinned.
func (c *checker) issuer(path, s string) {
	if !strings.HasPrefix(s, httpsIssuerPrefix) {
		c.organisation(path, s)
		return
	}
	if !HTTPSIssuer(s) {
		c.bad(path, "is not a plain https address")
		return
	}
	c.distinct("issuer", path, s)
}

// HTTPSIssuer reports whether s can be an issuer that is no DID: an https address of lower-case
// host, without user, query, fragment, blank, dot segment and slash at the end.
func HTTPSIssuer(s string) bool {
	if !strings.HasPrefix(s, httpsIssuerPrefix) || len(s) > maxHTTPSIssuer || !ascii(s) || strings.ContainsAny(s, `%?#@\*"<>`) || strings.HasSuffix(s, "/") {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Host != strings.ToLower(u.Host) || u.Port() == "443" || strings.HasSuffix(u.Hostname(), ".") {
		return false
	}
	for rest := strings.TrimPrefix(u.Path, "/"); rest != ""; {
		var segment string
		segment, rest, _ = strings.Cut(rest, "/")
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return !personNumber(s)
}
