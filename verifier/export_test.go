// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"crypto/rand"
	"time"

	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/trustframework"
)

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

// SameText opens the comparison of secrets to tests.
func SameText(a, b string) bool { return sameText(a, b) }

// Lock opens locks to tests.
type Lock struct{ lock }

// LockWith returns a lock that code opens.
func LockWith(code string) *Lock { return &Lock{lockWith(code)} }

// Is reports whether code is the lock's.
func (l *Lock) Is(code string) bool { return l.is(code) }

// Beyond opens the check of entitlements to tests.
func Beyond(v trustframework.Verifier, a Access, q *dcql.Query) []string { return beyond(v, a, q) }

// Try tries code.
func (l *Lock) Try(code string) bool { return l.try(code) }

// Digits returns a confirmation code.
func Digits() (string, error) { return digits(rand.Reader) }
