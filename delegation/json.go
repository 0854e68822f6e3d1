// SPDX-License-Identifier: Apache-2.0

package delegation

import (
	"time"

	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/reason"
)

// decisionForm is a Decision in JSON. Ages are whole seconds, instants are of UTC, and what is empty
// is left out, but for outcome, reason and the two lists that every decision has.
type decisionForm struct {
	Outcome        string        `json:"outcome"`
	Reason         reason.Code   `json:"reason"`
	Reasons        []reason.Code `json:"reasons"`
	Obligations    []string      `json:"obligations"`
	NarrowTo       []string      `json:"narrowTo,omitempty"`
	Permission     string        `json:"permission,omitempty"`
	RootPermission string        `json:"rootPermission,omitempty"`
	Link           string        `json:"link,omitempty"`
	Expires        time.Time     `json:"expires,omitzero"`
	StatusAge      int64         `json:"statusAgeSeconds"`
	Basis          []basisForm   `json:"basis,omitempty"`
	NotBefore      time.Time     `json:"notBefore,omitzero"`
	NotAfter       time.Time     `json:"notAfter,omitzero"`
}

type basisForm struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Age  int64  `json:"ageSeconds"`
}

type nodeForm struct {
	Rule       string      `json:"rule,omitempty"`
	Link       string      `json:"link,omitempty"`
	Permission string      `json:"permission,omitempty"`
	Mark       string      `json:"mark"`
	Reason     reason.Code `json:"reason,omitempty"`
	Text       string      `json:"text"`
	Nodes      []Node      `json:"nodes,omitempty"`
}

type explanationForm struct {
	Steps  []Node `json:"steps"`
	Answer Node   `json:"answer"`
}

// MarshalJSON writes the whole decision, for operators and tests: equal decisions have equal bytes.
// It is no form for a delegate, who is given a View.
func (d Decision) MarshalJSON() ([]byte, error) {
	f := decisionForm{
		Outcome: d.Outcome.String(), Reason: d.Reason, Reasons: d.Reasons,
		Obligations: d.Obligations, NarrowTo: d.NarrowTo,
		Permission: d.Permission, RootPermission: d.RootPermission, Link: d.Link,
		Expires: d.Expires.UTC(), StatusAge: wholeSeconds(d.StatusAge),
		NotBefore: d.NotBefore.UTC(), NotAfter: d.NotAfter.UTC(),
	}
	for _, b := range d.Basis {
		f.Basis = append(f.Basis, basisForm{b.Kind.String(), b.Name, wholeSeconds(b.Age)})
	}
	return strictjson.Marshal(f)
}

// MarshalJSON writes the tree. Equal explanations have equal bytes.
func (x Explanation) MarshalJSON() ([]byte, error) {
	return strictjson.Marshal(explanationForm(x))
}

// MarshalJSON writes n and what is below it; what is empty is left out.
func (n Node) MarshalJSON() ([]byte, error) {
	return strictjson.Marshal(nodeForm{n.Rule, n.Link, n.Permission, n.Mark.String(), n.Reason, n.Text, n.Nodes})
}

func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }
