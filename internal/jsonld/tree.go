// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"strings"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// kind is the type of a JSON value.
type kind uint8

const (
	null kind = iota
	boolean
	number
	str
	array
	object
)

// value is a JSON value. Its parts share memory with the document.
type value struct {
	kind    kind
	text    string   // of a string its characters, of anything else the JSON text
	items   []value  // of an array
	members []member // of an object, in the order of the document
}

type member struct {
	name  string
	value value
}

// member returns the value of the member called name, or nil.
func (v *value) member(name string) *value {
	for i := range v.members {
		if v.members[i].name == name {
			return &v.members[i].value
		}
	}
	return nil
}

// each calls f for v, or for its items if it is an array.
func (v *value) each(f func(item *value) error) error {
	if v.kind != array {
		return f(v)
	}
	for i := range v.items {
		if err := f(&v.items[i]); err != nil {
			return err
		}
	}
	return nil
}

// equal reports whether v and w are the same but for the order of members.
func (v *value) equal(w *value) bool {
	if v == w {
		return true
	}
	if v == nil || w == nil || v.kind != w.kind || len(v.items) != len(w.items) || len(v.members) != len(w.members) {
		return false
	}
	for i := range v.items {
		if !v.items[i].equal(&w.items[i]) {
			return false
		}
	}
	if len(v.members) == 0 {
		return v.kind >= array || v.text == w.text
	}
	others := make(map[string]*value, len(w.members))
	for i := range w.members {
		others[w.members[i].name] = &w.members[i].value
	}
	for i := range v.members {
		if !v.members[i].value.equal(others[v.members[i].name]) {
			return false
		}
	}
	return true
}

// MaxValues bounds the values of one document, objects and arrays among them. More could only make
// more statements than are canonicalized, and would take memory many times that of the text.
const MaxValues = 2 * rdfc.MaxQuads

// parse reads doc, which strictjson.Check takes first: so parsing itself looks for nothing that is
// wrong.
func parse(doc []byte) (*value, error) {
	if err := strictjson.Check(doc); err != nil {
		return nil, err
	}
	p := parser{src: string(doc), left: MaxValues, members: make([]member, 0, 64), items: make([]value, 0, 16)}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// parser reads a checked document from src[pos:].
type parser struct {
	src     string
	pos     int
	left    int     // of MaxValues
	items   []value // of the arrays that are open, one behind the other
	members []member
}

// next passes white space, commas and colons and returns the character behind them.
func (p *parser) next() byte {
	for {
		switch c := p.src[p.pos]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			p.pos++
		default:
			return c
		}
	}
}

func (p *parser) value() (v value, err error) {
	if p.left--; p.left < 0 {
		return v, tooMuch("too many values")
	}
	c := p.next()
	start := p.pos
	switch c {
	case '{':
		v.kind = object
		v.members, err = p.object()
	case '[':
		v.kind = array
		v.items, err = p.array()
	case '"':
		v.kind = str
		v.text, err = p.string()
		return v, err
	default:
		switch c {
		case 'n':
			v.kind = null
		case 't', 'f':
			v.kind = boolean
		default:
			v.kind = number
		}
		for p.pos < len(p.src) && strings.IndexByte(" \t\r\n,]}", p.src[p.pos]) < 0 {
			p.pos++
		}
	}
	v.text = p.src[start:p.pos]
	return v, err
}

func (p *parser) object() ([]member, error) {
	first := len(p.members)
	for p.pos++; p.next() != '}'; {
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.members = append(p.members, member{name, v})
	}
	p.pos++
	members := append([]member(nil), p.members[first:]...)
	p.members = p.members[:first]
	return members, nil
}

func (p *parser) array() ([]value, error) {
	first := len(p.items)
	for p.pos++; p.next() != ']'; {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		p.items = append(p.items, v)
	}
	p.pos++
	items := append([]value(nil), p.items[first:]...)
	p.items = p.items[:first]
	return items, nil
}

// string reads a string. Only one with escapes is copied.
func (p *parser) string() (string, error) {
	start := p.pos
	escaped := false
	for p.pos++; p.src[p.pos] != '"'; p.pos++ {
		if p.src[p.pos] == '\\' {
			escaped = true
			p.pos++
		}
	}
	p.pos++
	if escaped {
		return strictjson.String([]byte(p.src[start:p.pos]))
	}
	return p.src[start+1 : p.pos-1], nil
}
