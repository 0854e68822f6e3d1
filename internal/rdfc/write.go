// SPDX-License-Identifier: Apache-2.0

package rdfc

import (
	"strings"
	"unicode/utf8"
)

// The datatypes that N-Quads does not write.
const (
	xsdString  = "http://www.w3.org/2001/XMLSchema#string"
	langString = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
)

// AppendQuad appends q to dst in canonical N-Quads, RDFC-1.0 §5, with the line feed at its end.
// Labels of blank nodes are written as they are. It does not look whether q is well formed.
func AppendQuad(dst []byte, q Quad) []byte {
	dst = append(appendTerm(dst, q.S), ' ')
	dst = append(appendTerm(dst, q.P), ' ')
	dst = append(appendTerm(dst, q.O), ' ')
	if q.G.Kind != Default {
		dst = append(appendTerm(dst, q.G), ' ')
	}
	return append(dst, ".\n"...)
}

func appendTerm(dst []byte, t Term) []byte {
	switch t.Kind {
	case IRI:
		dst = append(append(dst, '<'), t.Value...)
		return append(dst, '>')
	case Blank:
		return append(append(dst, "_:"...), t.Value...)
	case Literal:
		return appendLiteral(dst, t)
	default:
		return dst
	}
}

func appendLiteral(dst []byte, t Term) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, t.Value)
	dst = append(dst, '"')
	switch {
	case t.Language != "":
		dst = append(append(dst, '@'), t.Language...)
	case t.Datatype != "" && t.Datatype != xsdString:
		dst = append(append(dst, "^^<"...), t.Datatype...)
		dst = append(dst, '>')
	}
	return dst
}

// appendEscaped writes a lexical form with the escapes that the canonical form prescribes, and
// no others.
func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
			continue
		}
		dst = append(append(dst, s[start:i]...), '\\')
		start = i + 1
		if k := strings.IndexByte("\b\t\n\f\r\"\\", c); k >= 0 {
			dst = append(dst, `btnfr"\`[k])
		} else {
			dst = append(dst, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[start:]...)
}

// check refuses a quad with a term that cannot stand where it stands, or that could be read as
// something else once it is written.
func (q *Quad) check() error {
	switch {
	case q.S.Kind != IRI && q.S.Kind != Blank:
		return errTerm("a subject is neither IRI nor blank node")
	case q.P.Kind != IRI:
		return errTerm("a predicate is no IRI")
	case q.O.Kind != IRI && q.O.Kind != Blank && q.O.Kind != Literal:
		return errTerm("an object is missing")
	case q.G.Kind == Literal || q.G.Kind > Literal:
		return errTerm("a graph's name is a literal")
	}
	for _, t := range [...]*Term{&q.S, &q.P, &q.O, &q.G} {
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

func (t *Term) check() error {
	switch t.Kind {
	case IRI:
		return checkIRI(t.Value)
	case Blank:
		if !isLabel(t.Value) {
			return errTerm("not a blank node label")
		}
	case Literal:
		if !utf8.ValidString(t.Value) {
			return errTerm("a literal is not UTF-8")
		}
		if t.Language != "" {
			if !isLanguage(t.Language) {
				return errTerm("not a language tag")
			}
		} else if t.Datatype == langString {
			return errTerm("a language-tagged string without language")
		} else if t.Datatype != "" {
			return checkIRI(t.Datatype)
		}
	}
	return nil
}

// checkIRI refuses what the production IRIREF does not allow between its brackets.
func checkIRI(s string) error {
	if s == "" {
		return errTerm("an IRI is empty")
	}
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c <= 0x20, c == '<', c == '>', c == '"', c == '{', c == '}', c == '|', c == '^', c == '`', c == '\\':
			return errTerm("an IRI has a character that none can have")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	if !ascii && !utf8.ValidString(s) {
		return errTerm("an IRI is not UTF-8")
	}
	return nil
}

// isLanguage is the production LANGTAG without its "@".
func isLanguage(s string) bool {
	first := true
	length := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', !first && '0' <= c && c <= '9':
			length++
		case c == '-' && length > 0:
			first, length = false, 0
		default:
			return false
		}
	}
	return length > 0
}
