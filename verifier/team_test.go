// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// team is what an answer for a workgroup is made of: its link without a proof, and a membership with joy's.
type team struct {
	link, paper string // formats
	leaf        *credential.Credential
	leafBy      did.Signer
	member      *credential.Credential
	memberBy    did.Signer
	binding     func(*credential.Binding)
	holder      did.Signer
}

func (w *ward) team(link, paper string) *team {
	w.Helper()
	return &team{link: link, paper: paper, leaf: w.referral(link), leafBy: w.issuer, member: w.memberOf(paper), memberBy: w.issuer, holder: w.joy}
}

// teamAnswer returns t as an answer to s.
func (w *ward) teamAnswer(s session, t *team) map[string][]string {
	w.Helper()
	b := w.binding(s)
	if t.binding != nil {
		t.binding(&b)
	}
	return map[string][]string{
		idIn("team", t.link):        {w.disclosed(t.link, t.leaf, t.leafBy)},
		idIn("membership", t.paper): {w.proved(t.paper, w.seal(t.paper, t.member, t.memberBy), b, t.holder)},
	}
}

func (w *ward) presentTeam(t *team) result {
	w.Helper()
	s := w.ask(booking())
	return w.post(s, w.teamAnswer(s, t))
}

// TestWorkgroup lets a member use what was given to their workgroup.
func TestWorkgroup(t *testing.T) {
	mixes(t, func(t *testing.T, link, paper string) {
		w := newWard(t)
		w.expect(w.presentTeam(w.team(link, paper)), reason.OK)
		if got, want := w.leaf(w.leaves()).Actor, w.cfg.Tags.Actor(w.clock.now(), w.joy.Method.DID().String()); got != want {
			t.Errorf("the actor in the log is %s, not the member", got)
		}
		for _, one := range spoiltPapers() {
			t.Run(one.name, func(t *testing.T) {
				w := newWard(t)
				a := w.team(link, paper)
				a.memberBy = one.spoil(w, a.member)
				w.expect(w.presentTeam(a), reason.PresentationNotAMember)
				if w.askedFor(a.member) != one.asked {
					t.Errorf("its status was asked for: %t", !one.asked)
				}
				if w.framework.Accreditations[1].Status == trustframework.Revoked {
					return
				}
				for _, behind := range []bool{false, true} { // beside one that counts it changes nothing
					s := w.ask(booking())
					answer, good := w.teamAnswer(s, a), w.teamAnswer(s, w.team(link, paper))
					id := idIn("membership", paper)
					if answer[id] = append(answer[id], good[id]...); behind {
						slices.Reverse(answer[id])
					}
					w.expect(w.post(s, answer), reason.OK)
				}
			})
		}
	})
}

// TestWorkgroupProof has the holder proof on the membership fail in every way that it can.
func TestWorkgroupProof(t *testing.T) {
	for _, format := range []string{sd, vc} {
		for name, one := range map[string]struct {
			change func(w *ward, a *team)
			want   reason.Code
		}{
			"nonce": {func(_ *ward, a *team) { a.binding = func(b *credential.Binding) { b.Nonce = "another" } }, reason.PresentationNonceMismatch},
			"audience": {func(_ *ward, a *team) {
				a.binding = func(b *credential.Binding) { b.Audience = "https://other.test" }
			}, reason.PresentationAudienceMismatch},
			"stale": {func(_ *ward, a *team) {
				a.binding = func(b *credential.Binding) { b.At = b.At.Add(-credential.ProofMaxAge - time.Second) }
			}, reason.PresentationStale},
			"nonce, of a membership with a wrong signature": {func(w *ward, a *team) {
				a.memberBy = w.forged()
				a.binding = func(b *credential.Binding) { b.Nonce = "another" }
			}, reason.PresentationNonceMismatch},
			"nothing": {func(*ward, *team) {}, reason.OK},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWard(t)
				a := w.team(format, format)
				one.change(w, a)
				w.expect(w.presentTeam(a), one.want)
			})
		}
		t.Run(format+" no proof", func(t *testing.T) {
			w := newWard(t)
			s := w.ask(booking())
			answer := w.teamAnswer(s, w.team(format, format))
			answer[idIn("membership", format)] = []string{w.disclosed(format, w.memberOf(format), w.issuer)}
			w.expect(w.post(s, answer), missingProof(format))
		})
		t.Run(format+" issuer that nobody knows", func(t *testing.T) {
			w := newWard(t)
			a := w.team(format, format)
			a.member.Issuer, a.memberBy = gatewayID, w.gateway
			w.docs.hook = func(id did.DID) (*did.Document, error, bool) {
				return nil, reason.New(reason.FetchNotAllowed, ""), id.String() == gatewayID && w.asking
			}
			s := w.ask(booking())
			answer := w.teamAnswer(s, a)
			w.asking = true
			w.expect(w.post(s, answer), reason.PresentationNotAMember)
		})
		t.Run(format+" key of another", func(t *testing.T) {
			w := newWard(t)
			s := w.ask(booking())
			answer := w.teamAnswer(s, w.team(format, format))
			id := idIn("membership", format)
			answer[id][0] = resigned(t, answer[id][0], w.carol)
			w.expect(w.post(s, answer), reason.PresentationHolderBindingFailed)
		})
		t.Run(format+" replay", func(t *testing.T) {
			w := newWard(t)
			s := w.ask(booking())
			answer := w.teamAnswer(s, w.team(format, format))
			w.expect(w.post(s, answer), reason.OK)
			w.expect(w.post(s, answer), reason.PresentationReplayed)
			w.expect(w.post(w.ask(booking()), answer), reason.PresentationNonceMismatch)
		})
	}
}

