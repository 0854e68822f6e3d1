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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/did"
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
			return d.change(path, func() error { return quickly(path, data) }) // the steps of one write are the sealed package's to test
		},
		func(path string) error { return d.change(path, func() error { return sealed.RemoveFile(path) }) },
	}
}

// operation is something that changes a vault, and what must hold after it, or after it was cut short.
type operation struct {
	changes int // it makes, all told
	set     func(o *office)
	before  func(t *testing.T, o *office, held *Wallet) string // returns an id
	do      func(t *testing.T, o *office, held *Wallet, id string) error
	after   func(t *testing.T, o *office, held *Wallet, id string, err error)
}

// first receives a credential by the code flow, and returns its id.
func first(t *testing.T, o *office, held *Wallet) string {
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	return got.Entries[0].ID
}

// postponed begins a collection that waits, and returns its id.
func postponed(t *testing.T, o *office, held *Wallet) string {
	o.later = 1
	got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
	check(t, err)
	o.w.wait(time.Minute)
	return got.Pending[0].ID
}

// stored expects n credentials where the operation was acknowledged, and up to n where it was not.
func stored(n int) func(*testing.T, *office, *Wallet, string, error) {
	return func(t *testing.T, _ *office, held *Wallet, _ string, err error) {
		t.Helper()
		all, _, _ := held.List(t.Context())
		if err == nil && len(all) != n || len(all) > n {
			t.Errorf("%d credentials, not %d", len(all), n)
		}
	}
}

// operations are all that change a vault, but Import, which TestImportIsCutShort covers. Each vault
// holds one credential before.
func operations() map[string]operation {
	refreshing := func(o *office) { o.refreshing, o.batch = true, 3 }
	view := []Permitted{{"appointments", []string{"view"}}}
	return map[string]operation{
		"receive": {3, nil, nil, func(t *testing.T, o *office, held *Wallet, _ string) error {
			_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
			return err
		}, stored(2)},
		"receive copies": {6, refreshing, nil, func(t *testing.T, o *office, held *Wallet, _ string) error {
			_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(3))
			return err
		}, stored(4)},
		"receive later": {4, nil, nil, func(t *testing.T, o *office, held *Wallet, _ string) error {
			o.later = 1
			_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(0))
			return err
		}, func(t *testing.T, o *office, held *Wallet, _ string, err error) {
			if all, _ := held.Pending(t.Context()); err == nil && len(all) != 1 {
				t.Errorf("%d pending", len(all))
			}
		}},
		"collect, not yet": {3, nil, postponed, func(t *testing.T, o *office, held *Wallet, id string) error {
			o.later = 2
			_, err := held.Collect(t.Context(), id)
			return err
		}, collectable},
		"collect": {5, nil, postponed, func(t *testing.T, _ *office, held *Wallet, id string) error {
			_, err := held.Collect(t.Context(), id)
			return err
		}, collectable},
		"collect, renewable": {4, refreshing, postponed, func(t *testing.T, _ *office, held *Wallet, id string) error {
			_, err := held.Collect(t.Context(), id)
			return err
		}, collectable},
		"collect, turned down": {4, nil, postponed, func(t *testing.T, o *office, held *Wallet, id string) error {
			o.denied = true
			_, err := held.Collect(t.Context(), id)
			o.denied = false
			if reason.Of(err) == reason.GrantInvalid && !errors.Is(err, errDisk) {
				return nil
			}
			return err
		}, stored(1)},
		"renew": {5, refreshing, first, func(t *testing.T, _ *office, held *Wallet, id string) error {
			_, err := held.Renew(t.Context(), id, Collector{})
			return err
		}, func(t *testing.T, _ *office, held *Wallet, id string, err error) {
			all, _, _ := held.List(t.Context())
			if _, old := held.Find(t.Context(), id); len(all) < 2 || err == nil && (len(all) != 2 || old == nil) {
				t.Errorf("%d credentials, the old one: %v", len(all), old)
			}
		}},
		"rotate": {1, nil, nil, func(t *testing.T, _ *office, held *Wallet, _ string) error {
			_, err := held.RotateKey(t.Context())
			return err
		}, func(t *testing.T, _ *office, held *Wallet, _ string, err error) {
			if n := len(held.Keys()); err == nil && n != 2 || n < 1 {
				t.Errorf("%d keys", n)
			}
		}},
		"drop a key": {1, nil, func(t *testing.T, _ *office, held *Wallet) string {
			_, err := held.RotateKey(t.Context())
			check(t, err)
			_, err = held.RotateKey(t.Context())
			check(t, err)
			return held.Keys()[1].DID.String()
		}, func(t *testing.T, _ *office, held *Wallet, id string) error {
			unused, err := did.Parse(id)
			check(t, err)
			return held.DropKey(t.Context(), unused)
		}, func(t *testing.T, _ *office, held *Wallet, _ string, err error) {
			if n := len(held.Keys()); err == nil && n != 2 || n < 2 {
				t.Errorf("%d keys", n)
			}
		}},
		"delegate": {1, nil, nil, func(t *testing.T, o *office, held *Wallet, _ string) error {
			all, _, err := held.List(t.Context())
			check(t, err)
			_, _, err = held.Delegate(t.Context(), all[0], Proposal{To: o.w.wallet().DID(), Permissions: view})
			return err
		}, func(t *testing.T, _ *office, held *Wallet, _ string, err error) {
			if passed, _, _ := held.PassedOn(t.Context()); err == nil && len(passed) != 1 {
				t.Errorf("%d records", len(passed))
			}
		}},
		"take back": {1, nil, func(t *testing.T, o *office, held *Wallet) string {
			all, _, err := held.List(t.Context())
			check(t, err)
			_, record, err := held.Delegate(t.Context(), all[0], Proposal{To: o.w.wallet().DID(), Permissions: view})
			check(t, err)
			return record.ID
		}, func(t *testing.T, _ *office, held *Wallet, id string) error {
			_, err := held.TakeBack(t.Context(), id)
			return err
		}, func(t *testing.T, _ *office, held *Wallet, _ string, err error) {
			if passed, _, _ := held.PassedOn(t.Context()); len(passed) != 1 || err == nil && passed[0].TakenBack.IsZero() {
				t.Errorf("records: %+v", passed)
			}
		}},
		"keep others": {1, nil, nil, func(t *testing.T, _ *office, held *Wallet, _ string) error {
			_, err := held.Keep(t.Context(), []*Foreign{{Format: "ldp_vc", Raw: "{}", Issuer: "did:example:a", Types: []string{"A"}, By: []string{"b"}}})
			return err
		}, stored(1)},
		"remove": {2, refreshing, first, func(t *testing.T, _ *office, held *Wallet, id string) error {
			return held.Remove(t.Context(), id)
		}, func(t *testing.T, _ *office, held *Wallet, id string, err error) {
			if _, old := held.Find(t.Context(), id); err == nil && reason.Of(old) != reason.ObjectUnknown {
				t.Errorf("it is there: %v", old)
			}
		}},
		"show a copy": {1, refreshing, func(t *testing.T, o *office, held *Wallet) string {
			got, err := held.Receive(t.Context(), o.codeOffer(), o.taker(3))
			check(t, err)
			return got.Entries[1].ID
		}, func(t *testing.T, o *office, held *Wallet, id string) error {
			p, err := held.Prepare(t.Context(), o.w.link(), id)
			check(t, err)
			_, err = p.Send(t.Context(), Agree)
			return err
		}, func(t *testing.T, o *office, held *Wallet, _ string, _ error) {
			all, _, _ := held.List(t.Context())
			marked := slices.ContainsFunc(all, func(e *Entry) bool { return len(e.held.ShownTo) == 1 })
			if len(o.w.answers) > 0 && !marked {
				t.Error("a copy was shown, and the wallet does not know it")
			}
		}},
		"status": {1, nil, nil, func(t *testing.T, _ *office, held *Wallet, _ string) error {
			all, _, err := held.List(t.Context())
			check(t, err)
			_, err = held.Refresh(t.Context(), all)
			return err
		}, stored(1)},
	}
}

