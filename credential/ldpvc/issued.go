// SPDX-License-Identifier: Apache-2.0

package ldpvc

import (
	"bytes"
	"context"
	"crypto/sha256"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/warm"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// costPerByte is what a remembered credential costs in memory, by the bytes that it was received in.
const costPerByte = 4

// issued is what a credential says. Once it is remembered it is shared and never changed.
type issued struct {
	c       *credential.Credential
	late    error // a refusal of this link, to be told after those of the presentation
	secured *dataintegrity.Secured
	proved  dataintegrity.Proved // zero until verified
	digest  string               // "" until verified
}

// message is a credential on its way through the checks.
type message struct {
	*issued
	raw    []byte
	format *Format
	hash   warm.Key
}

// message reads, or remembers, a credential that stands alone. Nothing is verified.
func (f *Format) message(raw []byte) (message, error) {
	if len(raw) > dataintegrity.MaxDocument {
		return message{}, reason.New(reason.LimitBody, "")
	}
	if err := strictjson.Check(raw); err != nil {
		return message{}, err
	}
	if !f.canonical {
		return f.part(raw)
	}
	canonical, err := strictjson.AppendCanonical(make([]byte, 0, len(raw)), raw)
	if err != nil {
		return message{}, err
	}
	return f.part(canonical)
}

// part reads, or remembers, a credential that is a part of JSON that was checked and, with JCS, made
// canonical.
func (f *Format) part(raw []byte) (message, error) {
	m := message{raw: raw, format: f, hash: sha256.Sum256(raw)}
	var known bool
	if m.issued, known = f.cache.Get(m.hash); known {
		return m, nil
	}
	m.raw = bytes.Clone(raw) // what is remembered does not keep the message around it
	members := make([]strictjson.Member, 0, wire.RoomForMembers)
	for member, err := range strictjson.Members(m.raw) {
		if err != nil {
			return m, err
		}
		members = append(members, member)
	}
	var err error
	m.issued, err = f.read(m.raw, members)
	return m, err
}

// read reads a credential by its form. A credential that is wrapped never fits, so that to ask
// whether it is can wait until it did not.
func (f *Format) read(raw []byte, members []strictjson.Member) (*issued, error) {
	i, err := f.fit(raw, members)
	if err != nil || i.late != nil {
		if wrapped := structure(members); wrapped != nil {
			return nil, wrapped
		}
	}
	return i, err
}

func (f *Format) fit(raw []byte, members []strictjson.Member) (*issued, error) {
	s, err := f.secured(dataintegrity.Suites{f.suite}, raw, members)
	if err != nil {
		return nil, foreign(raw, members, err)
	}
	i := &issued{secured: s}
	i.c, i.late = wire.ReadMembersVC(raw, s.Members())
	if i.late == nil {
		i.late = f.named(i.c)
	}
	if i.c == nil || i.late != nil && (!proof.Decides(i.late) || i.c.Issuer == "") {
		return nil, i.late
	}
	return i, nil
}

// foreign says of a credential whose @context is not that of its proof what is wrong with that
// context, if anything is; else, and of all other credentials, it says err.
func foreign(raw []byte, members []strictjson.Member, err error) error {
	if reason.Of(err) != reason.CredentialSignatureInvalid {
		return err
	}
	if _, refusal := wire.ReadMembersVC(raw, members, "proof"); refusal != nil && !proof.Decides(refusal) {
		return refusal
	}
	return err
}

// secured reads the proofs of raw, of which members are.
func (f *Format) secured(ss dataintegrity.Suites, raw []byte, members []strictjson.Member) (*dataintegrity.Secured, error) {
	if f.canonical {
		return ss.ReadCanonical(raw, members)
	}
	return ss.Read(members)
}

// verify checks the proofs, of which those that verified before with the key that the issuer's
// document lists now are not checked again (performance.md §4.2). An issuer whose keys are pinned to
// another place than its document is refused.
func (m *message) verify(ctx context.Context, keys credential.Keys) error {
	if m.digest != "" {
		proved, err := m.proved.Again(ctx, keys)
		if err == nil {
			err = m.pinned(ctx, keys)
		}
		if err == nil {
			m.issued = &issued{m.c, m.late, m.secured, proved, m.digest}
			return nil
		}
		return proof.Link(m.c, m.digest, err)
	}
	want := dataintegrity.Expect{Purpose: did.AssertionMethod, Controller: m.c.Issuer}
	proved, refusal := m.secured.Verify(ctx, want, keys)
	if refusal == nil {
		refusal = m.pinned(ctx, keys)
	}
	if refusal != nil && !proof.Decides(refusal) {
		return refusal
	}
	digest, err := m.parent()
	if err != nil {
		return err
	}
	if refusal != nil {
		return proof.Link(m.c, digest, refusal)
	}
	m.proved, m.digest = proved, digest
	if err := m.covered(); err != nil {
		return proof.Link(m.c, digest, err)
	}
	if m.late == nil {
		m.format.cache.Put(m.hash, m.issued, costPerByte*len(m.raw))
	}
	return nil
}

// pinned refuses an issuer whose keys the framework finds elsewhere than in its DID document: a proof
// names a method of a DID and has no place for certificates.
func (m *message) pinned(ctx context.Context, keys credential.Keys) error {
	if keys.Issuers == nil {
		return nil
	}
	_, pinned, err := keys.Issuers.IssuerKey(ctx, credential.IssuerClaim{Issuer: m.c.Issuer}, keys.At)
	if pinned && err == nil {
		return reason.New(reason.KeyControllerMismatch, "the issuer's keys are not those of its DID document")
	}
	return err
}

// opened returns a copy, of which no one else has the top. The lists below are shared, and must
// not be changed (credential.Verified); none of them has room to grow into.
func (m *message) opened() (credential.Opened, error) {
	if m.late != nil {
		return credential.Opened{}, proof.Link(m.c, m.digest, m.late)
	}
	c := *m.c
	return credential.Opened{Credential: &c, Digest: m.digest}, nil
}

// lateLink returns the refusal of a credential whose proofs were not checked.
func (m *message) lateLink() error {
	digest, err := m.parent()
	if err != nil {
		return err
	}
	return proof.Link(m.c, digest, m.late)
}

// leaf is in front of a digest that no child can name: derived proofs vary, so that what they
// secure is no parent (delegation.md §3.4). A parent digest begins with the name of its hash.
const leaf = "leaf:"

// parent returns the parent digest (delegation.md §3.4): of the canonical N-Quads of the
// credential with its proof or, with JCS, of its canonical JSON. Neither depends on how it was
// written down.
func (m *message) parent() (string, error) {
	switch {
	case m.format.selective != nil:
		return leaf + proof.DigestOf(m.hash), nil
	case m.format.canonical:
		return proof.DigestOf(m.hash), nil
	}
	canonical, err := jsonld.Canonicalize(m.raw, jsonld.Closed, rdfc.SHA256)
	if err != nil {
		return "", err
	}
	digest, _ := proof.Digest(canonical.Bytes())
	return digest, nil
}
