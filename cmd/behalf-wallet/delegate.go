// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/did"
	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) delegateCommand() *cli.Command {
	return &cli.Command{
		Name: "delegate", Usage: "pass a part of a credential on to somebody else", ArgsUsage: "ID",
		Description: "Writes a file for them to take with: behalf-wallet accept FILE. It is of use to nobody else.\n\n" +
			"Example:\n" +
			"   behalf-wallet delegate k7 --to did:key:zDn… --permission appointments:view,book --until 2027-01-31T00:00:00Z --out june.behalf",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "`DID` of who may act, as their behalf-wallet did shows it"},
			&cli.StringSliceFlag{Name: "permission", Usage: "what they may do, as `RESOURCE:ACTION[,ACTION]`; may be repeated"},
			&cli.StringFlag{Name: "until", Usage: "`TIME` of its end, such as 2027-01-31 or 2027-01-31T12:00:00Z; left out, that of your own"},
			&cli.StringFlag{Name: "out", Usage: "`FILE` to write; left out, standard output"},
		},
		Action: func(c *cli.Context) error {
			id, err := command.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			proposal, err := proposalOf(c)
			if err != nil {
				return err
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.delegate(c, w, id, proposal) })
		},
	}
}

func proposalOf(c *cli.Context) (wallet.Proposal, error) {
	var w wallet.Proposal
	var err error
	if w.To, err = did.Parse(c.String("to")); err != nil {
		return w, command.Usage("delegate needs --to DID, as their behalf-wallet did shows it")
	}
	if len(c.StringSlice("permission")) == 0 {
		return w, command.Usage("delegate needs --permission RESOURCE:ACTION[,ACTION]")
	}
	for _, text := range c.StringSlice("permission") {
		one, err := wallet.ParsePermitted(text)
		if err != nil {
			return w, command.Usage("%s", command.Explain(err))
		}
		w.Permissions = append(w.Permissions, one)
	}
	if text := c.String("until"); text != "" {
		if w.Until, err = moment(text); err != nil {
			return w, command.Usage("--until is a day or an instant, such as 2027-01-31 or 2027-01-31T12:00:00Z")
		}
	}
	if out := c.String("out"); out != "" {
		if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
			return w, command.Usage("%s is there already; choose another --out", out)
		}
	}
	return w, nil
}

// moment reads an instant, or a day, which begins at midnight UTC.
func moment(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UTC().Truncate(time.Second), err
}

func (p *program) delegate(c *cli.Context, w *wallet.Wallet, id string, proposal wallet.Proposal) error {
	e, err := w.Find(c.Context, id)
	if err != nil {
		return err
	}
	if p.person.there() && !c.Bool("yes") {
		lines := []string{"Of: " + line(e), "To: " + proposal.To.String()}
		for _, one := range proposal.Permissions {
			lines = append(lines, "May: "+one.String())
		}
		if err := p.Show(lines...); err != nil {
			return err
		}
	}
	if err := p.agree(c, "Pass this on?"); err != nil {
		return err
	}
	file, record, err := w.Delegate(c.Context, e, proposal)
	if err != nil {
		return err
	}
	return p.handOver(c, file, record)
}

// passedOn is what delegate says with --json.
type passedOn struct {
	PassedOn *wallet.PassedOn `json:"passed_on"`
	Out      string           `json:"out,omitempty"`
	Package  *wallet.Package  `json:"package,omitempty"` // without --out
}

// handOver writes the file to --out, or to standard output.
func (p *program) handOver(c *cli.Context, file []byte, record *wallet.PassedOn) error {
	out := c.String("out")
	if out != "" {
		if err := create(out, file); err != nil {
			return fmt.Errorf("%s could not be written; take the delegation back with: behalf-wallet revoke %s (%w)", out, record.ID, err)
		}
		return p.Say(c, passedOn{PassedOn: record, Out: out}, "Passed on: "+passedLine(record),
			"Give them "+out+"; they take it with: behalf-wallet accept FILE", "You can take it back with: behalf-wallet revoke "+record.ID)
	}
	if !c.Bool("json") {
		_, err := fmt.Fprintf(p.Out, "%s\n", file)
		return errors.Join(err, p.Show("Passed on: "+passedLine(record)))
	}
	made, err := wallet.ParsePackage(file)
	if err != nil {
		return err
	}
	return p.Say(c, passedOn{PassedOn: record, Package: made})
}

// create writes a file that is not there yet, for its owner alone, and makes it durable.
func create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func (p *program) acceptCommand() *cli.Command {
	return &cli.Command{
		Name: "accept", Usage: "take a delegation that somebody passed on to you", ArgsUsage: "FILE",
		Action: func(c *cli.Context) error {
			path, err := command.OneArgument(c, "FILE")
			if err != nil {
				return err
			}
			file, err := readFile(path, wallet.MaxPackage)
			if err != nil {
				return err
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error {
				e, err := w.Accept(c.Context, file)
				if err != nil {
					return err
				}
				return p.Say(c, map[string]any{"accepted": e}, "Accepted:", "  "+line(e))
			})
		},
	}
}

func (p *program) revokeCommand() *cli.Command {
	return &cli.Command{
		Name: "revoke", Aliases: []string{"take-back"}, Usage: "take back what you passed on, and all below it", ArgsUsage: "ID",
		Description: "IDs are those of: behalf-wallet list --passed-on",
		Action: func(c *cli.Context) error {
			id, err := command.OneArgument(c, "ID")
			if err != nil {
				return err
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error {
				if err := p.agree(c, "Take "+id+" back for good?"); err != nil {
					return err
				}
				r, err := w.TakeBack(c.Context, id)
				if err != nil {
					return err
				}
				return p.Say(c, map[string]any{"taken_back": r}, "Taken back: "+passedLine(r))
			})
		},
	}
}
