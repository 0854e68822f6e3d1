// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// asked is a service of another site than the town's gateway, listed for everything.
func (w *town) asked(s *site) *service {
	w.framework.Verifiers = append(w.framework.Verifiers, trustframework.Verifier{
		ID: s.id.String(), Name: "Second", Controllers: []string{controller}, Purposes: []string{purpose}, Resources: []string{"*"},
	})
	return w.serviceAt(s)
}

// TestCopyRaceWAL08 answers two services that asked at the same time: one copy never reaches both without a warning,
// and no mark of the one is lost over the other.
func TestCopyRaceWAL08(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.batch = 2
	held := w.wallet()
	_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(2))
	check(t, err)
	first, second := w.service(), w.asked(w.issuer)
	one, err := held.Prepare(t.Context(), first.link(""), "")
	check(t, err)
	two, err := held.Prepare(t.Context(), second.link(""), "")
	check(t, err)
	_, err = one.Send(t.Context(), Agree)
	check(t, err)
	if _, err := two.Send(t.Context(), Agree); reason.Of(err) != reason.PrivacyReuse || len(second.answers) != 0 {
		t.Errorf("the same copy goes to two services: %v", err)
	}
	two, err = held.Prepare(t.Context(), second.link(""), "")
	check(t, err)
	_, err = two.Send(t.Context(), Agree)
	check(t, err)
	if one.Consent.Credential.ID == two.Consent.Credential.ID || len(two.Consent.Warnings) != 0 {
		t.Error("the second service does not get a copy of its own")
	}
}

// TestRemovedCopyStaysAway answers with a copy that was removed while the person was asked: nothing leaves, and
// the mark brings nothing back.
func TestRemovedCopyStaysAway(t *testing.T) {
	w := newTown(t)
	o := w.office()
	o.batch = 2
	held := w.wallet()
	_, err := held.Receive(t.Context(), o.codeOffer(), o.taker(2))
	check(t, err)
	a := w.service()
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	check(t, held.Remove(t.Context(), p.Consent.Credential.ID))
	if _, err := p.Send(t.Context(), Agree); reason.Of(err) != reason.ObjectUnknown || len(a.answers) != 0 {
		t.Errorf("a removed copy leaves: %v", err)
	}
	if _, err := held.Find(t.Context(), p.Consent.Credential.ID); reason.Of(err) != reason.ObjectUnknown {
		t.Errorf("a removed copy is back: %v", err)
	}
}

// TestAccessIsWords refuses an access whose resource or action is no word of the vocabulary but a sentence for the
// person, or that says one of the two alone: what is agreed to is what is asked.
func TestAccessIsWords(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	a := w.service()
	w.registers(func(v *trustframework.Verifier) { v.Resources = []string{"*"} })
	for name, change := range map[string]func(*vp.Access){
		"a sentence below":   func(a *vp.Access) { a.Resource = "appointments/x - nothing leaves your wallet" },
		"a slash too much":   func(a *vp.Access) { a.Resource = "appointments/" },
		"everything":         func(a *vp.Access) { a.Resource = "*" },
		"no resource":        func(a *vp.Access) { a.Resource = "" },
		"no action":          func(a *vp.Access) { a.Action = "" },
		"a sentence to do":   func(a *vp.Access) { a.Action = "only check the date of" },
		"a line break to do": func(a *vp.Access) { a.Action = "book\nnothing of" },
	} {
		a.change = func(r *vp.Request) {
			change(r.Access)
			for i := range r.Query.Credentials { // no claim, so that no permission is compared with the access
				r.Query.Credentials[i].Claims, r.Query.Credentials[i].ClaimSets = nil, nil
			}
		}
		if p, err := held.Prepare(t.Context(), a.link(""), ""); reason.Of(err) != reason.RequestInvalid {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				t.Log(p.Consent.Access)
			}
		}
	}
}

