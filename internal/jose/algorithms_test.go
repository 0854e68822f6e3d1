// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"fmt"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestEveryOtherAlgorithmIsForbidden walks through all that the library could verify.
func TestEveryOtherAlgorithmIsForbidden(t *testing.T) {
	k, listed, refused := generate(t, key.ES256), 0, 0
	for _, alg := range jwa.SignatureAlgorithms() {
		token := seal(t, fmt.Sprintf(`{"alg":%q,"typ":"vc+jwt",%s}`, alg.String(), kid), `{}`, k)
		_, err := jose.Parse(token, credential)
		switch key.Algorithm(alg.String()) {
		case key.ES256, key.ES384, key.EdDSA:
			listed++
			if err != nil {
				t.Errorf("%s: %v", alg, err)
			}
		default:
			refused++
			if reason.Of(err) != reason.JOSEAlgForbidden {
				t.Errorf("%s: got %v", alg, err)
			}
		}
	}
	if listed != len(algorithms) || refused < 10 {
		t.Errorf("%d accepted, %d refused", listed, refused)
	}
	t.Logf("%d accepted, %d refused", listed, refused)
}
