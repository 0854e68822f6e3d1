// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/url"

	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/verifier"
)

// restrictions returns all sources that the settings name.
func (g *gateway) restrictions() (verifier.AllRestrictions, error) {
	var all verifier.AllRestrictions
	if g.cfg.Restrictions != "" {
		all = append(all, verifier.FileRestrictions(g.cfg.Restrictions))
	}
	if g.cfg.RestrictionsURL == "" {
		return all, nil
	}
	if u, err := url.Parse(g.cfg.RestrictionsURL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, reason.New(reason.CLIConfig, "restrictions-url is not a plain https address")
	}
	token, err := web.ReadSecretFile(g.cfg.RestrictionsToken)
	if err != nil {
		return nil, err
	}
	service, err := verifier.NewHTTPRestrictions(verifier.HTTPRestrictionsConfig{
		URL: g.cfg.RestrictionsURL, Token: token, Client: g.fetch, Logger: g.deps.Logger,
	})
	return append(all, service), err
}

// tokens returns the bearer token of services and that of staff overrides, zero if there are none.
func (g *gateway) tokens() (client, overrides web.Secret, err error) {
	if client, err = web.ReadSecretFile(g.cfg.ClientToken); err != nil || g.cfg.Overrides == "" {
		return client, overrides, err
	}
	if overrides, err = web.ReadSecretFile(g.cfg.Overrides); err == nil && overrides.Equal(client.Reveal()) {
		err = reason.New(reason.CLIConfig, "overrides-token-file and client-token-file hold the same token")
	}
	return client, overrides, err
}
