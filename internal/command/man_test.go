// SPDX-License-Identifier: Apache-2.0

package command

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"
)

// TestManualPage has every kind of thing on a page, with text that a formatter could mistake for its own.
func TestManualPage(t *testing.T) {
	app := &cli.App{
		Usage: "try", Description: "First…\n\nExample:\n   prog do --reason R\n.not a request",
		Flags: []cli.Flag{&cli.StringFlag{Name: "dir", Usage: "`FOLDER` of it", EnvVars: []string{"PROG_DIR"}}, &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "agree"}},
		Commands: []*cli.Command{
			{Name: "do", Aliases: []string{"make"}, Usage: "do it", ArgsUsage: "ID", Description: `a \ "b"`, Flags: []cli.Flag{&cli.IntFlag{Name: "count"}, &cli.StringFlag{Name: "d2", EnvVars: []string{"PROG_DIR"}}}},
			{Name: "keys", Usage: "see keys", Subcommands: []*cli.Command{{Name: "list", Usage: "list them"}}},
			{Name: "secret", Hidden: true},
		},
	}
	m := Manual{Environment: []Note{{"HOME", "where"}}, Files: []Note{{"~/x", "'quoted'"}}, SeeAlso: []string{"a(1)", "b(7)"}}
	want := `.TH "PROG" "1" "" "Behalf" "Behalf manual"
.SH "NAME"
prog \- try
.SH "SYNOPSIS"
prog [options] command [options] [arguments]
.SH "DESCRIPTION"
First\&...
.PP
Example:
.PP
.RS 4
.nf
prog do \-\-reason R
.fi
.RE
\&.not a request
.SH "OPTIONS"
.TP
\fB\-\-dir\fR \fIFOLDER\fR
FOLDER of it
.TP
\fB\-\-yes\fR, \fB\-y\fR
agree
.SH "COMMANDS"
.SS "do"
\fBprog do\fR [options] ID
.PP
Do it.
.PP
Also called: make.
.PP
a \e "b"
.TP
\fB\-\-count\fR \fIVALUE\fR
As its name says.
.TP
\fB\-\-d2\fR \fIVALUE\fR
As its name says.
.SS "keys"
See keys.
.SS "keys list"
\fBprog keys list\fR
.PP
List them.
.SH "EXIT STATUS"
.TP
\fB0\fR
It is done, or allowed.
.TP
\fB1\fR
It was refused, denied or failed; one line on the error output says why.
.TP
\fB2\fR
The command was called wrongly; nothing was done.
.SH "ENVIRONMENT"
.TP
\fBPROG_DIR\fR
as \-\-dir
.TP
\fBPROG_DIR\fR
as \-\-d2
.TP
\fBHOME\fR
where
.SH "FILES"
.TP
\fB~/x\fR
\&'quoted'
.SH "SEE ALSO"
a(1), b(7)
`
	got := string(ManualPage("prog", app, m))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, check := range [][]string{{"groff", "-ww", "-b", "-z", "-man"}, {"mandoc", "-T", "lint", "-W", "error"}} {
		format, err := exec.LookPath(check[0])
		if err != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), format, check[1:]...)
		cmd.Stdin = strings.NewReader(got)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v: %s", check[0], err, out)
		}
	}
}

func TestManCommand(t *testing.T) {
	got := run(t, nothing, "man")
	if got.Code != Done || !strings.HasPrefix(got.Out, `.TH "PROG" "1"`) || !strings.Contains(got.Out, `.SS "keys rotate"`) || strings.Contains(got.Out, `.SS "help"`) || got.Err != "" {
		t.Errorf("%+v", got)
	}
}

// TestManualPageASCII lets no character into a page that a formatter would read as several others.
func TestManualPageASCII(t *testing.T) {
	page := ManualPage("prog", &cli.App{Usage: "✓ it holds, ✗ it does not; a → b – c’s · d…"}, Manual{})
	if i := strings.IndexFunc(string(page), func(r rune) bool { return r > 0x7e }); i >= 0 {
		t.Errorf("%q", page[i:])
	}
}
