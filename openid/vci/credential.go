// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on one credential request and its answer.
const (
	MaxProofs       = 100     // key proofs, and credentials in the answer
	MaxRequest      = 1 << 20 // bytes of a request; key proofs with attestations fit
	MaxResponse     = 8 << 20 // bytes of an answer
	MaxInterval     = 86400   // seconds that a wallet is asked to wait before it asks again
	DefaultInterval = 5       // seconds, where the issuer does not say
)

// Nonce is the answer of the nonce endpoint (§7.2).
type Nonce struct {
	Nonce string `json:"c_nonce"`
}

// ParseNonce reads the answer of a nonce endpoint.
func ParseNonce(raw []byte) (string, error) {
	var n Nonce
	if err := strictjson.Unmarshal(raw, &n); err != nil {
		return "", err
	}
	if n.Nonce == "" || len(n.Nonce) > 512 {
		return "", reason.New(reason.ProofNonce, "the issuer gave no nonce")
	}
	return n.Nonce, nil
}

// CredentialRequest asks for credentials, one for each key proof (§8.2).
type CredentialRequest struct {
	Configuration string              `json:"credential_configuration_id,omitempty"`
	Identifier    string              `json:"credential_identifier,omitempty"`
	Proofs        *Proofs             `json:"proofs,omitempty"`
	Encryption    *ResponseEncryption `json:"credential_response_encryption,omitempty"`
}

// Proofs holds key proofs of one type.
type Proofs struct {
	JWT         []string `json:"jwt,omitempty"`
	Attestation []string `json:"attestation,omitempty"` // exactly one
}

// check holds proofs to one type and to its number.
func (p *Proofs) check() error {
	switch {
	case p == nil || len(p.JWT) == 0 && len(p.Attestation) == 0:
		return reason.New(reason.ProofBatch, "proofs needs the member jwt or attestation with at least one proof")
	case len(p.JWT) > 0 && len(p.Attestation) > 0:
		return reason.New(reason.ProofBatch, "key proofs of two types")
	case len(p.JWT) > MaxProofs:
		return reason.New(reason.ProofBatch, "too many key proofs")
	case len(p.Attestation) > 1:
		return reason.New(reason.ProofBatch, "more than one key attestation")
	}
	return nil
}

// ParseCredentialRequest reads a request. Both or neither of identifier and configuration id are
// response.ambiguous; proofs of another type or of two, more of them than MaxProofs and none at
// all are proof.batch; more than MaxRequest bytes limit.body. Unknown members are ignored. Whether
// the key for the answer is good, ResponseEncryption.Recipient says.
func ParseCredentialRequest(raw []byte) (*CredentialRequest, error) {
	if len(raw) > MaxRequest {
		return nil, reason.New(reason.LimitBody, "the request is too long")
	}
	r := new(CredentialRequest)
	if err := strictjson.Unmarshal(raw, r); err != nil {
		return nil, err
	}
	if (r.Configuration == "") == (r.Identifier == "") {
		return nil, reason.New(reason.ResponseAmbiguous, "exactly one of credential_configuration_id and credential_identifier is needed")
	}
	var kinds struct {
		Proofs map[string]strictjson.Value `json:"proofs"`
	}
	if err := strictjson.Unmarshal(raw, &kinds); err != nil {
		return nil, err
	}
	if len(kinds.Proofs) != 1 {
		return nil, reason.New(reason.ProofBatch, "proofs needs exactly one member")
	}
	return r, r.Proofs.check()
}

// CredentialResponse holds what was issued or, with 202, where to ask later (§8.3, §9.2).
type CredentialResponse struct {
	Credentials    []Issued `json:"credentials,omitempty"`
	TransactionID  string   `json:"transaction_id,omitempty"`
	Interval       int64    `json:"interval,omitzero"` // seconds
	NotificationID string   `json:"notification_id,omitempty"`
}

// Issued is one credential in its secured form, which travels as a string or, in the format ldp_vc,
// as an object (appendix A).
type Issued struct{ Credential string }

type wireIssued struct {
	Credential strictjson.Value `json:"credential"`
}

// MarshalJSON writes the member credential.
func (i Issued) MarshalJSON() ([]byte, error) {
	v, err := credential.SecuredJSON(i.Credential)
	if err != nil {
		return nil, err
	}
	return strictjson.Marshal(wireIssued{v})
}

// UnmarshalJSON reads the member credential. An object is kept as it was received.
func (i *Issued) UnmarshalJSON(raw []byte) error {
	var w wireIssued
	if err := strictjson.Unmarshal(raw, &w); err != nil {
		return err
	}
	if len(w.Credential) == 0 {
		return reason.New(reason.JSONMemberMissing, "an item without credential")
	}
	var err error
	i.Credential, err = credential.ReadSecured(w.Credential)
	return err
}

// ParseCredentialResponse reads what an issuer gave: credentials, or a transaction to ask for later.
// Neither, too many, and both are credential.unexpected; more than MaxResponse bytes limit.body. An
// interval that is missing, negative or over MaxInterval becomes DefaultInterval or MaxInterval.
func ParseCredentialResponse(raw []byte) (*CredentialResponse, error) {
	if len(raw) > MaxResponse {
		return nil, reason.New(reason.LimitBody, "the answer is too long")
	}
	r := new(CredentialResponse)
	if err := strictjson.Unmarshal(raw, r); err != nil {
		return nil, err
	}
	switch {
	case len(r.Credentials) > MaxProofs || len(r.TransactionID) > MaxRedirect || len(r.NotificationID) > MaxRedirect:
		return nil, reason.New(reason.CredentialUnexpected, "the issuer gave too much")
	case (len(r.Credentials) == 0) == (r.TransactionID == ""):
		return nil, reason.New(reason.CredentialUnexpected, "the issuer gave no credential, or one and a transaction too")
	}
	if r.TransactionID != "" && r.Interval <= 0 {
		r.Interval = DefaultInterval
	}
	r.Interval = min(r.Interval, MaxInterval)
	return r, nil
}
