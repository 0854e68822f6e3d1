// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Names of the files of a vault: a mark, a random id, an end.
const (
	heldMark    = "c-" // a credential
	passedMark  = "p-" // a record of a link that was passed on
	foreignMark = "f-" // a credential of another kind
	grantMark   = "g-" // what an issuer granted: more can be had of it
	waitingMark = "w-" // a credential that its issuer decides about
	itemEnd     = ".age"
	roomFile    = ".room" // zeros, there for a moment
	idBytes     = 10
)

// held is one credential as it lies in its file.
type held struct {
	ID       string    `json:"id"`
	Format   string    `json:"format"`
	Raw      string    `json:"raw"`
	Parents  []string  `json:"parents,omitempty"` // links above, root first
	Signers  []pin     `json:"signers,omitempty"` // keys for Raw and Parents as of Received
	Received time.Time `json:"received"`
	Issuer   string    `json:"issuer,omitempty"` // name of the root's issuer when it was received

	// Members since release 1.
	Key     *key.JWK `json:"key,omitempty"`     // of a one-time copy, which no other credential is bound to
	Group   string   `json:"group,omitempty"`   // the same for all copies of one delegation
	ShownTo []string `json:"shownTo,omitempty"` // services that saw this copy, by the identifier in the framework

	Grant         string   `json:"grant,omitempty"`         // granted.ID, where it can be renewed by what was granted
	Configuration string   `json:"configuration,omitempty"` // what was asked for
	Identifier    string   `json:"identifier,omitempty"`    // and by which identifier, if by one
	Notification  string   `json:"notification,omitempty"`  // how the issuer is told what becomes of it
	Authorities   []string `json:"authorities,omitempty"`   // key identifiers of the certificates on its issuer's chain, base64url

	// Statement is what Raw said when it was verified on its way in, for lists and matching:
	// a thousand signatures need not be checked to show a thousand lines.
	Statement statement `json:"statement"`
}

// Damaged is a file of the wallet that cannot be read.
type Damaged struct {
	File string // its path
	Err  error
}

// names returns the names of the items with the mark, of all items if it is "", in their order.
func (v *Vault) names(mark string) ([]string, error) {
	files, err := os.ReadDir(v.dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		_, isItem := itemID(f.Name())
		if isItem && strings.HasPrefix(f.Name(), mark) {
			out = append(out, f.Name())
		}
	}
	return out, nil
}

// itemID returns the id in a file name, and whether it is one.
func itemID(name string) (string, bool) {
	id, ok := strings.CutSuffix(name, itemEnd)
	if !ok {
		return "", false
	}
	for _, mark := range [...]string{heldMark, passedMark, foreignMark, grantMark, waitingMark} {
		if rest, ok := strings.CutPrefix(id, mark); ok {
			return rest, true
		}
	}
	return "", false
}

// newID returns the id of a new item, of which there are at most limit with the mark.
func (v *Vault) newID(mark string, limit int) (string, error) {
	names, err := v.names(mark)
	if err != nil {
		return "", err
	}
	if len(names) >= limit {
		return "", reason.New(reason.StorageFull, fmt.Sprintf("the wallet is full: it holds %d; remove some first", limit))
	}
	var raw [idBytes]byte
	if _, err := io.ReadFull(v.random, raw[:]); err != nil {
		return "", err
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw[:])), nil
}

// add stores h under a new id. When it returns nil the credential is durable.
func (v *Vault) add(h *held) (err error) {
	if h.ID, err = v.newID(heldMark, MaxCredentials); err != nil {
		return err
	}
	return v.write(heldMark+h.ID+itemEnd, h)
}

// room makes sure that n credentials could be stored now, before the issuer is asked for them: what
// was handed out once is not handed out again.
func (v *Vault) room(n int) error {
	if _, err := v.newID(heldMark, MaxCredentials-n+1); err != nil {
		return err
	}
	size := min(n*MaxCredential+MaxCredential+did.MaxDocument, sealed.MaxSealed)
	err := full(v.disk.write(v.path(roomFile), make([]byte, size)))
	return errors.Join(err, ignoreMissing(v.disk.remove(v.path(roomFile))))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// all returns every credential, oldest first, and the files that cannot be read.
func (v *Vault) all() ([]*held, []Damaged, error) {
	out, damaged, err := readAll[held](v, heldMark)
	slices.SortFunc(out, func(a, b *held) int {
		return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.ID, b.ID))
	})
	return out, damaged, err
}

// item is the content of a file that says its own id.
type item interface{ id() string }

func (h *held) id() string     { return h.ID }
func (p *PassedOn) id() string { return p.ID }

// maxReaders is the number of files that are read and opened at one time.
const maxReaders = 8

// readAll reads every item with the mark, in the order of their names, and names those that cannot be read.
func readAll[T any](v *Vault, mark string) ([]*T, []Damaged, error) {
	names, err := v.names(mark)
	if err != nil {
		return nil, nil, err
	}
	items, errs := make([]*T, len(names)), make([]error, len(names))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(maxReaders, runtime.GOMAXPROCS(0), len(names)) {
		readers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				items[i], errs[i] = readItem[T](v, names[i])
			}
		})
	}
	readers.Wait()
	var damaged []Damaged
	for i, err := range errs {
		if err != nil {
			damaged = append(damaged, Damaged{v.path(names[i]), err})
		}
	}
	return slices.DeleteFunc(items, func(h *T) bool { return h == nil }), damaged, nil
}

func readItem[T any](v *Vault, name string) (*T, error) {
	plain, err := v.readPlain(name)
	if err != nil {
		return nil, err
	}
	h := new(T)
	if err := strictjson.UnmarshalClosed(plain, h); err != nil {
		return nil, reason.Wrap(reason.StoreTampered, "the file is of another version", err)
	}
	if id, _ := itemID(name); any(h).(item).id() != id {
		return nil, reason.New(reason.StoreTampered, "the file has another's name")
	}
	return h, nil
}

// find reads the item with the mark whose id begins with prefix, if there is exactly one.
func find[T any](v *Vault, mark, prefix, what string) (*T, error) {
	name, err := v.only(prefix, what, mark)
	if err != nil {
		return nil, err
	}
	h, err := readItem[T](v, name)
	if reason.Of(err) == reason.StoreTampered {
		return nil, reason.Wrap(reason.StoreTampered, name+" is damaged; restore it, or remove it", err)
	}
	return h, err
}

// only returns the name of the one item with one of the marks whose id begins with prefix.
func (v *Vault) only(prefix, what string, marks ...string) (string, error) {
	names, err := v.names("")
	if err != nil {
		return "", err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		return prefix == "" || !slices.ContainsFunc(marks, func(mark string) bool { return strings.HasPrefix(name, mark+strings.ToLower(prefix)) })
	})
	switch len(names) {
	case 0:
		return "", reason.New(reason.ObjectUnknown, "there is no "+what+" with this id")
	case 1:
		return names[0], nil
	}
	return "", reason.New(reason.ObjectUnknown, "more than one "+what+" begins so; give more of its id")
}
