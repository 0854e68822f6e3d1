// SPDX-License-Identifier: Apache-2.0

package rdfc

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads N-Quads 1.1, with its comments, blank lines and escapes, and returns the statements
// in their order, repetitions included. More than MaxNQuads bytes or MaxQuads statements are
// limit.canonicalization; what is not N-Quads is an error without a code, as only what Behalf
// itself wrote and test vectors come here.
func Parse(nquads []byte) ([]Quad, error) {
	if len(nquads) > MaxNQuads {
		return nil, tooMuch("too many bytes")
	}
	if !utf8.Valid(nquads) {
		return nil, errTerm("not UTF-8")
	}
	var quads []Quad
	for rest := string(nquads); rest != ""; {
		var line string
		if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			line, rest = rest, ""
		}
		p := parser{s: line}
		q, found, err := p.statement()
		if err != nil {
			return nil, err
		}
		if found {
			if len(quads) == MaxQuads {
				return nil, tooMuch("too many statements")
			}
			quads = append(quads, q)
		}
	}
	return quads, nil
}

// parser reads one line.
type parser struct {
	s string // what is left
}

// statement reads a line; it finds none where there is white space or a comment alone.
func (p *parser) statement() (q Quad, found bool, err error) {
	p.space()
	if p.s == "" || p.s[0] == '#' {
		return Quad{}, false, nil
	}
	for _, t := range [...]*Term{&q.S, &q.P, &q.O, &q.G} {
		if *t, err = p.term(); err != nil {
			return Quad{}, false, err
		}
		p.space()
	}
	if !strings.HasPrefix(p.s, ".") {
		return Quad{}, false, errTerm("a statement does not end")
	}
	p.s = p.s[1:]
	p.space()
	if p.s != "" && p.s[0] != '#' {
		return Quad{}, false, errTerm("something follows a statement")
	}
	return q, true, q.check()
}

func (p *parser) space() { p.s = strings.TrimLeft(p.s, " \t") }

// term reads a term; before the full stop there is none.
func (p *parser) term() (Term, error) {
	switch {
	case strings.HasPrefix(p.s, "<"):
		v, err := p.iri()
		return Term{Kind: IRI, Value: v}, err
	case strings.HasPrefix(p.s, "_:"):
		return p.blank()
	case strings.HasPrefix(p.s, `"`):
		return p.literal()
	case strings.HasPrefix(p.s, "."):
		return Term{}, nil
	default:
		return Term{}, errTerm("not a term")
	}
}

// iri reads an IRI in brackets. Numeric escapes are the only ones in it.
func (p *parser) iri() (string, error) {
	raw, rest, found := strings.Cut(p.s[1:], ">")
	if !found {
		return "", errTerm("an IRI does not end")
	}
	p.s = rest
	v, err := unescape(raw, false)
	if err != nil {
		return "", err
	}
	return v, checkIRI(v)
}

func (p *parser) blank() (Term, error) {
	label := p.s[2:]
	end := strings.IndexFunc(label, func(r rune) bool { return !inLabel(r) })
	if end < 0 {
		end = len(label)
	}
	label = strings.TrimRight(label[:end], ".")
	p.s = p.s[2+len(label):]
	if !isLabel(label) {
		return Term{}, errTerm("not a blank node label")
	}
	return Term{Kind: Blank, Value: label}, nil
}

func (p *parser) literal() (t Term, err error) {
	end := 1
	for end < len(p.s) && p.s[end] != '"' {
		if p.s[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.s) {
		return Term{}, errTerm("a literal does not end")
	}
	t.Kind = Literal
	if t.Value, err = unescape(p.s[1:end], true); err != nil {
		return Term{}, err
	}
	p.s = p.s[end+1:]
	switch {
	case strings.HasPrefix(p.s, "^^<"):
		p.s = p.s[2:]
		t.Datatype, err = p.iri()
	case strings.HasPrefix(p.s, "@"):
		end := strings.IndexAny(p.s, " \t.")
		if end < 0 {
			end = len(p.s)
		}
		if t.Language, p.s = p.s[1:end], p.s[end:]; !isLanguage(t.Language) {
			err = errTerm("not a language tag")
		}
	}
	return t, err
}

// unescape resolves \uXXXX and \UXXXXXXXX, and the escapes of one character if letters is set.
func unescape(s string, letters bool) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	out := make([]byte, 0, len(s))
	for s != "" {
		if s[0] != '\\' {
			out, s = append(out, s[0]), s[1:]
			continue
		}
		if len(s) < 2 {
			return "", errTerm("an escape does not end")
		}
		if k := strings.IndexByte(`tbnrf"'\`, s[1]); letters && k >= 0 {
			out, s = append(out, "\t\b\n\r\f\"'\\"[k]), s[2:]
			continue
		}
		r, n, err := numeric(s)
		if err != nil {
			return "", err
		}
		out, s = utf8.AppendRune(out, r), s[n:]
	}
	return string(out), nil
}

// numeric reads the escape at the front of s and returns how long it is.
func numeric(s string) (r rune, n int, err error) {
	switch s[1] {
	case 'u':
		n = 2 + 4
	case 'U':
		n = 2 + 8
	default:
		return 0, 0, errTerm("an escape that is none")
	}
	if len(s) < n {
		return 0, 0, errTerm("an escape does not end")
	}
	v, err := strconv.ParseUint(s[2:n], 16, 32)
	if err != nil || v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
		return 0, 0, errTerm("an escape of no character")
	}
	return rune(v), n, nil
}

// isLabel is the production BLANK_NODE_LABEL without its "_:".
func isLabel(s string) bool {
	for i, r := range s {
		if !inLabel(r) || i == 0 && (r == '.' || r == '-' || r == 0xb7 || isCombining(r)) {
			return false
		}
	}
	return s != "" && s[len(s)-1] != '.'
}

// inLabel is PN_CHARS of N-Quads and the full stop, which stands inside a label only.
func inLabel(r rune) bool {
	switch {
	case 'a' <= r|0x20 && r|0x20 <= 'z', '0' <= r && r <= '9', r == '_', r == ':', r == '.', r == '-':
		return true
	case r < 0xb7:
		return false
	}
	return r == 0xb7 || isCombining(r) || isNameStart(r)
}

func isCombining(r rune) bool { return 0x300 <= r && r <= 0x36f || r == 0x203f || r == 0x2040 }

// isNameStart is PN_CHARS_BASE beyond ASCII.
func isNameStart(r rune) bool {
	for _, span := range [...][2]rune{
		{0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x2ff}, {0x370, 0x37d}, {0x37f, 0x1fff}, {0x200c, 0x200d},
		{0x2070, 0x218f}, {0x2c00, 0x2fef}, {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
	} {
		if span[0] <= r && r <= span[1] {
			return true
		}
	}
	return false
}
