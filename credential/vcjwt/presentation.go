// SPDX-License-Identifier: Apache-2.0

package vcjwt

import (
	"bytes"
	"context"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// PresentationType is the typ of a presentation.
const PresentationType = "vp+jwt"

var presentationPolicy = jose.Policy{Type: PresentationType, Key: jose.FromKeyID}

// Disclose implements credential.Presenter. The format hides nothing: it returns all of s.Raw.
// What s chooses and s.Raw does not hold is query.unsatisfied.
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
	return bytes.Clone(s.Raw), nil
}

// Present implements credential.Presenter: a vp+jwt around the one enveloped credential. by
// must be a method of the credential's subject.
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
	h := jose.Header{Type: PresentationType, ContentType: "vp", KeyID: by.Method.String()}
	return jose.Sign(ctx, h, appendPresentation(raw, b, m.c.Delegate.ID), by)
}

func appendPresentation(raw []byte, b credential.Binding, holder string) []byte {
	o := wire.Open(make([]byte, 0, len(raw)+640))
	o.List("@context", []string{credential.ContextVC})
	o.List("type", []string{"VerifiablePresentation"})
	o.Text("holder", holder)
	o.Name("verifiableCredential")
	e := wire.Open(append(o.Buf, '['))
	e.Text("@context", credential.ContextVC)
	e.Text("id", dataURL+string(raw))
	e.Text("type", enveloped)
	o.Buf = append(e.Close(), ']')
	o.Text("nonce", b.Nonce)
	o.Text("aud", b.Audience)
	o.Int("iat", b.At.Unix())
	return o.Close()
}

// OpenPresentation implements credential.Presenter. Signer, holder and credentialSubject.id
// must be one DID, else presentation.holder_binding_failed; the signer's key must be listed under
// authentication. The credential travels as the one EnvelopedVerifiableCredential.
func (f *Format) OpenPresentation(ctx context.Context, raw []byte, want credential.Binding, keys credential.Keys) (credential.Opened, did.DID, error) {
	if err := proof.Usable(keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := proof.NoTransaction(want); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	p, err := readPresentation(raw)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := p.claims.Check(want); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	m, err := f.message(p.credential)
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if m.late != nil && m.c.Delegate.ID == "" { // nobody could prove to be the subject
		return credential.Opened{}, did.DID{}, proof.Link(m.c, m.digest, m.late)
	}
	if err := p.bound(ctx, m.c.Delegate.ID, keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	if err := m.verify(ctx, keys); err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	o, err := m.opened()
	if err != nil {
		return credential.Opened{}, did.DID{}, err
	}
	return o, p.method.DID(), nil
}

// presentation is a vp+jwt by its form.
type presentation struct {
	token      jose.Token
	method     did.URL
	claims     proof.Claims
	holder     []byte
	credential []byte // the JWT in the envelope
}

func readPresentation(raw []byte) (*presentation, error) {
	t, err := jose.Parse(raw, presentationPolicy)
	if err != nil {
		return nil, err
	}
	if t.Header.ContentType != "" && t.Header.ContentType != "vp" {
		return nil, reason.New(reason.JOSEHeaderInvalid, "cty is not vp")
	}
	p := &presentation{token: t}
	if p.method, err = did.ParseURL(t.Header.KeyID); err != nil {
		return nil, reason.Wrap(reason.JOSEKidInvalid, "kid is not a DID URL", err)
	}
	var room [12]strictjson.Member
	members, err := strictjson.CheckMembers(t.Unverified(), room[:0])
	if err != nil {
		return nil, err
	}
	return p, p.payload(members)
}

func (p *presentation) payload(members []strictjson.Member) error {
	context, kind := false, false
	for _, m := range members {
		switch string(m.Name) {
		case "@context":
			context = isContext(m.Value)
		case "type":
			kind = wire.IsType(m.Value, "VerifiablePresentation")
		case "vc", "vp":
			return reason.New(reason.VCAmbiguous, "the encoding of version 1.1")
		default:
			if err := p.member(m); err != nil {
				return err
			}
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

func (p *presentation) member(m strictjson.Member) (err error) {
	switch string(m.Name) {
	case "holder", "iss":
		who, err := strictjson.Text(m.Value)
		if err != nil {
			return err
		}
		if p.holder != nil && !bytes.Equal(p.holder, who) {
			return reason.New(reason.PresentationHolderBindingFailed, "iss and holder differ")
		}
		p.holder = who
	case "verifiableCredential":
		p.credential, err = unwrapAll(m.Value)
	default:
		p.claims.Take(m)
	}
	return err
}

// bound checks who made the proof: the credential's subject, by a key of its own.
func (p *presentation) bound(ctx context.Context, subject string, keys credential.Keys) error {
	signer := p.method.DID().String()
	if signer != subject || p.holder != nil && string(p.holder) != signer {
		return reason.New(reason.PresentationHolderBindingFailed, "signer, holder and subject are not one")
	}
	k, err := proof.Key(ctx, keys, p.method, did.Authentication)
	if err != nil {
		return err
	}
	_, err = p.token.Verify(k)
	if reason.Of(err) == reason.CredentialSignatureInvalid {
		return reason.Wrap(reason.PresentationHolderBindingFailed, "", err)
	}
	return err
}

// unwrapAll returns the credential in the one envelope of verifiableCredential.
func unwrapAll(v strictjson.Value) (jwt []byte, err error) {
	if v.Kind() == '{' {
		return unwrap(v)
	}
	for item, err := range strictjson.Items(v) {
		if err != nil || jwt != nil {
			return nil, reason.New(reason.VCStructure, "not one credential")
		}
		if jwt, err = unwrap(item); err != nil {
			return nil, err
		}
	}
	return jwt, nil
}

// unwrap takes a credential out of its envelope (VC Data Model 2.0 §4.13).
func unwrap(envelope strictjson.Value) ([]byte, error) {
	if envelope.Kind() != '{' {
		return nil, reason.New(reason.VCStructure, "a credential is not an object")
	}
	var id []byte
	context, kind := false, false
	for m, err := range strictjson.Members(envelope) {
		switch {
		case err != nil:
			return nil, err
		case string(m.Name) == "id":
			id, _ = strictjson.CheckedText(m.Value)
		case string(m.Name) == "type":
			kind = wire.IsType(m.Value, enveloped)
		case string(m.Name) == "@context":
			context = isContext(m.Value)
		default:
			return nil, reason.New(reason.VCStructure, "an envelope has unsigned siblings")
		}
	}
	if !context {
		return nil, reason.New(reason.VCContextInvalid, "")
	}
	jwt, ok := bytes.CutPrefix(id, []byte(dataURL))
	if !kind || !ok || len(jwt) == 0 {
		return nil, nested(envelope, reason.New(reason.VCStructure, "not an envelope of a "+Name))
	}
	return jwt, nil
}

// isContext reports whether a @context is, or begins with, that of the data model.
func isContext(v strictjson.Value) bool {
	if v.Kind() != '[' {
		t, err := strictjson.Text(v)
		return err == nil && string(t) == credential.ContextVC
	}
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return false
		}
		t, err := strictjson.Text(item)
		return err == nil && string(t) == credential.ContextVC
	}
	return false
}
