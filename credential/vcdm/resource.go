// SPDX-License-Identifier: Apache-2.0

package vcdm

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/jsonld"
	"github.com/behalf-id/behalf/internal/multiformat"
	"github.com/behalf-id/behalf/reason"
)

// resources reads relatedResource and compares each digest with the resource (Verifiable
// Credentials Data Model 2.0 §5.3).
func (c *check) resources(o object) error {
	if c.sum.Version != V2 {
		return nil
	}
	entries, err := c.objects(o, "relatedResource", MaxResources)
	if err != nil {
		return err
	}
	var seen []string
	for _, entry := range entries {
		url, err := c.requiredID(entry, "relatedResource.id")
		if err != nil {
			return err
		}
		if slices.Contains(seen, url) {
			return c.wrong("two entries of relatedResource have the same id")
		}
		seen = append(seen, url)
		if entry.get("digestSRI") == nil && entry.get("digestMultibase") == nil {
			return c.missing("the digest of a relatedResource")
		}
		if _, err := c.resource(entry, url, "relatedResource"); err != nil {
			return err
		}
	}
	return nil
}

// resource returns what url names, after it was compared with the digests that entry states. It is
// nil where the resource is not there and Rules.Absent lets that pass.
func (c *check) resource(entry object, url, place string) ([]byte, error) {
	digests, err := c.digests(entry, place)
	if err != nil {
		return nil, err
	}
	content, ok := c.rules.Resources[url]
	if !ok {
		content = jsonld.Context(url)
	}
	if content == nil {
		if c.rules.Absent != Report {
			return nil, reason.New(reason.SchemaUnusable, place+" names a resource that is not among those known here")
		}
		c.absent = append(c.absent, url)
		return nil, nil
	}
	for _, d := range digests {
		if !d.fits(content) {
			return nil, reason.New(reason.SchemaUnusable, place+" has another digest than the resource")
		}
	}
	return content, nil
}

// digest is a hash value by its SHA-2 size in bits.
type digest struct {
	bits  int
	value []byte
}

func (d digest) fits(content []byte) bool {
	switch d.bits {
	case 256:
		sum := sha256.Sum256(content)
		return bytes.Equal(sum[:], d.value)
	case 384:
		sum := sha512.Sum384(content)
		return bytes.Equal(sum[:], d.value)
	case 512:
		sum := sha512.Sum512(content)
		return bytes.Equal(sum[:], d.value)
	}
	return false
}

// digests returns the digests that o states: both forms count where both are there.
func (c *check) digests(o object, place string) ([]digest, error) {
	var out []digest
	if v := o.get("digestSRI"); v != nil {
		s, ok := text(v)
		d, good := subresource(s)
		if !ok || !good {
			return nil, c.wrong(place + ".digestSRI is not a hash of subresource integrity")
		}
		out = append(out, d)
	}
	if v := o.get("digestMultibase"); v != nil {
		s, ok := text(v)
		d, good := multihash(s)
		if !ok || !good {
			return nil, c.wrong(place + ".digestMultibase is not a multibase multihash of SHA-2")
		}
		out = append(out, d)
	}
	return out, nil
}

// subresource reads one hash with its algorithm (Subresource Integrity §3.5): padded base64. The
// multibase prefix of just that encoding may stand before it, as it does in documents in circulation:
// a value with it is one character longer than any without, so nothing is read in two ways.
func subresource(s string) (digest, bool) {
	name, encoded, found := strings.Cut(s, "-")
	bits := map[string]int{"sha256": 256, "sha384": 384, "sha512": 512}[name]
	if len(encoded) == base64.StdEncoding.EncodedLen(bits/8)+1 {
		encoded = strings.TrimPrefix(encoded, "M")
	}
	if !found || bits == 0 || len(encoded) > base64.StdEncoding.EncodedLen(64) {
		return digest{}, false
	}
	value, err := base64.StdEncoding.Strict().DecodeString(encoded)
	return digest{bits, value}, err == nil && len(value) == bits/8 && !strings.ContainsAny(encoded, "\r\n")
}

// multihash reads a multihash in base58btc or base64url: code, length, value.
func multihash(s string) (digest, bool) {
	const longest = 100
	if len(s) < 2 || len(s) > longest {
		return digest{}, false
	}
	raw, err := multiformat.Decode(multiformat.Base(s[0]), s)
	if err != nil || len(raw) < 2 {
		return digest{}, false
	}
	bits := map[byte]int{0x12: 256, 0x20: 384, 0x13: 512}[raw[0]]
	return digest{bits, raw[2:]}, bits != 0 && int(raw[1]) == bits/8 && len(raw) == 2+bits/8
}
