// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// object is a JSON object whose members are still as they were received.
type object map[string]strictjson.Value

// read returns v as an object; what is absent is an empty one.
func read(v strictjson.Value) (object, error) {
	o := object{}
	if len(v) == 0 {
		return o, nil
	}
	if v.Kind() != '{' {
		return nil, reason.New(reason.JSONType, "an object is due")
	}
	err := strictjson.Unmarshal(v, &o)
	return o, err
}

// isNull reports whether v is absent or null.
func isNull(v strictjson.Value) bool { return len(v) == 0 || v.Kind() == 'n' }

// merge is the merge patch of RFC 7396 §2. An absent patch changes nothing.
func merge(target, patch strictjson.Value) (strictjson.Value, error) {
	if len(patch) == 0 {
		return target, nil
	}
	if patch.Kind() != '{' {
		return patch, nil
	}
	if len(target) > 0 && target.Kind() != '{' {
		target = nil
	}
	o, err := read(target)
	if err != nil {
		return nil, err
	}
	changes, err := read(patch)
	if err != nil {
		return nil, err
	}
	for name, change := range changes {
		if isNull(change) {
			delete(o, name)
			continue
		}
		if o[name], err = merge(o[name], change); err != nil {
			return nil, err
		}
	}
	return strictjson.Marshal(o)
}

// names returns the member names of the object v in the order in which they are written.
func names(v strictjson.Value) ([]string, error) {
	if len(v) == 0 {
		return nil, nil
	}
	if _, err := read(v); err != nil {
		return nil, err
	}
	d := jsontext.NewDecoder(bytes.NewReader(v))
	if _, err := d.ReadToken(); err != nil {
		return nil, reason.Wrap(reason.JSONSyntax, "", err)
	}
	var found []string
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, reason.Wrap(reason.JSONSyntax, "", err)
		}
		found = append(found, name.String())
		if err := d.SkipValue(); err != nil {
			return nil, reason.Wrap(reason.JSONSyntax, "", err)
		}
	}
	return found, nil
}
