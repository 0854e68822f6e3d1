// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Client fetches. It is safe for concurrent use; the zero Client reaches nobody.
// It holds no cookies and no credentials, follows no redirects and knows no proxy.
type Client struct {
	private   map[string]bool // "host:port" that may be reached at an address that is not public
	roots     *x509.CertPool
	resolver  Resolver
	dial      dialFunc
	timeout   time.Duration
	now       func() time.Time
	gate      *gate
	transport *http.Transport
}

// New returns a client for cfg. It refuses a missing clock, a Private entry that is not an exact
// host and port, and a Timeout that is negative or beyond FetchTimeout.
func New(cfg Config) (*Client, error) {
	if cfg.Now == nil {
		return nil, errors.New("safehttp: Now must be given")
	}
	if cfg.Timeout < 0 || cfg.Timeout > FetchTimeout {
		return nil, errors.New("safehttp: Timeout must be at most " + FetchTimeout.String())
	}
	private, err := parsePrivate(cfg.Private)
	if err != nil {
		return nil, err
	}
	c := &Client{
		private: private, roots: cfg.Roots, resolver: cfg.Resolver, dial: cfg.Dial,
		timeout: cfg.Timeout, now: cfg.Now, gate: newGate(),
	}
	if c.resolver == nil {
		c.resolver = net.DefaultResolver
	}
	if c.timeout == 0 {
		c.timeout = FetchTimeout
	}
	c.transport = c.newTransport()
	return c, nil
}

// Get fetches url and returns its answer if it is as want says.
//
// Refusals: fetch.blocked for an address that is not public or a URL that is not a plain https one,
// fetch.redirect, fetch.tls, and fetch.limit for an answer that is too large, too slow, compressed
// or of another media type. A status that want does not name is a *StatusError; everything else
// that stops an answer is ErrUnreachable. None of them holds the URL.
func (c *Client) Get(ctx context.Context, url string, want Want) (Response, error) {
	return c.fetch(ctx, http.MethodGet, url, "", nil, want)
}

// Post sends body, of at most MaxPost bytes, to url and returns its answer if it is as want says.
// It fails as Get does. What it sends is sent once: a broken connection is not tried again.
func (c *Client) Post(ctx context.Context, url, contentType string, body []byte, want Want) (Response, error) {
	if contentType == "" || len(body) > MaxPost {
		return Response{}, errors.New("safehttp: a body needs a content type and at most MaxPost bytes")
	}
	return c.fetch(ctx, http.MethodPost, url, contentType, body, want)
}

// Close ends idle connections. The client stays usable.
func (c *Client) Close() {
	if c != nil && c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// Budget bounds all that is fetched for one request to BudgetTimeout, or to ctx's own deadline if
// that is earlier. The caller gives the context that it returns to each Get and Post.
func Budget(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, BudgetTimeout)
}

func (c *Client) fetch(ctx context.Context, method, raw, contentType string, body []byte, want Want) (Response, error) {
	if c == nil || c.transport == nil {
		return Response{}, reason.New(reason.FetchBlocked, "the client was not made by New")
	}
	if err := want.check(); err != nil {
		return Response{}, err
	}
	to, err := c.parseTarget(raw)
	if err != nil {
		return Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	leave, err := c.gate.enter(ctx, to.key)
	if err != nil {
		return Response{}, stopped(ctx, err)
	}
	defer leave()
	return c.exchange(ctx, to.request(ctx, method, contentType, body, want), want)
}

// exchange sends one request by RoundTrip, so that nothing below it follows a redirect,
// keeps a cookie or adds a referrer.
func (c *Client) exchange(ctx context.Context, r *http.Request, want Want) (Response, error) {
	answer, err := c.transport.RoundTrip(r)
	if err != nil {
		return Response{}, stopped(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }()
	got, err := readAnswer(answer, want)
	if err == nil {
		err = ctx.Err() // an end that came only because we hung up is no end
	}
	if err != nil {
		return Response{}, stopped(ctx, err)
	}
	return got, nil
}

// request makes the message to the target, with no header member but our own and those want allows.
func (t target) request(ctx context.Context, method, contentType string, body []byte, want Want) *http.Request {
	h := want.header()
	r := &http.Request{
		Method: method, URL: t.url, Host: t.url.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if method == http.MethodPost {
		h.Set("Content-Type", contentType)
		r.ContentLength = int64(len(body))
		r.Body = http.NoBody
		if len(body) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
	}
	return r.WithContext(ctx)
}

// stopped names why a fetch ended: a refusal keeps its code, time that ran out is fetch.limit, a
// caller that gave up sees its own context's error, and the rest is ErrUnreachable.
func stopped(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*reason.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*StatusError](err); ok {
		return err
	}
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &unreachableError{ctx.Err()}
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return reason.Wrap(reason.FetchLimit, "no answer in time", err)
	default:
		return &unreachableError{err}
	}
}

// unreachableError is ErrUnreachable with its cause.
type unreachableError struct{ cause error }

func (e *unreachableError) Error() string   { return ErrUnreachable.Error() + ": " + e.cause.Error() }
func (e *unreachableError) Unwrap() []error { return []error{ErrUnreachable, e.cause} }
