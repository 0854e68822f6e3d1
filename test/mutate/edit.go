// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
	"strings"
)

// edit puts wrap's text in the place of the source from from to to. Edits nest: wrap is given the
// place with the edits inside it applied.
type edit struct {
	from, to int
	wrap     func(inner string) string
}

// apply returns src edited. Of edits of one place the earlier is the outer one.
func apply(src []byte, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to))
	})
	return render(src, 0, len(src), edits)
}

func render(src []byte, from, to int, edits []edit) string {
	var b strings.Builder
	for len(edits) > 0 {
		e := edits[0]
		n := 1
		for n < len(edits) && edits[n].from < e.to {
			n++
		}
		b.Write(src[from:e.from])
		b.WriteString(e.wrap(render(src, e.from, e.to, edits[1:n])))
		from, edits = e.to, edits[n:]
	}
	b.Write(src[from:to])
	return b.String()
}

// schema is the file that the rewritten package is given beside its own. It reads which mutant is
// on, and, if asked, writes down which places the tests run.
const schema = `package %s
import (
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"
)

var (
	mutateActive, mutateTrace = mutateStart()
	mutateSeen                [%d]atomic.Bool
)

func mutateStart() (int, *os.File) {
	debug.SetMaxStack(64 << 20)
	id, _ := strconv.Atoi(os.Getenv("MUTATE"))
	if name := os.Getenv("MUTATE_TRACE"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		return id, f
	}
	return id, nil
}

func mutateOn(id int) bool {
	if mutateTrace != nil && !mutateSeen[id].Swap(true) {
		mutateTrace.WriteString(strconv.Itoa(id) + "\n")
	}
	return id == mutateActive
}

func mutatePick[T any](id int, plain, mutated T) T {
	if mutateOn(id) {
		return mutated
	}
	return plain
}

func mutateAdd[T ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64](id int, plain T, d int) T {
	if mutateOn(id) {
		return plain + T(d)
	}
	return plain
}
`
