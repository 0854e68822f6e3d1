// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"strings"

	"github.com/behalf-id/behalf/credential"
)

// The requirements that block (§2.4). A requirement that begins with one of these words and is
// none of the exact forms voids the permission that holds it.
const (
	humanApproval = "human-approval"
	confirm       = "confirm"
	stepUp        = "step-up"
)

// void reports whether c cannot be honoured exactly (§2.4). What the fields of c cannot hold,
// such as an unknown key, whoever read c has noted in c.Void.
func void(c *credential.Constraint) bool {
	return c.Void ||
		c.Include != nil && len(c.Include) == 0 ||
		datesMalformed(c.DateFrom, c.DateTo) ||
		c.MinAssurance != "" && assuranceRank(c.MinAssurance) == noRank ||
		c.MaxUses < 0 ||
		anyRequirementMalformed(c.Requires)
}

func datesMalformed(from, to string) bool {
	return from != "" && !credential.IsDate(from) ||
		to != "" && !credential.IsDate(to) ||
		from != "" && to != "" && from > to
}

func anyRequirementMalformed(requires []string) bool {
	for _, q := range requires {
		if blocking(q) && q != confirm && q != humanApproval && stepUpRank(q) == noRank {
			return true
		}
	}
	return false
}

// blocking reports whether q is no obligation: it is enforced before a permit, or malformed.
func blocking(q string) bool {
	return strings.HasPrefix(q, confirm) ||
		strings.HasPrefix(q, humanApproval) ||
		strings.HasPrefix(q, stepUp)
}

// stepUpRank returns the rank that a requirement "step-up:<level>" asks for; noRank for any other.
func stepUpRank(q string) int {
	level, ok := strings.CutPrefix(q, stepUp+":")
	if !ok {
		return noRank
	}
	return assuranceRank(level)
}