// resigned has by sign the last token of a presentation anew.
func resigned(t *testing.T, presentation string, by did.Signer) string {
	t.Helper()
	start, end := strings.LastIndexByte(presentation, '~')+1, strings.LastIndexByte(presentation, '.')
	signature, err := by.Sign(t.Context(), []byte(presentation[start:end]))
	must(t, err)
	return presentation[:end+1] + b64(signature)
}

// TestWorkgroupLink has the link of the workgroup bad, or no link of a workgroup at all.
func TestWorkgroupLink(t *testing.T) {
	for _, format := range []string{sd, vc} {
		for name, one := range map[string]struct {
			change func(w *ward, a *team)
			want   reason.Code
		}{
			"revoked":   {func(w *ward, a *team) { w.revoke(a.leaf) }, reason.StatusRevoked},
			"expired":   {func(_ *ward, a *team) { a.leaf.ValidUntil = began }, reason.CredentialExpired},
			"signature": {func(w *ward, a *team) { a.leafBy = w.forged() }, reason.CredentialSignatureInvalid},
			"another workgroup": {func(w *ward, a *team) {
				a.leaf.Delegate.ID = w.carol.Method.DID().String()
			}, reason.PresentationNotAMember},
			"of a person": {func(_ *ward, a *team) { a.leaf.Delegate.Kind = "person" }, reason.PresentationHolderBindingFailed},
			"of the member herself, as person": {func(w *ward, a *team) {
				a.leaf.Delegate = credential.Delegate{ID: w.joy.Method.DID().String(), Kind: "person"}
			}, reason.PresentationHolderBindingFailed},
			"under a relationship for persons": {func(w *ward, _ *team) {
				r := w.framework.Relationships["adult-to-adult"]
				r.DelegateKinds = []string{"person"}
				w.framework.Relationships["adult-to-adult"] = r
			}, reason.TrustDelegateKind},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWard(t)
				a := w.team(format, format)
				one.change(w, a)
				w.expect(w.presentTeam(a), one.want)
			})
		}
	}
}

// TestWorkgroupWithoutMember leaves the membership out, or proves something else.
func TestWorkgroupWithoutMember(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWard(t)
		link := w.seal(format, w.referral(format), w.issuer)
		s := w.ask(booking())
		w.expect(w.post(s, map[string][]string{idIn("team", format): {w.discloseAny(format, link)}}), reason.PresentationNotAMember)
		s = w.ask(booking()) // the group's own key is no member
		w.expect(w.post(s, map[string][]string{queryOf(format): {w.showAny(s, format, link, w.group)}}), reason.PresentationNotAMember)
		s = w.ask(booking()) // nor does a member help who did not present
		answer := w.teamAnswer(s, w.team(format, format))
		delete(answer, idIn("team", format))
		w.expect(w.post(s, answer), reason.QueryUnsatisfied)
		s = w.ask(booking())
		answer = w.teamAnswer(s, w.team(format, format))
		delete(answer, idIn("team", format))
		answer[queryOf(format)] = []string{w.showAny(s, format, link, w.group)}
		w.expect(w.post(s, answer), reason.PresentationNotAMember)
		s = w.ask(booking()) // a delegation with a proof is no membership
		answer = w.teamAnswer(s, w.team(format, format))
		answer[idIn("membership", format)] = []string{w.showAny(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}
		w.expect(w.post(s, answer), reason.PresentationNotAMember)
		s = w.ask(booking()) // the first who proved is the presenter; the others cannot speak for them
		bob := w.team(format, format)
		bob.member.Delegate.ID, bob.member.Workgroup, bob.holder = w.bob.Method.DID().String(), "did:web:ward9.test", w.bob
		answer = w.teamAnswer(s, bob)
		id := idIn("membership", format)
		answer[id] = append(answer[id], w.teamAnswer(s, w.team(format, format))[id]...)
		w.expect(w.post(s, answer), reason.PresentationNotAMember)
	}
}

// TestMembershipWithoutProof hands over the right membership where no proof is asked for, beside the proof of a wrong one.
func TestMembershipWithoutProof(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWard(t)
		a := w.team(format, format)
		a.member.Workgroup = "did:web:ward9.test"
		s := w.ask(booking())
		answer := w.teamAnswer(s, a)
		answer[idIn("identity", format)] = []string{w.disclosed(format, w.memberOf(format), w.issuer)}
		w.expect(w.post(s, answer), reason.PresentationNotAMember)
	}
}

