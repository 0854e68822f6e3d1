// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/behalf-id/behalf/credential/internal/fixture"
	"github.com/behalf-id/behalf/key"
	"github.com/behalf-id/behalf/reason"
)

// TestLongPointers: hidden elements below one very long name, whose pointers would each repeat it.
func TestLongPointers(t *testing.T) {
	w := fixture.New(t, key.ES256)
	for length, want := range map[int]reason.Code{1 << 10: "", 1 << 18: reason.LimitDisclosures} {
		name := strings.Repeat("n", length)
		var c Concealment
		for i := range 100 {
			c.Hide = append(c.Hide, []string{name, strconv.Itoa(i)})
		}
		claims := `{"iss":"did:web:proxy.example.org","` + name + `":[` + strings.TrimSuffix(strings.Repeat("1,", 100), ",") + `]}`
		raw, err := SealClaims(context.Background(), []byte(claims), c, "example+sd-jwt", rand.Reader, w.Issuer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := process(w, raw, "example+sd-jwt")
		if reason.Of(err) != want || err == nil && len(got.Disclosed) != 100 {
			t.Errorf("%d: %v, %d pointers", length, err, len(got.Disclosed))
		}
	}
}
