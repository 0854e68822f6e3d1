// SPDX-License-Identifier: Apache-2.0

package disclose

import (
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on the JSON pointers of one proof, or of one part.
const (
	MaxPointers = 256  // pointers; more are limit.members
	MaxPointer  = 1024 // bytes of one pointer; more are limit.members
)

// state says how much of a value a selection holds.
type state uint8

const (
	notAtAll state = iota
	partly         // it lies on the way to something selected
	wholly
)

// selection is the part of a document that pointers select, by the numbers of its values.
type selection struct {
	states []state // nil: everything
}

func (s selection) state(v *value) state {
	if s.states == nil {
		return wholly
	}
	return s.states[v.n]
}

// selectAll returns what pointers select in root, a document of count values (VC-DI-ECDSA 1.0
// §3.4.13). Pointers that select nothing are missing, one beyond the bounds limit.members and one
// that is none credential.schema_invalid.
func selectAll(root *value, count int, pointers []string, missing reason.Code) (selection, error) {
	if len(pointers) > MaxPointers {
		return selection{}, reason.New(reason.LimitMembers, "JSON pointers")
	}
	s := selection{states: make([]state, count)}
	for _, p := range pointers {
		path, err := parsePointer(p)
		if err != nil {
			return selection{}, err
		}
		if !s.add(root, path) {
			return selection{}, reason.New(missing, "a JSON pointer matches nothing")
		}
	}
	return s, nil
}

// add selects what path leads to.
func (s selection) add(v *value, path []string) bool {
	for _, step := range path {
		if s.states[v.n] == notAtAll {
			s.states[v.n] = partly
		}
		if v = v.step(step); v == nil {
			return false
		}
	}
	s.states[v.n] = wholly
	return true
}

// Present returns those of pointers that match something in d. Pointers beyond MaxPointer are
// limit.members and a text that is none credential.schema_invalid.
func (d *Document) Present(pointers []string) ([]string, error) {
	out := make([]string, 0, len(pointers))
	for _, p := range pointers {
		path, err := parsePointer(p)
		if err != nil {
			return nil, err
		}
		if d.root.walk(path) != nil {
			out = append(out, p)
		}
	}
	return out, nil
}

// walk returns the value that path leads to, or nil.
func (v *value) walk(path []string) *value {
	for _, step := range path {
		if v = v.step(step); v == nil {
			return nil
		}
	}
	return v
}

// step returns the member or item that one token of a pointer names, or nil (RFC 6901 §4).
func (v *value) step(token string) *value {
	if !v.array {
		return v.member(token)
	}
	if len(token) > 1 && token[0] == '0' {
		return nil
	}
	i, err := strconv.ParseUint(token, 10, 31)
	if err != nil || int(i) >= len(v.members) {
		return nil
	}
	return v.members[i].of
}

// parsePointer reads a JSON pointer (RFC 6901 §3).
func parsePointer(p string) ([]string, error) {
	if len(p) > MaxPointer || strings.Count(p, "/") > strictjson.MaxDepth {
		return nil, reason.New(reason.LimitMembers, "a JSON pointer")
	}
	if p == "" {
		return nil, nil
	}
	rest, ok := strings.CutPrefix(p, "/")
	var path []string
	for more := ok; more; {
		var token string
		token, rest, more = strings.Cut(rest, "/")
		token, escaped := unescape(token)
		ok = ok && escaped
		path = append(path, token)
	}
	if !ok {
		return nil, reason.New(reason.CredentialSchemaInvalid, "not a JSON pointer")
	}
	return path, nil
}

// unescape replaces ~1 and ~0, and reports whether every ~ is part of one.
func unescape(token string) (string, bool) {
	tildes := strings.Count(token, "~")
	if tildes == 0 {
		return token, true
	}
	ok := tildes == strings.Count(token, "~0")+strings.Count(token, "~1")
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~"), ok
}
