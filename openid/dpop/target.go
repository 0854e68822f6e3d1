// SPDX-License-Identifier: Apache-2.0

package dpop

import (
	"net/url"
	"strings"
)

// sameTarget reports whether htu names the address that was called, whatever query that had, after
// normalisation by syntax and scheme (RFC 9449 §4.3 item 9, RFC 3986 §6.2.2 and §6.2.3). An htu
// that has a query or fragment itself is none (§4.2).
func sameTarget(htu, called string) bool {
	if strings.ContainsAny(htu, "?#") {
		return false
	}
	a, okA := normal(htu)
	b, okB := normal(called)
	return okA && okB && a == b
}

// normal writes an http or https address in the one form in which equal ones are equal texts.
func normal(address string) (string, bool) {
	if address == "" || len(address) > MaxURL {
		return "", false
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Opaque != "" || u.Hostname() == "" {
		return "", false
	}
	scheme := strings.ToLower(u.Scheme)
	host := strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", false
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if path, ok := normalPath(path); ok {
		return scheme + "://" + strings.TrimSuffix(host, ":") + path, true
	}
	return "", false
}

// normalPath writes percent escapes in upper case, and those of unreserved characters as what they
// stand for (RFC 3986 §6.2.2.1 and §6.2.2.2). Dot segments are refused: no address of ours has one.
func normalPath(path string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b.WriteByte(path[i])
			continue
		}
		c := unhex(path[i+1])<<4 | unhex(path[i+2]) // url.Parse has seen that they are there
		if unreserved(c) {
			b.WriteByte(c)
		} else {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		}
		i += 2
	}
	out := b.String()
	dots := strings.Contains(out, "/./") || strings.Contains(out, "/../") || strings.HasSuffix(out, "/.") || strings.HasSuffix(out, "/..")
	return out, !dots
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
