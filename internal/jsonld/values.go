// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"slices"
	"strconv"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// values reads the value of a member by its type and container mappings, §5.1.2 steps 13.6 to
// 13.12. Maps by index, id or type are refused, as their keys would get lost.
func (r *reader) values(v *value, at place, to take) error {
	t := at.term()
	if t == nil {
		return r.item(v, at, to)
	}
	switch mapping := t.container &^ inSet; {
	case t.datatype == "@json" && mapping == 0:
		return v.literalTo(to)
	case t.datatype == "@json":
		return lost("JSON in a container")
	case mapping == 0:
		return r.item(v, at, to)
	case mapping == inList && at.reverse:
		return lost("a subject that is no node")
	case mapping == inList:
		return r.listProperty(v, at, to)
	case mapping == inGraph:
		return r.graphs(v, at, to)
	case mapping == inLanguage && v.kind == object:
		return r.languages(v, at, to)
	case v.kind == object || mapping&inGraph != 0:
		return lost("a map by index, id or type")
	default:
		return r.item(v, at, to)
	}
}

// listProperty reads the value of a member whose container is @list.
func (r *reader) listProperty(v *value, at place, to take) error {
	if v.kind == object {
		k, err := r.keywords(v, at)
		if err != nil {
			return err
		}
		if k.list != nil {
			return r.node(v, at, false, to)
		}
	}
	if v.kind == null {
		return lost("null")
	}
	o, err := r.listOf(v, at)
	if err != nil {
		return err
	}
	return to(o)
}

// listOf is the list of v's items, §8.3. Where the container is @list, an array in it is a list too;
// elsewhere processors disagree whether it is, so that it is refused.
func (r *reader) listOf(v *value, at place) (rdfc.Term, error) {
	t := at.term()
	nested := t != nil && t.container&inList != 0
	var items []rdfc.Term
	collect := func(o rdfc.Term) error {
		items = append(items, o)
		return nil
	}
	err := v.each(func(item *value) error {
		if item.kind == array && !nested {
			return lost("an array in a list")
		}
		if item.kind == array {
			o, err := r.listOf(item, at)
			items = append(items, o)
			return err
		}
		return r.item(item, at, collect)
	})
	if err != nil {
		return rdfc.Term{}, err
	}
	tail := iri(rdfNil)
	for _, o := range slices.Backward(items) {
		cell := r.blank()
		r.add(cell, rdfFirst, o, at.graph)
		r.add(cell, rdfRest, tail, at.graph)
		tail = cell
	}
	return tail, nil
}

// graphs reads nodes into a graph of its own each.
func (r *reader) graphs(v *value, at place, to take) error {
	switch v.kind {
	case array:
		if len(v.items) == 0 {
			return lost("an empty array")
		}
		return v.each(func(item *value) error { return r.graphs(item, at, to) })
	case object:
	default:
		return lost("a graph that is no node")
	}
	at.graph = r.blank()
	before := len(r.quads)
	if err := r.node(v, at, true, func(rdfc.Term) error { return nil }); err != nil {
		return err
	}
	if len(r.quads) == before && len(v.members) > 0 {
		return lost("a graph that leaves no statement")
	}
	return to(at.graph)
}

