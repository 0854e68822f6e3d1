// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"path/filepath"
	"time"

	"github.com/behalf-id/behalf/internal/sealed"
)

// certificateLife is how long the server's certificate holds. It is made anew at each start.
const certificateLife = 90 * 24 * time.Hour

// Certificate writes a self-signed certificate for localhost, the loopback addresses and host, with its
// key, into dir, and returns the paths. It stands for nobody outside this machine.
func Certificate(dir, host string, now time.Time) (cert, private string, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Behalf sandbox vc-api"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, // so that it can be its own anchor
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return "", "", err
	}
	cert, private = filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key")
	return cert, private, errors.Join(writePEM(cert, "CERTIFICATE", raw), writePEM(private, "EC PRIVATE KEY", der))
}

func writePEM(path, name string, der []byte) error {
	return sealed.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}))
}
