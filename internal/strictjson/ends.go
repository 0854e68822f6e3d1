// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"iter"
	"sort"
)

// Span is one array or object of a text that was checked: from its opening bracket to behind its
// closing one.
type Span struct{ start, end int32 }

// Ends knows where the arrays and objects of one checked text end, so that what is inside them need not
// be passed to find out. CheckEnds makes one. The zero Ends, and nil, know nothing and read all the
// same. It is not safe for concurrent use.
type Ends struct {
	data []byte
	list []Span // by start
	next int    // where the next one that is asked for is likely to be
}

// CheckEnds is CheckMembers, and returns where arrays and objects end. Room is memory for them, of
// length 0; it grows as it must.
func CheckEnds(data []byte, into []Member, room []Span) ([]Member, Ends, error) {
	s := scanner{data: data, ends: room, record: true}
	members, err := s.members(into)
	if err != nil {
		return nil, Ends{}, err
	}
	return members, Ends{data: data, list: s.ends}, nil
}

// Members is the function Members of a part of the text.
func (e *Ends) Members(part []byte) iter.Seq2[Member, error] {
	return members(scanner{data: part, known: e.within(part)})
}

// Items is the function Items of a part of the text.
func (e *Ends) Items(part []byte) iter.Seq2[Value, error] {
	return items(scanner{data: part, known: e.within(part)})
}

// within returns e if part is of its text, else nil. A slice of the text keeps the text's capacity,
// which tells its place; that the place is right is seen by the address.
func (e *Ends) within(part []byte) *Ends {
	if e == nil {
		return nil
	}
	at := e.place(part)
	if len(part) == 0 || at < 0 || at+len(part) > len(e.data) || &e.data[at] != &part[0] {
		return nil
	}
	return e
}

func (e *Ends) place(part []byte) int { return cap(e.data) - cap(part) }

// end returns where the array or object at start ends, -1 if none is known there.
func (e *Ends) end(start int) int {
	at := e.next
	if at >= len(e.list) || int(e.list[at].start) != start {
		at = sort.Search(len(e.list), func(i int) bool { return int(e.list[i].start) >= start })
	}
	if at == len(e.list) || int(e.list[at].start) != start {
		return -1
	}
	e.next = at + 1
	return int(e.list[at].end)
}

// opens notes that an array or object begins at pos, and returns its number.
func (s *scanner) opens() int {
	if s.record {
		s.ends = append(s.ends, Span{start: int32(s.pos)})
	}
	return len(s.ends) - 1
}

// closes notes that the array or object with this number ends at pos.
func (s *scanner) closes(number int) {
	if s.record {
		s.ends[number].end = int32(s.pos)
	}
}
