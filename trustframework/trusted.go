// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"context"
	"fmt"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TrustedKeys reads the keys that a reader pins, each written as a did:key: at least one, at
// most MaxTrusted, each once. What is none of that is registry.signature.
func TrustedKeys(dids []string) ([]key.Public, error) {
	if len(dids) == 0 || len(dids) > MaxTrusted {
		return nil, reason.New(reason.RegistrySignature, fmt.Sprintf("a reader trusts between 1 and %d keys", MaxTrusted))
	}
	var keys []key.Public
	for i, s := range dids {
		k, err := didKey(s)
		if err != nil {
			return nil, reason.Wrap(reason.RegistrySignature, fmt.Sprintf("trusted key %d is not a did:key", i+1), err)
		}
		for _, before := range keys {
			if before.Equal(k) {
				return nil, reason.New(reason.RegistrySignature, fmt.Sprintf("trusted key %d is there twice", i+1))
			}
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func didKey(s string) (key.Public, error) {
	id, err := did.Parse(s)
	if err != nil {
		return key.Public{}, err
	}
	doc, err := didkey.New().Resolve(context.Background(), id) // nothing is fetched
	if err != nil {
		return key.Public{}, err
	}
	return doc.Methods[0].Key, nil
}
