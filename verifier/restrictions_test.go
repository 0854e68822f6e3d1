// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/verifier"
)

// TestFileRestrictions shows that a file that cannot be relied on is an error, never "none".
func TestFileRestrictions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "restrictions.json")
	r := verifier.FileRestrictions(path)
	if _, err := r.InForce(t.Context(), "a"); err == nil {
		t.Error("a file that is absent restricts nothing")
	}
	for _, bad := range []string{"", "null", "{}", `[{"principal":""}]`, `[{"principal":"a","kind":"x","resource":"*"}]`, `[{"principal":"a","resource":"a/"}]`, `[{"principal":" a","kind":"x"}]`, `[{"principal":"a","delegate":"bob"}]`,
		`[{"principal":"a","subject":"b"}]`, `[{"principal":"a"}`, `[{"principal":"a","principal":"b"}]`, "[" + strings.Repeat(" ", verifier.MaxRestrictionsFile) + "]"} {
		must(t, os.WriteFile(path, []byte(bad), 0o600))
		if got, err := r.InForce(t.Context(), "b"); err == nil {
			t.Errorf("%.60q gives %v", bad, got)
		}
	}
	must(t, os.WriteFile(path, []byte(`[{"principal":"a","kind":"x"},{"principal":"b","resource":"gp-record","delegate":"did:example:b","kind":"y"}]`), 0o600))
	got, err := r.InForce(t.Context(), "b")
	if diff := cmp.Diff([]delegation.Restriction{{Principal: "b", Resource: "gp-record", Delegate: "did:example:b", Kind: "y"}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	must(t, os.WriteFile(path, []byte("[]"), 0o600)) // read anew each time
	if got, err := r.InForce(t.Context(), "b"); err != nil || len(got) != 0 {
		t.Error(err, got)
	}
}

// TestFileRestrictionsMany reads a file of more than one array.
func TestFileRestrictionsMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "restrictions.json")
	one := strings.Repeat(`{"principal":"urn:uuid:0d1f8a52-5a3c-4c39-9a51-6f8f1d0c7a11","kind":"x"},`, 4095) + `{"principal":"b","kind":"y"}`
	for text, want := range map[string]int{"[]": 0, "[[]]": 0, "[[" + one + "]]": 1, "[[" + one + "],[" + one + "],[" + one + "]]": 3, "[ [" + one + `], [{"principal":"b","kind":"z"}]]`: 2} {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if got, err := verifier.FileRestrictions(path).InForce(t.Context(), "b"); err != nil || len(got) != want {
			t.Errorf("%.20s… %d, want %d: %v", text, len(got), want, err)
		}
	}
	for _, bad := range []string{"[[]", `[[],{"principal":"b","kind":"x"}]`, `[{"principal":"b","kind":"x"},[]]`, "[[],null]", "[null]", "[[[]]]", "[[null]]", "[[" + one + "," + one + "]]", "[[" + one + "],[" + one} {
		must(t, os.WriteFile(path, []byte(bad), 0o600))
		if got, err := verifier.FileRestrictions(path).InForce(t.Context(), "b"); err == nil {
			t.Errorf("%.40q gives %v", bad, got)
		}
	}
}

// fixedRestrictions is a source of its own.
type fixedRestrictions struct {
	list []delegation.Restriction
	err  error
}

func (f fixedRestrictions) InForce(context.Context, string) ([]delegation.Restriction, error) {
	return f.list, f.err
}

// TestAllRestrictions shows that every source counts, and that one that fails is not made up for by the others.
func TestAllRestrictions(t *testing.T) {
	a, b := delegation.Restriction{Principal: "p", Kind: "a"}, delegation.Restriction{Principal: "p", Kind: "b"}
	first, second, broken := fixedRestrictions{list: []delegation.Restriction{a}}, fixedRestrictions{list: []delegation.Restriction{b}}, fixedRestrictions{err: errors.New("x")}
	got, err := verifier.AllRestrictions{first, second, fixedRestrictions{}}.InForce(t.Context(), "p")
	if diff := cmp.Diff([]delegation.Restriction{a, b}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	for name, all := range map[string]verifier.AllRestrictions{"none": nil, "empty": {}, "nil": {first, nil}, "first broken": {broken, first}, "last broken": {first, broken}} {
		if got, err := all.InForce(t.Context(), "p"); err == nil || got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// BenchmarkFileRestrictions reads a file of a large practice, of about 10 MB.
func BenchmarkFileRestrictions(b *testing.B) {
	path := filepath.Join(b.TempDir(), "restrictions.json")
	one := "[" + strings.Repeat(`{"principal":"urn:uuid:0d1f8a52-5a3c-4c39-9a51-6f8f1d0c7a11","kind":"safeguarding"},`, 4095) + `{"principal":"b","kind":"y"}]`
	must(b, os.WriteFile(path, []byte("["+strings.Repeat(one+",", 24)+one+"]"), 0o600))
	b.ReportAllocs()
	for b.Loop() {
		if got, err := verifier.FileRestrictions(path).InForce(b.Context(), "b"); err != nil || len(got) != 25 {
			b.Fatal(err, len(got))
		}
	}
}

// TestRestrictionsUnreadable shows that a gateway without its restrictions denies.
func TestRestrictionsUnreadable(t *testing.T) {
	w := newWorld(t)
	cfg := w.cfg
	cfg.Restrictions = verifier.FileRestrictions(filepath.Join(t.TempDir(), "absent.json"))
	w.start(cfg)
	_, got := w.answer(sd, nil)
	w.expect(got, "internal.indeterminate")
}
