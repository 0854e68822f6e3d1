// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"slices"
	"testing"

	"github.com/behalf-id/behalf/internal/jwe"
	"github.com/behalf-id/behalf/reason"
)

// TestEncryptedReplayVP01 posts an encrypted answer twice: the second is a replay, as it is in the clear, though the key of
// the session is gone.
func TestEncryptedReplayVP01(t *testing.T) {
	w := newWorld(t).encrypting(jwe.A256GCM)
	s := w.ask(booking())
	parts := w.sealed(s)
	w.expect(w.sendSealed(s, nil, slices.Clone(parts)), reason.OK)
	w.expect(w.sendSealed(s, nil, slices.Clone(parts)), reason.PresentationReplayed)
	plain := newWorld(t)
	q := plain.ask(booking())
	plain.expect(plain.sendSealed(q, nil, parts), reason.ResponseKeyUnknown)
}
