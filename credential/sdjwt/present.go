// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/internal/proof"
	"github.com/behalf-id/behalf/credential/internal/wire"
	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Disclose implements credential.Presenter. A permission or claim that s.Raw does not hold is
// query.unsatisfied. It checks no signature: the wallet opened what it holds when it took it.
func (f *Format) Disclose(s credential.Selection) ([]byte, error) {
	m, err := f.message(s.Raw)
	if err != nil {
		return nil, err
	}
	return m.disclose(s)
}

// Present implements credential.Presenter. by must have the key in cnf.
func (f *Format) Present(ctx context.Context, s credential.Selection, b credential.Binding, by did.Signer) ([]byte, error) {
	m, err := f.message(s.Raw)
	if err != nil {
		return nil, err
	}
	if by.Signer == nil || !by.Public().Equal(m.issued.holder) {
		return nil, reason.New(reason.PresentationHolderBindingFailed, "the signer is not the key in cnf")
	}
	out, err := m.disclose(s)
	if err != nil {
		return nil, err
	}
	hashes, err := proof.TransactionHashes(b)
	if err != nil {
		return nil, err
	}
	var room [2 * maxHash]byte
	o := wire.Open(make([]byte, 0, 256))
	o.Int("iat", b.At.Unix())
	o.Text("aud", b.Audience)
	o.Text("nonce", b.Nonce)
	o.Text("sd_hash", string(m.alg.sdHash(room[:0], out)))
	if len(hashes) > 0 {
		o.List("transaction_data_hashes", hashes)
		o.Text("transaction_data_hashes_alg", proof.TransactionHash)
	}
	kb, err := jose.Sign(ctx, jose.Header{Type: kbType}, o.Close(), by)
	if err != nil {
		return nil, err
	}
	return append(out, kb...), nil
}

// disclose returns the JWT with the disclosures that s chooses, in the order of the credential.
func (m *message) disclose(s credential.Selection) ([]byte, error) {
	d, err := open(m.disclosures, m.layout)
	if err != nil {
		return nil, err
	}
	out := append(append(make([]byte, 0, len(m.presented)+512), m.jwt...), '~')
	found := 0
	for i := range d.list {
		if d.list[i].chosen(s) {
			found++
			out = append(append(out, d.list[i].text...), '~')
		}
	}
	if found+m.clear(s) != len(s.Permissions)+len(s.Claims) {
		return nil, reason.New(reason.QueryUnsatisfied, "the credential does not hold what is to be shown")
	}
	return out, nil
}

func (d *disclosure) chosen(s credential.Selection) bool {
	switch d.site.place {
	case atPermission:
		return slices.Contains(s.Permissions, idOf(d.value))
	case atPrincipal:
		return string(d.name) == "identifier" && slices.Contains(s.Claims, credential.ClaimIdentifier)
	case atDelegation:
		return string(d.name) == "identity_assurance" && slices.Contains(s.Claims, credential.ClaimAssurance) ||
			string(d.name) == "evidence" && slices.Contains(s.Claims, credential.ClaimEvidence)
	}
	return false
}

// clear counts what s chooses of that which is shown in any case.
func (m *message) clear(s credential.Selection) (n int) {
	for i := range m.base.Permissions {
		if slices.Contains(s.Permissions, m.base.Permissions[i].ID) {
			n++
		}
	}
	for _, c := range s.Claims {
		if c == credential.ClaimIdentifier && m.base.OnBehalfOf.Identifier != nil ||
			c == credential.ClaimAssurance && m.base.Assurance != nil ||
			c == credential.ClaimEvidence && m.base.Evidence != nil {
			n++
		}
	}
	return n
}

func idOf(permission strictjson.Value) string {
	for m, err := range strictjson.Members(permission) {
		if err == nil && string(m.Name) == "id" {
			id, _ := strictjson.String(m.Value)
			return id
		}
	}
	return ""
}
