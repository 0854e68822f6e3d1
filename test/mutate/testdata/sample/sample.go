// SPDX-License-Identifier: Apache-2.0

// Package sample is mutated by the test of the tool.
package sample

import "time"

// Grade has a case of every kind of mutant.
func Grade(points, most int, due, now time.Time) string {
	late := now.After(due)
	if most < 1 || points < 0 && !late {
		return "void"
	}
	switch points = min(points, most); points {
	case 0:
		return "none"
	case 1, 2:
		return "few"
	}
	for _, limit := range []int{3, 5} {
		if points == limit {
			continue
		}
		points++
	}
	return "many"
}
