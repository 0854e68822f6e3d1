// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"fmt"
	"testing"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// TestAttackUniqueList is attack STS-16: an issuer with a list for each holder is named, one whose
// lists are shared is not.
func TestAttackUniqueList(t *testing.T) {
	var all []*Entry
	for i := range status.MinShared {
		for issuer, list := range map[string]string{"nosy": fmt.Sprint("https://nosy.example/", i), "good": "https://good.example/1"} {
			all = append(all, &Entry{Issuer: "Surgery " + issuer, credential: &credential.Credential{
				Issuer: "did:web:" + issuer + ".example",
				Status: []credential.StatusRef{{Kind: credential.TokenStatusList, List: list, Index: uint64(i)}},
			}})
		}
	}
	got := Warnings(all)
	if len(got) != 1 || got[0].Issuer != "Surgery nosy" || got[0].Reason != reason.PrivacyUniqueList || got[0].Text == "" {
		t.Errorf("%+v", got)
	}
	if got := Warnings(all[:2]); len(got) != 0 {
		t.Errorf("one credential of each: %+v", got)
	}
}
