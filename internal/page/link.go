// SPDX-License-Identifier: Apache-2.0

package page

import (
	"html/template"
	"net/url"
	"strings"
)

// link is an address that was looked at, and its QR code.
type link struct {
	URL  template.URL // of a scheme that wallets or browsers open
	Code string       // the QR code as the data of an SVG path; empty: there is none
	Side int          // the side of the square that it is drawn in
}

// walletLink returns raw as a link if wallets open its scheme: what OpenID4VCI 1.0 §4.1, OpenID4VP
// 1.0 §13.1.2 and HAIP 1.0 name, and https.
func walletLink(raw string) (link, bool) {
	scheme, rest, _ := strings.Cut(raw, ":")
	switch scheme {
	case "openid-credential-offer", "openid4vp", "haip-vci", "haip-vp":
		if !strings.HasPrefix(rest, "//") {
			return link{}, false
		}
	default:
		if !webLink(raw) {
			return link{}, false
		}
	}
	if !address(raw) {
		return link{}, false
	}
	code, side := drawn(raw)
	return link{template.URL(raw), code, side}, true //nolint:gosec // its scheme is one of the above
}

// webLink reports whether raw is an address of a web page: https, or http on a loopback address.
func webLink(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && address(raw) && u.User == nil && u.Host != "" &&
		(u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

// ownPath reports whether raw is a path on our own origin.
func ownPath(raw string) bool {
	return strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") && !strings.Contains(raw, `\`) && address(raw)
}

// address reports whether raw is of a length and of characters that an address may have.
func address(raw string) bool {
	return raw != "" && len(raw) <= MaxLink && !strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' })
}

// forbiddenScheme reports whether s is a scheme that makes a browser run or read what its address
// holds, rather than hand it to a program.
func forbiddenScheme(s string) bool {
	switch s {
	case "about", "blob", "data", "file", "filesystem", "javascript", "ws", "wss":
		return true
	}
	return false
}
