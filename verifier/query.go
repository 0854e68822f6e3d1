// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/trustframework"
)

// Ids of the credential queries. The link that the presenter holds answers a leaf query, the
// links above it a parents query, each in its own format.
const (
	queryLeaf         = "delegation"
	queryLeafJWT      = "delegation_jwt"
	queryParents      = "parents"
	queryParentsJWT   = "parents_jwt"
	maxVocabulary     = 64 // paths below a requested one that a query may name
	claimHere         = "resource"
	claimBelow        = "below"
	claimAction       = "action"
	claimAssurance    = "assurance"
	memberResource    = "resource"
	memberAction      = "action"
	memberPermission  = "permission"
	memberAssurance   = "identityAssurance"
	typeDelegationVC  = "VerifiableCredential"
	anythingInTheList = "*"
)

// query asks for exactly what access a needs: permissions that cover the resource and hold the
// action; failing that, permissions for parts of the resource, so that a request that is too
// broad can be answered with what would be allowed.
func query(a Access, f *trustframework.Framework, formats credential.Formats) (*dcql.Query, error) {
	var q dcql.Query
	var leaves, parents [][]string
	no := false
	for _, format := range formats {
		id := vp.FormatID(format.Name())
		leaf := credentialQuery(a, f, id)
		above := leaf
		leaf.ID, above.ID = queryLeaf, queryParents
		if id == vp.FormatVCJWT {
			leaf.ID, above.ID = queryLeafJWT, queryParentsJWT
		}
		above.Multiple, above.Binding = true, &no
		q.Credentials = append(q.Credentials, leaf, above)
		leaves = append(leaves, []string{leaf.ID})
		parents = append(parents, []string{above.ID})
	}
	q.Sets = []dcql.Set{{Options: leaves}, {Options: parents, Required: &no}}
	return dcql.New(q)
}

func credentialQuery(a Access, f *trustframework.Framework, format string) dcql.Credential {
	c := dcql.Credential{Format: format}
	if format == vp.FormatVCJWT {
		c.Meta.TypeValues = [][]string{{typeDelegationVC, credential.TypeDelegation}}
	} else {
		c.Meta.VCTValues = []string{credential.VCTDelegation}
	}
	each := func(member string, rest ...dcql.Step) dcql.Path {
		return vp.DelegationPath(format, memberPermission, append([]dcql.Step{dcql.Every(), dcql.Member(member)}, rest...)...)
	}
	c.Claims = []dcql.Claim{
		{ID: claimHere, Path: each(memberResource), Values: dcql.Strings(ancestors(a.Resource)...)},
		{ID: claimAction, Path: each(memberAction, dcql.Every()), Values: dcql.Strings(a.Action)},
	}
	sets := [][]string{{claimHere, claimAction}}
	if below := vocabulary(a, f); len(below) > 0 {
		c.Claims = append(c.Claims, dcql.Claim{ID: claimBelow, Path: each(memberResource), Values: dcql.Strings(below...)})
		sets = append(sets, []string{claimBelow, claimAction})
	}
	if hasFloor(f) {
		c.Claims = append(c.Claims, dcql.Claim{ID: claimAssurance, Path: vp.DelegationPath(format, memberAssurance)})
	}
	for _, set := range sets {
		if hasFloor(f) {
			c.ClaimSets = append(c.ClaimSets, append(slices.Clone(set), claimAssurance))
		}
		c.ClaimSets = append(c.ClaimSets, set)
	}
	return c
}

// ancestors returns path and every path above it, longest first.
func ancestors(path string) []string {
	out := []string{path}
	for i := strings.LastIndexByte(path, '/'); i > 0; i = strings.LastIndexByte(path[:i], '/') {
		out = append(out, path[:i])
	}
	return out
}

// vocabulary returns the paths strictly below the requested one that the framework or the
// controller's policy knows, sorted.
func vocabulary(a Access, f *trustframework.Framework) []string {
	policy := f.Controllers[a.Controller]
	known := slices.Concat(policy.Proxyable, policy.Requestable)
	for path := range policy.Risk {
		known = append(known, path)
	}
	for _, acc := range f.Accreditations {
		known = append(known, acc.Resources...)
	}
	known = slices.DeleteFunc(known, func(p string) bool {
		return p == anythingInTheList || p == a.Resource || !delegation.Covers(a.Resource, p)
	})
	slices.Sort(known)
	known = slices.Compact(known)
	return known[:min(len(known), maxVocabulary)]
}

// hasFloor reports whether some accreditation reads the assurance at issue.
func hasFloor(f *trustframework.Framework) bool {
	return slices.ContainsFunc(f.Accreditations, func(a trustframework.Accreditation) bool { return a.MinAssurance != "" })
}
