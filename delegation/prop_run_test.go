// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// How the properties run. Each has a check that draws one case and ends it where the property does
// not hold. TestProperties does that twice: on as many seeds as BEHALF_CASES says (10,000 by
// default, the same ones in every run, so that a red build stays red), and under rapid, which draws
// anew each time and shrinks what it finds. The seeds go first because rapid needs thirty times as
// long for a case. A seed that breaks a property is minimised here, choice by choice, and the
// choices that are left can be replayed:
//
//	BEHALF_SEED=17 BEHALF_CASES=1 go test ./delegation -run TestProperties/P7
//	BEHALF_CHOICES=0102 go test ./delegation -run TestProperties/P7
//
// FuzzProperties feeds choices found by the fuzzer to the properties.

// decider is Decide, or one that is broken on purpose.
type decider func(*fixture) Decision

func actual(f *fixture) Decision { return f.decide() }

// property is one of §16.
type property struct {
	name  string
	check func(t dice, decide decider)
}

func TestProperties(t *testing.T) {
	for i, p := range properties(t) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if choices := os.Getenv("BEHALF_CHOICES"); choices != "" {
				replayChoices(t, p, choices)
				return
			}
			n := cases(t)
			if f := search(p, actual, uint64(i), firstSeed(t), n); f != nil {
				t.Fatal(f.report(p))
			}
			rapid.Check(t, func(rt *rapid.T) { p.check(rt, actual) })
		})
	}
}

// FuzzProperties checks one property on the choices that the fuzzer makes up. The fuzzer chooses which,
// and not all at once, as P13 takes as long as fifty of the others.
func FuzzProperties(f *testing.F) {
	all := properties(f)
	r := &roll{}
	for which, p := range all {
		r.seeded(uint64(which), uint64(which))
		if says := attempt(r, p.check, actual); says != "" {
			f.Fatalf("%s: %s", p.name, says)
		}
		f.Add(byte(which), slices.Clone(r.made))
	}
	f.Fuzz(func(t *testing.T, which byte, choices []byte) {
		p := all[int(which)%len(all)]
		r := &roll{}
		r.replay(choices)
		if says := attempt(r, p.check, actual); says != "" {
			t.Errorf("%s: %s", p.name, says)
		}
	})
}

func cases(t testing.TB) int {
	if s := os.Getenv("BEHALF_CASES"); s != "" {
		return int(number(t, s))
	}
	return defaultCases
}

func firstSeed(t testing.TB) uint64 {
	if s := os.Getenv("BEHALF_SEED"); s != "" {
		return number(t, s)
	}
	return 0
}

func number(t testing.TB, s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 48)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// finding is a case that breaks a property.
type finding struct {
	seed    uint64
	choices []byte
	says    string
	tried   int
}

// search checks p on n seeds and returns the first that breaks it, nil if none does.
func search(p property, decide decider, stream, first uint64, n int) *finding {
	const step = 100_000 // of progress, in a long run
	r := &roll{}
	for i := range n {
		if i > 0 && i%step == 0 {
			fmt.Fprintf(os.Stderr, "%s: %d of %d\n", p.name, i, n)
		}
		r.seeded(first+uint64(i), stream)
		if says := attempt(r, p.check, decide); says != "" {
			return &finding{first + uint64(i), slices.Clone(r.made), says, i + 1}
		}
	}
	return nil
}

// attempt checks one case and returns what the property says against it, "" if nothing.
func attempt(r *roll, check func(dice, decider), decide decider) (says string) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case broken:
			says = string(p)
		default:
			panic(p)
		}
	}()
	check(r, decide)
	return ""
}

// report minimises the finding and says how to see it again.
func (f *finding) report(p property) string {
	choices, says := minimise(p, f.choices, f.says)
	r := &roll{}
	r.replay(choices)
	var b strings.Builder
	fmt.Fprintf(&b, "%s, seed %d: %s\nminimised: %s\nBEHALF_CHOICES=%x\n", p.name, f.seed, f.says, says, choices)
	describe(&b, drawCase(r))
	return b.String()
}

// minimise makes choices fewer and smaller as long as p stays broken.
func minimise(p property, choices []byte, says string) ([]byte, string) {
	r := &roll{}
	budget := 4000
	broken := func(c []byte) bool {
		budget--
		r.replay(c)
		s := attempt(r, p.check, actual)
		if s != "" {
			says = s
		}
		return s != ""
	}
	for better := true; better && budget > 0; {
		better = false
		for block := 16; block > 0; block /= 2 {
			for i := len(choices) - block; i >= 0 && budget > 0; i-- {
				if cut := slices.Delete(slices.Clone(choices), i, i+block); broken(cut) {
					choices, better = cut, true
					i = min(i, len(choices)-block+1)
				}
			}
		}
		for i := 0; i < len(choices) && budget > 0; i++ {
			for _, v := range []byte{0, choices[i] / 2, choices[i] - min(1, choices[i])} {
				less := slices.Clone(choices)
				if less[i] = v; v < choices[i] && broken(less) {
					choices, better = less, true
				}
			}
		}
	}
	return choices, says
}

func replayChoices(t *testing.T, p property, choices string) {
	raw, err := hex.DecodeString(choices)
	if err != nil {
		t.Fatal(err)
	}
	r := &roll{}
	r.replay(raw)
	if says := attempt(r, p.check, actual); says != "" {
		t.Fatal((&finding{choices: raw, says: says}).report(p))
	}
}

// describe writes the case as it is before the property changes it.
func describe(b *strings.Builder, c drawnCase) {
	d := c.decide()
	fmt.Fprintf(b, "%v %v %q by %q of %q\n", d.Outcome, d.Reasons, d.Obligations, d.Permission, d.Link)
	if c.relaxed != nil {
		fmt.Fprintf(b, "relaxed: %s\n", c.relaxed.name)
	}
	for _, l := range c.p.Chain {
		fmt.Fprintf(b, "%s %+v\n  %+v\n", l.Name, c.w.Status[l.Name], *l.Credential)
	}
	for _, s := range c.p.Supporting {
		fmt.Fprintf(b, "%s %+v for %s %s\n", s.Name, c.w.Status[s.Name], s.Credential.Delegate.ID, s.Credential.Workgroup)
	}
	fmt.Fprintf(b, "presenter %s, disclosed %v, restrictions %v\n", c.p.Presenter, c.p.Disclosed, c.w.Restrictions)
	fmt.Fprintf(b, "request %+v\nrelationships %+v\npolicy %+v\n", c.r, c.w.Framework.Relationships, c.w.Framework.Controllers["gp"])
	for _, a := range c.w.Framework.Accreditations {
		fmt.Fprintf(b, "accredited %+v\n", a)
	}
}

// TestMinimise shows that a finding becomes small, and that its choices find it again.
func TestMinimise(t *testing.T) {
	p := property{name: "no three links", check: func(t dice, _ decider) {
		if len(drawCase(t).p.Chain) > 2 {
			t.Fatalf("three links")
		}
	}}
	f := search(p, actual, 0, 0, 1000)
	if f == nil {
		t.Fatal("not found")
	}
	choices, _ := minimise(p, f.choices, f.says)
	if n := len(slices.DeleteFunc(slices.Clone(choices), func(c byte) bool { return c == 0 })); n > 3 {
		t.Errorf("%d choices are left: %x", n, choices)
	}
	if says := f.report(p); !strings.Contains(says, "BEHALF_CHOICES") || !strings.Contains(says, "link2") {
		t.Error(says)
	}
}
