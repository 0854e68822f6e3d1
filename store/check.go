// SPDX-License-Identifier: Apache-2.0

package store

import "fmt"

// CheckKey returns an error unless key has between 1 and MaxKey bytes. A driver calls it
// before it looks a key up, so that all drivers refuse the same keys.
func CheckKey(key string) error {
	if len(key) == 0 || len(key) > MaxKey {
		return fmt.Errorf("store: a key has 1 to %d bytes, this one has %d", MaxKey, len(key))
	}
	return nil
}

// CheckChanges returns an error if a bound of the contract is passed or a key is named twice.
// A driver calls it before it begins a Commit.
func CheckChanges(changes []Change) error {
	if len(changes) > MaxChanges {
		return fmt.Errorf("store: a commit has at most %d changes, this one has %d", MaxChanges, len(changes))
	}
	seen := make(map[string]struct{}, len(changes))
	for i := range changes {
		if err := checkChange(&changes[i], seen); err != nil {
			return err
		}
	}
	return nil
}

func checkChange(c *Change, seen map[string]struct{}) error {
	if err := CheckKey(c.Key); err != nil {
		return err
	}
	if !c.Delete && len(c.Value) > MaxValue {
		return fmt.Errorf("store: a value has at most %d bytes, this one has %d", MaxValue, len(c.Value))
	}
	if _, twice := seen[c.Key]; twice {
		return fmt.Errorf("store: key %q is named twice in one commit", c.Key)
	}
	seen[c.Key] = struct{}{}
	return nil
}
