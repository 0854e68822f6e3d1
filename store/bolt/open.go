// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
)

const (
	fileMode   = 0o600
	folderMode = 0o700
	growStep   = 1 << 20 // bytes by which the file grows: each step costs an fsync of its own
	format     = "1"     // of records, index and checksum; another one is refused
)

func recordsBucket() []byte { return []byte("records") } // key → record
func expiryBucket() []byte  { return []byte("expiry") }  // expiry and key → nothing
func stateBucket() []byte   { return []byte("state") }   // the format and the checksum of all records
func formatKey() []byte     { return []byte("format") }
func sumKey() []byte        { return []byte("sum") }

// opener opens the file; tests put one that fails in its place.
type opener = func(string, int, os.FileMode) (*os.File, error)

func open(cfg Config, file opener) (*Store, error) {
	if cfg.Path == "" || cfg.Now == nil {
		return nil, errors.New("store/bolt: Config.Path and Config.Now are required")
	}
	timeout, err := timeoutOf(cfg)
	if err != nil {
		return nil, err
	}
	if err := makeFolder(filepath.Dir(cfg.Path)); err != nil {
		return nil, openError(cfg.Path, err)
	}
	if err := inspect(cfg.Path); err != nil {
		return nil, openError(cfg.Path, err)
	}
	s := &Store{
		now: cfg.Now, timeout: timeout,
		queue: make(chan *request, MaxQueue), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if err := s.load(cfg.Path, file); err != nil {
		return nil, openError(cfg.Path, err)
	}
	go s.write()
	return s, nil
}

// load opens the file for writing, makes what is missing in it, and makes its name durable.
func (s *Store) load(path string, file opener) error {
	var err error
	if s.db, err = openFile(path, options(file)); err != nil {
		return err
	}
	s.db.AllocSize = growStep
	if err = guard(s.prepare); err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		_ = s.db.Close() // the first error is the one to tell
	}
	return err
}

// openFile opens path as bbolt does, and lets go of its lock if bbolt panics midway.
func openFile(path string, opts *bbolt.Options) (db *bbolt.DB, err error) {
	open, file := opts.OpenFile, (*os.File)(nil)
	if open == nil {
		open = os.OpenFile
	}
	opts.OpenFile = func(path string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = open(path, flag, mode)
		return file, err
	}
	err = guard(func() (err error) {
		db, err = bbolt.Open(path, fileMode, opts)
		return err
	})
	if err != nil && file != nil { // closed already, unless bbolt panicked
		unlock(file)
		_ = file.Close()
	}
	return db, err
}

// options says how bbolt is used. The list of free pages is not kept in the file but found by
// walking it: one flipped bit in that list would let a later commit overwrite live records.
func options(file opener) *bbolt.Options {
	return &bbolt.Options{
		Timeout:         LockTimeout,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapSize(),
		MaxSize:         mapSize(),
		NoStatistics:    true,
		OpenFile:        file,
	}
}

// prepare makes the buckets of a new file and reads the checksum of an old one.
func (s *Store) prepare() error {
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		s.sum, err = readSum(tx)
		return err
	})
	if !errors.Is(err, errEmpty) {
		return err
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{recordsBucket(), expiryBucket(), stateBucket()} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		state := tx.Bucket(stateBucket())
		if err := state.Put(formatKey(), []byte(format)); err != nil {
			return err
		}
		return state.Put(sumKey(), s.sum.encode())
	})
}

// errEmpty says that the file holds no store yet: its maker died before the first transaction.
var errEmpty = errors.New("no buckets yet") // never changed

// readSum returns the checksum that the file states for all its records.
func readSum(tx *bbolt.Tx) (checksum, error) {
	state, records, index := tx.Bucket(stateBucket()), tx.Bucket(recordsBucket()), tx.Bucket(expiryBucket())
	if state == nil && records == nil && index == nil {
		if first, _ := tx.Cursor().First(); first != nil {
			return checksum{}, damaged(errors.New("its buckets are not those of a store"))
		}
		return checksum{}, errEmpty
	}
	if state == nil || records == nil || index == nil {
		return checksum{}, damaged(errors.New("a bucket is missing"))
	}
	if got := state.Get(formatKey()); string(got) != format {
		return checksum{}, damaged(fmt.Errorf("format is %q, want %q", got, format))
	}
	sum, ok := decodeChecksum(state.Get(sumKey()))
	if !ok {
		return checksum{}, damaged(errors.New("the checksum of all records is itself damaged"))
	}
	return sum, nil
}

// inspect reads an existing file from end to end without writing, so that a damaged one is
// refused before anything is changed in it. It holds the shared lock meanwhile.
func inspect(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file: choose another path")
	case !private(info.Mode()):
		return fmt.Errorf("its mode %v lets others in: run chmod 600 on it", info.Mode().Perm())
	case info.Size() == 0:
		return nil // its maker died before the first byte
	}
	db, err := openFile(path, &bbolt.Options{ReadOnly: true, Timeout: LockTimeout, NoStatistics: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return guard(func() error { return checkFile(path) })
}

// checkFile reads every page and every record and compares the records, one by one and all
// together, with their checksums.
func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var got, want checksum
	var indexed uint64
	ok := true
	err = readPages(f, func(bucket string, key, value []byte) error {
		switch bucket {
		case string(recordsBucket()):
			r, err := decode(string(key), value)
			got.add(r)
			return err
		case string(expiryBucket()):
			indexed++
		case string(stateBucket()):
			if string(key) == string(sumKey()) {
				want, ok = decodeChecksum(value)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !ok || got != want || indexed != want.expiring {
		return damaged(errors.New("its records are not those that were last committed"))
	}
	return nil
}

// makeFolder makes the missing folders of path, for the owner alone, each of them durable.
func makeFolder(path string) error {
	err := os.Mkdir(path, folderMode)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeFolder(filepath.Dir(path)); err == nil {
			err = os.Mkdir(path, folderMode)
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil // if it is a file, opening what is below it fails
	case err != nil:
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// openError says in one line which file could not be opened, why, and what to do.
func openError(path string, err error) error {
	if _, named := errors.AsType[*reason.Error](err); named {
		return fmt.Errorf("open store %s: %w", path, err)
	}
	wrap := func(c reason.Code, advice string) error {
		return reason.Wrap(c, fmt.Sprintf("open store %s: %s", path, advice), err)
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return wrap(reason.StorageUnavailable, "it is in use by another process: stop that one or choose another path")
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return wrap(reason.StorageCorrupt, "it is not a store or is damaged: restore it from a backup")
	case full(err):
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
		return wrap(reason.StorageFull, "there is no space left: make room")
	}
	return wrap(reason.StorageUnavailable, "it cannot be used")
}

// full reports whether err is a write that found no space. An fsync that says so is not one
// of them: after a failed fsync it is not known what the disk holds.
func full(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		return true
	}
	if _, named := errors.AsType[*fs.PathError](err); named { // bbolt returns fsync's error bare
		return noSpace(err)
	}
	// Growing the file fails with a message alone.
	return err != nil && strings.HasPrefix(err.Error(), "file resize error") && strings.HasSuffix(err.Error(), noSpaceText())
}
