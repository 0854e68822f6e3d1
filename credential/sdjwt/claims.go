// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Claims returns the claims of raw as JSON after its disclosures are applied, without "_sd",
// "_sd_alg" and "..." (RFC 9901 §7.1). It checks the form and the disclosures, and no
// signature: it is for matching a query against what a wallet holds, never for a decision.
func Claims(raw []byte) ([]byte, error) {
	p, err := split(raw, policy)
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
	return d.render(payload, nil)
}

// render writes payload with the disclosures of d, and notes in shown, if it is not nil, the JSON
// pointers (RFC 6901) of the values that came through one.
func (d *disclosed) render(payload []byte, shown *[]string) ([]byte, error) {
	r := rendering{disclosed: d, dst: make([]byte, 0, len(payload)+len(d.buf)), shown: shown}
	if err := r.value(payload); err != nil {
		return nil, err
	}
	return r.dst, nil
}

// maxPointers is how many bytes the JSON pointers of one SD-JWT may have together. Each repeats the names
// on the way to its place, so that a few long names would else take many times what was received.
const maxPointers = jose.MaxToken

// rendering writes what a verifier reads. Its depth is bounded by MaxDepth disclosures of
// strictjson.MaxDepth each.
type rendering struct {
	*disclosed
	dst   []byte
	at    []string // the way to here, escaped for a JSON pointer
	shown *[]string
	size  int // bytes of shown
}

func (r *rendering) value(v strictjson.Value) error {
	switch v.Kind() {
	case '{':
		return r.object(v)
	case '[':
		return r.array(v)
	}
	r.dst = append(r.dst, v...)
	return nil
}

// levels is the names that one object has by now.
type levels map[string]bool

func (r *rendering) object(v strictjson.Value) error {
	names := make(levels)
	r.dst = append(r.dst, '{')
	var hidden []strictjson.Value
	for m, err := range strictjson.Members(v) {
		switch {
		case err != nil:
			return err
		case string(m.Name) == "_sd":
			hidden = append(hidden, m.Value)
		case string(m.Name) == "_sd_alg":
		default:
			if err := r.named(names, m.Name, m.Value, false); err != nil {
				return err
			}
		}
	}
	for _, list := range hidden {
		for item := range strictjson.Items(list) {
			one := r.of(item)
			if one == nil {
				continue
			}
			if err := r.named(names, one.name, one.value, true); err != nil {
				return err
			}
		}
	}
	r.dst = append(r.dst, '}')
	return nil
}

// named writes one member, whose name must be new at its level.
func (r *rendering) named(names levels, name []byte, v strictjson.Value, hidden bool) error {
	if names[string(name)] {
		return reason.New(reason.SDJWTClaimCollision, "")
	}
	if len(names) > 0 {
		r.dst = append(r.dst, ',')
	}
	names[string(name)] = true
	var err error
	if r.dst, err = jsontext.AppendQuote(r.dst, name); err != nil {
		return err
	}
	r.dst = append(r.dst, ':')
	return r.step(string(name), v, hidden)
}

// step writes v, which stands at name below here.
func (r *rendering) step(name string, v strictjson.Value, hidden bool) error {
	if r.shown == nil {
		return r.value(v)
	}
	r.at = append(r.at, strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	if hidden {
		for _, one := range r.at {
			r.size += len(one) + 1
		}
		if r.size > maxPointers {
			return reason.New(reason.LimitDisclosures, "the places of the disclosures have too long names")
		}
		*r.shown = append(*r.shown, "/"+strings.Join(r.at, "/"))
	}
	err := r.value(v)
	r.at = r.at[:len(r.at)-1]
	return err
}

func (r *rendering) array(v strictjson.Value) error {
	r.dst = append(r.dst, '[')
	n := 0
	for item, err := range strictjson.Items(v) {
		if err != nil {
			return err
		}
		digest := dots(item)
		if digest != nil {
			one := r.of(digest)
			if one == nil {
				continue
			}
			item = one.value
		}
		if n > 0 {
			r.dst = append(r.dst, ',')
		}
		if err := r.step(strconv.Itoa(n), item, digest != nil); err != nil {
			return err
		}
		n++
	}
	r.dst = append(r.dst, ']')
	return nil
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

// of returns the disclosure that the JSON string digest names, or nil.
func (d *disclosed) of(digest strictjson.Value) *disclosure {
	s := scan{alg: d.alg}
	if s.add(digest, site{}) != nil {
		return nil
	}
	return d.by(s.sites[0].digest)
}
