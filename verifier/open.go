// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// evidence is what a wallet showed, every signature checked, and for which query it was shown.
type evidence struct {
	leaf      credential.Presented
	leafQuery string
	above     []shownLink
}

// shownLink is a credential that was shown without a holder proof: verified, or refused in a
// way that the decision has a word for.
type shownLink struct {
	query    string
	verified credential.Verified
	refused  *credential.LinkError
}

// open checks the form of the answer against the query, then the holder proof and every signature.
// What has no place in the query is query.unrequested, a missing answer query.unsatisfied.
func (g *Gateway) open(ctx context.Context, s *session, token map[string][]string) (*evidence, error) {
	if err := requested(&s.Query, token); err != nil {
		return nil, err
	}
	if s.Nonce == "" {
		return nil, reason.New(reason.PresentationNonceMismatch, "the session has no nonce")
	}
	keys := credential.Keys{Resolver: g.cfg.Resolver, At: g.cfg.Now()}
	ev := new(evidence)
	for _, id := range []string{queryLeaf, queryLeafJWT} {
		if len(token[id]) == 0 {
			continue
		}
		f, err := g.format(&s.Query, id, token[id][0])
		if err != nil {
			return nil, err
		}
		want := credential.Binding{Audience: g.clientID, Nonce: s.Nonce, At: keys.At}
		if ev.leaf, err = credential.OpenPresentation(ctx, f, []byte(token[id][0]), want, keys); err != nil {
			return nil, nameMissing(s.Query.Find(id), token[id][0], unasked(s.Query.Find(id), err))
		}
		ev.leafQuery = id
		if !asked(s.Query.Find(id), ev.leaf.Verified().Credential()) {
			return nil, unasked(s.Query.Find(id), reason.New(reason.CredentialTypeUnknown, ""))
		}
	}
	for _, id := range []string{queryParents, queryParentsJWT} {
		for _, raw := range token[id] {
			link, err := g.openAbove(ctx, &s.Query, id, raw, keys)
			if err != nil {
				return nil, err
			}
			ev.above = append(ev.above, link)
		}
	}
	return ev, nil
}

// asked reports whether c is of a type that q names by vct. Other types are left to the decision.
func asked(q *dcql.Credential, c *credential.Credential) bool {
	if len(q.Meta.VCTValues) == 0 {
		return true
	}
	types := vp.Candidate(c, q.Format, true).Types
	return len(types) == 1 && slices.Contains(q.Meta.VCTValues, types[0])
}

// unasked gives a vct that the query does not name the word of the query.
func unasked(q *dcql.Credential, err error) error {
	if len(q.Meta.VCTValues) > 0 && reason.Of(err) == reason.CredentialTypeUnknown {
		return reason.Wrap(reason.QueryTypeMismatch, "vct is not one asked for", err)
	}
	return err
}

// openAbove opens a link above the leaf. A refusal that the decision can name at its turn is
// kept; any other ends it all.
func (g *Gateway) openAbove(ctx context.Context, q *dcql.Query, id, raw string, keys credential.Keys) (shownLink, error) {
	f, err := g.format(q, id, raw)
	if err != nil {
		return shownLink{}, err
	}
	v, err := credential.Open(ctx, f, []byte(raw), keys)
	if err = nameMissing(q.Find(id), raw, err); reason.Of(err) == reason.StatusRequiredMissing {
		return shownLink{}, err
	}
	refused, placed := errors.AsType[*credential.LinkError](err)
	if placed && namedByDecision(reason.Of(err)) {
		return shownLink{query: id, refused: refused}, nil
	}
	return shownLink{query: id, verified: v}, err
}

func namedByDecision(c reason.Code) bool {
	e, ok := reason.Lookup(c)
	return ok && e.Decision
}

// format returns the format that query id asks for, if raw looks like it.
func (g *Gateway) format(q *dcql.Query, id, raw string) (credential.Format, error) {
	if strings.HasPrefix(raw, "{") {
		return nil, reason.New(reason.JOSESerializationForbidden, "compact form is the only one")
	}
	want := q.Find(id).Format
	for _, f := range g.cfg.Formats {
		if vp.FormatID(f.Name()) != want {
			continue
		}
		if other := g.cfg.Formats.Recognise([]byte(raw)); other != nil && other.Name() != f.Name() {
			return nil, reason.New(reason.QueryUnrequested, "a credential of another format than asked for")
		}
		return f, nil
	}
	return nil, reason.New(reason.QueryUnrequested, "a format that was not asked for")
}

