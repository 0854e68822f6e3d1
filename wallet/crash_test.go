// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bufio"
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
)

var errDisk = errors.New("the disk broke")

// brokenDisk is the real disk until its n-th change, which fails: before the file is there, or
// after, when the error comes although it was persisted. dead, it changes nothing after that, as
// after a crash.
type brokenDisk struct {
	n, step     int
	after, dead bool
	names       []string
}

func (d *brokenDisk) change(path string, do func() error) error {
	d.step++
	d.names = append(d.names, filepath.Base(path))
	switch {
	case d.step == d.n && d.after:
		return errors.Join(do(), errDisk)
	case d.step == d.n || d.dead && d.step > d.n && d.n > 0:
		return errDisk
	}
	return do()
}

func (d *brokenDisk) disk() disk {
	return disk{
		func(path string, data []byte) error {
			return d.change(path, func() error { return sealed.WriteFile(path, data) })
		},
		func(path string) error { return d.change(path, func() error { return sealed.RemoveFile(path) }) },
	}
}

// TestBrokenChanges covers WAL-12: each change of each operation fails, or the process dies there.
// What was acknowledged is there afterwards, whole; what was not is there whole or not at all; and
// nothing else is harmed.
func TestBrokenChanges(t *testing.T) {
	operations := map[string]struct {
		changes int
		do      func(w *town, held *Wallet, e *Entry) error
	}{
		"receive": {3, func(w *town, held *Wallet, _ *Entry) error {
			_, err := held.Receive(w.t.Context(), w.offer(), w.taker())
			return err
		}},
		"delegate": {1, func(w *town, held *Wallet, e *Entry) error {
			_, _, err := held.Delegate(w.t.Context(), e, Proposal{To: w.wallet().DID(), Permissions: []Permitted{{"appointments", []string{"view"}}}})
			return err
		}},
		"remove": {1, func(w *town, held *Wallet, e *Entry) error { return held.Remove(w.t.Context(), e.ID) }},
	}
	w := newTown(t)
	for name, o := range operations {
		for n := 0; n <= o.changes; n++ {
			for _, mode := range []brokenDisk{{}, {after: true}, {dead: true}} {
				t.Run(fmt.Sprintf("%s/%d after=%v dead=%v", name, n, mode.after, mode.dead), func(t *testing.T) {
					v := newVault(t)
					held := w.over(v)
					e, other := w.receive(held), w.receive(held)
					d := mode
					d.n = n
					v.disk = d.disk()
					err := o.do(w, held, e)
					if (err != nil) != (n > 0) {
						t.Fatalf("change %d of %v: %v", n, d.names, err)
					}
					if n == 0 && d.step != o.changes {
						t.Fatalf("%d changes %v, not %d: this test does not reach all", d.step, d.names, o.changes)
					}
					w.afterCrash(t, v, name, err, other)
				})
			}
		}
	}
}

// afterCrash opens the folder anew and holds what is there against what was acknowledged.
func (w *town) afterCrash(t *testing.T, v *Vault, operation string, err error, other *Entry) {
	t.Helper()
	next, openErr := reopened(t, v, passphrase)
	check(t, openErr)
	held := w.over(next)
	all, bad, listErr := held.List(t.Context())
	check(t, listErr)
	passed, badRecords, listErr := held.PassedOn(t.Context())
	check(t, listErr)
	if len(bad)+len(badRecords) > 0 {
		t.Errorf("damaged: %v %v", bad, badRecords)
	}
	if _, findErr := held.Find(t.Context(), other.ID); findErr != nil {
		t.Errorf("another credential is gone: %v", findErr)
	}
	for _, e := range all {
		if _, err := held.open(t.Context(), []byte(e.held.Raw), held.pinned(e.held)); err != nil {
			t.Errorf("a credential is not whole: %v", err)
		}
	}
	switch {
	case err == nil && operation == "receive" && len(all) != 3, err == nil && operation == "remove" && len(all) != 1, err == nil && operation == "delegate" && len(passed) != 1:
		t.Errorf("what was acknowledged is not there: %d credentials, %d records", len(all), len(passed))
	case len(all) < 1 || len(all) > 3 || operation != "remove" && len(all) < 2:
		t.Errorf("%d credentials", len(all))
	}
}

// TestKilled covers WAL-12 by force: a process that stores credentials is killed, again and again,
// and every one that it had acknowledged is there afterwards.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("BEHALF_TEST_VAULT"); dir != "" {
		storeForEver(t, dir)
		return
	}
	v := newVault(t)
	closed(t, v)
	acknowledged := map[string]bool{}
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "BEHALF_TEST_VAULT="+v.dir)
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; n < 3+4*round && lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "stored "); ok {
				acknowledged[id] = true
				n++
			}
		}
		check(t, cmd.Process.Kill())
		for lines.Scan() { // what it said before it died counts too
			if id, ok := strings.CutPrefix(lines.Text(), "stored "); ok {
				acknowledged[id] = true
			}
		}
		_ = cmd.Wait()
	}
	again, err := Open(t.Context(), v.dir, []byte(passphrase), rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = again.Close() })
	all, bad, err := again.all()
	check(t, err)
	if len(bad) != 0 || len(acknowledged) < 20 {
		t.Errorf("%d damaged, %d acknowledged", len(bad), len(acknowledged))
	}
	for _, h := range all {
		delete(acknowledged, h.ID)
	}
	if len(acknowledged) != 0 {
		t.Errorf("%d acknowledged credentials are lost", len(acknowledged))
	}
}

// storeForEver is what the process does that is killed.
func storeForEver(t *testing.T, dir string) {
	v, err := Open(t.Context(), dir, []byte(passphrase), rand.Reader)
	check(t, err)
	for {
		h := &held{Format: "dc+sd-jwt", Raw: strings.Repeat("r", 5000)}
		check(t, v.add(h))
		fmt.Println("stored " + h.ID)
	}
}

