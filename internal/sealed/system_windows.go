// SPDX-License-Identifier: Apache-2.0

//go:build windows

package sealed

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// owned is always true: Windows keeps a profile's folder private by its own access lists, which
// the file mode does not show.
func owned(fs.FileInfo) bool { return true }

// closed is always true, for the same reason.
func closed(fs.FileInfo) bool { return true }

// syncDir does nothing: Windows cannot flush a folder, and orders its changes by itself.
func syncDir(string) error { return nil }

// openLock opens the lock file, and makes it where it is missing.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
}

// tryLock takes the lock if it is free.
func tryLock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
