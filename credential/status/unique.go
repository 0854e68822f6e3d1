// SPDX-License-Identifier: Apache-2.0

package status

import (
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// MinShared is the number of credentials of one issuer from which on Unique judges.
const MinShared = 2

// Unique returns privacy.unique_list if the status lists of one issuer look as if each were made for one
// holder, so that whoever fetches a list says whose credential was shown. Held has the status entries
// of every credential of that issuer that is held, each credential once; copies of one credential that
// were issued together are credentials of their own. It looks so if there are at least MinShared
// credentials and no list is that of two of them. It is a warning: where credentials were issued years
// apart, lists that came to their end look the same.
func Unique(held [][]credential.StatusRef) error {
	seen := make(map[string]bool)
	with := 0
	for _, refs := range held {
		var own []string
		for _, ref := range refs {
			if !slices.Contains(own, ref.List) {
				own = append(own, ref.List)
			}
		}
		if len(own) > 0 {
			with++
		}
		for _, list := range own {
			if seen[list] {
				return nil
			}
			seen[list] = true
		}
	}
	if with < MinShared {
		return nil
	}
	return reason.New(reason.PrivacyUniqueList, "each credential of this issuer has a status list of its own")
}
