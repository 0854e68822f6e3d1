// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"fmt"
	"maps"
	"slices"
)

// Advise returns what is valid in f and yet weaker than it looks, a sentence each, sorted by
// controller: a byRisk that demands less of a higher risk than of a lower one. Who passes a
// permission on may write a higher risk into the child and so escape the demand. Nil is nothing
// to say; a nil framework has nothing.
func Advise(f *Framework) []string {
	if f == nil {
		return nil
	}
	var all []string
	for _, controller := range slices.Sorted(maps.Keys(f.Controllers)) {
		for _, weak := range falls(f.Controllers[controller].ByRisk) {
			all = append(all, fmt.Sprintf("controllers[%q].byRisk: %s", controller, weak))
		}
	}
	return all
}

// falls compares each class with the next higher one that is there.
func falls(byRisk map[string]RiskPolicy) (all []string) {
	below := ""
	for _, class := range []string{"routine", "sensitive", "high"} {
		if _, there := byRisk[class]; !there {
			continue
		}
		if below != "" {
			for _, weak := range weaker(below, byRisk[below], byRisk[class]) {
				all = append(all, class+" "+weak)
			}
		}
		below = class
	}
	return all
}

// weaker says where high demands less than low, which is the policy of the class called below.
func weaker(below string, low, high RiskPolicy) (all []string) {
	for _, q := range low.Requires {
		if !slices.Contains(high.Requires, q) {
			all = append(all, "does not require "+q+" as "+below+" does")
		}
	}
	levels := []string{"", "low", "substantial", "high"}
	if slices.Index(levels, high.MinAssurance) < slices.Index(levels, low.MinAssurance) && low.MinAssurance != "low" {
		all = append(all, "asks for a lower minAssurance than "+below)
	}
	if high.StatusMaxAge > low.StatusMaxAge {
		all = append(all, "accepts an older status than "+below)
	}
	return all
}
