// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// assign puts what n says into v, which is the setting called name ("" at the top).
func (p place) assign(n ast.Node, v reflect.Value, name string, depth int) error {
	if depth > MaxDepth {
		return refuse("%s: %q is nested too deeply", p.of(n), name)
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return refuse("%s: anchors, aliases, merge keys and tags are not read", p.of(n))
	case *ast.NullNode:
		return refuse("%s: %q has no value", p.of(n), name)
	}
	if isText(v.Type()) {
		return p.assignText(n, v, name)
	}
	switch v.Kind() {
	case reflect.Struct:
		return p.assignStruct(n, v, name, depth)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return p.assign(n, v.Elem(), name, depth)
	case reflect.Slice:
		return p.assignList(n, v, name, depth)
	case reflect.Map:
		return p.assignMap(n, v, name, depth)
	default:
		return p.assignScalar(n, v, name)
	}
}

// isText reports whether values of t are written as text.
func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t == reflect.TypeFor[time.Duration]() || unmarshals(t)
}

func unmarshals(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (p place) assignText(n ast.Node, v reflect.Value, name string) error {
	text, ok := textOf(n)
	if !ok {
		return p.mismatch(n, name, wants(v.Type()))
	}
	return p.setText(n, text, v, name)
}

// textOf returns the value of a plain, quoted or block text. A number or a truth value is not
// text unless it is quoted.
func textOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// setText puts text into a value that isText; n only says where it stands, and may be nil.
func (p place) setText(n ast.Node, text string, v reflect.Value, name string) error {
	switch {
	case unmarshals(v.Type()):
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return refuse("%s: %q is not well formed", p.of(n), name)
		}
	case v.Kind() == reflect.String:
		v.SetString(text)
	default:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return p.mismatch(n, name, wants(v.Type()))
		}
		v.SetInt(int64(d))
	}
	return nil
}

func (p place) assignScalar(n ast.Node, v reflect.Value, name string) error {
	ok := false
	switch v.Kind() {
	case reflect.Bool:
		var b *ast.BoolNode
		if b, ok = n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
		}
	case reflect.Float64:
		ok = setFloat(n, v)
	default:
		ok = setInteger(n, v)
	}
	if !ok {
		return p.mismatch(n, name, wants(v.Type()))
	}
	return nil
}

// setInteger takes plain decimal alone: 010, 0x10 and 1_0 mean different numbers to different readers.
func setInteger(n ast.Node, v reflect.Value) bool {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return false
	}
	text := i.GetToken().Value
	if v.CanInt() {
		x, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil || strconv.FormatInt(x, 10) != text {
			return false
		}
		v.SetInt(x)
		return true
	}
	x, err := strconv.ParseUint(text, 10, v.Type().Bits())
	if err != nil || strconv.FormatUint(x, 10) != text {
		return false
	}
	v.SetUint(x)
	return true
}

func setFloat(n ast.Node, v reflect.Value) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		return false
	}
	x, err := strconv.ParseFloat(n.GetToken().Value, 64)
	if err != nil {
		return false
	}
	v.SetFloat(x)
	return true
}

func (p place) assignList(n ast.Node, v reflect.Value, name string, depth int) error {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return p.mismatch(n, name, wants(v.Type()))
	}
	if len(list.Values) > MaxItems {
		return refuse("%s: %q has more than %d items", p.of(n), name, MaxItems)
	}
	items := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		if err := p.assign(item, items.Index(i), name+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	v.Set(items)
	return nil
}

func (p place) assignMap(n ast.Node, v reflect.Value, name string, depth int) error {
	pairs, ok := pairsOf(n)
	if !ok {
		return p.mismatch(n, name, wants(v.Type()))
	}
	if len(pairs) > MaxItems {
		return refuse("%s: %q has more than %d items", p.of(n), name, MaxItems)
	}
	items := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, pair := range pairs {
		key, err := p.keyOf(pair)
		if err != nil {
			return err
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := p.assign(pair.Value, item, join(name, key), depth+1); err != nil {
			return err
		}
		items.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
	}
	v.Set(items)
	return nil
}

func (p place) assignStruct(n ast.Node, v reflect.Value, name string, depth int) error {
	pairs, ok := pairsOf(n)
	if !ok {
		return p.mismatch(n, name, "settings, one a line")
	}
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		key, err := p.keyOf(pair)
		if err != nil {
			return err
		}
		i, ok := fields.index[key]
		if !ok {
			return refuse("%s: unknown key %q%s", p.of(pair.Key), join(name, key), suggest(name, closest(key, fields.names)))
		}
		if err := p.assign(pair.Value, v.Field(i), join(name, key), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// pairsOf returns the pairs of a mapping. The parser has refused a key that comes twice.
func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (p place) keyOf(pair *ast.MappingValueNode) (string, error) {
	if key, ok := pair.Key.(*ast.StringNode); ok {
		return key.Value, nil
	}
	return "", refuse("%s: a key must be plain text", p.of(pair.Key))
}

func (p place) mismatch(n ast.Node, name, want string) error {
	if name == "" {
		return refuse("%s: wants %s", p.of(n), want)
	}
	return refuse("%s: %q wants %s", p.of(n), name, want)
}

// wants says what is to be written for a value of type t.
func wants(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return `a duration with its unit, such as "5m"`
	case isText(t):
		return "text, in quotes if it looks like a number or a truth value"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "named values, one a line"
	case reflect.Float64:
		return "a number"
	default:
		return fmt.Sprintf("a whole number (%d bits, in plain decimal)", t.Bits())
	}
}

func join(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}

func suggest(name, key string) string {
	if key == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", strings.TrimPrefix(join(name, key), "."))
}
