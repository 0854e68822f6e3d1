// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"
	"encoding/base64"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// disclosure is [salt, name, value] or [salt, value], checked and matched with its digest.
type disclosure struct {
	text    []byte // as received: what the digest is over
	name    []byte // of a member
	value   strictjson.Value
	element bool // of an array
	holds   bool // digests of further disclosures
	digest  [32]byte
	site    *site // in a list that is shared and not changed
}

// elements returns how many of the disclosures are elements of arrays.
func (d *disclosed) elements() (n int) {
	for i := range d.list {
		if d.list[i].element {
			n++
		}
	}
	return n
}

// disclosed is the disclosures of one SD-JWT. Their values share the memory of buf.
type disclosed struct {
	list []disclosure
	buf  []byte
	alg  hashAlg
}

// open decodes texts and finds for each the one site that refers to it, in the payload (base) or
// in another disclosure (RFC 9901 §7.1).
func open(texts [][]byte, base layout) (disclosed, error) {
	size := 0
	for _, t := range texts {
		size += base64.RawURLEncoding.DecodedLen(len(t))
	}
	d := disclosed{make([]disclosure, 0, len(texts)), make([]byte, 0, size), base.alg}
	nested := scan{alg: base.alg}
	for i, text := range texts {
		one, err := d.decode(text)
		if err != nil {
			return disclosed{}, err
		}
		if mayHold(one.value) {
			before := len(nested.sites)
			nested.owner = int16(i)
			if err := nested.value(one.value, elsewhere); err != nil {
				return disclosed{}, err
			}
			one.holds = len(nested.sites) > before
		}
		d.list = append(d.list, one)
	}
	return d, d.match(base.sites, nested.sites)
}

// mayHold reports whether a name that scan looks for can be in v: as it is, or by escapes.
func mayHold(v strictjson.Value) bool {
	return bytes.IndexByte(v, '\\') >= 0 || bytes.Contains(v, []byte("_sd")) || bytes.Contains(v, []byte("..."))
}

func (d *disclosed) decode(text []byte) (disclosure, error) {
	start := len(d.buf)
	buf, err := jose.AppendDecode(d.buf, text)
	if err != nil {
		return disclosure{}, err
	}
	d.buf = buf
	raw := buf[start:]
	var items [3]strictjson.Value
	n, err := strictjson.CheckItems(raw, items[:])
	if err != nil && reason.Of(err) != reason.JSONType {
		return disclosure{}, err
	}
	if err != nil || n > len(items) {
		return disclosure{}, misfit()
	}
	one := disclosure{text: text, digest: d.alg.of(text)}
	err = one.read(items[:n])
	return one, err
}

// read takes the items of a disclosure (RFC 9901 §4.2.1, §4.2.2).
func (d *disclosure) read(items []strictjson.Value) error {
	if len(items) < 2 {
		return misfit()
	}
	if _, err := strictjson.Text(items[0]); err != nil {
		return misfit()
	}
	d.element = len(items) == 2
	d.value = items[len(items)-1]
	if d.element {
		return nil
	}
	name, err := strictjson.Text(items[1])
	if err != nil {
		return misfit()
	}
	switch d.name = name; string(name) {
	case "_sd", "...", "_sd_alg":
		return reason.New(reason.SDJWTReservedName, "")
	}
	return nil
}

func misfit() error { return reason.New(reason.SDJWTDisclosureForm, "") }

// match gives each disclosure its site.
func (d *disclosed) match(base, nested []site) error {
	all := base
	if len(nested) > 0 {
		all = append(append(make([]site, 0, len(base)+len(nested)), base...), nested...)
		if err := sorted(all); err != nil {
			return err
		}
	}
	for i := range d.list {
		one := &d.list[i]
		at, ok := find(all, one.digest)
		if !ok {
			return reason.New(reason.SDJWTDisclosureUnreferenced, "")
		}
		if one.site = &all[at]; one.site.element != one.element {
			return misfit()
		}
		for j := range i {
			if d.list[j].digest == one.digest {
				return reason.New(reason.SDJWTDigestDuplicate, "a disclosure came twice")
			}
		}
	}
	return d.shallow()
}

// shallow refuses disclosures that are nested too deep.
func (d *disclosed) shallow() error {
	for i := range d.list {
		depth := 1
		for owner := d.list[i].site.owner; owner >= 0; owner = d.list[owner].site.owner {
			if depth++; depth > MaxDepth {
				return reason.New(reason.LimitDisclosures, "disclosures are nested too deep")
			}
		}
	}
	return nil
}

// by returns the disclosure with the given digest, or nil.
func (d *disclosed) by(digest [32]byte) *disclosure {
	for i := range d.list {
		if d.list[i].digest == digest {
			return &d.list[i]
		}
	}
	return nil
}
