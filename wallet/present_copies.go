// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/behalf-id/behalf/reason"
)

// Copies of one delegation have different keys, salts and status entries, so that two services that
// compare what they were shown do not see that it was one person (attack WAL-08). Each service gets a copy
// of its own, and the same one whenever it asks.

// maxShownTo is the number of services that are remembered for one copy: with more it is nobody's own.
const maxShownTo = 64

// uncopied keeps of all fits that are copies of one delegation for one query the one that is fit to be
// shown to the service: the one that it has seen, else one that nobody has, else the one that fewest have.
func (r *request) uncopied(fits []fit) []fit {
	type group struct{ of, query string }
	at := map[group]int{}
	var out []fit
	for _, f := range fits {
		f.copies = []*Entry{f.entry}
		g := group{f.entry.held.Group, f.query.ID}
		i, known := at[g]
		if g.of == "" || !known {
			at[g] = len(out)
			out = append(out, f)
			continue
		}
		copies := append(out[i].copies, f.entry)
		if r.fitter(f.entry.held, out[i].entry.held) {
			out[i] = f
		}
		out[i].copies = copies
	}
	return out
}

// fitter reports whether copy a is fitter to be shown than b.
func (r *request) fitter(a, b *held) bool {
	if seen := slices.Contains(a.ShownTo, r.verifier.ID); seen != slices.Contains(b.ShownTo, r.verifier.ID) {
		return seen
	}
	return len(a.ShownTo) < len(b.ShownTo)
}

// copied reports whether a is another copy than b of the same credential, and the fitter to be shown.
func (r *request) copied(a, b *held) bool {
	return a.Group != "" && a.Group == b.Group && r.fitter(a, b)
}

// warnings says that a copy that other services have seen would be shown to the one called id, because
// there is no fresh one.
func (e *Entry) warnings(id string) []Warning {
	shown := e.held.ShownTo
	if e.held.Group == "" || len(shown) == 0 || slices.Contains(shown, id) && len(shown) == 1 {
		return nil
	}
	return []Warning{{Issuer: e.Issuer, Reason: reason.PrivacyReuse,
		Text: "other services have seen this copy, and could find out that you are the same person; collect new copies from the issuer"}}
}

// mark remembers, durably, that the service is about to see the copies in an answer. Where that cannot be
// kept, they are not shown; nor where another service has seen a copy since the person was asked, who was not
// warned of it (privacy.reuse), or where it was removed since (object.unknown).
func (p *Prepared) mark() error {
	for _, a := range p.ours() {
		if err := p.markOne(a.entry.held); err != nil {
			return err
		}
	}
	return nil
}

func (p *Prepared) markOne(h *held) error {
	id, v := p.request.verifier.ID, p.w.cfg.Vault
	if h.Group == "" {
		return nil
	}
	now, err := readItem[held](v, heldMark+h.ID+itemEnd)
	if errors.Is(err, fs.ErrNotExist) {
		return reason.Wrap(reason.ObjectUnknown, "the credential was removed meanwhile", err)
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(now.ShownTo, func(other string) bool { return other != id && !slices.Contains(h.ShownTo, other) }) {
		return reason.New(reason.PrivacyReuse, "another service has seen this copy meanwhile; ask for a new request, and another copy is shown")
	}
	if slices.Contains(now.ShownTo, id) || len(now.ShownTo) >= maxShownTo {
		return nil
	}
	now.ShownTo = append(now.ShownTo, id)
	if err := v.write(heldMark+h.ID+itemEnd, now); err != nil {
		return err
	}
	h.ShownTo = now.ShownTo
	return nil
}
