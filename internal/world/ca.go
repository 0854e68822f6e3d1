// SPDX-License-Identifier: Apache-2.0

package world

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/behalf-id/behalf/internal/sealed"
)

// certificateLife is how long a sandbox's certificates hold. They are made anew after that.
const certificateLife = 90 * 24 * time.Hour

// authority is the sandbox's own certificate authority. It stands for nobody outside this machine.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

// CA returns the path of the authority's certificate below a sandbox's folder.
func CA(dir string) string { return filepath.Join(dir, "ca.pem") }

// openAuthority reads the authority of the sandbox in dir, or makes one that has not expired at now.
func openAuthority(dir string, now time.Time) (*authority, error) {
	a := &authority{dir: dir}
	cert, errCert := readPEM(CA(dir), "CERTIFICATE")
	private, errKey := readPEM(a.path("ca.key"), "EC PRIVATE KEY")
	if errors.Is(errCert, fs.ErrNotExist) || errors.Is(errKey, fs.ErrNotExist) {
		return a, a.create(now)
	}
	if err := errors.Join(errCert, errKey); err != nil {
		return nil, err
	}
	var err error
	if a.cert, err = x509.ParseCertificate(cert); err != nil {
		return nil, fmt.Errorf("world: %s: %w", CA(dir), err)
	}
	if a.key, err = x509.ParseECPrivateKey(private); err != nil {
		return nil, fmt.Errorf("world: %s: %w", a.path("ca.key"), err)
	}
	if now.After(a.cert.NotAfter) {
		return a, a.create(now)
	}
	return a, nil
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) create(now time.Time) error {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := newSerial()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Behalf sandbox CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		return err
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		return err
	}
	a.key = k
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(CA(a.dir), "CERTIFICATE", raw), writePEM(a.path("ca.key"), "EC PRIVATE KEY", private))
}

// issue writes a certificate for localhost and host, with its key, into the folder of a role, and
// returns the paths. It is made anew at each start.
func (a *authority) issue(role, host string, now time.Time) (cert, private string, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := newSerial()
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Behalf sandbox " + role},
		NotBefore: now.Add(-time.Hour), NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, k.Public(), a.key)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return "", "", err
	}
	cert, private = a.path(role+"/tls.pem"), a.path(role+"/tls.key")
	return cert, private, errors.Join(writePEM(cert, "CERTIFICATE", raw), writePEM(private, "EC PRIVATE KEY", der))
}

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
}

func writePEM(path, kind string, der []byte) error {
	return sealed.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func readPEM(path, kind string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("world: %s holds no %s", path, kind)
	}
	return block.Bytes, nil
}
