// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// MaxRefs is the number of status entries that one credential may have.
const MaxRefs = 8

// Of returns the state of a credential that issuer issued and that carries refs: each of them is
// asked for, the worst answer wins, and the time is that of the oldest list among them.
//
// Errors: status.required_missing if there are no refs, status.unavailable if there are more than
// MaxRefs or src gives no answer, and whatever src refuses with. With an error the state is Unknown.
func Of(ctx context.Context, src Source, issuer string, refs []credential.StatusRef) (State, time.Time, error) {
	switch {
	case len(refs) == 0:
		return Unknown, time.Time{}, reason.New(reason.StatusRequiredMissing, "the credential has no status entry")
	case len(refs) > MaxRefs:
		return Unknown, time.Time{}, reason.New(reason.StatusUnavailable, "the credential has too many status entries")
	}
	worst, oldest := Unknown, time.Time{}
	for i, ref := range refs {
		state, asOf, err := src.State(ctx, issuer, ref)
		if err != nil {
			return Unknown, time.Time{}, err
		}
		if state < Valid || state > Revoked || asOf.IsZero() {
			return Unknown, time.Time{}, reason.New(reason.StatusUnavailable, "a source gave no state")
		}
		worst = max(worst, state)
		if i == 0 || asOf.Before(oldest) {
			oldest = asOf
		}
	}
	return worst, oldest, nil
}
