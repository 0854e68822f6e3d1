// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

// Library returns a client for a library that makes its own requests, such as one of OpenID Connect:
// by the rules of Get and Post, with answers in JSON of at most maxBytes, which must be from 1 to
// MaxBody. Of a request's header Accept, Authorization and Content-Type are sent and nothing else.
//
// An answer of any status is handed on, but a redirect is fetch.redirect. What is refused, Get says;
// a method other than GET and POST is refused too. The answer is read to its end before it is
// returned, so that nothing is left to close and no time limit can be outrun.
func (c *Client) Library(maxBytes int64) (*http.Client, error) {
	if maxBytes < 1 || maxBytes > MaxBody {
		return nil, errors.New("safehttp: a library needs a bound up to MaxBody")
	}
	return &http.Client{Transport: library{c, maxBytes}}, nil
}

// library is the transport of a Library.
type library struct {
	client *Client
	limit  int64
}

// RoundTrip implements http.RoundTripper.
func (l library) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := l.outgoing(r)
	if err != nil {
		return nil, err
	}
	c := l.client
	if c == nil || c.transport == nil {
		return nil, reason.New(reason.FetchBlocked, "the client was not made by New")
	}
	to, err := c.parseTarget(r.URL.String())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), c.timeout)
	defer cancel()
	leave, err := c.gate.enter(ctx, to.key)
	if err != nil {
		return nil, stopped(ctx, err)
	}
	defer leave()
	out := to.request(ctx, r.Method, r.Header.Get("Content-Type"), body, Want{MediaTypes: []string{"application/json"}})
	for _, name := range [...]string{"Accept", "Authorization"} {
		if v := r.Header.Get(name); v != "" {
			out.Header.Set(name, v)
		}
	}
	answer, err := l.exchange(ctx, out)
	if err != nil {
		return nil, stopped(ctx, err)
	}
	answer.Request = r
	return answer, nil
}

// outgoing reads what a library wants to send.
func (l library) outgoing(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, l.speaks(r.Method)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxPost+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxPost {
		return nil, errors.New("safehttp: a body has at most MaxPost bytes")
	}
	return body, l.speaks(r.Method)
}

func (l library) speaks(method string) error {
	if method != http.MethodGet && method != http.MethodPost {
		return errors.New("safehttp: a library may GET and POST")
	}
	return nil
}

// exchange sends one request and reads its answer whole.
func (l library) exchange(ctx context.Context, r *http.Request) (*http.Response, error) {
	answer, err := l.client.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	switch kind := mediaType(answer.Header); {
	case answer.StatusCode/100 == 3:
		return nil, reason.New(reason.FetchRedirect, "the answer is a redirect")
	case !uncoded(answer.Header):
		return nil, reason.New(reason.FetchLimit, "the answer is compressed")
	case kind != "application/json" && !strings.HasSuffix(kind, "+json"):
		return nil, reason.New(reason.FetchLimit, "the answer has another media type than asked for")
	}
	body, err := readBody(answer, l.limit)
	if err == nil {
		err = ctx.Err() // an end that came only because we hung up is no end
	}
	if err != nil {
		return nil, err
	}
	header := keep(answer.Header)
	header.Set("Content-Type", answer.Header.Get("Content-Type"))
	return &http.Response{
		Status: answer.Status, StatusCode: answer.StatusCode, Proto: answer.Proto, ProtoMajor: answer.ProtoMajor, ProtoMinor: answer.ProtoMinor,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}
