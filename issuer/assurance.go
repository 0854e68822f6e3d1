// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/behalf-id/behalf/credential/sdjwt"
)

// checkAssurance refuses what is demanded of wallets, or promised to verifiers, and could not be kept.
func (c Config) checkAssurance() error {
	haip := c.Profile == HAIP
	switch {
	case c.Profile != "" && !haip:
		return fmt.Errorf("config: Profile %.20q is not known", string(c.Profile))
	case c.KeyAttestations != nil && c.Providers == nil:
		return errors.New("config: KeyAttestations are demanded, and there are no Providers")
	case haip && (c.SignIn == nil || c.Providers == nil || len(c.Certificates) == 0):
		return errors.New("config: HAIP needs SignIn, Providers and Certificates")
	case haip && (len(c.Formats) != 1 || c.Formats[0].Name() != sdjwt.Name):
		return errors.New("config: HAIP has the format dc+sd-jwt alone")
	}
	for k, der := range c.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("config: Certificates: %d is none", k+1)
		}
		if bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			return fmt.Errorf("config: Certificates: %d signed itself; an anchor has its place in the trust framework", k+1)
		}
		if pub, ok := cert.PublicKey.(*ecdsa.PublicKey); haip && k == 0 && (!ok || pub.Curve != elliptic.P256()) {
			return errors.New("config: HAIP signs with ES256, and the first of Certificates is for another key")
		}
	}
	return nil
}
