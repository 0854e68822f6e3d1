// SPDX-License-Identifier: Apache-2.0

//go:build windows

package bolt

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Windows: ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL.
const (
	errHandleDiskFull = syscall.Errno(39)
	errDiskFull       = syscall.Errno(112)
)

// syncFolder does nothing: where folders cannot be synced the file system orders names itself.
func syncFolder(string) error { return nil }

// unlock has nothing to do: closing a file releases its locks here.
func unlock(*os.File) {}

// private has no mode bits to look at here; the access list of the folder decides.
func private(fs.FileMode) bool { return true }

func noSpace(err error) bool { return errors.Is(err, errHandleDiskFull) || errors.Is(err, errDiskFull) }

func noSpaceText() string { return errDiskFull.Error() }

// mapSize leaves the mapping to grow with the file: here the file would be made as large as it.
func mapSize() int { return 0 }
