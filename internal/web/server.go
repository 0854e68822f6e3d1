// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/behalf-id/behalf/reason"
)

// Server answers for one role. The zero Server serves nothing.
type Server struct {
	cfg          Config
	find         func(*http.Request) (http.Handler, string) // the Handler's own router, if it has one
	localMetrics bool                                       // /metrics is served beside the role's paths
	draining     atomic.Bool
}

// New returns the server of cfg. It refuses a missing part. It does no work and starts nothing.
func New(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	if mux, ok := cfg.Handler.(interface {
		Handler(*http.Request) (http.Handler, string)
	}); ok {
		s.find = mux.Handler
	}
	s.localMetrics = cfg.Metrics != nil && cfg.MetricsListen == nil && local(cfg.Listener)
	if cfg.TLS != nil {
		s.cfg.TLS = cfg.TLS.Clone()
		s.cfg.TLS.MinVersion = max(cfg.TLS.MinVersion, tls.VersionTLS12)
	}
	return s, nil
}

// Serve accepts connections until ctx ends. Then it stops accepting, reports itself as not ready, gives
// requests in flight ShutdownTimeout to end, and returns nil if they did. It closes its listeners.
func (s *Server) Serve(ctx context.Context) error {
	if s.cfg.Listener == nil {
		return errors.New("web: Serve needs a Listener")
	}
	main := s.newHTTP(s.Handler())
	main.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	main.TLSConfig = s.cfg.TLS
	failed := make(chan error, 2)
	go func() {
		if s.cfg.TLS != nil {
			failed <- main.ServeTLS(s.cfg.Listener, "", "")
			return
		}
		failed <- main.Serve(s.cfg.Listener)
	}()
	servers := []*http.Server{main}
	if s.cfg.MetricsListen != nil {
		side := s.newHTTP(s.metricsOnly())
		servers = append(servers, side)
		go func() { failed <- side.Serve(s.cfg.MetricsListen) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.draining.Store(true)
	return errors.Join(err, stop(context.WithoutCancel(ctx), servers))
}

// stop ends servers, by force when ShutdownTimeout is over.
func stop(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, ShutdownTimeout)
	defer cancel()
	var all error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			all = errors.Join(all, err, server.Close())
		}
	}
	return all
}

func (s *Server) newHTTP(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: HeaderTimeout,
		ReadTimeout:       HeaderTimeout + BodyTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: MaxStreams},
		ErrorLog:          log.New(connectionLog{s.cfg.Logger}, "", 0),
	}
}

// connectionLog keeps what net/http complains about, but not its words: they hold clients' addresses.
type connectionLog struct{ logger *slog.Logger }

func (l connectionLog) Write(line []byte) (int, error) {
	message := "connection failed"
	if strings.Contains(string(line), "TLS handshake error") {
		message = "tls handshake failed"
	}
	l.logger.Debug(message)
	return len(line), nil
}

// metricsOnly answers GET /metrics and nothing else.
func (s *Server) metricsOnly() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.cfg.Metrics)
	return mux
}

// local reports whether only this machine can connect to l.
func local(l net.Listener) bool {
	if l == nil {
		return false
	}
	switch a := l.Addr().(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// ListenError is an address that Listen could not open. Its text is one line that says what to do.
type ListenError struct {
	Address string
	Err     error
}

// Error says what is wrong with the address and what to do.
func (e *ListenError) Error() string {
	switch {
	case errors.Is(e.Err, syscall.EADDRINUSE):
		return "address " + e.Address + " is in use: stop the other program or choose another with --listen"
	case errors.Is(e.Err, syscall.EACCES):
		return "address " + e.Address + " may not be used by this user: choose a port above 1023 with --listen"
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return "address " + e.Address + " is not one of this machine: choose another with --listen"
	default:
		return "address " + e.Address + " cannot be listened on: choose another as HOST:PORT with --listen"
	}
}

// Unwrap returns the system's error.
func (e *ListenError) Unwrap() error { return e.Err }

// Listen opens the TCP address "host:port"; port 0 lets the system choose, and the listener's Addr
// says what it chose. An address that cannot be opened is a *ListenError.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &ListenError{Address: address, Err: err}
	}
	return l, nil
}

// LoadTLS reads a server's certificate chain and private key, in PEM. A key file that group or
// world may read is cli.config, as is one that does not fit the certificate.
func LoadTLS(certFile, keyFile string) (*tls.Config, error) {
	key, err := readPrivate(keyFile, maxKeyFile)
	if err != nil {
		return nil, err
	}
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, certFile+": cannot be read", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, reason.Wrap(reason.CLIConfig, certFile+" and "+keyFile+": are no certificate with its key", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}
