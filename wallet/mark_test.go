// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/behalf-id/behalf/reason"
)

// copyOf returns every file of a folder.
func copyOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	files, err := os.ReadDir(dir)
	check(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		check(t, err)
		out[f.Name()] = raw
	}
	return out
}

// putBack makes the folder what it was.
func putBack(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	now, err := os.ReadDir(dir)
	check(t, err)
	for _, f := range now {
		check(t, os.Remove(filepath.Join(dir, f.Name())))
	}
	for name, raw := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), raw, 0o600))
	}
}

// marked opens the wallet in dir with its mark, reads everything, and returns the names of what the mark says is old.
func (w *town) marked(t *testing.T, dir, path string, do func(v *Vault, held *Wallet)) []string {
	t.Helper()
	v, err := Open(t.Context(), dir, []byte(passphrase), rand.Reader)
	check(t, err)
	defer func() { check(t, v.Close()) }()
	check(t, v.KeepMark(path))
	held := w.over(v)
	if do != nil {
		do(v, held)
	}
	_, bad, err := held.List(t.Context())
	check(t, err)
	passed, _, err := held.PassedOn(t.Context())
	check(t, err)
	if len(bad) != 0 {
		t.Errorf("damaged: %v, %d records", bad, len(passed))
	}
	var out []string
	for _, d := range v.RolledBack() {
		if want := reason.StoreRollback; reason.Of(d.Err) != want {
			t.Errorf("got %v, want %s", d.Err, want)
		}
		out = append(out, filepath.Base(d.File))
	}
	if again := v.RolledBack(); len(again) != 0 {
		t.Errorf("told twice: %v", again)
	}
	slices.Sort(out)
	return out
}

// TestRollback covers WAL-10: an older copy that is put back opens, everything in it is usable, and the
// person is warned, once.
func TestRollback(t *testing.T) {
	for name, c := range map[string]struct {
		whole bool
		name  string // of a file that alone is put back; "" for the one of the first credential
		do    func(t *testing.T, w *town, v *Vault, held *Wallet)
		want  int
	}{
		"a credential is missing": {whole: true, want: 1, do: func(_ *testing.T, w *town, _ *Vault, held *Wallet) { w.receive(held) }},
		"a removed one is back": {want: 1, do: func(t *testing.T, w *town, _ *Vault, held *Wallet) {
			all, _, _ := held.List(t.Context())
			check(t, held.Remove(t.Context(), all[0].ID))
		}},
		"all of it, after a removal": {whole: true, want: 1, do: func(t *testing.T, w *town, _ *Vault, held *Wallet) {
			all, _, _ := held.List(t.Context())
			check(t, held.Remove(t.Context(), all[0].ID))
		}},
		"an older wallet file": {name: homeFile, want: 1, do: func(t *testing.T, _ *town, _ *Vault, held *Wallet) {
			_, err := held.RotateKey(t.Context())
			check(t, err)
		}},
		"an older file of a credential": {want: 1, do: func(t *testing.T, _ *town, v *Vault, held *Wallet) {
			all, _, _ := held.List(t.Context())
			h := all[0].held
			h.ShownTo = append(h.ShownTo, "somebody")
			check(t, v.write(heldMark+h.ID+itemEnd, h))
		}},
		"nothing": {whole: true},
	} {
		t.Run("WAL-10/"+name, func(t *testing.T) {
			w := newTown(t)
			v := newVault(t)
			dir, path := v.dir, filepath.Join(t.TempDir(), "state", "mark")
			e := w.receive(w.over(v))
			closed(t, v)
			if got := w.marked(t, dir, path, nil); len(got) != 0 {
				t.Fatalf("at first: %v", got)
			}
			before := copyOf(t, dir)
			if got := w.marked(t, dir, path, func(v *Vault, held *Wallet) {
				if c.do != nil {
					c.do(t, w, v, held)
				}
			}); len(got) != 0 {
				t.Fatalf("its own changes: %v", got)
			}
			if got := w.marked(t, dir, path, nil); len(got) != 0 {
				t.Fatalf("opened again: %v", got)
			}
			now := copyOf(t, dir)
			one := c.name
			if one == "" {
				one = heldMark + e.ID + itemEnd
			}
			if c.whole {
				now = before
			} else {
				now[one] = before[one]
			}
			putBack(t, dir, now)
			if got := w.marked(t, dir, path, nil); len(got) != c.want {
				t.Errorf("put back: %v, want %d", got, c.want)
			}
			if got := w.marked(t, dir, path, nil); len(got) != 0 {
				t.Errorf("warned again: %v", got)
			}
		})
	}
}

