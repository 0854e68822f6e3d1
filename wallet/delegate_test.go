// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// passOn delegates a part of e to somebody.
func passOn(t *testing.T, from *Wallet, e *Entry, to *Wallet, permissions ...Permitted) ([]byte, *PassedOn) {
	t.Helper()
	file, record, err := from.Delegate(t.Context(), e, Proposal{To: to.DID(), Permissions: permissions})
	check(t, err)
	return file, record
}

func TestPassOn(t *testing.T) {
	for _, format := range []string{sdjwt.Name, vcjwt.Name, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS} {
		t.Run(format, func(t *testing.T) {
			w := newTown(t)
			w.format = format
			tom, june := w.wallet(), w.wallet()
			e := w.receive(tom)
			file, record := passOn(t, tom, e, june, Permitted{"appointments/gp", []string{"view", "book"}})
			got, err := june.Accept(t.Context(), file)
			check(t, err)
			if got.From != tom.DID().String() || got.Issuer != "Larkhill Road Surgery" || got.Links != 2 || got.Onward != 0 || len(got.Allows) != 1 {
				t.Errorf("accepted: %+v", got)
			}
			if s := june.Status(t.Context(), got); !s.Good() {
				t.Errorf("status: %+v", s)
			}
			w.accesses.Resource = "appointments/gp"
			p, err := june.Prepare(t.Context(), w.link(), "")
			check(t, err)
			_, err = p.Send(t.Context(), Agree)
			check(t, err)
			leaf, above := w.presented()
			w.wantExactly(leaf.Verified().Credential(), p.Consent.Facts, 0)
			w.wantExactly(above[0].Credential(), p.Consent.Facts, 1)
			if n := len(above[0].Credential().Permissions); format == sdjwt.Name && n != 1 || format != sdjwt.Name && n != 3 {
				t.Errorf("%d permissions of the link above were shown", n)
			}
			if format == sdjwt.Name && above[0].Credential().OnBehalfOf.Identifier != nil {
				t.Error("the number left")
			}
			w.takeBack(tom, june, got, record)
		})
	}
}

func (w *town) takeBack(tom, june *Wallet, got *Entry, record *PassedOn) {
	t := w.t.(*testing.T)
	t.Helper()
	all, bad, err := tom.PassedOn(t.Context())
	check(t, err)
	if len(all) != 1 || len(bad) != 0 || all[0].To != june.DID().String() || all[0].Credential != got.Credential().ID || !all[0].Until.Equal(got.ValidUntil) {
		t.Errorf("records: %+v", all)
	}
	back, err := tom.TakeBack(t.Context(), record.ID[:8])
	check(t, err)
	if back.TakenBack.IsZero() || !slices.Equal(w.takenBack, []string{record.Credential}) {
		t.Errorf("taken back: %+v, %v", back, w.takenBack)
	}
	if _, err := tom.TakeBack(t.Context(), record.ID); err != nil || len(w.takenBack) != 1 {
		t.Errorf("again: %v", err)
	}
	w.wait(10 * time.Minute)
	if s := june.Status(t.Context(), got); s.State != "revoked" || s.Good() {
		t.Errorf("status after: %+v", s)
	}
	_, err = tom.TakeBack(t.Context(), "0000")
	want(t, err, reason.ObjectUnknown)
}

// TestThreeLinks passes on what was passed on, as far as the framework lets it.
func TestThreeLinks(t *testing.T) {
	w := newTown(t)
	tom, june := w.wallet(), w.wallet()
	e := w.receive(tom)
	file, _ := passOn(t, tom, e, june, Permitted{"appointments", []string{"view"}})
	got, err := june.Accept(t.Context(), file)
	check(t, err)
	_, _, err = june.Delegate(t.Context(), got, Proposal{To: w.wallet().DID(), Permissions: []Permitted{{"appointments", []string{"view"}}}})
	want(t, err, reason.ChainRedelegationForbidden)
}

