// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// TestFormats shows that every name makes the format of that name, which can present and has an
// identifier in the protocols.
func TestFormats(t *testing.T) {
	d := Deps{Now: time.Now, Random: rand.Reader}
	all, err := formatsOf(FormatNames(), didkey.New(), d)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range FormatNames() {
		if _, presents := all[i].(credential.Presenter); all[i].Name() != name || !presents || vp.FormatID(name) == "" {
			t.Errorf("%s made %s, presents: %t, on the wire %q", name, all[i].Name(), presents, vp.FormatID(name))
		}
	}
	for _, bad := range [][]string{{"dc+sd-jwt", "dc+sd-jwt"}, {"jwt"}, {""}} {
		if _, err := formatsOf(bad, didkey.New(), d); reason.Of(err) != reason.CLIConfig {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestSignable holds each format to the keys that it can be signed with.
func TestSignable(t *testing.T) {
	for name, algorithms := range map[string][]key.Algorithm{
		"dc+sd-jwt": {key.ES256, key.ES384, key.EdDSA}, "vc+jwt": {key.ES256, key.ES384, key.EdDSA},
		"eddsa-rdfc-2022": {key.EdDSA}, "eddsa-jcs-2022": {key.EdDSA},
		"ecdsa-rdfc-2019": {key.ES256, key.ES384}, "ecdsa-jcs-2019": {key.ES256, key.ES384}, "ecdsa-sd-2023": {key.ES256},
	} {
		for _, alg := range []key.Algorithm{key.ES256, key.ES384, key.EdDSA} {
			fits := false
			for _, a := range algorithms {
				fits = fits || a == alg
			}
			if err := signable([]string{name}, alg); (err == nil) != fits {
				t.Errorf("%s with %s: %v", name, alg, err)
			}
		}
	}
}
