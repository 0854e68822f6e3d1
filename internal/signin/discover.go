// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// discover returns what is known of the provider, from its metadata if what is known is too old
// (OpenID Connect Discovery 1.0 §4). While one asks, others wait, as long as ctx lets them. Anybody may
// begin to sign in: so a provider that does not answer is asked once in RetryAfter, whoever comes, and
// somebody who hangs up breaks nothing off that others wait for.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, reason.Wrap(reason.InternalIndeterminate, "the OpenID provider did not answer in time", ctx.Err())
	}
	now := p.cfg.Now()
	switch {
	case p.known != nil && now.Before(p.known.until):
		return p.known, nil
	case p.failed != nil && now.Before(p.retry):
		return nil, p.failed
	}
	p.known, p.failed = p.ask(context.WithoutCancel(ctx))
	p.retry = p.cfg.Now().Add(RetryAfter)
	return p.known, p.failed
}

// ask reads the metadata of the provider.
func (p *Provider) ask(ctx context.Context) (*metadata, error) {
	ctx = p.client.context(ctx)
	found, err := oidc.NewProvider(ctx, p.cfg.Issuer)
	if err != nil {
		return nil, failed("the provider's metadata is not good", err)
	}
	m, err := p.read(found)
	if err != nil {
		return nil, err
	}
	// The library keeps the keys of a set as long as it knows them: a new set with each discovery
	// lets go of keys that the provider withdrew.
	m.verifier = found.VerifierContext(ctx, &oidc.Config{
		ClientID: p.cfg.ClientID, SupportedSigningAlgs: p.cfg.Algorithms, Now: p.cfg.Now,
	})
	return m, nil
}

// read checks the members that the library does not look at.
func (p *Provider) read(found *oidc.Provider) (*metadata, error) {
	var raw kept
	if err := found.Claims(&raw); err != nil {
		return nil, failed("the provider's metadata cannot be read", err)
	}
	var more struct {
		IssParam bool     `json:"authorization_response_iss_parameter_supported"`
		Methods  []string `json:"token_endpoint_auth_methods_supported"`
		Keys     string   `json:"jwks_uri"`
	}
	if err := strictjson.Unmarshal(raw, &more); err != nil {
		return nil, reason.Wrap(reason.TokenInvalid, "the provider's metadata cannot be read", err)
	}
	endpoint := found.Endpoint()
	for _, address := range []string{endpoint.AuthURL, endpoint.TokenURL, more.Keys} {
		if !strings.HasPrefix(address, "https://") {
			return nil, reason.New(reason.TokenInvalid, "the provider's metadata lacks an https endpoint")
		}
	}
	endpoint.AuthStyle = p.style(more.Methods)
	return &metadata{endpoint: endpoint, issParam: more.IssParam, until: p.cfg.Now().Add(MetadataLife)}, nil
}

// style returns how this server says who it is: never by trying one way and then another, which
// would spend the code. Without a list the way is client_secret_basic (RFC 8414 §2).
func (p *Provider) style(methods []string) oauth2.AuthStyle {
	if p.cfg.Secret == "" {
		return oauth2.AuthStyleInParams
	}
	for _, m := range methods {
		if m == "client_secret_basic" {
			return oauth2.AuthStyleInHeader
		}
	}
	if len(methods) > 0 {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
