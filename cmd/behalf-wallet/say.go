// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/wallet"
)

// say writes v as one JSON object if --json is given, else the lines. Neither can act on a terminal.
func (p *program) say(c *cli.Context, v any, lines ...string) error {
	if c.Bool("json") {
		return writeJSON(p.Out, v)
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(p.Out, command.Printable(line)); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes v on one line, with every character that could act on a terminal escaped.
func writeJSON(w io.Writer, v any) error {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range string(raw) {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	_, err = fmt.Fprintln(w, b.String())
	return err
}

// day writes an instant as a date in its own zone, UTC.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// line is a credential in one line.
func line(e *wallet.Entry) string {
	from := e.Issuer
	if e.From != "" {
		from += ", passed on by " + e.From
	}
	var can []string
	for _, a := range e.Allows {
		can = append(can, a.Resource+":"+strings.Join(a.Actions, ","))
	}
	return fmt.Sprintf("%s  %s  until %s  for %s  from %s", e.ID, strings.Join(can, " "), day(e.ValidUntil), who(e), from)
}

// who names the person that is acted for, by number where the wallet knows one.
func who(e *wallet.Entry) string {
	if e.Identifier != nil {
		return e.Identifier.Value
	}
	return e.OnBehalfOf
}

// factLines writes facts below one another, with those of links above set apart.
func factLines(facts []wallet.Fact) []string {
	width := 0
	for _, f := range facts {
		width = max(width, len(f.Name))
	}
	var out []string
	above := 0
	for _, f := range facts {
		if f.Above != above {
			above = f.Above
			out = append(out, map[bool]string{true: "  and of the link above it:", false: "  and of the link above that one:"}[above == 1])
		}
		out = append(out, fmt.Sprintf("    %-*s  %s", width, f.Name, f.Value))
	}
	return out
}
