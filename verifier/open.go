// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// opening is the answer of a wallet while it is opened.
type opening struct {
	*Gateway
	query   *dcql.Query
	token   map[string][]string
	want    credential.Binding
	keys    credential.Keys
	holders map[string]string // who made the first holder proof that was good, by credential query
	waste   int               // credentials beside the leaves that could not be read
}

// maxWaste is how many credentials beside the leaves may be unreadable. Each can cost a fetch from its issuer,
// and whoever presents can make up any number of them.
const maxWaste = 8

// pass goes on without a credential beside the leaves that was refused, and ends it all at too many.
func (o *opening) pass(ctx context.Context, refused error) error {
	o.cfg.Logger.InfoContext(ctx, "a credential beside the leaf is refused", "reason", reason.Of(refused))
	if o.waste++; o.waste > maxWaste {
		return reason.New(reason.LimitChain, "too many presentations that cannot be read")
	}
	return nil
}

// attempt is one leaf of an answer: what was shown for it, or why it is refused.
type attempt struct {
	*evidence
	refusal error
}

// open checks the form of the answer against the query, then the holder proof and every signature.
// What has no place in the query is query.unrequested, a missing answer query.unsatisfied. It
// returns an attempt for each leaf, at least one; the error is for what ends all of them.
func (g *Gateway) open(ctx context.Context, s *session, token map[string][]string) ([]attempt, error) {
	if err := requested(&s.Query, token); err != nil {
		return nil, err
	}
	if s.Nonce == "" {
		return nil, reason.New(reason.PresentationNonceMismatch, "the session has no nonce")
	}
	now := g.cfg.Now()
	o := &opening{
		Gateway: g, query: &s.Query, token: token,
		want:    credential.Binding{Audience: g.clientOf(s.ID), Nonce: s.Nonce, At: now, TransactionData: s.Transaction},
		keys:    credential.Keys{Resolver: g.cfg.Resolver, At: now, Issuers: g.cfg.Issuers},
		holders: map[string]string{},
	}
	return o.attempts(ctx)
}

// attempts opens the leaves in the order of the query, and what they share.
func (o *opening) attempts(ctx context.Context) ([]attempt, error) {
	leaves := o.answered(queryLeaf, queryTeam)
	all := make([]attempt, len(leaves))
	for i, id := range leaves {
		all[i].refusal = o.tooLong(id)
	}
	if !slices.ContainsFunc(all, opened) {
		return all, nil
	}
	beside, err := o.supporting(ctx)
	if err != nil {
		return nil, err
	}
	for i, id := range leaves {
		if opened(all[i]) {
			all[i].evidence, all[i].refusal = o.leaf(ctx, id, beside)
		}
	}
	if !slices.ContainsFunc(all, opened) {
		return all, nil
	}
	if !o.onePerson() {
		return nil, reason.New(reason.HolderNotSamePerson, "credentials that were asked for together are proved by different holders")
	}
	above, unread, err := o.above(ctx)
	for i, a := range all {
		if !opened(a) {
			continue
		}
		if a.assemble(above); a.incomplete { // else what is not on the way to the root is not missed
			all[i].refusal = unread
		}
	}
	return all, err
}

func opened(a attempt) bool { return a.refusal == nil }

// answered returns the ids of the credential queries with one of the base names that were answered,
// in the order of the query.
func (o *opening) answered(bases ...string) []string {
	var ids []string
	for i := range o.query.Credentials {
		id := o.query.Credentials[i].ID
		if len(o.token[id]) > 0 && slices.Contains(bases, baseOf(id)) {
			ids = append(ids, id)
		}
	}
	return ids
}

// leaf opens the answer to leaf query id. Where the query asks for no proof, the presenter is who
// proved to hold a membership, and only a link of a workgroup can be shown so (delegation.md §3.5).
func (o *opening) leaf(ctx context.Context, id string, beside *support) (*evidence, error) {
	q, raw := o.query.Find(id), o.token[id][0]
	f, err := o.format(q, raw)
	if err != nil {
		return nil, err
	}
	ev := &evidence{query: id, raw: raw, supporting: beside.credentials}
	if q.Bound() {
		var p credential.Presented
		p, err = credential.OpenPresentation(ctx, f, []byte(raw), o.want, o.keys)
		ev.leaf, ev.presenter = p.Verified(), p.Holder().String()
		o.proved(id, p, err)
	} else if err = beside.refusal; err == nil {
		ev.leaf, err = credential.Open(ctx, f, []byte(raw), o.keys)
		ev.presenter = beside.member
	}
	if err != nil {
		return nil, nameMissing(q, raw, unasked(q, raw, err))
	}
	if !asked(q, ev.leaf.Credential()) {
		return nil, mismatch(nil)
	}
	if !q.Bound() && ev.leaf.Credential().Delegate.Kind != kindWorkgroup {
		ev.presenter = ""
	}
	return ev, nil
}

// proved notes who made a holder proof for query id that was good, the first of several.
func (o *opening) proved(id string, p credential.Presented, err error) {
	if _, known := o.holders[id]; err == nil && !known {
		o.holders[id] = p.Holder().String()
	}
}

