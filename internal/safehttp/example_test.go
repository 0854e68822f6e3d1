// SPDX-License-Identifier: Apache-2.0

package safehttp_test

import (
	"context"
	"fmt"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// An address inside is refused before anything is sent.
func ExampleClient_Get() {
	client, err := safehttp.New(safehttp.Config{Now: time.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	ctx, cancel := safehttp.Budget(context.Background())
	defer cancel()
	_, err = client.Get(ctx, "https://169.254.169.254/latest/meta-data/", safehttp.Want{
		MediaTypes: []string{"application/json"},
		MaxBytes:   1 << 10,
	})
	fmt.Println(reason.Of(err))
	// Output: fetch.blocked
}
