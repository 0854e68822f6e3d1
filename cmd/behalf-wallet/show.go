// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) showCommand() *cli.Command {
	return &cli.Command{
		Name: "show", Usage: "tell in plain words what one credential allows; needs no network", ArgsUsage: "ID",
		Description: "The beginning of an id is enough.\n\n" +
			"Examples:\n   behalf-wallet show k7ab3f\n   behalf-wallet show k7ab3f --facts\n   behalf-wallet show k7ab3f --out-dir ./paper",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "facts", Usage: "list everything that it says, with what only machines need"},
			&cli.BoolFlag{Name: "raw", Usage: "write it as it is secured, one link a line, the last one yours: whoever reads that reads all of it"},
			&cli.StringFlag{Name: "out-dir", Usage: "write it as it is secured to a file in `FOLDER`, named by the number that the credential gives itself"},
		},
		Action: func(c *cli.Context) error {
			id, err := command.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			if c.Bool("raw") && (c.Bool("facts") || c.Bool("json")) {
				return command.Usage("--raw goes with neither --facts nor --json")
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.show(c, w, id) })
		},
	}
}

// shown is what show says with --json.
type shown struct {
	*wallet.Entry
	Says  []string      `json:"says"`
	Facts []wallet.Fact `json:"facts"`
	Out   string        `json:"out,omitempty"`
}

func (p *program) show(c *cli.Context, w *wallet.Wallet, id string) error {
	e, f, err := w.FindAny(c.Context, id)
	switch {
	case err != nil:
		return err
	case f != nil:
		return p.showOther(c, f)
	case c.Bool("raw"):
		_, err := io.WriteString(p.Out, strings.Join(e.Secured(), "\n")+"\n")
		return err
	}
	out := shown{Entry: e, Says: e.Says(language(c)), Facts: e.Facts()}
	if folder := c.String("out-dir"); folder != "" {
		if out.Out, err = writeOut(folder, e.Credential().ID, strings.Join(e.Secured(), "\n")+"\n"); err != nil {
			return err
		}
		return p.Say(c, out, "Written to "+out.Out+". Whoever reads it reads all that the credential says.")
	}
	known, _ := w.LastKnown(c.Context) // no more than a reminder
	g := e.Glance(p.Now(), soon, known[e.ID], language(c))
	lines := append([]string{}, out.Says...)
	for _, mark := range g.Marks {
		lines = append(lines, "! "+mark)
	}
	if c.Bool("facts") {
		lines = append(lines, "", "Everything that it says:", "  format "+e.Format)
		lines = append(lines, factLines(out.Facts)...)
	}
	return p.Say(c, out, lines...)
}

// maxName is the number of bytes of a file name that is taken from content.
const maxName = 100

// writeOut writes a new file in a folder, named by what a credential calls itself. A name that could lead
// elsewhere is cli.path; whatever the folder holds, nothing outside it is written.
func writeOut(folder, id, content string) (string, error) {
	name, err := fileName(id)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", command.Usage("%s is no folder that can be written to", folder)
	}
	defer func() { _ = root.Close() }()
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", command.Usage("%s is in %s already", name, folder)
	}
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(f, content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, root.Remove(name))
	}
	return folder + string(os.PathSeparator) + name, nil
}

// fileName makes a file name of the number of a credential.
func fileName(id string) (string, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(id, "urn:"), "uuid:")
	plain := strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
	if name == "" || len(name) > maxName || !plain || strings.HasPrefix(name, "-") {
		return "", reason.New(reason.CLIPath, "the credential calls itself what is no file name; write it with --raw to a file that you name")
	}
	return name + ".credential", nil
}
