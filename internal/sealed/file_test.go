// SPDX-License-Identifier: Apache-2.0

package sealed

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/behalf-id/behalf/reason"
)

func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	if err := MakeDir(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFiles(t *testing.T) {
	dir := newDir(t)
	if err := MakeDir(dir); err != nil {
		t.Errorf("a folder that is there: %v", err)
	}
	path := filepath.Join(dir, "a")
	if _, err := ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	for _, text := range []string{"one", "two", ""} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(path); err != nil || string(got) != text {
			t.Fatalf("%q, %v", got, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
	if err := RemoveFile(path); err != nil {
		t.Fatal(err)
	}
	if err := RemoveFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed twice: %v", err)
	}
}

// TestPermissions covers WAL-13.
func TestPermissions(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir, path string) error{
		"group reads":   func(_ *testing.T, _, path string) error { return os.Chmod(path, 0o640) },
		"world reads":   func(_ *testing.T, _, path string) error { return os.Chmod(path, 0o604) },
		"open folder":   func(_ *testing.T, dir, _ string) error { return os.Chmod(dir, 0o770) },
		"listed folder": func(_ *testing.T, dir, _ string) error { return os.Chmod(dir, 0o701) },
		"linked file": func(_ *testing.T, dir, path string) error {
			return errors.Join(os.Rename(path, path+"x"), os.Symlink(path+"x", path))
		},
		"linked folder": func(_ *testing.T, dir, _ string) error {
			return errors.Join(os.Rename(dir, dir+"x"), os.Symlink(dir+"x", dir))
		},
		"folder for a file": func(_ *testing.T, _, path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		},
		"other owner": func(t *testing.T, _, path string) error {
			if os.Geteuid() != 0 {
				t.Skip("needs root")
			}
			return os.Chown(path, 12345, -1)
		},
		"other owner of the folder": func(t *testing.T, dir, _ string) error {
			if os.Geteuid() != 0 {
				t.Skip("needs root")
			}
			return os.Chown(dir, 12345, -1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			path := filepath.Join(dir, "a")
			if err := WriteFile(path, []byte("x")); err != nil {
				t.Fatal(err)
			}
			if err := spoil(t, dir, path); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadFile(path); reason.Of(err) != reason.StorePermissions {
				t.Errorf("read: %v", err)
			}
			if strings.Contains(name, "folder") && name != "folder for a file" {
				wantFolderRefused(t, dir)
			}
		})
	}
}

func wantFolderRefused(t *testing.T, dir string) {
	t.Helper()
	if err := WriteFile(filepath.Join(dir, "a"), nil); reason.Of(err) != reason.StorePermissions {
		t.Errorf("write: %v", err)
	}
	if err := MakeDir(dir); reason.Of(err) != reason.StorePermissions {
		t.Errorf("make: %v", err)
	}
	if _, err := Lock(t.Context(), dir); reason.Of(err) != reason.StorePermissions {
		t.Errorf("lock: %v", err)
	}
}

func TestLinkedLockAndLargeFile(t *testing.T) {
	dir := newDir(t)
	if err := os.Symlink("/dev/null", filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(t.Context(), dir); reason.Of(err) != reason.StorePermissions {
		t.Errorf("linked lock: %v", err)
	}
	large := filepath.Join(dir, "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, MaxSealed+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(large); reason.Of(err) != reason.StoreTampered {
		t.Errorf("large file: %v", err)
	}
}

var errDisk = errors.New("disk broke")

// brokenDisk is the real disk until its n-th step, which fails; dead, it does nothing after that, as
// after a crash. It lists what it did.
type brokenDisk struct {
	osDisk
	n     int
	dead  bool
	steps []string
}

func (d *brokenDisk) step(name string) error {
	d.steps = append(d.steps, name)
	if len(d.steps) == d.n || (d.dead && len(d.steps) > d.n) {
		return errDisk
	}
	return nil
}

func (d *brokenDisk) check(dir string) error {
	return errors.Join(d.step("check"), d.osDisk.check(dir))
}

func (d *brokenDisk) create(dir string) (temp, error) {
	if err := d.step("create"); err != nil {
		return nil, err
	}
	f, err := d.osDisk.create(dir)
	return brokenFile{f, d}, err
}

func (d *brokenDisk) rename(from, to string) error {
	if err := d.step("rename"); err != nil {
		return err
	}
	return d.osDisk.rename(from, to)
}

func (d *brokenDisk) syncDir(dir string) error {
	if err := d.step("syncDir"); err != nil {
		return err
	}
	return d.osDisk.syncDir(dir)
}

func (d *brokenDisk) remove(path string) error {
	if err := d.step("remove"); err != nil {
		return err
	}
	return d.osDisk.remove(path)
}

type brokenFile struct {
	temp
	d *brokenDisk
}

func (f brokenFile) Write(p []byte) (int, error) {
	if err := f.d.step("write"); err != nil {
		n, _ := f.temp.Write(p[:len(p)/2])
		return n, err
	}
	return f.temp.Write(p)
}

func (f brokenFile) Sync() error {
	if err := f.d.step("sync"); err != nil {
		return err
	}
	return f.temp.Sync()
}

func (f brokenFile) Close() error { return errors.Join(f.d.step("close"), f.temp.Close()) }

// TestBrokenWrite covers WAL-12: each step fails, or the process dies there; the old file or the new one
// is there, whole, and the error is not swallowed.
func TestBrokenWrite(t *testing.T) {
	whole := &brokenDisk{}
	if err := write(whole, filepath.Join(newDir(t), "a"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(whole.steps, " "); got != "check create write sync close rename syncDir" {
		t.Fatalf("steps: %s", got)
	}
	for n := 1; n <= len(whole.steps); n++ {
		for _, dead := range []bool{false, true} {
			dir := newDir(t)
			path := filepath.Join(dir, "a")
			if err := WriteFile(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			if err := write(&brokenDisk{n: n, dead: dead}, path, []byte("new")); !errors.Is(err, errDisk) {
				t.Errorf("step %d: %v", n, err)
			}
			got, err := ReadFile(path)
			if want := map[bool]string{false: "old", true: "new"}[n == len(whole.steps)]; err != nil || string(got) != want {
				t.Errorf("step %d: %q, %v", n, got, err)
			}
			unlock, err := Lock(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			_ = unlock()
			if left, _ := os.ReadDir(dir); len(left) != 2 {
				t.Errorf("step %d: %d files are left", n, len(left))
			}
		}
	}
}

// TestLock covers WAL-14.
func TestLock(t *testing.T) {
	dir := newDir(t)
	unlock, err := Lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockWithin(t.Context(), dir, 30*time.Millisecond)
	if !errors.Is(err, ErrLocked) || strings.Contains(err.Error(), "\n") {
		t.Errorf("locked twice: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lock(ctx, dir); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrLocked) {
		t.Errorf("cancelled: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	var turns sync.WaitGroup
	var inside, done atomic.Int64
	for range 8 {
		turns.Go(func() {
			unlock, err := Lock(t.Context(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two are inside")
			}
			runtime.Gosched()
			inside.Add(-1)
			done.Add(1)
			if err := unlock(); err != nil {
				t.Error(err)
			}
		})
	}
	turns.Wait()
	if done.Load() != 8 {
		t.Errorf("%d turns", done.Load())
	}
}
