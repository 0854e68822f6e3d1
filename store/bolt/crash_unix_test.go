// SPDX-License-Identifier: Apache-2.0

//go:build unix

package bolt_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/store/bolt"
)

// childEnv names the file that a child process commits to.
const childEnv = "BEHALF_BOLT_CHILD"

// TestMain turns the test binary into the program that the crash tests kill.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		os.Exit(child(path))
	}
	os.Exit(m.Run())
}

const (
	childWorkers = 6
	childParts   = 3 // keys in each commit
)

// child commits from several goroutines until it is killed or the store refuses, and prints a
// line for each commit that was acknowledged. It exits with 0 only if the store, once it had
// failed, acknowledged and answered nothing more.
func child(path string) int {
	s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now, Timeout: bolt.MaxTimeout})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	fmt.Println("ready")
	run := fmt.Sprint(time.Now().UnixNano())
	var wg sync.WaitGroup
	var mu sync.Mutex
	for w := range childWorkers {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%06d", run, w, i)
				if s.Commit(context.Background(), parts(id)...) != nil {
					return
				}
				mu.Lock()
				fmt.Println("ack", id)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	_, getErr := s.Get(context.Background(), "any")
	commitErr := s.Commit(context.Background(), parts("late")...)
	if reason.Of(getErr) != reason.StorageUnavailable || reason.Of(commitErr) != reason.StorageUnavailable {
		fmt.Fprintln(os.Stderr, "after a failure:", getErr, commitErr)
		return 4
	}
	return 0
}

// parts is one commit of several keys that belong together.
func parts(id string) []store.Change {
	var changes []store.Change
	for p := range childParts {
		changes = append(changes, put(fmt.Sprintf("%d/%s", p, id), id, 0))
	}
	return changes
}

// spawn starts the child below the given command and returns its acknowledgements.
func spawn(t *testing.T, path string, command ...string) (cmd *exec.Cmd, acks *bufio.Scanner) {
	t.Helper()
	command = append(command, os.Args[0])
	cmd = exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// check opens the store and wants every acknowledged commit, and every commit whole.
func check(t *testing.T, path string, acked map[string]bool) {
	t.Helper()
	s, err := bolt.Open(bolt.Config{Path: path, Now: time.Now, Timeout: bolt.MaxTimeout})
	if err != nil {
		t.Fatalf("the store does not open after the crash: %v", err)
	}
	defer s.Close()
	count := map[string]int{}
	for e, err := range s.Scan(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := strings.Cut(e.Key, "/")
		if string(e.Value) != id {
			t.Fatalf("%q holds %q", e.Key, e.Value)
		}
		count[id]++
	}
	for id := range acked {
		if count[id] == 0 {
			t.Errorf("%s was acknowledged and is lost", id)
		}
	}
	for id, n := range count {
		if n != childParts {
			t.Errorf("%s has %d of %d parts", id, n, childParts)
		}
	}
}

// TestKill kills the process at a random moment, several times on the same file.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	acked := map[string]bool{}
	for round := range 8 {
		cmd, lines := spawn(t, path)
		// The pipe itself blocks the child when nobody reads: so the moment is random in
		// the number of acknowledgements and in what the child does while this reads on.
		stopAt := rand.IntN(300)
		killed := false
		for lines.Scan() {
			verb, id, _ := strings.Cut(lines.Text(), " ")
			if verb == "ack" {
				acked[id] = true
			}
			if stopAt--; stopAt < 0 && !killed {
				killed = true
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait() // it was killed
		if !killed {
			t.Fatalf("round %d: the child ended by itself", round)
		}
		check(t, path, acked)
	}
	if len(acked) < 100 {
		t.Errorf("only %d acknowledgements: the test shows nothing", len(acked))
	}
}

// TestSyncFails makes the n-th fsync of the process fail. The store must acknowledge nothing
// from then on, and the file must hold all that was acknowledged before.
func TestSyncFails(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		required(t, "strace is not installed")
	}
	// An even and an odd number of a running store: bbolt syncs data first and then the header,
	// and after the latter failed the commit may be there or not.
	for _, n := range []int{30, 31} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			cmd, lines := spawn(t, path, strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace=fdatasync",
				"-e", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", n))
			acked := map[string]bool{}
			for lines.Scan() {
				if verb, id, _ := strings.Cut(lines.Text(), " "); verb == "ack" {
					acked[id] = true
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Fatalf("the child: %v", err)
			}
			if len(acked) == 0 {
				t.Fatal("nothing was acknowledged before the fault")
			}
			check(t, path, acked)
		})
	}
}

// required skips a test, with the reason, unless this run may skip nothing.
func required(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("BEHALF_REQUIRE_SERVICES") == "1" {
		t.Fatal(why + ", and BEHALF_REQUIRE_SERVICES is 1")
	}
	t.Skip(why)
}
