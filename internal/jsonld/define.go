// SPDX-License-Identifier: Apache-2.0

package jsonld

import "strings"

// MaxIRI bounds the bytes of an IRI that a context gives to a term or as @vocab: each use of it writes
// it out.
const MaxIRI = 2048

// term is the create term definition algorithm, §4.2.2, for the member name of the local context.
func (d *definer) term(name string) error {
	if done, begun := d.done[name]; begun {
		if !done {
			return invalid("terms that are defined by one another")
		}
		return nil
	}
	d.done[name] = false
	v := d.local[name]
	switch {
	case name == "":
		return invalid("an empty term")
	case isKeyword(name):
		return d.keyword(name, v)
	case looksLikeKeyword(name):
		return nil // reserved; a member of that name is not defined
	}
	previous := d.active.terms[name]
	d.active.undefine(name)
	t := &term{protected: d.protect}
	if err := d.definition(t, name, v); err != nil {
		return err
	}
	if len(t.iri) > MaxIRI {
		return invalid("an IRI that is too long")
	}
	t.absolute = isAbsolute(t.iri) && !strings.HasPrefix(t.iri, "_:")
	if !d.mode.override && previous != nil && previous.protected {
		if !t.same(previous) {
			return invalid("a protected term is defined anew")
		}
		t = previous
	}
	d.active.define(name, t)
	d.done[name] = true
	return nil
}

// keyword allows one redefinition: @type may be said to be a set, or protected, which means nothing
// to expansion.
func (d *definer) keyword(name string, v *value) error {
	if name != "@type" || v.kind != object || len(v.members) == 0 {
		return invalid("a keyword is defined anew")
	}
	for i := range v.members {
		m := &v.members[i]
		isSet := m.name == "@container" && m.value.kind == str && m.value.text == "@set"
		if !isSet && (m.name != "@protected" || m.value.kind != boolean) {
			return invalid("a keyword is defined anew")
		}
	}
	d.done[name] = true
	return nil
}

// definition fills t from v, the definition of the term name.
func (d *definer) definition(t *term, name string, v *value) error {
	switch v.kind {
	case null:
		return nil
	case str:
		return d.mapping(t, name, v, true)
	case object:
	default:
		return invalid("a term definition")
	}
	for i := range v.members {
		if err := d.entry(t, v.members[i].name, &v.members[i].value); err != nil {
			return err
		}
	}
	if r := v.member("@reverse"); r != nil {
		if v.member("@id") != nil || v.member("@nest") != nil {
			return invalid("@reverse beside @id or @nest")
		}
		t.reverse = true
		if err := d.mapping(t, name, r, false); err != nil {
			return err
		}
		if !isAbsolute(t.iri) {
			return invalid("@reverse")
		}
	} else if err := d.mapping(t, name, v.member("@id"), false); err != nil {
		return err
	}
	if t.datatype != "" {
		t.language = option{} // §4.2.2 step 24: beside @type, @language is not looked at
	}
	return t.consistent(name, v)
}

// entry takes a member of an expanded term definition.
func (d *definer) entry(t *term, name string, v *value) (err error) {
	switch name {
	case "@id", "@reverse":
	case "@type":
		return d.datatype(t, v)
	case "@container":
		return t.containers(v)
	case "@context":
		t.scoped = v
		return d.scoped(v)
	case "@language":
		t.language, err = text(v, name)
	case "@direction":
		t.direction, err = direction(v)
	case "@protected", "@prefix":
		if v.kind != boolean {
			return invalid(name)
		}
		if name == "@protected" {
			t.protected = v.text == "true"
		}
	case "@nest", "@index":
		if v.kind != str || v.text != "@nest" && strings.HasPrefix(v.text, "@") {
			return invalid(name)
		}
		if name == "@nest" {
			t.nest = v.text
		} else {
			t.index = v.text
		}
	default:
		return invalid("an unknown member of a term definition")
	}
	return err
}

// scoped looks at a scoped context before anything uses it. Those of the embedded set are known to
// be sound.
func (d *definer) scoped(v *value) error {
	if d.mode.embedded {
		return nil
	}
	_, err := d.session.apply(d.active, v, mode{propagate: true, override: true, depth: d.mode.depth})
	return err
}

