// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completionCommand writes a script by which a shell completes commands and options.
func (p *Program) completionCommand(app *cli.App) *cli.Command {
	return &cli.Command{
		Name: "completion", Usage: "write a script that lets a shell complete commands and options", ArgsUsage: "bash|zsh|fish",
		Description: fmt.Sprintf("Examples:\n"+
			"   source <(%[1]s completion bash)\n"+
			"   %[1]s completion zsh > ~/.zfunc/_%[1]s\n"+
			"   %[1]s completion fish > ~/.config/fish/completions/%[1]s.fish", p.Name),
		Action: func(c *cli.Context) error {
			shell, err := OneArgument(c, "bash, zsh or fish")
			if err != nil {
				return err
			}
			script := Completion(shell, p.Name, app)
			if script == "" {
				return Usage("completion is for bash, zsh or fish")
			}
			_, err = p.Out.Write([]byte(script))
			return err
		},
	}
}

// choice is a word that a shell may complete, and what it stands for.
type choice struct{ word, means string }

// place is a command, by its words, with what may follow them.
type place struct {
	path  string // words of the command, "" for the program
	words []choice
}

// Completion returns a script for a shell: "bash", "zsh" or "fish"; "" for another. The script completes commands
// and options out of what app defines, files for all else, and runs nothing: it knows no id of anybody's.
func Completion(shell, name string, app *cli.App) string {
	places := placesOf("", app.Commands, app.Flags, nil)
	switch shell {
	case "bash":
		return bash(name, places)
	case "zsh":
		return zsh(name, places)
	case "fish":
		return fish(name, places)
	}
	return ""
}

func placesOf(path string, commands []*cli.Command, flags []cli.Flag, more []choice) []place {
	here := place{path: path}
	var below []place
	own := append(optionsOf(flags), more...)
	for _, c := range listed(commands) {
		for _, n := range c.Names() {
			here.words = append(here.words, choice{n, c.Usage})
			global := more
			if path == "" {
				global = optionsOf(flags)
			}
			below = append(below, placesOf(strings.TrimSpace(path+" "+n), c.Subcommands, c.Flags, global)...)
		}
	}
	here.words = append(here.words, own...)
	return append([]place{here}, below...)
}

func optionsOf(flags []cli.Flag) (out []choice) {
	for _, f := range flags {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		usage, _ := described(d)
		for _, n := range f.Names() {
			if len(n) > 1 {
				out = append(out, choice{dashed(n), usage})
			}
		}
	}
	return out
}

// bash goes through the words that are there, keeps those that lead to a command, and offers what
// may follow.
func bash(name string, places []place) string {
	fn := "_" + strings.ReplaceAll(name, "-", "_")
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completion for %s\n%s() {\n  local cur=${COMP_WORDS[COMP_CWORD]} at= word words\n", name, fn)
	b.WriteString("  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"${at:+$at }$word\" in\n")
	fmt.Fprintf(&b, "      %s) at=${at:+$at }$word ;;\n    esac\n  done\n  case \"$at\" in\n", patterns(places))
	for _, p := range places {
		fmt.Fprintf(&b, "    %s) words=%s ;;\n", quoted(p.path), quoted(strings.Join(wordsOf(p), " ")))
	}
	fmt.Fprintf(&b, "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F %s %s\n", fn, name)
	return b.String()
}

func zsh(name string, places []place) string {
	fn := "_" + name
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n%s() {\n  local at= word\n  local -a words_here\n", name, fn)
	b.WriteString("  for word in \"${(@)words[2,CURRENT-1]}\"; do\n    case \"${at:+$at }$word\" in\n")
	fmt.Fprintf(&b, "      %s) at=${at:+$at }$word ;;\n    esac\n  done\n  case \"$at\" in\n", patterns(places))
	for _, p := range places {
		fmt.Fprintf(&b, "    %s) words_here=(", quoted(p.path))
		for _, w := range p.words {
			b.WriteString(" " + quoted(strings.ReplaceAll(w.word, ":", `\:`)+":"+w.means))
		}
		b.WriteString(" ) ;;\n")
	}
	fmt.Fprintf(&b, "  esac\n  _describe -o %s words_here || _files\n}\ncompdef %s %s\n", quoted(name), fn, name)
	return b.String()
}

func fish(name string, places []place) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s\n", name)
	for _, p := range places {
		when := "__fish_use_subcommand"
		if p.path != "" {
			var seen []string
			for word := range strings.FieldsSeq(p.path) {
				seen = append(seen, "__fish_seen_subcommand_from "+word)
			}
			when = strings.Join(seen, "; and ")
		}
		for _, w := range p.words {
			form := "-a " + quoted(w.word)
			if long, ok := strings.CutPrefix(w.word, "--"); ok {
				form = "-l " + quoted(long)
			} else {
				form = "-f " + form
			}
			fmt.Fprintf(&b, "complete -c %s -n %s %s -d %s\n", name, quoted(when), form, quoted(w.means))
		}
	}
	return b.String()
}

func wordsOf(p place) (out []string) {
	for _, w := range p.words {
		out = append(out, w.word)
	}
	return slices.Compact(out)
}

// patterns are the words of all commands, for a case of a shell.
func patterns(places []place) string {
	var out []string
	for _, p := range places {
		if p.path != "" {
			out = append(out, quoted(p.path))
		}
	}
	return strings.Join(out, "|")
}

// quoted writes s as one word of a POSIX shell; fish reads it alike.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
