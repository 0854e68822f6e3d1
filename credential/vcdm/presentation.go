// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

func checkPresentation(raw []byte, o object, rules Rules) (Summary, error) {
	c := &check{rules: rules, raw: raw, kind: aPresentation}
	for _, step := range []func(object) error{c.context, c.id, c.presentationType, c.holder, c.services, c.credentials, c.typesInScope} {
		if err := step(o); err != nil {
			return Summary{}, err
		}
	}
	return c.sum, nil
}

func (c *check) presentationType(o object) error { return c.documentType(o, TypePresentation) }

// credentials reads verifiableCredential: objects, each a credential or an envelope around one.
func (c *check) credentials(o object) error {
	v := o.get("verifiableCredential")
	if v == nil {
		return nil
	}
	items, err := oneOrMore(v, "verifiableCredential", MaxCredentials)
	if reason.Of(err) == reason.LimitMembers {
		return reason.New(reason.LimitChain, "the presentation carries too many credentials")
	}
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return c.wrong("verifiableCredential is empty")
	}
	for _, item := range items {
		h, err := c.held(item)
		if err != nil {
			return err
		}
		c.sum.Held = append(c.sum.Held, h)
	}
	return nil
}

// held reads one member of verifiableCredential: a credential or an envelope.
func (c *check) held(v strictjson.Value) (Held, error) {
	o, ok := objectOf(v)
	if !ok {
		return Held{}, reason.New(reason.JSONType, "a verifiableCredential is neither a credential nor an envelope")
	}
	if hasType(o, TypeEnvelopedCredential) {
		e, err := envelope(o, TypeEnvelopedCredential)
		return Held{Raw: v, Envelope: e}, err
	}
	sum, err := checkCredential(v, o, c.rules)
	return Held{Raw: v, Summary: sum}, err
}
