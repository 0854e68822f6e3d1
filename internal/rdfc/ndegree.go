// SPDX-License-Identifier: Apache-2.0

package rdfc

import (
	"bytes"
	"slices"
	"strconv"
)

// issuer gives the temporary identifiers b0, b1, … of one attempt, in the order of the list.
// Attempts are short, so looking through the list is the fastest way to find a node in it.
type issuer []int32

// spend takes n steps from the work that is left.
func (c *canonicalizer) spend(n int) error {
	if c.work -= n; c.work < 0 {
		return tooMuch("blank nodes that look alike")
	}
	return nil
}

// issueAlike gives identifiers to the nodes of group, whose first-degree hashes are the same, in
// the order of their N-degree hashes, §4.4.3 step 5.
func (c *canonicalizer) issueAlike(group []int32) error {
	type result struct {
		hash digest
		ids  issuer
	}
	var results []result
	for _, n := range group {
		if c.nodes[n].issue != none {
			continue // in the course of an earlier group
		}
		hash, ids, err := c.nDegree(n, issuer{n}, 0)
		if err != nil {
			return err
		}
		r := result{hash, slices.Clone(ids)}
		results = append(results, r)
	}
	slices.SortStableFunc(results, func(a, b result) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	for _, r := range results {
		for _, n := range r.ids {
			c.issue(n)
		}
	}
	return nil
}

// related is a blank node beside another, with its hash of §4.7.
type related struct {
	hash digest
	node int32
}

// frame is what Hash N-Degree Quads needs at one depth of its recursion, kept for the next call
// there.
type frame struct {
	beside []related
	data   []byte
	ids    issuer
	search search
}

// frame returns the one for depth.
func (c *canonicalizer) frame(depth int) *frame {
	if depth == len(c.frames) {
		f := new(frame)
		f.search.c, f.search.depth = c, depth
		c.frames = append(c.frames, f)
	}
	return c.frames[depth]
}

// nDegree is Hash N-Degree Quads, §4.8.3, for n with the identifiers ids, which stay as they are.
// It returns the hash and the identifiers of the paths that it chose; they are good until the next
// call for the same depth.
func (c *canonicalizer) nDegree(n int32, ids issuer, depth int) (digest, issuer, error) {
	var d digest
	f := c.frame(depth)
	if err := c.beside(f, n, ids); err != nil {
		return d, nil, err
	}
	f.data, f.ids = f.data[:0], append(f.ids[:0], ids...)
	for rest := f.beside; len(rest) > 0; {
		k := 1
		for k < len(rest) && rest[k].hash == rest[0].hash {
			k++
		}
		f.data = c.appendHex(f.data, &rest[0].hash)
		if err := f.search.run(f.ids, rest[:k]); err != nil {
			return d, nil, err
		}
		f.data = append(f.data, f.search.path...)
		f.ids = append(f.ids[:0], f.search.ids...)
		rest = rest[k:]
	}
	c.hash.sum(&d, f.data)
	return d, f.ids, c.spend(1 + len(f.data)/64 + len(f.ids)/16)
}

// beside lists in f the blank nodes that stand in a statement with n, sorted by their hash: one
// entry for each place, §4.8.3 step 3.
func (c *canonicalizer) beside(f *frame, n int32, ids issuer) error {
	f.beside = f.beside[:0]
	for _, i := range c.mentions[c.nodes[n].from:c.nodes[n].to] {
		s := &c.statements[i]
		for k, other := range s.blank {
			if other == none || other == n {
				continue
			}
			r := related{node: other}
			if err := c.relatedHash(&r, s, k, ids); err != nil {
				return err
			}
			f.beside = append(f.beside, r)
		}
	}
	slices.SortStableFunc(f.beside, func(a, b related) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	return c.spend(len(f.beside))
}

// relatedHash is Hash Related Blank Node, §4.7.3, of the node at the place k of s.
func (c *canonicalizer) relatedHash(r *related, s *statement, k int, ids issuer) error {
	buf := append(c.buf[:0], "sog"[k])
	if k < 2 {
		buf = append(buf, c.text[s.pred.from:s.pred.to-1]...) // <predicate>, without its space
	}
	if id, found := c.identifier(r.node, ids); found {
		buf = id.append(buf)
	} else {
		buf = c.appendHex(buf, &c.nodes[r.node].first)
	}
	c.hash.sum(&r.hash, buf)
	c.buf = buf
	return c.spend(1 + len(buf)/64 + len(ids)/16)
}

// identifier is a canonical or temporary identifier.
type identifier struct {
	prefix string
	number int
}

func (id identifier) append(dst []byte) []byte {
	return strconv.AppendInt(append(append(dst, "_:"...), id.prefix...), int64(id.number), 10)
}

// identifier finds the identifier of n, the canonical one before that of ids.
func (c *canonicalizer) identifier(n int32, ids issuer) (identifier, bool) {
	if k := c.nodes[n].issue; k != none {
		return identifier{"c14n", int(k)}, true
	}
	k := slices.Index(ids, n)
	return identifier{"b", k}, k >= 0
}

// search tries every order of some nodes and keeps the least path, §4.8.3 step 5.
type search struct {
	c     *canonicalizer
	depth int
	given issuer
	nodes []int32
	turns []int

	found bool
	path  []byte // the least so far, if one was found
	ids   issuer // that path's identifiers

	try    []byte // of the present attempt
	tryIDs issuer
	later  []int32
}

// run goes through the orders of the nodes of group by Heap's method.
func (s *search) run(given issuer, group []related) error {
	s.given, s.found = given, false
	s.nodes, s.turns = s.nodes[:0], s.turns[:0]
	for _, r := range group {
		s.nodes, s.turns = append(s.nodes, r.node), append(s.turns, 0)
	}
	if err := s.attempt(); err != nil {
		return err
	}
	turns := s.turns
	for i := 1; i < len(s.nodes); {
		if turns[i] == i {
			turns[i] = 0
			i++
			continue
		}
		if i%2 == 0 {
			s.nodes[0], s.nodes[i] = s.nodes[i], s.nodes[0]
		} else {
			s.nodes[turns[i]], s.nodes[i] = s.nodes[i], s.nodes[turns[i]]
		}
		if err := s.attempt(); err != nil {
			return err
		}
		turns[i]++
		i = 1
	}
	return nil
}

// attempt follows the present order of the nodes, and keeps its path if it is the least.
func (s *search) attempt() error {
	s.try, s.later = s.try[:0], s.later[:0]
	s.tryIDs = append(s.tryIDs[:0], s.given...)
	for _, n := range s.nodes {
		if err := s.c.spend(1 + len(s.tryIDs)/16); err != nil {
			return err
		}
		id, found := s.c.identifier(n, s.tryIDs)
		if !found {
			id = identifier{"b", len(s.tryIDs)}
			s.tryIDs = append(s.tryIDs, n)
			s.later = append(s.later, n)
		}
		s.try = id.append(s.try)
		if s.worse() {
			return nil
		}
	}
	for _, n := range s.later {
		if err := s.descend(n); err != nil {
			return err
		}
		if s.worse() {
			return nil
		}
	}
	if !s.found || bytes.Compare(s.try, s.path) < 0 {
		s.found = true
		s.path, s.try = s.try, s.path
		s.ids, s.tryIDs = s.tryIDs, s.ids
	}
	return nil
}

// descend adds what lies behind n to the attempt.
func (s *search) descend(n int32) error {
	d, ids, err := s.c.nDegree(n, s.tryIDs, s.depth+1)
	if err != nil {
		return err
	}
	id, _ := s.c.identifier(n, s.tryIDs)
	s.try = append(id.append(s.try), '<')
	s.try = append(s.c.appendHex(s.try, &d), '>')
	s.tryIDs = append(s.tryIDs[:0], ids...)
	return s.c.spend(len(s.try) / 64)
}

// worse reports whether the attempt can no longer be the least.
func (s *search) worse() bool {
	return s.found && len(s.try) >= len(s.path) && bytes.Compare(s.try, s.path) > 0
}
