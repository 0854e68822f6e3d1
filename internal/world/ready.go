// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
)

// How Ready waits.
const (
	readyWithin = 60 * time.Second
	readyEvery  = 25 * time.Millisecond
)

// Client returns an HTTP client that reaches this world's servers and nobody else.
func (w *World) Client() (*safehttp.Client, error) {
	raw, err := os.ReadFile(w.CA())
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("world: %s holds no certificate", w.CA())
	}
	return safehttp.New(safehttp.Config{Private: w.Hosts(), Roots: roots, Now: w.cfg.Now})
}

// Ready returns once all three servers say that they are ready, or an error if they do not within
// a while. Serve must be running.
func (w *World) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	client, err := w.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for _, origin := range []string{w.Registry, w.Issuer, w.Gateway} {
		for {
			_, err := client.Get(ctx, origin+"/readyz", safehttp.Want{MediaTypes: []string{"application/json", "text/plain"}, MaxBytes: 4096})
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("world: %s is not ready: %w", origin, err)
			case <-tick.C:
			}
		}
	}
	return nil
}
