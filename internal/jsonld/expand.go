// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/rdfc"
)

// reader expands a document, §5.1, and writes its statements, §8.1, in one pass: a dataset is a
// set, so that nothing has to be gathered first.
type reader struct {
	writer
	session
	profile Profile
}

// place is where a value stands.
type place struct {
	context *active
	name    string // the member that it is a value of, "" if nothing refers to it
	graph   rdfc.Term
	reverse bool // the member is a reverse property, whose values are nodes
}

// term is the definition of the member that the place belongs to.
func (p place) term() *term {
	if p.name == "" {
		return nil
	}
	return p.context.terms[p.name]
}

// take receives the terms that a value stands for.
type take func(rdfc.Term) error

// document reads a whole document.
func (r *reader) document(v *value) error {
	return v.each(func(item *value) error {
		at := place{context: r.engine.root}
		if item.kind == object {
			if alone, err := r.onlyGraph(item, at); alone || err != nil {
				return err
			}
		}
		return r.free(item, at)
	})
}

// onlyGraph reads a document that is a wrapper: @graph without any other member, but for @context,
// is the default graph.
func (r *reader) onlyGraph(v *value, at place) (bool, error) {
	c, err := r.localContext(at.context, v)
	if err != nil {
		return false, err
	}
	var graph *value
	for i := range v.members {
		m := &v.members[i]
		if m.name == "@context" {
			continue
		}
		if graph != nil || c.iri(m.name, true) != "@graph" {
			return false, nil
		}
		graph = &m.value
	}
	if graph == nil {
		return false, nil
	}
	at.context = c
	return true, r.graph(graph, at)
}

func (r *reader) localContext(c *active, v *value) (*active, error) {
	if local := v.member("@context"); local != nil {
		return r.local(c, local, r.profile)
	}
	return c, nil
}

// graph reads the nodes of @graph into at.graph.
func (r *reader) graph(v *value, at place) error {
	at.name = ""
	return v.each(func(item *value) error { return r.free(item, at) })
}

// free reads a node that no other refers to. What leaves no statement would be lost.
func (r *reader) free(v *value, at place) error {
	before := len(r.quads)
	at.name = ""
	if v.kind != object {
		return lost("a value that nothing refers to")
	}
	if err := r.node(v, at, true, func(rdfc.Term) error { return nil }); err != nil {
		return err
	}
	members := len(v.members)
	if v.member("@context") != nil {
		members--
	}
	if len(r.quads) == before && members > 0 {
		return lost("a node that leaves no statement")
	}
	return nil
}

// item reads a value of a property.
func (r *reader) item(v *value, at place, to take) error {
	switch v.kind {
	case null:
		return lost("null")
	case array:
		if len(v.items) == 0 {
			return lost("an empty array")
		}
		return v.each(func(item *value) error { return r.item(item, at, to) })
	case object:
		return r.node(v, at, false, to)
	default:
		return r.scalar(v, at, to)
	}
}

// scalar is value expansion, §5.3, in the property-scoped context if there is one.
func (r *reader) scalar(v *value, at place, to take) (err error) {
	c, t := at.context, at.term()
	if t != nil && t.scoped != nil {
		if c, err = r.ofProperty(c, t); err != nil {
			return err
		}
		t = c.terms[at.name]
	}
	if t == nil {
		t = &term{}
	}
	var o rdfc.Term
	switch {
	case v.kind == str && (t.datatype == "@id" || t.datatype == "@vocab"):
		o = r.resource(c.iri(v.text, t.datatype == "@vocab"))
	case t.datatype == "@json": // by the scoped context; else values has it
		return v.literalTo(to)
	case t.datatype != "" && t.datatype[0] != '@':
		o, err = literal(v, t.datatype, "", "")
	case v.kind == str:
		o, err = literal(v, "", t.language.or(c.language), t.direction.or(c.direction))
	default:
		o, err = literal(v, "", "", "")
	}
	if err != nil {
		return err
	}
	return to(o)
}

// keywords are the members of an object that mean keywords, and its contexts.
type keywords struct {
	id, types, value, language, direction, list, set *value
	context                                          *active // for what stands in the object
	typed                                            *active // for the values of @type
}

// contexts finds the active contexts of the object v, §5.1.2 steps 7 to 11.
func (r *reader) contexts(v *value, at place) (c, typed *active, err error) {
	c = at.context
	t := at.term()
	if c.previous != nil && !keepsContext(c, v) {
		c = c.previous
	}
	if t != nil && t.scoped != nil {
		if c, err = r.ofProperty(c, t); err != nil {
			return nil, nil, err
		}
	}
	if c, err = r.localContext(c, v); err != nil {
		return nil, nil, err
	}
	typed = c
	for _, m := range typeMembers(c, v) {
		for _, name := range typeNames(m) {
			if t := typed.terms[name]; t != nil && t.scoped != nil {
				if c, err = r.ofType(c, t); err != nil {
					return nil, nil, err
				}
			}
		}
	}
	return c, typed, nil
}

