// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Claims returns the claims of raw as JSON after its disclosures are applied, without "_sd",
// "_sd_alg" and "..." (RFC 9901 §7.1). It checks the form and the disclosures, and no
// signature: it is for matching a query against what a wallet holds, never for a decision.
func Claims(raw []byte) ([]byte, error) {
	p, err := split(raw)
	if err != nil {
		return nil, err
	}
	t, err := jose.Parse(p.jwt, policy)
	if err != nil {
		return nil, err
	}
	return render(t.Unverified(), p.disclosures)
}

// render applies disclosures to any SD-JWT payload.
func render(payload []byte, disclosures [][]byte) ([]byte, error) {
	base, err := scanPayload(payload)
	if err != nil {
		return nil, err
	}
	d, err := open(disclosures, base)
	if err != nil {
		return nil, err
	}
	return d.append(make([]byte, 0, len(payload)+len(d.buf)), payload)
}

func (d *disclosed) append(dst []byte, v strictjson.Value) ([]byte, error) {
	switch v.Kind() {
	case '{':
		return d.object(dst, v)
	case '[':
		return d.array(dst, v)
	}
	return append(dst, v...), nil
}

// levels is the names that one object has by now.
type levels map[string]bool

func (d *disclosed) object(dst []byte, v strictjson.Value) ([]byte, error) {
	names := make(levels)
	dst = append(dst, '{')
	var hidden []strictjson.Value
	for m, err := range strictjson.Members(v) {
		switch {
		case err != nil:
			return nil, err
		case string(m.Name) == "_sd":
			hidden = append(hidden, m.Value)
		case string(m.Name) == "_sd_alg":
		default:
			if dst, err = d.named(dst, names, m.Name, m.Value); err != nil {
				return nil, err
			}
		}
	}
	for _, list := range hidden {
		for item := range strictjson.Items(list) {
			one := d.shown(item)
			if one == nil {
				continue
			}
			var err error
			if dst, err = d.named(dst, names, one.name, one.value); err != nil {
				return nil, err
			}
		}
	}
	return append(dst, '}'), nil
}

// named appends one member, whose name must be new at its level.
func (d *disclosed) named(dst []byte, names levels, name []byte, v strictjson.Value) ([]byte, error) {
	if names[string(name)] {
		return nil, reason.New(reason.SDJWTClaimCollision, "")
	}
	if len(names) > 0 {
		dst = append(dst, ',')
	}
	names[string(name)] = true
	dst, err := jsontext.AppendQuote(dst, name)
	if err != nil {
		return nil, err
	}
	return d.append(append(dst, ':'), v)
}

func (d *disclosed) array(dst []byte, v strictjson.Value) ([]byte, error) {
	dst = append(dst, '[')
	first := true
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return nil, err
		}
		if digest := dots(item); digest != nil {
			one := d.shown(digest)
			if one == nil {
				continue
			}
			item = one.value
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if dst, err = d.append(dst, item); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

// dots returns the digest of an array element {"...": digest}, or nil.
func dots(item strictjson.Value) (digest strictjson.Value) {
	if item.Kind() != '{' {
		return nil
	}
	for m, err := range strictjson.Members(item) {
		if err == nil && string(m.Name) == "..." {
			digest = m.Value
		}
	}
	return digest
}

// shown returns the disclosure that the JSON string digest names, or nil.
func (d *disclosed) shown(digest strictjson.Value) *disclosure {
	s := scan{alg: d.alg}
	if s.add(digest, site{}) != nil {
		return nil
	}
	return d.by(s.sites[0].digest)
}
