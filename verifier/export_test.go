// SPDX-License-Identifier: Apache-2.0

package verifier

import "time"

// Handles opens handles to tests.
type Handles struct{ *handles }

// NewHandles returns handles of a small size.
func NewHandles(limit int) Handles { return Handles{newHandles(limit)} }

// Put keeps an empty presentation.
func (h Handles) Put(id string, until, now time.Time) { h.put(id, held{until: until}, now) }

// Has reports whether a handle is good.
func (h Handles) Has(id string, now time.Time) bool { _, ok := h.get(id, now); return ok }

// Len returns how many are kept.
func (h Handles) Len() int { return len(h.byID) }
