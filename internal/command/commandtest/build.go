// SPDX-License-Identifier: Apache-2.0

package commandtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds commands of this module into a fresh folder, which it returns. It needs no network; a test
// that runs outside the module fails.
func Build(t testing.TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	for _, name := range names {
		args = append(args, "github.com/behalf-id/behalf/cmd/"+name)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}
