// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"bytes"
	"context"
	"crypto/subtle"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// presentationType is the type of a presentation (VC Data Model 2.0 §4.13).
const presentationType = "VerifiablePresentation"

// roomForPresentation is how many members a presentation usually has at most.
const roomForPresentation = 8

// Disclose implements credential.Presenter. With ecdsa-sd-2023 it returns the limiting members of
// s.Raw and what s chooses, with a derived proof; the other suites hide nothing, and it returns all
// of s.Raw. What s chooses and s.Raw does not hold is query.unsatisfied.
func (f *Format) Disclose(s credential.Selection) ([]byte, error) {
	m, err := f.message(s.Raw)
	if err != nil {
		return nil, err
	}
	if m.late != nil {
		return nil, m.late
	}
	if err := proof.Selects(s, m.c); err != nil {
		return nil, err
	}
	if f.selective != nil {
		return derive(s.Raw, m.c, s)
	}
	return bytes.Clone(s.Raw), nil
}

// Present implements credential.Presenter: a VerifiablePresentation of the one credential, with a
// proof under authentication whose challenge is the nonce and whose domain is the audience. by
// must be a method of the credential's subject; its key chooses the suite.
func (f *Format) Present(ctx context.Context, s credential.Selection, b credential.Binding, by did.Signer) ([]byte, error) {
	if err := proof.NoTransaction(b); err != nil {
		return nil, err
	}
	raw, err := f.Disclose(s)
	if err != nil {
		return nil, err
	}
	m, err := f.message(raw)
	if err != nil {
		return nil, err
	}
	if by.Signer == nil || by.Method.DID().String() != m.c.Delegate.ID {
		return nil, reason.New(reason.PresentationHolderBindingFailed, "the signer is not the subject")
	}
	for _, suite := range f.holders {
		if suite.Fits(dataintegrity.Method{URL: by.Method, Key: by.Public()}) {
			o := dataintegrity.Options{
				Created: b.At.Truncate(time.Second), Purpose: did.Authentication,
				Challenge: b.Nonce, Domain: []string{b.Audience},
			}
			return f.sign(ctx, appendPresentation(raw, m.c.Delegate.ID), suite, o, by)
		}
	}
	return nil, reason.New(reason.DISuite, "there is no suite for the holder's key")
}

func appendPresentation(raw []byte, holder string) []byte {
	o := wire.Open(make([]byte, 0, len(raw)+640))
	o.List("@context", []string{credential.ContextVC})
	o.List("type", []string{presentationType})
	o.Text("holder", holder)
	o.Name("verifiableCredential")
	o.Buf = append(append(append(o.Buf, '['), raw...), ']')
	return o.Close()
}

