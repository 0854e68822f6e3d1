// SPDX-License-Identifier: Apache-2.0

//go:build unix

package sealed

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/behalf-id/behalf/reason"
)

// owned reports whether the file is ours.
func owned(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}

// closed reports whether group and world may do nothing with the file.
func closed(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

// syncDir makes what was created, renamed or removed in the folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openLock opens the lock file, and makes it where it is missing. It never follows a link.
func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, reason.New(reason.StorePermissions, "a link stands where the lock should be")
	}
	return f, err
}

// tryLock takes the lock if it is free.
func tryLock(f *os.File) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, err
		}
	}
}
