// SPDX-License-Identifier: Apache-2.0

// Package conformance holds docs/conformance.md to what the tests with published vectors counted.
package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// EnvUpdate names the variable that, set to 1, makes Record write its row instead of comparing it.
const EnvUpdate = "BEHALF_UPDATE_CONFORMANCE"

// Departure is a number of cases in which Behalf differs from a vector on purpose.
type Departure struct {
	Cases int
	Why   string // in one sentence, with the clause that justifies it
}

// Row is what one test counted over one part of a standard.
type Row struct {
	Standard   string // with its version, such as "RDF Dataset Canonicalization 1.0"
	Part       string // the clause group, such as "§4.4 canonicalization, SHA-256"
	Source     string // folder of the vectors, such as "w3c-rdf-canon"
	Run        int    // cases that were run
	Passed     int    // accepted, with the result that the vector states
	Refused    int    // refused, as the vector states
	Departures []Departure
}

// Record fails t if no case ran, if the counts do not add up, or if docs/conformance.md does not
// have this very row.
func Record(t testing.TB, r Row) {
	t.Helper()
	if err := r.check(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(module(), "docs", "conformance.md")
	if os.Getenv(EnvUpdate) == "1" {
		if err := update(path, r); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(strings.Split(string(raw), "\n"), r.line()) {
		t.Errorf("docs/conformance.md does not have this row; `make conformance` writes it:\n%s", r.line())
	}
}

func (r Row) check() error {
	sum := r.Passed + r.Refused
	for _, d := range r.Departures {
		if d.Cases <= 0 || d.Why == "" {
			return fmt.Errorf("%s: a departure without cases or reason", r.key())
		}
		sum += d.Cases
	}
	if r.Run <= 0 || sum != r.Run {
		return fmt.Errorf("%s: %d cases run, %d accounted for", r.key(), r.Run, sum)
	}
	for _, s := range []string{r.Standard, r.Part, r.Source} {
		if s == "" || strings.ContainsAny(s, "|\n") {
			return fmt.Errorf("%s: a name is empty or breaks the table", r.key())
		}
	}
	return nil
}

func (r Row) key() string { return fmt.Sprintf("| %s | %s | %s |", r.Standard, r.Part, r.Source) }

func (r Row) line() string {
	why := make([]string, 0, len(r.Departures))
	for _, d := range r.Departures {
		why = append(why, fmt.Sprintf("%d: %s", d.Cases, strings.ReplaceAll(d.Why, "|", `\|`)))
	}
	return fmt.Sprintf("%s %d | %d | %d | %s |", r.key(), r.Run, r.Passed, r.Refused, strings.Join(why, "; "))
}

// update puts the row of r into the table of the file at path. No other test may write it at that
// time: `make conformance` runs one package after the other.
func update(path string, r Row) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := put(string(raw), r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// begin is the line under the table's head; the rows follow it, sorted, up to an empty line.
const begin = "| --- | --- | --- | ---: | ---: | ---: | --- |\n"

func put(text string, r Row) (string, error) {
	head, rest, found := strings.Cut(text, begin)
	if !found {
		return "", fmt.Errorf("the table of conformance has no head")
	}
	table, tail, _ := strings.Cut(rest, "\n\n")
	rows := []string{r.line()}
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && !strings.HasPrefix(line, r.key()) {
			rows = append(rows, line)
		}
	}
	slices.Sort(rows)
	return head + begin + strings.Join(rows, "\n") + "\n\n" + tail, nil
}

// module is the root of the module, found from where this file was compiled.
func module() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}
