// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"strings"
	"testing"

	"github.com/behalf-id/behalf/audit"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store/storetest"
)

const principalID = "urn:uuid:5f3c1a52-0000-4000-8000-000000000077"

// newHouse is a family in which the principal, the grantor and the framework's anchor have keys of their own,
// with a chain of three links: the root to tom, "urn:uuid:child" to june, "urn:uuid:grandchild" to ivy.
func newHouse(t *testing.T) (f *family, jill, court, anchor did.Signer) {
	t.Helper()
	jill, court, anchor = newHolder(t), newHolder(t), newHolder(t)
	f = &family{world: newWorld(t), tom: newHolder(t), june: newHolder(t), ivy: newHolder(t)}
	body := strings.Replace(string(edit()), principalID, jill.Method.DID().String(), 1) // onBehalfOf, not grantedBy
	body = strings.Replace(body, principalID, court.Method.DID().String(), 1)
	o := f.grant([]byte(body))
	f.root, f.delegation = f.collect(o, f.tom).ID, o.ID
	must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:child", f.june.Method.DID().String()))
	must[HostedStatus](t)(f.host(f.june, "urn:uuid:child", "urn:uuid:grandchild", f.ivy.Method.DID().String()))
	f.framework.Anchors = append(f.framework.Anchors, anchor.Method.DID().String())
	return f, jill, court, anchor
}

