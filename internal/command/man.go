// SPDX-License-Identifier: Apache-2.0

package command

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Note is a name with what there is to know of it: a variable, a file, an exit code.
type Note struct{ Name, Text string }

// Manual is what the manual page of a program says beside what its commands and options say already.
type Manual struct {
	Environment []Note // variables, beside those that an option names
	Files       []Note
	SeeAlso     []string // other pages, such as "behalf-issuer(1)"
}

// ManualPage returns the manual page of app, which is called name, in the language of man(7). It is the same
// for the same definitions: it holds no date, version or path of a machine.
func ManualPage(name string, app *cli.App, m Manual) []byte {
	r := &roff{}
	r.macro("TH", strings.ToUpper(name), "1", "", "Behalf", "Behalf manual")
	r.macro("SH", "NAME")
	r.text(name + " - " + app.Usage)
	r.macro("SH", "SYNOPSIS")
	r.text(name + " [options] command [options] [arguments]")
	r.macro("SH", "DESCRIPTION")
	r.text(app.Description)
	r.macro("SH", "OPTIONS")
	r.flags(app.Flags)
	r.macro("SH", "COMMANDS")
	r.commands(name, "", app.Commands)
	r.macro("SH", "EXIT STATUS")
	r.notes([]Note{
		{"0", "It is done, or allowed."}, {"1", "It was refused, denied or failed; one line on the error output says why."},
		{"2", "The command was called wrongly; nothing was done."},
	})
	if all := append(environment(app), m.Environment...); len(all) > 0 {
		r.macro("SH", "ENVIRONMENT")
		r.notes(all)
	}
	if len(m.Files) > 0 {
		r.macro("SH", "FILES")
		r.notes(m.Files)
	}
	if len(m.SeeAlso) > 0 {
		r.macro("SH", "SEE ALSO")
		r.text(strings.Join(m.SeeAlso, ", "))
	}
	return []byte(r.b.String())
}

// environment returns the variables that options name.
func environment(app *cli.App) []Note {
	var out []Note
	add := func(flags []cli.Flag) {
		for _, f := range flags {
			d, ok := f.(cli.DocGenerationFlag)
			if !ok {
				continue
			}
			for _, v := range d.GetEnvVars() {
				if n := (Note{v, "as --" + f.Names()[0]}); !slices.Contains(out, n) {
					out = append(out, n)
				}
			}
		}
	}
	add(app.Flags)
	var walk func(commands []*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range listed(commands) {
			add(c.Flags)
			walk(c.Subcommands)
		}
	}
	walk(app.Commands)
	return out
}

// listed returns the commands that are documented: the library's own help is in every list, even in its own.
func listed(commands []*cli.Command) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *cli.Command) bool { return c.Hidden || c.Name == "help" })
}

// roff is a page as it is written.
type roff struct{ b strings.Builder }

// macro writes a request with its arguments in quotes.
func (r *roff) macro(name string, args ...string) {
	r.b.WriteString("." + name)
	for _, a := range args {
		r.b.WriteString(` "` + strings.ReplaceAll(escaped(a), `"`, `\(dq`) + `"`)
	}
	r.b.WriteString("\n")
}

// text writes paragraphs; indented lines stand as they are, as examples.
func (r *roff) text(s string) {
	example := false
	for line := range strings.Lines(strings.TrimSpace(s)) {
		line = strings.TrimRight(line, "\n ")
		indented := strings.HasPrefix(line, "   ")
		switch {
		case indented && !example:
			r.b.WriteString(".PP\n.RS 4\n.nf\n")
		case !indented && example:
			r.b.WriteString(".fi\n.RE\n")
		}
		example = indented
		switch {
		case line == "":
			r.b.WriteString(".PP\n")
		default:
			r.b.WriteString(guarded(escaped(strings.TrimSpace(line))) + "\n")
		}
	}
	if example {
		r.b.WriteString(".fi\n.RE\n")
	}
}

func (r *roff) notes(all []Note) {
	for _, n := range all {
		r.b.WriteString(".TP\n\\fB" + escaped(n.Name) + "\\fR\n" + guarded(escaped(n.Text)) + "\n")
	}
}

// commands writes each command with its options, and then those below it.
func (r *roff) commands(program, above string, all []*cli.Command) {
	for _, c := range listed(all) {
		full := strings.TrimSpace(above + " " + c.Name)
		r.macro("SS", full)
		if len(c.Subcommands) == 0 {
			r.b.WriteString(strings.TrimRight("\\fB"+escaped(program+" "+full)+"\\fR "+escaped(synopsis(c)), " ") + "\n.PP\n")
		}
		r.text(sentence(c.Usage))
		if len(c.Aliases) > 0 {
			r.b.WriteString(".PP\n")
			r.text("Also called: " + strings.Join(c.Aliases, ", ") + ".")
		}
		if c.Description != "" {
			r.b.WriteString(".PP\n")
			r.text(c.Description)
		}
		r.flags(c.Flags)
		r.commands(program, full, c.Subcommands)
	}
}

// synopsis is what stands after the name of a command.
func synopsis(c *cli.Command) string {
	var out []string
	if len(c.Flags) > 0 {
		out = append(out, "[options]")
	}
	if args := strings.TrimSpace(c.ArgsUsage); args != "" {
		out = append(out, args)
	}
	return strings.Join(out, " ")
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// flags writes options with what they take.
func (r *roff) flags(all []cli.Flag) {
	for _, f := range all {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok || f.Names()[0] == "help" || f.Names()[0] == "version" {
			continue
		}
		usage, value := described(d)
		var names []string
		for _, n := range f.Names() {
			names = append(names, "\\fB"+escaped(dashed(n))+"\\fR")
		}
		head := strings.Join(names, ", ")
		if value != "" {
			head += " \\fI" + escaped(value) + "\\fR"
		}
		r.b.WriteString(".TP\n" + head + "\n" + guarded(escaped(cmp.Or(usage, "As its name says."))) + "\n")
	}
}

// described returns what an option is for, and what it takes, which its text names in backquotes.
func described(d cli.DocGenerationFlag) (usage, value string) {
	usage = d.GetUsage()
	if before, rest, ok := strings.Cut(usage, "`"); ok {
		if name, after, ok := strings.Cut(rest, "`"); ok {
			return before + name + after, name
		}
	}
	if d.TakesValue() {
		return usage, "VALUE"
	}
	return usage, ""
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// escaped writes what roff would act on as what it means, and characters that not every terminal
// of a manual can show by their names.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", `\&...`, "→", `\(->`, "–", `\(en`, "’", `\(cq`, "·", `\(bu`,
		"✓", `\[u2713]`, "✗", `\[u2717]`).Replace(s)
}

// guarded keeps a line that begins with a dot or a quote from being a request.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// manCommand writes the manual page of the program that it belongs to.
func (p *Program) manCommand(app *cli.App) *cli.Command {
	return &cli.Command{
		Name: "man", Usage: "write the manual page of this program to standard output", ArgsUsage: " ",
		Description: fmt.Sprintf("Example:\n   %s man > ~/.local/share/man/man1/%s.1", p.Name, p.Name),
		Action: func(c *cli.Context) error {
			if err := NoArguments(c); err != nil {
				return err
			}
			_, err := p.Out.Write(ManualPage(p.Name, app, p.Manual))
			return err
		},
	}
}
