// SPDX-License-Identifier: Apache-2.0

package jsonld

import "strings"

// mode says how a local context is applied.
type mode struct {
	propagate bool // it holds below the node too
	override  bool // it may redefine protected terms
	embedded  bool // it is of the embedded set
	depth     int  // how many context documents lead here
}

// apply is the context processing algorithm, §4.1.2: c with the local context v. @import and
// @base are refused.
func (s *session) apply(c *active, v *value, m mode) (*active, error) {
	if v.kind == object {
		if p := v.member("@propagate"); p != nil {
			m.propagate = p.text == "true"
		}
	}
	// In a list it means nothing by the letter; other processors take the first for that of the list.
	if len(v.items) > 0 && v.items[0].member("@propagate") != nil {
		return nil, invalid("@propagate at the head of a list")
	}
	result := c
	if !m.propagate && c.previous == nil {
		result = c.fork()
		result.previous, result.embedded = c, m.embedded
	}
	err := v.each(func(item *value) (err error) {
		result, err = s.one(result, item, m)
		return err
	})
	return result, err
}

// one applies one item of a local context.
func (s *session) one(c *active, item *value, m mode) (*active, error) {
	switch item.kind {
	case null:
		if err := s.spend(len(c.terms)); err != nil {
			return nil, err
		}
		if !m.override && c.protects() {
			return nil, invalid("null where terms are protected")
		}
		fresh := s.engine.root.fork()
		fresh.embedded = m.embedded
		if !m.propagate {
			fresh.previous = c
		}
		return fresh, nil
	case str:
		return s.named(c, item.text, m.depth)
	case object:
		return s.object(c, item, m)
	default:
		return nil, invalid("neither URL nor object")
	}
}

// object applies a context that is an object.
func (s *session) object(c *active, v *value, m mode) (*active, error) {
	if inner := v.member("@context"); inner != nil {
		return nil, invalid("a context in a context")
	}
	if err := s.spend(len(c.terms) + len(v.members)); err != nil {
		return nil, err
	}
	d := definer{session: s, mode: m, active: c.fork(), local: make(map[string]*value, len(v.members)), done: map[string]bool{}}
	for i := range v.members {
		d.local[v.members[i].name] = &v.members[i].value
	}
	d.active.embedded = m.embedded
	for i := range v.members {
		if err := d.setting(v.members[i].name, &v.members[i].value); err != nil {
			return nil, err
		}
	}
	if vocab := v.member("@vocab"); vocab != nil {
		if err := d.vocab(vocab); err != nil {
			return nil, err
		}
	}
	for i := range v.members {
		if name := v.members[i].name; !isSetting(name) {
			if err := d.term(name); err != nil {
				return nil, err
			}
		}
	}
	return d.active, nil
}

// definer makes an active context from a local one.
type definer struct {
	session *session
	mode    mode
	active  *active
	local   map[string]*value // the members of the local context
	done    map[string]bool   // false: begun
	protect bool              // @protected for all terms
}

// isSetting reports whether a member of a context is not a term.
func isSetting(name string) bool {
	switch name {
	case "@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version", "@vocab":
		return true
	}
	return false
}

// setting takes a member of a context that is not a term.
func (d *definer) setting(name string, v *value) error {
	switch name {
	case "@version":
		if v.kind != number || v.text != "1.1" {
			return invalid("@version")
		}
	case "@propagate":
		if v.kind != boolean {
			return invalid("@propagate")
		}
	case "@protected":
		if v.kind != boolean {
			return invalid("@protected")
		}
		d.protect = v.text == "true"
	case "@language":
		o, err := text(v, "@language")
		d.active.language = o.text
		return err
	case "@direction":
		o, err := direction(v)
		d.active.direction = o.text
		return err
	case "@base", "@import":
		return invalid("@base or @import")
	}
	return nil
}

func (d *definer) vocab(v *value) error {
	switch v.kind {
	case null:
		d.active.vocab, d.active.hasVocab = "", false
		return nil
	case str:
		id := d.active.iri(v.text, true)
		if !isAbsolute(id) || len(id) > MaxIRI {
			return invalid("@vocab")
		}
		d.active.vocab, d.active.hasVocab = id, true
		return nil
	default:
		return invalid("@vocab")
	}
}

// text reads a string or null.
func text(v *value, name string) (option, error) {
	switch v.kind {
	case null:
		return option{set: true}, nil
	case str:
		return option{true, strings.ToLower(v.text)}, nil
	default:
		return option{}, invalid(name)
	}
}

func direction(v *value) (option, error) {
	o, err := text(v, "@direction")
	if err == nil && o.text != "" && o.text != "ltr" && o.text != "rtl" {
		err = invalid("@direction")
	}
	return o, err
}

// iri is IRI expansion within a context: terms that it needs are defined first.
func (d *definer) iri(s string) (string, error) {
	if !looksLikeKeyword(s) {
		if err := d.before(s); err != nil {
			return "", err
		}
		if prefix, suffix, found := strings.Cut(s, ":"); found && prefix != "" && prefix != "_" && !strings.HasPrefix(suffix, "//") {
			if err := d.before(prefix); err != nil {
				return "", err
			}
		}
	}
	return d.active.iri(s, true), nil
}

// before defines the term that name is, if it is one of this context.
func (d *definer) before(name string) error {
	if done, begun := d.done[name]; begun && done || isSetting(name) || d.local[name] == nil {
		return nil
	}
	return d.term(name)
}
