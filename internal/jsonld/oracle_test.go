// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"slices"
	"strings"

	"github.com/piprate/json-gold/ld"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// goldToRDF is ToRDF with json-gold's expansion, as an oracle. What json-gold would pass over in
// silence is refused before or after it.
func goldToRDF(doc []byte, p Profile) ([]rdfc.Quad, error) {
	v, err := decode(doc)
	if err != nil {
		return nil, err
	}
	if err := guard(v, p); err != nil {
		return nil, err
	}
	expanded, err := expandGold(v)
	if err != nil {
		return nil, err
	}
	w := walker{writer{labels: map[string]string{}}}
	for _, item := range expanded {
		if err := w.top(item, rdfc.Term{}); err != nil {
			return nil, err
		}
	}
	if m, ok := v.(map[string]any); len(w.quads) == 0 && (!ok || len(m) > 1 || m["@context"] == nil && len(m) > 0) {
		return nil, lost("a document that leaves no statement")
	}
	return w.finish()
}

// walker turns expanded documents into statements, JSON-LD 1.1 API §8.1.2.
type walker struct{ writer }

// top is an item of a graph. One that leaves no statement would be lost.
func (w *walker) top(item any, g rdfc.Term) error {
	m, ok := item.(map[string]any)
	if !ok {
		return lost("a value that nothing refers to")
	}
	before := len(w.quads)
	if _, err := w.node(m, g); err != nil {
		return err
	}
	if len(w.quads) == before && len(m) > 0 {
		return lost("a node that leaves no statement")
	}
	return nil
}

// node writes the statements of a node object and returns its term.
func (w *walker) node(m map[string]any, g rdfc.Term) (rdfc.Term, error) {
	s, err := w.subject(m)
	if err != nil {
		return s, err
	}
	for _, name := range ld.GetOrderedKeys(m) {
		value := m[name]
		switch name {
		case "@id":
		case "@type":
			err = w.types(s, value, g)
		case "@graph":
			err = w.each(value, func(item any) error { return w.top(item, s) })
		case "@included":
			err = w.each(value, func(item any) error { return w.top(item, g) })
		case "@reverse":
			err = w.reverse(s, value, g)
		default:
			err = w.property(s, name, value, g)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

func (w *walker) subject(m map[string]any) (rdfc.Term, error) {
	switch id := m["@id"].(type) {
	case nil:
		return w.blank(), nil
	case string:
		return w.resource(id), nil
	default:
		return rdfc.Term{}, notAbsolute("")
	}
}

func (w *walker) types(s rdfc.Term, value any, g rdfc.Term) error {
	return w.each(value, func(item any) error {
		name, _ := item.(string)
		w.add(s, rdfType, w.resource(name), g)
		return nil
	})
}

func (w *walker) each(value any, f func(item any) error) error {
	for _, item := range ld.Arrayify(value) {
		if err := f(item); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) property(s rdfc.Term, name string, value any, g rdfc.Term) error {
	if ld.IsKeyword(name) || strings.HasPrefix(name, "_:") {
		return lost("a member that is no statement")
	}
	if !isAbsolute(name) {
		return notAbsolute("")
	}
	return w.each(value, func(item any) error {
		o, err := w.object(item, g)
		w.add(s, name, o, g)
		return err
	})
}

// reverse writes statements whose objects are s.
func (w *walker) reverse(s rdfc.Term, value any, g rdfc.Term) error {
	m, ok := value.(map[string]any)
	if !ok {
		return lost("@reverse without properties")
	}
	for _, name := range ld.GetOrderedKeys(m) {
		if ld.IsKeyword(name) || !isAbsolute(name) {
			return notAbsolute("")
		}
		err := w.each(m[name], func(item any) error {
			node, ok := item.(map[string]any)
			if !ok || ld.IsValue(item) || ld.IsList(item) {
				return lost("a subject that is no node")
			}
			subject, err := w.node(node, g)
			w.add(subject, name, s, g)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// object writes what lies below a value of a property and returns its term.
func (w *walker) object(item any, g rdfc.Term) (rdfc.Term, error) {
	m, ok := item.(map[string]any)
	if !ok {
		return rdfc.Term{}, lost("a value that is no object")
	}
	if items, ok := m["@list"]; ok {
		if len(m) > 1 {
			return rdfc.Term{}, lost("a list with an index")
		}
		return w.list(ld.Arrayify(items), g)
	}
	if value, ok := m["@value"]; ok {
		return literalOf(m, value)
	}
	return w.node(m, g)
}

// list is the list of items, JSON-LD 1.1 API §8.3.
func (w *walker) list(items []any, g rdfc.Term) (rdfc.Term, error) {
	tail := iri(rdfNil)
	for _, item := range slices.Backward(items) {
		o, err := w.object(item, g)
		if err != nil {
			return o, err
		}
		cell := w.blank()
		w.add(cell, rdfFirst, o, g)
		w.add(cell, rdfRest, tail, g)
		tail = cell
	}
	return tail, nil
}

// literalOf is the literal of the value object m, JSON-LD 1.1 API §8.2.
func literalOf(m map[string]any, value any) (rdfc.Term, error) {
	text := func(name string) string { s, _ := m[name].(string); return s }
	if _, ok := m["@index"]; ok {
		return rdfc.Term{}, lost("a value with an index")
	}
	if text("@type") == "@json" {
		raw, err := strictjson.Marshal(value)
		if err != nil {
			return rdfc.Term{}, lost("a JSON literal that cannot be written")
		}
		return jsonLiteral(raw)
	}
	switch v := value.(type) {
	case string:
		return stringLiteral(v, text("@type"), text("@language"), text("@direction"))
	case bool:
		return boolLiteral(v, text("@type"))
	case float64:
		return numberLiteral(v, text("@type"))
	default:
		return rdfc.Term{}, lost("a value that is no scalar")
	}
}
