// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command/commandtest"
)

// TestAttacks has CLI-04 for all commands as they are built: what did not go well never ends with 0.
func TestAttacks(t *testing.T) {
	t.Run("CLI-04", func(t *testing.T) {
		bin := commandtest.Build(t, commands()...)
		for _, name := range commands() {
			t.Run(name, func(t *testing.T) { exitCodes(t, filepath.Join(bin, name)) })
		}
	})
}

// exitCodes calls a program wrongly, gives it what cannot be read, and takes its output away.
func exitCodes(t *testing.T, program string) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	check(t, os.WriteFile(bad, []byte("{\"a\": \x00 [\n\t- no"), 0o600))
	for _, c := range []struct {
		code int
		args []string
	}{
		{2, []string{"frobnicate"}}, {2, []string{"--frobnicate"}}, {2, []string{"man", "more"}}, {2, []string{"completion", "tcsh"}}, {2, []string{"help", "frobnicate"}},
		{2, []string{"man", "--passphrase", "x"}}, {2, []string{"man", "a\nb"}}, {0, []string{"--version"}}, {0, []string{"help"}}, {0, nil},
	} {
		if got := ended(t, exec.CommandContext(t.Context(), program, c.args...), dir); got != c.code {
			t.Errorf("%q ended with %d, want %d", c.args, got, c.code)
		}
	}
	for name, all := range map[string][][]string{
		"behalf-wallet":   {{"accept", bad}, {"import", bad}, {"present", "--yes", bad}, {"receive", bad}, {"init", "--registry", "https://localhost:1", "--ca", bad}},
		"behalf-issuer":   {{"serve", "--config", bad}, {"grant", "--config", bad, "--file", bad}, {"keys", "list", "--config", bad}},
		"behalf-gateway":  {{"serve", "--config", bad}, {"simulate", bad}, {"audit", "verify", "--config", bad}},
		"behalf-registry": {{"serve", "--config", bad}, {"apply", bad}, {"log", "verify", "--config", bad}},
		"behalf-sandbox":  {{"up", "--dir", bad}, {"demo", bad}},
	} {
		if name != filepath.Base(program) {
			continue
		}
		for _, args := range all {
			cmd := exec.CommandContext(t.Context(), program, args...)
			if got := ended(t, cmd, dir); got == 0 {
				t.Errorf("%q ended with 0", args)
			}
		}
	}
	untold(t, program, dir)
}

// ended runs cmd in a folder of its own, and returns its exit code; a signal is -1.
func ended(t *testing.T, cmd *exec.Cmd, dir string) int {
	t.Helper()
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "BEHALF_WALLET_PASSPHRASE=correct horse", "BEHALF_WALLET_DIR=")
	cmd.Dir = dir
	check(t, cmd.Start())
	killer := time.AfterFunc(within, func() { _ = cmd.Process.Kill() })
	defer killer.Stop()
	err := cmd.Wait()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode()
	}
	check(t, err)
	return 0
}

// untold writes to a pipe that nobody reads, to a full device, and to an output that is closed.
func untold(t *testing.T, program, dir string) {
	r, w, err := os.Pipe()
	check(t, err)
	check(t, r.Close())
	defer func() { _ = w.Close() }()
	cmd := exec.CommandContext(t.Context(), program, "man")
	cmd.Stdout = w
	if got := ended(t, cmd, dir); got == 0 {
		t.Error("a page that nobody reads was written")
	}
	if full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0); err == nil {
		defer func() { _ = full.Close() }()
		for _, args := range [][]string{{"man"}, {"completion", "bash"}, {"--version"}, {"help"}} {
			cmd := exec.CommandContext(t.Context(), program, args...)
			cmd.Stdout = full
			if got := ended(t, cmd, dir); got == 0 {
				t.Errorf("%q ended with 0 on a full device", args)
			}
		}
	}
}