// requested checks that every answer was asked for, that there is one leaf, and that enough
// was answered (OpenID4VP 1.0 §8.6).
func requested(q *dcql.Query, token map[string][]string) error {
	answered := map[string]bool{}
	leaves := 0
	for id, list := range token {
		c := q.Find(id)
		if c == nil || len(list) > 1 && !c.Multiple {
			return reason.New(reason.QueryUnrequested, "an answer that was not asked for")
		}
		if c.Bound() {
			leaves++
		}
		answered[id] = true
	}
	switch {
	case !q.Satisfied(answered):
		return reason.New(reason.QueryUnsatisfied, "no delegation was presented")
	case leaves > 1:
		return reason.New(reason.QueryUnrequested, "more than one delegation was presented")
	}
	return nil
}

// covered reports whether what was shown fulfils the query: each link on its own.
func (ev *evidence) covered(q *dcql.Query) (bool, error) {
	leaf := ev.leaf.Verified()
	ok, err := matches(q.Find(ev.leafQuery), leaf, true)
	for _, l := range ev.above {
		if !ok || err != nil {
			return false, err
		}
		if l.refused == nil {
			ok, err = matches(q.Find(l.query), l.verified, false)
		}
	}
	return ok, err
}

func matches(c *dcql.Credential, v credential.Verified, bound bool) (bool, error) {
	_, ok, err := c.Match(vp.Candidate(v.Credential(), vp.FormatID(v.Format()), bound))
	return ok, err
}

// presentation assembles the chain from the leaf upward (delegation.md §5). Links that are not on
// the way to the root are left out.
func (ev *evidence) presentation() delegation.Presentation {
	leaf := ev.leaf.Verified()
	p := delegation.Presentation{
		Presenter: ev.leaf.Holder().String(),
		Proof: delegation.Proof{
			Nonce: delegation.Passed, Audience: delegation.Passed, Unused: delegation.Passed,
			Fresh: delegation.Passed, Holder: delegation.Passed,
		},
		Chain: []delegation.Link{link(shownLink{verified: leaf})},
	}
	rest := slices.Clone(ev.above)
	for parent := leaf.Credential().Parent; parent != nil; {
		i, how := find(rest, *parent)
		if i < 0 {
			p.Incomplete = true
			break
		}
		p.Chain[0].Parent = how
		above := link(rest[i])
		rest = slices.Delete(rest, i, i+1)
		p.Chain = slices.Insert(p.Chain, 0, above)
		parent = above.Credential.Parent
	}
	return p
}

// find returns the link that a child names: by digest if there is one, else by id alone.
func find(links []shownLink, want credential.Parent) (int, delegation.Parentage) {
	byID := -1
	for i, l := range links {
		id, digest := l.name()
		if digest == want.Digest && id == want.ID {
			return i, delegation.NamedByDigest
		}
		if id == want.ID && byID < 0 {
			byID = i
		}
	}
	if byID < 0 {
		return -1, delegation.NotNamed
	}
	return byID, delegation.NamedByID
}

// name returns the id and the digest that a child may name l by.
func (l shownLink) name() (id, digest string) {
	if l.refused != nil {
		return l.refused.ID, l.refused.Digest
	}
	return l.verified.Credential().ID, l.verified.Digest()
}

// link returns what the decision reads of one shown link.
func link(l shownLink) delegation.Link {
	if l.refused == nil {
		c := l.verified.Credential()
		return delegation.Link{Name: c.ID, Credential: c, Signature: delegation.Passed}
	}
	out := delegation.Link{
		Name:       l.refused.ID,
		Credential: &credential.Credential{ID: l.refused.ID, Type: credential.TypeDelegation, Parent: l.refused.Parent},
	}
	if code := reason.Of(l.refused); code != reason.CredentialSignatureInvalid {
		out.Signature, out.Fault = delegation.Passed, code
	}
	return out
}
