// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/reason"
)

// Mark says how a check went. The zero Mark is Noted.
type Mark uint8

// The marks.
const (
	Noted  Mark = iota // no check: something that was found out
	Held               // the check holds
	Broken             // the check does not hold
)

// String returns noted, held or broken.
func (m Mark) String() string {
	switch m {
	case Held:
		return "held"
	case Broken:
		return "broken"
	}
	return "noted"
}

// Node is one note of an Explanation, with those that belong to it.
type Node struct {
	Rule       string      // number of the rule or section of delegation.md, "" for none
	Link       string      // name of the link that it is about, "" for none
	Permission string      // id of the permission that it is about, "" for none
	Mark       Mark        // how it went
	Reason     reason.Code // why it did not hold, or what a permission answers
	Text       string      // plain English
	Nodes      []Node
}

// Explanation is the reasoning behind a Decision as a tree: every check that was made, in order,
// and the answer. Equal input gives equal explanations. It names restrictions, and credentials and
// permissions by their ids: it is for operators alone, never for a delegate, and not for a log.
type Explanation struct {
	Steps  []Node
	Answer Node
}

// Explain is Decide with the reasoning. It is one evaluation, so that the Decision is the one that
// Decide gives, and it takes a good deal longer: it is for trying out, not for serving.
func Explain(w World, p Presentation, r Request) (Decision, Explanation) {
	t := newTrace()
	d := decide(w, p, r, t)
	return d, Explanation{Steps: t.nodes(), Answer: conclusion(d, t.limits)}
}

// String returns the tree as text, one note a line, each below its own by two spaces.
func (x Explanation) String() string {
	var b strings.Builder
	for _, n := range x.Steps {
		n.write(&b, "")
	}
	x.Answer.write(&b, "")
	return b.String()
}

func (n Node) write(b *strings.Builder, indent string) {
	b.WriteString(indent + n.sign())
	for _, part := range []string{n.Rule, labelled("link ", n.Link), labelled("permission ", n.Permission)} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	if n.Link != "" || n.Permission != "" {
		b.WriteString(":")
	}
	b.WriteString(" " + n.Text + bracketed(string(n.Reason)) + "\n")
	for _, below := range n.Nodes {
		below.write(b, indent+"  ")
	}
}

func (n Node) sign() string {
	switch n.Mark {
	case Held:
		return "✓"
	case Broken:
		return "✗"
	}
	return "·"
}

func labelled(label, s string) string {
	if s == "" {
		return ""
	}
	return label + s
}

func bracketed(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// conclusion is the decision as a note: what it says, what it rests on, and until when it holds.
func conclusion(d Decision, limits []bound) Node {
	n := Node{Link: d.Link, Permission: d.Permission, Mark: Held, Reason: d.Reason, Text: "the answer is " + d.Outcome.String()}
	if d.Outcome == Deny {
		n.Mark = Broken
	}
	say := func(text string) { n.Nodes = append(n.Nodes, Node{Text: text}) }
	if entry, ok := reason.Lookup(d.Reason); ok {
		say(entry.Meaning)
	}
	for _, code := range d.Reasons[1:] {
		n.Nodes = append(n.Nodes, Node{Reason: code, Text: "found as well"})
	}
	if d.RootPermission != "" {
		say("uses are counted by permission " + d.RootPermission + " of the root")
	}
	if len(d.Obligations) > 0 {
		say("obligations" + listed(d.Obligations))
	}
	if len(d.NarrowTo) > 0 {
		say("to be asked for instead" + listed(d.NarrowTo))
	}
	for _, b := range d.Basis {
		say("rests on " + b.text())
	}
	n.Nodes = append(n.Nodes, lasting(d, limits)...)
	return n
}

func (b Basis) text() string {
	switch b.Kind {
	case FrameworkSnapshot:
		return "framework " + b.Name + ", " + b.Age.String() + " old"
	case LinkStatus:
		return "the status of link " + b.Name + ", " + b.Age.String() + " old"
	}
	return "the status of supporting credential " + b.Name + ", " + b.Age.String() + " old"
}

// lasting says until when a decision holds and by which of its limits, earliest first.
func lasting(d Decision, limits []bound) []Node {
	if d.Expires.IsZero() {
		return nil
	}
	limits = slices.Clone(limits)
	slices.SortStableFunc(limits, func(a, b bound) int { return a.at.Compare(b.at) })
	n := Node{Text: "holds until " + instantText(d.Expires)}
	for _, l := range limits {
		n.Nodes = append(n.Nodes, Node{Text: instantText(l.at) + " " + strings.TrimSpace(l.what+" "+l.name)})
	}
	return []Node{n}
}

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
