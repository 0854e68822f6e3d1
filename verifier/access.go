// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"slices"
	"strings"
	"time"

	"github.com/behalf-id/behalf/credential"
	"github.com/behalf-id/behalf/delegation"
	"github.com/behalf-id/behalf/internal/strictjson"
	"github.com/behalf-id/behalf/openid/vp"
	"github.com/behalf-id/behalf/reason"
)

// Access is what a relying service asks about, as it writes it (interface.md, POST /v1/requests).
// The members are those of delegation.md §5.
type Access struct {
	Principal            string             `json:"principal"`
	Resource             string             `json:"resource"`
	Action               string             `json:"action"`
	Purpose              string             `json:"purpose"`
	Controller           string             `json:"controller"`
	Jurisdiction         string             `json:"jurisdiction,omitempty"`
	Categories           []string           `json:"categories,omitzero"` // null: unknown; []: known to have none
	Window               *delegation.Window `json:"record_window,omitempty"`
	Assurance            Level              `json:"assurance,omitempty"`
	Satisfied            []string           `json:"satisfied,omitempty"`
	SupportedObligations []string           `json:"supported_obligations,omitzero"` // null: the usual ones; []: none
}

// Level is a level of assurance: low, substantial or high. The zero Level is that none is named,
// which counts as low; an empty text names one that there is not.
type Level string

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) error {
	if *l = Level(text); !l.known() {
		return errUnknownLevel()
	}
	return nil
}

func (l Level) known() bool { return l == "low" || l == "substantial" || l == "high" }

func errUnknownLevel() error {
	return reason.New(reason.RequestMalformed, "assurance is low, substantial or high")
}

// Bounds of an Access.
const (
	MaxAccessList = 64   // entries in all of its lists together
	MaxAccessText = 2048 // bytes of principal, controller and purpose each
	MaxAccessItem = 256  // bytes of every other text
)

// malformed gives what a closed reader refuses the word of this interface.
func malformed(err error) error {
	if code := reason.Of(err); code == reason.JSONType || code == reason.JSONNumberForm {
		return reason.Wrap(reason.RequestMalformed, "a member is unknown or of the wrong type", err)
	}
	return err
}

// withoutNulls returns the object raw without those of its optional members that are null: they
// count as absent (delegation.md §5).
func withoutNulls(raw []byte) ([]byte, error) {
	members, err := strictjson.CheckMembers(raw, nil)
	if err != nil {
		return nil, err
	}
	said := make(map[string]strictjson.Value, len(members))
	for _, m := range members {
		if name := string(m.Name); string(m.Value) != "null" || !slices.Contains(optional(), name) {
			said[name] = m.Value
		}
	}
	if len(said) == len(members) {
		return raw, nil
	}
	return strictjson.Marshal(said)
}

// optional are the members of a request that may be left out.
func optional() []string {
	return []string{"jurisdiction", "categories", "record_window", "assurance", "satisfied", "supported_obligations", "flow", "redirect_uri"}
}

func (a Access) check() error {
	switch {
	case a.Principal == "" || a.Resource == "" || a.Action == "":
		return reason.New(reason.RequestMalformed, "principal, resource and action are needed")
	case !credential.IsResource(a.Resource) || !credential.IsResource(a.Action): // what people read of both is names, no sentences
		return reason.New(reason.RequestMalformed, "resource or action is not of letters, digits, - and _")
	case a.tooLong():
		return reason.New(reason.RequestMalformed, "a member is too long")
	case a.Purpose == "":
		return reason.New(reason.RequestPurposeMissing, "purpose is needed")
	case a.Controller == "":
		return reason.New(reason.RequestControllerMissing, "controller is needed")
	case a.Assurance != "" && !a.Assurance.known():
		return errUnknownLevel()
	}
	return a.checkWindow()
}

func (a Access) tooLong() bool {
	lists := slices.Concat(a.Categories, a.Satisfied, a.SupportedObligations)
	long := func(s string) bool { return len(s) > MaxAccessItem }
	return len(a.Principal) > MaxAccessText || len(a.Controller) > MaxAccessText || len(a.Purpose) > MaxAccessText ||
		long(a.Action) || long(a.Jurisdiction) || len(lists) > MaxAccessList || slices.ContainsFunc(lists, long)
}

func (a Access) checkWindow() error {
	if w := a.Window; w != nil && *w != (delegation.Window{}) &&
		(!credential.IsDate(w.From) || !credential.IsDate(w.To) || strings.Compare(w.From, w.To) > 0) {
		return reason.New(reason.RequestMalformed, "record_window needs from and to, dates in this order")
	}
	return nil
}

// request returns a as the decision reads it; uses is the number of earlier uses.
func (a Access) request(uses int) delegation.Request {
	r := delegation.Request{
		Principal: a.Principal, Resource: a.Resource, Action: a.Action, Purpose: a.Purpose, Controller: a.Controller,
		Jurisdiction: a.Jurisdiction, Categories: a.Categories, Assurance: string(a.Assurance), Satisfied: a.Satisfied,
		SupportedObligations: a.SupportedObligations, UsesSoFar: uses,
	}
	if a.Window != nil && *a.Window != (delegation.Window{}) {
		r.Window = a.Window
	}
	return r
}

// shown is what the wallet is told of a.
func (a Access) shown() *vp.Access {
	return &vp.Access{Principal: a.Principal, Resource: a.Resource, Action: a.Action, Purpose: a.Purpose, Controller: a.Controller, Jurisdiction: a.Jurisdiction}
}

// Answer is a decision as a relying service reads it.
type Answer struct {
	Outcome     string        `json:"outcome"`
	Reason      reason.Code   `json:"reason"`
	Reasons     []reason.Code `json:"reasons,omitempty"`
	Obligations []string      `json:"obligations"`
	NarrowTo    []string      `json:"narrowTo,omitempty"`
	Expires     time.Time     `json:"expires_at,omitzero"`
	Evaluation  string        `json:"evaluation_id"`
	StatusAge   int64         `json:"status_age_s"` // seconds; of the oldest status relied on
	Flow        Flow          `json:"flow"`         // how the presentation was asked for
}
