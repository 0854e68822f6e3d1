// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"cmp"
	"slices"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/reason"
)

// Warning is something about an issuer's credentials that whoever holds them should know.
type Warning struct {
	Issuer string      `json:"issuer"`
	Reason reason.Code `json:"reason"` // privacy.unique_list
	Text   string      `json:"text"`
}

// Warnings looks at all credentials that are held together. A status list that is one holder's alone
// tells its issuer where the credential is shown, whenever a service fetches it (attack STS-16).
func Warnings(all []*Entry) []Warning {
	byIssuer := map[string][][]credential.StatusRef{}
	names := map[string]string{}
	for _, e := range all {
		if e.credential != nil {
			byIssuer[e.credential.Issuer] = append(byIssuer[e.credential.Issuer], e.credential.Status)
			names[e.credential.Issuer] = e.Issuer
		}
	}
	var out []Warning
	for issuer, held := range byIssuer {
		if err := status.Unique(held); err != nil {
			out = append(out, Warning{cmp.Or(names[issuer], issuer), reason.Of(err),
				"every credential of this issuer has a status list of its own, from which the issuer can see where you show it"})
		}
	}
	slices.SortFunc(out, func(a, b Warning) int { return cmp.Compare(a.Issuer, b.Issuer) })
	return out
}
