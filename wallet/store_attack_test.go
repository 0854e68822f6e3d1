// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

// everyKind fills a vault with a file of every kind, and returns their names.
func (w *town) everyKind(t *testing.T, v *Vault) []string {
	t.Helper()
	held := w.over(v)
	e := w.receive(held)
	w.receive(held)
	passOn(t, held, e, w.wallet(), Permitted{"appointments", []string{"view"}})
	_, err := held.Keep(t.Context(), []*Foreign{{Format: "ldp_vc", Raw: "{}", Issuer: "did:example:a", Types: []string{"A"}, By: []string{"b"}}})
	check(t, err)
	check(t, v.grant(&granted{Origin: w.issuer.origin, Refresh: "refresh"}))
	check(t, v.wait(&waiting{Transaction: "t", Type: e.Type}))
	_, err = held.Refresh(t.Context(), []*Entry{e})
	check(t, err)
	cache, err := v.Cache(w.now)
	check(t, err)
	check(t, cache.Commit(t.Context(), store.Change{Entry: store.Entry{Key: "k", Value: []byte("v")}}))
	names, err := v.marked()
	check(t, err)
	if len(names) != 9 {
		t.Fatalf("%d files: %v", len(names), names)
	}
	return names
}

// TestStoreAttacks holds the rows of category wallet-store that are not shown elsewhere: WAL-10 is
// TestRollback, WAL-12 TestBrokenChanges and TestKilledAtEveryCall.
func TestStoreAttacks(t *testing.T) {
	t.Run("WAL-09", wal09)
	t.Run("WAL-13", wal13)
	t.Run("WAL-14", wal14)
}

// wal09 changes every byte of every file, cuts each at every length, and puts each in the place of
// every other: all of it is found, and nothing is read.
func wal09(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	names := w.everyKind(t, v)
	files := copyOf(t, v.dir)
	refused := func(name, how string, raw []byte) {
		if plain, err := v.key.Open(name, raw); reason.Of(err) != reason.StoreTampered || plain != nil {
			t.Fatalf("%s, %s: %d bytes, %v", name[:2], how, len(plain), err)
		}
	}
	for _, name := range names {
		whole := files[name]
		for i := range whole {
			refused(name, fmt.Sprint("flipped at ", i), flip(whole, i))
			refused(name, fmt.Sprint("cut at ", i), whole[:i])
		}
		refused(name, "zeros", make([]byte, len(whole)))
		refused(name, "garbage behind", append(bytes.Clone(whole), 'x'))
		for _, other := range names {
			if other != name {
				refused(name, "changed places with "+other[:2], files[other])
				check(t, os.WriteFile(v.path(name), files[other], 0o600))
				_, err := v.readPlain(name)
				want(t, err, reason.StoreTampered)
			}
		}
		check(t, os.WriteFile(v.path(name), whole, 0o600))
		if _, err := v.readPlain(name); err != nil {
			t.Fatalf("%s, put back: %v", name[:2], err)
		}
	}
}

// wal13 opens a wallet that others could have changed.
func wal13(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, dir string) string{
		"file for all to read": func(t *testing.T, dir string) string {
			check(t, os.Chmod(filepath.Join(dir, homeFile), 0o644))
			return dir
		},
		"folder for a group to change": func(t *testing.T, dir string) string {
			check(t, os.Chmod(dir, 0o770))
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
			return dir
		},
		"link to the folder": func(t *testing.T, dir string) string {
			link := filepath.Join(t.TempDir(), "link")
			check(t, os.Symlink(dir, link))
			return link
		},
		"link for the file": func(t *testing.T, dir string) string {
			path := filepath.Join(dir, homeFile)
			check(t, os.Rename(path, path+".real"))
			check(t, os.Symlink(path+".real", path))
			return dir
		},
		"file of another":   func(t *testing.T, dir string) string { return owned(t, dir, filepath.Join(dir, homeFile)) },
		"folder of another": func(t *testing.T, dir string) string { return owned(t, dir, dir) },
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			closed(t, v)
			_, err := Open(t.Context(), change(t, v.dir), []byte(passphrase), rand.Reader)
			want(t, err, reason.StorePermissions)
		})
	}
	t.Run("one credential for all to read", func(t *testing.T) {
		w := newTown(t)
		v := newVault(t)
		held := w.over(v)
		e := w.receive(held)
		check(t, os.Chmod(v.path(heldMark+e.ID+itemEnd), 0o640))
		_, err := held.Find(t.Context(), e.ID)
		want(t, err, reason.StorePermissions)
	})
}

// owned gives path to another user, for which one has to be root.
func owned(t *testing.T, dir, path string) string {
	t.Helper()
	if err := os.Chown(path, 65534, 65534); errors.Is(err, os.ErrPermission) {
		t.Skip("only root can give a file away")
	} else {
		check(t, err)
	}
	return dir
}

// Two processes, and more, write to one wallet.
const (
	writers   = 5
	eachWrite = 4
)

// wal14 lets real processes store credentials in one folder at a time: each waits for its turn, and none
// loses what another stored.
func wal14(t *testing.T) {
	if dir := os.Getenv("BEHALF_TEST_SHARED"); dir != "" {
		v, err := Open(t.Context(), dir, []byte(passphrase), rand.Reader)
		check(t, err)
		for range eachWrite {
			h := &held{Format: "dc+sd-jwt", Raw: strings.Repeat("r", 2000)}
			check(t, v.add(h))
			fmt.Println("stored " + h.ID)
		}
		check(t, v.Close())
		return
	}
	v := newVault(t)
	closed(t, v)
	var running []*exec.Cmd
	var said []*bytes.Buffer
	for range writers {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStoreAttacks$/^WAL-14$")
		cmd.Env = append(os.Environ(), "BEHALF_TEST_SHARED="+v.dir)
		out := new(bytes.Buffer)
		cmd.Stdout, cmd.Stderr = out, out
		check(t, cmd.Start())
		running, said = append(running, cmd), append(said, out)
	}
	stored := map[string]bool{}
	for i, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, said[i])
		}
		for line := range strings.Lines(said[i].String()) {
			if id, ok := strings.CutPrefix(strings.TrimSpace(line), "stored "); ok {
				stored[id] = true
			}
		}
	}
	again, err := Open(t.Context(), v.dir, []byte(passphrase), rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = again.Close() })
	if _, err := Open(canceled(t), v.dir, []byte(passphrase), rand.Reader); !errors.Is(err, sealed.ErrLocked) {
		t.Errorf("opened twice: %v", err)
	}
	all, bad, err := again.all()
	check(t, err)
	for _, h := range all {
		delete(stored, h.ID)
	}
	if len(all) != writers*eachWrite || len(stored) != 0 || len(bad) != 0 {
		t.Errorf("%d credentials, %d lost, %v", len(all), len(stored), bad)
	}
}
