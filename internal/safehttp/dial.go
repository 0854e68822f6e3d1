// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/behalf-id/behalf/reason"
)

const (
	connectTimeout = time.Second      // one attempt at one address of several
	idleTimeout    = 30 * time.Second // an unused connection is closed after this, before servers do it
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// newTransport makes the transport that keeps connections for reuse. It speaks HTTP/1.1 only, which
// every server does, so that one connection carries one answer.
func (c *Client) newTransport() *http.Transport {
	plain := &http.Protocols{}
	plain.SetHTTP1(true)
	return &http.Transport{
		Proxy: nil, // the environment has no say in where a request goes
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, blocked("only https is spoken")
		},
		DialTLSContext:         c.dialTLS,
		Protocols:              plain,
		DisableCompression:     true,
		MaxIdleConns:           MaxInFlight,
		MaxIdleConnsPerHost:    MaxInFlightPerHost,
		MaxConnsPerHost:        MaxInFlightPerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: MaxHeader,
	}
}

// dialTLS connects to "host:port" and shakes hands. The context that the transport gives has no
// deadline, so that a connection begun for one request may serve another; dialTLS sets its own.
func (c *Client) dialTLS(ctx context.Context, _, key string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	host, _, err := net.SplitHostPort(key)
	if err != nil {
		return nil, blocked("the address has no plain host and port")
	}
	plain, err := c.dialHost(ctx, key)
	if err != nil {
		return nil, err
	}
	secure := tls.Client(plain, &tls.Config{
		ServerName: host, RootCAs: c.roots, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}, Time: c.now,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, handshakeError(ctx, err)
	}
	return secure, nil
}

func handshakeError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return reason.Wrap(reason.FetchLimit, "no TLS connection in time", err)
	}
	return reason.Wrap(reason.FetchTLS, "the TLS peer is not acceptable", err)
}

// dialHost resolves the host of key, checks every address, and connects to the first that answers.
// One address that may not be reached refuses the name as a whole: a name that points both outside
// and inside is a trap, not a choice.
func (c *Client) dialHost(ctx context.Context, key string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(key)
	if err != nil {
		return nil, err
	}
	s := c.standing(key)
	addrs, err := c.resolve(ctx, host, s)
	if err != nil {
		return nil, err
	}
	for _, addr := range addrs {
		if !mayReach(addr, s) {
			return nil, blocked("the host's address is not public")
		}
	}
	var last error
	for _, addr := range addrs {
		conn, err := c.connect(ctx, net.JoinHostPort(addr.String(), port), s)
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func (c *Client) standing(key string) standing {
	if c.private[key] {
		return listed
	}
	return unlisted
}

// resolve returns the addresses of host, at least one. An address literal, which only a listed
// host can be, is itself. A resolver hands IPv4 addresses out in mapped form; they are unmapped
// here, and judged as the IPv4 addresses that they are.
func (c *Client) resolve(ctx context.Context, host string, s standing) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil && s == listed {
		return []netip.Addr{addr}, nil
	}
	if s == unlisted {
		host += "." // keeps the system's search list out of it: the name is what it says
	}
	found, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("the name has no address")
	}
	if len(found) > MaxAddresses {
		return nil, reason.New(reason.FetchLimit, "the name has too many addresses")
	}
	addrs := make([]netip.Addr, len(found))
	for i, a := range found {
		addrs[i] = a.Unmap()
	}
	return addrs, nil
}

// connect opens one connection to an address that was checked. What the kernel is about to connect
// to is checked again in the control hook, so that no code between can have changed it.
func (c *Client) connect(ctx context.Context, address string, s standing) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, min(connectTimeout, c.timeout))
	defer cancel()
	if c.dial != nil {
		return c.dial(ctx, "tcp", address)
	}
	d := net.Dialer{Control: func(network, address string, _ syscall.RawConn) error {
		return checkDialled(network, address, s)
	}}
	return d.DialContext(ctx, "tcp", address)
}

// checkDialled is the control hook's rule.
func checkDialled(network, address string, s standing) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") || !mayReach(to.Addr(), s) {
		return blocked("the host's address is not public")
	}
	return nil
}
