// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"
	"strings"
)

// maxAtOnce bounds the delegations that one person allows a wallet to collect at once: as many as a
// page can show.
const maxAtOnce = 40

// maxLine bounds one line of the question for consent, in bytes.
const maxLine = 500

// describe returns a line for each delegation of these credential identifiers: what it lets its holder
// do, and until when.
func (i *Issuer) describe(ctx context.Context, identifiers []string) ([]string, error) {
	var out, seen []string
	for _, id := range identifiers {
		name, _, _ := splitIdentifier(id)
		if slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		d, err := i.Delegation(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, d.line())
	}
	return out, nil
}

// line says in one line what d lets its holder do.
func (d *Delegation) line() string {
	out := strings.Join(d.Request.Grant.allows(), "; ")
	if len(out) > maxLine {
		out = strings.ToValidUTF8(out[:maxLine], "") + " …"
	}
	return out + " – until " + d.Request.Grant.ValidUntil.UTC().Format("2 January 2006")
}
