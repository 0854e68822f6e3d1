// SPDX-License-Identifier: Apache-2.0

package jsonld

import (
	"math"
	"strconv"
	"strings"

	"github.com/behalf-id/behalf/internal/rdfc"
	"github.com/behalf-id/behalf/internal/strictjson"
)

// jsonLiteral is the literal of a value whose type is @json: its canonical form by RFC 8785.
func jsonLiteral(raw []byte) (rdfc.Term, error) {
	canonical, err := strictjson.Canonical(raw)
	if err != nil {
		return rdfc.Term{}, err
	}
	return rdfc.Term{Kind: rdfc.Literal, Value: string(canonical), Datatype: rdfJSON}, nil
}

// stringLiteral is the literal of a string with the datatype, or the language and base direction,
// that it has; the empty string is none. A direction is kept in an i18n datatype.
func stringLiteral(s, datatype, language, direction string) (rdfc.Term, error) {
	t := rdfc.Term{Kind: rdfc.Literal, Value: s}
	switch {
	case datatype != "":
		return typed(t, datatype)
	case language != "" && !isLanguage(language):
		return t, lost("not a language tag")
	case direction != "":
		if direction != "ltr" && direction != "rtl" {
			return t, lost("not a base direction")
		}
		t.Datatype = i18nNS + strings.ToLower(language) + "_" + direction
	default:
		t.Language = strings.ToLower(language)
	}
	return t, nil
}

// typed gives t its datatype, which must be an IRI.
func typed(t rdfc.Term, datatype string) (rdfc.Term, error) {
	if !isAbsolute(datatype) || strings.HasPrefix(datatype, "_:") || datatype == rdfNS+"langString" {
		return t, notAbsolute("a datatype")
	}
	t.Datatype = datatype
	return t, nil
}

func boolLiteral(v bool, datatype string) (rdfc.Term, error) {
	if datatype == "" {
		datatype = xsdBoolean
	}
	return typed(rdfc.Term{Kind: rdfc.Literal, Value: strconv.FormatBool(v)}, datatype)
}

// numberLiteral is the literal of a number, JSON-LD 1.1 API §8.2.2: an integer unless it has a
// fraction, is 10^21 or more, or is to be a double.
func numberLiteral(v float64, datatype string) (rdfc.Term, error) {
	double := v != math.Trunc(v) || math.Abs(v) >= 1e21 || datatype == xsdDouble
	t := rdfc.Term{Kind: rdfc.Literal}
	switch {
	case double && datatype == "":
		datatype = xsdDouble
	case datatype == "":
		datatype = xsdInteger
	}
	if double {
		t.Value = canonicalDouble(v)
	} else {
		t.Value = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return typed(t, datatype)
}

// canonicalDouble is the canonical form of xsd:double that JSON-LD asks for: printf's %1.15E
// without trailing zeros of the mantissa, plus sign and leading zeros of the exponent.
func canonicalDouble(v float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'E', 15, 64), "E")
	mantissa = strings.TrimRight(mantissa, "0")
	if strings.HasSuffix(mantissa, ".") {
		mantissa += "0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	exponent = strings.TrimLeft(exponent, "+-0")
	if exponent == "" {
		sign, exponent = "", "0"
	}
	return mantissa + "E" + sign + exponent
}

// isLanguage is the form that N-Quads can write, RFC 5646 in outline.
func isLanguage(s string) bool {
	letters, length := true, 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', !letters && '0' <= c && c <= '9':
			length++
		case c == '-' && length > 0:
			letters, length = false, 0
		default:
			return false
		}
	}
	return length > 0
}

// isAbsolute reports whether s is an absolute IRI, or a blank node identifier: a scheme of RFC 3986,
// and no character that an IRI cannot have.
func isAbsolute(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon < 1 {
		return false
	}
	if s[:colon] != "_" && !isScheme(s[:colon]) {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c <= 0x20, c == '<', c == '>', c == '"', c == '{', c == '}', c == '|', c == '^', c == '`', c == '\\', c == 0x7f:
			return false
		}
	}
	return true
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}
