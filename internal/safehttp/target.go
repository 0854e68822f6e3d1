// SPDX-License-Identifier: Apache-2.0

package safehttp

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/reason"
)

const (
	maxPrivate = 64  // entries in Config.Private
	maxHost    = 253 // bytes in a host name (RFC 1035 §2.3.4)
	maxLabel   = 63  // bytes in one label of it
)

// target is a URL that may be tried: https, a plain host, a port.
type target struct {
	url *url.URL
	key string // "host:port", lower case, the port always there
}

// parseTarget refuses every URL that is not in the plainest form, as fetch.blocked, before any
// name is looked up. Odd forms are refused and not repaired: two parsers read them in two ways.
func (c *Client) parseTarget(raw string) (target, error) {
	authority, ok := plainURL(raw)
	if !ok {
		return target{}, blocked("the address is not a plain https URL")
	}
	host, port, ok := splitAuthority(authority)
	if !ok {
		return target{}, blocked("the address has no plain host and port")
	}
	key := net.JoinHostPort(host, port)
	if !c.private[key] && !publicName(host) {
		return target{}, blocked("the host is not a public name")
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Host != authority {
		return target{}, blocked("the address is not a plain https URL")
	}
	u.Host = strings.ToLower(authority)
	return target{u, key}, nil
}

// plainURL returns the authority of a URL that has the form https://authority[/path][?query] in
// visible ASCII. A fragment is refused, as it has no meaning in a fetch.
func plainURL(raw string) (authority string, ok bool) {
	if len(raw) > MaxURL {
		return "", false
	}
	for i := range len(raw) {
		if raw[i] <= ' ' || raw[i] > '~' || raw[i] == '\\' || raw[i] == '#' {
			return "", false
		}
	}
	rest, ok := strings.CutPrefix(raw, "https://")
	if !ok {
		return "", false
	}
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	return rest, rest != "" && !strings.ContainsAny(rest, "@%")
}

// splitAuthority returns the host in lower case and the port, 443 where none is given.
func splitAuthority(authority string) (host, port string, ok bool) {
	host, port = authority, "443"
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.HasSuffix(authority, "]") {
		host, port = authority[:i], authority[i+1:]
	}
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		if host, ok = strings.CutSuffix(inner, "]"); !ok || !strings.Contains(host, ":") {
			return "", "", false
		}
	} else if strings.ContainsAny(host, ":[]") {
		return "", "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return "", "", false
	}
	return strings.ToLower(host), port, host != ""
}

// publicName reports whether host is a name of at least two labels under a public top label. The top
// label must begin with a letter: 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to some resolvers.
func publicName(host string) bool {
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 || !plainName(host) {
		return false
	}
	top := host[dot+1:]
	if top[0] < 'a' || top[0] > 'z' {
		return false
	}
	switch top {
	case "localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion":
		return false
	}
	return true
}

// plainName reports whether host consists of labels of lower-case letters, digits and inner hyphens.
func plainName(host string) bool {
	if host == "" || len(host) > maxHost {
		return false
	}
	start := 0
	for i := 0; i <= len(host); i++ {
		if i < len(host) && host[i] != '.' {
			if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", rune(host[i])) {
				return false
			}
			continue
		}
		label := host[start:i]
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		start = i + 1
	}
	return true
}

// parsePrivate checks the operator's list.
func parsePrivate(list []string) (map[string]bool, error) {
	if len(list) > maxPrivate {
		return nil, errors.New("safehttp: Private has more than " + strconv.Itoa(maxPrivate) + " entries")
	}
	private := make(map[string]bool, len(list))
	for _, entry := range list {
		host, port, ok := splitAuthority(entry)
		if !ok || net.JoinHostPort(host, port) != entry || !privateHost(host) {
			return nil, errors.New("safehttp: Private entry " + strconv.Quote(entry) + " is not an exact host:port")
		}
		private[entry] = true
	}
	return private, nil
}

// privateHost reports whether an operator may list host: a plain name, or an address in its one
// usual form that may be reached when listed.
func privateHost(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return plainName(host) && !endsInNumber(host)
	}
	return addr.String() == host && mayReach(addr, listed)
}

// endsInNumber reports whether a lax parser may take the host for an IPv4 address.
func endsInNumber(host string) bool {
	top := host[strings.LastIndexByte(host, '.')+1:]
	return top[0] >= '0' && top[0] <= '9'
}

func blocked(detail string) error { return reason.New(reason.FetchBlocked, detail) }
