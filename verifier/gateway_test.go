// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/reason"
)

// answer runs the base case in format, with the credential changed by change, and returns what became of it.
func (w *world) answer(format string, change func(*credential.Credential)) (session, result) {
	w.Helper()
	c := w.root(format)
	if change != nil {
		change(c)
	}
	raw := w.seal(format, c, w.issuer)
	s := w.ask(booking())
	return s, w.post(s, map[string][]string{queryOf(format): {w.show(s, format, raw, w.bob)}})
}

// mustPermit shows that the base case is permitted.
func (w *world) mustPermit(format string) {
	w.Helper()
	if _, got := w.answer(format, nil); got.outcome != "permit" || got.code != reason.OK || got.status != 200 {
		w.Fatalf("the base case: %+v", got)
	}
}

func TestPermit(t *testing.T) {
	for _, format := range []string{sd, vc} {
		t.Run(format, func(t *testing.T) {
			w := newWorld(t)
			s, got := w.answer(format, nil)
			if got.outcome != "permit" || got.code != reason.OK || got.status != 200 {
				t.Fatalf("%+v\n%s", got, w.logged)
			}
			p := w.progress(s)
			if p.State != "decided" || p.Decision.Outcome != "permit" || p.Decision.Reason != reason.OK || p.Handle == "" || p.Decision.Expires.IsZero() {
				t.Errorf("%+v %+v", p, p.Decision)
			}
			for _, secret := range []string{principal, w.bob.Method.DID().String(), s.request.Nonce, p.Handle} {
				if bytes.Contains(w.logged.Bytes(), []byte(secret)) {
					t.Errorf("the log names %s", secret)
				}
			}
		})
	}
}
