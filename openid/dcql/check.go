// SPDX-License-Identifier: Apache-2.0

package dcql

import (
	"slices"

	"github.com/behalf-id/behalf/reason"
)

// Check holds what was presented to the query once more, as a verifier must (OpenID4VP 1.0 §8.6). A
// type that was not asked for is query.type_mismatch. A claim that is there with another value than
// those asked for is query.value_mismatch: values are compared code point by code point, and
// nothing is normalised, so that a letter and its look-alike or its decomposition differ. A claim
// that is absent, another format and a missing holder proof are query.unsatisfied, too much work
// is limit.query.
func (c *Credential) Check(have Candidate) error {
	if !c.typeFits(have.Types) {
		return reason.New(reason.QueryTypeMismatch, "a type that was not asked for")
	}
	_, ok, err := c.Match(have)
	if ok || err != nil {
		return err
	}
	anyValue := *c
	anyValue.Claims = slices.Clone(c.Claims)
	for i := range anyValue.Claims {
		anyValue.Claims[i].Values = nil
	}
	_, ok, err = anyValue.Match(have)
	switch {
	case err != nil:
		return err
	case ok:
		return reason.New(reason.QueryValueMismatch, "a claim has another value than those asked for")
	}
	return reason.New(reason.QueryUnsatisfied, "a claim that was asked for is not shown")
}
