// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/wallet"
)

// day writes an instant as a date in its own zone, UTC.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// line is a credential in one line.
func line(e *wallet.Entry) string {
	from := e.Issuer
	switch c := e.Credential(); e.Type {
	case credential.TypeWorkgroupMembership:
		return fmt.Sprintf("%s  you are a member of %s  until %s  from %s", e.ID, c.Workgroup, day(e.ValidUntil), from)
	case credential.TypeIdentityBinding:
		return fmt.Sprintf("%s  who %s is  until %s  from %s", e.ID, c.Delegate.ID, day(e.ValidUntil), from)
	}
	if e.From != "" {
		from += ", passed on by " + e.From
	}
	var can []string
	for _, a := range e.Allows {
		can = append(can, a.Resource+":"+strings.Join(a.Actions, ","))
	}
	return fmt.Sprintf("%s  %s  until %s  for %s  from %s", e.ID, strings.Join(can, " "), day(e.ValidUntil), e.Person(), from)
}

// factLines writes facts below one another, with those of links above set apart.
func factLines(facts []wallet.Fact) []string {
	width := 0
	for _, f := range facts {
		width = max(width, len(f.Name))
	}
	var out []string
	above := 0
	for _, f := range facts {
		if f.Above != above {
			above = f.Above
			title := "  and of the link above that one:"
			switch {
			case above == 1:
				title = "  and of the link above it:"
			case above < 0:
				title = "  and of the credential that goes along with it:"
			}
			out = append(out, title)
		}
		out = append(out, fmt.Sprintf("    %-*s  %s", width, f.Name, f.Value))
	}
	return out
}
