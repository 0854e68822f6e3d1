// SPDX-License-Identifier: Apache-2.0

package sealed_test

import (
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/behalf-id/behalf/internal/sealed"
)

// A file that stands alone is sealed and opened by its passphrase.
func ExampleSeal() {
	raw, err := sealed.Seal([]byte("correct horse"), []byte("a credential"), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = sealed.Open([]byte("wrong horse"), raw)
	fmt.Println(errors.Is(err, sealed.ErrPassphrase))
	plain, err := sealed.Open([]byte("correct horse"), raw)
	fmt.Println(string(plain), err)
	// Output:
	// true
	// a credential <nil>
}
