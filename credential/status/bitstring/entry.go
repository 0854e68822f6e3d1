// SPDX-License-Identifier: Apache-2.0

package bitstring

import (
	"slices"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TypeEntry is the type of a status entry.
const TypeEntry = "BitstringStatusListEntry"

// MaxSize bounds an entry.
const MaxSize = 8 // bits of one entry: each value of them needs a message

// Further purposes (§2.1). They say something of a credential and take nothing from it.
const (
	Refresh = "refresh" // an update is to be had from the refresh service
	Message = "message" // the value stands for one of the entry's messages
)

// Entry is one BitstringStatusListEntry (§2.1).
type Entry struct {
	ID         string // URL; "": none
	Purpose    string
	List       string   // URL of the list
	Index      uint64   // in entries of Size bits
	Size       int      // bits of the entry, from 1 to MaxSize
	Messages   []string // the message of each value, 2^Size of them; nil: none, which only a Size of 1 allows
	References []string // URLs of material on the status, at most MaxPurposes
}

// receivedEntry is an entry as it comes; members with more than one form are kept raw.
type receivedEntry struct {
	ID        *string           `json:"id"`
	Type      strictjson.Value  `json:"type"`
	Purpose   string            `json:"statusPurpose"`
	Index     strictjson.Value  `json:"statusListIndex"`
	List      string            `json:"statusListCredential"`
	Size      strictjson.Value  `json:"statusSize"`
	Messages  []receivedMessage `json:"statusMessage"`
	Reference strictjson.Value  `json:"statusReference"`
}

type receivedMessage struct {
	Status  string  `json:"status"`
	Message *string `json:"message"`
}

// ParseEntry reads raw, one entry of a credentialStatus (§2.1). Members that the specification does
// not name are left alone.
//
// Errors: status.index (statusListIndex is text, but not that of a plain number), status.value_unknown
// (statusSize is not a number of bits from 1 to MaxSize), credential.schema_invalid (all else: a
// member is missing or of another type, id is the address of the list, or not each value has its message).
func ParseEntry(raw []byte) (Entry, error) {
	var r receivedEntry
	if err := strictjson.Unmarshal(raw, &r); err != nil {
		return Entry{}, reason.Wrap(reason.CredentialSchemaInvalid, "the status entry cannot be read", err)
	}
	e := Entry{Purpose: r.Purpose, List: r.List, Size: 1}
	if r.ID != nil {
		e.ID = *r.ID
	}
	switch {
	case !slices.Contains(texts(r.Type), TypeEntry):
		return Entry{}, invalid("type is not BitstringStatusListEntry")
	case e.Purpose == "":
		return Entry{}, invalid("statusPurpose is not a text")
	case !credential.IsURI(e.List):
		return Entry{}, invalid("statusListCredential is not a URL")
	case r.ID != nil && (!credential.IsURI(e.ID) || e.ID == e.List):
		return Entry{}, invalid("id is not a URL, or is that of the list")
	}
	for _, step := range []func(*receivedEntry) error{e.readIndex, e.readSize, e.readMessages, e.readReferences} {
		if err := step(&r); err != nil {
			return Entry{}, err
		}
	}
	return e, nil
}

func (e *Entry) readIndex(r *receivedEntry) (err error) {
	e.Index, err = status.TextIndex(r.Index)
	return err
}

func (e *Entry) readSize(r *receivedEntry) error {
	if r.Size == nil {
		return nil
	}
	n, err := strictjson.Int(r.Size)
	if err != nil || n < 1 || n > MaxSize {
		return reason.New(reason.StatusValueUnknown, "statusSize is not a number of bits that is supported")
	}
	e.Size = int(n)
	return nil
}

// readMessages wants one message for each value, in any order.
func (e *Entry) readMessages(r *receivedEntry) error {
	if r.Messages == nil {
		if e.Size > 1 || e.Purpose == Message {
			return invalid("there are no messages for the values")
		}
		return nil
	}
	if len(r.Messages) != 1<<e.Size {
		return invalid("there is not one message for each value")
	}
	e.Messages = make([]string, len(r.Messages))
	seen := make([]bool, len(r.Messages))
	for _, m := range r.Messages {
		digits, hex := strings.CutPrefix(m.Status, "0x")
		v, err := strconv.ParseUint(digits, 16, e.Size)
		if !hex || err != nil || seen[v] || m.Message == nil {
			return invalid("a message is without text, or for no value or one that has another")
		}
		e.Messages[v], seen[v] = *m.Message, true
	}
	return nil
}

func (e *Entry) readReferences(r *receivedEntry) error {
	if r.Reference == nil {
		return nil
	}
	e.References = texts(r.Reference)
	bad := func(s string) bool { return !credential.IsURI(s) }
	if len(e.References) == 0 || slices.ContainsFunc(e.References, bad) {
		return invalid("statusReference is not a URL or an array of URLs")
	}
	return nil
}

// JSON returns the entry as ParseEntry reads it. An Entry that it would refuse is refused with the same code.
func (e Entry) JSON() ([]byte, error) {
	w := writtenEntry{
		ID: e.ID, Type: TypeEntry, Purpose: e.Purpose, Index: strconv.FormatUint(e.Index, 10), List: e.List, References: e.References,
	}
	if e.Size != 1 {
		w.Size = &e.Size
	}
	for v, m := range e.Messages {
		w.Messages = append(w.Messages, writtenMessage{"0x" + strconv.FormatInt(int64(v), 16), m})
	}
	raw, err := strictjson.Marshal(w)
	if err != nil {
		return nil, err
	}
	_, err = ParseEntry(raw)
	return raw, err
}

type writtenEntry struct {
	ID         string           `json:"id,omitempty"`
	Type       string           `json:"type"`
	Purpose    string           `json:"statusPurpose"`
	Index      string           `json:"statusListIndex"`
	List       string           `json:"statusListCredential"`
	Size       *int             `json:"statusSize,omitempty"`
	Messages   []writtenMessage `json:"statusMessage,omitempty"`
	References []string         `json:"statusReference,omitempty"`
}

type writtenMessage struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// Value is what a list says of an entry.
type Value struct {
	Status  uint64
	Message string // of the entry's messages; "" where it has none
}

// Read returns what l, the list at e.List, says of e (§3.2).
//
// Errors: status.purpose (the list does not have the purpose of e), status.length (the list has fewer
// than MinEntries entries of this size), status.index (it is beyond the list), status.value_unknown
// (the size of e is out of bounds).
func Read(l List, e Entry) (Value, error) {
	switch {
	case e.Size < 1 || e.Size > MaxSize:
		return Value{}, reason.New(reason.StatusValueUnknown, "an entry has 1 to 8 bits")
	case !l.Has(e.Purpose):
		return Value{}, reason.New(reason.StatusPurpose, "the list does not have the entry's purpose")
	case l.Bits.Len()/uint64(e.Size) < MinEntries:
		return Value{}, reason.New(reason.StatusLength, "the list is too short for entries of this size")
	}
	v, err := l.Bits.Value(e.Size, e.Index)
	if err != nil {
		return Value{}, err
	}
	out := Value{Status: v}
	if v < uint64(len(e.Messages)) {
		out.Message = e.Messages[v]
	}
	return out, nil
}

// Value returns the value of size bits, from 1 to MaxSize, at index i, the first bit of which is the
// most significant. Beyond the end it is status.index.
func (b Bits) Value(size int, i uint64) (uint64, error) {
	if size < 1 || size > MaxSize {
		return 0, reason.New(reason.StatusValueUnknown, "an entry has 1 to 8 bits")
	}
	if i >= b.Len()/uint64(size) {
		return 0, reason.New(reason.StatusIndex, "the index is outside the list")
	}
	var v uint64
	for at := i * uint64(size); at < (i+1)*uint64(size); at++ {
		v = v<<1 | uint64(b.octets.At(at>>3)>>(7-at&7)&1)
	}
	return v, nil
}

// Put sets the value of size bits at index i of data, a list before it is packed. A size that is not
// from 1 to MaxSize and a value that does not fit are status.value_unknown, an index beyond the end status.index.
func Put(data []byte, size int, i, value uint64) error {
	switch {
	case size < 1 || size > MaxSize || value>>size != 0:
		return reason.New(reason.StatusValueUnknown, "the value does not fit an entry")
	case i >= uint64(len(data))*8/uint64(size):
		return reason.New(reason.StatusIndex, "the index is outside the list")
	}
	for k := range uint64(size) {
		at := i*uint64(size) + k
		bit := byte(value>>(uint64(size)-1-k)) & 1 << (7 - at&7)
		data[at>>3] = data[at>>3]&^(128>>(at&7)) | bit
	}
	return nil
}

func invalid(detail string) error { return reason.New(reason.CredentialSchemaInvalid, detail) }
