// SPDX-License-Identifier: Apache-2.0

package delegation

// The two scales (§2.4). A rank orders one scale; unknown values have a rank that can only deny.
const (
	low         = "low"
	substantial = "substantial"
	high        = "high"

	routine   = "routine"
	sensitive = "sensitive"

	noRank  = -1 // below every rank: nothing stays under such a ceiling
	topRank = 2
	outRank = 3 // above every rank: nothing reaches such a floor
)

// assuranceRank returns the place of a level of assurance, noRank if it is unknown.
func assuranceRank(level string) int {
	switch level {
	case low:
		return 0
	case substantial:
		return 1
	case high:
		return topRank
	}
	return noRank
}

// assuranceName is the inverse of assuranceRank; what lies above the scale is called high.
func assuranceName(rank int) string {
	switch {
	case rank <= 0:
		return low
	case rank == 1:
		return substantial
	}
	return high
}

// floorRank is the rank of a level that must be reached; "" is none.
func floorRank(level string) int {
	if level == "" {
		return 0
	}
	if r := assuranceRank(level); r != noRank {
		return r
	}
	return outRank
}

// riskRank returns the place of a risk, noRank if it is unknown.
func riskRank(risk string) int {
	switch risk {
	case routine:
		return 0
	case sensitive:
		return 1
	case high:
		return topRank
	}
	return noRank
}

// riskName is the inverse of riskRank.
func riskName(rank int) string {
	switch rank {
	case 0:
		return routine
	case 1:
		return sensitive
	}
	return high
}

// ceilingRank is the rank of a risk that must not be passed, or of absent if risk is "".
func ceilingRank(risk, absent string) int {
	if risk == "" {
		risk = absent
	}
	return riskRank(risk)
}

// classRank is the rank of a class that a controller gave to a path; an unknown one is high.
func classRank(class string) int {
	if r := riskRank(class); r != noRank {
		return r
	}
	return topRank
}
