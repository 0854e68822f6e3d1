// SPDX-License-Identifier: Apache-2.0

package publisher

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/store/bolt"
)

// childEnv tells this test binary to be the process that is killed, over the store in the folder.
const childEnv = "BEHALF_TEST_STATUS_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func openBolt(dir string) (*bolt.Store, error) {
	return bolt.Open(bolt.Config{Path: filepath.Join(dir, "issuer.db"), Now: time.Now})
}

// child issues and revokes from three replicas, and says what it has acknowledged, until it is killed.
func child(dir string) error {
	db, err := openBolt(dir)
	if err != nil {
		return err
	}
	book, err := NewBook(db)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(what string, ref Ref) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, ref.List, ref.Index)
	}
	failed := make(chan error)
	for range 3 {
		a, err := NewAllocator(AllocatorConfig{Store: db, Rand: rand.Reader, Epoch: 1})
		if err != nil {
			return err
		}
		go func() { failed <- work(a, book, say) }()
	}
	return <-failed
}

func work(a *Allocator, book *Book, say func(string, Ref)) error {
	ctx := context.Background()
	for i := 0; ; i++ {
		ref, err := a.Allocate(ctx)
		if err != nil {
			return err
		}
		say("given", ref)
		if i%7 == 0 {
			if err := book.Set(ctx, []Ref{ref}, status.Revoked); err != nil {
				return err
			}
			say("revoked", ref)
		}
	}
}

// TestKill kills an issuer with SIGKILL again and again: no index is given twice, and no
// acknowledged revocation is lost (F-01, F-03, F-05, INV-1, INV-2).
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	given, revoked := map[Ref]bool{}, map[Ref]bool{}
	for range 10 {
		killOnce(t, dir, given, revoked)
	}
	if len(given) < 100 || len(revoked) < 10 {
		t.Fatalf("too little traffic: %d given, %d revoked", len(given), len(revoked))
	}
	db, err := openBolt(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	book, err := NewBook(db)
	if err != nil {
		t.Fatal(err)
	}
	for ref := range revoked {
		if s, err := book.State(context.Background(), ref); err != nil || s != status.Revoked {
			t.Errorf("the acknowledged revocation of %v is lost: %v %v", ref, s, err)
		}
	}
	t.Logf("%d given, %d revoked", len(given), len(revoked))
}

// killOnce starts a child and kills it at a random moment, and notes what it acknowledged.
func killOnce(t *testing.T, dir string, given, revoked map[Ref]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for left := 20 + mathrand.IntN(2000); lines.Scan(); left-- {
		var what, list string
		var ref Ref
		if n, _ := fmt.Sscan(lines.Text(), &what, &list, &ref.Index); n != 3 {
			break // torn by the kill
		}
		if ref.List, err = ParseListID(list); err != nil {
			break
		}
		switch {
		case what == "revoked":
			revoked[ref] = true
		case given[ref]:
			t.Errorf("%v is given twice", ref)
		default:
			given[ref] = true
		}
		if left == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
}