// languages reads a language map, §5.1.2 step 13.7.
func (r *reader) languages(v *value, at place, to take) error {
	if len(v.members) == 0 {
		return lost("an empty map")
	}
	base := at.term().direction.or(at.context.direction)
	for i := range v.members {
		m := &v.members[i]
		language := m.name
		if at.context.iri(language, true) == "@none" {
			language = ""
		}
		if m.value.kind == array && len(m.value.items) == 0 {
			return lost("an empty array")
		}
		err := m.value.each(func(item *value) error {
			if item.kind != str || language == "" && m.name == "" {
				return lost("not text of a language")
			}
			o, err := stringLiteral(item.text, "", language, base)
			if err != nil {
				return err
			}
			return to(o)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// valueObject reads an object with @value, §5.1.2 step 15.
func (r *reader) valueObject(k *keywords, members int, to take) error {
	datatype, language, direction := "", "", ""
	known := 1
	if k.types != nil {
		known++
		if k.types.kind != str {
			return notAbsolute("a datatype")
		}
		datatype = k.typed.iri(k.types.text, true)
	}
	for _, o := range []struct {
		value *value
		text  *string
	}{{k.language, &language}, {k.direction, &direction}} {
		if o.value == nil {
			continue
		}
		known++
		if o.value.kind != str || o.value.text == "" || k.value.kind != str || datatype != "" {
			return lost("a value object")
		}
		*o.text = o.value.text
	}
	if known != members {
		return lost("a value object with other members")
	}
	if datatype == "@json" {
		return k.value.literalTo(to)
	}
	if k.types != nil && datatype == "" {
		return notAbsolute("a datatype")
	}
	o, err := literal(k.value, datatype, language, direction)
	if err != nil {
		return err
	}
	return to(o)
}

// literalTo gives to the JSON literal that v is.
func (v *value) literalTo(to take) (err error) {
	raw := []byte(v.text)
	if v.kind == str {
		if raw, err = strictjson.Marshal(v.text); err != nil {
			return lost("a JSON literal that cannot be written")
		}
	}
	o, err := jsonLiteral(raw)
	if err != nil {
		return err
	}
	return to(o)
}

// literal is the literal of a scalar, §8.2.
func literal(v *value, datatype, language, direction string) (rdfc.Term, error) {
	switch v.kind {
	case str:
		return stringLiteral(v.text, datatype, language, direction)
	case boolean:
		return boolLiteral(v.text == "true", datatype)
	case number:
		f, err := strconv.ParseFloat(v.text, 64)
		if err != nil {
			return rdfc.Term{}, lost("a number that no double holds")
		}
		return numberLiteral(f, datatype)
	default:
		return rdfc.Term{}, lost("a value that is no scalar")
	}
}

// reversed writes the statement of a reverse property.
func (r *reader) reversed(s rdfc.Term, property string, o, g rdfc.Term) error {
	if o.Kind == rdfc.Literal {
		return lost("a subject that is no node")
	}
	r.add(o, property, s, g)
	return nil
}

// reverseMap reads @reverse: properties of others that point here. The map is an object of its own, in
// which a type-scoped context holds no more (§5.1.2 steps 7 and 13.4.13).
func (r *reader) reverseMap(v *value, s rdfc.Term, c *active, g rdfc.Term) error {
	if v.kind != object || len(v.members) == 0 {
		return lost("@reverse without properties")
	}
	if c.previous != nil && !keepsContext(c, v) {
		c = c.previous
	}
	for i := range v.members {
		m := &v.members[i]
		id := c.iri(m.name, true)
		if id == "" || id[0] == '@' || !isAbsolute(id) || id[0] == '_' {
			return lost("a member that the contexts do not define")
		}
		t := c.terms[m.name]
		twice := t != nil && t.reverse
		err := r.values(&m.value, place{context: c, name: m.name, graph: g, reverse: !twice}, func(o rdfc.Term) error {
			if twice {
				r.add(s, id, o, g)
				return nil
			}
			return r.reversed(s, id, o, g)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nest reads the members of a nested object as if they stood beside it, §5.1.2 step 14.
func (r *reader) nest(m *member, s rdfc.Term, c *active, g rdfc.Term) (err error) {
	if t := c.terms[m.name]; t != nil && t.scoped != nil {
		if c, err = r.ofProperty(c, t); err != nil {
			return err
		}
	}
	if m.value.kind == array && len(m.value.items) == 0 {
		return lost("an empty array")
	}
	return m.value.each(func(item *value) error {
		if item.kind != object || len(item.members) == 0 {
			return lost("@nest without members")
		}
		for i := range item.members {
			switch c.iri(item.members[i].name, true) {
			case "@id", "@type", "@context", "@value", "@list", "@set":
				return lost("a keyword in @nest")
			}
		}
		return r.members(item, s, c, g)
	})
}
