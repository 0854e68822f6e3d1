// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"github.com/piprate/json-gold/ld"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// Expand returns doc in expanded form, JSON-LD 1.1 API §5.1, as a JSON array. It refuses what
// ToRDF refuses of contexts and members, but leaves relative identifiers in place.
func Expand(doc []byte, p Profile) ([]byte, error) {
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
	return strictjson.Marshal(expanded)
}

// Compact returns the expanded document expanded in the form that contexts, the value of an
// @context, give it, JSON-LD 1.1 API §6.1, with the refusals of contexts of ToRDF.
func Compact(expanded, contexts []byte, p Profile) ([]byte, error) {
	v, err := decode(expanded)
	if err != nil {
		return nil, err
	}
	c, err := decode(contexts)
	if err != nil {
		return nil, err
	}
	if err := guardContext(c, p); err != nil {
		return nil, err
	}
	var compacted map[string]any
	err = gold(func() (err error) {
		compacted, err = ld.NewJsonLdProcessor().Compact(v, c, options())
		return err
	})
	if err != nil {
		return nil, err
	}
	return strictjson.Marshal(compacted)
}

// Flatten returns doc with its nodes side by side, JSON-LD 1.1 API §7.1, in expanded form. It
// refuses what Expand refuses.
func Flatten(doc []byte, p Profile) ([]byte, error) {
	v, err := decode(doc)
	if err != nil {
		return nil, err
	}
	if err := guard(v, p); err != nil {
		return nil, err
	}
	var flat any
	err = gold(func() (err error) {
		flat, err = ld.NewJsonLdProcessor().Flatten(v, nil, options())
		return err
	})
	if err != nil {
		return nil, err
	}
	return strictjson.Marshal(flat)
}

// FromRDF returns the expanded document whose dataset quads are, JSON-LD 1.1 API §8.4.
func FromRDF(quads []rdfc.Quad) ([]byte, error) {
	var nquads []byte
	for _, q := range quads {
		nquads = rdfc.AppendQuad(nquads, q)
	}
	var doc any
	err := gold(func() (err error) {
		o := options()
		o.Format = "application/n-quads"
		doc, err = ld.NewJsonLdProcessor().FromRDF(string(nquads), o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return strictjson.Marshal(doc)
}
