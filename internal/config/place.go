// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// place is where a value comes from: a file, or one environment variable.
type place struct{ file, variable string }

// of names the place of a node as a reader would look for it: "issuer.yaml:7", or the variable.
func (p place) of(n ast.Node) string {
	if n == nil {
		return p.line(nil)
	}
	return p.line(n.GetToken())
}

func (p place) line(t *token.Token) string {
	switch {
	case p.variable != "":
		return p.variable
	case t == nil || t.Position == nil:
		return p.file
	default:
		return p.file + ":" + strconv.Itoa(t.Position.Line)
	}
}

// closest returns the known name that name was probably meant to be, or "".
func closest(name string, known []string) string {
	best, least := "", min(2, len(name)/2)+1
	for _, k := range known {
		if d := distance(name, k, least); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, remove, replace or swap with their neighbour to make b out of a
// (optimal string alignment); names whose lengths differ by limit or more are limit apart.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			next[j+1] = min(row[j+1], next[j]) + 1
			if a[i] == b[j] {
				next[j+1] = min(next[j+1], row[j])
			} else {
				next[j+1] = min(next[j+1], row[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
