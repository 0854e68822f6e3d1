// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxBackup is the number of bytes that a backup may have.
const MaxBackup = 512 << 20

const (
	backupMagic = "behalf-wallet-backup/2\n"
	backupFirst = "behalf-wallet-backup/1\n" // of release 0, without Grants and Waiting
	partItems   = 256                        // items in one part
	partBytes   = 6 << 20                    // bytes of the items in one part, about
)

// A backup is the magic line and then its parts, each behind its length in four bytes. Every part
// is sealed for its number; the first says how many there are. So none can be left out, added or moved.
type backupHead struct {
	Home  home `json:"home"`
	Parts int  `json:"parts"` // further parts
}

// backupPart holds items in the form in which they lie in their files.
type backupPart struct {
	Credentials []*held     `json:"credentials,omitempty"`
	PassedOn    []*PassedOn `json:"passed_on,omitempty"`
	Foreign     []*Foreign  `json:"foreign,omitempty"`
	Grants      []*granted  `json:"grants,omitempty"`
	Waiting     []*waiting  `json:"waiting,omitempty"`
}

// items returns what the part holds, by the name of its file.
func (p *backupPart) items() map[string]item {
	out := make(map[string]item, len(p.Credentials)+len(p.PassedOn)+len(p.Foreign)+len(p.Grants)+len(p.Waiting))
	for _, h := range p.Credentials {
		out[heldMark+h.ID+itemEnd] = h
	}
	for _, r := range p.PassedOn {
		out[passedMark+r.ID+itemEnd] = r
	}
	for _, f := range p.Foreign {
		out[foreignMark+f.ID+itemEnd] = f
	}
	for _, g := range p.Grants {
		out[grantMark+g.ID+itemEnd] = g
	}
	for _, c := range p.Waiting {
		out[waitingMark+c.ID+itemEnd] = c
	}
	return out
}

// Export returns keys, settings, credentials, collections that wait and records as one file, sealed under a passphrase of
// its own. A file of the vault that is damaged ends it: a backup holds all or is none.
func (v *Vault) Export(passphrase []byte) ([]byte, error) {
	parts, err := v.parts()
	if err != nil {
		return nil, err
	}
	salt, err := sealed.NewSalt(v.random)
	if err != nil {
		return nil, err
	}
	k, err := sealed.DeriveKey(passphrase, salt, sealed.DefaultParams())
	if err != nil {
		return nil, err
	}
	out := []byte(backupMagic)
	contents := append([]any{backupHead{v.home, len(parts)}}, parts...)
	for i, content := range contents {
		plain, err := strictjson.Marshal(content)
		if err != nil {
			return nil, err
		}
		raw, err := k.Seal(partName(i), plain, v.random)
		if err != nil {
			return nil, err
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(raw))), raw...)
	}
	return out, nil
}

func partName(i int) string { return fmt.Sprintf("backup-%d", i) }

// parts returns everything but the keys, cut so that each part can be sealed and read again.
func (v *Vault) parts() ([]any, error) {
	all, damaged, err := v.all()
	if err != nil {
		return nil, err
	}
	passed, more, err := readAll[PassedOn](v, passedMark)
	if err != nil {
		return nil, err
	}
	foreign, others, err := readAll[Foreign](v, foreignMark)
	if err != nil {
		return nil, err
	}
	grants, bad, err := readAll[granted](v, grantMark)
	if err != nil {
		return nil, err
	}
	waits, worse, err := readAll[waiting](v, waitingMark)
	if err != nil {
		return nil, err
	}
	for _, d := range slices.Concat(damaged, more, others, bad, worse) {
		return nil, reason.Wrap(reason.StoreTampered, "a file of the wallet is damaged; restore or remove it first: "+d.File, d.Err)
	}
	var out []any
	cut(all, (*held).size, func(some []*held) { out = append(out, backupPart{Credentials: some}) })
	cut(passed, func(*PassedOn) int { return 0 }, func(some []*PassedOn) { out = append(out, backupPart{PassedOn: some}) })
	cut(foreign, func(f *Foreign) int { return 2 * len(f.Raw) }, func(some []*Foreign) { out = append(out, backupPart{Foreign: some}) })
	cut(grants, (*granted).size, func(some []*granted) { out = append(out, backupPart{Grants: some}) })
	cut(waits, (*waiting).size, func(some []*waiting) { out = append(out, backupPart{Waiting: some}) })
	return out, nil
}

// cut gives out all in pieces of at most partItems items and about partBytes bytes.
func cut[T any](all []T, size func(T) int, give func([]T)) {
	for len(all) > 0 {
		n, bytes := 0, 0
		for n < len(all) && n < partItems && bytes < partBytes {
			bytes += size(all[n])
			n++
		}
		give(all[:n])
		all = all[n:]
	}
}

// size is how large h is in a part, about: the statement repeats what Raw says.
func (h *held) size() int {
	n := 2 * len(h.Raw)
	for _, p := range h.Parents {
		n += len(p)
	}
	for _, s := range h.Signers {
		n += len(s.Document)
	}
	return n
}

