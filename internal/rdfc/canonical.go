// SPDX-License-Identifier: Apache-2.0

package rdfc

import (
	"bytes"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
)

// none is the place of a term that is no blank node.
const none = int32(-1)

// statement is a quad whose blank nodes are numbers.
type statement struct {
	blank [3]int32 // of subject, object and graph
	parts [3]span  // subject, object and graph as they are written, if they are not blank nodes
	pred  span     // the predicate as it is written
}

// span is a piece of canonicalizer.text.
type span struct{ from, to int32 }

// node is a blank node.
type node struct {
	label string // that of the input
	first digest // Hash First Degree Quads, §4.6
	issue int32  // number of its canonical identifier, none before it is issued
	from  int32  // its statements are canonicalizer.mentions[from:to], each once
	to    int32
}

// canonicalizer is the canonicalization state of §4.2.
type canonicalizer struct {
	hash       Hash
	size       int // of a hash value
	text       []byte
	statements []statement
	nodes      []node
	mentions   []int32
	issued     int32
	work       int // what is left of MaxWork
	buf        []byte
	lines      []span
	frames     []*frame
}

// newCanonicalizer checks quads, drops repetitions and numbers the blank nodes.
func newCanonicalizer(quads []Quad, h Hash) (*canonicalizer, error) {
	c := &canonicalizer{hash: h, size: h.size(), work: MaxWork}
	if c.size == 0 {
		return nil, errTerm("no hash function")
	}
	if len(quads) > MaxQuads {
		return nil, tooMuch("too many statements")
	}
	c.text = make([]byte, 0, 160*len(quads))
	c.statements = make([]statement, 0, len(quads))
	numbers := make(map[string]int32)
	seen := newSet(len(quads))
	for i := range quads {
		q := &quads[i]
		if err := q.check(); err != nil {
			return nil, err
		}
		start := len(c.text)
		s := c.write(q)
		if len(c.text) > MaxNQuads {
			return nil, tooMuch("too many bytes")
		}
		if seen.add(c.text, span{int32(start), int32(len(c.text))}) {
			for k, t := range [...]*Term{&q.S, &q.O, &q.G} {
				s.blank[k] = c.number(t, numbers)
			}
			c.statements = append(c.statements, s)
		} else {
			c.text = c.text[:start]
		}
	}
	c.index()
	return c, nil
}

// write puts q into the text, with the labels of the input, and says where its parts are.
func (c *canonicalizer) write(q *Quad) (s statement) {
	s.parts[0] = c.term(q.S)
	s.pred = c.term(q.P)
	s.parts[1] = c.term(q.O)
	s.parts[2] = c.term(q.G)
	return s
}

// term writes t and a space behind it, which keeps the text of two quads from being the same
// unless they are.
func (c *canonicalizer) term(t Term) span {
	start := len(c.text)
	c.text = append(appendTerm(c.text, t), ' ')
	return span{int32(start), int32(len(c.text))}
}

func (c *canonicalizer) number(t *Term, numbers map[string]int32) int32 {
	if t.Kind != Blank {
		return none
	}
	n, found := numbers[t.Value]
	if !found {
		n = int32(len(c.nodes))
		numbers[t.Value] = n
		c.nodes = append(c.nodes, node{label: t.Value, issue: none})
	}
	return n
}

// index fills the mentions: which statements each blank node stands in, §4.4.3 step 2.
func (c *canonicalizer) index() {
	count := func(s *statement, visit func(n int32)) {
		b := &s.blank
		for k, n := range b {
			if n != none && (k == 0 || n != b[0]) && (k < 2 || n != b[1]) {
				visit(n)
			}
		}
	}
	for i := range c.statements {
		count(&c.statements[i], func(n int32) { c.nodes[n].to++ })
	}
	total := int32(0)
	for i := range c.nodes {
		n := &c.nodes[i]
		n.from, total = total, total+n.to
		n.to = n.from
	}
	c.mentions = make([]int32, total)
	for i := range c.statements {
		count(&c.statements[i], func(n int32) {
			c.mentions[c.nodes[n].to] = int32(i)
			c.nodes[n].to++
		})
	}
}

// label issues the canonical identifiers, §4.4.3 steps 3 to 5.
func (c *canonicalizer) label() error {
	order := make([]int32, len(c.nodes))
	for i := range c.nodes {
		order[i] = int32(i)
		c.firstDegree(int32(i))
	}
	slices.SortFunc(order, func(a, b int32) int { return c.compareFirst(a, b) })
	groups := c.issueUnique(order)
	for _, g := range groups {
		if err := c.issueAlike(g); err != nil {
			return err
		}
	}
	return nil
}

