// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"strings"

	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// shown is the member "present".
type shown struct {
	Presenter  string              `json:"presenter"`
	Chain      []string            `json:"chain"`
	Supporting []string            `json:"supporting"`
	Disclosed  map[string][]string `json:"disclosed"`
	Faults     []string            `json:"faults"`
}

func (d *document) shown(s *entry, lib library) (*shown, error) {
	merged, err := merge(d.Defaults.Present, s.Present)
	if err != nil {
		return nil, err
	}
	var p shown
	if len(merged) > 0 {
		err = strictjson.UnmarshalClosed(merged, &p)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range p.Faults {
		if err := faultKnown(f, lib); err != nil {
			return nil, err
		}
	}
	for _, name := range p.Supporting {
		if _, ok := lib[name]; !ok {
			return nil, malformed("supporting names no credential:", name)
		}
	}
	return &p, nil
}

// The faults that stand for themselves; the others name a credential.
const (
	faultNonce    = "nonce"
	faultAudience = "audience"
	faultReplay   = "replay"
	faultStale    = "stale"
	faultHolder   = "holder-signature"

	faultSignature = "signature:"
	faultDigest    = "digest:"
)

func faultKnown(f string, lib library) error {
	switch f {
	case faultNonce, faultAudience, faultReplay, faultStale, faultHolder:
		return nil
	}
	name, ok := strings.CutPrefix(f, faultSignature)
	if !ok {
		name, ok = strings.CutPrefix(f, faultDigest)
	}
	if _, named := lib[name]; !ok || !named {
		return malformed("unknown fault", f)
	}
	return nil
}

// unless is Passed if fault is not among those of p.
func (p *shown) unless(fault string) delegation.Check {
	for _, f := range p.Faults {
		if f == fault {
			return delegation.Failed
		}
	}
	return delegation.Passed
}

func (p *shown) presentation(lib library) (delegation.Presentation, error) {
	out := delegation.Presentation{
		Presenter: p.Presenter,
		Disclosed: p.Disclosed,
		Proof: delegation.Proof{
			Nonce:    p.unless(faultNonce),
			Audience: p.unless(faultAudience),
			Unused:   p.unless(faultReplay),
			Fresh:    p.unless(faultStale),
			Holder:   p.unless(faultHolder),
		},
	}
	above := ""
	for _, name := range p.Chain {
		o, ok := lib[name]
		if !ok {
			out.Incomplete = true
			continue
		}
		ids, some := p.Disclosed[name]
		c, fault := o.credential(name, func(id string) bool { return !some || contains(ids, id) })
		l := delegation.Link{Name: name, Credential: c, Signature: p.unless(faultSignature + name), Fault: fault}
		l.Parent = p.parentage(name, text(o["parent"]), above)
		out.Chain = append(out.Chain, l)
		above = name
	}
	for _, name := range p.Supporting {
		out.Supporting = append(out.Supporting, delegation.Supporting{
			Name: name, Credential: lib[name].supporting(), Signature: p.unless(faultSignature + name),
		})
	}
	return out, nil
}

// parentage says how link name, which names parent, fits below the link above.
func (p *shown) parentage(name, parent, above string) delegation.Parentage {
	switch {
	case above == "" || parent != above:
		return delegation.NotNamed
	case p.unless(faultDigest+name) == delegation.Failed:
		return delegation.NamedByID
	}
	return delegation.NamedByDigest
}
