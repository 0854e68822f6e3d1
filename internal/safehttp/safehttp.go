// SPDX-License-Identifier: Apache-2.0

// Package safehttp is the one outbound HTTP client: it speaks https to public hosts, and to
// nobody else but the addresses that an operator lists.
package safehttp

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// Bounds of every fetch (security.md §5.3). They may be lowered, never raised.
const (
	FetchTimeout       = 3 * time.Second // one fetch: waiting for a place, name, connection, answer and body
	BudgetTimeout      = 8 * time.Second // all fetches made for one request: see Budget
	MaxInFlightPerHost = 8               // fetches at one time to one host and port; more wait for a place
	MaxInFlight        = 64              // fetches at one time in all; more wait for a place
	MaxBody            = 10 << 20        // bytes of an answer's body that any Want may ask for (a did:webvh log)
	MaxPost            = 1 << 20         // bytes of a body that Post sends
	MaxURL             = 2048            // bytes in a URL
	MaxHeader          = 64 << 10        // bytes in an answer's header
	MaxAddresses       = 16              // addresses that a name may have; more is refused
)

// ErrUnreachable says that no usable HTTP answer came: the name did not resolve, the connection
// was refused or broke, or the answer was not HTTP. It has no reason code of its own, because what
// it means depends on what was fetched: callers give it the code of their own step.
var ErrUnreachable = errors.New("safehttp: no usable answer")

// ErrTooLarge is the cause of fetch.limit for a body beyond Want.MaxBytes, for callers to whom
// that bound has a name of its own.
var ErrTooLarge = errors.New("safehttp: the body is too large")

// StatusError is an answer whose status is none that Want names. Body is kept only when it
// is JSON (application/json or a type that ends in +json), and is at most Want.MaxBytes long.
// It comes from a stranger: parse it strictly and never pass it on.
type StatusError struct {
	Status    int
	MediaType string
	Body      []byte
	Header    http.Header // the members that Response.Header keeps
}

// Error names the status alone.
func (e *StatusError) Error() string {
	return "safehttp: the answer has status " + strconv.Itoa(e.Status)
}

// Resolver finds the addresses of a host name. *net.Resolver is one. A name that is not in
// Config.Private is asked for with a final dot, as "issuer.example.".
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config says what a Client may reach.
type Config struct {
	// Private lists, as exact "host:port", whom the client may reach although the address is
	// loopback, private, unique-local or carrier-grade NAT. It is an allow-list: what it does not
	// name stays refused. Link-local, multicast and unspecified addresses are refused even so.
	// Names without a dot, IP literals and names such as "localhost" are accepted only here.
	Private []string
	// Roots are the certificate authorities that are trusted; nil means those of the system.
	Roots *x509.CertPool
	// Resolver finds addresses; nil means the system's.
	Resolver Resolver
	// Dial opens a connection to an address and port that have passed the check; nil means the
	// network, with the address checked once more in the dialer's control hook.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Timeout bounds one fetch; 0 means FetchTimeout, and more than that is refused.
	Timeout time.Duration
	// Now tells the time by which certificates are judged. It must not be nil.
	Now func() time.Time
}

// Want says what answer is acceptable.
type Want struct {
	// MediaTypes lists the types of which the answer must be one, without parameters. Required.
	MediaTypes []string
	// MaxBytes bounds the body. Required, and at most MaxBody.
	MaxBytes int64
	// ETag is sent as If-None-Match if it is not empty; the answer may then be NotModified.
	ETag string
	// Statuses lists the statuses that are answers; empty means 200 alone. A redirect can not be listed.
	Statuses []int
	// Header holds further members of the request: Authorization, DPoP, Idempotency-Key,
	// OAuth-Client-Attestation, OAuth-Client-Attestation-PoP, X-Request-ID. Others are refused.
	Header http.Header
}

// Response is an acceptable answer, read to its end.
type Response struct {
	Status      int
	Body        []byte
	MediaType   string        // lower case, without parameters
	ETag        string        // to be sent again in Want.ETag; empty if there was none
	NotModified bool          // 304 to Want.ETag: Body is empty and what the caller holds is still good
	Date        time.Time     // when the answer was made, by its own account; zero if it does not say
	Age         time.Duration // how long caches held it, by their own account
	Header      http.Header   // Cache-Control, DPoP-Nonce, Expires, Last-Modified, Location, Retry-After, WWW-Authenticate, X-Request-ID
}
