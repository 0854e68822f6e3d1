// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"testing"

	"github.com/behalf-id/behalf/reason"
)

// TestLinkCannotSpeakForAnother: a delegate gives their own link the id of the link above, which
// was revoked. Status is kept by name, so the two must not share one.
func TestLinkCannotSpeakForAnother(t *testing.T) {
	f := chainOf(2)
	w, p, r := f.w, f.p, f.r
	if d := Decide(w, p, r); d.Outcome != Permit {
		t.Fatalf("the base case: %v %s", d.Outcome, d.Reason)
	}
	p.Chain[1].Name = p.Chain[0].Name
	w.Status = map[string]Status{p.Chain[0].Name: {State: "valid"}}
	if d := Decide(w, p, r); d.Outcome != Deny || d.Reason != reason.ChainCycle {
		t.Fatalf("a link under another's name: %v %s", d.Outcome, d.Reason)
	}
	parent, child := p.Chain[0].Credential, *p.Chain[1].Credential
	child.ID = parent.ID
	if codes := CheckChild(parent, &child); len(codes) == 0 || codes[0] != reason.ChainCycle {
		t.Fatalf("CheckChild: %v", codes)
	}
}

// TestPreflightIsDecideWithoutStatus: what it denies, Decide denies with the same reason, whatever
// the status is.
func TestPreflightIsDecideWithoutStatus(t *testing.T) {
	f := chainOf(2)
	w, p, r := f.w, f.p, f.r
	if d, ok := Preflight(w, p, r); !ok || d.Outcome != Deny {
		t.Fatalf("the base case: %v %v", ok, d.Outcome)
	}
	w.Framework.Limits.MaxChainLinks = 1
	d, ok := Preflight(w, p, r)
	if ok || d.Reason != reason.ChainTooLong {
		t.Fatalf("a chain that is too long: %v %s", ok, d.Reason)
	}
	w.Status = nil
	if full := Decide(w, p, r); full.Reason != d.Reason {
		t.Fatalf("Decide says %s, Preflight %s", full.Reason, d.Reason)
	}
}

// TestRootPermission: uses are counted by what the issuer wrote, not by ids that a delegate makes up.
func TestRootPermission(t *testing.T) {
	f := chainOf(2)
	w, p, r := f.w, f.p, f.r
	child := p.Chain[1].Credential
	child.Permissions[0].ID = "made-up-by-the-delegate"
	d := Decide(w, p, r)
	if want := p.Chain[0].Credential.Permissions[0].ID; d.RootPermission != want || d.Permission == want {
		t.Fatalf("rests on %q, decided by %q, want the root's %q", d.RootPermission, d.Permission, want)
	}
}
