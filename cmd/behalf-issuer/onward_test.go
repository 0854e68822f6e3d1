// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/issuer"
)

// TestOnward shows the links that persons signed below a delegation, by the ids that revoke takes.
func TestOnward(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	d := issuer.Shown{Onward: []issuer.Hosted{{ID: "dg-1-a", State: issuer.Issued, Created: at}, {ID: "dg-1-b", State: issuer.Revoked, Created: at}}}
	want := []string{"Passed on: dg-1-a is issued, since 2026-11-22T10:00:00Z", "Passed on: dg-1-b is revoked, since 2026-11-22T10:00:00Z"}
	if got := onward(d); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := onward(issuer.Shown{}); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
