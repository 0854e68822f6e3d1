// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/dcql"
	"github.com/behalf-id/behalf/openid/vci"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

const team = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"

// typed asks for credentials of a type in the format of the town, as the gateway of this project does.
func (w *town) typed(id, kind, vct string, bound bool) dcql.Credential {
	c := dcql.Credential{ID: id, Format: vp.FormatID(w.format), Multiple: true, Binding: &bound}
	if vp.W3C(c.Format) {
		c.Meta.TypeValues = [][]string{{"VerifiableCredential", kind}}
	} else {
		c.Meta.VCTValues = []string{vct}
	}
	return c
}

// wider adds to a request what supports a delegation: links of workgroups with a membership, and identity bindings.
func (w *town) wider(r *vp.Request) {
	no := false
	suffix := map[string]string{vp.FormatVCJWT: "_jwt", vp.FormatLDP: "_ldp"}[vp.FormatID(w.format)]
	group := *r.Query.Find("leaf" + suffix)
	group.ID, group.Binding = "team", &no
	r.Query.Credentials = append(r.Query.Credentials, group,
		w.typed("membership", credential.TypeWorkgroupMembership, credential.VCTWorkgroupMembership, true),
		w.typed("identity", credential.TypeIdentityBinding, credential.VCTIdentityBinding, false))
	r.Query.Sets[0].Options = append(r.Query.Sets[0].Options, []string{"team", "membership"})
	r.Query.Sets = append(r.Query.Sets, dcql.Set{Options: [][]string{{"identity"}}, Required: &no})
}

// supporter returns a supporting credential of the town's surgery, as a file.
func (w *town) supporter(kind, about, workgroup string, change func(c *credential.Credential)) []byte {
	w.t.Helper()
	id, err := credential.NewID(rand.Reader)
	check(w.t, err)
	c := &credential.Credential{
		ID: id, Type: kind, Issuer: w.issuer.id.String(), ValidFrom: w.now().Add(-time.Hour).Truncate(time.Second), ValidUntil: w.now().AddDate(0, 1, 0).Truncate(time.Second),
		Delegate: credential.Delegate{ID: about}, Workgroup: workgroup,
	}
	_, c.Status = w.refs(w.format)
	if change != nil {
		change(c)
	}
	return w.file(c, w.issuer.signer)
}

// file seals c and writes the file of it alone.
func (w *town) file(c *credential.Credential, by did.Signer) []byte {
	w.t.Helper()
	raw, err := w.formats.Named(w.format).Seal(context.Background(), c, by)
	check(w.t, err)
	out, err := strictjson.Marshal(Package{Type: TypePackage, Credential: string(raw), Parents: []string{}})
	check(w.t, err)
	return out
}

// toTeam is a delegation to the workgroup.
func (w *town) toTeam() []byte {
	c := w.delegation(team, w.issuer.id.String())
	c.Delegate.Kind = "workgroup"
	_, c.Status = w.refs(w.format)
	return w.file(c, w.issuer.signer)
}

func (w *town) accredit(types ...string) {
	a := &w.framework.Accreditations[0]
	a.Types = append(slices.Clone(a.Types), types...)
}

// TestWorkgroup shows a link of a workgroup without a proof, and the membership with it.
func TestWorkgroup(t *testing.T) {
	for _, format := range []string{sdjwt.Name, vcjwt.Name, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS} {
		t.Run(format, func(t *testing.T) {
			w := newTown(t)
			w.format = format
			w.accredit(credential.TypeWorkgroupMembership)
			held := w.wallet()
			_, err := held.Accept(t.Context(), w.toTeam())
			want(t, err, reason.CredentialUnexpected) // no member yet
			member, err := held.Accept(t.Context(), w.supporter(credential.TypeWorkgroupMembership, held.DID().String(), team, nil))
			check(t, err)
			group, err := held.Accept(t.Context(), w.toTeam())
			check(t, err)
			if member.Type != credential.TypeWorkgroupMembership || group.Type != credential.TypeDelegation || !held.Status(t.Context(), member).Good() {
				t.Errorf("%+v, %+v", member, group)
			}
			_, err = held.Prepare(t.Context(), w.link(), "")
			want(t, err, reason.QueryUnsatisfied) // the service does not ask for workgroups
			w.ask = w.wider
			p, err := held.Prepare(t.Context(), w.link(), "")
			check(t, err)
			if p.Consent.Credential.ID != group.ID || len(factsNamed(p.Consent.Facts, "workgroup")) != 1 {
				t.Errorf("%+v", p.Consent)
			}
			_, err = p.Send(t.Context(), Agree)
			check(t, err)
			token := w.answers[len(w.answers)-1].Token
			if len(token) != 2 || len(token["team"]) != 1 || len(token["membership"]) != 1 {
				t.Fatalf("answered %v", token)
			}
			keys := credential.Keys{Resolver: w.keys, At: w.now()}
			f := w.formats.Named(format)
			proof, err := credential.OpenPresentation(t.Context(), f, []byte(token["membership"][0]), credential.Binding{Audience: vp.ClientID(w.gateway.id), Nonce: w.request.Nonce, At: w.now()}, keys)
			check(t, err)
			link, err := credential.Open(t.Context(), f, []byte(token["team"][0]), keys)
			check(t, err)
			if proof.Holder() != held.DID() || link.Credential().ID != group.Credential().ID {
				t.Error("another presenter, or another link")
			}
			w.wantExactly(link.Credential(), p.Consent.Facts, 0)
			w.wantExactly(proof.Verified().Credential(), p.Consent.Facts, -1)
			w.wait(40 * 24 * time.Hour) // the membership is over, the link is not
			_, err = held.Prepare(t.Context(), w.link(), "")
			want(t, err, reason.QueryUnsatisfied)
		})
	}
}

