// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"github.com/behalf-id/behalf/reason"
)

// issuer reads the issuer: a URL, or an object whose id is one (Verifiable Credentials Data Model
// 2.0 §4.7).
func (c *check) issuer(o object) (err error) {
	v := o.get("issuer")
	if v == nil {
		return c.missing("issuer")
	}
	if s, ok := text(v); ok {
		if !isURL(s) {
			return reason.New(reason.JSONLDRelativeIRI, "issuer is not an absolute URL")
		}
		c.sum.Issuer = s
		return nil
	}
	party, ok := objectOf(v)
	if !ok {
		return c.wrong("issuer is neither a URL nor an object")
	}
	if c.sum.Issuer, err = c.requiredID(party, "issuer.id"); err != nil {
		return err
	}
	if c.sum.Version != V2 {
		return nil
	}
	if err := c.languageText(party.get("name"), "issuer.name"); err != nil {
		return err
	}
	return c.languageText(party.get("description"), "issuer.description")
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
	v := o.get("holder")
	if v == nil {
		return nil
	}
	if s, ok := text(v); ok {
		if !isURL(s) {
			return reason.New(reason.JSONLDRelativeIRI, "holder is not an absolute URL")
		}
		c.sum.Holder = s
		return nil
	}
	party, ok := objectOf(v)
	if !ok {
		return c.wrong("holder is neither a URL nor an object")
	}
	c.sum.Holder, err = c.requiredID(party, "holder.id")
	return err
}
