// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"fmt"
	"math/bits"
	"math/rand/v2"

	"pgregory.net/rapid"
)

// dice is what a case is drawn with: a *rapid.T, where rapid chooses and shrinks, or a *roll, which
// is some thirty times as fast and carries the mass run and the fuzz target.
type dice interface {
	Helper()
	Fatalf(format string, args ...any)
}

// maxChoice bounds one choice, so that a case is a string of octets.
const maxChoice = 256

// roll draws from a seed or, if it has them, from the choices given. It notes what it chose.
type roll struct {
	pcg   rand.PCG
	given []byte // instead of the seed; what they do not reach is zero
	fixed bool   // given counts
	made  []byte
}

// seeded starts the case of a seed; each property has a stream of cases of its own.
func (r *roll) seeded(seed, stream uint64) {
	r.pcg.Seed(seed, stream)
	r.given, r.fixed, r.made = nil, false, r.made[:0]
}

// replay starts the case that choices make.
func (r *roll) replay(choices []byte) {
	r.given, r.fixed, r.made = choices, true, r.made[:0]
}

func (r *roll) choose(n int) int {
	v := 0
	if !r.fixed {
		high, _ := bits.Mul64(r.pcg.Uint64(), uint64(n))
		v = int(high)
	} else if len(r.made) < len(r.given) {
		v = int(r.given[len(r.made)]) % n
	}
	r.made = append(r.made, byte(v))
	return v
}

// Helper makes a roll a dice.
func (r *roll) Helper() {}

// broken is what a property says that does not hold.
type broken string

// Fatalf ends the case.
func (r *roll) Fatalf(format string, args ...any) { panic(broken(fmt.Sprintf(format, args...))) }

// uniform draws from 0 to n-1, all alike, and shrinks to 0.
func uniform(t dice, n int) int {
	if n < 1 || n > maxChoice {
		panic("no such choice")
	}
	switch t := t.(type) {
	case *roll:
		return t.choose(n)
	case *rapid.T:
		return uniformly(t, n)
	}
	panic("no such dice")
}

// uniformly goes bit by bit, because the integers of rapid prefer small values, which would make
// rare what should be common.
func uniformly(t *rapid.T, n int) int {
	return rapid.Custom(func(t *rapid.T) int {
		v := 0
		for range bits.Len(uint(n-1)) + 3 {
			v <<= 1
			if rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v % n
	}).Draw(t, "choice")
}

// chance is true with the percentage, and shrinks to false.
func chance(t dice, percent int) bool { return uniform(t, 100) >= 100-percent }

func oneOf[T any](t dice, of []T) T { return of[uniform(t, len(of))] }

// some draws a subset in the order of of; each entry is in it with the percentage.
func some(t dice, of []string, percent int) []string {
	kept := make([]string, 0, len(of))
	for _, s := range of {
		if chance(t, percent) {
			kept = append(kept, s)
		}
	}
	return kept
}

func someOrNil(t dice, of []string, percent int) []string {
	if s := some(t, of, percent); len(s) > 0 {
		return s
	}
	return nil
}

// shuffle puts list in any order.
func shuffle[T any](t dice, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := uniform(t, i+1)
		list[i], list[j] = list[j], list[i]
	}
}