// TestWhoMayRevoke names everybody who asks, link by link (delegation.md §12).
func TestWhoMayRevoke(t *testing.T) {
	for _, c := range []struct {
		who, link string
		may       bool
	}{
		{"tom", "root", false}, {"tom", "child", true}, {"tom", "grandchild", true},
		{"june", "root", false}, {"june", "child", false}, {"june", "grandchild", true},
		{"ivy", "root", false}, {"ivy", "child", false}, {"ivy", "grandchild", false},
		{"jill", "root", true}, {"jill", "child", true}, {"jill", "grandchild", true},
		{"court", "root", true}, {"court", "child", true}, {"court", "grandchild", true},
		{"anchor", "root", true}, {"anchor", "child", true}, {"anchor", "grandchild", true},
		{"stranger", "root", false}, {"stranger", "child", false}, {"stranger", "grandchild", false},
		{"jill", "unknown", false}, {"tom", "unknown", false},
	} {
		t.Run(c.who+" "+c.link, func(t *testing.T) {
			f, jill, court, anchor := newHouse(t)
			by := map[string]did.Signer{"tom": f.tom, "june": f.june, "ivy": f.ivy, "jill": jill, "court": court, "anchor": anchor, "stranger": newHolder(t)}[c.who]
			links := map[string]string{"root": f.root, "child": "urn:uuid:child", "grandchild": "urn:uuid:grandchild", "unknown": "urn:uuid:none"}
			before := f.leaves(audit.Revoke)
			err := f.takeBack(by, links[c.link])
			if c.may && err != nil {
				t.Fatal(err)
			}
			if !c.may {
				wants(t, err, reason.RevokeNotAuthorised)
			}
			for name, id := range links {
				if name == "unknown" {
					continue
				}
				want := status.Valid
				if c.may && name == c.link {
					want = status.Revoked
				}
				if got := f.stateOf(id); got != want {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			if n := f.leaves(audit.Revoke) - before; n != map[bool]int{true: 1}[c.may] {
				t.Errorf("%d leaves", n)
			}
		})
	}
}

// TestWithdraw shows that what the principal took back is the whole delegation, in every list and for good.
func TestWithdraw(t *testing.T) {
	f, jill, _, _ := newHouse(t)
	if err := f.takeBack(jill, f.root); err != nil {
		t.Fatal(err)
	}
	d := must[*Delegation](t)(f.Delegation(t.Context(), f.delegation))
	if d.State != Revoked || d.Reason != withdrawn {
		t.Errorf("%s, %s", d.State, d.Reason)
	}
	leaves := f.leaves(audit.Revoke)
	if err := f.takeBack(jill, f.root); err != nil {
		t.Fatal("again:", err)
	}
	if f.leaves(audit.Revoke) != leaves {
		t.Error("taking back again grew the log")
	}
	_, err := f.Resume(t.Context(), f.delegation, Change{Reason: "x"})
	wants(t, err, reason.RevokeIrreversible)
	_, err = f.host(f.tom, f.root, "urn:uuid:late")
	wants(t, err, reason.StatusRevoked)
}

// TestForEver shows that no change of the delegation above brings back a link that was taken back.
func TestForEver(t *testing.T) {
	f, _, _, _ := newHouse(t)
	if err := f.takeBack(f.tom, "urn:uuid:child"); err != nil {
		t.Fatal(err)
	}
	must[*Delegation](t)(f.Suspend(t.Context(), f.delegation, Change{Reason: "x"}))
	must[*Delegation](t)(f.Resume(t.Context(), f.delegation, Change{Reason: "x"}))
	if f.stateOf("urn:uuid:child") != status.Revoked || f.stateOf(f.root) != status.Valid {
		t.Error("a revoked link came back, or the delegation did not")
	}
	again := must[HostedStatus](t)(f.host(f.tom, f.root, "urn:uuid:child", f.june.Method.DID().String()))
	if f.stateOf("urn:uuid:child") != status.Revoked || again.ID == "" {
		t.Error("asking for its status again brought it back")
	}
	_, err := f.host(f.june, "urn:uuid:child", "urn:uuid:late")
	wants(t, err, reason.StatusRevoked)
}

// TestWithdrawNotDurable shows that what could not be written is not acknowledged, and can be asked again.
func TestWithdrawNotDurable(t *testing.T) {
	f, jill, _, _ := newHouse(t)
	for _, id := range []string{f.root, "urn:uuid:child"} {
		f.faults.Next(storetest.Lost)
		wants(t, f.takeBack(jill, id), reason.RevokeNotDurable)
		if f.stateOf(id) != status.Valid {
			t.Error("half of it was kept")
		}
		if err := f.takeBack(jill, id); err != nil || f.stateOf(id) != status.Revoked {
			t.Errorf("again: %v", err)
		}
	}
}

// TestOperatorTakesBackALink: the issuer may end one link that a person signed, and leaves the others alone.
func TestOperatorTakesBackALink(t *testing.T) {
	f, _, _, _ := newHouse(t)
	f.serve()
	var shown Shown
	if err := strictjson.Unmarshal(f.admin("GET", "/admin/v1/delegations/"+f.delegation, nil).body, &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Onward) != 2 {
		t.Fatalf("%+v", shown.Onward)
	}
	var child Hosted
	for _, h := range shown.Onward {
		if h.State != Issued || !strings.HasPrefix(h.ID, f.delegation+"-") {
			t.Errorf("%+v", h)
		}
		if h.Credential == "urn:uuid:child" {
			child = h
		}
	}
	path := "/admin/v1/delegations/" + child.ID
	for range 2 {
		r := f.admin("POST", path+"/revoke", []byte(`{"reason":"found-unsafe","note":"n"}`))
		var told Shown
		if err := strictjson.Unmarshal(r.body, &told); err != nil || r.status != 200 || told.ID != child.ID || told.State != Revoked || told.Reason != "found-unsafe" {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	if f.stateOf("urn:uuid:child") != status.Revoked || f.stateOf("urn:uuid:grandchild") != status.Valid || f.stateOf(f.root) != status.Valid {
		t.Error("another link was taken back, or this was not")
	}
	if n := f.leaves(audit.Revoke); n != 1 {
		t.Errorf("%d leaves", n)
	}
	for _, other := range []string{path + "/suspend", path + "/resume", path + "x/revoke", "/admin/v1/delegations/" + f.delegation + "-/revoke"} {
		if r := f.admin("POST", other, []byte(`{"reason":"x"}`)); r.status != 404 {
			t.Errorf("%s: %d %s", other, r.status, r.body)
		}
	}
	if r := f.admin("POST", path+"/revoke", []byte(`{"reason":"Not A Word"}`)); r.status != 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, h := range must[[]Hosted](t)(f.Onward(t.Context(), f.delegation)) {
		if revoked := h.Credential == "urn:uuid:child"; revoked != (h.State == Revoked) || revoked && h.Note != "n" {
			t.Errorf("%+v", h)
		}
	}
}
