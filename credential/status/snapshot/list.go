// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"net/netip"
	"net/url"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/credential/status"
	"github.com/behalf-id/behalf/credential/status/bitstring"
	"github.com/behalf-id/behalf/credential/status/internal/wire"
	"github.com/behalf-id/behalf/credential/status/tokenlist"
	"github.com/behalf-id/behalf/reason"
)

// list is a status list that was verified. It is never changed.
type list struct {
	kind   credential.StatusKind
	token  tokenlist.Bits // of a Token Status List
	bits   bitstring.List // of a Bitstring Status List
	issued time.Time
	until  time.Time     // the end of its own validity, of its ttl or of the age limit, whichever is first
	renew  time.Duration // how long it is to be used before another is asked for, beside what until says; 0: no such limit
	etag   string
}

// usable reports whether l may be used at now. A clock that was set back far makes it unusable too.
func (l *list) usable(now time.Time) bool {
	return now.Before(l.until) && !l.issued.After(now.Add(MaxAhead))
}

// octets returns what l holds, whatever its kind.
func (l *list) octets() wire.Octets {
	if l.kind == credential.TokenStatusList {
		return l.token.Octets()
	}
	return l.bits.Bits.Octets()
}

func (l *list) size() int { return l.octets().Len() }

// state returns what l says of ref, which is of l's kind.
func (l *list) state(ref credential.StatusRef) (status.State, error) {
	if l.kind == credential.TokenStatusList {
		return l.token.State(ref.Index)
	}
	set, err := l.bits.Bits.Set(ref.Index)
	switch {
	case ref.Purpose != bitstring.Revocation && ref.Purpose != bitstring.Suspension:
		return status.Unknown, reason.New(reason.StatusPurpose, "the entry's purpose is not acted on")
	case !l.bits.Has(ref.Purpose):
		return status.Unknown, reason.New(reason.StatusPurpose, "the list does not have the entry's purpose")
	case err != nil:
		return status.Unknown, err
	case !set:
		return status.Valid, nil
	case ref.Purpose == bitstring.Revocation:
		return status.Revoked, nil
	}
	return status.Suspended, nil
}

// limit sets until, and refuses a list that may not be used at now. The ttl counts from the issue
// and not from the download, which can only make it shorter.
func (l *list) limit(now time.Time, maxAge, ttl time.Duration, notBefore, expires time.Time) error {
	if ttl > 0 {
		maxAge = min(maxAge, ttl)
	}
	l.until = l.issued.Add(maxAge)
	if !expires.IsZero() && expires.Before(l.until) {
		l.until = expires
	}
	switch {
	case notBefore.After(now.Add(MaxAhead)) || l.issued.After(now.Add(MaxAhead)):
		return reason.New(reason.StatusUnavailable, "the list is not valid yet")
	case !l.usable(now):
		return reason.New(reason.StatusUnavailable, "the list is past its validity or the age limit")
	}
	return nil
}

// unlisted refuses an address that the framework does not list. One that could never be listed,
// because it is no https URL with a host name, gets the code that the network would give it.
func unlisted(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
		return reason.New(reason.FetchBlocked, "the status list is not at an https address")
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return reason.New(reason.FetchBlocked, "the status list is at an IP address")
	}
	return reason.New(reason.FetchNotAllowed, "the framework does not list this host for the issuer's status lists")
}