// Import makes a vault in the folder dir, which holds none, out of what Export returned. from is the
// passphrase of the file, passphrase the one of the new vault. A wrong one is sealed.ErrPassphrase, a
// file that is damaged, cut short or no backup store.tampered. A crash leaves no wallet, and Import
// can be called again.
func Import(ctx context.Context, dir string, file, from, passphrase []byte, random io.Reader) (*Vault, error) {
	head, parts, err := readBackup(file, from)
	if err != nil {
		return nil, err
	}
	v, err := begin(ctx, dir, passphrase, random)
	if err != nil {
		return nil, err
	}
	return v.or(v.restore(head, parts))
}

// restore writes the items first and the keys last: a folder that holds the keys holds everything.
func (v *Vault) restore(head backupHead, parts []backupPart) error {
	if err := v.onlyOf(parts); err != nil {
		return err
	}
	for _, p := range parts {
		for name, content := range p.items() {
			if err := v.write(name, content); err != nil {
				return err
			}
		}
	}
	v.home.Settings, v.home.Names = head.Home.Settings, head.Home.Names
	return v.setKeys(head.Home.Keys)
}

// onlyOf refuses a folder with items that are not of the backup, which the new passphrase would not
// open. Those of the backup are what an Import that was cut short has left.
func (v *Vault) onlyOf(parts []backupPart) error {
	known := map[string]bool{}
	for _, p := range parts {
		for name := range p.items() {
			known[name] = true
		}
	}
	names, err := v.names("")
	if err != nil {
		return err
	}
	for _, name := range names {
		if !known[name] {
			return ErrRemains
		}
	}
	return nil
}

// readBackup opens every part of a backup.
func readBackup(file, passphrase []byte) (head backupHead, parts []backupPart, err error) {
	if len(file) > MaxBackup {
		return head, nil, notBackup(errors.New("too large"))
	}
	rest, ok := bytes.CutPrefix(file, []byte(backupMagic))
	if !ok {
		rest, ok = bytes.CutPrefix(file, []byte(backupFirst))
	}
	if !ok {
		return head, nil, notBackup(nil)
	}
	first, rest, err := cutPart(rest)
	if err != nil {
		return head, nil, err
	}
	k, plain, err := sealed.Unlock(passphrase, partName(0), first)
	if err != nil {
		return head, nil, damagedBackup(err)
	}
	if err := strictjson.UnmarshalClosed(plain, &head); err != nil || !head.Home.whole() {
		return head, nil, notBackup(err)
	}
	for i := 1; i <= head.Parts; i++ {
		var raw []byte
		if raw, rest, err = cutPart(rest); err != nil {
			return head, nil, err
		}
		p, err := openPart(k, i, raw)
		if err != nil {
			return head, nil, damagedBackup(err)
		}
		parts = append(parts, p)
	}
	if len(rest) > 0 {
		return head, nil, damagedBackup(reason.New(reason.StoreTampered, "something follows the last part"))
	}
	return head, parts, nil
}

func openPart(k *sealed.Key, i int, raw []byte) (p backupPart, err error) {
	plain, err := k.Open(partName(i), raw)
	if err != nil {
		return p, err
	}
	if err := strictjson.UnmarshalClosed(plain, &p); err != nil {
		return p, reason.Wrap(reason.StoreTampered, "a part is of another version", err)
	}
	if !p.plain() {
		return p, reason.New(reason.CLIPath, "an id in the backup is no file name of ours")
	}
	return p, nil
}

// plain reports whether every id in the part is one of ours: those of its items, and those by which they
// name others, whose files are removed with them.
func (p *backupPart) plain() bool {
	var ids []string
	for _, i := range p.items() {
		ids = append(ids, i.id())
	}
	for _, h := range p.Credentials {
		if h.Grant != "" {
			ids = append(ids, h.Grant)
		}
	}
	for _, c := range p.Waiting {
		ids = append(append(ids, c.Grant), c.Replaces...)
	}
	return !slices.ContainsFunc(ids, func(id string) bool { return !plainID(id) })
}

// plainID reports whether id is one that newID makes: it becomes part of a file name.
func plainID(id string) bool {
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return len(id) == idBytes*8/5
}

// cutPart takes one part off the front.
func cutPart(rest []byte) (part, after []byte, err error) {
	if len(rest) < 4 {
		return nil, nil, damagedBackup(reason.New(reason.StoreTampered, "a part is missing"))
	}
	n := binary.BigEndian.Uint32(rest)
	if uint64(n) > uint64(len(rest)-4) {
		return nil, nil, damagedBackup(reason.New(reason.StoreTampered, "a part is cut short"))
	}
	return rest[4 : 4+n], rest[4+n:], nil
}

func notBackup(err error) error {
	return reason.Wrap(reason.StoreTampered, "this is no backup that behalf-wallet export made", err)
}

// damagedBackup gives words to damage; a wrong passphrase stays what it is.
func damagedBackup(err error) error {
	if reason.Of(err) == reason.StoreTampered {
		return reason.Wrap(reason.StoreTampered, "the backup is damaged or cut short; use another copy", err)
	}
	return err
}
