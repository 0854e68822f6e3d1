// SPDX-License-Identifier: Apache-2.0

// Package bench measures the built programs from outside, as an operator would see them.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
)

// BenchmarkGatewayStart starts the built gateway and the empty server in turns and measures from
// before the process exists to the first answer over TLS. It reports the medians.
func BenchmarkGatewayStart(b *testing.B) {
	p := prepare(b)
	p.start(b, p.gateway) // makes the store, and warms the file cache for both
	p.start(b, p.empty)
	var gateway, empty []float64
	var memory string
	for b.Loop() {
		took, resident := p.start(b, p.gateway)
		gateway, memory = append(gateway, took), resident
		took, _ = p.start(b, p.empty)
		empty = append(empty, took)
	}
	b.ReportMetric(median(gateway), "gateway-ms")
	b.ReportMetric(median(empty), "empty-ms")
	b.ReportMetric(median(gateway)-median(empty), "difference-ms")
	if kib, err := strconv.ParseFloat(memory, 64); err == nil {
		b.ReportMetric(kib/1024, "gateway-MiB")
	}
}

func median(ms []float64) float64 {
	slices.Sort(ms)
	return ms[len(ms)/2]
}

// programs is the two programs with their arguments, and a client that trusts them.
type programs struct {
	gateway, empty []string
	client         *http.Client
}

func prepare(b *testing.B) programs {
	b.Helper()
	dir := b.TempDir()
	b.Setenv("CGO_ENABLED", "0")
	run(b, "go", "build", "-buildvcs=false", "-o", dir, "../../cmd/behalf-gateway", "./empty")
	cert, secret := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := certify(b, cert, secret)
	house, site := filepath.Join(dir, "gateway"), filepath.Join(dir, "behalf-gateway")
	run(b, site, "init", "--dir", house, "--origin", "https://gateway.example.org", "--name", "Start", "--listen", "127.0.0.1:0",
		"--registry", "https://localhost:1", "--registry-key", registryKey(b))
	config := filepath.Join(house, "gateway.yaml")
	text, err := os.ReadFile(config)
	must(b, err)
	must(b, os.WriteFile(config, append(text, "tls: {cert: "+strconv.Quote(cert)+", key: "+strconv.Quote(secret)+"}\n"...), 0o600))
	return programs{
		gateway: []string{site, "serve", "--config", config},
		empty:   []string{filepath.Join(dir, "empty"), cert, secret},
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true,
		}},
	}
}

// start runs one program until its first answer, and returns the milliseconds it took and the
// resident KiB by then, "" where the system does not tell.
func (p programs) start(b *testing.B, command []string) (ms float64, resident string) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	must(b, err)
	began := time.Now()
	must(b, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		b.Fatal(err, complaints.String())
	}
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	if address == "" {
		b.Fatalf("no loopback address in %q", line)
	}
	answer, err := p.client.Get("https://" + address + "/healthz")
	must(b, err)
	_, err = io.Copy(io.Discard, answer.Body)
	must(b, err)
	took := time.Since(began)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		b.Fatal(answer.Status)
	}
	resident = residentOf(cmd.Process.Pid)
	must(b, cmd.Process.Kill())
	_ = cmd.Wait()
	return float64(took) / float64(time.Millisecond), resident
}

func residentOf(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return ""
	}
	return fields[0]
}

// certify writes a certificate for the loopback and its key, and returns who trusts it.
func certify(b *testing.B, cert, secret string) *x509.CertPool {
	b.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	must(b, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	must(b, err)
	must(b, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(b, os.WriteFile(secret, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600))
	parsed, err := x509.ParseCertificate(der)
	must(b, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

func registryKey(b *testing.B) string {
	b.Helper()
	k, err := key.Generate(key.ES256, rand.Reader)
	must(b, err)
	s, err := didkey.Signer(k)
	must(b, err)
	return s.Method.DID().String()
}

func run(b *testing.B, name string, arguments ...string) {
	b.Helper()
	if out, err := exec.CommandContext(b.Context(), name, arguments...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v: %s", name, err, out)
	}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
