// SPDX-License-Identifier: Apache-2.0

// Package resolution answers DID Resolution over HTTP.
package resolution

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

// Prefix is the path below which DIDs are resolved (DID Resolution 0.3, HTTP(S) Binding).
const Prefix = "/1.0/identifiers/"

// Bounds of a Handler.
const (
	DefaultRate = 60    // resolutions in a minute that need the network
	MaxRate     = 6_000 // the highest Rate
	MaxTarget   = 4_096 // bytes of what stands behind Prefix, as it is escaped
	MaxAccept   = 1_024 // bytes of the header field Accept; what is longer is not read
	MaxRanges   = 32    // media ranges of it that are looked at
	MaxURL      = 2_048 // bytes of an address that a service leads to
)

// ErrorForm is the form of an error in the metadata.
type ErrorForm uint8

// The forms of errors. The zero ErrorForm is Objects.
const (
	Objects ErrorForm = iota // problem details: type, title, detail (DID Resolution 0.3 §10)
	Strings                  // the names of before, such as "notFound"
)

// Config says what a Handler resolves.
type Config struct {
	// Resolver gives the documents; a did.Mux is one. It must not be nil. It keeps to the hosts that
	// may be fetched from (fetch.not_allowed): the handler makes nobody reach another one.
	Resolver did.Describer
	// Now tells the time. It must not be nil.
	Now func() time.Time
	// Computed lists the methods whose documents are computed out of the identifier, such as "key":
	// for all others the network is needed, and Rate holds.
	Computed []string
	// Rate bounds the resolutions in a minute that need the network, whoever asks, so that nobody
	// makes us a tool against others; 0 means DefaultRate. What is beyond it is limit.rate.
	Rate int
	// Errors is the form of errors.
	Errors ErrorForm
}

// Handler answers GET and HEAD below Prefix. Only New makes one.
type Handler struct {
	cfg   Config
	limit *bucket
}

// New returns a handler for cfg, or says what is wrong with cfg.
func New(cfg Config) (*Handler, error) {
	switch {
	case cfg.Resolver == nil || cfg.Now == nil:
		return nil, errors.New("resolution: a handler needs a resolver and a clock")
	case cfg.Rate < 0 || cfg.Rate > MaxRate:
		return nil, errors.New("resolution: the rate is out of bounds")
	case cfg.Errors > Strings:
		return nil, errors.New("resolution: there is no such form of errors")
	}
	if cfg.Rate == 0 {
		cfg.Rate = DefaultRate
	}
	cfg.Computed = slices.Clone(cfg.Computed)
	return &Handler{cfg, &bucket{size: float64(cfg.Rate), left: float64(cfg.Rate)}}, nil
}

// admit takes a place for a resolution of id, if that needs the network.
func (h *Handler) admit(id did.DID) error {
	if slices.Contains(h.cfg.Computed, id.Method()) || h.limit.take(h.cfg.Now()) {
		return nil
	}
	return reason.New(reason.LimitRate, "too many resolutions need the network")
}

// bucket is full at first and fills up in a minute.
type bucket struct {
	mu   sync.Mutex
	size float64
	left float64
	at   time.Time // when left was right; zero at first
}

func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.at); !b.at.IsZero() && passed > 0 {
		b.left = min(b.size, b.left+b.size*passed.Minutes())
	}
	if b.at.IsZero() || now.After(b.at) {
		b.at = now
	}
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
