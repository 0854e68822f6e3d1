// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// issuer reads the issuer (Verifiable Credentials Data Model 2.0 §4.7).
func (c *check) issuer(o object) (err error) {
	v := o.get("issuer")
	if v == nil {
		return c.missing("issuer")
	}
	var party object
	if c.sum.Issuer, party, err = c.party(v, "issuer"); err != nil || c.sum.Version != V2 {
		return err
	}
	if err := c.languageText(party.get("name"), "issuer.name"); err != nil {
		return err
	}
	return c.languageText(party.get("description"), "issuer.description")
}

// party reads who a member names: a URL, or an object whose id is one. The object is nil for a URL.
func (c *check) party(v strictjson.Value, place string) (id string, party object, err error) {
	if s, ok := text(v); ok {
		if !isURL(s) {
			return "", nil, reason.New(reason.JSONLDRelativeIRI, place+" is not an absolute URL")
		}
		return s, nil, nil
	}
	party, ok := objectOf(v)
	if !ok {
		return "", nil, c.wrong(place + " is neither a URL nor an object")
	}
	id, err = c.requiredID(party, place+".id")
	return id, party, err
}

// subjects reads credentialSubject: one or more objects with a claim each (Verifiable Credentials
// Data Model 2.0 §4.8).
func (c *check) subjects(o object) error {
	if o.get("credentialSubject") == nil {
		return c.missing("credentialSubject")
	}
	all, err := c.objects(o, "credentialSubject", MaxObjects)
	if err != nil {
		return err
	}
	for _, s := range all {
		if len(s) == 0 {
			return c.wrong("a credentialSubject claims nothing")
		}
		id, err := c.optionalID(s, "credentialSubject.id")
		if err != nil {
			return err
		}
		if id != "" {
			c.sum.Subjects = append(c.sum.Subjects, id)
		}
		if s.get("type") == nil {
			continue
		}
		if _, err := c.innerTypes(s, "credentialSubject.type"); err != nil {
			return err
		}
	}
	return nil
}

// holder reads the holder of a presentation (Verifiable Credentials Data Model 2.0 §4.13).
func (c *check) holder(o object) (err error) {
	if v := o.get("holder"); v != nil {
		c.sum.Holder, _, err = c.party(v, "holder")
	}
	return err
}
