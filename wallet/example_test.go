// SPDX-License-Identifier: Apache-2.0

package wallet_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/wallet"
)

// A vault is made once and opened for each use; what it holds is readable with the passphrase alone.
func Example() {
	ctx := context.Background()
	parent, err := os.MkdirTemp("", "behalf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(parent) }()
	dir := filepath.Join(parent, "tom")

	v, err := wallet.Create(ctx, dir, []byte("correct horse"), wallet.Settings{Registry: "https://registry.example.org"}, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := v.DID()
	fmt.Println(id.Method(), err)
	fmt.Println(v.Close())

	_, err = wallet.Open(ctx, dir, []byte("wrong horse"), rand.Reader)
	fmt.Println(errors.Is(err, sealed.ErrPassphrase))
	_, err = wallet.Create(ctx, dir, []byte("correct horse"), wallet.Settings{}, rand.Reader)
	fmt.Println(errors.Is(err, wallet.ErrWallet))
	// Output:
	// key <nil>
	// <nil>
	// true
	// true
}
