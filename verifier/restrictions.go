// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
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
	raw, err := path.read()
	if err != nil {
		return nil, err
	}
	var all []delegation.Restriction
	if err := strictjson.UnmarshalClosed(raw, &all); err != nil {
		return nil, err
	}
	if all == nil {
		return nil, errors.New("restrictions file holds null: where there are none it holds []")
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

func (path FileRestrictions) read() ([]byte, error) {
	f, err := os.Open(string(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, MaxRestrictionsFile+1))
	if err == nil && len(raw) > MaxRestrictionsFile {
		err = fmt.Errorf("restrictions file is larger than %d bytes", MaxRestrictionsFile)
	}
	return raw, err
}

// check refuses a restriction that would hit nothing though somebody meant it to (delegation.md §2.2).
func check(r delegation.Restriction) error {
	if r.Principal == "" || strings.TrimSpace(r.Principal) != r.Principal || r.Resource != "" && !credential.IsResource(r.Resource) {
		return errors.New("a restriction without principal, with blanks around it, or with a resource that is no path")
	}
	if _, err := did.Parse(r.Delegate); err != nil && r.Delegate != "" && r.Delegate != "*" {
		return errors.New("a restriction's delegate is a DID, * or absent")
	}
	return nil
}
