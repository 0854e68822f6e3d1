// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/internal/command"
)

// runVCAPI runs vc-api until do is done, and returns its exit code.
func runVCAPI(t *testing.T, args []string, do func(vcAPIReady)) int {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"behalf-sandbox", "vc-api", "--quiet"}, args...), &command.Program{
			Name: "behalf-sandbox", In: strings.NewReader(""), Out: in, Err: t.Output(), Now: time.Now, Random: rand.Reader,
		})
		_ = in.Close()
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var r vcAPIReady
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err != nil {
		stop()
		t.Fatalf("%q: %v; ended with %d", line, err, <-code)
	}
	do(r)
	stop()
	return <-code
}

// TestVCAPI runs the server as a person does, and finds the same issuers again.
func TestVCAPI(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	listed := behalf(t, "vc-api", "--dir", dir, "--list")
	var dids map[string]string
	if err := json.Unmarshal([]byte(listed.out), &dids); err != nil || listed.code != command.Done || !oneLine(listed.out) || len(dids) != 8 {
		t.Fatalf("%+v: %v", listed, err)
	}
	code := runVCAPI(t, []string{"--dir", dir, "--listen", "127.0.0.1:0", "--tls"}, func(r vcAPIReady) {
		if diff := cmp.Diff(dids, r.Issuers); diff != "" || !strings.HasPrefix(r.URL, "https://127.0.0.1:") || !filepath.IsAbs(r.CA) {
			t.Errorf("%+v %s", r, diff)
		}
		pem, err := os.ReadFile(r.CA)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		body := `{"credential":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"` + dids["eddsa-jcs-2022"] + `","credentialSubject":{"id":"did:example:a"}}}`
		res, err := client.Post(r.URL+"/issuers/eddsa-jcs-2022/credentials/issue", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			t.Errorf("issue: %d", res.StatusCode)
		}
	})
	if code != command.Done {
		t.Errorf("interrupted, it ends with %d", code)
	}
	code = runVCAPI(t, []string{"--dir", dir, "--url", "https://api.example"}, func(r vcAPIReady) {
		if diff := cmp.Diff(dids, r.Issuers); diff != "" || r.URL != "https://api.example" {
			t.Errorf("%+v %s", r, diff)
		}
	})
	if code != command.Done {
		t.Errorf("interrupted, it ends with %d", code)
	}
}

// TestVCAPIRefused shows what is said of a wrong call.
func TestVCAPIRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "vc-api")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an argument":    {[]string{"vc-api", "x"}, command.Wrong, "takes no arguments"},
		"no address":     {[]string{"vc-api", "--dir", dir, "--listen", "256.0.0.1:1"}, command.Refused, "cannot be listened on"},
		"http":           {[]string{"vc-api", "--dir", dir, "--url", "http://a.example"}, command.Refused, "https"},
		"no file":        {[]string{"vc-api", "--dir", dir, "--ca", filepath.Join(dir, "none")}, command.Refused, "cli.config"},
		"no certificate": {[]string{"vc-api", "--dir", dir, "--ca", text}, command.Refused, "holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			got := behalf(t, c.args...)
			if got.code != c.code || !strings.Contains(got.err, c.says) || !oneLine(got.err) || got.out != "" {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := behalf(t, "help", "vc-api"); got.code != command.Done || !strings.Contains(got.out, "interoperability testing only") {
		t.Errorf("help: %+v", got)
	}
}
