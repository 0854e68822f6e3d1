// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Unavailable returns a framework that accredits nobody and says that it is unavailable: what
// there is before the first snapshot was verified, and after the last one has expired.
func Unavailable() *Framework { return &Framework{Unavailable: true} }

// Usable returns nil if f may be relied on at the instant at: trust.registry_unavailable if it
// says that it is unavailable or is nil, trust.registry_stale if it is older than it allows
// (delegation.md §4.1, strict).
func (f *Framework) Usable(at time.Time) error {
	switch {
	case f == nil || f.Unavailable:
		return reason.New(reason.TrustRegistryUnavailable, "no verified snapshot of the trust framework")
	case at.Sub(f.AsOf) > time.Duration(f.MaxAgeSeconds)*time.Second:
		return reason.New(reason.TrustRegistryStale, "the newest verified snapshot is too old")
	}
	return nil
}

// DIDHostAllowed reports whether some party lists host, "name" or "name:port" in lower case, as
// a host of did:web documents. Nothing is allowed by a framework that is unavailable.
func (f *Framework) DIDHostAllowed(host string) bool {
	if f == nil || f.Unavailable || host == "" {
		return false
	}
	for _, p := range f.Parties {
		if slices.Contains(p.DIDHosts, host) {
			return true
		}
	}
	return false
}

// StatusHostAllowed reports whether the party issuer lists the origin of listURL for its status
// lists. The URL must be https without user and fragment; its origin is compared octet by
// octet, so a written-out port 443 is another origin than none.
func (f *Framework) StatusHostAllowed(issuer, listURL string) bool {
	if f == nil || f.Unavailable || len(listURL) > MaxURL {
		return false
	}
	u, err := url.Parse(listURL)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Host == "" || strings.Contains(listURL, "#") {
		return false
	}
	return slices.Contains(f.Parties[issuer].StatusHosts, "https://"+u.Host)
}

// MaxURL is the number of bytes of a URL that is looked up.
const MaxURL = 2048

// Party returns what is known of the party with this DID, and whether it is listed.
func (f *Framework) Party(id string) (Party, bool) {
	if f == nil || f.Unavailable {
		return Party{}, false
	}
	p, ok := f.Parties[id]
	return p, ok
}

// anyCovers is delegation.md §2.2.
func anyCovers(set []string, resource string) bool {
	for _, p := range set {
		if p == "*" || p == resource || strings.HasPrefix(resource, p+"/") {
			return resource != ""
		}
	}
	return false
}
