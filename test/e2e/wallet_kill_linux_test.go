// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/internal/command/commandtest"
	"github.com/behalf-id/behalf/internal/world"
)

// The calls of behalf-wallet receive that change its folder, or wait for the disk. Each has its own
// instances, which are counted from the first on; the process is killed, or the call fails, at each.
// Instances are counted thread by thread, so that a number may be reached in one run and not in the
// next: the counting ends after several that were not. Writes go to sockets too: a share is taken of them.
var walletCalls = []struct {
	call  string
	step  int
	fails string // the error beside the kill; "" for none: the runtime does not outlive a wake-up that fails
}{
	{"fsync", 1, "EIO"}, {"renameat", 1, "ENOSPC"}, {"unlinkat", 1, "EIO"}, {"write", 3, ""},
}

// walletRun is the command in its folder, in a world that runs.
type walletRun struct {
	t       *testing.T
	program string
	strace  string
	world   *world.World
	office  *world.Office
	dir     string
	told    []string // ids that the command said were received
}

// TestWalletKilledAtEveryCall covers WAL-12, F-06, F-07 and F-08 for the built command: whatever the
// call at which it is killed, or at which the disk fails, the wallet opens afterwards with everything in
// it that it ever said was received, and nothing damaged.
func TestWalletKilledAtEveryCall(t *testing.T) {
	r := newWalletRun(t)
	injections := 0
	for _, c := range walletCalls {
		for _, how := range []string{"signal=KILL", "error=" + c.fails} {
			if how == "error=" {
				continue
			}
			before := injections
			step := c.step
			if testing.Short() {
				step *= 4
			}
			for n, missed := 1, 0; missed < 2; n += step {
				if r.receive(fmt.Sprintf("%s:%s:when=%d", c.call, how, n), c.call) {
					injections++
				} else {
					missed++
				}
				r.whole()
			}
			if injections == before {
				t.Errorf("%s is never called", c.call)
			}
			t.Logf("%s, %s: %d injections", c.call, how, injections-before)
		}
	}
	least := 12
	if testing.Short() {
		least = 5
	}
	if len(r.told) == 0 || injections < least {
		t.Errorf("%d injections, %d acknowledged: the test shows nothing", injections, len(r.told))
	}
	t.Logf("%d injections, %d credentials acknowledged, none lost", injections, len(r.told))
}

func newWalletRun(t *testing.T) *walletRun {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("BEHALF_REQUIRE_SERVICES") == "1" {
			t.Fatal("strace is not installed, and BEHALF_REQUIRE_SERVICES is 1")
		}
		t.Skip("strace is not installed")
	}
	w, err := world.Open(t.Context(), world.Config{Dir: filepath.Join(t.TempDir(), "world"), Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(ctx) }()
	t.Cleanup(func() { cancel(); check(t, <-ended) })
	check(t, w.Ready(t.Context()))
	office, err := w.Office()
	check(t, err)
	r := &walletRun{t: t, program: filepath.Join(commandtest.Build(t, "behalf-wallet"), "behalf-wallet"), strace: strace, world: w, office: office, dir: filepath.Join(t.TempDir(), "tom")}
	out, err := r.command(r.program, "init", "--registry", w.Registry, "--ca", w.CA()).CombinedOutput()
	if err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	return r
}

func (r *walletRun) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Args = append(cmd.Args, "--dir", r.dir)
	cmd.Env = append(os.Environ(), "BEHALF_WALLET_PASSPHRASE=correct horse", "XDG_STATE_HOME="+filepath.Join(filepath.Dir(r.dir), "state"))
	return cmd
}

// receive collects a fresh offer with one fault, and reports whether the fault was reached.
func (r *walletRun) receive(fault, call string) bool {
	r.t.Helper()
	offer, err := r.office.Grant(r.t.Context(), world.Grant(time.Now()))
	check(r.t, err)
	trace := filepath.Join(r.t.TempDir(), "trace")
	cmd := r.command(r.strace, "-f", "-qq", "-o", trace, "-e", "trace="+call, "-e", "inject="+fault,
		r.program, "receive", offer.Offer.URI, "--tx-code", offer.Offer.TxCode, "--yes", "--json")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	raw, readErr := os.ReadFile(trace)
	check(r.t, readErr)
	reached := strings.Contains(string(raw), "INJECTED") || strings.Contains(string(raw), "killed by SIGKILL")
	var said struct {
		Received []struct {
			ID string `json:"id"`
		} `json:"received"`
	}
	if json.Unmarshal(out, &said) == nil {
		for _, e := range said.Received {
			r.told = append(r.told, e.ID)
		}
	}
	if !reached && (err != nil || len(said.Received) != 1) {
		r.t.Fatalf("without a fault: %v\n%s%s", err, out, errs.String())
	}
	if strings.Contains(errs.String(), "panic") {
		r.t.Errorf("%s: it panicked\n%s", fault, errs.String())
	}
	return reached
}

// whole looks for everything that was acknowledged.
func (r *walletRun) whole() {
	r.t.Helper()
	out, err := r.command(r.program, "list", "--json").Output()
	if err != nil {
		r.t.Fatalf("list: %v\n%s", err, out)
	}
	var got struct {
		Credentials []struct {
			ID string `json:"id"`
		} `json:"credentials"`
		Damaged []any `json:"damaged"`
	}
	check(r.t, json.Unmarshal(out, &got))
	if len(got.Damaged) > 0 {
		r.t.Errorf("damaged: %v", got.Damaged)
	}
	for _, id := range r.told {
		if !slices.ContainsFunc(got.Credentials, func(e struct {
			ID string `json:"id"`
		}) bool {
			return e.ID == id
		}) {
			r.t.Fatalf("%s was acknowledged, and is lost", id)
		}
	}
}

// inParallel is how many commands work on one wallet at a time.
const inParallel = 4

// TestWalletsInParallel covers WAL-14 for the built command: several receive at one time into one folder.
// Each waits for its turn; one that waits too long says so, and nothing that any of them received is lost.
func TestWalletsInParallel(t *testing.T) {
	r := newWalletRun(t)
	var waits sync.WaitGroup
	said, errs := make([]string, inParallel), make([]string, inParallel)
	for i := range inParallel {
		offer, err := r.office.Grant(t.Context(), world.Grant(time.Now()))
		check(t, err)
		cmd := r.command(r.program, "receive", offer.Offer.URI, "--tx-code", offer.Offer.TxCode, "--yes", "--json")
		waits.Go(func() {
			var told strings.Builder
			cmd.Stderr = &told
			out, err := cmd.Output()
			said[i] = string(out)
			if err != nil {
				errs[i] = told.String()
			}
		})
	}
	waits.Wait()
	for i := range inParallel {
		var got struct {
			Received []struct {
				ID string `json:"id"`
			} `json:"received"`
		}
		switch {
		case errs[i] == "" && json.Unmarshal([]byte(said[i]), &got) == nil && len(got.Received) == 1:
			r.told = append(r.told, got.Received[0].ID)
		case !strings.Contains(errs[i], "in use"):
			t.Errorf("neither received nor told to wait: %s%s", said[i], errs[i])
		}
	}
	if len(r.told) == 0 {
		t.Error("nobody had a turn")
	}
	r.whole()
}
