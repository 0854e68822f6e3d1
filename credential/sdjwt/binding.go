// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// kbType is the typ of the holder proof (RFC 9901 §4.3).
const kbType = "kb+jwt"

// bound checks the KB-JWT: form, occasion, what it is over, signature.
func (m *message) bound(want credential.Binding) error {
	if len(m.kb) == 0 {
		return reason.New(reason.KBMissing, "")
	}
	t, err := jose.Parse(m.kb, jose.Policy{Type: kbType, Key: jose.FromContext})
	if err != nil {
		return renamed(err, reason.JOSETypMismatch, reason.KBTyp)
	}
	if err := m.occasion(t.Unverified(), want); err != nil {
		return err
	}
	if _, err := t.Verify(m.issued.holder); err != nil {
		return renamed(err, reason.CredentialSignatureInvalid, reason.PresentationHolderBindingFailed)
	}
	return nil
}

func (m *message) occasion(payload []byte, want credential.Binding) error {
	var room [8]strictjson.Member
	members, err := strictjson.CheckMembers(payload, room[:0])
	if err != nil {
		return err
	}
	var claims proof.Claims
	var over []byte
	var hashes, alg strictjson.Value
	for _, c := range members {
		switch {
		case claims.Take(c):
		case string(c.Name) == "sd_hash":
			over, _ = strictjson.Text(c.Value)
		case string(c.Name) == "transaction_data_hashes":
			hashes = c.Value
		case string(c.Name) == "transaction_data_hashes_alg":
			alg = c.Value
		}
	}
	if err := claims.Check(want); err != nil {
		return err
	}
	if err := proof.CheckTransaction(hashes, alg, want); err != nil {
		return err
	}
	var text [2 * maxHash]byte
	if string(over) != string(m.alg.sdHash(text[:0], m.presented)) {
		return reason.New(reason.KBSDHash, "")
	}
	return nil
}

// holder returns the DID in sub, if the key that made the proof authenticates it.
func (m *message) holder(ctx context.Context, keys credential.Keys) (did.DID, error) {
	id, err := did.Parse(m.base.Delegate.ID)
	if err != nil && m.late != nil {
		return did.DID{}, proof.Link(&m.base, m.digest, m.late)
	}
	if err != nil {
		return did.DID{}, reason.Wrap(reason.PresentationHolderBindingFailed, "sub is no DID", err)
	}
	ok, err := proof.Holds(ctx, keys, id, m.issued.holder)
	if err != nil {
		return did.DID{}, err
	}
	if !ok {
		return did.DID{}, reason.New(reason.PresentationHolderBindingFailed, "the key in cnf is not one of sub")
	}
	return id, nil
}

// renamed gives err the code to where it has the code from.
func renamed(err error, from, to reason.Code) error {
	if reason.Of(err) == from {
		return reason.Wrap(to, "", err)
	}
	return err
}
