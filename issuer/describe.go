// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"context"
	"slices"

	"github.com/behalf-id/behalf/internal/vocabulary"
)

// maxAtOnce bounds the delegations that one person allows a wallet to collect at once: as many as a
// page can show.
const maxAtOnce = 40

// maxLine bounds one line of the question for consent, in bytes.
const maxLine = 500

// describe returns a line for each delegation of these credential identifiers, in these words: what it
// lets its holder do, and until when.
func (i *Issuer) describe(ctx context.Context, identifiers []string, words *vocabulary.Words) ([]string, error) {
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
		out = append(out, d.line(words))
	}
	return out, nil
}

// line says in one line what d lets its holder do, or how much of it has no room.
func (d *Delegation) line(words *vocabulary.Words) string {
	return words.Several(d.Request.Grant.allows(words), maxLine) + " – " + words.Until(d.Request.Grant.ValidUntil)
}

// allows says in a line for each permission what is granted: "view and book appointments". It names
// nobody: who sees an offer's page has not proved who they are.
func (g *Grant) allows(words *vocabulary.Words) []string {
	var out []string
	for _, p := range g.Delegation.Permission {
		out = append(out, words.Act(p.Resource, p.Action...))
	}
	return out
}