// TestOwnLinkBeforeOthers: what the service asks for beside makes no difference to who needs none of it.
func TestOwnLinkBeforeOthers(t *testing.T) {
	w := newTown(t)
	w.ask = w.wider
	held := w.wallet()
	w.receive(held)
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	if token := w.answers[0].Token; len(token) != 1 || len(token["leaf"]) != 1 {
		t.Errorf("answered %v", token)
	}
}

// TestSelfIssued shows the principal's identity binding beside a delegation that they issued themselves.
func TestSelfIssued(t *testing.T) {
	w := newTown(t)
	w.ask = w.wider
	w.accredit(credential.TypeIdentityBinding)
	private, err := key.Generate(key.ES256, rand.Reader)
	check(t, err)
	jill, err := didkey.Signer(private)
	check(t, err)
	her := jill.Method.DID().String()
	w.accesses.Principal = her
	held := w.wallet()
	mandate := w.delegation(held.DID().String(), her)
	mandate.OnBehalfOf, mandate.GrantedBy = credential.Principal{ID: her}, her
	_, mandate.Status = w.refs(w.format)
	file := w.file(mandate, jill)
	_, err = held.Accept(t.Context(), file)
	want(t, err, reason.TrustSelfIssuedForbidden)
	r := w.framework.Relationships["adult-to-adult"]
	r.SelfIssue = true
	w.framework.Relationships["adult-to-adult"] = r
	_, err = held.Accept(t.Context(), file)
	check(t, err)
	present := func() map[string][]string {
		t.Helper()
		p, err := held.Prepare(t.Context(), w.link(), "")
		check(t, err)
		_, err = p.Send(t.Context(), Agree)
		check(t, err)
		return w.answers[len(w.answers)-1].Token
	}
	if token := present(); len(token) != 1 {
		t.Errorf("without a binding: %v", token)
	}
	for _, about := range []string{held.DID().String(), her} {
		_, err = held.Accept(t.Context(), w.supporter(credential.TypeIdentityBinding, about, "", nil))
		check(t, err)
	}
	token := present()
	if len(token["identity"]) != 1 || len(token["leaf"]) != 1 {
		t.Fatalf("answered %v", token)
	}
	v, err := credential.Open(t.Context(), w.formats.Named(w.format), []byte(token["identity"][0]), credential.Keys{Resolver: w.keys, At: w.now()})
	check(t, err)
	if v.Credential().Delegate.ID != her {
		t.Error("another one's binding left")
	}
}

// TestReceiveMembership collects a membership as any other credential, and refuses one in the place of a delegation.
func TestReceiveMembership(t *testing.T) {
	w := newTown(t)
	w.accredit(credential.TypeWorkgroupMembership)
	held := w.wallet()
	w.grant = func(c *credential.Credential) {
		*c = credential.Credential{
			ID: c.ID, Type: credential.TypeWorkgroupMembership, Issuer: c.Issuer, ValidFrom: c.ValidFrom, ValidUntil: c.ValidUntil,
			Delegate: credential.Delegate{ID: c.Delegate.ID}, Workgroup: team, Status: c.Status,
		}
	}
	_, err := held.Receive(t.Context(), w.offer(), w.taker())
	want(t, err, reason.CredentialUnexpected) // the offer is for a delegation
	w.says("GET /.well-known/openid-credential-issuer", func(m *vci.IssuerMetadata) {
		m.Configurations = map[string]vci.Configuration{"delegation": {Format: sdjwt.Name, VCT: credential.VCTWorkgroupMembership}}
	})
	got, err := held.Receive(t.Context(), w.offer(), w.taker())
	check(t, err)
	if len(got.Entries) != 1 || got.Entries[0].Type != credential.TypeWorkgroupMembership || got.Entries[0].Credential().Workgroup != team {
		t.Errorf("%+v", got)
	}
}

// TestSupportRefused names the supporting credentials that services would ignore.
func TestSupportRefused(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	me := held.DID().String()
	member := func(change func(c *credential.Credential)) []byte {
		return w.supporter(credential.TypeWorkgroupMembership, me, team, change)
	}
	_, err := held.Accept(t.Context(), member(nil))
	want(t, err, reason.TrustIssuerUnknown) // not accredited for this type
	w.accredit(credential.TypeWorkgroupMembership)
	for name, c := range map[string]struct {
		file []byte
		want reason.Code
	}{
		"somebody else's": {w.supporter(credential.TypeWorkgroupMembership, w.wallet().DID().String(), team, nil), reason.CredentialUnexpected},
		"over":            {member(func(c *credential.Credential) { c.ValidUntil = w.at }), reason.CredentialExpired},
		"another type":    {w.supporter(credential.TypeIdentityBinding, me, "", nil), reason.TrustIssuerUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := held.Accept(t.Context(), c.file)
			want(t, err, c.want)
		})
	}
	w.framework.Accreditations[0].Status = "suspended"
	_, err = held.Accept(t.Context(), member(nil))
	want(t, err, reason.TrustIssuerUnknown)
	if all, _, _ := held.List(t.Context()); len(all) != 0 {
		t.Error("something was stored")
	}
}
