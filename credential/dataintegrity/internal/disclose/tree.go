// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// value is one value of a JSON document, in the order and with the spelling it came with.
type value struct {
	n       int       // number in the document, by which a selection speaks of it
	raw     []byte    // a scalar as it is written
	object  bool      // its members are members
	array   bool      // its members are items, without names
	members []member  // of an object, or the items of an array
	names   nodeNames // what an object says about its own name
}

type member struct {
	name string
	raw  []byte // the name as it is written
	of   *value
}

// nodeNames says what an object may be in JSON-LD, as far as its own members show it.
type nodeNames uint8

const (
	nameless nodeNames = iota // a node without a name, if it is a node
	named                     // it has an id, or it is a value, list or set object
)

// parseTree reads doc, an object that has passed strictjson.Check. More than jsonld.MaxValues values
// are limit.canonicalization.
func parseTree(doc []byte) (*value, int, error) {
	p := parser{data: doc, dec: jsontext.NewDecoder(bytes.NewReader(doc), jsontext.AllowDuplicateNames(true))}
	root, err := p.value(0)
	if reason.Of(err) == reason.LimitCanonicalization {
		return nil, 0, err
	}
	if err != nil || !root.object {
		return nil, 0, reason.Wrap(reason.JSONType, "not a JSON object", err)
	}
	return root, p.count, nil
}

type parser struct {
	data  []byte
	dec   *jsontext.Decoder
	count int
	room  []value // values that were made together and are not yet used
}

// together is how many values are made at a time.
const together = 64

// next returns a new value with the next number.
func (p *parser) next() *value {
	if len(p.room) == 0 {
		p.room = make([]value, together)
	}
	v := &p.room[0]
	p.room = p.room[1:]
	v.n = p.count
	p.count++
	return v
}

func (p *parser) value(depth int) (*value, error) {
	if depth > strictjson.MaxDepth {
		return nil, reason.New(reason.LimitNesting, "a document to be disclosed in part")
	}
	if p.count == jsonld.MaxValues {
		return nil, reason.New(reason.LimitCanonicalization, "too many values")
	}
	v := p.next()
	var err error
	switch p.dec.PeekKind() {
	case '{':
		v.object = true
		err = p.members(v, depth)
	case '[':
		v.array = true
		err = p.items(v, depth)
	default:
		v.raw, err = p.scalar()
	}
	return v, err
}

func (p *parser) members(v *value, depth int) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		raw, err := p.scalar()
		if err != nil {
			return err
		}
		name, err := strictjson.String(raw)
		if err != nil {
			return err
		}
		of, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if v.members == nil {
			v.members = make([]member, 0, 8)
		}
		v.members = append(v.members, member{name: name, raw: raw, of: of})
		if isName(name) {
			v.names = named
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// isName reports whether an object with this member has a name of its own, or is no node at all
// (JSON-LD 1.1 §9.1).
func isName(member string) bool {
	switch member {
	case "id", "@id", "@value", "@list", "@set":
		return true
	}
	return false
}

func (p *parser) items(v *value, depth int) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != ']' {
		of, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		v.members = append(v.members, member{of: of})
	}
	_, err := p.dec.ReadToken()
	return err
}

// scalar returns the bytes of the next scalar, which are shared with the document.
func (p *parser) scalar() ([]byte, error) {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(p.dec.InputOffset())
	return p.data[end-len(raw) : end : end], nil
}

// member returns the member called name, or nil.
func (v *value) member(name string) *value {
	for _, m := range v.members {
		if v.object && m.name == name {
			return m.of
		}
	}
	return nil
}

// text returns the string that the member called name is, or "".
func (v *value) text(name string) string {
	m := v.member(name)
	if m == nil {
		return ""
	}
	s, err := strictjson.String(m.raw)
	if err != nil {
		return ""
	}
	return s
}

// without returns v less its member called name.
func (v *value) without(name string) *value {
	out := *v
	out.members = nil
	for _, m := range v.members {
		if m.name != name {
			out.members = append(out.members, m)
		}
	}
	return &out
}

// writer writes the part of a document that a selection holds. With a marker it gives every
// object that could be a nameless node a name: marker and number.
type writer struct {
	out    []byte
	sel    selection
	marker string
}

// write writes v; whole says that v lies within what is selected as a whole.
func (w *writer) write(v *value, whole bool) {
	switch {
	case v.object:
		w.object(v, whole || w.sel.state(v) == wholly)
	case v.array:
		w.array(v, whole || w.sel.state(v) == wholly)
	default:
		w.out = append(w.out, v.raw...)
	}
}

func (w *writer) object(v *value, whole bool) {
	w.out = append(w.out, '{')
	start := len(w.out)
	if w.marker != "" && v.names == nameless {
		w.out = append(w.out, `"@id":"`...)
		w.out = append(w.out, w.marker...)
		w.out = append(strconv.AppendInt(w.out, int64(v.n), 10), '"')
	}
	for _, m := range v.members {
		if !whole && w.sel.state(m.of) == notAtAll && !w.always(v, m) {
			continue
		}
		if len(w.out) > start {
			w.out = append(w.out, ',')
		}
		w.out = append(append(w.out, m.raw...), ':')
		w.member(m, whole || w.sel.state(m.of) != partly)
	}
	w.out = append(w.out, '}')
}

// member writes the value of m. Contexts are no nodes: nothing in them gets a name.
func (w *writer) member(m member, whole bool) {
	if m.name == "@context" {
		marker := w.marker
		w.marker = ""
		w.write(m.of, true)
		w.marker = marker
		return
	}
	w.write(m.of, whole)
}

// always reports whether m goes with every part of its object v that is shown: the context of the
// document, the id and the type (VC-DI-ECDSA 1.0 §3.4.11). An id is never that of a blank node:
// documents with such are refused.
func (w *writer) always(v *value, m member) bool {
	return m.name == "id" || m.name == "type" || m.name == "@context" && v.n == 0
}

func (w *writer) array(v *value, whole bool) {
	w.out = append(w.out, '[')
	start := len(w.out)
	for _, m := range v.members {
		state := w.sel.state(m.of)
		if !whole && state == notAtAll {
			continue
		}
		if len(w.out) > start {
			w.out = append(w.out, ',')
		}
		w.write(m.of, whole || state == wholly)
	}
	w.out = append(w.out, ']')
}

// unmark takes the names that a writer gave out of the text of a JSON literal, where they are
// members that the document does not have.
func unmark(text, marker string) string {
	name := `"@id":"` + marker
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, name)
		if !found {
			out.WriteString(text)
			return out.String()
		}
		_, after, _ = strings.Cut(after, `"`)
		if rest, comma := strings.CutPrefix(after, ","); comma {
			after = rest
		} else {
			before = strings.TrimSuffix(before, ",")
		}
		out.WriteString(before)
		text = after
	}
}
