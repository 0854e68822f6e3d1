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

// Ids of the credential queries, for one format without and for the other with the suffix. The link
// that the presenter holds answers a leaf query and the links above it a parents query. A link of a
// workgroup answers a team query, without a proof: the presenter proves to hold the membership.
const (
	queryLeaf        = "delegation"
	queryParents     = "parents"
	queryTeam        = "team"
	queryMember      = "membership"
	queryIdentity    = "identity"
	suffixJWT        = "_jwt"
	suffixLDP        = "_ldp"
	maxVocabulary    = 64 // paths below a requested one that a query may name
	claimHere        = "resource"
	claimBelow       = "below"
	claimAction      = "action"
	claimAssurance   = "assurance"
	memberResource   = "resource"
	memberAction     = "action"
	memberPermission = "permission"
	memberAssurance  = "identityAssurance"
	typeVC           = "VerifiableCredential"
	kindWorkgroup    = "workgroup"
)

// query asks for exactly what access a needs: permissions that cover the resource and hold the
// action; failing that, permissions for parts of the resource, so that a request that is too
// broad can be answered with what would be allowed. Supporting credentials are asked for where the
// framework leaves room for them.
func query(a Access, f *trustframework.Framework, words *lexicon, formats credential.Formats) (*dcql.Query, error) {
	below := words.below(a.Resource, f.Controllers[a.Controller])
	var q dcql.Query
	ids := map[string][]string{}
	add := func(base string, c dcql.Credential) {
		c.ID = base + suffixOf(c.Format)
		q.Credentials = append(q.Credentials, c)
		ids[base] = append(ids[base], c.ID)
	}
	for _, id := range formatIDs(formats) {
		link := credentialQuery(a, below, words.floor, id)
		add(queryLeaf, link)
		add(queryParents, several(unproved(link)))
		if words.teams {
			add(queryTeam, unproved(link))
			add(queryMember, several(typed(id, credential.TypeWorkgroupMembership)))
		}
		if words.identity {
			add(queryIdentity, several(unproved(typed(id, credential.TypeIdentityBinding))))
		}
	}
	no := false
	q.Sets = []dcql.Set{{Options: slices.Concat(alone(ids[queryLeaf]), pairs(ids[queryTeam], ids[queryMember]))}}
	for _, further := range []string{queryParents, queryIdentity} {
		if len(ids[further]) > 0 {
			q.Sets = append(q.Sets, dcql.Set{Options: alone(ids[further]), Required: &no})
		}
	}
	return dcql.New(q)
}

// suffixOf returns what tells the queries for one format from those for others.
func suffixOf(format string) string {
	switch format {
	case vp.FormatVCJWT:
		return suffixJWT
	case vp.FormatLDP:
		return suffixLDP
	}
	return ""
}

// baseOf returns the id of a query without what names its format.
func baseOf(id string) string {
	return strings.TrimSuffix(strings.TrimSuffix(id, suffixJWT), suffixLDP)
}

// formatIDs returns the format identifiers of formats, each once, in order: the cryptosuites of
// Data Integrity share one.
func formatIDs(formats credential.Formats) []string {
	var ids []string
	for _, f := range formats {
		if id := vp.FormatID(f.Name()); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func several(c dcql.Credential) dcql.Credential {
	c.Multiple = true
	return c
}

// unproved asks for c without a holder proof.
func unproved(c dcql.Credential) dcql.Credential {
	c.Binding = new(bool)
	return c
}

func alone(ids []string) (options [][]string) {
	for _, id := range ids {
		options = append(options, []string{id})
	}
	return options
}

func pairs(first, second []string) (options [][]string) {
	for _, a := range first {
		for _, b := range second {
			options = append(options, []string{a, b})
		}
	}
	return options
}

// typed asks for credentials of a type in one format.
func typed(format, kind string) dcql.Credential {
	c := dcql.Credential{Format: format}
	if vp.W3C(format) {
		c.Meta.TypeValues = [][]string{{typeVC, kind}}
	} else {
		c.Meta.VCTValues = []string{credential.VCT(kind)}
	}
	return c
}

func credentialQuery(a Access, below []string, floor bool, format string) dcql.Credential {
	c := typed(format, credential.TypeDelegation)
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
	of       *trustframework.Framework
	paths    []string // that some accreditation names, sorted
	floor    bool     // whether some accreditation reads the assurance at issue
	teams    bool     // whether a workgroup may be a delegate, and somebody may say who is a member
	identity bool     // whether a principal may issue, and somebody may say who they are
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
	known, types := map[string]bool{}, map[string]bool{}
	for _, a := range f.Accreditations {
		for _, kind := range a.Types {
			types[kind] = true
		}
		l.floor = l.floor || a.MinAssurance != ""
		for _, path := range a.Resources {
			known[path] = true
		}
	}
	l.paths = slices.Sorted(maps.Keys(known))
	for _, r := range f.Relationships {
		l.teams = l.teams || types[credential.TypeWorkgroupMembership] && admitsTeams(r)
		l.identity = l.identity || types[credential.TypeIdentityBinding] && r.SelfIssue
	}
	return l
}

// admitsTeams reports whether a link under r can name a workgroup: a root, or one that it is passed on by,
// whose kind no relationship limits.
func admitsTeams(r trustframework.Relationship) bool {
	return len(r.DelegateKinds) == 0 || slices.Contains(r.DelegateKinds, kindWorkgroup) || r.MaxRedelegation > 0
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