func (c *canonicalizer) compareFirst(a, b int32) int {
	return bytes.Compare(c.nodes[a].first[:c.size], c.nodes[b].first[:c.size])
}

// issueUnique gives identifiers to the nodes whose hash no other node has, in the order of the
// hashes, and returns the groups of the others.
func (c *canonicalizer) issueUnique(order []int32) (groups [][]int32) {
	for len(order) > 0 {
		n := 1
		for n < len(order) && c.compareFirst(order[0], order[n]) == 0 {
			n++
		}
		if n == 1 {
			c.issue(order[0])
		} else {
			groups = append(groups, order[:n])
		}
		order = order[n:]
	}
	return groups
}

func (c *canonicalizer) issue(n int32) {
	if c.nodes[n].issue == none {
		c.nodes[n].issue = c.issued
		c.issued++
	}
}

// firstDegree is Hash First Degree Quads, §4.6.3: the statements of n with _:a for n and _:z for
// every other blank node.
func (c *canonicalizer) firstDegree(n int32) {
	c.buf, c.lines = c.buf[:0], c.lines[:0]
	for _, i := range c.mentions[c.nodes[n].from:c.nodes[n].to] {
		start := len(c.buf)
		c.buf = c.appendLine(c.buf, &c.statements[i], func(dst []byte, other int32) []byte {
			if other == n {
				return append(dst, "_:a "...)
			}
			return append(dst, "_:z "...)
		})
		c.lines = append(c.lines, span{int32(start), int32(len(c.buf))})
	}
	line := func(l span) []byte { return c.buf[l.from:l.to] }
	slices.SortFunc(c.lines, func(a, b span) int { return bytes.Compare(line(a), line(b)) })
	end := len(c.buf)
	for _, l := range c.lines {
		c.buf = append(c.buf, line(l)...)
	}
	c.hash.sum(&c.nodes[n].first, c.buf[end:])
}

// appendLine writes s as a line of N-Quads, its blank nodes as write does it.
func (c *canonicalizer) appendLine(dst []byte, s *statement, write func([]byte, int32) []byte) []byte {
	part := func(k int) {
		if n := s.blank[k]; n != none {
			dst = write(dst, n)
		} else if p := s.parts[k]; p.to-p.from > 1 {
			dst = append(dst, c.text[p.from:p.to]...)
		}
	}
	part(0)
	dst = append(dst, c.text[s.pred.from:s.pred.to]...)
	part(1)
	part(2)
	return append(dst, ".\n"...)
}

// result writes the canonical form, §4.4.3 steps 6 and 7.
func (c *canonicalizer) result() Canonical {
	labels := make(map[string]string, len(c.nodes))
	names := make([]string, len(c.nodes))
	for i := range c.nodes {
		names[i] = "c14n" + strconv.Itoa(int(c.nodes[i].issue))
		labels[c.nodes[i].label] = names[i]
	}
	ends := make([]int, len(c.statements))
	var out strings.Builder
	out.Grow(len(c.text) + 8*len(c.mentions))
	for i := range c.statements {
		c.buf = c.appendLine(c.buf[:0], &c.statements[i], func(dst []byte, n int32) []byte {
			return append(append(append(dst, "_:"...), names[n]...), ' ')
		})
		out.Write(c.buf)
		ends[i] = out.Len()
	}
	all, start := out.String(), 0
	lines := make([]string, len(ends))
	for i, end := range ends {
		lines[i], start = all[start:end], end
	}
	slices.Sort(lines)
	return Canonical{Lines: lines, Labels: labels}
}

// appendHex writes d as hexadecimal digits in lower case.
func (c *canonicalizer) appendHex(dst []byte, d *digest) []byte {
	return hex.AppendEncode(dst, d[:c.size])
}

// set holds pieces of one text. It finds them by a hash with a random seed, and compares.
type set struct {
	seed  maphash.Seed
	slots []int32 // numbers of pieces from 1, 0 where there is none; at least half of them are free
	items []span
}

func newSet(n int) *set {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &set{seed: maphash.MakeSeed(), slots: make([]int32, size), items: make([]span, 0, n)}
}

// add reports whether the piece p of text is new. At most as many as newSet was told are added.
func (s *set) add(text []byte, p span) bool {
	mask := uint64(len(s.slots) - 1)
	at := maphash.Bytes(s.seed, text[p.from:p.to]) & mask
	for ; s.slots[at] != 0; at = (at + 1) & mask {
		if other := s.items[s.slots[at]-1]; bytes.Equal(text[other.from:other.to], text[p.from:p.to]) {
			return false
		}
	}
	s.items = append(s.items, p)
	s.slots[at] = int32(len(s.items))
	return true
}
