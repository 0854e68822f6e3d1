// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Printable returns s with everything that could act on a terminal or hide there written as \uXXXX:
// control, bidirectional, zero-width and all other characters without a shape. Bytes that are not
// UTF-8 become U+FFFD.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, string(unicode.ReplacementChar))
	if !strings.ContainsFunc(s, shapeless) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !shapeless(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func shapeless(r rune) bool { return !unicode.IsPrint(r) }

// Say writes v as one JSON object if --json is given, else the lines, printable.
func (p *Program) Say(c *cli.Context, v any, lines ...string) error {
	if c.Bool("json") {
		return p.JSON(v)
	}
	return p.print(p.Out, lines)
}

// JSON writes v as one JSON object on a line. Characters that could act on a terminal are escaped as
// JSON has it, so that its value is the same.
func (p *Program) JSON(v any) error {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.Out, Printable(string(raw)))
	return err
}

// Document returns the lines of v as indented JSON, for Say.
func Document(v any) ([]string, error) {
	raw, err := strictjson.Marshal(v)
	if err != nil {
		return nil, err
	}
	text := jsontext.Value(raw)
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	return strings.Split(string(text), "\n"), nil
}

// Show writes lines, printable, to the error output: what a person is told beside the result.
func (p *Program) Show(lines ...string) error { return p.print(p.Err, lines) }

// Complain writes one line to the error output, under the program's name.
func (p *Program) Complain(line string) {
	_ = p.print(p.Err, []string{p.Name + ": " + strings.ReplaceAll(line, "\n", "; ")})
}

func (p *Program) print(to io.Writer, lines []string) error {
	for _, line := range lines {
		safe := Printable(line)
		p.escaped = p.escaped || safe != line
		if _, err := fmt.Fprintln(to, safe); err != nil {
			return err
		}
	}
	return nil
}

// warn says, at the end, that something printed was not what it was given.
func (p *Program) warn() {
	if p.escaped {
		p.Complain(Explain(reason.New(reason.DisplayUnsafeText, "")))
	}
}

// Logger returns a log on the error output, of JSON lines that cannot act on a terminal, with
// what is at least as grave as level.
func (p *Program) Logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(lineWriter{p.Err}, &slog.HandlerOptions{Level: level}))
}

// lineWriter writes lines of JSON, printable. Each write is one line: slog's handlers promise that.
type lineWriter struct{ to io.Writer }

func (w lineWriter) Write(line []byte) (int, error) {
	text, end := strings.CutSuffix(string(line), "\n")
	text = Printable(text)
	if end {
		text += "\n"
	}
	if _, err := io.WriteString(w.to, text); err != nil {
		return 0, err
	}
	return len(line), nil
}
