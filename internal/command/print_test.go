// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// Names as an attacker would write them (JSN-15): bidirectional override, zero-width space, escape
// sequence, line end, a C1 control, a tag character.
const hostile = "Lark\u202ehill\u200b\x1b[2J\r\n\u009b\U000e0041"

const shown = `Lark\u202ehill\u200b\u001b[2J\u000d\u000a\u009b\udb40\udc41`

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		hostile: shown,
		"plain text, Größe, 診療所, →, ·": "plain text, Größe, 診療所, →, ·",
		"":                     "",
		"\ufeffa\u2066b\u2069": `\ufeffa\u2066b\u2069`,
		"\u00a0":               `\u00a0`,
		"\xff":                 "\ufffd",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add(hostile)
	f.Add("\xff\xfe\x00")
	f.Fuzz(func(t *testing.T, s string) {
		got := Printable(s)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q became %q", s, got)
		}
	})
}

// FuzzJSON: what is written on a line of JSON acts on no terminal and reads back as it was.
func FuzzJSON(f *testing.F) {
	f.Add("plain")
	f.Add(hostile)
	f.Add("\"\\/\u2028\x7f")
	f.Fuzz(func(t *testing.T, s string) {
		var out bytes.Buffer
		p := &Program{Out: &out}
		if p.JSON(map[string]string{"a": s}) != nil {
			if utf8.ValidString(s) {
				t.Fatalf("%q was not written", s)
			}
			return
		}
		line := strings.TrimSuffix(out.String(), "\n")
		var back map[string]string
		if err := strictjson.Unmarshal([]byte(line), &back); err != nil || back["a"] != s || Printable(line) != line {
			t.Fatalf("%q became %q, %v", s, line, err)
		}
	})
}

// TestSay shows what leaves a command in words and as JSON. Words that were escaped are said to be.
func TestSay(t *testing.T) {
	say := func(p *Program, c *cli.Context) error {
		return p.Say(c, map[string]string{"name": hostile}, "He is "+hostile, "second line")
	}
	warned := "prog: Text from outside holds control, bidirectional or zero-width characters and was escaped for display. (" + string(reason.DisplayUnsafeText) + ")\n"
	if diff := cmp.Diff(told{Done, "He is " + shown + "\nsecond line\n", warned}, run(t, say, "do")); diff != "" {
		t.Error(diff)
	}
	got := run(t, say, "do", "--json")
	if diff := cmp.Diff(told{Done, `{"name":"Lark\u202ehill\u200b\u001b[2J\r\n\u009b\udb40\udc41"}` + "\n", ""}, got); diff != "" {
		t.Error(diff)
	}
	var back map[string]string
	if err := strictjson.Unmarshal([]byte(got.Out), &back); err != nil || back["name"] != hostile {
		t.Errorf("%q, %v", back, err)
	}
}

func TestDocument(t *testing.T) {
	lines, err := Document(map[string][]string{"names": {hostile, "b"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"{", `  "names": [`, `    ` + `"Lark` + "\u202ehill\u200b" + `\u001b[2J\r\n` + "\u009b\U000e0041" + `",`, `    "b"`, "  ]", "}"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if _, err := Document(func() {}); err == nil {
		t.Error("a function was written")
	}
}

func TestShowAndComplain(t *testing.T) {
	got := run(t, func(p *Program, _ *cli.Context) error {
		p.Complain("one\ntwo")
		return errors.Join(p.Show("to a person", "in lines"), reason.New(reason.FetchTLS, hostile))
	}, "do")
	lines := strings.Split(got.Err, "\n")
	want := []string{"prog: one; two", "to a person", "in lines", "prog: " + strings.Replace(shown, `\u000a`, "; ", 1) + " (fetch.tls)"}
	if diff := cmp.Diff(want, lines[:len(want)]); diff != "" || !strings.Contains(lines[len(want)], string(reason.DisplayUnsafeText)) {
		t.Errorf("%s %q", diff, lines)
	}
}

// broken is an output that takes nothing, such as a closed pipe.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("closed") }

// TestBrokenOutput: what could not be printed was not done (CLI-04).
func TestBrokenOutput(t *testing.T) {
	for _, args := range [][]string{{"prog", "do"}, {"prog", "do", "--json"}, {"prog", "--version"}, {"prog", "help"}, {"prog"}, {"prog", "do", "--help"}, {"prog", "man"}, {"prog", "completion", "fish"}} {
		p := &Program{Name: "prog", Out: broken{}, Err: broken{}}
		app := &cli.App{Commands: []*cli.Command{{Name: "do", Flags: []cli.Flag{JSONFlag()}, Action: func(c *cli.Context) error { return p.Say(c, "v", "line") }}}}
		if code := p.Run(t.Context(), app, args); code != Refused {
			t.Errorf("%q ended with %d", args, code)
		}
	}
	p := &Program{Out: &bytes.Buffer{}}
	if err := p.JSON(func() {}); err == nil {
		t.Error("a function was written as JSON")
	}
	p.Err = broken{}
	p.Logger(slog.LevelInfo).Info("goes nowhere")
}

// TestLogger covers AUD-01: a log line is one line of JSON, and acts on no terminal.
func TestLogger(t *testing.T) {
	var log bytes.Buffer
	p := &Program{Err: &log}
	p.Logger(slog.LevelWarn).Info("too fine")
	p.Logger(slog.LevelWarn).Warn("refused", "agent", hostile)
	line, rest, _ := strings.Cut(log.String(), "\n")
	var entry struct {
		Msg   string `json:"msg"`
		Agent string `json:"agent"`
	}
	if err := strictjson.Unmarshal([]byte(line), &entry); err != nil || entry.Agent != hostile || entry.Msg != "refused" || rest != "" || Printable(line) != line {
		t.Errorf("%q, %v", log.String(), err)
	}
}
