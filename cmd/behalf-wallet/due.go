// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/internal/command"
	"github.com/behalf-id/behalf/internal/wire"
	"github.com/behalf-id/behalf/wallet"
)

// maxDays is how far due looks ahead at most.
const maxDays = 3660

func (p *program) dueCommand() *cli.Command {
	return &cli.Command{
		Name: "due", Usage: "say what ends, has to be reviewed, changes or can be collected soon; needs no network; ends with 1 if there is something", ArgsUsage: " ",
		Description: "Let it run once a day, and you hear of it in time.\n\n" +
			"Example, for a crontab:\n   0 8 * * *  behalf-wallet due --passphrase-file ~/.wallet-passphrase || true",
		Flags: []cli.Flag{&cli.StringFlag{Name: "within", Usage: "how far to look ahead, in `DAYS`, such as 30d", Value: "30d"}},
		Action: func(c *cli.Context) error {
			if err := command.NoArguments(c); err != nil {
				return err
			}
			within, err := days(c.String("within"))
			if err != nil {
				return err
			}
			return p.wallet(c, wire.Wallet, func(w *wallet.Wallet) error { return p.due(c, w, within) })
		},
	}
}

// days reads a number of days, such as 30d.
func days(text string) (time.Duration, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || n < 0 || n > maxDays {
		return 0, command.Usage("--within is a number of days, such as 30d")
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

func (p *program) due(c *cli.Context, w *wallet.Wallet, within time.Duration) error {
	all, err := w.Due(c.Context, within)
	if err != nil {
		return err
	}
	lines := make([]string, 0, len(all))
	for _, d := range all {
		text := d.ID + "  " + d.Says(language(c))
		if d.What == wallet.DueCollection {
			text += "  behalf-wallet collect " + d.ID
		}
		lines = append(lines, text)
	}
	if len(all) == 0 {
		lines = append(lines, "Nothing is due.")
	}
	if err := p.Say(c, map[string]any{"due": append([]wallet.Due{}, all...)}, lines...); err != nil {
		return err
	}
	if len(all) > 0 {
		return command.Quiet()
	}
	return nil
}
