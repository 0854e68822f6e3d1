// SPDX-License-Identifier: Apache-2.0

// Package wire puts the servers together: settings as operators write them, drivers, keys and
// listeners around one role each.
package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/store"
	"github.com/behalf-id/behalf/trustframework"
	"github.com/behalf-id/behalf/trustframework/client"
)

// Deps is what a server is given by its process and not by its operator.
type Deps struct {
	Now    func() time.Time // the clock; required
	Random io.Reader        // crypto/rand.Reader; required
	Logger *slog.Logger     // required
	// Listener is where to accept connections; nil means that the setting listen is opened.
	Listener net.Listener
	// Metrics counts requests; nil counts nothing.
	Metrics web.Metrics
	// Hosts finds addresses of hosts; nil is the system.
	Hosts safehttp.Resolver
}

func (d Deps) check() error {
	if d.Now == nil || d.Random == nil || d.Logger == nil {
		return errors.New("wire: Now, Random or Logger is missing")
	}
	return nil
}

// TLSFiles is a server's certificate, as PEM files. Without them a proxy in front must speak https.
type TLSFiles struct {
	Cert string `yaml:"cert"` // the chain, the server's own certificate first
	Key  string `yaml:"key"`  // its private key, closed to group and world
}

func (f TLSFiles) load() (*tls.Config, error) {
	if f.Cert == "" && f.Key == "" {
		return nil, nil
	}
	return web.LoadTLS(f.Cert, f.Key)
}

// Outbound says whom a server may reach beside public hosts.
type Outbound struct {
	// Private lists, as "host:port", hosts that may have loopback or private addresses. All else stays refused.
	Private []string `yaml:"private-hosts"`
	// CA is a PEM file of certificate authorities in place of the system's.
	CA string `yaml:"ca"`
}

// Client returns a client that reaches these and no other private hosts. A file that is no PEM of
// certificates is cli.config.
func (o Outbound) Client(d Deps) (*safehttp.Client, error) {
	roots, err := readRoots(o.CA)
	if err != nil {
		return nil, err
	}
	return safehttp.New(safehttp.Config{Private: o.Private, Roots: roots, Resolver: d.Hosts, Now: d.Now})
}

func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, path+": cannot be read", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, reason.New(reason.CLIConfig, path+": holds no PEM certificate")
	}
	return pool, nil
}

// RegistrySettings says whose framework is in force.
type RegistrySettings struct {
	// URL is the registry's address, such as https://registry.example.org. Required.
	URL string `yaml:"url"`
	// Keys are the keys that may sign the framework, each as a did:key. Required: they are never asked from the registry itself.
	Keys []string `yaml:"keys"`
	// Refresh is how often it is asked; left out, every minute.
	Refresh time.Duration `yaml:"refresh"`
}

func (r RegistrySettings) client(ctx context.Context, fetch *safehttp.Client, s store.Store, d Deps) (*client.Client, error) {
	return r.clientOf(ctx, "", fetch, s, d)
}

// clientOf is client for a verifier, which also keeps what the registry attests of it.
func (r RegistrySettings) clientOf(ctx context.Context, verifier string, fetch *safehttp.Client, s store.Store, d Deps) (*client.Client, error) {
	keys, err := trustframework.TrustedKeys(r.Keys)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, "registry.keys are not did:key of keys to trust", err)
	}
	return client.New(ctx, client.Config{
		URL: r.URL, Trusted: keys, Verifier: verifier, Fetcher: fetch, Store: s, Now: d.Now, Logger: d.Logger, Refresh: r.Refresh,
	})
}

// WebDID returns the did:web of an https origin.
func WebDID(origin string) (did.DID, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
		return did.DID{}, reason.New(reason.CLIConfig, "origin is not an https address without a path")
	}
	id, err := did.Parse("did:web:" + strings.Replace(u.Host, ":", "%3A", 1))
	if err != nil {
		return did.DID{}, reason.Wrap(reason.CLIConfig, "origin has no host that a did:web can name", err)
	}
	return id, nil
}

// Server is one role with all it runs on. Serve it once; it closes what it holds.
type Server struct {
	web      *web.Server
	listener net.Listener
	work     []func(context.Context) // background work, each until its context ends
	closers  []func() error          // in the order of closing
}

// listen opens the listeners and makes the server of cfg, which says the role's part of it.
func (s *Server) listen(address, metrics string, files TLSFiles, d Deps, cfg web.Config) (err error) {
	if cfg.TLS, err = files.load(); err != nil {
		return err
	}
	if metrics != "" {
		if cfg.MetricsListen, err = web.Listen(metrics); err != nil {
			return err
		}
		s.closers = append(s.closers, closeQuietly(cfg.MetricsListen))
	}
	s.listener = d.Listener
	if s.listener == nil {
		if s.listener, err = web.Listen(address); err != nil {
			return err
		}
	}
	s.closers = append(s.closers, closeQuietly(s.listener))
	cfg.Listener, cfg.Logger, cfg.Now, cfg.Metrics = s.listener, d.Logger, d.Now, d.Metrics
	s.web, err = web.New(cfg)
	return err
}

// closeQuietly closes l, which the server may have closed already.
func closeQuietly(l net.Listener) func() error {
	return func() error { _ = l.Close(); return nil }
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers until ctx ends, lets what is in flight end, and closes everything.
func (s *Server) Serve(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, work := range s.work {
		running.Go(func() { work(background) })
	}
	err := s.web.Serve(ctx)
	stop()
	running.Wait()
	return errors.Join(err, s.close())
}

// Close gives back what a server holds that is never served.
func (s *Server) Close() error { return s.close() }

func (s *Server) close() error {
	var all error
	for _, c := range s.closers {
		all = errors.Join(all, c())
	}
	s.closers = nil
	return all
}
