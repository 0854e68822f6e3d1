// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// Whatever the rules and whoever approved of what, a log is accepted if and only if each entry has its
// number of distinct witnesses, among those of the rule that was in force before it, who approved of
// it or of a later one.
func TestWitnessProperty(t *testing.T) {
	people := strangers(t, 4)
	rapid.Check(t, func(r *rapid.T) {
		f := newForger(t)
		n := rapid.IntRange(1, 4).Draw(r, "entries")
		rules := make([]drawn, n) // in force for each entry
		var ids []string
		inForce := drawn{}
		for i := range n {
			more := ""
			if rapid.Bool().Draw(r, "changes") {
				stated := draw(r, len(people))
				more = `"witness":` + stated.text(f, people)
				rules[i] = inForce
				if inForce.threshold == 0 {
					rules[i] = stated
				}
				inForce = stated
			} else {
				rules[i] = inForce
			}
			if i == 0 {
				f.add(f.first(strings.TrimSuffix(","+more, ",")), f.state("h.test", ""))
			} else {
				f.add("{"+more+"}", f.state("h.test", ""))
			}
			ids = append(ids, f.last)
		}
		var file []byte
		reach := make([]int, len(people))
		for range rapid.IntRange(0, 8).Draw(r, "proofs") {
			who, what := rapid.IntRange(0, len(people)-1).Draw(r, "who"), rapid.IntRange(0, n-1).Draw(r, "what")
			var err error
			if file, err = Approve(t.Context(), file, ids[what], start(), people[who]); err != nil {
				r.Fatal(err)
			}
			reach[who] = max(reach[who], what+1)
		}
		want := reason.Code("")
		for i, rule := range rules {
			have := 0
			for _, w := range rule.witnesses {
				if reach[w] > i {
					have++
				}
			}
			if have < rule.threshold {
				want = reason.WebVHWitness
			}
		}
		if err := f.resolve(file); reason.Of(err) != want {
			r.Fatalf("%v, want %q", err, want)
		}
	})
}

// drawn is a rule of a test, its witnesses by number.
type drawn struct {
	threshold int
	witnesses []int
}

func draw(r *rapid.T, people int) drawn {
	d := drawn{}
	for i := range people {
		if rapid.Bool().Draw(r, "named") {
			d.witnesses = append(d.witnesses, i)
		}
	}
	if len(d.witnesses) > 0 {
		d.threshold = rapid.IntRange(1, len(d.witnesses)).Draw(r, "threshold")
	}
	return d
}

func (d drawn) text(f *forger, people []*key.Private) string {
	if d.threshold == 0 {
		return "{}"
	}
	var list []string
	for _, i := range d.witnesses {
		list = append(list, `{"id":"did:key:`+f.multikey(people[i])+`"}`)
	}
	return `{"threshold":` + strconv.Itoa(d.threshold) + `,"witnesses":[` + strings.Join(list, ",") + `]}`
}

// Any one byte that is changed, put in or taken out breaks a log, but for white space around lines.
func TestTamperProperty(t *testing.T) {
	f := good(t)
	f.log = bytes.TrimSpace(f.log)
	f.want("the log", nil, "")
	log := f.log
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.IntRange(0, len(log)-1).Draw(r, "at")
		b := rapid.ByteRange('!', '~').Draw(r, "byte")
		switch rapid.IntRange(0, 2).Draw(r, "how") {
		case 0:
			if log[at] == b {
				return
			}
			f.log = bytes.Clone(log)
			f.log[at] = b
		case 1:
			f.log = slices.Insert(bytes.Clone(log), at, b)
		case 2:
			f.log = slices.Delete(bytes.Clone(log), at, at+1)
		}
		if err := f.resolve(nil); err == nil {
			r.Fatalf("accepted: %s", f.log)
		}
	})
}