func TestDelegateRefuses(t *testing.T) {
	w := newTown(t)
	w.grant = voidLetters
	tom := w.wallet()
	e := w.receive(tom)
	june := w.wallet().DID()
	view := []Permitted{{"appointments", []string{"view"}}}
	for name, c := range map[string]struct {
		p    Proposal
		want reason.Code
	}{
		"nothing":             {Proposal{To: june}, reason.CLIArgs},
		"more than held":      {Proposal{To: june, Permissions: []Permitted{{"gp-record", []string{"view"}}}}, reason.ChainScopeWidened},
		"another action":      {Proposal{To: june, Permissions: []Permitted{{"appointments", []string{"view", "delete"}}}}, reason.ChainScopeWidened},
		"void":                {Proposal{To: june, Permissions: []Permitted{{"gp-record/letters", []string{"view"}}}}, reason.ChainScopeWidened},
		"longer":              {Proposal{To: june, Permissions: view, Until: w.at.AddDate(1, 0, 0)}, reason.ChainValidityWidened},
		"to an organisation":  {Proposal{To: june, Permissions: view, Kind: "organisation"}, reason.ChainDelegateKind},
		"to oneself":          {Proposal{To: tom.DID(), Permissions: view}, reason.ChainCycle},
		"ended before it was": {Proposal{To: june, Permissions: view, Until: w.at.Add(-time.Minute)}, reason.CredentialSchemaInvalid},
		"to nobody":           {Proposal{Permissions: view}, reason.CredentialSchemaInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := tom.Delegate(t.Context(), e, c.p)
			want(t, err, c.want)
			if all, _, _ := tom.PassedOn(t.Context()); len(all) != 0 || w.issuer.hit("POST /v1/hosted-status") != 0 {
				t.Error("the issuer was asked, or a record kept")
			}
		})
	}
	w.issuer.serve(map[string]http.HandlerFunc{"POST /v1/hosted-status": func(rw http.ResponseWriter, _ *http.Request) {
		writeAny(rw, 201, map[string]any{"token": map[string]any{"idx": 1, "uri": w.stranger.origin + "/status/token/1-1"}})
	}})
	_, _, err := tom.Delegate(t.Context(), e, Proposal{To: june, Permissions: view})
	want(t, err, reason.StatusIssuer)
	w.issuer.serve(map[string]http.HandlerFunc{"POST /v1/hosted-status": func(rw http.ResponseWriter, _ *http.Request) {
		writeAny(rw, 403, map[string]any{"type": "/problems/forbidden"})
	}})
	_, _, err = tom.Delegate(t.Context(), e, Proposal{To: june, Permissions: view})
	want(t, err, reason.RevokeNotAuthorised)
}

func TestAcceptRefuses(t *testing.T) {
	w := newTown(t)
	tom, june, eve := w.wallet(), w.wallet(), w.wallet()
	e := w.receive(tom)
	second := w.receive(tom)
	file, record := passOn(t, tom, e, june, Permitted{"appointments", []string{"view"}})
	whole, err := ParsePackage(file)
	check(t, err)
	change := func(f func(p *Package)) []byte {
		p := *whole
		p.Parents = slices.Clone(p.Parents)
		f(&p)
		out, err := strictjson.Marshal(p)
		check(t, err)
		return out
	}
	widened := func(f func(c *credential.Credential)) []byte {
		v, err := tom.open(t.Context(), []byte(whole.Credential), tom.keys())
		check(t, err)
		c := *v.Credential()
		f(&c)
		raw, err := w.formats.Named(sdjwt.Name).Seal(t.Context(), &c, tom.keyring.inUse)
		check(t, err)
		return change(func(p *Package) { p.Credential = string(raw) })
	}
	for name, c := range map[string]struct {
		who  *Wallet
		file []byte
		want reason.Code
	}{
		"not a package":     {june, []byte(`{}`), reason.CredentialUnexpected},
		"unknown member":    {june, []byte(`{"type":"behalf-delegation/1","credential":"x","parents":["y"],"z":1}`), reason.CredentialUnexpected},
		"no links above":    {june, change(func(p *Package) { p.Parents = nil }), reason.CredentialUnexpected},
		"too many":          {june, change(func(p *Package) { p.Parents = slices.Repeat(p.Parents, MaxParents+1) }), reason.CredentialUnexpected},
		"too large":         {june, make([]byte, MaxPackage+1), reason.CredentialUnexpected},
		"one too large":     {june, change(func(p *Package) { p.Credential = strings.Repeat("x", MaxCredential+1) }), reason.CredentialUnexpected},
		"garbage":           {june, change(func(p *Package) { p.Credential = "x" }), reason.CredentialUnexpected},
		"for another":       {eve, file, reason.CredentialUnexpected},
		"another root":      {june, change(func(p *Package) { p.Parents[0] = second.held.Raw }), reason.ChainParentMissing},
		"root passed twice": {june, change(func(p *Package) { p.Parents = append(p.Parents, p.Parents[0]) }), reason.ChainParentMissing},
		"root alone":        {tom, change(func(p *Package) { p.Credential = p.Parents[0]; p.Parents = []string{p.Parents[0]} }), reason.ChainParentMissing},
		"too long a chain":  {june, change(func(p *Package) { p.Parents = slices.Repeat(p.Parents, 3) }), reason.ChainTooLong},
		"longer":            {june, widened(func(c *credential.Credential) { c.ValidUntil = e.ValidUntil.Add(time.Hour) }), reason.ChainValidityWidened},
		"other principal":   {june, widened(func(c *credential.Credential) { c.OnBehalfOf.ID = "urn:uuid:11111111-1111-4111-8111-111111111111" }), reason.ChainPrincipalChanged},
		"more actions": {june, widened(func(c *credential.Credential) {
			c.Permissions = []credential.Permission{c.Permissions[0]}
			c.Permissions[0].Actions = []string{"delete"}
		}), reason.ChainScopeWidened},
		"a link was changed": {june, widened(func(c *credential.Credential) {
			c.Parent = &credential.Parent{ID: c.Parent.ID, Digest: "sha-256:RuutkFGEGEk3WQDS3ci4z-isRfsZ_TI3E1ok6p02AHA"}
		}), reason.ChainDigestMismatch},
		"forged": {june, change(func(p *Package) {
			i := strings.IndexByte(p.Credential, '~') - 5
			p.Credential = p.Credential[:i] + map[bool]string{true: "B", false: "A"}[p.Credential[i] == 'A'] + p.Credential[i+1:]
		}), reason.CredentialSignatureInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.who.Accept(t.Context(), c.file)
			want(t, err, c.want)
		})
	}
	w.framework.Accreditations[0].Status = "revoked"
	_, err = june.Accept(t.Context(), file)
	want(t, err, reason.TrustIssuerRevoked)
	w.framework.Accreditations[0].Status = "active"
	_, err = tom.TakeBack(t.Context(), record.ID)
	check(t, err)
	w.wait(10 * time.Minute) // the lists that were fetched before are too old then
	_, err = june.Accept(t.Context(), file)
	want(t, err, reason.StatusRevoked)
	if all, _, _ := june.List(t.Context()); len(all) != 0 {
		t.Error("something was stored")
	}
	w.wait(190 * 24 * time.Hour)
	w.framework.Accreditations[0].Until = w.at.AddDate(1, 0, 0)
	_, err = june.Accept(t.Context(), file)
	want(t, err, reason.CredentialExpired)
}

