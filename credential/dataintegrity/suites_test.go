// SPDX-License-Identifier: Apache-2.0

package dataintegrity_test

import (
	"testing"

	"github.com/behalf-id/behalf/credential/dataintegrity"
	"github.com/behalf-id/behalf/key"
)

// TestAlike holds each suite and kind of key to the suite of the same form that takes it.
func TestAlike(t *testing.T) {
	for name, want := range map[string][3]string{ // for EdDSA, ES256, ES384
		dataintegrity.EdDSARDFC: {dataintegrity.EdDSARDFC, dataintegrity.ECDSARDFC, dataintegrity.ECDSARDFC},
		dataintegrity.ECDSARDFC: {dataintegrity.EdDSARDFC, dataintegrity.ECDSARDFC, dataintegrity.ECDSARDFC},
		dataintegrity.EdDSAJCS:  {dataintegrity.EdDSAJCS, dataintegrity.ECDSAJCS, dataintegrity.ECDSAJCS},
		dataintegrity.ECDSAJCS:  {dataintegrity.EdDSAJCS, dataintegrity.ECDSAJCS, dataintegrity.ECDSAJCS},
		"dc+sd-jwt":             {}, "ecdsa-sd-2023": {}, "": {},
	} {
		for i, alg := range []key.Algorithm{key.EdDSA, key.ES256, key.ES384} {
			if got := dataintegrity.Alike(name, alg); got != want[i] {
				t.Errorf("Alike(%q, %s) = %q, want %q", name, alg, got, want[i])
			}
			if takes := want[i] == name && name != ""; dataintegrity.Takes(name, alg) != takes {
				t.Errorf("Takes(%q, %s) is not %t", name, alg, takes)
			}
		}
		if dataintegrity.Takes(name, "") || dataintegrity.Alike(name, "") != "" {
			t.Errorf("%q takes no key at all", name)
		}
	}
}
