// SPDX-License-Identifier: Apache-2.0

package strictjson

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/reason"
)

// decode reads data into v. Names that v does not know make a second look necessary, which
// asks whether one of them only differs in case from a name it knows; so does a null.
func decode(data []byte, v any, closed bool) error {
	null, err := scan(data)
	if err != nil {
		return err
	}
	if null {
		if err := fits(data, reflect.TypeOf(v)); err != nil {
			return err
		}
	}
	err = unmarshal(data, v, json.RejectUnknownMembers(true))
	if !errors.Is(err, json.ErrUnknownName) {
		return refusal(err)
	}
	if err := fits(data, reflect.TypeOf(v)); err != nil {
		return err
	}
	if closed {
		return reason.Wrap(reason.JSONType, "unknown member", err)
	}
	return refusal(unmarshal(data, v, json.RejectUnknownMembers(false)))
}

// unmarshal leaves duplicate names to scan, which has seen them before.
func unmarshal(data []byte, v any, unknown json.Options) error {
	return json.Unmarshal(data, v, unknown, jsontext.AllowDuplicateNames(true))
}

// refusal names err. An UnmarshalJSON below keeps the code that it gave.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*reason.Error](err); ok {
		return reason.Wrap(r.Code, r.Detail, err)
	}
	se, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return reason.Wrap(reason.JSONSyntax, "", err)
	}
	if se.JSONKind == '0' && se.GoType != nil && isInteger(se.GoType.Kind()) {
		return reason.Wrap(reason.JSONNumberForm, "", err)
	}
	return reason.Wrap(reason.JSONType, "", err)
}

func isInteger(k reflect.Kind) bool { return reflect.Int <= k && k <= reflect.Uintptr }

// fits looks for what json.Unmarshal passes over in silence when it reads data, which was
// checked, into a t: a name that is a field's only after case folding, and null for nothing.
func fits(data []byte, t reflect.Type) error {
	for t.Kind() == reflect.Pointer && !readsItself(t) {
		t = t.Elem()
	}
	if readsItself(t) || t.Kind() == reflect.Interface {
		return nil
	}
	switch first := bytes.TrimLeft(data, " \t\r\n")[0]; {
	case first == 'n':
		return mistyped("null where a value is due")
	case first == '{' && t.Kind() == reflect.Struct:
		return fitsStruct(data, fields(nil, t))
	case first == '{' && t.Kind() == reflect.Map:
		for m, err := range Members(data) {
			if err != nil {
				return err
			}
			if err := fits(m.Value, t.Elem()); err != nil {
				return err
			}
		}
	case first == '[' && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		for v, err := range Items(data) {
			if err != nil {
				return err
			}
			if err := fits(v, t.Elem()); err != nil {
				return err
			}
		}
	}
	return nil
}

func fitsStruct(data []byte, known []field) error {
	for m, err := range Members(data) {
		if err != nil {
			return err
		}
		for _, f := range known {
			if string(m.Name) == f.name {
				if err := fits(m.Value, f.t); err != nil {
					return err
				}
			} else if strings.EqualFold(string(m.Name), f.name) {
				return reason.New(reason.JSONCaseVariant, "a name differs in case from a known one")
			}
		}
	}
	return nil
}

// readsItself reports whether values of t are read by a method of theirs, which then has the
// say. time.Time has one that the reader does not use.
func readsItself(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() {
		return false
	}
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[json.UnmarshalerFrom]())
}

// field is a member that a struct type reads.
type field struct {
	name string
	t    reflect.Type
}

// fields appends the members that the struct type t reads, those of embedded structs included.
func fields(known []field, t reflect.Type) []field {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case tag == "-":
		case f.Anonymous && name == "" || strings.Contains(options, "embed"):
			if inner.Kind() == reflect.Struct {
				known = fields(known, inner)
			}
		case !f.IsExported():
		case name == "":
			known = append(known, field{f.Name, f.Type})
		default:
			known = append(known, field{name, f.Type})
		}
	}
	return known
}
