// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/registry"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"behalf-issuer": main})
}

// TestScripts runs the command against a registry of its own, whose framework accredits the issuer
// that the script makes. The script finds in its environment: ORIGIN and LISTEN, REGISTRY,
// REGISTRY_KEY, PRIVATE (the registry's host and port), and in its folder ca.pem, tls.pem, tls.key.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			cert, pool, err := certify(env.WorkDir)
			if err != nil {
				return err
			}
			listen, err := freeAddress()
			if err != nil {
				return err
			}
			_, port, _ := net.SplitHostPort(listen)
			origin := "https://localhost:" + port
			url, pinned, err := serveRegistry(env, cert, origin)
			env.Setenv("ORIGIN", origin)
			env.Setenv("LISTEN", listen)
			env.Setenv("REGISTRY", url)
			env.Setenv("REGISTRY_KEY", pinned)
			env.Setenv("PRIVATE", strings.TrimPrefix(url, "https://"))
			env.Values["pool"] = pool
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "await": await, "append": appendTo, "capture": capture},
	})
}

// exits runs a command that must end with exactly this code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v ended with %d, want %d", args[1:], got, want)
	}
}

// await waits until an address answers with 200.
func await(ts *testscript.TestScript, _ bool, args []string) {
	pool, _ := ts.Value("pool").(*x509.CertPool)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}, Timeout: time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		if res, err := client.Get(args[0]); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		<-tick.C
	}
	ts.Fatalf("%s does not answer", args[0])
}

// appendTo appends a file to another, with $NAME replaced from the environment.
func appendTo(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[1]), ts.Getenv)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString(text)
	ts.Check(errors.Join(err, f.Close()))
}

// capture sets a variable to the first group of a pattern in what was printed.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("%s is not in the output", args[1])
	}
	ts.Setenv(args[0], found[1])
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// certify makes a certificate for localhost that is its own authority.
func certify(dir string) (tls.Certificate, *x509.CertPool, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "behalf test"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	sec1, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})
	for name, data := range map[string][]byte{"ca.pem": cert, "tls.pem": cert, "tls.key": keyPEM} {
		if err := os.WriteFile(dir+"/"+name, data, 0o600); err != nil {
			return tls.Certificate{}, nil, err
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	pair, err := tls.X509KeyPair(cert, keyPEM)
	return pair, pool, err
}

// serveRegistry serves a registry whose framework accredits the issuer at origin, and returns its
// address and the key to pin.
func serveRegistry(env *testscript.Env, cert tls.Certificate, origin string) (string, string, error) {
	private, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		return "", "", err
	}
	by, err := didkey.Signer(private)
	if err != nil {
		return "", "", err
	}
	s, err := memory.New(memory.Config{Now: time.Now})
	if err != nil {
		return "", "", err
	}
	r, err := registry.New(registry.Config{Store: s, Signer: by, Now: time.Now})
	if err != nil {
		return "", "", err
	}
	if _, err := r.Apply(context.Background(), framework(by.Method.DID(), origin)); err != nil {
		return "", "", err
	}
	token, err := web.NewSecret("not-used")
	if err != nil {
		return "", "", err
	}
	handler, err := registry.Handler(r, registry.HTTPConfig{AdminToken: token})
	if err != nil {
		return "", "", err
	}
	served := httptest.NewUnstartedServer(handler)
	served.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	served.StartTLS()
	env.Defer(served.Close)
	_, port, err := net.SplitHostPort(served.Listener.Addr().String())
	return "https://localhost:" + port, by.Method.DID().String(), err
}

func framework(operator did.DID, origin string) *trustframework.Framework {
	id := "did:web:localhost%3A" + strings.TrimPrefix(origin, "https://localhost:")
	now := time.Now().UTC().Truncate(time.Second)
	return &trustframework.Framework{
		ID: "https://framework.example.org", MaxAgeSeconds: 3600, Anchors: []string{operator.String()},
		Limits:        trustframework.Limits{MaxChainLinks: 3, MaxAccreditationPath: 4},
		Relationships: map[string]trustframework.Relationship{"adult-to-adult": {LegalBases: []string{"consent"}, MaxRedelegation: 1, MaxValidityDays: 730}},
		Accreditations: []trustframework.Accreditation{{
			ID: "acc-1", Issuer: id, AccreditedBy: operator.String(), Status: trustframework.Active,
			From: now.Add(-time.Hour), Until: now.AddDate(3, 0, 0), Types: []string{credential.TypeDelegation},
			Relationships: []string{"adult-to-adult"}, LegalBases: []string{"consent"}, Resources: []string{"appointments"},
		}},
		Parties: map[string]trustframework.Party{id: {Name: "Larkhill Road Surgery", DIDHosts: []string{strings.TrimPrefix(origin, "https://")}, StatusHosts: []string{origin}}},
	}
}
