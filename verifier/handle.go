// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"sync"
	"time"

	"github.com/behalf-id/behalf/delegation"
)

// held is a presentation that was verified, kept for a short while so that its service may ask
// about further accesses. No verdict is kept: status, restrictions, time and framework are read
// anew for each question.
type held struct {
	presentation delegation.Presentation
	access       Access // what it was presented for
	evidence     string // digest of what was shown, for the audit log
	until        time.Time
	flow         Flow // that it came by
}

// handles holds what was verified, by handle. It forgets the oldest first.
type handles struct {
	mu    sync.Mutex
	byID  map[string]held
	order []string
	limit int
}

func newHandles(limit int) *handles {
	return &handles{byID: map[string]held{}, limit: limit}
}

// put keeps v, and forgets what is over at now, and the oldest if there is no room.
func (h *handles) put(id string, v held, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.order) > 0 && (len(h.order) >= h.limit || !now.Before(h.byID[h.order[0]].until)) {
		delete(h.byID, h.order[0])
		h.order = h.order[1:]
	}
	h.byID[id] = v
	h.order = append(h.order, id)
}

// get returns what handle id stands for at now, and whether it is still good.
func (h *handles) get(id string, now time.Time) (held, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.byID[id]
	if ok && !now.Before(v.until) {
		delete(h.byID, id) // for good: a clock that steps back brings nothing back
		return held{}, false
	}
	return v, ok
}
