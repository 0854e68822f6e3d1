// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/reason"
	"github.com/behalf-id/behalf/wallet"
)

// soon is how long before its day something is marked in lists.
const soon = 30 * 24 * time.Hour

// leastID is the number of characters of an id that lists show at least.
const leastID = 6

func (p *program) listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list for whom you may act, until when and for what; needs no network", ArgsUsage: " ",
		Description: "One line after ! says what to look at: that something ends or has to be reviewed within 30 days, or that it was suspended or revoked " +
			"when status was last asked. A number in brackets counts one-time copies. Ids are cut short: the beginning of an id is enough for every command.\n\n" +
			"Example:\n   behalf-wallet list --language cy",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "passed-on", Usage: "list what you passed on to others instead"}},
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error {
				if c.Bool("passed-on") {
					return p.listPassedOn(c, w)
				}
				return p.list(c, w)
			})
		},
	}
}

// damaged is a file that cannot be read, in JSON.
type damaged struct {
	File   string      `json:"file"`
	Reason reason.Code `json:"reason"`
}

// spoilt names the files that cannot be read, and ends the command with 1 if there are any: what
// can be read was shown.
func (p *program) spoilt(files []wallet.Damaged) ([]damaged, error) {
	var out []damaged
	for _, d := range files {
		p.Complain(d.File + " is damaged; restore it from a backup, or remove it (" + string(reason.Of(d.Err)) + ")")
		out = append(out, damaged{d.File, reason.Of(d.Err)})
	}
	if len(out) > 0 {
		return out, command.Quiet()
	}
	return nil, nil
}

// listed is what list says with --json.
type listed struct {
	Credentials []*wallet.Entry            `json:"credentials"`
	Others      []*wallet.Foreign          `json:"others,omitempty"`
	Pending     []*wallet.Pending          `json:"pending,omitempty"`
	LastKnown   map[string]wallet.Standing `json:"last_known,omitempty"` // by id
	Warnings    []wallet.Warning           `json:"warnings,omitempty"`
	Damaged     []damaged                  `json:"damaged,omitempty"`
}

func (p *program) list(c *cli.Context, w *wallet.Wallet) error {
	all, bad, err := w.List(c.Context)
	if err != nil {
		return err
	}
	others, more, err := w.Foreign(c.Context)
	if err != nil {
		return err
	}
	waiting, err := w.Pending(c.Context)
	if err != nil {
		return err
	}
	known, err := w.LastKnown(c.Context)
	if err != nil {
		known = nil // no more than a reminder: status asks anew
	}
	out := listed{Credentials: all, Others: withoutRaw(others), Pending: waiting, LastKnown: known, Warnings: wallet.Warnings(all)}
	for _, w := range out.Warnings {
		p.Complain(w.Issuer + ": " + w.Text + " (" + string(w.Reason) + ")")
	}
	files, end := p.spoilt(append(bad, more...))
	out.Damaged = files
	if err := p.Say(c, out, p.glances(c, out)...); err != nil {
		return err
	}
	return end
}

// glances tells what is held, by the person who is acted for. One-time copies of one delegation are told once.
func (p *program) glances(c *cli.Context, l listed) []string {
	var lines []string
	short, copies := shortIDs(l), copiesOf(l.Credentials)
	seen := map[string]bool{}
	glance := func(e *wallet.Entry) wallet.Glance { return e.Glance(p.Now(), soon, l.LastKnown[e.ID], language(c)) }
	for _, first := range l.Credentials {
		head := glance(first).Head
		if seen[head] {
			continue
		}
		seen[head] = true
		lines = append(lines, head)
		for _, e := range l.Credentials {
			g := glance(e)
			if g.Head != head || e.Group != "" && copies[e.Group] == 0 {
				continue
			}
			if n := copies[e.Group]; e.Group != "" {
				g.Holds, copies[e.Group] = fmt.Sprintf("%s [%d]", g.Holds, n), 0
			}
			lines = append(lines, glanceLines(short[e.ID], g)...)
		}
	}
	for _, f := range l.Others {
		lines = append(lines, otherLine(f))
	}
	for _, w := range l.Pending {
		lines = append(lines, pendingLine(w))
	}
	if len(lines) == 0 {
		lines = append(lines, "The wallet is empty. An issuer gives you an offer; collect it with: behalf-wallet receive OFFER_URI")
	}
	return lines
}

// copiesOf counts the one-time copies of each delegation.
func copiesOf(all []*wallet.Entry) map[string]int {
	out := map[string]int{}
	for _, e := range all {
		if e.Group != "" {
			out[e.Group]++
		}
	}
	return out
}

func glanceLines(id string, g wallet.Glance) []string {
	lines := []string{"  " + id + "  " + g.Holds}
	indent := strings.Repeat(" ", len(id)+4)
	for _, text := range g.May {
		lines = append(lines, indent+text)
	}
	for _, text := range g.Marks {
		lines = append(lines, indent+"! "+text)
	}
	return lines
}

// shortIDs returns the beginnings of ids that tell all that is listed apart.
func shortIDs(l listed) map[string]string {
	ids := make([]string, 0, len(l.Credentials)+len(l.Others))
	for _, e := range l.Credentials {
		ids = append(ids, e.ID)
	}
	for _, f := range l.Others {
		ids = append(ids, f.ID)
	}
	length := leastID
	for seen := map[string]bool{}; ; length++ {
		clear(seen)
		for _, id := range ids {
			seen[id[:min(length, len(id))]] = true
		}
		if len(seen) == len(ids) || length > 64 {
			break
		}
	}
	out := make(map[string]string, len(ids))
	for _, id := range ids {
		out[id] = id[:min(length, len(id))]
	}
	return out
}

func (p *program) listPassedOn(c *cli.Context, w *wallet.Wallet) error {
	all, bad, err := w.PassedOn(c.Context)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(all))
	for _, r := range all {
		lines = append(lines, passedLine(r))
	}
	if len(all) == 0 {
		lines = append(lines, "You have passed nothing on.")
	}
	files, end := p.spoilt(bad)
	out := struct {
		PassedOn []*wallet.PassedOn `json:"passed_on"`
		Damaged  []damaged          `json:"damaged,omitempty"`
	}{all, files}
	if err := p.Say(c, out, lines...); err != nil {
		return err
	}
	return end
}

func passedLine(r *wallet.PassedOn) string {
	var can []string
	for _, a := range r.Allows {
		can = append(can, a.Resource+":"+strings.Join(a.Actions, ","))
	}
	id := r.ID
	if id == "" { // passed on by somebody else
		id = r.Credential
	}
	text := fmt.Sprintf("%s  %s  until %s  to %s", id, strings.Join(can, " "), day(r.Until), r.To)
	if !r.TakenBack.IsZero() {
		text += "  [taken back " + day(r.TakenBack) + "]"
	}
	return text
}
