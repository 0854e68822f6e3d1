// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"net/url"
	"slices"
)

// StatusSpeaker returns the party that may say whether a credential of issuer still holds, in the
// list at listURL: the issuer itself where it is a party, else, for a link that a person signed, the one
// party that hosts status at that origin. Two parties on one origin could speak for one another,
// so then there is none.
func (f *Framework) StatusSpeaker(issuer, listURL string) (string, bool) {
	if _, known := f.Party(issuer); known {
		return issuer, true
	}
	u, err := url.Parse(listURL)
	if err != nil {
		return "", false
	}
	speaker, hosts := "", 0
	for id, party := range f.Parties {
		if slices.Contains(party.StatusHosts, u.Scheme+"://"+u.Host) {
			speaker, hosts = id, hosts+1
		}
	}
	return speaker, hosts == 1
}
