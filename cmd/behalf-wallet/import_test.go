// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// fakeImporter stands in for behalf-aries-import, which is of another module: it writes the file it is
// given as its lines, as far as that asks for nothing else.
func fakeImporter() {
	raw, err := os.ReadFile(os.Args[len(os.Args)-1])
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, importer+":", err)
		os.Exit(1)
	case bytes.HasPrefix(raw, []byte("fail")):
		_, _ = fmt.Fprintln(os.Stderr, importer+": json.syntax \x1b[2J")
		os.Exit(1)
	case bytes.HasPrefix(raw, []byte("silent")):
		os.Exit(3)
	case bytes.HasPrefix(raw, []byte("flood")):
		block := bytes.Repeat([]byte("x"), 1<<20)
		for range 2 * importOutput / len(block) {
			if _, err := os.Stdout.Write(block); err != nil {
				os.Exit(1)
			}
		}
	case bytes.HasPrefix(raw, []byte("environment")):
		_, _ = fmt.Fprintln(os.Stderr, strings.Contains(strings.Join(os.Environ(), "\n"), "PASSPHRASE"), len(os.Args), os.Args[1:len(os.Args)-1])
		os.Exit(1)
	default:
		_, _ = os.Stdout.Write(raw)
	}
}

// TestNoImporter says how to get the importer where there is none.
func TestNoImporter(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	file := filepath.Join(t.TempDir(), "wallet.json")
	check(t, os.WriteFile(file, []byte("{}"), 0o600))
	code, _, errs := at(t, time.Now(), "import", "--aries", "--dir", t.TempDir(), file)
	if code != 1 || !strings.Contains(errs, "behalf-aries-import is not beside behalf-wallet and not in PATH") || !strings.Contains(errs, "go build -o FOLDER ./cmd/behalf-aries-import") {
		t.Errorf("%d %q", code, errs)
	}
}

func TestReadJudged(t *testing.T) {
	const good = `{"format":"ldp_vc","credential":"{}","verified":true,"by":["behalf"],"issuer":"did:key:z","types":["x"]}`
	const bad = `{"format":"jwt_vc","credential":"e.e.e","verified":false,"reason":"jose.kid_invalid"}`
	all, err := readJudged([]byte(good + "\n" + bad + "\n"))
	if err != nil || len(all) != 2 || !all[0].Verified || all[1].Reason != reason.JOSEKidInvalid {
		t.Errorf("%v, %v", all, err)
	}
	if none, err := readJudged(nil); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	for name, out := range map[string]string{
		"no JSON":           "hello\n",
		"an unknown member": `{"verified":true,"trust":"me"}` + "\n",
		"no reason":         `{"verified":false}` + "\n",
		"an empty line":     good + "\n\n" + good + "\n",
		"cut short":         good[:40],
		"too many":          strings.Repeat(bad+"\n", importLines+1),
	} {
		if _, err := readJudged([]byte(out)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestBounded(t *testing.T) {
	b := &bounded{limit: 4}
	if n, err := b.Write([]byte("abc")); n != 3 || err != nil || b.full {
		t.Error("refused below the limit")
	}
	if n, err := b.Write([]byte("de")); n != 0 || err != io.ErrShortWrite || !b.full || b.buf.String() != "abc" {
		t.Error("taken beyond the limit")
	}
}
