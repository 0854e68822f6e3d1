// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Each change of a vault has a number, above those of all changes before, and every file holds the
// number of its last change in front of its content. A mark outside the folder keeps the numbers
// too. A folder, or a file, that was put back from an old copy opens and is whole; its numbers alone,
// below those of the mark, show that keys, refresh tokens or records of later changes are missing
// (attack WAL-10). The mark is never ahead of the folder, so that a crash gives no false alarm.
const (
	formHead  = "behalf-wallet/2 " // then the number in decimal, and a line feed; files of release 0 have none
	maxDigits = 19
	markName  = "mark" // what a mark is sealed for
	markGoes  = -1     // the number of a file that is being removed: it may be there or not
)

// form puts the number of a change in front of a file's content.
func form(number int64, content []byte) []byte {
	out := append(strconv.AppendInt([]byte(formHead), number, 10), '\n')
	return append(out, content...)
}

// unform takes the number off the front. A file of release 0 has none; its number is 0.
func unform(plain []byte) (number int64, content []byte, err error) {
	rest, ok := bytes.CutPrefix(plain, []byte(formHead))
	if !ok {
		return 0, plain, nil
	}
	end := bytes.IndexByte(rest[:min(len(rest), maxDigits+1)], '\n')
	if end < 0 {
		return 0, nil, reason.New(reason.StoreTampered, "the file is of another version")
	}
	number, err = strconv.ParseInt(string(rest[:end]), 10, 64)
	if err != nil || number < 1 {
		return 0, nil, reason.New(reason.StoreTampered, "the file is of another version")
	}
	return number, rest[end+1:], nil
}

// changes are the numbers of a vault's files. It is safe for concurrent use.
type changes struct {
	mu     sync.Mutex
	last   int64            // the highest that is known
	path   string           // of the mark, "" while none is kept
	files  map[string]int64 // by name, as the mark has them
	stale  bool             // the mark on the disk is behind files
	behind []string         // names that came back from an old copy, or are gone
}

// mark is the content of the mark's file.
type mark struct {
	Last  int64            `json:"last"`
	Files map[string]int64 `json:"files"`
}

func (n *changes) next() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	return n.last
}

// wrote remembers that a change is durable.
func (n *changes) wrote(name string, number int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.files != nil {
		n.files[name], n.stale = number, true
	}
}

// read holds the number of a file that was read against the mark.
func (n *changes) read(name string, number int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = max(n.last, number)
	switch known, ok := n.files[name]; {
	case !ok:
	case number < known:
		n.old(name)
	case number > known:
		n.files[name], n.stale = number, true
	}
}

// old remembers a name once. The caller holds mu.
func (n *changes) old(name string) {
	if !slices.Contains(n.behind, name) {
		n.behind = append(n.behind, name)
	}
}

// KeepMark holds the vault against the mark in the file at path, and keeps it there from now on. path
// lies outside the vault's folder, in a folder that is made, for its owner alone, if it is not there;
// a copy of the one must not be a copy of the other. A mark that is not there, or of another wallet,
// is begun anew. What does not fit is for RolledBack to tell: it never stops anything. An error says
// that no mark can be kept there.
func (v *Vault) KeepMark(path string) error {
	if err := sealed.MakeDir(filepath.Dir(path)); err != nil {
		return full(err)
	}
	names, err := v.marked()
	if err != nil {
		return err
	}
	raw, err := sealed.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var m mark
	if plain, err := v.key.Open(markName, raw); err != nil || strictjson.UnmarshalClosed(plain, &m) != nil || m.Files == nil {
		m = mark{Files: make(map[string]int64, len(names))}
		for _, name := range names {
			m.Files[name] = 0 // raised when it is read
		}
	}
	v.compare(path, m, names)
	return nil
}

// marked returns the names of the files that a mark has numbers of.
func (v *Vault) marked() ([]string, error) {
	files, err := os.ReadDir(v.dir)
	var names []string
	for _, f := range files {
		if strings.HasSuffix(f.Name(), itemEnd) {
			names = append(names, f.Name())
		}
	}
	return names, err
}

// compare takes on the mark m, and finds which of its files are gone and which came back.
func (v *Vault) compare(path string, m mark, names []string) {
	n := &v.changes
	n.mu.Lock()
	n.path, n.files, n.stale, n.last = path, m.Files, true, max(n.last, m.Last)
	there := make(map[string]bool, len(names))
	var unsure []string
	for _, name := range names {
		there[name] = true
		if _, ok := m.Files[name]; !ok || name == homeFile { // all others are looked at when they are read
			unsure = append(unsure, name)
		}
	}
	for name, number := range m.Files {
		if there[name] {
			continue
		}
		delete(n.files, name)
		if number != markGoes {
			n.old(name)
		}
	}
	n.mu.Unlock()
	for _, name := range unsure {
		if number, err := v.numberOf(name); err == nil { // damage is told where the file is read
			n.adopt(name, number, m.Last)
		}
	}
}

// adopt takes on a file that the mark does not know, or the home file: one that is newer than the
// mark is of a process that ended before it could say so, one that is not was removed and is back.
func (n *changes) adopt(name string, number, last int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known, ok := n.files[name]
	if !ok && number <= last || number < known {
		n.old(name)
	}
	n.files[name] = max(number, known)
}

// numberOf returns the number in front of a file.
func (v *Vault) numberOf(name string) (int64, error) {
	raw, err := sealed.ReadFile(v.path(name))
	if err != nil {
		return 0, err
	}
	plain, err := v.key.Open(name, raw)
	if err != nil {
		return 0, err
	}
	number, _, err := unform(plain)
	return number, err
}

// RolledBack returns what was found, since KeepMark, to be older than this wallet once left it or
// to be gone, each with store.rollback: its files as far as they were read. It is a warning. What it
// has told once is taken for what it is from then on.
func (v *Vault) RolledBack() []Damaged {
	n := &v.changes
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Damaged
	for _, name := range n.behind {
		out = append(out, Damaged{v.path(name), reason.New(reason.StoreRollback,
			"an older copy of the wallet was put back: what came after it may be missing or be used again")})
		if _, ok := n.files[name]; ok {
			n.files[name] = 0
		}
	}
	n.behind, n.stale = nil, n.stale || len(out) > 0
	return out
}

// leaves tells the mark that a file is about to be removed.
func (v *Vault) leaves(name string) {
	n := &v.changes
	n.mu.Lock()
	if n.files != nil {
		n.files[name], n.stale = markGoes, true
	}
	n.mu.Unlock()
	v.saveMark()
}

// saveMark writes the mark, if one is kept. One that cannot be written warns of less the next time,
// which is no reason to stop what a person wants to do.
func (v *Vault) saveMark() {
	n := &v.changes
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.path == "" || !n.stale {
		return
	}
	plain, err := strictjson.Marshal(mark{n.last, n.files})
	if err != nil {
		return
	}
	if raw, err := v.key.Seal(markName, plain, v.random); err == nil && v.disk.write(n.path, raw) == nil {
		n.stale = false
	}
}
