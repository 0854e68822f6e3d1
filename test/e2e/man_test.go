// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/command/commandtest"
)

// commands are the five, in the order of their pages.
func commands() []string {
	return []string{"behalf-gateway", "behalf-issuer", "behalf-registry", "behalf-sandbox", "behalf-wallet"}
}

// TestManualPages holds the pages in docs/man against what the commands say of themselves. BEHALF_UPDATE_MAN=1
// writes them anew.
func TestManualPages(t *testing.T) {
	bin := commandtest.Build(t, commands()...)
	for _, name := range commands() {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(bin, name), "man")
			cmd.Env = []string{"PATH=/nowhere", "HOME=/nowhere"} // a page says nothing of who writes it
			page, err := cmd.Output()
			check(t, err)
			file := filepath.Join("..", "..", "docs", "man", name+".1")
			if os.Getenv("BEHALF_UPDATE_MAN") == "1" {
				check(t, os.WriteFile(file, page, 0o644))
			}
			if text(t, filepath.Join("docs", "man", name+".1")) != string(page) {
				t.Errorf("docs/man/%s.1 is not what %s man writes; make man", name, name)
			}
			for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT STATUS"} {
				if !strings.Contains(string(page), ".SH \""+section+"\"\n") {
					t.Errorf("there is no %s", section)
				}
			}
			formatted(t, file)
		})
	}
}

// formatted lets groff read a page, where it is installed, and wants no warning.
func formatted(t *testing.T, file string) {
	t.Helper()
	groff, err := exec.LookPath("groff")
	if errors.Is(err, exec.ErrNotFound) {
		return
	}
	check(t, err)
	if out, err := exec.CommandContext(t.Context(), groff, "-ww", "-b", "-z", "-man", "-K", "utf8", "-T", "utf8", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff: %v: %s", err, out)
	}
}
