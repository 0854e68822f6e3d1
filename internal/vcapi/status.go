// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/vcdm"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// The status lists of the server.
const (
	MaxLists = 64 // lists that are kept; then the status issuer gives out no more indexes

	bookFile   = "status.json"
	listSize   = bitstring.MinEntries
	listFull   = listSize / 2   // indexes given out of a list before the next is begun: enough are left to draw from
	listLife   = 24 * time.Hour // validity of a list credential
	statusPath = "/status/"
)

// book is the state of all lists.
type book struct {
	Lists []*page `json:"lists"`
}

// page is one list: which of its indexes were given out, and which of them are revoked.
type page struct {
	Given   bitmap `json:"given"`
	Revoked bitmap `json:"revoked"`
	Count   int    `json:"count"`
}

// bitmap is written as base64.
type bitmap []byte

// MarshalText implements encoding.TextMarshaler.
func (b bitmap) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(b)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *bitmap) UnmarshalText(text []byte) (err error) {
	*b, err = base64.RawURLEncoding.Strict().DecodeString(string(text))
	return err
}

func (b bitmap) has(i uint64) bool { return b[i/8]>>(7-i%8)&1 == 1 }
func (b bitmap) set(i uint64)      { b[i/8] |= 1 << (7 - i%8) }

func readBook(dir string) (book, error) {
	var b book
	raw, err := sealed.ReadFile(filepath.Join(dir, bookFile))
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = strictjson.UnmarshalClosed(raw, &b)
	}
	if err != nil {
		return b, err
	}
	for _, p := range b.Lists {
		if len(p.Given) != listSize/8 || len(p.Revoked) != listSize/8 {
			return b, reason.New(reason.StorageCorrupt, "a status list has another size")
		}
	}
	return b, nil
}

// save makes the lists durable. The caller holds mu.
func (a *API) save() error {
	raw, err := strictjson.Marshal(a.book)
	if err != nil {
		return err
	}
	return sealed.WriteFile(filepath.Join(a.cfg.Dir, bookFile), raw)
}

// newStatus gives out a random index that was never given out before, and returns the entry for it. It
// is durable before it is used.
func (a *API) newStatus() (strictjson.Value, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.book.Lists)
	if n == 0 || a.book.Lists[n-1].Count >= listFull {
		if n == MaxLists {
			return nil, reason.New(reason.StorageFull, "there is no status index left")
		}
		a.book.Lists = append(a.book.Lists, &page{Given: make(bitmap, listSize/8), Revoked: make(bitmap, listSize/8)})
		n++
	}
	p := a.book.Lists[n-1]
	index, err := p.draw(a.cfg.Random)
	if err != nil {
		return nil, err
	}
	if err := a.save(); err != nil {
		return nil, err
	}
	list := a.listURL(n)
	return bitstring.Entry{
		ID: list + "#" + strconv.FormatUint(index, 10), Purpose: bitstring.Revocation, List: list, Index: index, Size: 1,
	}.JSON()
}

// draw marks a random index that was not given out. At most half of them were, so that the chance of
// failing is that of 128 tosses of a coin.
func (p *page) draw(random io.Reader) (uint64, error) {
	var b [3]byte
	for range 128 {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return 0, reason.Wrap(reason.InternalIndeterminate, "no random index", err)
		}
		index := (uint64(b[0])<<16 | uint64(b[1])<<8 | uint64(b[2])) % listSize
		if !p.Given.has(index) {
			p.Given.set(index)
			p.Count++
			return index, nil
		}
	}
	return 0, reason.New(reason.InternalIndeterminate, "no random index")
}

func (a *API) listURL(n int) string { return a.cfg.Origin + statusPath + strconv.Itoa(n) }

// StatusList returns the list credential called name, signed anew, or object.unknown.
func (a *API) StatusList(ctx context.Context, name string) ([]byte, error) {
	n, err := strconv.Atoi(name)
	if err != nil || strconv.Itoa(n) != name || n < 1 {
		return nil, reason.New(reason.ObjectUnknown, "no such list")
	}
	a.mu.Lock()
	if n > len(a.book.Lists) {
		a.mu.Unlock()
		return nil, reason.New(reason.ObjectUnknown, "no such list")
	}
	bits := bitstring.Pack(a.book.Lists[n-1].Revoked)
	a.mu.Unlock()
	now, by := a.cfg.Now().UTC().Truncate(time.Second), a.issuers[statusIssuer]
	return bitstring.Prove(ctx, bitstring.List{
		ID: a.listURL(n), Issued: now, Expires: now.Add(listLife), Purposes: []string{bitstring.Revocation}, Bits: bits,
	}, by.suite, by.by)
}

// Revoke sets the status of the entry at index of the list at url for ever. What was not given out is
// object.unknown. It is durable when Revoke returns nil.
func (a *API) Revoke(url string, index uint64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.page(url)
	if p == nil || index >= listSize || !p.Given.has(index) {
		return reason.New(reason.ObjectUnknown, "no such status entry")
	}
	p.Revoked.set(index)
	return a.save()
}

// page returns the list at url, or nil. The caller holds mu.
func (a *API) page(url string) *page {
	name, own := strings.CutPrefix(url, a.cfg.Origin+statusPath)
	n, err := strconv.Atoi(name)
	if !own || err != nil || n < 1 || n > len(a.book.Lists) || strconv.Itoa(n) != name {
		return nil
	}
	return a.book.Lists[n-1]
}

// errElsewhere says that a status is not kept here. Nothing is fetched.
var errElsewhere = errors.New("vcapi: the status list is not one of this server")

// state returns nil if the entry s of a credential by issuer is on a list of this server and not
// revoked, errElsewhere if it is on none, and else why not.
func (a *API) state(s vcdm.Status, issuer string) error {
	if !s.Bitstring() || !strings.HasPrefix(s.List, a.cfg.Origin+statusPath) {
		return errElsewhere
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch p := a.page(s.List); {
	case p == nil:
		return reason.New(reason.StatusUnavailable, "there is no such status list")
	case s.Purpose != bitstring.Revocation:
		return reason.New(reason.StatusPurpose, "")
	case s.Size != 1:
		return reason.New(reason.StatusValueUnknown, "the entries of the list have one bit")
	case issuer != a.issuers[statusIssuer].id():
		return reason.New(reason.StatusIssuer, "the list is another issuer's")
	case s.Index >= listSize:
		return reason.New(reason.StatusIndex, "the index is outside the list")
	case p.Revoked.has(s.Index):
		return reason.New(reason.StatusRevoked, "")
	}
	return nil
}
