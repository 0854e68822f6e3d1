// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"strings"

	"github.com/piprate/json-gold/ld"
)

// TermSet is what contexts define. The zero TermSet defines nothing.
type TermSet struct{ gold *ld.Context }

// Terms returns what contexts, the value of an @context, define, with ToRDF's refusals of contexts.
func Terms(contexts []byte, p Profile) (TermSet, error) {
	v, err := decode(contexts)
	if err != nil {
		return TermSet{}, err
	}
	if err := guardContext(v, p); err != nil {
		return TermSet{}, err
	}
	var c *ld.Context
	err = gold(func() (err error) {
		c, err = ld.NewContext(nil, options()).Parse(v)
		return err
	})
	if err != nil {
		return TermSet{}, err
	}
	return TermSet{gold: c}, nil
}

// Type reports whether s, as the value of @type, is an absolute IRI or a term that the contexts map
// to one. A blank node identifier is neither.
func (t TermSet) Type(s string) bool {
	if t.gold == nil {
		return false
	}
	id, err := t.gold.ExpandIri(s, false, true, nil, nil)
	return err == nil && isAbsolute(id) && !strings.HasPrefix(id, "_:")
}
