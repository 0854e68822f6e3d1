// SPDX-License-Identifier: Apache-2.0

package jose_test

import (
	"strings"
	"testing"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/reason"
)

func TestReadX5C(t *testing.T) {
	for text, want := range map[string]int{
		`["AQID"]`: 1, `["AQID", "AQI="]`: 2, `["AQ==","AQ==","AQ==","AQ==","AQ==","AQ=="]`: 6,
		`["AQ==","AQ==","AQ==","AQ==","AQ==","AQ==","AQ=="]`: 0, `[]`: 0, `"AQID"`: 0, `{}`: 0, `7`: 0, `[7]`: 0, `[""]`: 0,
		`["AQI"]`: 0, `["AQJ="]`: 0, `["AQ\nID"]`: 0, `["AQ-_"]`: 0, `[["AQID"]]`: 0, `null`: 0,
	} {
		chain, err := jose.ReadX5C([]byte(text))
		if len(chain) != want || (want == 0) != (reason.Of(err) == reason.X509ChainInvalid) {
			t.Errorf("%s: %d certificates, %v", text, len(chain), err)
		}
	}
}

func FuzzReadX5C(f *testing.F) {
	f.Add(`["AQID"]`)
	f.Add(`["AQ\u0049D",1]`)
	f.Fuzz(func(t *testing.T, text string) {
		chain, err := jose.ReadX5C([]byte(text))
		if (err == nil) != (len(chain) > 0) || len(chain) > jose.MaxChain {
			t.Error(len(chain), err)
		}
		for _, c := range chain {
			if len(c) == 0 || len(c) > len(strings.TrimSpace(text)) {
				t.Error("a certificate out of nothing")
			}
		}
	})
}
