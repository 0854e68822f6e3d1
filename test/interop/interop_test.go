// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"testing"

	"github.com/behalf-id/behalf/test/interop/page"
)

// session is what every test here has: the other side, and the count of what was tried.
type session struct {
	*counterpart
	tally page.Tally
}

// TestInterop runs every format in both directions, and holds docs/interop.md to what it tried.
func TestInterop(t *testing.T) {
	s := &session{counterpart: start(t)}
	tests := map[string]func(t *testing.T){
		"vc+jwt": s.vcjwt, "dc+sd-jwt": s.sdjwt, "any claims": s.anyClaims, "token status list": s.tokenList, "bitstring status list": s.bitstringList,
		"did": s.identifiers, "dcql": s.query, "data integrity": s.integrity, "selective": s.selective, "published": s.published, "proved list": s.provedList,
	}
	ran := 0
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t); ran++ })
	}
	var v struct {
		Node     string            `json:"node"`
		Packages map[string]string `json:"packages"`
	}
	s.must(t, "versions", request{}, &v)
	text := s.tally.Table() + "\nThe counterparts:\n\n" + page.Versions(v.Packages)
	fmt.Println(s.tally.Table())
	if ran == len(tests) { // all of them, not those that -run chose
		page.Hold(t, "JavaScript", text)
	}
}
