// SPDX-License-Identifier: Apache-2.0

package dcql

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Path points at a claim (OpenID4VP 1.0 §7): each step is a member name, an item index or,
// for null, every item.
type Path []Step

// Step is one element of a Path. The zero Step is null: every item of an array.
type Step struct {
	name  string
	index int
	kind  stepKind
}

type stepKind uint8

const (
	every stepKind = iota
	member
	item
)

// Member returns the step into the member called name.
func Member(name string) Step { return Step{name: name, kind: member} }

// Item returns the step to item i, counted from 0.
func Item(i int) Step { return Step{index: i, kind: item} }

// Every returns the step to every item.
func Every() Step { return Step{} }

// Name returns the member name, and whether the step is one.
func (s Step) Name() (string, bool) { return s.name, s.kind == member }

// Index returns the item index, and whether the step is one.
func (s Step) Index() (int, bool) { return s.index, s.kind == item }

// MarshalJSON writes a string, a number or null.
func (s Step) MarshalJSON() ([]byte, error) {
	switch s.kind {
	case member:
		return strictjson.Marshal(s.name)
	case item:
		return []byte(strconv.Itoa(s.index)), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a string, a non-negative integer or null.
func (s *Step) UnmarshalJSON(raw []byte) error {
	switch v := jsontext.Value(raw); v.Kind() {
	case 'n':
		*s = Every()
		return nil
	case '"':
		var name string
		err := strictjson.Unmarshal(raw, &name)
		*s = Member(name)
		return err
	case '0':
		i, err := strconv.Atoi(string(raw))
		if err != nil || i < 0 {
			return reason.New(reason.RequestInvalid, "dcql: an index is not a non-negative integer")
		}
		*s = Item(i)
		return nil
	}
	return reason.New(reason.JSONType, "dcql: a path step is not a string, number or null")
}

// Value is a string, an integer or a boolean that a claim is compared with, by type and value.
type Value struct{ v any }

// String returns the Value of a string.
func String(s string) Value { return Value{s} }

// Strings returns the Values of many strings.
func Strings(ss ...string) []Value {
	out := make([]Value, len(ss))
	for i, s := range ss {
		out[i] = String(s)
	}
	return out
}

// Text returns the string that v is, and whether it is one.
func (v Value) Text() (string, bool) {
	s, ok := v.v.(string)
	return s, ok
}

// MarshalJSON writes the value.
func (v Value) MarshalJSON() ([]byte, error) { return strictjson.Marshal(v.v) }

// UnmarshalJSON reads a string, an integer or a boolean; any other type is json.type.
func (v *Value) UnmarshalJSON(raw []byte) error {
	switch jsontext.Value(raw).Kind() {
	case '"':
		var s string
		err := strictjson.Unmarshal(raw, &s)
		v.v = s
		return err
	case '0':
		n, err := strconv.ParseInt(string(raw), 10, 64)
		v.v = n
		if err != nil {
			return reason.New(reason.JSONNumberForm, "dcql: a value is not an integer")
		}
		return nil
	case 't', 'f':
		v.v = string(raw) == "true"
		return nil
	}
	return reason.New(reason.JSONType, "dcql: a value is not a string, integer or boolean")
}

// equal compares with a leaf of a claims tree, octet by octet and type by type.
func (v Value) equal(leaf any) bool {
	switch want := v.v.(type) {
	case string:
		got, ok := leaf.(string)
		return ok && got == want
	case bool:
		got, ok := leaf.(bool)
		return ok && got == want
	case int64:
		switch got := leaf.(type) {
		case int64:
			return got == want
		case float64:
			return got == float64(want)
		}
	}
	return false
}
