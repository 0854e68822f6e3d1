// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"errors"
	"io/fs"
	"maps"

	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// standingFile holds what was last heard of the credentials, for lists without a network. It can be
// had again, so that no backup holds it.
const standingFile = "standing.age"

// Refresh asks for the standing of each of some entries, as Status does, and remembers what it was told
// for LastKnown. What cannot be found out is in the answer, and takes nothing away from what is remembered.
// An error is one of writing; the answer is whole beside it.
func (w *Wallet) Refresh(ctx context.Context, some []*Entry) ([]Standing, error) {
	known, err := w.LastKnown(ctx)
	if err != nil {
		known = map[string]Standing{} // a file that is damaged is replaced
	}
	out := make([]Standing, 0, len(some))
	for _, e := range some {
		s := w.Status(ctx, e)
		if out = append(out, s); s.State != status.Unknown.String() {
			known[e.ID] = s
		}
	}
	w.forget(known)
	return out, w.cfg.Vault.write(standingFile, known)
}

// forget drops what is remembered of credentials that are not held any more, which also bounds it.
func (w *Wallet) forget(known map[string]Standing) {
	names, err := w.cfg.Vault.names(heldMark)
	if err != nil {
		return
	}
	held := make(map[string]bool, len(names))
	for _, name := range names {
		id, _ := itemID(name)
		held[id] = true
	}
	maps.DeleteFunc(known, func(id string, _ Standing) bool { return !held[id] })
}

// LastKnown returns what Refresh was last told of each credential, by the id of its Entry. One that is
// not in it was never asked about. It needs no network, and is no more than a reminder: services ask anew.
// A file that is damaged is store.tampered.
func (w *Wallet) LastKnown(context.Context) (map[string]Standing, error) {
	plain, err := w.cfg.Vault.readPlain(standingFile)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Standing{}, nil
	}
	if err != nil {
		return nil, err
	}
	var known map[string]Standing
	if err := strictjson.UnmarshalClosed(plain, &known); err != nil || known == nil {
		return nil, reason.Wrap(reason.StoreTampered, standingFile+" is of another version", err)
	}
	return known, nil
}
