// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
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

// TestRestrictionsUnreadable shows that a gateway without its restrictions denies.
func TestRestrictionsUnreadable(t *testing.T) {
	w := newWorld(t)
	cfg := w.cfg
	cfg.Restrictions = verifier.FileRestrictions(filepath.Join(t.TempDir(), "absent.json"))
	w.start(cfg)
	_, got := w.answer(sd, nil)
	w.expect(got, "internal.indeterminate")
}
