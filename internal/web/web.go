// SPDX-License-Identifier: Apache-2.0

// Package web is what every server shares: its limits, its errors, its probes and its log.
package web

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Bounds of every server (security.md §5.3).
const (
	HeaderTimeout   = 5 * time.Second  // from the first byte of a request to the end of its header
	BodyTimeout     = 10 * time.Second // from there to the end of its body
	WriteTimeout    = 40 * time.Second // from the end of the header to the end of the answer
	IdleTimeout     = 60 * time.Second // between two requests of one connection
	ShutdownTimeout = 30 * time.Second // for requests in flight when the server is told to stop
	ReadyTimeout    = time.Second      // for Config.Ready
	MaxHeader       = 32 << 10         // bytes in a request's header
	MaxBody         = 1 << 20          // bytes in a request's body
	MaxQuery        = 8 << 10          // bytes in a request's query
	MaxParams       = 100              // parameters in a query or form
	MaxStreams      = 100              // HTTP/2 streams at one time on one connection
)

// Config is what a Server is made of.
type Config struct {
	// Name is the role, such as "issuer", as the log shows it. Required.
	Name string
	// Handler answers all paths but the server's own (/healthz, /readyz, /metrics, /openapi.json).
	// Required. An *http.ServeMux is best: its patterns name the routes in log and metrics, and what
	// it does not know is answered with problem details.
	Handler http.Handler
	// Listener is where Serve accepts connections: see Listen. Handler can be used without.
	Listener net.Listener
	// TLS makes Serve speak TLS, of version 1.2 at least: see LoadTLS. nil means that a proxy on the
	// same machine or network does.
	TLS *tls.Config
	// Logger receives one line for each request. Required.
	Logger *slog.Logger
	// Now tells the time. Required.
	Now func() time.Time
	// Ready says whether the role can do its work; its error is only logged. Required.
	Ready func(ctx context.Context) error
	// OpenAPI is the description of the role's JSON API, an OpenAPI 3.1 document in JSON. Without
	// one /openapi.json does not exist.
	OpenAPI []byte
	// Problems writes what the server itself refuses.
	Problems Problems
	// Metrics counts requests; nil means that nothing is counted and /metrics does not exist.
	Metrics Metrics
	// MetricsListen serves /metrics, in the clear, and nothing else. Without it /metrics is served by
	// Listener if that is a loopback address or a Unix socket, and else not at all: figures are
	// for operators, not for the public.
	MetricsListen net.Listener
}

// check refuses a Config with a part missing.
func (c Config) check() error {
	switch {
	case c.Name == "":
		return errors.New("web: Name must be given")
	case c.Handler == nil:
		return errors.New("web: Handler must be given")
	case c.Logger == nil:
		return errors.New("web: Logger must be given")
	case c.Now == nil:
		return errors.New("web: Now must be given")
	case c.Ready == nil:
		return errors.New("web: Ready must be given")
	case c.MetricsListen != nil && c.Metrics == nil:
		return errors.New("web: MetricsListen needs Metrics")
	}
	return nil
}

// Observation is one request that was answered. Every member but Duration comes from a closed set, so
// that no caller can make a new time series.
type Observation struct {
	Method   string        // a method that HTTP defines, or "other"
	Route    string        // the pattern that matched, such as "GET /v1/requests/{id}", or "other"
	Class    string        // "1xx" to "5xx"
	Reason   reason.Code   // the true reason of a refusal, or ""
	Duration time.Duration // until the handler returned
}

// Metrics counts what a server does, and answers GET /metrics. Package metrics has one.
type Metrics interface {
	http.Handler
	Begin()                // a request came
	Observe(o Observation) // and was answered
}
