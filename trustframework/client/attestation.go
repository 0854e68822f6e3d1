// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// attestation is what was fetched last for Config.Verifier.
type attestation struct {
	raw  string
	said trustframework.Attestation
	half time.Time // when half of its life is over
}

// Attestation returns the registry's attestation of Config.Verifier for its requests, "" while there is
// none that holds: not asked for, not listed, or expired.
func (c *Client) Attestation() string {
	a := c.attested.Load()
	if a == nil || !c.cfg.Now().Before(a.said.Expires) {
		return ""
	}
	return a.raw
}

// attest fetches the attestation anew when half of its life is over or the framework has changed. That there
// is none makes no difference to the framework: it is logged, and asked for again at the next refresh.
func (c *Client) attest(ctx context.Context) {
	now, a := c.cfg.Now(), c.attested.Load()
	if c.cfg.Verifier == "" || a != nil && now.Before(a.half) && a.said.Version == c.Current().Version {
		return
	}
	res, err := c.cfg.Fetcher.Get(ctx, c.cfg.URL+"/v1/attestations/"+url.PathEscape(c.cfg.Verifier), safehttp.Want{
		MediaTypes: []string{trustframework.AttestationMediaType}, MaxBytes: trustframework.MaxAttestation,
	})
	if err == nil {
		err = c.takeAttestation(res.Body, now)
	}
	if err != nil {
		c.cfg.Logger.Log(ctx, slog.LevelInfo, "no attestation of this verifier", "reason", string(reason.Of(err)))
	}
}

func (c *Client) takeAttestation(raw []byte, now time.Time) error {
	said, err := trustframework.OpenAttestation(raw, c.cfg.Trusted, now)
	if err != nil {
		return err
	}
	if said.Verifier.ID != c.cfg.Verifier {
		return reason.New(reason.RegistrySignature, "the attestation is of another verifier")
	}
	c.attested.Store(&attestation{string(raw), said, now.Add(said.Expires.Sub(now) / 2)})
	return nil
}
