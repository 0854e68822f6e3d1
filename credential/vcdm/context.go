// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// context reads @context: an array of URLs and objects whose first item is the base context of an
// accepted version (Verifiable Credentials Data Model 2.0 §4.3).
func (c *check) context(o object) error {
	v := o.get("@context")
	if v == nil {
		return contextInvalid("@context is missing")
	}
	if v.Kind() != '[' {
		return contextInvalid("@context is not an array")
	}
	items, err := oneOrMore(v, "@context", MaxContexts)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return contextInvalid("@context is empty")
	}
	if c.sum.Version, err = c.version(items[0]); err != nil {
		return err
	}
	for _, item := range items[1:] {
		if err := c.contextItem(item); err != nil {
			return err
		}
	}
	c.terms, err = jsonld.Terms(v, c.rules.Profile)
	return err
}

func (c *check) version(first strictjson.Value) (Version, error) {
	switch url, _ := text(first); {
	case url == BaseV2:
		return V2, nil
	case url == BaseV1 && c.rules.Oldest == V1:
		return V1, nil
	}
	return 0, contextInvalid("the first @context is not a base context that is accepted")
}

func (c *check) contextItem(v strictjson.Value) error {
	if v.Kind() == '{' {
		return nil
	}
	switch url, ok := text(v); {
	case !ok:
		return contextInvalid("a @context is neither a URL nor an object")
	case !isURL(url):
		return contextInvalid("a @context is not an absolute URL")
	case url == BaseV2 && c.sum.Version != V2, url == BaseV1 && c.sum.Version != V1:
		return reason.New(reason.VCAmbiguous, "the base contexts of two versions of the data model")
	}
	return nil
}

func contextInvalid(detail string) error { return reason.New(reason.VCContextInvalid, detail) }