// keepsContext reports whether v is a value or a mere reference, in which a type-scoped context
// still holds.
func keepsContext(c *active, v *value) bool {
	for i := range v.members {
		switch c.iri(v.members[i].name, true) {
		case "@value":
			return true
		case "@id":
			if len(v.members) == 1 {
				return true
			}
		}
	}
	return false
}

// typeMembers returns the values of the members that mean @type.
func typeMembers(c *active, v *value) []*value {
	var one [1]*value
	found := one[:0]
	for i := range v.members {
		name := v.members[i].name
		if t := c.terms[name]; name == "@type" || t != nil && t.iri == "@type" {
			found = append(found, &v.members[i].value)
		}
	}
	return found
}

// typeNames returns the strings of v in their order.
func typeNames(v *value) []string {
	if v.kind == str {
		return []string{v.text}
	}
	names := make([]string, 0, len(v.items))
	for i := range v.items {
		if v.items[i].kind == str {
			names = append(names, v.items[i].text)
		}
	}
	slices.Sort(names)
	return names
}

// keywords looks through the members of v.
func (r *reader) keywords(v *value, at place) (k keywords, err error) {
	if k.context, k.typed, err = r.contexts(v, at); err != nil {
		return k, err
	}
	for i := range v.members {
		m := &v.members[i]
		var to **value
		switch k.context.iri(m.name, true) {
		case "@id":
			to = &k.id
		case "@type":
			to = &k.types
		case "@value":
			to = &k.value
		case "@language":
			to = &k.language
		case "@direction":
			to = &k.direction
		case "@list":
			to = &k.list
		case "@set":
			to = &k.set
		default:
			continue
		}
		if *to != nil {
			return k, lost("two members that mean the same keyword")
		}
		*to = &m.value
	}
	return k, nil
}

// node reads an object: a value object, a list, a set or a node. A free one can be a node alone.
func (r *reader) node(v *value, at place, free bool, to take) error {
	k, err := r.keywords(v, at)
	if err != nil {
		return err
	}
	members := len(v.members)
	if v.member("@context") != nil {
		members--
	}
	if free && (k.value != nil || k.list != nil || k.set != nil) {
		return lost("a value that nothing refers to")
	}
	switch {
	case at.reverse && (k.value != nil || k.list != nil):
		return lost("a subject that is no node")
	case k.value != nil:
		return r.valueObject(&k, members, to)
	case k.list != nil || k.set != nil:
		if members != 1 {
			return lost("a list or set with other members")
		}
		at.context = k.context
		if k.set != nil {
			return r.item(k.set, at, to)
		}
		o, err := r.listOf(k.list, at)
		if err != nil {
			return err
		}
		return to(o)
	}
	return r.nodeObject(v, &k, at, to)
}

// nodeObject writes the statements of a node.
func (r *reader) nodeObject(v *value, k *keywords, at place, to take) error {
	s := rdfc.Term{}
	if k.id == nil {
		s = r.blank()
	} else if k.id.kind != str {
		return notAbsolute("")
	} else {
		s = r.resource(k.context.iri(k.id.text, false))
	}
	if k.types != nil {
		if err := r.typesOf(s, k, at.graph); err != nil {
			return err
		}
	}
	if err := r.members(v, s, k.context, at.graph); err != nil {
		return err
	}
	return to(s)
}

func (r *reader) typesOf(s rdfc.Term, k *keywords, g rdfc.Term) error {
	if k.types.kind == array && len(k.types.items) == 0 {
		return lost("an empty array")
	}
	return k.types.each(func(item *value) error {
		if item.kind != str {
			return notAbsolute("")
		}
		r.add(s, rdfType, r.resource(k.typed.iri(item.text, true)), g)
		return nil
	})
}

// members writes the statements that the members of v say about s.
func (r *reader) members(v *value, s rdfc.Term, c *active, g rdfc.Term) error {
	for i := range v.members {
		m := &v.members[i]
		if m.name == "@context" {
			continue
		}
		if err := r.member(m, s, c, g); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) member(m *member, s rdfc.Term, c *active, g rdfc.Term) error {
	id := c.iri(m.name, true)
	switch id {
	case "@id", "@type":
		return nil
	case "@graph":
		return r.graph(&m.value, place{context: c, graph: s})
	case "@included":
		return r.graph(&m.value, place{context: c, graph: g})
	case "@reverse":
		return r.reverseMap(&m.value, s, c, g)
	case "@nest":
		return r.nest(m, s, c, g)
	}
	t := c.terms[m.name]
	switch {
	case t != nil && t.absolute:
	case id == "" || id[0] == '@' || strings.HasPrefix(id, "_:") || strings.IndexByte(id, ':') < 0:
		return lost("a member that the contexts do not define")
	case !isAbsolute(id):
		r.relative = true
	}
	at := place{context: c, name: m.name, graph: g}
	if t != nil && t.reverse {
		at.reverse = true
		return r.values(&m.value, at, func(o rdfc.Term) error { return r.reversed(s, id, o, g) })
	}
	return r.values(&m.value, at, func(o rdfc.Term) error {
		r.add(s, id, o, g)
		return nil
	})
}
