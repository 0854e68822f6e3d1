// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// fields are the settings that one struct has.
type fields struct {
	names []string
	index map[string]int // of the field, by its name in YAML
}

// fieldsOf reads the yaml tags of a struct. A struct without a tag on every field is a
// programmer's error.
func fieldsOf(t reflect.Type) (fields, error) {
	f := fields{index: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "-" {
			continue
		}
		if _, twice := f.index[name]; name == "" || twice || !t.Field(i).IsExported() {
			return fields{}, fmt.Errorf("config: field %s.%s needs a yaml tag of its own", t, t.Field(i).Name)
		}
		f.names = append(f.names, name)
		f.index[name] = i
	}
	return f, nil
}

// settings returns the path of every setting by its environment variable's name.
func settings(role string, t reflect.Type) (map[string][]string, error) {
	if role == "" || strings.Trim(role, "abcdefghijklmnopqrstuvwxyz") != "" {
		return nil, errors.New("config: a role is a word of lower-case letters")
	}
	known := map[string][]string{}
	return known, collect(prefix(role), t, nil, known)
}

func prefix(role string) string { return "BEHALF_" + strings.ToUpper(role) + "_" }

func collect(prefix string, t reflect.Type, path []string, known map[string][]string) error {
	f, err := fieldsOf(t)
	if err != nil {
		return err
	}
	if len(path) > MaxDepth {
		return fmt.Errorf("config: %s is nested too deeply", t)
	}
	for _, name := range f.names {
		ft := t.Field(f.index[name]).Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		variable := prefix + strings.NewReplacer(".", "_", "-", "_").Replace(strings.ToUpper(name))
		full := append(path[:len(path):len(path)], name)
		if ft.Kind() == reflect.Struct && !isText(ft) {
			if err := collect(variable+"_", ft, full, known); err != nil {
				return err
			}
			continue
		}
		if err := supported(ft, 0); err != nil {
			return fmt.Errorf("config: field %s: %w", strings.Join(full, "."), err)
		}
		if other, twice := known[variable]; twice {
			return fmt.Errorf("config: %v and %v have one environment variable", other, full)
		}
		known[variable] = full
	}
	return nil
}

// supported refuses types that assign cannot fill.
func supported(t reflect.Type, depth int) error {
	if depth > MaxDepth {
		return errors.New("nested too deeply")
	}
	if isText(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Slice, reflect.Pointer:
		return supported(t.Elem(), depth+1)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return errors.New("a map needs keys of text")
		}
		return supported(t.Elem(), depth+1)
	case reflect.Struct:
		return supportedFields(t, depth)
	default:
		return fmt.Errorf("type %s is not read", t)
	}
}

func supportedFields(t reflect.Type, depth int) error {
	f, err := fieldsOf(t)
	if err != nil {
		return err
	}
	for _, i := range f.index {
		if err := supported(t.Field(i).Type, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// loadEnvironment sets every setting that has a variable, in the order of environ. Names that begin
// as ours do and are none of ours are refused, as a misspelt key is.
func loadEnvironment(role string, known map[string][]string, environ []string, into reflect.Value) error {
	seen := map[string]bool{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix(role)) {
			continue
		}
		path, ok := known[name]
		if !ok {
			return unknownVariable(name, known)
		}
		if seen[name] || len(value) > MaxValue || !utf8.ValidString(value) {
			return refuse("%s: is given twice, is too long, or is not UTF-8 text", name)
		}
		seen[name] = true
		if err := setVariable(place{variable: name}, value, follow(into, path), strings.Join(path, ".")); err != nil {
			return err
		}
	}
	return nil
}

func unknownVariable(name string, known map[string][]string) error {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	return refuse("%s: unknown setting%s", name, suggest("", closest(name, names)))
}

// follow returns the value at path, and makes the structs on the way that are missing.
func follow(v reflect.Value, path []string) reflect.Value {
	for _, name := range path {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		f, _ := fieldsOf(v.Type()) // collect has been here
		v = v.Field(f.index[name])
	}
	return v
}

func setVariable(at place, value string, v reflect.Value, name string) error {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		v.Set(reflect.New(t))
		v = v.Elem()
	}
	if isText(t) {
		return at.setText(nil, value, v, name)
	}
	if t.Kind() == reflect.Slice && isText(t.Elem()) && !strings.HasPrefix(value, "[") {
		return setItems(at, value, v, name)
	}
	n, err := parse(at, []byte(value))
	if err != nil {
		return err
	}
	if n == nil {
		return refuse("%s: has no value", at.of(nil))
	}
	return at.assign(n, v, name, 0)
}

// setItems reads items parted by commas; the empty text is the empty list.
func setItems(at place, value string, v reflect.Value, name string) error {
	count := strings.Count(value, ",") + 1
	if value == "" {
		count = 0
	}
	if count > MaxItems {
		return refuse("%s: has more than %d items", at.of(nil), MaxItems)
	}
	items := reflect.MakeSlice(v.Type(), count, count)
	for i, rest := 0, value; i < count; i++ {
		var item string
		item, rest, _ = strings.Cut(rest, ",")
		if err := at.setText(nil, strings.TrimSpace(item), items.Index(i), name); err != nil {
			return err
		}
	}
	v.Set(items)
	return nil
}
