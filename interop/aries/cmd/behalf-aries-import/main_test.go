// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/interop/aries"
	"github.com/behalf-id/behalf/interop/aries/vc11"
	"github.com/behalf-id/behalf/key"
)

func now() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }

// call runs the command over a file with the content, and returns its exit code and what it wrote.
func call(t *testing.T, content string, args ...string) (code int, out, errs string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wallet.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	code = run(t.Context(), append(args, path), &o, &e, now)
	return code, o.String(), e.String()
}

// sealed returns a good credential, and one with another context, by a fresh issuer.
func sealed(t *testing.T, more string, contexts aries.Contexts) string {
	t.Helper()
	k, err := key.Generate(key.EdDSA, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by, err := didkey.Signer(k)
	if err != nil {
		t.Fatal(err)
	}
	doc := fmt.Sprintf(`{"@context":["https://www.w3.org/2018/credentials/v1","%s"%s],"type":["VerifiableCredential"],"issuer":"%s",`+
		`"issuanceDate":"2026-01-01T00:00:00Z","credentialSubject":{"id":"did:example:1"}}`, vc11.Suite2020Context, more, by.Method.DID())
	raw, err := vc11.SealLDP(t.Context(), []byte(doc), vc11.Suite2020, now(), contexts.Find, by)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestLines(t *testing.T) {
	own := aries.Embedded()
	own["https://example.org/c"] = []byte(`{"@context":{"x":"https://example.org/x"}}`)
	good, other := sealed(t, "", own), sealed(t, `,"https://example.org/c"`, own)
	forged := strings.Replace(good, "did:example:1", "did:example:2", 1)
	wallet := `{"contents":{"a":` + good + `,"b":` + forged + `,"c":` + other + `,"d":{"type":"Ed25519VerificationKey2018","privateKeyBase58":"secret"}}}`
	context := filepath.Join(t.TempDir(), "c.jsonld")
	if err := os.WriteFile(context, own["https://example.org/c"], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "true: false:credential.signature_invalid false:jsonld.context_unknown "},
		{[]string{"-context", "https://example.org/c=" + context}, "true: false:credential.signature_invalid true: "},
	} {
		code, out, errs := call(t, wallet, c.args...)
		got := ""
		for line := range strings.Lines(out) {
			var j aries.Judged
			if err := json.Unmarshal([]byte(line), &j); err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprintf("%v:%s ", j.Verified, j.Reason)
		}
		if code != 0 || got != c.want || strings.Contains(out+errs, "secret") {
			t.Errorf("ended with %d: %s%s", code, got, errs)
		}
	}
}

func TestEnds(t *testing.T) {
	if code, _, errs := call(t, "hello"); code != 1 || !strings.Contains(errs, "json.syntax") {
		t.Errorf("no JSON: %d %s", code, errs)
	}
	if code, _, errs := call(t, "{}", "more"); code != 2 || !strings.Contains(errs, "usage") {
		t.Errorf("two files: %d %s", code, errs)
	}
	if code, _, _ := call(t, "{}", "-context", "https://example.org/c=/absent"); code != 2 {
		t.Errorf("a context that is not there: %d", code)
	}
	if code := run(t.Context(), []string{filepath.Join(t.TempDir(), "absent")}, &bytes.Buffer{}, &bytes.Buffer{}, now); code != 1 {
		t.Errorf("no file: %d", code)
	}
}
