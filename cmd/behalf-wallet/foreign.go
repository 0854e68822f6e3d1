// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/behalf-id/behalf/wallet"
)

// otherLine is a credential of another kind in one line.
func otherLine(f *wallet.Foreign) string {
	text := fmt.Sprintf("%s  %s", f.ID, strings.Join(f.Types, ", "))
	if !f.Expires.IsZero() {
		text += "  until " + day(f.Expires)
	}
	return text + "  from " + f.Issuer + "  [another kind, no delegation]"
}

// withoutRaw returns copies for a list, in which the credentials themselves would only be in the way.
func withoutRaw(all []*wallet.Foreign) []*wallet.Foreign {
	out := make([]*wallet.Foreign, 0, len(all))
	for _, f := range all {
		one := *f
		one.Raw = ""
		out = append(out, &one)
	}
	return out
}

// showOther shows everything that the wallet knows of a credential of another kind.
func (p *program) showOther(c *cli.Context, f *wallet.Foreign) error {
	lines := []string{
		otherLine(f), "  format " + f.Format, "  verified by " + strings.Join(f.By, ", ") + " when it was imported, " + day(f.Imported),
	}
	if f.Name != "" {
		lines = append(lines, "  it calls itself "+f.Name)
	}
	if !f.Issued.IsZero() {
		lines = append(lines, "  issued "+day(f.Issued))
	}
	return p.Say(c, f, append(lines, "  "+f.Raw)...)
}
