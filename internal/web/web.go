// SPDX-License-Identifier: Apache-2.0

// Package web is what every server shares.
package web

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Config is what a Server is made of.
type Config struct {
	Name          string
	Handler       http.Handler
	Listener      net.Listener
	TLS           *tls.Config
	Logger        *slog.Logger
	Now           func() time.Time
	Ready         func(ctx context.Context) error
	OpenAPI       []byte
	Problems      Problems
	Metrics       Metrics
	MetricsListen net.Listener
}

// Observation is one request that was answered. Every member comes from a closed set, but Duration.
type Observation struct {
	Method   string        // a method that HTTP defines, or "other"
	Route    string        // the pattern that matched, or "other"
	Class    string        // "1xx" to "5xx"
	Reason   reason.Code   // the true reason of a refusal, or ""
	Duration time.Duration // from the first byte of the header to the return of the handler
}

// Metrics counts what a server does and answers GET /metrics.
type Metrics interface {
	http.Handler
	Begin()                // a request came
	Observe(o Observation) // and was answered
}

// Server answers for one role.
type Server struct{}

// New checks cfg and returns its server.
func New(cfg Config) (*Server, error) { return nil, nil }

// Handler is the whole of what the server answers with.
func (s *Server) Handler() http.Handler { return nil }

// Serve answers until ctx ends.
func (s *Server) Serve(ctx context.Context) error { return nil }

// Listen opens the address.
func Listen(address string) (net.Listener, error) { return nil, nil }

// LoadTLS reads a certificate and its key.
func LoadTLS(certFile, keyFile string) (*tls.Config, error) { return nil, nil }

// Problems writes refusals as RFC 9457 problem details. The zero value has the base "".
type Problems struct{ base string }

// NewProblems returns a writer whose types begin with base, such as "https://docs.example".
func NewProblems(base string) (Problems, error) { return Problems{base}, nil }

// Write answers with what audience a may see of err.
func (p Problems) Write(w http.ResponseWriter, a reason.Audience, err error) {}

// Bearer lets requests pass that carry token.
func (p Problems) Bearer(token Secret, next http.Handler) http.Handler { return nil }

// Problem is Problems{}.Write.
func Problem(w http.ResponseWriter, a reason.Audience, err error) {}

// Bearer is Problems{}.Bearer.
func Bearer(token Secret, next http.Handler) http.Handler { return nil }

// RequestID returns the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string { return "" }

// ReadBody reads the whole body if it is of one of the media types.
func ReadBody(r *http.Request, mediaTypes ...string) ([]byte, error) { return nil, nil }

// Form reads a form body; only the repeatable names may come more than once.
func Form(r *http.Request, repeatable ...string) (url.Values, error) { return nil, nil }

// Query reads the query; only the repeatable names may come more than once.
func Query(r *http.Request, repeatable ...string) (url.Values, error) { return nil, nil }

// JSON answers with v.
func JSON(w http.ResponseWriter, status int, v any) {}

// Bytes answers with body.
func Bytes(w http.ResponseWriter, status int, mediaType string, body []byte) {}

// CacheFor lets everybody keep the answer for age.
func CacheFor(w http.ResponseWriter, age time.Duration) {}

// NotModified answers 304 if the request names etag.
func NotModified(w http.ResponseWriter, r *http.Request, etag string) bool { return false }

// Secret is a text that shows itself to nobody who does not ask for it.
type Secret struct{ value func() string }

// NewSecret returns the secret text.
func NewSecret(text string) (Secret, error) { return Secret{}, nil }

// ReadSecretFile reads a secret from the file at path.
func ReadSecretFile(path string) (Secret, error) { return Secret{}, nil }

// Equal reports, in constant time, whether s is text.
func (s Secret) Equal(text string) bool { return false }

// Reveal returns the text, for the one place that must send it.
func (s Secret) Reveal() string { return "" }

// String returns "[secret]".
func (s Secret) String() string { return "[secret]" }