func (d *definer) datatype(t *term, v *value) error {
	if v.kind != str {
		return invalid("@type of a term")
	}
	switch v.text {
	case "@id", "@vocab", "@json", "@none":
		t.datatype = v.text
		return nil
	}
	id, err := d.iri(v.text)
	if err != nil {
		return err
	}
	if !isAbsolute(id) || strings.HasPrefix(id, "_:") {
		return invalid("@type of a term")
	}
	t.datatype = id
	return nil
}

// containers reads @container.
func (t *term) containers(v *value) error {
	err := v.each(func(item *value) error {
		if item.kind != str {
			return invalid("@container")
		}
		switch item.text {
		case "@list":
			t.container |= inList
		case "@set":
			t.container |= inSet
		case "@graph":
			t.container |= inGraph
		case "@language":
			t.container |= inLanguage
		case "@index":
			t.container |= inIndex
		case "@id":
			t.container |= inID
		case "@type":
			t.container |= inType
		default:
			return invalid("@container")
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch t.container &^ inSet {
	case 0, inGraph, inLanguage, inIndex, inID, inType, inGraph | inID, inGraph | inIndex:
		return nil
	case inList:
		if t.container == inList {
			return nil
		}
	}
	return invalid("@container")
}

// mapping sets the IRI of the term name to what v says; without v, to what the name says.
func (d *definer) mapping(t *term, name string, v *value, simple bool) (err error) {
	if v == nil || v.kind == str && v.text == name && !t.reverse {
		t.iri, err = d.implied(name)
		return err
	}
	if v.kind == null && !t.reverse {
		return nil
	}
	if v.kind != str {
		return invalid("@id of a term")
	}
	if looksLikeKeyword(v.text) && !isKeyword(v.text) {
		return invalid("@id that only looks like a keyword")
	}
	if t.iri, err = d.iri(v.text); err != nil {
		return err
	}
	if t.iri == "@context" || t.iri == "@preserve" || !isKeyword(t.iri) && !isAbsolute(t.iri) {
		return invalid("@id of a term")
	}
	colon := strings.IndexByte(name, ':')
	if colon > 0 && colon < len(name)-1 || strings.Contains(name, "/") {
		d.done[name] = true
		if id, err := d.iri(name); err != nil || id != t.iri {
			return invalid("a term that is an IRI of its own")
		}
		d.done[name] = false
	}
	if simple && !strings.ContainsAny(name, ":/") {
		t.prefix = strings.HasPrefix(t.iri, "_:") || strings.IndexByte(":/?#[]@", t.iri[len(t.iri)-1]) >= 0
	}
	return nil
}

// implied is the IRI that a term without @id has, §4.2.2 steps 15 to 18.
func (d *definer) implied(name string) (string, error) {
	prefix, suffix, found := strings.Cut(name, ":")
	switch {
	case found && prefix != "":
		if err := d.before(prefix); err != nil {
			return "", err
		}
		if p := d.active.terms[prefix]; p != nil && p.iri != "" {
			return p.iri + suffix, nil
		}
		if !isAbsolute(name) {
			return "", invalid("a term that is no IRI")
		}
		return name, nil
	case d.active.hasVocab:
		return d.active.vocab + name, nil
	default:
		return "", invalid("a term without IRI")
	}
}

// consistent checks what members of the definition v say together.
func (t *term) consistent(name string, v *value) error {
	if p := v.member("@prefix"); p != nil {
		if strings.ContainsAny(name, ":/") || isKeyword(t.iri) && p.text == "true" {
			return invalid("@prefix")
		}
		t.prefix = p.text == "true"
	}
	switch {
	case t.index != "" && t.container&inIndex == 0:
		return invalid("@index without its container")
	case t.reverse && t.container&^(inSet|inIndex) != 0:
		return invalid("@container of a reverse property")
	case t.container&inType != 0 && t.datatype != "" && t.datatype != "@id" && t.datatype != "@vocab":
		return invalid("@type of a container of types")
	}
	return nil
}

// same reports whether t and u differ in nothing but their protection.
func (t *term) same(u *term) bool {
	a, b := *t, *u
	scoped := a.scoped.equal(b.scoped)
	a.scoped, b.scoped = nil, nil
	a.protected, b.protected = false, false
	return scoped && a == b
}
