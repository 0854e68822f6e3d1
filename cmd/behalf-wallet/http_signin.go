// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/behalf-id/behalf/internal/command"
)

// Bounds of signing in.
const (
	signInTime   = 5 * time.Minute
	maxSignInURL = 8 << 10 // bytes of the address that comes back
)

// signedInPage is what the browser shows in the end.
const signedInPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>behalf-wallet</title></head>
<body><main><h1>Back to your wallet</h1><p>You can close this window. Your wallet goes on in the terminal.</p></main></body></html>
`

// signIn is a browser, and an address on this machine to which it comes back once (RFC 8252 §7.3): on loopback,
// at a path that nobody can guess.
type signIn struct {
	p        *program
	listener net.Listener
	path     string
	quiet    bool // print the address, open nothing
}

// listen takes a free port of loopback, before anything is asked of an issuer.
func (p *program) listen(quiet bool) (*signIn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &signIn{p: p, listener: l, path: "/" + rand.Text(), quiet: quiet}, nil
}

func (s *signIn) close() { _ = s.listener.Close() }

// Redirect implements wallet.SignIn.
func (s *signIn) Redirect() string { return "http://" + s.listener.Addr().String() + s.path }

// Authorize implements wallet.SignIn: it opens the page in the browser, and waits for one request to come back. It
// is over after five minutes, and works once.
func (s *signIn) Authorize(ctx context.Context, address string) (url.Values, error) {
	if err := webAddress(address); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, signInTime)
	defer cancel()
	back := make(chan url.Values, 1)
	server := &http.Server{
		Handler: s.handler(back), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		MaxHeaderBytes: 2 * maxSignInURL, ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = server.Serve(s.listener) }()
	defer func() {
		ending, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // the page is still on its way
		defer done()
		_ = server.Shutdown(ending)
	}()
	if err := s.p.Show("Sign in with your browser; the wallet waits five minutes:", "  "+address); err != nil {
		return nil, err
	}
	if !s.quiet {
		s.p.browse(ctx, address)
	}
	select {
	case answer := <-back:
		return answer, nil
	case <-ctx.Done():
		return nil, errors.New("nobody came back from signing in; nothing was collected")
	}
}

// handler takes the first request to the path, and no other: pages of other sites cannot guess it, nor reach it under
// another name of this machine.
func (s *signIn) handler(back chan<- url.Values) http.Handler {
	taken := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet || r.URL.Path != s.path || r.Host != s.listener.Addr().String() || len(r.URL.RawQuery) > maxSignInURL {
			http.NotFound(w, r)
			return
		}
		answer, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			http.Error(w, "not an answer to signing in", http.StatusBadRequest)
			return
		}
		select {
		case taken <- struct{}{}:
		default:
			http.NotFound(w, r)
			return
		}
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, signedInPage)
		back <- answer
	})
}

// webAddress refuses what a browser should not be sent to.
func webAddress(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || command.Printable(text) != text {
		return errors.New("what should be opened is no https address")
	}
	return nil
}
