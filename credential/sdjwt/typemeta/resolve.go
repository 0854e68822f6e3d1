// SPDX-License-Identifier: Apache-2.0

package typemeta

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/behalf-id/behalf/internal/safehttp"
	"github.com/behalf-id/behalf/reason"
)

// MediaType is that of a document over HTTP.
const MediaType = "application/json"

// Getter fetches without following redirects, as *safehttp.Client does.
type Getter interface {
	Get(ctx context.Context, url string, want safehttp.Want) (safehttp.Response, error)
}

// Config is where documents come from. The zero Config knows our own types alone.
type Config struct {
	Documents map[string][]byte // by vct, beside our own
	Get       Getter            // for what is not registered; nil: nothing is fetched
	Hosts     []string          // host or host:port from which may be fetched
}

// Set finds types. Only New makes one; it is safe for concurrent use.
type Set struct {
	known map[string][]byte
	get   Getter
	hosts []string
}

// New returns the set under cfg. A document that Parse refuses, or that is of another vct than it is
// registered for, is refused; so is a document in place of one of ours.
func New(cfg Config) (*Set, error) {
	s := &Set{known: map[string][]byte{}, get: cfg.Get, hosts: slices.Clone(cfg.Hosts)}
	for vct, raw := range cfg.Documents {
		if _, err := parseFor(raw, vct); err != nil {
			return nil, err
		}
		if Own(vct) != nil {
			return nil, invalid("one of our own types is registered again", nil)
		}
		s.known[vct] = slices.Clone(raw)
	}
	return s, nil
}

// Type is a type with all that it extends.
type Type struct {
	VCTs    []string // its own, then those that it extends, nearest first
	Name    string
	Display []Display
	Claims  []Claim
}

// Resolve returns the type called vct. Integrity is the vct#integrity of the credential, "" where it
// has none. A document is had from those registered, or fetched: an https vct of a listed host,
// and only with integrity metadata, so that what is fetched is known content (§6.3, §7).
//
// A host that is not listed, a digest that differs or is absent, a document of another vct, a cycle
// of extends, more than MaxExtends documents, a size beyond a bound, and a child that weakens what
// its parent demands are typemeta.invalid. So is a fetch that fails, but for fetch.blocked.
func (s *Set) Resolve(ctx context.Context, vct, integrity string) (*Type, error) {
	var t Type
	for vct != "" {
		if slices.Contains(t.VCTs, vct) {
			return nil, invalid("a cycle of extends", nil)
		}
		if len(t.VCTs) == MaxExtends {
			return nil, invalid("extends goes too deep", nil)
		}
		raw, err := s.document(ctx, vct, integrity)
		if err != nil {
			return nil, err
		}
		d, err := parseFor(raw, vct)
		if err != nil {
			return nil, err
		}
		if err := t.extend(d); err != nil {
			return nil, err
		}
		vct, integrity = d.Extends, d.ExtendsIntegrity
	}
	if len(t.VCTs) == 0 {
		return nil, invalid("there is no vct", nil)
	}
	return &t, nil
}

func parseFor(raw []byte, vct string) (*Document, error) {
	d, err := Parse(raw)
	if err != nil {
		return nil, invalid("a document cannot be read", err)
	}
	if d.VCT != vct {
		return nil, invalid("a document is of another vct", nil)
	}
	return d, nil
}

func (s *Set) document(ctx context.Context, vct, integrity string) ([]byte, error) {
	raw := Own(vct)
	if raw == nil {
		raw = s.known[vct]
	}
	if raw == nil {
		if integrity == "" {
			return nil, invalid("a document that is not registered, without integrity metadata", nil)
		}
		var err error
		if raw, err = s.fetch(ctx, vct); err != nil {
			return nil, err
		}
	}
	if integrity != "" && !Fits(raw, integrity) {
		return nil, invalid("a document has another digest", nil)
	}
	return raw, nil
}

func (s *Set) fetch(ctx context.Context, vct string) ([]byte, error) {
	u, err := url.Parse(vct)
	if err != nil || s.get == nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || len(vct) > safehttp.MaxURL || !slices.Contains(s.hosts, u.Host) {
		return nil, invalid("a document that is neither registered nor at a listed host", err)
	}
	got, err := s.get.Get(ctx, vct, safehttp.Want{MediaTypes: []string{MediaType}, MaxBytes: MaxDocument})
	if reason.Of(err) == reason.FetchBlocked {
		return nil, err
	}
	if err != nil {
		return nil, invalid("a document cannot be fetched", err)
	}
	return got.Body, nil
}

// extend adds what d, which t's documents so far extend, says beside them (§6.4, §9.5).
func (t *Type) extend(d *Document) error {
	t.VCTs = append(t.VCTs, d.VCT)
	if t.Name == "" {
		t.Name = d.Name
	}
	if len(t.Display) == 0 {
		t.Display = d.Display
	}
	for _, parent := range d.Claims {
		i := slices.IndexFunc(t.Claims, func(c Claim) bool { return slices.Equal(c.Path, parent.Path) })
		if i < 0 {
			t.Claims = append(t.Claims, parent)
			continue
		}
		if err := t.Claims[i].inherit(parent); err != nil {
			return err
		}
	}
	if len(t.Claims) > MaxClaims {
		return invalid("too many claims", nil)
	}
	return nil
}

// inherit gives c what its parent demands. A child may be stricter and never laxer.
func (c *Claim) inherit(parent Claim) error {
	strict := parent.SD == Always || parent.SD == Never
	if strict && c.SD != "" && c.SD != parent.SD {
		return invalid("a type hides claims otherwise than the one that it extends", nil)
	}
	if strict {
		c.SD = parent.SD
	}
	c.Mandatory = c.Mandatory || parent.Mandatory
	if len(c.Display) == 0 {
		c.Display = parent.Display
	}
	if c.SVGID == "" {
		c.SVGID = parent.SVGID
	}
	return nil
}

// DisplayIn returns how the type is shown to a reader of locale, a language tag: the entry of that
// tag, else one of the same language, else the first. It is false for a type without display.
func (t *Type) DisplayIn(locale string) (Display, bool) {
	i := slices.IndexFunc(t.Display, func(d Display) bool { return strings.EqualFold(d.Locale, locale) })
	if i < 0 {
		i = slices.IndexFunc(t.Display, func(d Display) bool { return strings.EqualFold(language(d.Locale), language(locale)) })
	}
	if len(t.Display) == 0 {
		return Display{}, false
	}
	return t.Display[max(i, 0)], true
}

func language(tag string) string {
	first, _, _ := strings.Cut(tag, "-")
	return first
}
