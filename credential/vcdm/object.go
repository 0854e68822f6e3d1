// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// object is the members of a JSON object of a document that passed strictjson.Check.
type object []strictjson.Member

// objectOf returns the members of v, or false if v is no object.
func objectOf(v strictjson.Value) (object, bool) {
	if v.Kind() != '{' {
		return nil, false
	}
	var o object
	for m, err := range strictjson.Members(v) {
		if err != nil {
			return nil, false
		}
		o = append(o, m)
	}
	return o, true
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

// text returns the string that v is.
func text(v strictjson.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	s, err := strictjson.String(v)
	return s, err == nil
}

// oneOrMore returns the items of v if it is a non-empty array, else v itself. More than most are
// limit.members.
func oneOrMore(v strictjson.Value, name string, most int) ([]strictjson.Value, error) {
	if v.Kind() != '[' {
		return []strictjson.Value{v}, nil
	}
	var out []strictjson.Value
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, err
		}
		if len(out) == most {
			return nil, reason.New(reason.LimitMembers, name+" has too many entries")
		}
		out = append(out, item)
	}
	return out, nil
}

// objects returns the one or more objects that the member name of o holds, none if it is absent.
func (c *check) objects(o object, name string, most int) ([]object, error) {
	v := o.get(name)
	if v == nil {
		return nil, nil
	}
	items, err := oneOrMore(v, name, most)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, c.wrong(name + " is empty")
	}
	out := make([]object, 0, len(items))
	for _, item := range items {
		entry, ok := objectOf(item)
		if !ok {
			return nil, c.wrong(name + " is not an object")
		}
		out = append(out, entry)
	}
	return out, nil
}

// missing and wrong refuse by the code that is due for what is checked.
func (c *check) missing(name string) error {
	if c.kind == aPresentation {
		return reason.New(reason.JSONMemberMissing, name+" is missing")
	}
	return reason.New(reason.CredentialSchemaInvalid, name+" is missing")
}

func (c *check) wrong(detail string) error {
	if c.kind == aPresentation {
		return reason.New(reason.JSONType, detail)
	}
	return reason.New(reason.CredentialSchemaInvalid, detail)
}
