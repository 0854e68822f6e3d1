// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"testing"
	"time"
)

func TestGrade(t *testing.T) {
	var now time.Time
	for points, want := range []string{"none", "few", "few", "many"} {
		if got := Grade(points, 9, now, now); got != want {
			t.Errorf("%d points are %s", points, got)
		}
	}
	if got := Grade(-1, 9, now, now); got != "void" {
		t.Errorf("less than nothing is %s", got)
	}
}
