// SPDX-License-Identifier: Apache-2.0

package didweb

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/reason"
)

const (
	maxHost  = 253 // octets of a name (RFC 1035 §3.1)
	maxLabel = 63  // octets between two dots
	maxPath  = 16  // segments of a path
)

// Location is a place on a web server that a DID names. Only Locate makes one.
type Location struct {
	host string   // name in lower case, with ":port" if the DID has one
	path []string // segments, none for the host's own document
}

// URL returns where the document of id lies (did:web method specification, Read).
//
// The host is a DNS name of lower-case letters, digits and hyphens, no internationalised one
// ("xn--"), with at most a port behind "%3A". There is no other escape, no empty segment and none
// that begins with a dot: all that is did.syntax. An IP address in whatever notation is
// fetch.blocked, another method did.method_unsupported.
func URL(id did.DID) (string, error) {
	at, err := locate(id)
	if err != nil {
		return "", err
	}
	return at.URL("did.json"), nil
}

// Host returns the host in lower case, with ":port" if there is one.
func (l Location) Host() string { return l.host }

// URL returns the address of the file that describes the DID, by its name without a path.
func (l Location) URL(file string) string {
	if len(l.path) == 0 {
		return "https://" + l.host + "/.well-known/" + file
	}
	return l.Base() + file
}

// Base returns the address below which what belongs to the DID lies, with a final slash.
func (l Location) Base() string {
	if len(l.path) == 0 {
		return "https://" + l.host + "/"
	}
	return "https://" + l.host + "/" + strings.Join(l.path, "/") + "/"
}

func locate(id did.DID) (Location, error) {
	if id.Method() != Method {
		return Location{}, reason.New(reason.DIDMethodUnsupported, "not a did:web")
	}
	return Locate(id.ID())
}

// Locate reads text, the part of a DID that names host and path, with the rules of URL. It is that
// of did:web, and what follows the SCID in did:webvh (did:webvh 1.0, The DID to HTTPS Transformation).
func Locate(text string) (Location, error) {
	host, path, hasPath := strings.Cut(text, ":")
	name, port, hasPort := strings.Cut(host, "%3A")
	switch {
	case isAddress(name) || isAddress(host):
		return Location{}, reason.New(reason.FetchBlocked, "the host is an IP address")
	case !validName(name):
		return Location{}, reason.New(reason.DIDSyntax, "the host is not a lower-case DNS name")
	case hasPort && !validPort(port):
		return Location{}, reason.New(reason.DIDSyntax, "the port is not a number from 1 to 65535")
	}
	at := Location{host: name}
	if hasPort {
		at.host = name + ":" + port
	}
	if hasPath {
		return at.below(path)
	}
	return at, nil
}

// below returns l with the path that stands in a DID behind the host.
func (l Location) below(path string) (Location, error) {
	if strings.Count(path, ":") >= maxPath {
		return Location{}, reason.New(reason.DIDSyntax, "the path has too many segments")
	}
	for segment := range strings.SplitSeq(path, ":") {
		if segment == "" || segment[0] == '.' || strings.Contains(segment, "%") {
			return Location{}, reason.New(reason.DIDSyntax, "a path segment is empty, begins with a dot or has an escape")
		}
		l.path = append(l.path, segment)
	}
	return l, nil
}

// isAddress reports whether a URL parser somewhere would take host for an IP address: an IPv6 one
// with or without brackets and zone, or any name whose last label is a number (the URL standard's
// "ends in a number": 2130706433, 0177.0.0.1, 0x7f.1).
func isAddress(host string) bool {
	text, err := url.PathUnescape(host)
	if err != nil {
		return false
	}
	bare, _, _ := strings.Cut(strings.Trim(text, "[]"), "%")
	if _, err := netip.ParseAddr(bare); err == nil {
		return true
	}
	last := bare[strings.LastIndexByte(bare, '.')+1:]
	return digits(last) || hexadecimal(last)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func hexadecimal(s string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(s), "0x")
	return ok && strings.Trim(rest, "0123456789abcdef") == ""
}

func validName(name string) bool {
	if len(name) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

// validLabel accepts letters, digits and inner hyphens (RFC 1123 §2.1), but no label with hyphens
// in its third and fourth place: those are kept for encodings such as that of internationalised
// names (RFC 5890 §2.3.1), of which two that look alike can not be told apart.
func validLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(s) < 4 || s[2:4] != "--"
}

// validPort accepts a port as it is written in one way only.
func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}
