// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/store/memory"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
)

// A gateway keeps the framework at hand; while there is none it decides trust.registry_unavailable.
func Example() {
	now := func() time.Time { return time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC) }
	down := fetch(func(string) (safehttp.Response, error) { return safehttp.Response{}, safehttp.ErrUnreachable })
	db, err := memory.New(memory.Config{Now: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	pinned, err := trustframework.TrustedKeys([]string{"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := client.New(context.Background(), client.Config{
		URL: "https://registry.example.org", Trusted: pinned, Fetcher: down, Store: db, Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Refresh(context.Background()) != nil, c.Current().Unavailable)
	fmt.Println(c.Ready(context.Background()))
	// Output:
	// true true
	// trust.registry_unavailable: no verified snapshot of the trust framework
}
