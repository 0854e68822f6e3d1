// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"fmt"
	"os"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// MaxRestrictionsFile is the number of bytes that a file of restrictions may have.
const MaxRestrictionsFile = 16 << 20

// FileRestrictions reads the restrictions in force from a JSON file, an array of
// {principal, delegate, resource, kind}, anew at each decision. A file that is absent or cannot
// be read is an error, so that nothing is permitted.
type FileRestrictions string

// InForce implements Restrictions.
func (path FileRestrictions) InForce(_ context.Context, principal string) ([]delegation.Restriction, error) {
	info, err := os.Stat(string(path))
	if err != nil {
		return nil, err
	}
	if info.Size() > MaxRestrictionsFile {
		return nil, fmt.Errorf("restrictions file is larger than %d bytes", MaxRestrictionsFile)
	}
	raw, err := os.ReadFile(string(path))
	if err != nil {
		return nil, err
	}
	var all []delegation.Restriction
	if err := strictjson.UnmarshalClosed(raw, &all); err != nil {
		return nil, err
	}
	var mine []delegation.Restriction
	for _, r := range all {
		if err := check(r); err != nil {
			return nil, err
		}
		if r.Principal == principal {
			mine = append(mine, r)
		}
	}
	return mine, nil
}

// check refuses a restriction that would hit nothing though somebody meant it to (delegation.md §2.2).
func check(r delegation.Restriction) error {
	if r.Principal == "" || r.Resource == "*" {
		return fmt.Errorf("a restriction without principal, or with the resource *")
	}
	return nil
}
