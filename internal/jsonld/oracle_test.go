// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/piprate/json-gold/ld"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// embedded gives json-gold the documents of the embedded set. It has nothing to fetch with.
type embedded struct{}

// LoadDocument is ld.DocumentLoader.
func (embedded) LoadDocument(url string) (*ld.RemoteDocument, error) {
	raw := Context(url)
	if raw == nil {
		return nil, ld.NewJsonLdError(ld.LoadingRemoteContextFailed, "not embedded")
	}
	doc, err := decode(raw)
	if err != nil {
		return nil, ld.NewJsonLdError(ld.LoadingRemoteContextFailed, err)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

// options are those of every call to json-gold: version 1.1, no base, safe mode.
func options() *ld.JsonLdOptions {
	o := ld.NewJsonLdOptions("")
	o.DocumentLoader = embedded{}
	o.SafeMode = true
	return o
}

// decode reads JSON that was checked into maps and slices.
func decode(raw []byte) (any, error) {
	if err := strictjson.Check(raw); err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, reason.Wrap(reason.JSONSyntax, "", err)
	}
	return v, nil
}

// expandGold expands v, which it may change.
func expandGold(v any) ([]any, error) {
	var expanded []any
	err := gold(func() (err error) {
		expanded, err = ld.NewJsonLdProcessor().Expand(v, options())
		return err
	})
	return expanded, err
}

// gold calls f, which calls json-gold, and names its refusals. A panic of json-gold, which trusts
// the types of what contexts hold, is a refusal of the context.
func gold(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = reason.Wrap(reason.VCContextInvalid, "", fmt.Errorf("json-gold: %v", r))
		}
	}()
	return goldError(f())
}

// goldError gives an error of json-gold its code.
func goldError(err error) error {
	if err == nil {
		return nil
	}
	if r, ok := errors.AsType[*reason.Error](err); ok {
		return reason.Wrap(r.Code, r.Detail, err)
	}
	e, ok := errors.AsType[*ld.JsonLdError](err)
	if !ok {
		return reason.Wrap(reason.VCContextInvalid, "", err)
	}
	switch e.Code {
	case ld.LoadingDocumentFailed, ld.LoadingRemoteContextFailed, ld.InvalidRemoteContext:
		return reason.Wrap(reason.JSONLDContextUnknown, "", err)
	case ld.InvalidIDValue, ld.InvalidTypeValue, ld.InvalidTypedValue:
		return reason.Wrap(reason.JSONLDRelativeIRI, "", err)
	case ld.InvalidProperty, ld.CollidingKeywords, ld.ConflictingIndexes, ld.InvalidIndexValue, ld.InvalidValueObject,
		ld.InvalidValueObjectValue, ld.InvalidLanguageTaggedString, ld.InvalidLanguageTaggedValue,
		ld.InvalidSetOrListObject, ld.InvalidLanguageMapValue, ld.InvalidReversePropertyMap, ld.InvalidReverseValue,
		ld.InvalidReversePropertyValue, ld.InvalidIncludedValue, ld.InvalidNestValue:
		return reason.Wrap(reason.JSONLDUndefinedTerm, string(e.Code), err)
	default:
		return reason.Wrap(reason.VCContextInvalid, "", err)
	}
}

// guard refuses what json-gold would drop without a word: the values of @list and @set that it
// fails to expand, what floats free in @graph. Null and empty arrays it cannot tell from those in
// JSON literals; documents that are compared have none elsewhere. It refuses contexts that the
// profile does not allow.
func guard(v any, p Profile) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := guard(item, p); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, value := range v {
			if err := guardMember(name, value, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func guardMember(name string, value any, p Profile) error {
	switch name {
	case "@context":
		return guardContext(value, p)
	case "@list", "@set", "@graph", "@index", "@default", "@preserve":
		return lost("a keyword that is not supported beside others")
	default:
		return guard(value, p)
	}
}

// guardContext refuses an inline context in the Closed profile, and in both a term that stands for
// a keyword that guardMember looks for, or for null.
func guardContext(v any, p Profile) error {
	for _, c := range ld.Arrayify(v) {
		switch c := c.(type) {
		case string:
		case map[string]any:
			if p != Open {
				return inline()
			}
			if aliases(c) {
				return lost("a keyword that is not supported beside others")
			}
		default:
			if p != Open {
				return inline()
			}
			return reason.New(reason.VCContextInvalid, "")
		}
	}
	return nil
}

// aliases reports whether v, part of a context, names one of the keywords that guardMember refuses,
// anywhere but as a container.
func aliases(v any) bool {
	switch v := v.(type) {
	case string:
		switch v {
		case "@list", "@set", "@graph", "@index", "@default", "@preserve":
			return true
		}
	case []any:
		for _, item := range v {
			if aliases(item) {
				return true
			}
		}
	case map[string]any:
		for name, value := range v {
			if name != "@container" && aliases(value) {
				return true
			}
		}
	}
	return false
}

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
