// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/sdjwt"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/publisher"
	"github.com/behalf-id/behalf/credential/vcjwt"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// noRandom runs dry after so many reads.
type noRandom struct {
	left int
	of   interface{ Read([]byte) (int, error) }
}

func (r *noRandom) Read(p []byte) (int, error) {
	if r.left--; r.left < 0 {
		return 0, errors.New("no randomness")
	}
	return r.of.Read(p)
}

// TestNoLinkWithoutARecord keeps back a link that was signed where the record of it, by which it can be taken back, could not
// be written.
func TestNoLinkWithoutARecord(t *testing.T) {
	w := newTown(t)
	w.format = sdjwt.Name
	tom, june := w.wallet(), w.wallet()
	e := w.receive(tom)
	d, err := tom.Propose(t.Context(), e, Proposal{To: june.DID(), Permissions: []Permitted{{"appointments/gp", []string{"view"}}}})
	check(t, err)
	tom.cfg.Vault.random = &noRandom{of: tom.cfg.Vault.random}
	file, record, err := d.Sign(t.Context())
	if err == nil || file != nil || record != nil {
		t.Errorf("a link of %d bytes left without a record: %v", len(file), err)
	}
}

// TestStatusOfSelfIssued asks for the status of a delegation that the principal issued where gateways do: at the party that
// hosts its list.
func TestStatusOfSelfIssued(t *testing.T) {
	for _, format := range []string{sdjwt.Name, vcjwt.Name, dataintegrity.ECDSARDFC, dataintegrity.ECDSAJCS} {
		t.Run(format, func(t *testing.T) {
			w := newTown(t)
			w.format = format
			r := w.framework.Relationships["adult-to-adult"]
			r.SelfIssue = true
			w.framework.Relationships["adult-to-adult"] = r
			private, err := key.Generate(key.ES256, rand.Reader)
			check(t, err)
			jill, err := didkey.Signer(private)
			check(t, err)
			held := w.wallet()
			c := w.delegation(held.DID().String(), jill.Method.DID().String())
			c.OnBehalfOf, c.GrantedBy = credential.Principal{ID: c.Issuer}, c.Issuer
			ref, refs := w.refs(format)
			c.Status = refs
			file := w.file(c, jill)
			e, err := held.Accept(t.Context(), file)
			check(t, err)
			if s := held.Status(t.Context(), e); !s.Good() {
				t.Errorf("before: %+v", s)
			}
			check(t, w.book.Set(t.Context(), []publisher.Ref{ref}, status.Revoked))
			w.wait(10 * time.Minute)
			if s := held.Status(t.Context(), e); s.State != status.Revoked.String() {
				t.Errorf("after: %+v", s)
			}
			_, err = held.Accept(t.Context(), file)
			want(t, err, reason.StatusRevoked)
		})
	}
}

// TestNewestSupport shows the membership that came last: the older may have been
// replaced, and taken back, before its time.
func TestNewestSupport(t *testing.T) {
	w := newTown(t)
	w.accredit(credential.TypeWorkgroupMembership)
	w.ask = w.wider
	held := w.wallet()
	var newest *Entry
	for range 2 {
		var err error
		newest, err = held.Accept(t.Context(), w.supporter(credential.TypeWorkgroupMembership, held.DID().String(), team, nil))
		check(t, err)
		w.wait(time.Minute)
	}
	_, err := held.Accept(t.Context(), w.toTeam())
	check(t, err)
	p, err := held.Prepare(t.Context(), w.link(), "")
	check(t, err)
	_, err = p.Send(t.Context(), Agree)
	check(t, err)
	sent := w.answers[len(w.answers)-1].Token["membership"]
	if len(sent) != 1 {
		t.Fatalf("%d memberships were sent", len(sent))
	}
	v, err := credential.OpenPresentation(t.Context(), w.formats.Named(w.format), []byte(sent[0]),
		credential.Binding{Audience: vp.ClientID(w.gateway.id), Nonce: w.request.Nonce, At: w.now()}, credential.Keys{Resolver: w.keys, At: w.now()})
	check(t, err)
	if v.Verified().Credential().ID != newest.Credential().ID {
		t.Error("the older membership was sent")
	}
}
