// SPDX-License-Identifier: Apache-2.0

package proof

import (
	"crypto/sha256"
	"crypto/subtle"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// TransactionHash is the name of the one hash of transaction data (OpenID4VP 1.0 appendix B.3.3.1).
const TransactionHash = "sha-256"

// NoTransaction refuses a Binding with transaction data, for formats that have no place for it.
func NoTransaction(b credential.Binding) error {
	if len(b.TransactionData) > 0 {
		return badTransaction("the format has no place for transaction data")
	}
	return nil
}

// TransactionHashes returns the SHA-256 of each text of transaction data in base64url. More than
// credential.MaxTransactions is kb.transaction_data.
func TransactionHashes(b credential.Binding) ([]string, error) {
	if len(b.TransactionData) > credential.MaxTransactions {
		return nil, badTransaction("more transactions than one proof may be for")
	}
	out := make([]string, 0, len(b.TransactionData))
	for _, text := range b.TransactionData {
		sum := sha256.Sum256([]byte(text))
		out = append(out, string(jose.AppendEncode(nil, sum[:])))
	}
	return out, nil
}

// CheckTransaction holds transaction_data_hashes and transaction_data_hashes_alg of a proof, nil where
// they are absent, to want: each transaction exactly once, in any order, no other one, and SHA-256.
func CheckTransaction(hashes, alg strictjson.Value, want credential.Binding) error {
	due, err := TransactionHashes(want)
	if err != nil {
		return err
	}
	if len(due) == 0 {
		if hashes != nil || alg != nil {
			return badTransaction("none was asked for")
		}
		return nil
	}
	if alg != nil {
		if name, err := strictjson.Text(alg); err != nil || string(name) != TransactionHash {
			return badTransaction("another hash")
		}
	}
	var items [credential.MaxTransactions]strictjson.Value
	n, err := strictjson.CheckItems(hashes, items[:])
	if err != nil || n != len(due) {
		return badTransaction("not one hash for each transaction")
	}
	for _, item := range items[:n] {
		text, err := strictjson.Text(item)
		if err != nil || !take(due, text) {
			return badTransaction("the hash of another transaction")
		}
	}
	return nil
}

// take looks for hash in due and crosses it out.
func take(due []string, hash []byte) bool {
	for i := range due {
		if due[i] != "" && subtle.ConstantTimeCompare([]byte(due[i]), hash) == 1 {
			due[i] = ""
			return true
		}
	}
	return false
}

func badTransaction(detail string) error { return reason.New(reason.KBTransactionData, detail) }
