// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// evidence is what a wallet showed for one leaf, every signature checked.
type evidence struct {
	query      string // that the leaf answers
	raw        string // of the leaf, as it was shown
	leaf       credential.Verified
	presenter  string                // who made the holder proof; "" where nobody proved to be its delegate
	above      []shownLink           // all that were shown
	supporting []credential.Verified // all that were shown and are good by themselves

	path       []placed // the chain, root first
	incomplete bool     // the root of path names a parent that was not shown
}

// shownLink is a credential that was shown without a holder proof: verified, or refused in a
// way that the decision has a word for.
type shownLink struct {
	query    string
	raw      string // as it was shown
	verified credential.Verified
	refused  *credential.LinkError
}

// placed is a link with how it names the one above it.
type placed struct {
	shownLink
	parent delegation.Parentage
}

// assemble goes from the leaf upward (delegation.md §5). Links that are not on the way to the
// root are left out.
func (ev *evidence) assemble(above []shownLink) {
	ev.above = above
	ev.path = []placed{{shownLink: shownLink{query: ev.query, raw: ev.raw, verified: ev.leaf}}}
	rest := slices.Clone(above)
	for parent := ev.leaf.Credential().Parent; parent != nil; {
		i, how := find(rest, *parent)
		if i < 0 {
			ev.incomplete = true
			return
		}
		ev.path[0].parent = how
		ev.path = slices.Insert(ev.path, 0, placed{shownLink: rest[i]})
		parent = rest[i].parentage()
		rest = slices.Delete(rest, i, i+1)
	}
}

// find returns the link that a child names: by digest if there is one, else by id alone.
func find(links []shownLink, want credential.Parent) (int, delegation.Parentage) {
	byID := -1
	for i, l := range links {
		id, digest := l.name()
		if want.Names(id, digest) {
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

func (l shownLink) parentage() *credential.Parent {
	if l.refused != nil {
		return l.refused.Parent
	}
	return l.verified.Credential().Parent
}

// presentation returns what the decision reads of ev.
func (ev *evidence) presentation() delegation.Presentation {
	p := delegation.Presentation{
		Presenter: ev.presenter,
		Proof: delegation.Proof{
			Nonce: delegation.Passed, Audience: delegation.Passed, Unused: delegation.Passed,
			Fresh: delegation.Passed, Holder: delegation.Passed,
		},
		Incomplete: ev.incomplete,
	}
	for _, l := range ev.path {
		p.Chain = append(p.Chain, l.link())
	}
	for _, v := range ev.supporting {
		if supports(v.Credential(), &p) {
			p.Supporting = append(p.Supporting, delegation.Supporting{Name: supportName(v), Credential: v.Credential(), Signature: delegation.Passed})
		}
	}
	return p
}

// link returns what the decision reads of one link.
func (l placed) link() delegation.Link {
	if l.refused == nil {
		c := l.verified.Credential()
		return delegation.Link{Name: c.ID, Credential: c, Signature: delegation.Passed, Parent: l.parent}
	}
	out := delegation.Link{
		Name:       l.refused.ID,
		Credential: &credential.Credential{ID: l.refused.ID, Type: credential.TypeDelegation, Parent: l.refused.Parent},
		Parent:     l.parent,
	}
	if code := reason.Of(l.refused); code != reason.CredentialSignatureInvalid {
		out.Signature, out.Fault = delegation.Passed, code
	}
	return out
}

// covered returns nil if the chain fulfils the query, each link on its own (OpenID4VP 1.0 §8.6). What was shown
// and is not of the chain is not looked at.
func (ev *evidence) covered(q *dcql.Query) error {
	for _, l := range ev.path {
		if l.refused != nil {
			continue
		}
		if err := fulfils(q.Find(l.query), l); err != nil {
			return err
		}
	}
	return nil
}

// fulfils holds a link to the query that it answers. Among claim sets, of which another might have been met, no
// value is the wrong one: none being met is query.unsatisfied.
func fulfils(c *dcql.Credential, l placed) error {
	have := vp.Candidate(l.verified.Credential(), vp.FormatID(l.verified.Format()), c.Bound())
	if len(c.Authorities) > 0 {
		have = vp.WithAuthorities(have, issuedToken(c.Format, l.raw, c.Bound()))
	}
	err := c.Check(have)
	if reason.Of(err) == reason.QueryValueMismatch && len(c.ClaimSets) > 0 {
		return reason.Wrap(reason.QueryUnsatisfied, "no claim set is met", err)
	}
	return err
}

// uncovered reports whether c says that what was shown does not fulfil its query.
func uncovered(c reason.Code) bool {
	return c == reason.QueryUnsatisfied || c == reason.QueryValueMismatch || c == reason.QueryTypeMismatch || c == reason.LimitQuery
}

// digest returns a digest of all that was shown for the leaf, as text.
func (ev *evidence) digest() string {
	h := sha256.New()
	h.Write([]byte(ev.leaf.Digest()))
	for _, l := range ev.above {
		_, digest := l.name()
		h.Write([]byte(digest))
	}
	for _, v := range ev.supporting {
		h.Write([]byte(v.Digest()))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
