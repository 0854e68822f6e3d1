// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"maps"
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
	queryLeaf        = "delegation"
	queryLeafJWT     = "delegation_jwt"
	queryParents     = "parents"
	queryParentsJWT  = "parents_jwt"
	maxVocabulary    = 64 // paths below a requested one that a query may name
	claimHere        = "resource"
	claimBelow       = "below"
	claimAction      = "action"
	claimAssurance   = "assurance"
	memberResource   = "resource"
	memberAction     = "action"
	memberPermission = "permission"
	memberAssurance  = "identityAssurance"
	typeDelegationVC = "VerifiableCredential"
)

// query asks for exactly what access a needs: permissions that cover the resource and hold the
// action; failing that, permissions for parts of the resource, so that a request that is too
// broad can be answered with what would be allowed.
func query(a Access, f *trustframework.Framework, words *lexicon, formats credential.Formats) (*dcql.Query, error) {
	below := words.below(a.Resource, f.Controllers[a.Controller])
	var q dcql.Query
	var leaves, parents [][]string
	no := false
	for _, format := range formats {
		id := vp.FormatID(format.Name())
		leaf := credentialQuery(a, below, words.floor, id)
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

func credentialQuery(a Access, below []string, floor bool, format string) dcql.Credential {
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
	if len(below) > 0 {
		c.Claims = append(c.Claims, dcql.Claim{ID: claimBelow, Path: each(memberResource), Values: dcql.Strings(below...)})
		sets = append(sets, []string{claimBelow, claimAction})
	}
	if floor {
		c.Claims = append(c.Claims, dcql.Claim{ID: claimAssurance, Path: vp.DelegationPath(format, memberAssurance)})
	}
	for _, set := range sets {
		if floor {
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

// lexicon is what queries read of one framework, worked out once.
type lexicon struct {
	of    *trustframework.Framework
	paths []string // that some accreditation names, sorted
	floor bool     // whether some accreditation reads the assurance at issue
}

// words returns the lexicon of f.
func (g *Gateway) words(f *trustframework.Framework) *lexicon {
	if l := g.lexicon.Load(); l != nil && l.of == f {
		return l
	}
	l := newLexicon(f)
	g.lexicon.Store(l)
	return l
}

func newLexicon(f *trustframework.Framework) *lexicon {
	l := &lexicon{of: f}
	known := map[string]bool{}
	for _, a := range f.Accreditations {
		l.floor = l.floor || a.MinAssurance != ""
		for _, path := range a.Resources {
			known[path] = true
		}
	}
	l.paths = slices.Sorted(maps.Keys(known))
	return l
}

// below returns the paths strictly below resource that the framework or the controller's policy
// knows, sorted, at most maxVocabulary.
func (l *lexicon) below(resource string, policy trustframework.ControllerPolicy) []string {
	from, _ := slices.BinarySearch(l.paths, resource+"/")
	to, _ := slices.BinarySearch(l.paths, resource+"0") // the character behind the slash
	known := slices.Concat(l.paths[from:to], policy.Proxyable, policy.Requestable, slices.Collect(maps.Keys(policy.Risk)))
	known = slices.DeleteFunc(known, func(p string) bool { return p == resource || !delegation.Covers(resource, p) })
	slices.Sort(known)
	known = slices.Compact(known)
	return known[:min(len(known), maxVocabulary)]
}
