// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

const (
	requestIDHeader = "X-Request-ID"
	minRequestID    = 16 // bytes; a shorter one could be a person's number, and is replaced
	maxRequestID    = 64

	otherLabel = "other" // stands in log and metrics for what a caller made up
)

// Handler is the whole of what the server answers with: its own paths, and the role's behind the
// limits, the request id, the security headers, the log, the metrics and the recovery.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	start := s.cfg.Now()
	id := requestID(r)
	r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
	rec := &recorder{ResponseWriter: w}
	s.setHeaders(rec.Header(), id)
	if s.cfg.Metrics != nil {
		s.cfg.Metrics.Begin()
	}
	route := otherLabel
	defer func() { s.finish(rec, r, route, start) }()
	defer s.recover(rec, r, &route)
	if err := admit(r); err != nil {
		s.cfg.Problems.Write(rec, reason.Service, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	s.dispatch(rec, r, &route)
}

// dispatch answers the server's own paths, and leaves the others to the role. It names the route
// before it is taken, so that a panic in it is logged under its name.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, route *string) {
	if own := s.own(r.URL.Path); own != nil {
		*route = r.URL.Path
		if !readOnly(r.Method) {
			methodNotAllowed(w, "GET, HEAD")
			return
		}
		own(w, r)
		return
	}
	if s.find == nil {
		defer func() { *route = routeOf(r.Pattern) }()
		s.cfg.Handler.ServeHTTP(w, r)
		return
	}
	h, pattern := s.find(r)
	*route = routeOf(pattern)
	if pattern == "" {
		s.noRoute(w, r, h)
		return
	}
	s.cfg.Handler.ServeHTTP(w, r)
}

// own returns the handler of one of the server's own paths, or nil.
func (s *Server) own(path string) http.HandlerFunc {
	switch {
	case path == "/healthz":
		return func(w http.ResponseWriter, _ *http.Request) { JSON(w, http.StatusOK, state{"ok"}) }
	case path == "/readyz":
		return s.ready
	case path == "/metrics" && s.localMetrics:
		return s.cfg.Metrics.ServeHTTP
	case path == "/openapi.json" && len(s.cfg.OpenAPI) > 0:
		return func(w http.ResponseWriter, _ *http.Request) {
			Bytes(w, http.StatusOK, "application/json", s.cfg.OpenAPI)
		}
	}
	return nil
}

type state struct {
	Status string `json:"status"`
}

// ready says whether requests should be sent here. Why not is for the log alone.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), ReadyTimeout)
	defer cancel()
	err := s.cfg.Ready(ctx)
	if err == nil && !s.draining.Load() {
		JSON(w, http.StatusOK, state{"ready"})
		return
	}
	s.cfg.Logger.Warn("not ready", "server", s.cfg.Name, "draining", s.draining.Load(), "reason", string(reason.Of(err)))
	JSON(w, http.StatusServiceUnavailable, state{"not ready"})
}

// noRoute answers what the role's mux has no route for. The mux's own handler is asked what it would
// say, for the methods that another route on the path allows, and its text is dropped.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request, h http.Handler) {
	said := &silent{header: http.Header{}}
	h.ServeHTTP(said, r)
	if said.status == http.StatusMethodNotAllowed {
		methodNotAllowed(w, said.header.Get("Allow"))
		return
	}
	s.cfg.Problems.Write(w, reason.Service, reason.New(reason.ObjectUnknown, "no such path"))
}

// setHeaders sets what every answer carries unless a handler says otherwise.
func (s *Server) setHeaders(h http.Header, id string) {
	h.Set(requestIDHeader, id)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if s.cfg.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recover turns a panic into 503 internal.indeterminate, and logs where it came from and of what
// type it was, never its value: values hold what people sent.
func (s *Server) recover(w *recorder, r *http.Request, route *string) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
		panic(v)
	}
	s.cfg.Logger.Error("panic", "server", s.cfg.Name, "request_id", RequestID(r.Context()), "route", *route,
		"type", fmt.Sprintf("%T", v), "at", panicPlace())
	if w.status != 0 {
		w.code = reason.InternalIndeterminate
		panic(http.ErrAbortHandler) // half an answer is out: only breaking the connection is honest
	}
	s.cfg.Problems.Write(w, reason.Service, reason.New(reason.InternalIndeterminate, "a handler panicked"))
}

// panicPlace names the function and line that panicked.
func panicPlace() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicked := false
	for {
		f, more := frames.Next()
		if panicked && !strings.HasPrefix(f.Function, "runtime.") {
			return f.Function + ":" + strconv.Itoa(f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return ""
		}
	}
}

// finish writes the log line and counts the request.
func (s *Server) finish(w *recorder, r *http.Request, route string, start time.Time) {
	took := s.cfg.Now().Sub(start)
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	level := slog.LevelInfo
	switch {
	case status >= 500:
		level = slog.LevelWarn
	case strings.HasPrefix(route, "/"): // probes come every few seconds
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("server", s.cfg.Name), slog.String("request_id", RequestID(r.Context())), slog.String("method", methodOf(r.Method)),
		slog.String("route", route), slog.Int("status", status), slog.Int64("bytes", w.bytes), slog.Duration("took", took),
	}
	if w.code != "" {
		attrs = append(attrs, slog.String("reason", string(w.code)))
	}
	s.cfg.Logger.LogAttrs(r.Context(), level, "request", attrs...)
	if s.cfg.Metrics != nil {
		s.cfg.Metrics.Observe(Observation{
			Method: methodOf(r.Method), Route: route, Class: classOf(status), Reason: w.code, Duration: took,
		})
	}
}

type requestIDKey struct{}

// RequestID returns the id of the request that ctx belongs to, or "". It is safe to log.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// requestID returns the caller's id if it is harmless, else a new one.
func requestID(r *http.Request) string {
	if given := r.Header.Values(requestIDHeader); len(given) == 1 && goodRequestID(given[0]) {
		return given[0]
	}
	return rand.Text()
}

func goodRequestID(id string) bool {
	if len(id) < minRequestID || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func routeOf(pattern string) string {
	if pattern == "" {
		return otherLabel
	}
	return pattern
}

func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return otherLabel
}

func classOf(status int) string {
	if status < 100 || status > 599 {
		return otherLabel
	}
	return strconv.Itoa(status/100) + "xx"
}

func readOnly(method string) bool { return method == http.MethodGet || method == http.MethodHead }