// TestStatementsOfOthers passes over what others attest of a service, signed by algorithms of their own, in members
// that our reader refuses; it is no attestation of our registry, forged or not.
func TestStatementsOfOthers(t *testing.T) {
	w := newTown(t)
	k, err := key.Generate(key.ES256, rand.Reader)
	check(t, err)
	registry, err := didkey.Signer(k)
	check(t, err)
	v := newVault(t)
	v.home.Settings.Trusted = []string{registry.Method.DID().String()}
	held := w.over(v)
	w.receive(held)
	a := w.service()
	for header, want := range map[string]reason.Code{
		`{"alg":"RS256","typ":"rc-wrp+jwt"}`:                    "",
		`{"alg":"PS256","typ":"rc-wrp+jwt","x5c":["AQID"]}`:     "",
		`{"alg":"ES256","typ":"rc-wrp+jwt","crit":["x"],"x":1}`: "",
		`{"alg":"RS256"}`: "",
		`{"alg":"RS256","typ":"` + trustframework.AttestationType + `"}`:  reason.RegistrySignature,
		`{"alg":"none","typ":"application/Trust-Framework-Verifier+JWT"}`: reason.RegistrySignature,
	} {
		info, err := vp.InfoJWT(base64.RawURLEncoding.EncodeToString([]byte(header)) + ".e30.AAAA")
		check(t, err)
		a.change = func(r *vp.Request) { r.VerifierInfo = []vp.VerifierInfo{info} }
		if _, err := held.Prepare(t.Context(), a.link(""), ""); reason.Of(err) != want {
			t.Errorf("%s: %v, want %q", header, err, want)
		}
	}
}

// TestWholeComesLast answers with what can hold something back where it shows no more permissions than what cannot: the
// latter shows the person's number as well.
func TestWholeComesLast(t *testing.T) {
	w := newTown(t)
	w.grant = func(c *credential.Credential) { c.Permissions = c.Permissions[:1] }
	held := w.wallet()
	w.format = vcjwt.Name
	w.receive(held)
	w.format = sdjwt.Name
	selective := w.receive(held)
	w.ask = func(r *vp.Request) { slices.Reverse(r.Query.Credentials) } // the service likes the whole of it better
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	if p.Consent.Whole || p.Consent.Credential.ID != selective.ID || len(p.Consent.Also) != 1 {
		t.Errorf("%+v", p.Consent)
	}
}

// TestMembershipCopiesWAL08 shows each service a copy of its own of a membership as well: it names the person, as the link
// of their workgroup does not.
func TestMembershipCopiesWAL08(t *testing.T) {
	w := newTown(t)
	w.accredit(credential.TypeWorkgroupMembership)
	v := newVault(t)
	held := w.over(v)
	for range 2 {
		e, err := held.Accept(t.Context(), w.supporter(credential.TypeWorkgroupMembership, held.DID().String(), team, nil))
		check(t, err)
		e.held.Group = "copies"
		check(t, v.write(heldMark+e.held.ID+itemEnd, e.held))
	}
	_, err := held.Accept(t.Context(), w.toTeam())
	check(t, err)
	shown := func(a *service) (string, []Warning) {
		a.change = w.wider
		p, err := held.Prepare(t.Context(), a.link(""), "")
		check(t, err)
		_, err = p.Send(t.Context(), Agree)
		check(t, err)
		raw, _, _ := strings.Cut(a.answers[len(a.answers)-1].Token["membership"][0], "~")
		return raw, p.Consent.Warnings
	}
	first, second := w.service(), w.asked(w.issuer)
	one, none := shown(first)
	two, neither := shown(second)
	if one == two || len(none)+len(neither) != 0 {
		t.Errorf("two services see one membership: %t, warned: %v %v", one == two, none, neither)
	}
	if again, _ := shown(first); again != one {
		t.Error("a service sees another copy than before")
	}
}

// TestChosenPrincipalStays offers no credential for another person once the person has said for whom: the next choice
// cannot change it by the way.
func TestChosenPrincipalStays(t *testing.T) {
	w := newTown(t)
	held := w.wallet()
	w.receive(held)
	w.receive(held)
	const dave = "urn:uuid:22222222-2222-4222-8222-222222222222"
	w.grant = func(c *credential.Credential) { c.OnBehalfOf.ID, c.GrantedBy = dave, dave }
	w.receive(held)
	w.receive(held)
	a := w.service()
	a.change = func(r *vp.Request) { r.Access.Principal = "" }
	p, err := held.Prepare(t.Context(), a.link(""), "")
	check(t, err)
	if len(p.Consent.Also) != 3 || len(p.Consent.Principals) != 2 {
		t.Fatalf("%d others for %v", len(p.Consent.Also), p.Consent.Principals)
	}
	check(t, p.For(t.Context(), dave))
	if also := p.Consent.Also; len(also) != 1 || also[0].OnBehalfOf != dave {
		t.Errorf("offered as well: %v", also)
	}
	check(t, p.Use(t.Context(), p.Consent.Also[0].ID))
	if p.Consent.Access.Principal != dave {
		t.Errorf("for %s", p.Consent.Access.Principal)
	}
}
