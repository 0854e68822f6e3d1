// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// constraint maps the constraint of a permission (delegation.md §2.4), and is false if it is not
// an object. What cannot be mapped exactly voids it; what can be mapped is for the decision to judge.
func constraint(v strictjson.Value, out *credential.Constraint) bool {
	o, err := read(v)
	if err != nil || len(v) == 0 {
		return false
	}
	out.Raw = v
	for key, value := range o {
		if !constrain(out, key, value) {
			out.Void = true
		}
	}
	return true
}

// constrain sets one key, and is false for one that is unknown or whose value is no such value.
// Null counts as absent, but not for an unknown key.
func constrain(out *credential.Constraint, key string, v strictjson.Value) bool {
	switch key {
	case "dateFrom":
		return setText(&out.DateFrom, v)
	case "dateTo":
		return setText(&out.DateTo, v)
	case "minAssurance":
		return setText(&out.MinAssurance, v)
	case "excludeCategories":
		return setTexts(&out.Exclude, v)
	case "includeCategories":
		return setTexts(&out.Include, v)
	case "requires":
		return setTexts(&out.Requires, v)
	case "maxUses":
		return setUses(&out.MaxUses, v)
	}
	return false
}

func setText(out *string, v strictjson.Value) bool {
	*out = text(v)
	return isNull(v) || *out != ""
}

func setTexts(out *[]string, v strictjson.Value) bool {
	*out = texts(v)
	return isNull(v) || *out != nil
}

func setUses(out *int, v strictjson.Value) bool {
	if isNull(v) {
		return true
	}
	n := integer(v)
	if n < 1 {
		return false
	}
	*out = n
	return true
}
