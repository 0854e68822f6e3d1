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
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/issuer"
	"github.com/behalf-id/behalf/reason"
)

// serverFlags are the options of the commands that work through the running server.
func serverFlags() []cli.Flag {
	return []cli.Flag{
		command.ConfigFlag("issuer"), command.JSONFlag(),
		&cli.StringFlag{Name: "url", Usage: "https `ADDRESS` of the server; left out, origin of the configuration"},
		&cli.StringFlag{Name: "token-file", Usage: "`FILE` of the admin token; left out, admin-token-file of the configuration"},
		&cli.StringFlag{Name: "ca", Usage: "`FILE` of certificate authorities to trust; left out, outbound.ca of the configuration, or the system's"},
	}
}

// server is a running issuer, as its operator reaches it.
type server struct {
	base   string
	token  web.Secret
	client *safehttp.Client
}

// server returns the server that the options and the configuration name.
func (p *program) server(c *cli.Context) (*server, error) {
	cfg, err := load(c)
	if err != nil {
		return nil, err
	}
	either := func(flag, setting string) string {
		if c.IsSet(flag) {
			return c.String(flag)
		}
		return setting
	}
	base, tokenFile := either("url", cfg.Origin), either("token-file", cfg.AdminToken)
	if base == "" || tokenFile == "" {
		return nil, command.Usage("give --config, or --url and --token-file")
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, command.Usage("the address of the server is not an https one")
	}
	token, err := web.ReadSecretFile(tokenFile)
	if err != nil {
		return nil, err
	}
	roots, err := readRoots(either("ca", cfg.Outbound.CA))
	if err != nil {
		return nil, err
	}
	// The operator names this host, so it may be a private one.
	client, err := safehttp.New(safehttp.Config{Private: []string{hostPort(u)}, Roots: roots, Now: p.Now})
	return &server{strings.TrimSuffix(base, "/"), token, client}, err
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
		return nil, reason.Wrap(reason.CLIConfig, path+": cannot be read", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		return nil, reason.New(reason.CLIConfig, path+": holds no PEM certificate")
	}
	return roots, nil
}

func (s *server) want(more ...string) safehttp.Want {
	header := http.Header{"Authorization": {"Bearer " + s.token.Reveal()}}
	if len(more) > 0 {
		header.Set("Idempotency-Key", more[0])
	}
	return safehttp.Want{
		MediaTypes: []string{"application/json"}, MaxBytes: safehttp.MaxBody, Statuses: []int{http.StatusOK, http.StatusCreated}, Header: header,
	}
}

func (s *server) grant(ctx context.Context, body []byte, key string) (o issuer.Offering, err error) {
	err = s.post(ctx, "", body, s.want(key), &o)
	return o, err
}

func (s *server) change(ctx context.Context, id, name string, c issuer.Change) (d issuer.Shown, err error) {
	body, err := strictjson.Marshal(c)
	if err != nil {
		return d, err
	}
	err = s.post(ctx, "/"+id+"/"+name, body, s.want(), &d)
	return d, err
}

func (s *server) show(ctx context.Context, id string) (d issuer.Shown, err error) {
	err = s.get(ctx, "/"+id, &d)
	return d, err
}

func (s *server) page(ctx context.Context, after string) (p issuer.Page, err error) {
	err = s.get(ctx, "?limit="+strconv.Itoa(issuer.MaxPage)+"&after="+url.QueryEscape(after), &p)
	return p, err
}

const delegations = "/admin/v1/delegations"

func (s *server) post(ctx context.Context, path string, body []byte, want safehttp.Want, into any) error {
	res, err := s.client.Post(ctx, s.base+delegations+path, "application/json", body, want)
	if err != nil {
		return s.refused(err)
	}
	return strictjson.Unmarshal(res.Body, into)
}

func (s *server) get(ctx context.Context, path string, into any) error {
	res, err := s.client.Get(ctx, s.base+delegations+path, s.want())
	if err != nil {
		return s.refused(err)
	}
	return strictjson.Unmarshal(res.Body, into)
}

// refused says what went wrong and what to do about it.
func (s *server) refused(err error) error {
	if errors.Is(err, safehttp.ErrUnreachable) {
		return errors.New("no issuer answers at " + s.base + ": start it with behalf-issuer serve, or correct the address with --url")
	}
	if reason.Of(err) == reason.FetchTLS {
		return reason.New(reason.FetchTLS, "the certificate of "+s.base+" is not trusted: give its authority with --ca or outbound.ca")
	}
	refusal, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return err
	}
	var problem struct {
		Reason reason.Code `json:"reason"`
		Detail string      `json:"detail"`
		Title  string      `json:"title"`
	}
	if len(refusal.Body) == 0 || strictjson.Unmarshal(refusal.Body, &problem) != nil {
		return errors.New("the server answered with status " + strconv.Itoa(refusal.Status) + ": is " + s.base + " an issuer?")
	}
	switch _, known := reason.Lookup(problem.Reason); {
	case problem.Reason == reason.TokenInvalid:
		return reason.New(reason.TokenInvalid, "the server does not accept the admin token: give the right one with --token-file")
	case !known:
		return errors.New("the server refused: " + problem.Title)
	}
	return reason.New(problem.Reason, problem.Detail)
}
