// SPDX-License-Identifier: Apache-2.0

// Package commandtest is what the tests of commands share: programs in this process, test scripts, and
// certificates for servers on this machine.
package commandtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command"
)

// Run is a command's own run function.
type Run func(ctx context.Context, args []string, p *command.Program) int

// Program is one command, as a test runs it in its own process.
type Program struct {
	Name string
	Run  Run
	Now  func() time.Time
}

// Call runs the command with args and wants it to end with code. It returns what was printed.
func (p Program) Call(t testing.TB, code int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if got := p.Run(t.Context(), append([]string{p.Name}, args...), &command.Program{
		Name: p.Name, In: strings.NewReader(""), Out: &o, Err: &e, Now: p.Now, Random: rand.Reader,
	}); got != code {
		t.Fatalf("%v ended with %d: %s", args, got, e.String())
	}
	return o.String(), e.String()
}

// Serving is a command that runs until it is stopped.
type Serving struct {
	First string // the first line that it wrote

	t    testing.TB
	log  *sink
	stop context.CancelFunc
	done chan int
}

// Serve runs the command with args until Stop, and returns once it has written its first line.
func (p Program) Serve(t testing.TB, args ...string) *Serving {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &Serving{t: t, log: &sink{}, stop: stop, done: make(chan int, 1)}
	out := &sink{line: make(chan string, 1)}
	go func() {
		s.done <- p.Run(ctx, append([]string{p.Name}, args...), &command.Program{
			Name: p.Name, In: strings.NewReader(""), Out: out, Err: s.log, Now: p.Now, Random: rand.Reader,
		})
	}()
	select {
	case s.First = <-out.line:
	case code := <-s.done:
		t.Fatalf("%v ended with %d: %s", args, code, s.log.text())
	}
	return s
}

// Stop interrupts the command, wants it to end as done, and returns its log.
func (s *Serving) Stop() string {
	s.t.Helper()
	s.stop()
	if code := <-s.done; code != command.Done {
		s.t.Errorf("the server ended with %d: %s", code, s.log.text())
	}
	return s.log.text()
}

// sink keeps what is written, and gives away the first line if it is asked for.
type sink struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	line chan string
}

// Write implements io.Writer.
func (w *sink) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := bytes.Contains(w.buf.Bytes(), []byte("\n"))
	w.buf.Write(p)
	if line, _, ok := strings.Cut(w.buf.String(), "\n"); ok && !before && w.line != nil {
		w.line <- line
	}
	return len(p), nil
}

func (w *sink) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// Certificate is a server's certificate for localhost and 127.0.0.1 that is its own authority, valid
// for an hour around the time it was made at.
type Certificate struct {
	Cert, Key string // files, PEM
	Pair      tls.Certificate
	Pool      *x509.CertPool
}

// Certify makes a certificate at now, as the files tls.pem and tls.key in dir.
func Certify(dir string, now time.Time) (c Certificate, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	own, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return c, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "behalf test"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return c, err
	}
	cert, secret := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: own})
	c.Cert, c.Key, c.Pool = filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key"), x509.NewCertPool()
	c.Pool.AppendCertsFromPEM(cert)
	for path, text := range map[string][]byte{c.Cert: cert, c.Key: secret} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return c, err
		}
	}
	c.Pair, err = tls.X509KeyPair(cert, secret)
	return c, err
}
