// SPDX-License-Identifier: Apache-2.0

package vp

import (
	"errors"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TransactionAccess is the type of transaction data that is an Access of ours: what the holder proof is
// then made over is the very access that the person saw.
const TransactionAccess = credential.VCTNamespace + "transaction/access/1"

// hashSHA256 is the one hash of transaction data that is spoken here, and the default (appendix B.3.3.1).
const hashSHA256 = "sha-256"

// maxTransaction is the bytes that the text of one transaction may have.
const maxTransaction = 16 << 10

// ErrTransactionData is the cause of request.invalid where the fault is in transaction_data: a wallet
// says invalid_transaction_data then (§8.5).
var ErrTransactionData = errors.New("vp: transaction data")

// Transaction is one entry of transaction_data (§5.1, §8.4).
type Transaction struct {
	Type        string   `json:"type"`                                  // TransactionAccess; another is refused
	Credentials []string `json:"credential_ids"`                        // ids of credential queries, of which one must be proved over this
	Hashes      []string `json:"transaction_data_hashes_alg,omitempty"` // absent: sha-256
	Access      *Access  `json:"access,omitempty"`                      // for TransactionAccess
}

// Encode returns t as an entry of Request.TransactionData.
func (t Transaction) Encode() (string, error) {
	raw, err := strictjson.Marshal(t)
	if err != nil {
		return "", err
	}
	return string(jose.AppendEncode(nil, raw)), nil
}

// Transactions reads transaction_data. More than credential.MaxTransactions, an entry that cannot be
// read, one of an unknown type, for an unknown credential or with another hash than SHA-256 is
// request.invalid with ErrTransactionData; and so are two accesses that differ.
func (r *Request) Transactions() ([]Transaction, error) {
	if len(r.TransactionData) > credential.MaxTransactions {
		return nil, badTransaction("more transactions than one proof may be for", nil)
	}
	out := make([]Transaction, 0, len(r.TransactionData))
	for _, text := range r.TransactionData {
		t, err := readTransaction(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(t.Credentials, func(id string) bool { return r.Query.Find(id) == nil }) {
			return nil, badTransaction("transaction data for a credential that is not asked for", nil)
		}
		if r.Access != nil && *r.Access != *t.Access || len(out) > 0 && *out[0].Access != *t.Access {
			return nil, badTransaction("the accesses of one request differ", nil)
		}
		out = append(out, t)
	}
	return out, nil
}

// Accessing returns the access that the request says it is made for: delegation_access, else that of
// transaction_data, nil where there is neither.
func (r *Request) Accessing() (*Access, error) {
	if r.Access != nil {
		return r.Access, nil
	}
	all, err := r.Transactions()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0].Access, nil
}

// TransactionFor returns the texts of transaction_data that name the credential query called id: those
// that a holder proof for it is made over.
func (r *Request) TransactionFor(id string) ([]string, error) {
	all, err := r.Transactions()
	if err != nil {
		return nil, err
	}
	var out []string
	for i, t := range all {
		if slices.Contains(t.Credentials, id) {
			out = append(out, r.TransactionData[i])
		}
	}
	return out, nil
}

func readTransaction(text string) (Transaction, error) {
	var t Transaction
	if len(text) > maxTransaction {
		return t, badTransaction("transaction data is too long", nil)
	}
	raw, err := jose.AppendDecode(nil, []byte(text))
	if err != nil {
		return t, badTransaction("transaction data is not base64url", err)
	}
	if err := strictjson.Unmarshal(raw, &t); err != nil {
		return t, badTransaction("transaction data cannot be read", err)
	}
	switch {
	case t.Type != TransactionAccess:
		return t, badTransaction("transaction data of a type that nobody knows", nil)
	case t.Access == nil:
		return t, badTransaction("transaction data without its access", nil)
	case len(t.Credentials) == 0:
		return t, badTransaction("transaction data for no credential", nil)
	case t.Hashes != nil && !slices.Contains(t.Hashes, hashSHA256):
		return t, badTransaction("transaction data with another hash than SHA-256", nil)
	}
	return t, nil
}

func badTransaction(detail string, err error) error {
	return reason.Wrap(reason.RequestInvalid, detail, errors.Join(ErrTransactionData, err))
}
