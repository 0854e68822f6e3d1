// SPDX-License-Identifier: Apache-2.0

// Package reason names every refusal once: a stable code, what it means and who may see it.
package reason

import (
	"errors"
	"sort"
	"strings"
)

// Code is the stable name of a reason, such as "status.revoked". The zero Code names no reason.
type Code string

// Audience says who may see a code. An audience that is not listed gets the coarse
// problem class and the evaluation id instead.
type Audience uint8

// The three audiences. An operator sees every code; so does the audit log.
const (
	Delegate Audience = 1 << iota
	Service
	Operator
)

// Entry is what is known of one code.
type Entry struct {
	Code     Code
	Problem  string   // RFC 9457 type without its base, such as "replay"; empty where the code never crosses HTTP
	Status   int      // HTTP status that goes with Problem; 0 where the code never crosses HTTP
	Visible  Audience // who may see the code itself
	ShownAs  Code     // the code that everybody else is shown in its place, if any
	Decision bool     // whether delegation.Decide can give it
	Meaning  string   // one sentence for an operator
}

// Lookup returns the entry of code c, and whether there is one.
func Lookup(c Code) (Entry, bool) {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].Code >= c })
	if i == len(entries) || entries[i].Code != c {
		return Entry{}, false
	}
	return entries[i], true
}

// All returns every entry, sorted by code.
func All() []Entry { return append([]Entry(nil), entries[:]...) }

// For returns the code that audience a is shown in place of c: c itself where a may see it,
// else its ShownAs, else "" (a is told the problem class alone).
func (c Code) For(a Audience) Code {
	e, ok := Lookup(c)
	switch {
	case !ok:
		return ""
	case e.Visible&a != 0:
		return c
	default:
		return e.ShownAs
	}
}

// Error is a refusal. Detail may be shown to an operator and never holds a claim, a token,
// a key or an identifier of a person; Err is only logged.
type Error struct {
	Code   Code
	Detail string
	Err    error
}

// New returns a refusal with the given code and detail.
func New(c Code, detail string) error { return &Error{Code: c, Detail: detail} }

// Wrap returns a refusal with the given code whose cause is err.
func Wrap(c Code, detail string, err error) error { return &Error{Code: c, Detail: detail, Err: err} }

// Error returns the code, the detail and the cause, as a log line wants them.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error with the same code, so that
// errors.Is(err, &Error{Code: c}) asks for a code anywhere in a chain.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Of returns the code of the outermost refusal in err's chain. An error without one
// is InternalIndeterminate: what cannot be named is never taken for success. Of(nil) is "".
func Of(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return InternalIndeterminate
}