// onePerson reports whether credentials that one option of a set asks for together are proved by one holder
// (attack VP-11). Which keys are one person's nobody can tell, so it must be one key's identifier.
func (o *opening) onePerson() bool {
	sets := o.query.Sets
	if len(sets) == 0 {
		sets = []dcql.Set{{Options: [][]string{slices.Collect(maps.Keys(o.holders))}}}
	}
	for _, s := range sets {
		for _, option := range s.Options {
			by := map[string]bool{}
			for _, id := range option {
				if holder, proved := o.holders[id]; proved {
					by[holder] = true
				}
			}
			if len(by) > 1 {
				return false
			}
		}
	}
	return true
}

// above opens the links above the leaves. Unread is why the first that nobody can place could not be
// read: it may be the one that a chain lacks. The error is for an answer whose form is not that of its query,
// and for too many such links.
func (o *opening) above(ctx context.Context) (links []shownLink, unread, err error) {
	for _, id := range o.answered(queryParents) {
		for _, raw := range o.token[id] {
			f, err := o.format(o.query.Find(id), raw)
			if err != nil {
				return nil, nil, err
			}
			link, err := o.openAbove(ctx, f, id, raw)
			if err == nil {
				links = append(links, link)
				continue
			}
			unread = cmp.Or(unread, err)
			if err := o.pass(ctx, err); err != nil {
				return nil, nil, err
			}
		}
	}
	return links, unread, nil
}

// openAbove opens a link above the leaf. A refusal that the decision can name at its turn is
// kept; the error is for any other.
func (o *opening) openAbove(ctx context.Context, f credential.Format, id, raw string) (shownLink, error) {
	q := o.query.Find(id)
	v, err := credential.Open(ctx, f, []byte(raw), o.keys)
	if err = nameMissing(q, raw, err); reason.Of(err) == reason.StatusRequiredMissing {
		return shownLink{}, err
	}
	if refused, placed := errors.AsType[*credential.LinkError](err); placed && namedByDecision(reason.Of(err)) {
		named := *refused
		named.Err = unasked(q, raw, refused.Err)
		return shownLink{query: id, refused: &named}, nil
	}
	if err == nil && !asked(q, v.Credential()) {
		return shownLink{query: id, refused: &credential.LinkError{ID: v.Credential().ID, Digest: v.Digest(), Err: mismatch(nil)}}, nil
	}
	return shownLink{query: id, raw: raw, verified: v}, err
}

func namedByDecision(c reason.Code) bool {
	e, ok := reason.Lookup(c)
	return ok && e.Decision
}

// asked reports whether c is of a type that q names by vct. Other types are left to the decision.
func asked(q *dcql.Credential, c *credential.Credential) bool {
	return len(q.Meta.VCTValues) == 0 || slices.Contains(q.Meta.VCTValues, credential.VCT(c.Type))
}

// unasked gives a vct of our own that the query does not name the word of the query. One of
// others stays a type that is unknown here.
func unasked(q *dcql.Credential, raw string, err error) error {
	if len(q.Meta.VCTValues) > 0 && reason.Of(err) == reason.CredentialTypeUnknown && ourVCT(raw) {
		return mismatch(err)
	}
	return err
}

func mismatch(err error) error {
	return reason.Wrap(reason.QueryTypeMismatch, "vct is not one asked for", err)
}

// format returns the format that raw looks like, if q asks for it.
func (g *Gateway) format(q *dcql.Credential, raw string) (credential.Format, error) {
	if strings.HasPrefix(raw, "{") && q.Format != vp.FormatLDP {
		return nil, reason.New(reason.JOSESerializationForbidden, "compact form is the only one")
	}
	var asked credential.Format
	for _, f := range g.cfg.Formats {
		if vp.FormatID(f.Name()) != q.Format {
			continue
		}
		if f.Recognises([]byte(raw)) {
			return f, nil
		}
		asked = cmp.Or(asked, f)
	}
	if asked == nil || g.cfg.Formats.Recognise([]byte(raw)) != nil {
		return nil, reason.New(reason.QueryUnrequested, "a format that was not asked for")
	}
	return asked, nil // which says what is wrong
}

// requested checks that every answer was asked for and that enough was answered (OpenID4VP 1.0
// §8.6). A link of a workgroup without any membership is presentation.not_a_member.
func requested(q *dcql.Query, token map[string][]string) error {
	answered := map[string]bool{}
	for id, list := range token {
		c := q.Find(id)
		if c == nil || len(list) > 1 && !c.Multiple {
			return reason.New(reason.QueryUnrequested, "an answer that was not asked for")
		}
		answered[id] = true
	}
	switch {
	case q.Satisfied(answered):
		return nil
	case answered[queryTeam] || answered[queryTeam+suffixJWT] || answered[queryTeam+suffixLDP]:
		return notAMember(nil)
	}
	return reason.New(reason.QueryUnsatisfied, "no delegation was presented")
}
