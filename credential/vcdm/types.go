// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"slices"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

// credentialType reads the type of the document (Verifiable Credentials Data Model 2.0 §4.5).
func (c *check) credentialType(o object) error { return c.documentType(o, TypeCredential) }

func (c *check) documentType(o object, want string) error {
	types, err := c.readTypes(o, "type")
	if err != nil {
		return err
	}
	for _, t := range types {
		if !c.terms.Type(t) {
			return reason.New(reason.JSONLDRelativeIRI, "a type is neither a term of the contexts nor an absolute URL")
		}
	}
	if !slices.Contains(types, want) {
		return c.wrong("type does not say " + want)
	}
	c.sum.Types = types
	return nil
}

// readTypes returns the values of the required type of o: a string, or an array of one or more.
func (c *check) readTypes(o object, place string) ([]string, error) {
	v := o.get("type")
	if v == nil {
		return nil, c.missing(place)
	}
	items, err := oneOrMore(v, place, MaxTypes)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, c.wrong(place + " is empty")
	}
	types := make([]string, 0, len(items))
	for _, item := range items {
		t, ok := text(item)
		if !ok || t == "" {
			return nil, c.wrong(place + " is not a string")
		}
		types = append(types, t)
	}
	return types, nil
}

// innerTypes is readTypes of an object inside the document. A value that the contexts of the
// document do not define may be one of a context with a narrower scope: see typesInScope.
func (c *check) innerTypes(o object, place string) ([]string, error) {
	types, err := c.readTypes(o, place)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		if !c.terms.Type(t) && c.doubt == "" {
			c.doubt = place
		}
	}
	return types, nil
}

// typesInScope settles a doubt: contexts may be scoped to a type or property, and expansion alone
// knows which are in force where. It costs a whole expansion, and good documents rarely need it.
func (c *check) typesInScope(object) error {
	if c.doubt == "" {
		return nil
	}
	if _, err := jsonld.ToRDF(c.raw, c.rules.Profile); err != nil {
		return reason.Wrap(reason.JSONLDRelativeIRI, c.doubt+" is neither a term of the contexts nor an absolute URL", err)
	}
	return nil
}
