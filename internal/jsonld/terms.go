// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// TermSet is what contexts define. The zero TermSet defines nothing.
type TermSet struct{ context *active }

// Terms returns what contexts, the value of an @context, define, with ToRDF's refusals of contexts.
func Terms(contexts []byte, p Profile) (TermSet, error) {
	// Only as a member @context may it hold terms that differ in case alone.
	whole, err := parse(append(append([]byte(`{"@context":`), contexts...), '}'))
	if err != nil {
		return TermSet{}, err
	}
	v := whole.member("@context")
	if v == nil || len(whole.members) != 1 {
		return TermSet{}, reason.New(reason.JSONSyntax, "more than one value")
	}
	s := newSession()
	c, err := s.local(s.engine.root, v, p)
	if err != nil {
		return TermSet{}, err
	}
	return TermSet{context: c}, nil
}

// Type reports whether s, as the value of @type, is an absolute IRI or a term that the contexts map
// to one. A blank node identifier is neither.
func (t TermSet) Type(s string) bool {
	if t.context == nil {
		return false
	}
	id := t.context.iri(s, true)
	return isAbsolute(id) && !strings.HasPrefix(id, "_:")
}
