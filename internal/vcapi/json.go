// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// object is the members of a JSON object that passed strictjson.Check.
type object []strictjson.Member

// readObject checks raw, which must be an object.
func readObject(raw []byte) (object, error) { return strictjson.CheckMembers(raw, nil) }

// inside returns the members of v, a part of something that was checked, or nil if it is no object.
func inside(v strictjson.Value) object {
	if v.Kind() != '{' {
		return nil
	}
	var o object
	for m, err := range strictjson.Members(v) {
		if err != nil {
			return nil
		}
		o = append(o, m)
	}
	return o
}

// get returns the value of a member, nil where there is none.
func (o object) get(name string) strictjson.Value {
	for _, m := range o {
		if string(m.Name) == name {
			return m.Value
		}
	}
	return nil
}

// with returns o with the member name set to v, in its place if it is there, else behind the others.
func (o object) with(name string, v strictjson.Value) object {
	out := append(object(nil), o...)
	for i := range out {
		if string(out[i].Name) == name {
			out[i].Value = v
			return out
		}
	}
	return append(out, strictjson.Member{Name: []byte(name), Value: v})
}

// bytes writes o, every value as it was received.
func (o object) bytes() strictjson.Value {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, quote(string(m.Name))...), ':')
		out = append(out, m.Value...)
	}
	return append(out, '}')
}

// quote writes s as a JSON string.
func quote(s string) strictjson.Value {
	raw, err := strictjson.Marshal(s)
	if err != nil { // not UTF-8, which nothing that was checked is
		return strictjson.Value(`""`)
	}
	return raw
}

// texts returns the strings of v, an array of at most most strings.
func texts(v strictjson.Value, most int) ([]string, error) {
	if v.Kind() != '[' {
		return nil, reason.New(reason.JSONType, "not an array of strings")
	}
	var out []string
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, err
		}
		s, err := strictjson.String(item)
		if err != nil {
			return nil, err
		}
		if len(out) == most {
			return nil, reason.New(reason.LimitMembers, "an array has too many items")
		}
		out = append(out, s)
	}
	return out, nil
}

// optionalText returns the string that the member name of o is, "" where it is absent.
func (o object) optionalText(name string) (string, error) {
	v := o.get(name)
	if v == nil {
		return "", nil
	}
	return strictjson.String(v)
}
