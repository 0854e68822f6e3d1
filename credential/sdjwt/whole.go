// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/warm"
	"github.com/behalf-id/behalf/key"
)

// whole is what an SD-JWT without holder proof says, all disclosures applied. It is remembered
// under the SHA-256 of its exact bytes, so that a link above, which every presentation of a chain
// shows again, is read once. Once it is remembered it is shared and never changed.
type whole struct {
	c      credential.Credential
	digest string
	source proof.Source // of the issuer's key
	key    key.Public
	holder key.Public
}

// What one SD-JWT discloses can be chosen in many ways, each with other bytes. Therefore wholes
// have a room of their own, one part in wholesPart of the cache: whoever sends all the choices of
// one credential drives out wholes, which are read again, and no issuer's signature.
const wholesPart = 4

// caches divides most bytes, or the default for 0, among issuers' signatures and wholes.
func caches(most int) (*warm.Cache[*issued], *warm.Cache[*whole]) {
	if most == 0 {
		most = warm.DefaultBytes
	}
	part := most / wholesPart
	return warm.New[*issued](most - part), warm.New[*whole](max(part, 1)) // 0 would be the default
}

// recall returns what the whole with this hash says, if the issuer's document lists the key now
// that verified it. It is nil where there is none, and where the key is another one.
func (f *Format) recall(ctx context.Context, hash warm.Key, keys credential.Keys) (*whole, error) {
	w, ok := f.wholes.Get(hash)
	if !ok {
		return nil, nil
	}
	k, err := w.source.Key(ctx, keys)
	if err != nil || !k.Equal(w.key) {
		return nil, err
	}
	return w, nil
}

// opened returns a copy, of which no one else has the top. The lists below are shared, and must
// not be changed (credential.Verified); none of them has room to grow into.
func (w *whole) opened() credential.Opened {
	c := w.c
	return credential.Opened{Credential: &c, Digest: w.digest, Holder: w.holder}
}

// keep remembers o, which m turned out to say after every check.
func (f *Format) keep(hash warm.Key, m *message, o credential.Opened) {
	w := &whole{c: *o.Credential, digest: o.Digest, source: m.source, key: m.key, holder: o.Holder}
	f.wholes.Put(hash, w, w.cost(len(m.presented)))
}

// Bytes that parts of a whole take at most.
const (
	costOfWhole       = 1024 // and of what stands in it once
	costOfPermission  = 256
	costOfProhibition = 64
	costOfEvidence    = 64
	costOfStatus      = 64
	costOfText        = 32 // in a list, which may have grown by doubling
)

// cost returns about how many bytes w takes, of which size were received. All texts are parts of
// what was decoded, three quarters of that, which is there twice: as text and for the
// constraints. What is shared with the issuer's signature is counted here again, because it
// stays when that is forgotten.
func (w *whole) cost(size int) int {
	texts := len(w.c.Jurisdiction) + len(w.c.Purposes) + len(w.c.Controllers) + len(w.c.Redelegation.Kinds)
	for i := range w.c.Prohibitions {
		texts += len(w.c.Prohibitions[i].Actions)
	}
	for i := range w.c.Permissions {
		p := &w.c.Permissions[i]
		texts += len(p.Actions) + len(p.Constraint.Exclude) + len(p.Constraint.Include) + len(p.Constraint.Requires)
	}
	return costOfWhole + 2*(size*3/4) + texts*costOfText +
		len(w.c.Permissions)*costOfPermission + len(w.c.Prohibitions)*costOfProhibition +
		len(w.c.Evidence)*costOfEvidence + len(w.c.Status)*costOfStatus
}
