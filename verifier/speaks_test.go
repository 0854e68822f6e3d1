// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/trustframework"
)

// always is a source that finds every credential valid, whoever is said to speak for it.
type always struct{ at time.Time }

func (a always) State(context.Context, string, credential.StatusRef) (status.State, time.Time, error) {
	return status.Valid, a.at, nil
}

// TestWhoSpeaksForALink: the status of a link that a person signed is the root's issuer's to tell,
// and nobody else's, though the framework may list others that host status.
func TestWhoSpeaksForALink(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	g := &Gateway{cfg: Config{Status: always{now}, Logger: slog.New(slog.DiscardHandler)}}
	f := &trustframework.Framework{Parties: map[string]trustframework.Party{
		"did:web:surgery.test": {StatusHosts: []string{"https://surgery.test"}},
		"did:web:other.test":   {StatusHosts: []string{"https://other.test"}},
	}}
	at := func(list string) *credential.Credential {
		return &credential.Credential{Issuer: "did:key:a-person", Status: []credential.StatusRef{{Kind: credential.TokenStatusList, List: list}}}
	}
	for list, want := range map[string]string{
		"https://surgery.test/status/1": "valid",
		"https://other.test/status/1":   "unavailable",
		"https://nobody.test/status/1":  "unavailable",
	} {
		if got := g.state(t.Context(), f, "did:web:surgery.test", at(list), now); got.State != want {
			t.Errorf("%s: %s, want %s", list, got.State, want)
		}
	}
}