// OpenPresentation implements credential.Presenter. Signer, holder and credentialSubject.id
// must be one DID, else presentation.holder_binding_failed; the signer's key must be listed under
// authentication. The challenge of every proof is the nonce, its domain the one audience, and
// created, which is due, its age.
func (f *Format) OpenPresentation(ctx context.Context, raw []byte, want credential.Binding, keys credential.Keys) (credential.Opened, did.DID, error) {
	if err := proof.Usable(keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := proof.NoTransaction(want); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	p, err := f.presentation(raw)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := p.occasion(want); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	m, err := f.part(p.credential)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if m.late != nil && m.c.Delegate.ID == "" { // nobody could prove to be the subject
		return credential.Opened{}, did.DID{}, m.lateLink()
	}
	holder, err := p.bound(ctx, m.c.Delegate.ID, want, keys)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := m.verify(ctx, keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	o, err := m.opened()
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	return o, holder, nil
}

// presentation is a VerifiablePresentation by its form.
type presentation struct {
	secured    *dataintegrity.Secured
	proofs     []dataintegrity.Proof
	holder     []byte // nil where it has none
	credential strictjson.Value
}

func (f *Format) presentation(raw []byte) (*presentation, error) {
	if len(raw) > dataintegrity.MaxDocument {
		return nil, reason.New(reason.LimitBody, "")
	}
	raw, members, err := f.checked(raw)
	if err != nil {
		return nil, err
	}
	p := new(presentation)
	if err := p.members(members); err != nil {
		return nil, err
	}
	if p.secured, err = f.secured(f.holders, raw, members); err != nil {
		return nil, err
	}
	p.proofs = p.secured.Proofs()
	return p, nil
}

// checked returns raw, made canonical where the suites take JSON, and its members.
func (f *Format) checked(raw []byte) ([]byte, []strictjson.Member, error) {
	members := make([]strictjson.Member, 0, roomForPresentation)
	if !f.canonical {
		members, err := strictjson.CheckMembers(raw, members)
		return raw, members, err
	}
	if err := strictjson.Check(raw); err != nil {
		return nil, nil, err
	}
	return strictjson.CanonicalMembers(raw, members)
}

// members reads what is not the proof. Members that nothing here acts on are passed over; the
// proof covers them.
func (p *presentation) members(members []strictjson.Member) (err error) {
	context, kind := false, false
	for _, m := range members {
		switch string(m.Name) {
		case "@context":
			context = isContext(m.Value)
		case "type":
			kind = wire.IsType(m.Value, presentationType)
		case "holder":
			if p.holder, err = strictjson.Text(m.Value); err != nil {
				return err
			}
		case "verifiableCredential":
			p.credential = one(m.Value)
		case "@graph", "@included", "@reverse":
			return wrapped()
		}
	}
	switch {
	case !context:
		return reason.New(reason.VCContextInvalid, "")
	case !kind || p.credential == nil:
		return reason.New(reason.VCStructure, "not a presentation of one credential")
	}
	return nil
}

// occasion holds every proof to want, in the order of S2 of delegation.md §7: nonce, audience, age.
func (p *presentation) occasion(want credential.Binding) error {
	for _, q := range p.proofs {
		if want.Nonce == "" || subtle.ConstantTimeCompare([]byte(q.Challenge), []byte(want.Nonce)) != 1 {
			return reason.New(reason.PresentationNonceMismatch, "")
		}
	}
	for _, q := range p.proofs {
		if want.Audience == "" || len(q.Domain) != 1 || q.Domain[0] != want.Audience {
			return reason.New(reason.PresentationAudienceMismatch, "")
		}
	}
	for _, q := range p.proofs {
		if want.At.IsZero() || q.Created.IsZero() ||
			want.At.Sub(q.Created) > credential.ProofMaxAge || q.Created.Sub(want.At) > credential.ProofMaxAhead ||
			!q.Expires.IsZero() && !want.At.Before(q.Expires) {
			return reason.New(reason.PresentationStale, "")
		}
	}
	return nil
}

// bound checks who made the proofs: the credential's subject, by keys of its own.
func (p *presentation) bound(ctx context.Context, subject string, want credential.Binding, keys credential.Keys) (did.DID, error) {
	for _, q := range p.proofs {
		if signer := q.Method.DID().String(); signer != subject || p.holder != nil && string(p.holder) != signer {
			return did.DID{}, reason.New(reason.PresentationHolderBindingFailed, "signer, holder and subject are not one")
		}
	}
	expect := dataintegrity.Expect{Purpose: did.Authentication, Challenge: want.Nonce, Domain: want.Audience, Controller: subject}
	_, err := p.secured.Verify(ctx, expect, keys)
	if reason.Of(err) == reason.CredentialSignatureInvalid {
		return did.DID{}, reason.Wrap(reason.PresentationHolderBindingFailed, "", err)
	}
	return p.proofs[0].Method.DID(), err
}

// isContext reports whether a @context is an array that begins with that of the data model.
func isContext(v strictjson.Value) bool {
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return false
		}
		t, err := strictjson.Text(item)
		return err == nil && string(t) == credential.ContextVC
	}
	return false
}
