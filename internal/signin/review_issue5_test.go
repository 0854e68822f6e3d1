// SPDX-License-Identifier: Apache-2.0

package signin_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/behalf-id/behalf/internal/signin"
)

// TestAttackFloodWhileTheProviderIsDown: anybody may begin to sign in. However many do, a provider that does not
// answer is asked now and then, and nobody waits for it longer than they want to.
func TestAttackFloodWhileTheProviderIsDown(t *testing.T) {
	idp := newIDP(t)
	p := idp.provider()
	good := idp.metadata
	idp.metadata = map[string]any{}
	for range 20 {
		if _, err := p.Begin(t.Context(), "state", "nonce"); err == nil {
			t.Fatal("begun without a provider")
		}
	}
	if n := idp.fetched.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	idp.metadata = good
	idp.clock.Advance(signin.RetryAfter)
	if _, err := p.Begin(t.Context(), "state", "nonce"); err != nil {
		t.Errorf("it is there again: %v", err)
	}
}

// TestAttackHangUp: who waits for a provider that another asks goes when they want to, and who hangs up breaks
// nothing off for the others.
func TestAttackHangUp(t *testing.T) {
	idp := newIDP(t)
	p := idp.provider()
	asked, answer := make(chan struct{}), make(chan struct{})
	inner := idp.Config.Handler
	idp.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-answer
		inner.ServeHTTP(w, r)
	})
	ctx, hangUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := p.Begin(ctx, "state", "nonce"); first <- err }()
	<-asked
	hangUp()
	if _, err := p.Begin(ctx, "state", "nonce"); err == nil {
		t.Error("waited for nothing")
	}
	close(answer)
	if err := <-first; err != nil {
		t.Errorf("broken off: %v", err)
	}
}