// TestTakeBackRefused shows that what the issuer refused is not recorded as done.
func TestTakeBackRefused(t *testing.T) {
	w := newTown(t)
	tom, june := w.wallet(), w.wallet()
	_, record := passOn(t, tom, w.receive(tom), june, Permitted{"appointments", []string{"view"}})
	delete(w.hosted, record.Credential)
	_, err := tom.TakeBack(t.Context(), record.ID)
	want(t, err, reason.RevokeNotAuthorised)
	all, _, _ := tom.PassedOn(t.Context())
	if !all[0].TakenBack.IsZero() {
		t.Error("recorded as taken back, and it is not")
	}
	delete(w.framework.Parties, w.issuer.id.String())
	_, err = tom.TakeBack(t.Context(), record.ID)
	want(t, err, reason.OfferUntrusted)
}

func TestParsePermitted(t *testing.T) {
	got, err := ParsePermitted("appointments/gp:view,book")
	check(t, err)
	if got.Resource != "appointments/gp" || !slices.Equal(got.Actions, []string{"view", "book"}) || got.String() != "appointments/gp:view,book" {
		t.Errorf("%+v", got)
	}
	for _, s := range []string{"", "a", "a:", ":view", "a:view,", "a:view,view", "a:view book", "a//b:view", "a:View", "a:" + strings.Repeat("v,", 70) + "v", "a:b:c"} {
		_, err := ParsePermitted(s)
		want(t, err, reason.CLIArgs)
	}
}

// TestToNobody shows that the zero DID is refused, not signed for.
func TestToNobody(t *testing.T) {
	w := newTown(t)
	tom := w.wallet()
	_, _, err := tom.Delegate(t.Context(), w.receive(tom), Proposal{To: did.DID{}, Permissions: []Permitted{{"appointments", []string{"view"}}}})
	if err == nil {
		t.Error("signed for nobody")
	}
}

// TestWhoSpeaksForALink: the status of a link that a person signed is the root's issuer's to tell,
// and nobody else's, as gateways see it.
func TestWhoSpeaksForALink(t *testing.T) {
	w := newTown(t)
	tom, june := w.wallet(), w.wallet()
	file, _ := passOn(t, tom, w.receive(tom), june, Permitted{"appointments", []string{"view"}})
	got, err := june.Accept(t.Context(), file)
	check(t, err)
	if _, _, err := june.stateOf(t.Context(), w.issuer.id.String(), got.Credential()); err != nil {
		t.Errorf("the root's issuer: %v", err)
	}
	_, _, err = june.stateOf(t.Context(), w.gateway.id.String(), got.Credential())
	want(t, err, reason.StatusUnavailable)
}
