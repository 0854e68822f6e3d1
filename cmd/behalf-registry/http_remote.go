// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/trustframework"
)

// remoteFlags are the options by which a command works through a running server.
func remoteFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "url", Usage: "work through the server at this https `URL`"},
		&cli.StringFlag{Name: "token-file", Usage: "`FILE` with the admin token, with --url"},
		&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificate authorities to trust, with --url; left out, the system's"},
	}
}

// remote is a running registry, as its operator reaches it.
type remote struct {
	base   string
	token  web.Secret
	client *safehttp.Client
}

func (p *program) remote(c *cli.Context) (*remote, error) {
	if c.IsSet("config") {
		return nil, usage("give --url or --config, not both")
	}
	u, err := url.Parse(c.String("url"))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usage("--url is not an https address")
	}
	if !c.IsSet("token-file") {
		return nil, usage("--url needs --token-file")
	}
	token, err := web.ReadSecretFile(c.String("token-file"))
	if err != nil {
		return nil, err
	}
	roots, err := readRoots(c.String("ca"))
	if err != nil {
		return nil, err
	}
	// The operator names this host, so it may be a private one.
	client, err := safehttp.New(safehttp.Config{Private: []string{hostPort(u)}, Roots: roots, Now: p.now})
	return &remote{strings.TrimSuffix(u.String(), "/"), token, client}, err
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		return nil, errors.New(path + ": holds no certificate")
	}
	return roots, nil
}

func (r *remote) want() safehttp.Want {
	return safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: 2 * trustframework.MaxSnapshot,
		Header: http.Header{"Authorization": {"Bearer " + r.token.Reveal()}},
	}
}

func (p *program) applyRemote(c *cli.Context, f *trustframework.Framework) (applied, error) {
	r, err := p.remote(c)
	if err != nil {
		return applied{}, err
	}
	defer r.client.Close()
	return r.apply(c.Context, f, c.Bool("dry-run"))
}

func (r *remote) apply(ctx context.Context, f *trustframework.Framework, dry bool) (applied, error) {
	body, err := strictjson.Marshal(f)
	if err != nil {
		return applied{}, err
	}
	path := "/admin/v1/framework"
	if dry {
		path += "/preview"
	}
	res, err := r.client.Post(ctx, r.base+path, "application/json", body, r.want())
	if err != nil {
		return applied{}, remoteError(err)
	}
	var done applied
	err = strictjson.Unmarshal(res.Body, &done)
	return done, err
}

func (p *program) exportRemote(c *cli.Context) (*trustframework.Framework, error) {
	r, err := p.remote(c)
	if err != nil {
		return nil, err
	}
	defer r.client.Close()
	res, err := r.client.Get(c.Context, r.base+"/admin/v1/framework", r.want())
	if err != nil {
		return nil, remoteError(err)
	}
	return trustframework.Read(res.Body)
}

// remoteError says what a server's refusal says, as far as it is one of ours.
func remoteError(err error) error {
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return err
	}
	var problem struct {
		Reason string `json:"reason"`
	}
	if len(refusal.Body) == 0 || strictjson.Unmarshal(refusal.Body, &problem) != nil {
		return err
	}
	switch code := reason.Code(problem.Reason); code {
	case reason.TokenInvalid:
		return reason.New(code, "the server does not accept the token of --token-file")
	case reason.IdempotencyMismatch:
		return reason.New(code, "another version is in force than the one this framework was made from: export, merge and apply again")
	default:
		if _, known := reason.Lookup(code); !known {
			return err
		}
		return reason.New(code, "")
	}
}
