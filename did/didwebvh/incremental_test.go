// SPDX-License-Identifier: Apache-2.0

package didwebvh

import (
	"bytes"
	"context"
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
)

// counting is a cryptosuite that counts what it verifies.
type counting struct {
	dataintegrity.Cryptosuite
	n int
}

func (c *counting) Verify(ctx context.Context, unsecured, config []byte, value string, m dataintegrity.Method) error {
	c.n++
	return c.Cryptosuite.Verify(ctx, unsecured, config, value, m)
}

// counted checks that a log that grew costs its new lines alone, and one that is the same nothing.
func counted(t *testing.T, f *forger) {
	t.Helper()
	h := newHost(t)
	r := h.resolver(t)
	suite := &counting{Cryptosuite: r.suite}
	r.suite = suite
	lines := bytes.SplitAfter(bytes.TrimSpace(f.log), []byte("\n"))
	for _, step := range []struct{ have, cost int }{
		{len(lines) - 3, len(lines) - 3}, {len(lines) - 3, 0}, {len(lines) - 2, 1}, {len(lines), 2},
	} {
		h.put(t, f.id(), bytes.Join(lines[:step.have], nil), nil)
		suite.n = 0
		if _, err := r.Resolve(t.Context(), f.id()); err != nil {
			t.Fatal(err)
		}
		if suite.n != step.cost {
			t.Errorf("%d lines: %d signatures, want %d", step.have, suite.n, step.cost)
		}
	}
	changed := bytes.Clone(f.log)
	changed[bytes.Index(changed, []byte("w3.org"))]++
	h.put(t, f.id(), changed, nil)
	if _, err := r.Resolve(t.Context(), f.id()); err == nil {
		t.Error("a change in what was verified before is accepted")
	}
}
