// SPDX-License-Identifier: Apache-2.0

package sealed

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/behalf-id/behalf/reason"
)

// tempPrefix begins the name of a file that is being written. One that a crash left behind is
// never read, and is removed by the next Lock.
const tempPrefix = ".writing-"

// MakeDir makes the folder at path, for its owner alone (0700), or checks that it is that already:
// a folder, no symbolic link, ours, closed to group and world. Else it is store.permissions.
func MakeDir(path string) error {
	err := os.Mkdir(path, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err == nil {
		if err := syncDir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return privateDir(path)
}

// WriteFile replaces the file at path with one that holds data, in one step: after a crash at any
// moment there is the old file or the new one, whole. When it returns nil the new one is durable.
// After an error either may be there; read back before acting on it. The folder must be as MakeDir
// makes it. The caller holds the folder's Lock.
func WriteFile(path string, data []byte) error { return write(osDisk{}, path, data) }

// ReadFile returns the content of the file at path. A file or folder that is a symbolic link, not
// ours, or open to group or world is store.permissions; a file larger than MaxSealed is
// store.tampered; one that does not exist is fs.ErrNotExist.
func ReadFile(path string) ([]byte, error) {
	if err := privateDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := private(before, 0); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(before, opened) {
		return nil, reason.New(reason.StorePermissions, "the file changed while it was opened")
	}
	if opened.Size() > MaxSealed {
		return nil, tampered("the file is larger than any that was sealed", nil)
	}
	return io.ReadAll(io.LimitReader(f, MaxSealed+1))
}

// RemoveFile removes the file at path; when it returns nil the removal is durable.
func RemoveFile(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// disk is what write does to the file system, so that a test can make each step of it fail.
type disk interface {
	check(dir string) error
	create(dir string) (temp, error)
	rename(from, to string) error
	syncDir(dir string) error
	remove(path string) error
}

// temp is a file that is being written.
type temp interface {
	io.Writer
	Name() string
	Sync() error
	Close() error
}

func write(d disk, path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := d.check(dir); err != nil {
		return err
	}
	f, err := d.create(dir)
	if err != nil {
		return err
	}
	if err := fill(f, data); err != nil {
		return errors.Join(err, d.remove(f.Name()))
	}
	if err := d.rename(f.Name(), path); err != nil {
		return errors.Join(err, d.remove(f.Name()))
	}
	return d.syncDir(dir)
}

// fill writes data and makes it durable before the file gets its name. A failed Sync is never tried
// again: the system may have dropped the pages and would report success.
func fill(f temp, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// osDisk is the real file system.
type osDisk struct{}

func (osDisk) check(dir string) error { return privateDir(dir) }

// create makes a file of a random name with mode 0600, and fails if the name is taken.
func (osDisk) create(dir string) (temp, error) { return os.CreateTemp(dir, tempPrefix) }

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) remove(path string) error     { return os.Remove(path) }
func (osDisk) syncDir(dir string) error     { return syncDir(dir) }

// privateDir refuses a folder that others can look into or change.
func privateDir(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return private(info, fs.ModeDir)
}

// private refuses what is not of the kind (0 for a plain file), not ours, or open to others.
func private(info fs.FileInfo, kind fs.FileMode) error {
	if info.Mode().Type() != kind {
		return reason.New(reason.StorePermissions, "a link or something else stands where the store should be")
	}
	if !owned(info) {
		return reason.New(reason.StorePermissions, "another user owns the store's file or folder")
	}
	if !closed(info) {
		return reason.New(reason.StorePermissions, "the store's file or folder is open to others; find out why, and close it with: chmod -R go= FOLDER")
	}
	return nil
}