// collectable expects that a collection which waited came to its end, or can be brought to it.
func collectable(t *testing.T, o *office, held *Wallet, id string, _ error) {
	t.Helper()
	o.w.wait(2 * time.Minute) // within the life of its token
	o.later = min(o.later, 1)
	if _, err := held.Collect(t.Context(), id); err != nil && reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("once more: %v", err)
	}
	all, _, _ := held.List(t.Context())
	if pending, _ := held.Pending(t.Context()); len(pending) != 0 || len(all) < 2 {
		t.Errorf("%d pending, %d credentials", len(pending), len(all))
	}
}

// TestBrokenChanges covers WAL-12: each change of each operation fails before or after it took hold, or the
// process dies there. What was acknowledged is there afterwards, whole; what was not is there whole or not
// at all; and nothing else is harmed.
func TestBrokenChanges(t *testing.T) {
	w := newTown(t)
	for name, op := range operations() {
		for n := 0; n <= op.changes; n++ {
			for _, mode := range []brokenDisk{{}, {after: true}, {dead: true}} {
				t.Run(fmt.Sprintf("WAL-12/%s/%d after=%v dead=%v", name, n, mode.after, mode.dead), func(t *testing.T) {
					mode.n = n
					brokenChange(t, w, op, &mode)
				})
			}
		}
	}
}

func brokenChange(t *testing.T, w *town, op operation, d *brokenDisk) {
	w.answers = nil
	o := w.office()
	v := newVault(t)
	v.disk.write = quickly
	held := w.over(v)
	other := first(t, o, held)
	if op.set != nil {
		op.set(o)
	}
	id := ""
	if op.before != nil {
		id = op.before(t, o, held)
	}
	v.disk = d.disk()
	err := op.do(t, o, held, id)
	if (err != nil) != (d.n > 0) {
		t.Fatalf("change %d of %v: %v", d.n, d.names, err)
	}
	if d.n == 0 && d.step != op.changes {
		t.Fatalf("%d changes %v, not %d: this test does not reach all", d.step, d.names, op.changes)
	}
	next, openErr := reopened(t, v, passphrase)
	check(t, openErr)
	held = w.over(next)
	w.intact(t, held, other)
	op.after(t, o, held, id, err)
	w.intact(t, held, other)
}

// intact expects that every file of a wallet can be read, every credential opened, and one be there.
func (w *town) intact(t *testing.T, held *Wallet, one string) {
	t.Helper()
	if _, err := held.cfg.Vault.parts(); err != nil { // reads every file there is
		t.Errorf("damaged: %v", err)
	}
	if _, err := held.Find(t.Context(), one); err != nil {
		t.Errorf("another credential is gone: %v", err)
	}
	all, _, err := held.List(t.Context())
	check(t, err)
	for _, e := range all {
		if _, err := held.open(t.Context(), []byte(e.held.Raw), held.pinned(e.held)); err != nil {
			t.Errorf("a credential is not whole: %v", err)
		}
		if _, err := held.signerOf(e.credential.Delegate.ID); err != nil {
			t.Errorf("the key of a credential is gone: %v", err)
		}
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
