// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/key"
)

// files is a folder with the files of a test.
type files struct {
	t   *testing.T
	dir string
}

func (f files) write(name string, v any) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	raw, ok := v.(string)
	if !ok {
		text, err := json.Marshal(v)
		if err != nil {
			f.t.Fatal(err)
		}
		raw = string(text)
	}
	if err := os.WriteFile(path, []byte(raw), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// run runs vc-jose and returns the output file.
func (f files) run(what, feature, input, keyFile string, more ...string) vcJOSEResult {
	f.t.Helper()
	out := filepath.Join(f.dir, "out.json")
	args := append([]string{"vc-jose", what, "--feature", feature, "--input", input, "--key", keyFile, "--output", out}, more...)
	if got := behalf(f.t, args...); got.code != command.Done || got.err != "" {
		f.t.Fatalf("%v: %+v", args, got)
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		f.t.Fatal(err)
	}
	var r vcJOSEResult
	if err := json.Unmarshal(raw, &r); err != nil {
		f.t.Fatal(err)
	}
	return r
}

// TestVCJOSE is requirement 184: there and back for each feature, and what is a failure.
func TestVCJOSE(t *testing.T) {
	f := files{t, t.TempDir()}
	private, err := key.Generate(key.ES256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	method := f.write("key.json", map[string]any{
		"id": "https://issuer.example/a#key-1", "type": "JsonWebKey", "controller": "https://issuer.example/a",
		"publicKeyJwk": private.Public().JWK(), "secretKeyJwk": private.JWK(),
	})
	credential := f.write("vc.json", `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],`+
		`"issuer":"https://issuer.example/a","credentialSubject":{"id":"did:example:a","name":"Ann"}}`)
	presentation := f.write("vp.json", `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"https://issuer.example/a"}`)
	for feature, c := range map[string]struct {
		input string
		more  []string
		shows string
	}{
		"credential_jose":    {credential, nil, `"name":"Ann"`},
		"credential_sdjwt":   {credential, []string{"--sd", `["credentialSubject.name","credentialSubject.id"]`}, `"name":"Ann"`},
		"presentation_jose":  {presentation, nil, `"VerifiablePresentation"`},
		"presentation_sdjwt": {presentation, []string{"--sd", `["holder"]`}, `"holder"`},
	} {
		t.Run(feature, func(t *testing.T) {
			f := files{t, f.dir}
			issued := f.run("issue", feature, c.input, method, c.more...)
			if issued.Result != "success" {
				t.Fatalf("%+v", issued)
			}
			got := f.run("verify", feature, f.write("token", issued.Data+"\n"), method)
			if got.Result != "success" || !strings.Contains(got.Data, c.shows) {
				t.Errorf("%+v", got)
			}
			tampered := strings.Replace(issued.Data, ".", ".A", 1)
			if got := f.run("verify", feature, f.write("token", tampered), method); got.Result != "failure" || got.Data == "" {
				t.Errorf("tampered: %+v", got)
			}
			if got := f.run("issue", feature, f.write("bad", `{}`), method); got.Result != "failure" {
				t.Errorf("no document: %+v", got)
			}
		})
	}
	for _, feature := range []string{"credential_cose", "presentation_cose"} {
		if got := f.run("issue", feature, credential, method); got.Result != "indeterminate" {
			t.Errorf("%s: %+v", feature, got)
		}
	}
	if got := f.run("issue", "credential_jose", credential, f.write("other", `{"id":"a:b","publicKeyJwk":{"crv":"P-521"}}`)); got.Result != "indeterminate" {
		t.Errorf("P-521: %+v", got)
	}
	if got := f.run("issue", "credential_sdjwt", credential, method, "--sd", `["nothing"]`); got.Result != "failure" {
		t.Errorf("a path to nothing: %+v", got)
	}
	if got := f.run("issue", "credential_sdjwt", credential, method, "--sd", `nothing`); got.Result != "failure" {
		t.Errorf("paths that are no JSON: %+v", got)
	}
	if got := f.run("issue", "credential_jose", credential, f.write("other", `{}`)); got.Result != "failure" {
		t.Errorf("no key: %+v", got)
	}
}

// TestVCJOSEUsage shows wrong calls, which write nothing.
func TestVCJOSEUsage(t *testing.T) {
	f := files{t, t.TempDir()}
	there, out := f.write("there", "{}"), filepath.Join(f.dir, "out.json")
	long := f.write("long", strings.Repeat("a", maxInput+1))
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"no input":      {[]string{"--feature", "credential_jose", "--key", there, "--output", out}, command.Wrong},
		"no feature":    {[]string{"--input", there, "--key", there, "--output", out}, command.Wrong},
		"other feature": {[]string{"--feature", "x", "--input", there, "--key", there, "--output", out}, command.Wrong},
		"absent input":  {[]string{"--feature", "credential_jose", "--input", out, "--key", there, "--output", out}, command.Refused},
		"absent key":    {[]string{"--feature", "credential_jose", "--input", there, "--key", out, "--output", out}, command.Refused},
		"long input":    {[]string{"--feature", "credential_jose", "--input", long, "--key", there, "--output", out}, command.Refused},
		"no folder":     {[]string{"--feature", "credential_jose", "--input", there, "--key", there, "--output", filepath.Join(f.dir, "a", "b")}, command.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			got := behalf(t, append([]string{"vc-jose", "verify"}, c.args...)...)
			if got.code != c.code || !oneLine(got.err) || got.out != "" {
				t.Errorf("%+v", got)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("an output was written")
			}
		})
	}
}
