// SPDX-License-Identifier: Apache-2.0

//go:build unix && !solaris && !illumos && !aix

package bolt

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"syscall"
)

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	return f.Close()
}

// unlock releases the lock of f. Closing f alone would not, as long as its mapping is left over.
func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

// private reports whether nobody but the owner may read or write.
func private(mode fs.FileMode) bool { return mode.Perm()&0o077 == 0 }

func noSpace(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

func noSpaceText() string { return syscall.ENOSPC.Error() }

// mapSize reserves address space for the largest file at once. Growing the mapping later would
// wait for open Scans, and a Get within such a Scan would wait for the growing: a deadlock.
func mapSize() int {
	if most := int64(MaxFile); most <= math.MaxInt {
		return int(most)
	}
	return 0 // 32 bits have no such space: the mapping grows with the file
}
