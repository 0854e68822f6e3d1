// SPDX-License-Identifier: Apache-2.0

package sdjwt

import (
	"bytes"

	"github.com/behalf-id/behalf/internal/jose"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on the disclosures of one SD-JWT (security.md §5.3).
const (
	MaxDisclosures = 256
	MaxDepth       = 16      // disclosures inside one another
	MaxDisclosure  = 1 << 17 // bytes of one, as received
)

// parts is an SD-JWT by its outer form (RFC 9901 §4). All parts share the memory of the whole.
type parts struct {
	jwt         []byte
	disclosures [][]byte
	kb          []byte // behind the last tilde; empty without key binding
	presented   []byte // up to and with the last tilde: what sd_hash is over
}

// split takes raw apart, bounds first. Too many disclosures are limit.disclosures, unless one of
// the first that passes the bound is not referenced at all, which is the graver defect. To see that,
// the JWT is read under p.
func split(raw []byte, p jose.Policy) (parts, error) {
	switch {
	case len(raw) > jose.MaxToken:
		return parts{}, reason.New(reason.LimitBody, "")
	case len(raw) > 0 && raw[0] == '{':
		return parts{}, reason.New(reason.JOSESerializationForbidden, "")
	}
	first, last := bytes.IndexByte(raw, '~'), bytes.LastIndexByte(raw, '~')
	if first < 0 {
		return parts{jwt: raw}, nil
	}
	out := parts{jwt: raw[:first], kb: raw[last+1:], presented: raw[:last+1]}
	n := bytes.Count(raw, []byte("~")) - 1
	out.disclosures = make([][]byte, 0, min(n, MaxDisclosures+1))
	for rest := out.presented[first+1:]; len(rest) > 0 && len(out.disclosures) <= MaxDisclosures; {
		var d []byte
		d, rest, _ = bytes.Cut(rest, []byte("~"))
		if len(d) == 0 || len(d) > MaxDisclosure {
			return parts{}, misshapen(len(d))
		}
		out.disclosures = append(out.disclosures, d)
	}
	if n > MaxDisclosures {
		return parts{}, out.flooded(p)
	}
	return out, nil
}

func misshapen(size int) error {
	if size == 0 {
		return reason.New(reason.SDJWTDisclosureForm, "an empty disclosure")
	}
	return reason.New(reason.LimitDisclosures, "a disclosure is too large")
}

// flooded tells a flood of disclosures that nothing refers to from one that is signed.
func (p *parts) flooded(under jose.Policy) error {
	t, err := jose.Parse(p.jwt, under)
	if err != nil {
		return err
	}
	base, err := scanPayload(t.Unverified())
	if err != nil {
		return err
	}
	for _, d := range p.disclosures {
		if _, ok := find(base.sites, base.alg.of(d)); !ok {
			return reason.New(reason.SDJWTDisclosureUnreferenced, "")
		}
	}
	return reason.New(reason.LimitDisclosures, "")
}
