// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxKnown bounds the file of equivalent mutants, in bytes.
const maxKnown = 1 << 20

// readKnown reads the mutants of p that are known to change nothing: their key on a line, the
// reason why indented below it. A line that begins with # is a comment. Only entries for files
// that were rewritten are returned.
func readKnown(name string, p *pkg) (map[string]string, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err := parseKnown(text)
	for key := range known {
		file, _, _ := strings.Cut(key, " ")
		if _, ok := p.sources[file]; !ok {
			delete(known, key)
		}
	}
	return known, err
}

func parseKnown(text []byte) (map[string]string, error) {
	if len(text) > maxKnown {
		return nil, errors.New("the file of equivalent mutants is too long")
	}
	known := map[string]string{}
	key := ""
	for line := range strings.Lines(string(text)) {
		why := strings.TrimSpace(line)
		switch {
		case why == "" || line[0] == '#':
		case line[0] != ' ' && line[0] != '\t':
			if _, twice := known[why]; twice {
				return nil, fmt.Errorf("%s is listed twice", why)
			}
			key, known[why] = why, ""
		case key == "":
			return nil, fmt.Errorf("a reason without a mutant: %s", why)
		default:
			known[key] = strings.TrimSpace(known[key] + " " + why)
		}
	}
	for key, why := range known {
		if why == "" {
			return nil, fmt.Errorf("%s is listed without a reason", key)
		}
	}
	return known, nil
}

// tally counts the mutants of one file.
type tally struct {
	File       string `json:"file"`
	Mutants    int    `json:"mutants"`
	Killed     int    `json:"killed"`
	Equivalent int    `json:"equivalent"`
	Survived   int    `json:"survived"`
}

// report is what a run found.
type report struct {
	Package    string    `json:"package"`
	Total      tally     `json:"total"`
	Percent    float64   `json:"percent"` // killed, of all
	Files      []tally   `json:"files"`
	Survivors  []*mutant `json:"survivors"`
	Equivalent []*mutant `json:"equivalent"`
	Rotten     []string  `json:"rotten"` // entries of the file of equivalents that are no more true
	known      map[string]string
}

func newReport(target string, mutants []*mutant, known map[string]string) *report {
	r := &report{Package: target, known: known, Total: tally{File: "all"}}
	seen := map[string]bool{}
	for _, m := range mutants {
		n := len(r.Files)
		if n == 0 || r.Files[n-1].File != m.File {
			r.Files = append(r.Files, tally{File: m.File})
			n++
		}
		_, listed := known[m.key()]
		seen[m.key()] = true
		for _, t := range []*tally{&r.Files[n-1], &r.Total} {
			t.add(m.Killed, listed)
		}
		switch {
		case m.Killed && listed:
			r.Rotten = append(r.Rotten, "a test kills "+m.key())
		case listed:
			r.Equivalent = append(r.Equivalent, m)
		case !m.Killed:
			r.Survivors = append(r.Survivors, m)
		}
	}
	for key := range known {
		if !seen[key] {
			r.Rotten = append(r.Rotten, "no such mutant: "+key)
		}
	}
	slices.Sort(r.Rotten)
	r.Percent = 100 * float64(r.Total.Killed) / float64(max(1, r.Total.Mutants))
	return r
}

func (t *tally) add(killed, listed bool) {
	t.Mutants++
	switch {
	case killed:
		t.Killed++
	case listed:
		t.Equivalent++
	default:
		t.Survived++
	}
}

func (r *report) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.MarshalWrite(out, r, jsontext.WithIndent("  "))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "mutants\tkilled\tequivalent\tsurvived\t  file")
	for _, t := range append(r.Files, r.Total) {
		fmt.Fprintf(table, "%d\t%d\t%d\t%d\t  %s\n", t.Mutants, t.Killed, t.Equivalent, t.Survived, t.File)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %.1f %% killed\n", r.Package, r.Percent)
	for _, m := range r.Equivalent {
		fmt.Fprintf(out, "equivalent  %s\n            %s\n", m, r.known[m.key()])
	}
	for _, m := range r.Survivors {
		fmt.Fprintf(out, "survived  %s%s\n", m, map[bool]string{false: " (no test runs it)"}[m.Reached])
	}
	for _, text := range r.Rotten {
		fmt.Fprintln(out, "rotten  ", text)
	}
	return nil
}

// verdict is an error if fewer than percent of all mutants are killed, or if the file of
// equivalents says what is not so.
func (r *report) verdict(percent float64) error {
	if len(r.Rotten) > 0 {
		return fmt.Errorf("%d entries of the file of equivalent mutants are wrong", len(r.Rotten))
	}
	if r.Percent < percent {
		return errSurvived
	}
	return nil
}
