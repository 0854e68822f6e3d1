// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// due is what the value behind a name must be.
type due uint8

const (
	anything  due = iota
	digests       // an array of strings: _sd
	algorithm     // the name of the hash: _sd_alg
	element       // a string: the digest of an array element
)

// level is an object or array that the walk is in.
type level struct {
	place  place
	opened byte // '{', '[', or 'd' for the array of an _sd
	names  int  // members so far
	dots   bool // one of them is "..."
	pos    int32
}

// walk goes through a JSON value once, from left to right. It is by hand, and not by Members,
// because it reads every byte of every credential and Members would read most of them once
// for each object that they are in.
type walk struct {
	*scan
	v      []byte
	at     int
	depth  int
	levels [strictjson.MaxDepth + 1]level // [0] is around the value
	name   bool                           // the next string is a name
	due    due
	next   place // of the next value
}

// value collects the sites of v, which passed strictjson.Check.
func (s *scan) value(v strictjson.Value, at place) error {
	w := walk{scan: s, v: v, next: at}
	for w.at < len(w.v) {
		if err := w.step(); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) top() *level { return &w.levels[w.depth] }

func (w *walk) step() error {
	switch c := w.v[w.at]; c {
	case '"':
		return w.text()
	case '{', '[':
		w.at++
		return w.open(c)
	case '}', ']':
		w.at++
		return w.close()
	case ',':
		w.top().pos++
		w.name = w.top().opened == '{'
	case ' ', '\t', '\r', '\n', ':':
	default:
		return w.scalar()
	}
	w.at++
	return nil
}

// open enters an object or array.
func (w *walk) open(c byte) error {
	into := level{place: w.next, opened: c}
	if w.top().opened == '[' {
		into.place = elsewhere
	}
	switch {
	case w.due == digests && c == '[':
		into.opened = 'd'
	case w.due != anything || w.top().opened == 'd':
		return w.mistake()
	}
	w.due, w.next = anything, elsewhere
	w.depth++
	w.levels[w.depth] = into
	w.name = c == '{'
	return nil
}

func (w *walk) close() error {
	l := w.top()
	w.depth--
	w.name = false
	if l.dots && l.names > 1 {
		return reason.New(reason.SDJWTDisclosureForm, "an array digest has siblings")
	}
	return nil
}

// text passes a string, a name or a value.
func (w *walk) text() error {
	start := w.at
	if err := w.quoted(); err != nil {
		return err
	}
	raw := w.v[start+1 : w.at-1]
	if bytes.IndexByte(raw, '\\') >= 0 {
		plain, err := strictjson.Text(w.v[start:w.at])
		if err != nil {
			return err
		}
		raw = plain
	}
	if w.name {
		w.name = false
		return w.named(raw)
	}
	due := w.due
	w.due = anything
	switch {
	case w.top().opened == 'd':
		return w.addText(raw, site{place: w.top().place, owner: w.owner})
	case due == element:
		around := &w.levels[w.depth-1]
		return w.addText(raw, site{place: around.place, element: true, pos: around.pos, owner: w.owner})
	case due == algorithm && string(raw) == w.alg.name():
		return nil
	case due != anything:
		w.due = due
		return w.mistake()
	}
	return nil
}

// quoted passes the string that begins here, quotes included.
func (w *walk) quoted() error {
	for i := w.at + 1; i < len(w.v); i++ {
		n := bytes.IndexByte(w.v[i:], '"')
		if n < 0 {
			break
		}
		i += n
		back := 0
		for w.v[i-1-back] == '\\' {
			back++
		}
		if back%2 == 0 {
			w.at = i + 1
			return nil
		}
	}
	return reason.New(reason.JSONSyntax, "a string does not end")
}

// named notes what the value behind a name must be.
func (w *walk) named(name []byte) error {
	l := w.top()
	l.names++
	w.due, w.next = anything, elsewhere
	switch string(name) {
	case "_sd":
		w.due, w.next = digests, l.place
	case "_sd_alg":
		if w.due = algorithm; l.place != atTop || w.owner >= 0 {
			return w.mistake()
		}
	case "...":
		if w.levels[w.depth-1].opened != '[' {
			return reason.New(reason.SDJWTReservedName, "")
		}
		w.due, l.dots = element, true
	default:
		w.next = l.place.child(name)
	}
	return nil
}

// scalar passes a number or a word, which stands for no digest.
func (w *walk) scalar() error {
	if w.due != anything || w.top().opened == 'd' {
		return w.mistake()
	}
	for w.at < len(w.v) && bytes.IndexByte([]byte(",]} \t\r\n"), w.v[w.at]) < 0 {
		w.at++
	}
	return nil
}

// mistake is what a value of the wrong type is refused with.
func (w *walk) mistake() error {
	if w.due == algorithm {
		return reason.New(reason.SDJWTHashAlg, "")
	}
	return reason.New(reason.JSONType, "a digest is not a string")
}
