// SPDX-License-Identifier: Apache-2.0

package vcapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/did/didjwk"
	"github.com/behalf-id/behalf/did/didkey"
	"github.com/behalf-id/behalf/did/didweb"
	"github.com/behalf-id/behalf/did/didwebvh"
	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/internal/sealed"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/internal/web"
	"github.com/behalf-id/behalf/store"
)

// ServerConfig is what a Server is made of. Dir, Listen, Seen, Now, Random and Logger are required.
type ServerConfig struct {
	Dir    string           // folder for keys, certificate and status lists; made if absent
	Listen string           // "HOST:PORT"; port 0 lets the system choose
	Origin string           // address by which clients reach it; "" is https, the host and the port of Listen
	Hosts  []string         // "host" or "host:port" of which did:web and did:webvh documents are fetched; none otherwise
	Roots  *x509.CertPool   // certificate authorities for that; nil means those of the system
	Seen   store.Store      // keeps what was seen of logs of did:webvh
	Now    func() time.Time // tells the time
	Random io.Reader        // feeds keys, salts and status indexes
	Logger *slog.Logger     // receives one line for each request
}

// Server serves an API over TLS with a certificate of its own.
type Server struct {
	api    *API
	web    *web.Server
	closes net.Listener
	origin string
	cert   string
}

// NewServer opens the API and the address of cfg. The did:keys of the issuers are written to
// issuers.json in the folder. The caller serves it, or closes it.
func NewServer(ctx context.Context, cfg ServerConfig) (*Server, error) {
	if cfg.Dir == "" || cfg.Seen == nil || cfg.Now == nil || cfg.Random == nil || cfg.Logger == nil {
		return nil, errors.New("vcapi: Dir, Seen, Now, Random and Logger must be given")
	}
	if err := MakeDir(cfg.Dir); err != nil {
		return nil, err
	}
	listener, err := web.Listen(cfg.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{closes: listener}
	if err := s.open(ctx, cfg, listener); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// MakeDir makes the folder of an API, and those above it.
func MakeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	return sealed.MakeDir(dir)
}

func (s *Server) open(ctx context.Context, cfg ServerConfig, listener net.Listener) error {
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if s.origin = cfg.Origin; s.origin == "" {
		s.origin = "https://" + net.JoinHostPort(host, port)
	}
	mux, err := resolver(cfg)
	if err != nil {
		return err
	}
	s.api, err = Open(ctx, Config{Dir: cfg.Dir, Origin: s.origin, Resolver: mux, Now: cfg.Now, Random: cfg.Random})
	if err != nil {
		return err
	}
	dids, err := strictjson.Marshal(s.api.DIDs())
	if err != nil {
		return err
	}
	if err := sealed.WriteFile(filepath.Join(cfg.Dir, "issuers.json"), append(dids, '\n')); err != nil {
		return err
	}
	config, err := s.certificate(cfg, host)
	if err != nil {
		return err
	}
	s.web, err = web.New(web.Config{
		Name: "vc-api", Handler: s.api.Handler(), Listener: listener, TLS: config, Logger: cfg.Logger, Now: cfg.Now,
		Ready: func(context.Context) error { return nil },
	})
	return err
}

func (s *Server) certificate(cfg ServerConfig, host string) (config *tls.Config, err error) {
	cert, private, err := Certificate(cfg.Dir, host, cfg.Now())
	if err != nil {
		return nil, err
	}
	if s.cert, err = filepath.Abs(cert); err != nil {
		return nil, err
	}
	return web.LoadTLS(cert, private)
}

// resolver returns a resolver of all methods. What must be fetched is fetched from the hosts of cfg
// alone, which may be private ones: it is an operator who lists them.
func resolver(cfg ServerConfig) (*did.Mux, error) {
	private := make([]string, 0, len(cfg.Hosts))
	for _, host := range cfg.Hosts {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(host, "443")
		}
		private = append(private, host)
	}
	fetch, err := safehttp.New(safehttp.Config{Private: private, Roots: cfg.Roots, Now: cfg.Now})
	if err != nil {
		return nil, err
	}
	allowed := func(host string) bool { return slices.Contains(cfg.Hosts, host) }
	byWeb, err := didweb.New(didweb.Config{Fetch: fetch, Allowed: allowed, Now: cfg.Now})
	if err != nil {
		return nil, err
	}
	byLog, err := didwebvh.New(didwebvh.Config{Fetch: fetch, Allowed: allowed, Now: cfg.Now, Seen: cfg.Seen})
	if err != nil {
		return nil, err
	}
	return did.NewMux(map[string]did.Resolver{
		didkey.Method: didkey.New(), didjwk.Method: didjwk.New(), didweb.Method: byWeb, didwebvh.Method: byLog,
	})
}

// Origin is the address by which clients reach the server.
func (s *Server) Origin() string { return s.origin }

// Certificate is the path of the certificate that clients trust.
func (s *Server) Certificate() string { return s.cert }

// DIDs returns the did:key of each issuer by its name.
func (s *Server) DIDs() map[string]string { return s.api.DIDs() }

// Serve answers until ctx ends, and closes the server.
func (s *Server) Serve(ctx context.Context) error {
	return errors.Join(s.web.Serve(ctx), s.api.Close())
}

// Close gives back what a server holds that is not served.
func (s *Server) Close() error {
	err := s.closes.Close()
	if s.api != nil {
		err = errors.Join(err, s.api.Close())
	}
	return err
}
