// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity/ecdsasd"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/reason"
)

// leaves returns a pointer to every value of v that is no object and no array.
func leaves(v any, path string) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if name != "proof" && name != "@context" {
				out = append(out, leaves(v[name], path+"/"+strings.ReplaceAll(name, "/", "~1"))...)
			}
		}
	case []any:
		for i := range v {
			out = append(out, leaves(v[i], path+"/"+strconv.Itoa(i))...)
		}
	default:
		out = append(out, path)
	}
	return out
}

// opaque are the members that are one statement each, however much is in them.
var opaque = []string{"/identifier", "/identityAssurance", "/redelegation", "/prohibition", "/parent", "/constraint"}

// statements returns pointers to all statements of doc: its leaves, and the opaque members.
func statements(doc map[string]any) []string {
	all := leaves(doc, "")
	for i, p := range all {
		for _, member := range opaque {
			if at := strings.Index(p, member); at >= 0 {
				all[i] = p[:at+len(member)]
			}
		}
	}
	for i := range doc["credentialSubject"].(map[string]any)["delegation"].(map[string]any)["permission"].([]any) {
		all = append(all, pointerPermission+strconv.Itoa(i)+"/constraint") // has no leaf where it is empty
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestHideAnyStatement is a holder with tools of its own, who shows all of a credential but for one
// statement or two. What opens has every limit, and no permission that the whole has not.
func TestHideAnyStatement(t *testing.T) {
	g := newSelective(t)
	c := delegation(t, g.w)
	c.Delegate.Kind, c.Delegate.OperatedBy, c.TransitionAt, c.Framework = "agent", c.Issuer, c.ValidUntil, "tf:example"
	c.Parent = &credential.Parent{ID: "urn:example:parent", Digest: "sha-256:x"}
	c.Jurisdiction, c.Purposes = []string{"GB-ENG", "GB-WLS"}, []string{"family-requested", "care"}
	c.Controllers = []string{"urn:example:A81001", "urn:example:A81002"}
	c.Permissions = c.Permissions[1:3]
	base := g.seal(t, c)
	all := statements(decoded(t, base))
	limits := func(c *credential.Credential) string {
		bare := *c
		bare.Permissions, bare.Evidence, bare.Assurance, bare.OnBehalfOf.Identifier, bare.Refresh = nil, nil, nil, nil, ""
		return meaning(t, &bare)
	}
	opened, refusals := 0, 0
	try := func(hidden ...string) {
		shown := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return slices.Contains(hidden, p) })
		raw, err := ecdsasd.Derive(context.Background(), base, shown, jsonld.Closed)
		if err != nil {
			t.Fatalf("%q: %v", hidden, err)
		}
		o, err := g.Open(context.Background(), raw, g.w.Keys)
		if err != nil {
			refusals++
			refused(t, fmt.Sprint(hidden), err, reason.CredentialSchemaInvalid)
			return
		}
		opened++
		if limits(o.Credential) != limits(c) {
			t.Errorf("%q: the limits are\n%s\nand not\n%s", hidden, limits(o.Credential), limits(c))
		}
		for _, p := range o.Credential.Permissions {
			i := slices.IndexFunc(c.Permissions, func(q credential.Permission) bool { return p.ID == q.ID })
			whole := c.Permissions[i]
			if slices.ContainsFunc(p.Actions, func(a string) bool { return !slices.Contains(whole.Actions, a) }) {
				t.Errorf("%q: actions %q of %q", hidden, p.Actions, whole.Actions)
			}
			whole.Actions, p.Actions = nil, nil
			if fmt.Sprintf("%+v", p.Constraint.Exclude) != fmt.Sprintf("%+v", whole.Constraint.Exclude) ||
				p.Constraint.DateFrom != whole.Constraint.DateFrom || p.Risk != whole.Risk || p.Resource != whole.Resource {
				t.Errorf("%q: %+v, and not %+v", hidden, p, whole)
			}
		}
	}
	for i, p := range all {
		try(p)
		try(p, all[(i*7+3)%len(all)])
	}
	if opened < len(all)/2 || refusals < 4 {
		t.Errorf("of %d statements, %d opened and %d were refused", len(all), opened, refusals)
	}
}

// TestHideOneOfASet takes one item out of the limiting sets of what was derived, by hand.
func TestHideOneOfASet(t *testing.T) {
	g := newSelective(t)
	c := delegation(t, g.w)
	c.Jurisdiction, c.Purposes = []string{"GB-ENG", "GB-WLS"}, []string{"family-requested", "care"}
	c.Controllers = []string{"urn:example:A81001", "urn:example:A81002"}
	shown, err := g.Whole(g.seal(t, c))
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range []string{`,"GB-WLS"`, `,"care"`, `,"urn:example:A81002"`} {
		g.both(t, item, replace(t, shown, item, ""), reason.DIProofValue)
	}
	_, err = g.Open(context.Background(), replace(t, shown, `"VerifiableCredential",`, ""), g.w.Keys)
	refused(t, "one of two types", err, reason.JSONLDUndefinedTerm) // whose members it defines
}
