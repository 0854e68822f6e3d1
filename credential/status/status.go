// SPDX-License-Identifier: Apache-2.0

// Package status says whether a credential still holds: Token Status List and Bitstring Status List.
package status

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential"
)

// State is what a status list says of a credential. The zero State is Unknown and never valid.
type State uint8

// The states.
const (
	Unknown State = iota
	Valid
	Suspended
	Revoked
)

// String returns the state as delegation.md §4.3 writes it: "valid", "suspended", "revoked",
// and "unavailable" for Unknown.
func (s State) String() string {
	switch s {
	case Valid:
		return "valid"
	case Suspended:
		return "suspended"
	case Revoked:
		return "revoked"
	}
	return "unavailable"
}

// Source tells the state of status entries. What is unreachable, stale or forged is an error,
// never Valid. AsOf is the time that the list states of its own issue, never that of the download.
type Source interface {
	// State returns the state that ref has in the list that issuer may speak through.
	State(ctx context.Context, issuer string, ref credential.StatusRef) (State, time.Time, error)
}
