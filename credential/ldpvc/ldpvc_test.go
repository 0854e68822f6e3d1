// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"testing"
	"time"
)

func newFormat(t testing.TB, suite string) *Format {
	t.Helper()
	f, err := New(Config{Suite: suite, Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 500, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	return f
}
