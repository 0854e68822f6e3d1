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
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

func (p *program) delegateCommand() *cli.Command {
	return &cli.Command{
		Name: "delegate", Usage: "pass a part of a credential on to somebody else", ArgsUsage: "ID",
		Description: "Shows what you hold beside what you pass on and who can take it back, asks, signs, and writes a file for them to take with: " +
			"behalf-wallet accept FILE. It is of use to nobody else. Only what you hold can be passed on, with all its conditions; what goes beyond is refused, " +
			"never cut to fit. The issuer of the credential keeps the status of what you pass on: where it cannot be reached nothing is signed, as services refuse a " +
			"delegation without status; try again later. An agent gets a day at most, passes nothing on, needs --operated-by and a number of uses, " +
			"and a person's approval for anything above routine.\n\n" +
			"Example:\n" +
			"   behalf-wallet delegate k7 --to did:key:zDn… --permission appointments:view,book --until 2027-01-31T00:00:00Z --out june.behalf",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "to", Usage: "`DID` of who may act, as their behalf-wallet did shows it"},
			&cli.StringSliceFlag{Name: "permission", Usage: "what they may do, as `RESOURCE:ACTION[,ACTION]`; may be repeated; left out in a terminal, you choose"},
			&cli.StringFlag{Name: "until", Usage: "`TIME` of its end, such as 2027-01-31 or 2027-01-31T12:00:00Z; left out, 30 days (an agent: 1 day), or the end of your own if that is sooner"},
			&cli.StringFlag{Name: "from-date", Usage: "no records before `DAY`"},
			&cli.StringFlag{Name: "to-date", Usage: "no records after `DAY`"},
			&cli.StringSliceFlag{Name: "exclude", Usage: "no records of `CATEGORY`; may be repeated"},
			&cli.StringSliceFlag{Name: "require", Usage: "only on `CONDITION`: confirm, human-approval, step-up:high, notify:principal, …; may be repeated"},
			&cli.IntFlag{Name: "max-uses", Usage: "at most `N` uses, those of everybody with the same permission counted together"},
			&cli.IntFlag{Name: "max-depth", Usage: "they may pass it on in turn, `N` links deep"},
			&cli.StringFlag{Name: "kind", Usage: "`KIND` of who may act: person or agent", Value: wallet.KindPerson},
			&cli.StringFlag{Name: "operated-by", Usage: "`DID` of who answers for an agent"},
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
			if len(proposal.Permissions) > 0 && !c.Bool("yes") && !p.person.there() {
				return command.Usage("nobody can be asked whether to pass this on: run in a terminal, or give --yes")
			}
			return p.wallet(c, wire.ConnectedWallet, func(w *wallet.Wallet) error { return p.delegate(c, w, id, proposal) })
		},
	}
}

func proposalOf(c *cli.Context) (wallet.Proposal, error) {
	w := wallet.Proposal{Kind: c.String("kind"), MaxDepth: c.Int("max-depth"), Narrow: wallet.Narrowing{
		DateFrom: c.String("from-date"), DateTo: c.String("to-date"),
		Exclude: c.StringSlice("exclude"), Require: c.StringSlice("require"), MaxUses: c.Int("max-uses"),
	}}
	var err error
	if w.To, err = did.Parse(c.String("to")); err != nil {
		return w, command.Usage("delegate needs --to DID, as their behalf-wallet did shows it")
	}
	if text := c.String("operated-by"); text != "" {
		if w.OperatedBy, err = did.Parse(text); err != nil {
			return w, command.Usage("--operated-by is the DID of who answers for the agent")
		}
	}
	switch {
	case w.Kind != wallet.KindPerson && w.Kind != wallet.KindAgent:
		return w, command.Usage("--kind is person or agent")
	case c.IsSet("max-uses") && w.Narrow.MaxUses < 1, w.MaxDepth < 0:
		return w, command.Usage("--max-uses is from 1, --max-depth from 0")
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
	if err := p.complete(c, e, &proposal); err != nil {
		return err
	}
	d, err := w.Propose(c.Context, e, proposal)
	if err != nil {
		return p.refusedProposal(err)
	}
	if err := p.agreeTo(c, termLines(d.Terms), "Pass this on?"); err != nil {
		return err
	}
	file, record, err := d.Sign(c.Context)
	if err != nil {
		return err
	}
	return p.handOver(c, passedOn{Terms: d.Terms, PassedOn: record}, file)
}

// refusedProposal shows which permissions would be possible where the wish goes beyond what is held, and makes wrong
// usage of what contradicts itself.
func (p *program) refusedProposal(err error) error {
	if beyond, ok := errors.AsType[*wallet.Beyond](err); ok {
		lines := []string{"This could be passed on:"}
		for _, one := range beyond.Possible {
			lines = append(lines, "  --permission "+one.String())
		}
		return errors.Join(p.Show(lines...), err)
	}
	if refusal, ok := errors.AsType[*reason.Error](err); ok && refusal.Code == reason.CLIArgs {
		return command.Usage("%s", refusal.Detail)
	}
	return err
}

// passedOn is what delegate says with --json.
type passedOn struct {
	Terms    wallet.Terms     `json:"terms"`
	PassedOn *wallet.PassedOn `json:"passed_on"`
	Out      string           `json:"out,omitempty"`
	Package  *wallet.Package  `json:"package,omitempty"` // without --out
}

// handOver writes the file to --out, or to standard output.
func (p *program) handOver(c *cli.Context, said passedOn, file []byte) error {
	record := said.PassedOn
	if said.Out = c.String("out"); said.Out != "" {
		if err := create(said.Out, file); err != nil {
			return fmt.Errorf("%s could not be written; take the delegation back with: behalf-wallet revoke %s (%w)", said.Out, record.ID, err)
		}
		return p.Say(c, said, "Passed on: "+passedLine(record),
			"Give them "+said.Out+"; they take it with: behalf-wallet accept FILE", "You can take it back with: behalf-wallet revoke "+record.ID)
	}
	if !c.Bool("json") {
		_, err := fmt.Fprintf(p.Out, "%s\n", file)
		return errors.Join(err, p.Show("Passed on: "+passedLine(record)))
	}
	var err error
	if said.Package, err = wallet.ParsePackage(file); err != nil {
		return err
	}
	return p.Say(c, said)
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
		Description: "What services would refuse is not taken. A file may also hold what supports delegations: that you are a member of a workgroup, a link of " +
			"your workgroup, or who the person is that you act for.",
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
