// SPDX-License-Identifier: Apache-2.0

package web

import (
	"iter"
	"strconv"
	"strings"
)

// Bounds of what is read of a field that states preferences.
const (
	maxAccept = 1 << 10 // bytes; of a longer one nothing is read
	maxRanges = 32      // elements; further ones are passed over
)

// Preferences returns the elements of an Accept or Accept-Language field, without their parameters, each with
// its weight between 0 and 1 (RFC 9110 §12.4.2): 1 where none is said, 0 where it is malformed.
func Preferences(field string) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		if len(field) > maxAccept {
			return
		}
		more := true
		for n := 0; n < maxRanges && more; n++ {
			var element string
			element, field, more = strings.Cut(field, ",")
			name, parameters, _ := strings.Cut(element, ";")
			if !yield(strings.TrimSpace(name), weight(parameters)) {
				return
			}
		}
	}
}

func weight(parameters string) float64 {
	for one := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(one), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		if q, err := strconv.ParseFloat(value, 64); err == nil && q >= 0 && q <= 1 {
			return q
		}
		return 0
	}
	return 1
}
