// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// MaxRestrictionsFile is the number of bytes that a file of restrictions may have.
const MaxRestrictionsFile = 16 << 20

// FileRestrictions reads the restrictions in force from a JSON file, an array of
// {principal, delegate, resource, kind}, anew at each decision. An array holds at most 4096 of
// them; where there are more, the file is an array of such arrays. A file that is absent, cut off
// or cannot be read is an error, so that nothing is permitted.
type FileRestrictions string

// InForce implements Restrictions.
func (path FileRestrictions) InForce(_ context.Context, principal string) ([]delegation.Restriction, error) {
	raw, err := path.read()
	if err != nil {
		return nil, err
	}
	arrays, err := arraysOf(raw)
	if err != nil {
		return nil, err
	}
	var mine []delegation.Restriction
	for _, part := range arrays {
		all, err := readRestrictions(part)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if r.Principal == principal {
				mine = append(mine, r)
			}
		}
	}
	return mine, nil
}

// arraysOf returns the arrays of restrictions that raw, a whole file, consists of: itself, or its items
// if the first of them is an array.
func arraysOf(raw []byte) ([]strictjson.Value, error) {
	first := make([]strictjson.Value, 1)
	n, err := strictjson.CheckItems(raw, first)
	if err != nil || n == 0 || first[0].Kind() != '[' {
		return []strictjson.Value{raw}, err
	}
	all := make([]strictjson.Value, n)
	_, err = strictjson.CheckItems(raw, all)
	return all, err
}

// readRestrictions reads one array of restrictions, and refuses it whole if one of them is not good.
func readRestrictions(raw []byte) ([]delegation.Restriction, error) {
	var all []delegation.Restriction
	if err := strictjson.UnmarshalClosed(raw, &all); err != nil {
		return nil, err
	}
	for _, r := range all {
		if err := check(r); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// AllRestrictions is every restriction of all its sources. If one of them cannot be read, nothing can:
// what one holds does not stand in for what another might.
type AllRestrictions []Restrictions

// InForce implements Restrictions. Without any source, and with one that is nil, it is an error.
func (a AllRestrictions) InForce(ctx context.Context, principal string) ([]delegation.Restriction, error) {
	if len(a) == 0 || slices.Contains(a, nil) {
		return nil, errors.New("a source of restrictions is missing")
	}
	var all []delegation.Restriction
	for _, source := range a {
		some, err := source.InForce(ctx, principal)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
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