func TestExportImport(t *testing.T) {
	w := newTown(t)
	v := newVault(t)
	tom := w.over(v)
	e := w.receive(tom)
	_, record := passOn(t, tom, e, w.wallet(), Permitted{"appointments", []string{"view"}})
	v.disk.write = quickly
	for range partItems { // more than one part
		w.cloned(tom, e)
	}
	file, err := v.Export([]byte("of the backup"))
	check(t, err)
	dir := filepath.Join(t.TempDir(), "new")
	next, err := Import(t.Context(), dir, file, []byte("of the backup"), []byte("of the new one"), rand.Reader)
	check(t, err)
	t.Cleanup(func() { _ = next.Close() })
	held := w.over(next)
	all, bad, err := held.List(t.Context())
	check(t, err)
	if len(all) != partItems+1 || len(bad) != 0 || held.DID() != tom.DID() {
		t.Fatalf("%d credentials, %v", len(all), bad)
	}
	p, err := held.Prepare(t.Context(), w.link(), e.ID)
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if _, err := held.TakeBack(t.Context(), record.ID); err != nil {
		t.Errorf("a record of the backup: %v", err)
	}
	if _, err := Import(t.Context(), dir, file, []byte("of the backup"), []byte("x"), rand.Reader); err == nil {
		t.Error("imported over a wallet")
	}
}

func TestImportRefuses(t *testing.T) {
	v := newVault(t)
	h := &held{Format: "dc+sd-jwt", Raw: "raw"}
	check(t, v.add(h))
	file, err := v.Export([]byte("b"))
	check(t, err)
	second, err := v.Export([]byte("b"))
	check(t, err)
	head := len(backupMagic) + 4
	for name, c := range map[string]struct {
		file   []byte
		secret string
		want   reason.Code
	}{
		"empty":             {nil, "b", reason.StoreTampered},
		"something else":    {[]byte("age-encryption.org/v1\n"), "b", reason.StoreTampered},
		"magic alone":       {[]byte(backupMagic), "b", reason.StoreTampered},
		"cut":               {file[:len(file)-1], "b", reason.StoreTampered},
		"a part less":       {file[:head+int(uint32(file[head-2])<<8|uint32(file[head-1]))], "b", reason.StoreTampered},
		"more":              {append(bytes.Clone(file), 'x'), "b", reason.StoreTampered},
		"flipped head":      {flip(file, head+200), "b", reason.StoreTampered},
		"flipped tail":      {flip(file, len(file)-3), "b", reason.StoreTampered},
		"part of another":   {append(bytes.Clone(file[:head+600]), second[head+600:]...), "b", reason.StoreTampered},
		"a wrong length":    {flip(file, len(backupMagic)), "b", reason.StoreTampered},
		"wrong passphrase ": {file, "c", reason.InternalIndeterminate},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new")
			_, err := Import(t.Context(), dir, c.file, []byte(c.secret), []byte("n"), rand.Reader)
			want(t, err, c.want)
			if c.secret != "b" && !errors.Is(err, sealed.ErrPassphrase) {
				t.Errorf("not told apart: %v", err)
			}
			if _, err := os.Lstat(filepath.Join(dir, homeFile)); err == nil {
				t.Error("a wallet was made")
			}
		})
	}
}

// TestImportPath covers CLI-01: a backup that was made by somebody else cannot name files elsewhere.
func TestImportPath(t *testing.T) {
	v := newVault(t)
	for _, id := range []string{"../../x", "", "aaaaaaaaaaaaaaa/", "AAAAAAAAAAAAAAAA", strings.Repeat("a", 17)} {
		h := &held{ID: id, Format: "dc+sd-jwt", Raw: "raw"}
		raw, err := sealBackup(v, h)
		check(t, err)
		_, err = Import(t.Context(), filepath.Join(t.TempDir(), "new"), raw, []byte("b"), []byte("n"), rand.Reader)
		want(t, err, reason.CLIPath)
	}
}

// TestImportIsCutShort lets each change of Import fail: there is no wallet then, and it can be called again.
func TestImportIsCutShort(t *testing.T) {
	v := newVault(t)
	for range 2 {
		check(t, v.add(&held{Format: "dc+sd-jwt", Raw: "raw"}))
	}
	file, err := v.Export([]byte("b"))
	check(t, err)
	head, parts, err := readBackup(file, []byte("b"))
	check(t, err)
	for n := 1; n <= 3; n++ {
		dir := filepath.Join(t.TempDir(), "new")
		next, err := begin(t.Context(), dir, []byte("n"), rand.Reader)
		check(t, err)
		next.disk = (&brokenDisk{n: n, dead: true}).disk()
		if _, err := next.or(next.restore(head, parts)); !errors.Is(err, errDisk) {
			t.Fatalf("change %d: %v", n, err)
		}
		if _, err := Open(t.Context(), dir, []byte("n"), rand.Reader); !errors.Is(err, ErrNoWallet) {
			t.Errorf("change %d: %v", n, err)
		}
		if n > 1 {
			if _, err := Create(t.Context(), dir, []byte("n"), Settings{}, rand.Reader); !errors.Is(err, ErrRemains) {
				t.Errorf("change %d: a wallet was made among the remains: %v", n, err)
			}
		}
		again, err := Import(t.Context(), dir, file, []byte("b"), []byte("n"), rand.Reader)
		check(t, err)
		if all, bad, _ := again.all(); len(all) != 2 || len(bad) != 0 {
			t.Errorf("change %d: %d credentials, %v", n, len(all), bad)
		}
		check(t, again.Close())
	}
}
