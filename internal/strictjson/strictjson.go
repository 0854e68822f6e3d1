// SPDX-License-Identifier: Apache-2.0

// Package strictjson is the one reader for JSON that is signed or comes from outside.
package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds on one JSON value.
const (
	MaxDepth   = 64        // arrays and objects inside one another
	MaxMembers = 4096      // members of one object, or items of one array
	MaxString  = 1 << 19   // bytes of one string as written, without its quotes
	MaxInteger = 1<<53 - 1 // largest integer, either sign, that every reader holds exactly
)

// Value is one JSON value as it was received.
type Value = jsontext.Value

// Check reads data as exactly one JSON value and refuses what two readers could read in two
// ways: json.syntax, json.invalid_utf8 (also a lone surrogate), json.duplicate_name,
// json.case_variant (two names of one object that differ in case alone), json.unsafe_integer,
// json.number_form (negative zero, or a number no double holds), limit.nesting and limit.members.
func Check(data []byte) error {
	_, err := scan(data)
	return err
}

// Unmarshal checks data and decodes it into v, a pointer to a struct, map or scalar with json
// tags. Unknown members are passed over. A member of another JSON type is json.type, and so is
// null, unless v holds an interface, a Value or a type with its own UnmarshalJSON there; a number
// with fraction or exponent where an integer is due is json.number_form, a member whose name fits
// a field only after case folding json.case_variant. A refusal of a type's own UnmarshalJSON
// comes through with its code.
func Unmarshal(data []byte, v any) error { return decode(data, v, false) }

// UnmarshalClosed is Unmarshal for closed formats: an unknown member is json.type.
func UnmarshalClosed(data []byte, v any) error { return decode(data, v, true) }

// Marshal writes v, members in the order of the struct, map keys sorted.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }
