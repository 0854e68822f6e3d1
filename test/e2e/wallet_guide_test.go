// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/reason"
)

// TestWalletGuide walks docs/wallet.md as a first-time user does: every block as it stands there, in one shell and an
// empty folder.
func TestWalletGuide(t *testing.T) {
	needs(t, "curl")
	needs(t, "sh")
	bin := commandtest.Build(t, "behalf-sandbox", "behalf-wallet")
	root, err := filepath.Abs("../..")
	check(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/guide",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("ROOT", root)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"walk": walk},
	})
}

// TestWalletGuideCodes: each code in the guide's table is one that there is.
func TestWalletGuideCodes(t *testing.T) {
	_, table, ok := strings.Cut(text(t, "docs/wallet.md"), "## When something goes wrong")
	seen := 0
	for _, m := range regexp.MustCompile("`([a-z]+\\.[a-z_]+)`").FindAllStringSubmatch(table, -1) {
		if _, known := reason.Lookup(reason.Code(m[1])); !known {
			t.Errorf("there is no reason %s", m[1])
		}
		seen++
	}
	if !ok || seen < 25 {
		t.Errorf("only %d codes are named", seen)
	}
}
