// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/trustframework"
)

// shrink takes things out of q for as long as it still fails: greedily, each item of each list,
// each entry of each map, each optional part. It changes q in place.
func shrink(q *question, fails func() bool) {
	s := &shrinker{fails: fails}
	for s.progress = true; s.progress; {
		s.progress = false
		s.value(reflect.ValueOf(q).Elem())
	}
}

type shrinker struct {
	fails    func() bool
	progress bool
}

// try puts small in place of v, and puts v back if the case does not fail any more.
func (s *shrinker) try(v, small reflect.Value) bool {
	old := reflect.ValueOf(v.Interface())
	v.Set(small)
	if s.fails() {
		s.progress = true
		return true
	}
	v.Set(old)
	return false
}

func (s *shrinker) value(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		return
	case credential.Constraint:
		s.constraint(v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			s.value(v.Field(i))
		}
	case reflect.Pointer:
		s.pointer(v)
	case reflect.Slice:
		s.slice(v)
	case reflect.Map:
		s.mapping(v)
	}
}

// pointer keeps what no question lacks.
func (s *shrinker) pointer(v reflect.Value) {
	if v.IsNil() {
		return
	}
	switch v.Interface().(type) {
	case *credential.Credential, *trustframework.Framework:
	default:
		if s.try(v, reflect.Zero(v.Type())) {
			return
		}
	}
	s.value(v.Elem())
}

func (s *shrinker) slice(v reflect.Value) {
	for i := v.Len() - 1; i >= 0; i-- {
		fewer := reflect.MakeSlice(v.Type(), 0, v.Len())
		fewer = reflect.AppendSlice(reflect.AppendSlice(fewer, v.Slice(0, i)), v.Slice(i+1, v.Len()))
		s.try(v, fewer)
	}
	for i := range v.Len() {
		s.value(v.Index(i))
	}
}

func (s *shrinker) mapping(v reflect.Value) {
	for _, key := range v.MapKeys() {
		item := v.MapIndex(key)
		v.SetMapIndex(key, reflect.Value{})
		if s.fails() {
			s.progress = true
			continue
		}
		v.SetMapIndex(key, item)
	}
}

// constraint takes members out of the JSON and reads it again.
func (s *shrinker) constraint(v reflect.Value) {
	raw := v.Interface().(credential.Constraint).Raw
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		fewer := maps.Clone(members)
		delete(fewer, name)
		text, err := json.Marshal(fewer)
		if err != nil {
			panic(err)
		}
		if s.try(v, reflect.ValueOf(credential.ParseConstraint(text))) {
			members = fewer
		}
	}
}
