// SPDX-License-Identifier: Apache-2.0

package sealed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// LockWait is how long Lock waits for another process.
	LockWait = 5 * time.Second

	lockName  = ".lock"
	lockRetry = 20 * time.Millisecond
	nameBatch = 256 // names that are read at one time when a folder is swept
)

// ErrLocked says that another process holds the folder's lock.
var ErrLocked = errors.New("sealed: the folder is in use by another process")

// Lock takes the lock of the folder dir, which must be as MakeDir makes it, for this process and
// this caller alone, and removes what writes that a crash cut short have left there. It waits for
// LockWait at most, or until ctx ends; then it is an error that is ErrLocked. The lock ends with
// unlock or with the process, however that ends.
func Lock(ctx context.Context, dir string) (unlock func() error, err error) {
	return lockWithin(ctx, dir, LockWait)
}

func lockWithin(ctx context.Context, dir string, wait time.Duration) (func() error, error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	f, err := openLock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	if err := waitForLock(ctx, f, wait); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := sweep(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil // closing the one descriptor ends the lock
}

// waitForLock tries until it has the lock, time runs out, or ctx ends.
func waitForLock(ctx context.Context, f *os.File, wait time.Duration) error {
	end := time.NewTimer(wait)
	defer end.Stop()
	again := time.NewTicker(lockRetry)
	defer again.Stop()
	for {
		ok, err := tryLock(f)
		if ok || err != nil {
			return err
		}
		select {
		case <-again.C:
		case <-end.C:
			return fmt.Errorf("%w (waited %s): wait for it to end, or stop it", ErrLocked, wait)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrLocked, ctx.Err())
		}
	}
}

// sweep removes files that were being written when their process died. Who holds the lock may: no
// other process is writing.
func sweep(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	for {
		names, err := d.Readdirnames(nameBatch)
		for _, name := range names {
			if strings.HasPrefix(name, tempPrefix) {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
