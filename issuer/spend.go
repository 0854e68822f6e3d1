// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"errors"

	"github.com/behalf-id/behalf/store"
)

// spend returns the change that marks s as used, and its refusal if it was. Of two that spend it at
// once, the Commit lets one win.
func (i *Issuer) spend(ctx context.Context, s single) (store.Change, error) {
	key := digestKey(prefixSpent, string(s.kind)+"\x00"+s.id)
	_, err := i.cfg.Store.Get(ctx, key)
	switch {
	case err == nil:
		return store.Change{}, s.refusal
	case !errors.Is(err, store.ErrNotFound):
		return store.Change{}, unavailable(err)
	}
	return put(key, 0, struct{}{}, s.until.Add(spentKept))
}

// spendAll adds to steps the end of everything that is good for one request.
func (i *Issuer) spendAll(ctx context.Context, all []single, steps *changes) error {
	for _, s := range all {
		change, err := i.spend(ctx, s)
		if err != nil {
			return err
		}
		steps.add(change, nil)
	}
	return nil
}

// spendNow spends s in a commit of its own, before anything is done for who brought it.
func (i *Issuer) spendNow(ctx context.Context, s single) error {
	var steps changes
	if err := i.spendAll(ctx, []single{s}, &steps); err != nil {
		return err
	}
	err := i.commit(ctx, steps)
	if _, conflict := store.IsConflict(err); conflict {
		return s.refusal // another request was first
	}
	return err
}
