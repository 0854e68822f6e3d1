// SPDX-License-Identifier: Apache-2.0

package vci

import (
	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// MaxProofs is the number of key proofs that one request may hold (security.md §5.3).
const MaxProofs = 20

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
	Configuration string  `json:"credential_configuration_id,omitempty"`
	Identifier    string  `json:"credential_identifier,omitempty"`
	Proofs        *Proofs `json:"proofs,omitempty"`
}

// Proofs holds key proofs by type; jwt is the one that is known.
type Proofs struct {
	JWT []string `json:"jwt,omitempty"`
}

// ParseCredentialRequest reads a request. Both or neither of identifier and configuration id are
// response.ambiguous; proofs of another type, more of them than MaxProofs and none at all are
// proof.batch.
func ParseCredentialRequest(raw []byte) (*CredentialRequest, error) {
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
	if len(kinds.Proofs) != 1 || r.Proofs == nil || len(r.Proofs.JWT) == 0 {
		return nil, reason.New(reason.ProofBatch, "proofs needs exactly the member jwt with at least one proof")
	}
	if len(r.Proofs.JWT) > MaxProofs {
		return nil, reason.New(reason.ProofBatch, "too many key proofs")
	}
	return r, nil
}

// CredentialResponse holds what was issued (§8.3).
type CredentialResponse struct {
	Credentials    []Issued `json:"credentials"`
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

// ParseCredentialResponse reads what an issuer gave; an answer without credentials is
// credential.unexpected.
func ParseCredentialResponse(raw []byte) (*CredentialResponse, error) {
	r := new(CredentialResponse)
	if err := strictjson.Unmarshal(raw, r); err != nil {
		return nil, err
	}
	if len(r.Credentials) == 0 || len(r.Credentials) > MaxProofs {
		return nil, reason.New(reason.CredentialUnexpected, "the issuer gave no credential, or too many")
	}
	return r, nil
}
