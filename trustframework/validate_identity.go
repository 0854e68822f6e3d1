// SPDX-License-Identifier: Apache-2.0

package trustframework

import (
	"net/url"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/did"
)

// organisation checks the DID of a party. A registry holds organisations alone: their DIDs are
// did:web or did:webvh. An anchor may also be a did:key, because the registry's own may.
func (c *checker) organisation(path, s string) {
	switch {
	case s == "":
		c.missing(path)
		return
	case strings.Contains(s, "*"):
		c.wildcard(path, "holds a wildcard")
		return
	case !ascii(s) || !ascii(decoded(s)):
		c.ambiguous(path, "holds characters that can look like others")
		return
	}
	d, err := did.Parse(s)
	if err != nil || len(s) > MaxText {
		c.bad(path, "is not a DID")
		return
	}
	c.method(path, d)
	c.distinct("did", path, s)
}

func (c *checker) method(path string, d did.DID) {
	anchor := slices.Contains(c.anchors, d.String())
	switch {
	case d.Method() == "web" || d.Method() == "webvh":
		if personNumber(decoded(d.ID())) {
			c.personal(path, "looks like the number of a person")
		}
	case d.Method() == "key" && anchor:
	case personMethod(d.String()):
		c.personal(path, "is an identifier of the kind that persons hold; organisations have did:web")
	default:
		c.bad(path, "is of a DID method that no party may have")
	}
}

// once refuses an identifier that came before as it is.
func (c *checker) once(space, path, s string) {
	seen := c.space(space + " exactly")
	if _, twice := seen[s]; twice {
		c.ambiguous(path, "is listed twice")
	}
	seen[s] = s
}

// distinct refuses an identifier that differs from one before only by case, encoding or
// look-alike characters. The same identifier may come again.
func (c *checker) distinct(space, path, s string) {
	seen := c.space(space)
	like := fold(s)
	if before, ok := seen[like]; ok && before != s {
		c.ambiguous(path, "differs from another only by case, encoding or look-alike characters")
		return
	}
	seen[like] = s
}

func (c *checker) space(name string) map[string]string {
	if c.spaces[name] == nil {
		c.spaces[name] = map[string]string{}
	}
	return c.spaces[name]
}

// fold maps identifiers that people or hosts would take for one another to one text: percent
// signs decoded, lower case, no dot at the end of a host, and in the host of a DID 0 and 1 as o and
// l. Beyond the host digits stay: there stand codes of organisations, in which O and 0 differ.
func fold(s string) string {
	s = strings.TrimRight(strings.NewReplacer(".:", ":", "./", "/").Replace(strings.ToLower(decoded(s))), ".")
	host, ok := strings.CutPrefix(s, "did:web:")
	if !ok {
		return s
	}
	host, rest, more := strings.Cut(host, ":")
	host = strings.NewReplacer("0", "o", "1", "l").Replace(host)
	if more {
		return "did:web:" + host + ":" + rest
	}
	return "did:web:" + host
}

// decoded undoes percent-encoding twice over, so that an encoded percent sign hides nothing.
func decoded(s string) string {
	for range 2 {
		if t, err := url.PathUnescape(s); err == nil {
			s = t
		}
	}
	return s
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e || r < 0x21 })
}

// personMethod reports whether s is a DID of a method that wallets of persons use.
func personMethod(s string) bool {
	for _, method := range []string{"did:key:", "did:jwk:", "did:peer:", "did:ion:"} {
		if len(s) >= len(method) && strings.EqualFold(s[:len(method)], method) {
			return true
		}
	}
	return false
}

// personNumber reports whether s holds a run of exactly ten digits whose last is a right
// modulus-11 check digit: the form in which health services number persons.
func personNumber(s string) bool {
	for i := 0; i < len(s); {
		n := 0
		for i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
			n++
		}
		if n == 10 && modulus11(s[i:i+10]) {
			return true
		}
		i += n + 1
	}
	return false
}

func modulus11(digits string) bool {
	sum := 0
	for i := range 9 {
		sum += int(digits[i]-'0') * (10 - i)
	}
	return (11-sum%11)%11 == int(digits[9]-'0')
}