// TestMarkAndCrash shows that a process that dies anywhere leaves no false alarm behind.
func TestMarkAndCrash(t *testing.T) {
	w := newTown(t)
	for name, do := range map[string]func(v *Vault, held *Wallet, e *Entry) error{
		"store": func(_ *Vault, held *Wallet, _ *Entry) error {
			_, err := held.Receive(t.Context(), w.offer(), w.taker())
			return err
		},
		"remove": func(_ *Vault, held *Wallet, e *Entry) error { return held.Remove(t.Context(), e.ID) },
		"rotate": func(_ *Vault, held *Wallet, _ *Entry) error { _, err := held.RotateKey(t.Context()); return err },
	} {
		for n := 1; n <= 5; n++ {
			for _, after := range []bool{false, true} {
				v := newVault(t)
				path := filepath.Join(t.TempDir(), "state", "mark")
				held := w.over(v)
				e := w.receive(held)
				check(t, v.KeepMark(path))
				v.saveMark()
				v.disk = (&brokenDisk{n: n, after: after, dead: true}).disk()
				_ = do(v, held, e)
				closed(t, v)
				if got := w.marked(t, v.dir, path, nil); len(got) != 0 {
					t.Errorf("%s, change %d, after=%v: %v", name, n, after, got)
				}
			}
		}
	}
}

// TestMarkOfAnother shows that a mark that is damaged, or of another wallet, stops nothing.
func TestMarkOfAnother(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	w.receive(w.over(v))
	closed(t, v)
	path := filepath.Join(t.TempDir(), "state", "mark")
	w.marked(t, v.dir, path, nil)
	raw, err := os.ReadFile(path)
	check(t, err)
	check(t, os.WriteFile(path, flip(raw, len(raw)-5), 0o600))
	if got := w.marked(t, v.dir, path, nil); len(got) != 0 {
		t.Errorf("damaged: %v", got)
	}
	check(t, os.Chmod(path, 0o644))
	again, err := Open(t.Context(), v.dir, []byte(passphrase), rand.Reader)
	check(t, err)
	want(t, again.KeepMark(path), reason.StorePermissions)
	check(t, again.Close())
}

// FuzzUnform reads what may stand in front of a file: whatever does, nothing is lost or made up.
func FuzzUnform(f *testing.F) {
	f.Add([]byte(`{"id":"a"}`))
	f.Add(form(1, nil))
	f.Add(form(1<<62, []byte("x\ny")))
	f.Add([]byte(formHead + "0\nx"))
	f.Add([]byte(formHead + "99999999999999999999\nx"))
	f.Add([]byte(formHead))
	f.Fuzz(func(t *testing.T, plain []byte) {
		number, content, err := unform(plain)
		switch {
		case err != nil && (reason.Of(err) != reason.StoreTampered || content != nil):
			t.Errorf("%v, with %q", err, content)
		case err == nil && number == 0 && string(content) != string(plain):
			t.Error("a file of release 0 was changed")
		case err == nil && number < 0:
			t.Errorf("number %d", number)
		}
		if number, content, err := unform(form(7, plain)); number != 7 || string(content) != string(plain) || err != nil {
			t.Errorf("%d %q %v", number, content, err)
		}
	})
}