// TestMembershipChangesNothing shows memberships, good and bad, beside a link that needs none (P16).
func TestMembershipChangesNothing(t *testing.T) {
	for _, format := range []string{sd, vc} {
		for name, change := range map[string]func(w *ward, a *team){
			"good":      func(*ward, *team) {},
			"signature": func(w *ward, a *team) { a.memberBy = w.forged() },
			"nonce":     func(_ *ward, a *team) { a.binding = func(b *credential.Binding) { b.Nonce = "another" } },
			"revoked":   func(w *ward, a *team) { w.revoke(a.member) },
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				w := newWard(t)
				a := w.team(format, format)
				change(w, a)
				s := w.ask(booking())
				answer := w.teamAnswer(s, a)
				delete(answer, idIn("team", format))
				answer[queryOf(format)] = []string{w.showAny(s, format, w.seal(format, w.root(format), w.issuer), w.bob)}
				w.expect(w.post(s, answer), reason.OK)
				if w.askedFor(a.member) {
					t.Error("its status was asked for")
				}
			})
		}
	}
}

// TestWorkgroupInAChain passes a link on to a workgroup.
func TestWorkgroupInAChain(t *testing.T) {
	for _, format := range []string{sd, vc} {
		w := newWard(t)
		root := w.root(format)
		root.Redelegation.Kinds = []string{"workgroup"}
		raw := w.seal(format, root, w.issuer)
		a := w.team(format, format)
		a.leaf.ID, a.leaf.Issuer, a.leaf.GrantedBy, a.leafBy = "urn:uuid:6f3c3f0a-1f0e-4f5c-8b53-000000000002", root.Delegate.ID, root.Delegate.ID, w.bob
		a.leaf.Redelegation = credential.Redelegation{Kinds: []string{}}
		a.leaf.Parent = &credential.Parent{ID: root.ID, Digest: w.digestOf(format, raw)}
		s := w.ask(booking())
		answer := w.teamAnswer(s, a)
		w.expect(w.post(s, answer), reason.ChainParentMissing)
		s = w.ask(booking())
		answer = w.teamAnswer(s, a)
		answer[parentsOf(format)] = []string{w.discloseAny(format, raw)}
		w.expect(w.post(s, answer), reason.OK)
	}
}

// TestQueryOfSupport shows that supporting credentials are asked for where the framework leaves room for them, and
// nowhere else.
func TestQueryOfSupport(t *testing.T) {
	ids := func(w *world) (all []string, q dcql.Query) {
		q = w.ask(booking()).request.Query
		for _, c := range q.Credentials {
			all = append(all, c.ID)
		}
		return all, q
	}
	plain := []string{"delegation", "parents", "delegation_jwt", "parents_jwt"}
	if got, _ := ids(newWorld(t)); !slices.Equal(got, plain) {
		t.Errorf("a plain deployment asks for %v", got)
	}
	w := newWard(t)
	all, q := ids(w.world)
	if want := []string{"delegation", "parents", "team", "membership", "identity", "delegation_jwt", "parents_jwt", "team_jwt", "membership_jwt", "identity_jwt"}; !slices.Equal(all, want) {
		t.Errorf("got %v", all)
	}
	for id, bound := range map[string]bool{"team": false, "membership": true, "identity": false} {
		for _, c := range []*dcql.Credential{q.Find(id), q.Find(id + "_jwt")} {
			if c.Bound() != bound || c.Multiple != (id != "team") || (len(c.Claims) > 0) != (id == "team") {
				t.Errorf("%+v", c)
			}
		}
	}
	if q.Find("membership").Meta.VCTValues[0] != credential.VCTWorkgroupMembership || q.Find("identity_jwt").Meta.TypeValues[0][1] != credential.TypeIdentityBinding {
		t.Error("the types are not those")
	}
	if len(q.Sets) != 3 || len(q.Sets[0].Options) != 6 || !q.Sets[0].Must() || q.Sets[1].Must() || q.Sets[2].Must() {
		t.Errorf("%+v", q.Sets)
	}
	for name, change := range map[string]func(f *trustframework.Framework){
		"nobody is accredited": func(f *trustframework.Framework) { f.Accreditations = f.Accreditations[:1] },
		"no relationship admits it": func(f *trustframework.Framework) {
			f.Relationships = map[string]trustframework.Relationship{"adult-to-adult": {DelegateKinds: []string{"person"}}}
		},
	} {
		w := newWard(t)
		change(w.framework)
		if got, _ := ids(w.world); !slices.Equal(got, plain) {
			t.Errorf("%s: %v", name, got)
		}
	}
	one := newWard(t)
	cfg := one.cfg
	cfg.Formats = one.formats[:1]
	one.start(cfg)
	if got, q := ids(one.world); len(got) != 5 || len(q.Sets[0].Options) != 2 {
		t.Errorf("one format: %v", got)
	}
}
