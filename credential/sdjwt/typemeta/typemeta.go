// SPDX-License-Identifier: Apache-2.0

// Package typemeta reads SD-JWT VC type metadata (draft-ietf-oauth-sd-jwt-vc-13 §6 to §9): what a
// vct is called, how its credentials are shown, and which of their claims may be hidden. It
// informs issuers, wallets and auditors; no decision rests on it.
package typemeta

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Bounds on type metadata.
const (
	MaxDocument = 64 << 10 // bytes of one document
	MaxExtends  = 8        // documents in one chain of extends
	MaxClaims   = 256      // claims of one document, and of a type with all it extends
	MaxDisplay  = 64       // languages of a display list, templates of a rendering
	MaxPath     = 16       // steps of a path
)

// Document is one type metadata document. Members that it does not know are ignored (§6.2).
type Document struct {
	VCT              string    `json:"vct"`
	Name             string    `json:"name,omitempty"`
	Description      string    `json:"description,omitempty"`
	Extends          string    `json:"extends,omitempty"`
	ExtendsIntegrity string    `json:"extends#integrity,omitempty"`
	Display          []Display `json:"display,omitempty"`
	Claims           []Claim   `json:"claims,omitempty"`
}

// Display is the type in one language (§8).
type Display struct {
	Locale      string    `json:"locale"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Rendering   Rendering `json:"rendering,omitzero"`
}

// Rendering is how a wallet may draw the credential (§8.1).
type Rendering struct {
	Simple    *Simple    `json:"simple,omitempty"`
	Templates []Template `json:"svg_templates,omitempty"`
}

// Simple is a card without a template (§8.1.1).
type Simple struct {
	Logo            *Image `json:"logo,omitempty"`
	BackgroundImage *Image `json:"background_image,omitempty"`
	BackgroundColor string `json:"background_color,omitempty"`
	TextColor       string `json:"text_color,omitempty"`
}

// Image is a picture somewhere else. Nothing here fetches it.
type Image struct {
	URI       string `json:"uri"`
	Integrity string `json:"uri#integrity,omitempty"`
	AltText   string `json:"alt_text,omitempty"`
}

// Template is an SVG template somewhere else (§8.1.2). Nothing here fetches it.
type Template struct {
	URI        string             `json:"uri"`
	Integrity  string             `json:"uri#integrity,omitempty"`
	Properties TemplateProperties `json:"properties,omitzero"`
}

// TemplateProperties says for which screen a template is made.
type TemplateProperties struct {
	Orientation string `json:"orientation,omitempty"`
	ColorScheme string `json:"color_scheme,omitempty"`
	Contrast    string `json:"contrast,omitempty"`
}

// Claim is what is known of some claims (§9).
type Claim struct {
	Path      Path    `json:"path"`
	Display   []Label `json:"display,omitempty"`
	Mandatory bool    `json:"mandatory,omitzero"`
	SD        SD      `json:"sd,omitempty"`
	SVGID     string  `json:"svg_id,omitempty"`
}

// Label is a claim in one language (§9.2).
type Label struct {
	Locale      string `json:"locale"`
	Label       string `json:"label"`
	Description string `json:"description,omitempty"`
}

// SD says whether an issuer hides a claim (§9.4). The zero SD is Allowed.
type SD string

// The ways to hide a claim.
const (
	Always  SD = "always"  // it is a disclosure in every credential
	Allowed SD = "allowed" // it may be one
	Never   SD = "never"   // it is one in no credential
)

// UnmarshalJSON reads one of the three.
func (s *SD) UnmarshalJSON(raw []byte) error {
	text, err := strictjson.String(raw)
	if err != nil {
		return err
	}
	if *s = SD(text); *s != Always && *s != Allowed && *s != Never {
		return invalid("sd is not always, allowed or never", nil)
	}
	return nil
}

// Parse reads one document. What the specification forbids, and what is beyond a bound, is
// typemeta.invalid; JSON that is not strict has its own codes.
func Parse(raw []byte) (*Document, error) {
	if len(raw) > MaxDocument {
		return nil, invalid("a document is too large", nil)
	}
	var d Document
	if err := strictjson.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	return &d, d.check()
}

func invalid(detail string, err error) error { return reason.Wrap(reason.TypeMetaInvalid, detail, err) }

func (d *Document) check() error {
	switch {
	case d.VCT == "":
		return invalid("there is no vct", nil)
	case d.Extends == "" && d.ExtendsIntegrity != "":
		return invalid("extends#integrity without extends", nil)
	case d.Extends != "" && !strings.Contains(d.Extends, ":"):
		return invalid("extends is no URI", nil)
	case len(d.Display) > MaxDisplay || len(d.Claims) > MaxClaims:
		return invalid("a list is too long", nil)
	}
	for i := range d.Display {
		if err := d.Display[i].check(); err != nil {
			return err
		}
	}
	return checkClaims(d.Claims)
}

func (d *Display) check() error {
	if d.Locale == "" || d.Name == "" || len(d.Rendering.Templates) > MaxDisplay {
		return invalid("display without locale or name", nil)
	}
	for _, t := range d.Rendering.Templates {
		p := t.Properties
		if t.URI == "" || len(d.Rendering.Templates) > 1 && p == (TemplateProperties{}) {
			return invalid("a template without uri, or one of several without properties", nil)
		}
	}
	if s := d.Rendering.Simple; s != nil && (s.Logo != nil && s.Logo.URI == "" || s.BackgroundImage != nil && s.BackgroundImage.URI == "") {
		return invalid("an image without uri", nil)
	}
	return nil
}

// checkClaims also refuses two entries of one path or one svg_id, of which each reader could take another.
func checkClaims(claims []Claim) error {
	paths, ids := map[string]bool{}, map[string]bool{}
	for i := range claims {
		c := &claims[i]
		if err := c.check(); err != nil {
			return err
		}
		if key := c.Path.String(); paths[key] {
			return invalid("a path comes twice", nil)
		} else {
			paths[key] = true
		}
		if c.SVGID != "" && ids[c.SVGID] {
			return invalid("an svg_id comes twice", nil)
		}
		ids[c.SVGID] = true
	}
	return nil
}

func (c *Claim) check() error {
	switch {
	case len(c.Path) == 0 || len(c.Path) > MaxPath:
		return invalid("a path is empty or too long", nil)
	case c.SVGID != "" && !isSVGID(c.SVGID):
		return invalid("svg_id is no name", nil)
	case len(c.Display) > MaxDisplay:
		return invalid("a list is too long", nil)
	}
	for _, l := range c.Display {
		if l.Locale == "" || l.Label == "" {
			return invalid("a label without locale or text", nil)
		}
	}
	return nil
}

// isSVGID reports whether s is of letters, digits and underscores, and begins with no digit.
func isSVGID(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// Step is one step of a path: a member, an element, or all elements. The zero Step is all.
type Step struct {
	Name  string // of a member
	Index int    // of an element
	Kind  StepKind
}

// StepKind says what a Step selects.
type StepKind uint8

// The kinds of steps.
const (
	Every   StepKind = iota // all elements of an array, null in JSON
	Member                  // a member by name
	Element                 // an element by index
)

// Path selects claims (§9.1).
type Path []Step

// UnmarshalJSON reads a list of strings, null and indexes.
func (p *Path) UnmarshalJSON(raw []byte) error {
	*p = nil
	for v, err := range strictjson.Items(raw) {
		if err != nil {
			return err
		}
		if len(*p) > MaxPath {
			return invalid("a path is too long", nil)
		}
		s, err := readStep(v)
		if err != nil {
			return err
		}
		*p = append(*p, s)
	}
	return nil
}

func readStep(v strictjson.Value) (Step, error) {
	switch {
	case v.Kind() == '"':
		name, err := strictjson.String(v)
		return Step{Name: name, Kind: Member}, err
	case bytes.Equal(v, []byte("null")):
		return Step{}, nil
	}
	n, err := strictjson.Int(v)
	if err != nil || n < 0 {
		return Step{}, invalid("a step of a path is no name, index or null", err)
	}
	return Step{Index: int(n), Kind: Element}, nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (p Path) MarshalJSON() ([]byte, error) {
	list := make([]any, len(p))
	for i, s := range p {
		switch s.Kind {
		case Member:
			list[i] = s.Name
		case Element:
			list[i] = s.Index
		}
	}
	return strictjson.Marshal(list)
}

// String returns p as text that no other path has.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch s.Kind {
		case Member:
			b.WriteString("." + strconv.Quote(s.Name))
		case Element:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		default:
			b.WriteString("[]")
		}
	}
	return b.String()
}
